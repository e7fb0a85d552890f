"""The families: the parameters and the metrics that are one family's own."""

from dataclasses import replace

from contendlib.schema_columns import Column, Family, count, newer, ns, pct, share, word

# In more than one family, where a name means the same in each.
_READ_PCT = count("p_read_pct", "share of operations that read; empty where nothing reads",
                  high=100, unit="%")
_HOLD = ns("p_hold_ns", "work done inside the critical section; of section_outside, before it; of "
           "aside and stampede, to load a value")
_THINK = ns("p_think_ns", "work done between two operations")
_SAMPLE_EVERY = count("p_sample_every", "0 or empty: throughput window; 2^k: latency window, one "
                      "operation in 2^k timed", unit="operations", power_of_two=True)
_KEYS = count("p_keys", "different keys; of a cache's, one in ten is never in it", low=10)
_RATE = count("p_rate_per_s", "operations a second: grants that a limiter allows in the long run; "
              "values to be sent, whatever becomes of them", low=1, unit="1/s")
_BATCH = count("p_batch", "jobs that one call hands over or tells a wait group of, objects that are "
               "taken from a pool before the first goes back, or items of a batch at most", low=1)
_COMPUTE = count("p_compute_us", "computing in each job, in each stage for each item, or for each batch",
                 unit="us")
_WIDTH = count("p_width", "contexts side by side: below the one that is cancelled, a waiter at the end "
               "of each; in a wide stage, or in each stage of a pipeline", low=1)
_DEPTH = count("p_depth", "contexts one below the other in each of them; stages of a pipeline", low=1)
_CAPACITY = count("p_capacity", "values that the channel holds, or each before a stage, and the window "
                  "of a reorder buffer; 0: each send waits for a receiver; entries that a cache holds "
                  "at most, empty: no bound")
_TIMERS = count("p_timers", "others that wait with a deadline meanwhile, or timers that run", low=1)

FAMILIES = {f.name: f for f in (
    Family("counter", (
        _READ_PCT,
        _HOLD, _THINK, _SAMPLE_EVERY,
    ), (
        pct("lost_pct", "updates that vanished; only a lossy contestant may have any",
            better="lower"),
    )),
    Family("lock", (
        _READ_PCT,
        _HOLD, _THINK, _SAMPLE_EVERY,
    ), (
        pct("handover_pct", "share of the lock operations that found another thread as the last "
            "owner"),
        ns("handover_p50_ns", "from one owner's leaving to the next one's running, where that is "
           "another: median", better="lower"),
        ns("handover_p99_ns", "99th percentile of that", better="lower"),
        ns("handover_p999_ns", "99.9th percentile of that", better="lower"),
        ns("handover_max_ns", "the longest", better="lower"),
        ns("handover_clock_ns", "cost of one clock read; inside every hand-over", above=True),
    )),
    Family("sync", (
        _READ_PCT,
        _HOLD, _SAMPLE_EVERY,
        _BATCH,
        count("p_calls", "calls that tell a wait group of them: 1, or one each", low=1),
        count("p_permits", "permits of the semaphore", low=1),
        count("p_bytes", "size of a pool's object", low=1, unit="byte"),
        _KEYS,
    )),
    Family("task", (
        count("p_spawned", "tasks started before their end is waited for", low=1),
        count("p_across", "1: the partner is a thread on another CPU; 0: it stands on its worker's, "
              "a task where the runtime puts it", high=1, unit=""),
        count("p_carrier_idle_us", "how long the other carriers had nothing to do", unit="us"),
        count("p_tasks", "tasks or threads that wait at the same time", low=1),
        _TIMERS,
    ), (
        Column("bytes_per_task", "number", "byte", "growth of the resident set while all wait / "
               "p_tasks; kernel memory is not in it", better="lower"),
        ns("spawn_ns_per_task", "time to start p_tasks and see them all run / p_tasks",
           better="lower"),
        ns("wake_ns_per_task", "time to wake and join them / p_tasks", better="lower"),
        pct("stolen_pct", "wakes that another carrier took up; the rest waited for the waker's",
            better="higher"),
    )),
    Family("channel", (
        _CAPACITY,
        count("p_producers", "workers that send", low=1),
        count("p_consumers", "workers that receive; threads = p_producers + p_consumers", low=1),
        count("p_element_bytes", "size of a value", low=8, unit="byte"),
        count("p_cases", "channels that the receiver selects from", low=1),
        count("p_waiters", "workers that wait for the close", low=1),
        _RATE,
    ), (
        pct("blocked_send_pct", "sends that found neither room nor a receiver waiting",
            better="lower"),
        pct("blocked_recv_pct", "receives that found neither a value nor a sender waiting",
            better="lower"),
        share("sender_least_share", "least sender's values / the mean of all senders",
              better="higher"),
        share("receiver_least_share", "least receiver's values / the mean of all receivers",
              better="higher"),
        ns("wake_all_p50_ns", "from just before a close to the last waiter's running: median",
           better="lower"),
        ns("wake_all_p99_ns", "99th percentile of that", better="lower"),
    )),
    Family("context", (
        _WIDTH, _DEPTH,
        _TIMERS,
    ), (
        ns("cancel_call_ns", "how long a call of cancel takes, mean", better="lower"),
        ns("cancel_ns_per_context", "the same / contexts cancelled by it", better="lower"),
    )),
    Family("machine", (
        count("p_cpu_a", "OS number of the first CPU", unit="CPU"),
        count("p_cpu_b", "OS number of the second CPU", unit="CPU"),
        count("p_idle_us", "how long the sleeper had slept before it was woken", unit="us"),
        count("p_sleep_us", "length of sleep asked for", unit="us"),
    )),
    Family("limiter", (
        _RATE,
        count("p_burst", "size of its bucket, store or queue, or its limit per window of burst / "
              "rate", low=1),
        count("p_users", "users that share the limiter; empty where there is one caller", low=1),
        count("p_adversary", "1: arrivals in bursts around the window's boundary; 0: at uniform "
              "times", high=1, unit=""),
    ), (
        pct("admitted_pct", "share of the requests that were admitted"),
        Column("rate_error_pct", "number", "%", "grants a second against p_rate_per_s; below 0: too "
               "few", low=-100),
        ns("gap_jitter_p50_ns", "median distance of a gap between two grants from the ideal gap",
           better="lower"),
        ns("gap_jitter_p99_ns", "99th percentile of that distance", better="lower"),
        Column("gap_p99_ratio", "number", "ratio", "99th percentile of the gaps / the ideal gap",
               better="lower"),
        Column("burst_ratio", "number", "ratio", "most grants in any interval one window long / "
               "the limit; virtual clock, exact", better="lower"),
        count("memory_bytes", "bytes of the limiter and of all that it points to", unit="byte"),
    )),
    Family("pool", (
        count("p_workers", "workers that run jobs; without a meaning for null and unbounded", low=1),
        count("p_queue", "jobs that may wait; empty where as many do as the window needs"),
        count("p_wait_pct", "share of a job's length that it waits", high=99, unit="%"),
        count("p_jobs", "jobs that wait at the same time", low=1),
        *newer(2, replace(_BATCH, before=(("overhead", 1),)),
               count("p_submitters", "threads or tasks that submit; 1 in version 1", low=1,
                     before=(("overhead", 1),)),
               replace(_COMPUTE, before=(("sizing", 100),)),
               count("p_limit", "connections that all jobs share, one for each wait; empty: as many "
                     "as there are jobs", low=1)),
    ), (
        Column("predicted_workers", "number", "count", "cores / (1 - wait share): the workers that "
               "keep the cores busy", above=True),
        Column("peak_rss_mb", "number", "MiB", "resident set of the process while all jobs wait",
               above=True, better="lower"),
        Column("rss_growth_mb", "number", "MiB", "that minus the resident set before the first job",
               better="lower"),
        *newer(2,
               pct("blocked_submit_pct", "submits that found the queue full and waited",
                   better="lower"),
               pct("refused_pct", "jobs that were offered and not taken", better="lower"),
               Column("busiest_ratio", "number", "ratio", "time that the busiest worker computed / "
                      "that of the idlest", low=1, better="lower"),
               Column("quota_cpus", "number", "count", "CPUs' worth of time that the cgroup's quota "
                      "allows; empty: no quota", above=True)),
    )),
    Family("flow", (
        _WIDTH, _DEPTH, _CAPACITY,
        _BATCH,
        count("p_age_us", "how long a batch waits for more items at most", low=1, unit="us"),
        _RATE,
        _COMPUTE,
        count("p_fail_pct", "calls whose first attempt fails; of a breaker, 100: it is open", high=100,
              unit="%"),
    ), (
        pct("reordered_pct", "items that came out after one that had gone in later"),
        Column("batch_mean_items", "number", "count", "items of a batch, mean", above=True),
        pct("aged_pct", "batches that were closed by their age and not by their size"),
    ), since=2),
    Family("cache", (
        _READ_PCT,
        count("p_skew", "100 x the exponent of Zipf's law by which keys are drawn: 0 uniform, 99 "
              "skewed", high=1000, unit=""),
        count("p_shards", "parts with a lock each; empty where the cache is not split", low=1),
        _KEYS,
        *newer(3, count("p_value_bytes", "size of a value; 24 in versions 1 and 2", low=1, unit="byte",
                        before=(("get_set", 24),)),
               _CAPACITY, _HOLD, _SAMPLE_EVERY),
    ), (
        share("hit_ratio", "gets that found their key; empty where there are none, or no cache",
              better="higher"),
        *newer(3,
               Column("bytes_per_entry", "number", "byte", "memory that filling the cache took / its "
                      "entries: keys, values and all that finds them", above=True, better="lower"),
               Column("loads_per_expiry", "number", "ratio", "loads / expiries of the key that all ask "
                      "for; 1: one loads, the others wait", better="lower"),
               pct("contended_pct", "acquisitions of a lock that found it held", better="lower"),
               pct("evicted_pct", "entries put out to make room, % of operations")),
    ), words=newer(3, word("hash", "the function by which keys are spread; empty where none is"))),
    Family("control", (
        count("p_pair", "number of the trial; its two sides are the contestants a and b", low=1,
              unit="", required=True),
        count("p_work_pct", "work of b in percent of a's: 100 A/A, 110 planted slow-down, "
              "200 linearity", low=1, high=10_000, unit="%", required=True),
    )),
)}
