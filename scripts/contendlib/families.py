"""The families this suite measures: the one place that knows their names and binaries."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Family:
    name: str  # the CSV is <name>.csv
    binary: str  # in build/release/bin
    summary: str


FAMILIES = {
    family.name: family
    for family in (
        Family("counter", "bench_counter", "counters and locks under contention"),
        Family("lock", "bench_lock", "mutexes and readers-writer locks: cost, fairness, hand-over"),
        Family("sync", "bench_sync", "wait groups, once, conditions, semaphores, pools, maps"),
        Family("task", "bench_task", "tasks beside threads: start, switch, wake, memory, timers"),
        Family("channel", "bench_channel", "channels: streams, round trips, select, close, open loop"),
        Family("context", "bench_context", "contexts and timers: cancel latency, cost, accuracy"),
        Family("machine", "bench_machine", "the machine itself: atomics, hops, wakes, clocks"),
        Family("pool", "bench_pool", "worker pools: cost per job, how many workers, memory"),
        Family("flow", "bench_flow", "fan-out, pipelines, order, batches, retry, breaker"),
        Family("cache", "bench_cache", "caches: locks, shards, lock-free reads; policies, stampedes"),
        Family("limiter", "bench_limiter", "rate limiters: decisions, kept rates, bursts"),
    )
}

# The harness measured against itself (A/A pairs, planted slow-downs); any family's binary could
# do it, one is enough. Run with `contend run --control`, never as part of a sweep.
CONTROL = Family("control", "bench_counter", "the harness itself: A/A pairs and planted slow-downs")
