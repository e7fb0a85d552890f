#include "cache/points.h"

#include "harness/topology.h"

/*
 * A quick sweep has the throughput of everything by threads and by shards at the usual point (90 %
 * reads of 100,000 keys with values of 8 bytes), the map over read shares and skews with a worker
 * for each core, and a few points along each further axis. A long one has the product of reads,
 * skews, keys and values with a worker for each core, and for the usual keys and values all numbers
 * of workers, both ways of running, and (uniform and at Zipf's 0.99) the whole curve over shards.
 */

enum { MOST_SHARDS = 256, SOME_SHARDS = 16, QUICK_STEP = 4, USUAL_READS = 90, USUAL_SKEW = 99 };

static const int64_t reads[] = {USUAL_READS, 0, 50, 99, 100};
static const int64_t skews[] = {0, USUAL_SKEW, 80, 120};
static const int64_t keys[] = {USUAL_KEYS, 1000, MANY_KEYS};
static const int64_t sizes[] = {USUAL_BYTES, 64, MAX_VALUE_BYTES};

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

static struct point point(unsigned workload, enum thread_set threads)
{
        struct point p = {.workload = workload, .threads = threads};

        for (int i = 0; i < MAX_PARAMS; i++)
                p.params.value[i] = PARAM_UNSET;
        return p;
}

static struct point usual(unsigned workload, int64_t skew, enum thread_set threads)
{
        struct point p = point(workload, threads);

        p.params.value[P_READ_PCT] = USUAL_READS;
        p.params.value[P_SKEW] = skew;
        p.params.value[P_KEYS] = USUAL_KEYS;
        p.params.value[P_VALUE_BYTES] = USUAL_BYTES;
        return p;
}

/* One block: what is not split, and beside it what is, into from, from * step .. to parts. */
static void add_block(struct point p, int64_t from, int64_t step, int64_t to,
                      struct point_list *list)
{
        unsigned without = p.without;

        if (p.params.value[P_VALUE_BYTES] != USUAL_BYTES)
                without |= CAP_WORDS;
        p.without = CAP_SHARDED | without;
        point_list_add(list, &p);
        p.joins = true;
        p.without = without;
        p.needs = CAP_SHARDED;
        for (int64_t shards = from; shards <= to; shards *= step) {
                p.params.value[P_SHARDS] = shards;
                point_list_add(list, &p);
        }
}

static void add_some(struct point p, struct point_list *list)
{
        add_block(p, SOME_SHARDS, 2, SOME_SHARDS, list);
}

/* ---- get_set ---- */

static void add_curves(struct point_list *list)
{
        for (size_t s = 0; s < 2; s++)
                add_block(usual(CACHE_GET_SET, skews[s], THREADS_KEY), 1, QUICK_STEP, MOST_SHARDS,
                          list);
}

/* Reads only are measured with one thread too: they should double with the second. Counters are no
   cache, and sit it out. */
static void add_map(struct point_list *list)
{
        for (size_t r = 0; r < COUNT_OF(reads); r++)
                for (size_t s = 0; s < COUNT_OF(skews); s++) {
                        bool lone = reads[r] == 100 && !skews[s];
                        struct point p =
                                usual(CACHE_GET_SET, skews[s], lone ? THREADS_KEY : THREADS_CORES);

                        if (reads[r] == USUAL_READS && s < 2)
                                continue; /* a part of the curves */
                        p.params.value[P_READ_PCT] = reads[r];
                        p.without = CAP_WORDS;
                        add_some(p, list);
                }
}

static void add_further(struct point_list *list)
{
        struct point p = usual(CACHE_GET_SET, USUAL_SKEW, THREADS_CONTENDED);

        p.tasks_only = p.tasks = true;
        add_some(p, list);
        for (size_t i = 1; i < 3; i++) {
                p = usual(CACHE_GET_SET, USUAL_SKEW, THREADS_CORES);
                p.params.value[P_KEYS] = keys[i];
                if (keys[i] == MANY_KEYS) /* seconds for each that has to be filled: ours only */
                        p.without = CAP_THREADS_ONLY | CAP_WORDS;
                add_some(p, list);
                p = usual(CACHE_GET_SET, USUAL_SKEW, THREADS_CORES);
                p.params.value[P_VALUE_BYTES] = sizes[i];
                add_some(p, list);
        }
}

static void add_latencies(bool full, struct point_list *list)
{
        for (size_t s = full ? 0 : 1; s < 2; s++) {
                struct point p =
                        usual(CACHE_GET_SET, skews[s], full ? THREADS_SWEEP : THREADS_CONTENDED);

                p.params.value[P_SAMPLE_EVERY] = 64;
                add_some(p, list);
        }
}

/* Whether the values alone take more than a gigabyte. */
static bool is_huge(int64_t n, int64_t bytes)
{
        return n * bytes > 1 << 30;
}

/* Keys and values that are not the usual ones. A cache of 4 million keys with 1024 bytes has to be
   filled anew for each window, since two have no room beside each other: one point of these. */
static void add_sizes(int64_t read_pct, int64_t skew, struct point_list *list)
{
        for (size_t i = 1; i < COUNT_OF(keys) * COUNT_OF(sizes); i++) {
                int64_t n = keys[i % COUNT_OF(keys)], bytes = sizes[i / COUNT_OF(keys)];
                struct point p = usual(CACHE_GET_SET, skew, THREADS_CORES);

                if (is_huge(n, bytes) && (read_pct != USUAL_READS || skew != USUAL_SKEW))
                        continue;
                p.params.value[P_READ_PCT] = read_pct;
                p.params.value[P_KEYS] = n;
                p.params.value[P_VALUE_BYTES] = bytes;
                p.threads_only = true;
                add_some(p, list);
        }
}

static void add_product(struct point_list *list)
{
        for (size_t r = 0; r < COUNT_OF(reads); r++)
                for (size_t s = 0; s < COUNT_OF(skews); s++) {
                        struct point p = usual(CACHE_GET_SET, skews[s], THREADS_SWEEP);

                        p.params.value[P_READ_PCT] = reads[r];
                        add_block(p, s < 2 ? 1 : SOME_SHARDS, 2, s < 2 ? MOST_SHARDS : SOME_SHARDS,
                                  list);
                        add_sizes(reads[r], skews[s], list);
                }
}

/* ---- the others ---- */

/* A cache that holds 1 or 10 % of the keys. */
static void add_asides(bool full, struct point_list *list)
{
        for (size_t s = full ? 0 : 1; s < (full ? COUNT_OF(skews) : 2); s++)
                for (int64_t part = 10; part <= 100; part *= 10) {
                        struct point p = usual(CACHE_ASIDE, skews[s],
                                               full         ? THREADS_SWEEP
                                               : part == 10 ? THREADS_KEY
                                                            : THREADS_CORES);

                        p.params.value[P_READ_PCT] = PARAM_UNSET;
                        p.params.value[P_CAPACITY] = USUAL_KEYS / part;
                        p.params.value[P_HOLD_NS] = 1000;
                        add_some(p, list);
                }
}

static void add_stampedes(bool full, struct point_list *list)
{
        static const int64_t loading_ns[] = {20000, 1000, 200000};

        for (size_t i = 0; i < (full ? COUNT_OF(loading_ns) : 1); i++)
                for (int64_t timed = 1; timed >= 0; timed--) {
                        struct point p = point(CACHE_STAMPEDE, THREADS_CONTENDED);

                        if (!timed && !full)
                                break;
                        p.params.value[P_HOLD_NS] = loading_ns[i];
                        p.params.value[P_SAMPLE_EVERY] = timed ? 1 : PARAM_UNSET;
                        p.tasks = true;
                        point_list_add(list, &p);
                }
}

static void add_sections(bool full, struct point_list *list)
{
        static const int64_t computing_ns[] = {1000, 10000, 100};

        for (size_t i = 0; i < (full ? 3 : 2); i++)
                for (unsigned w = CACHE_SECTION_INSIDE; w <= CACHE_SECTION_OUTSIDE; w++) {
                        struct point p = usual(w, 0, full ? THREADS_SWEEP : THREADS_CORES);

                        p.params.value[P_HOLD_NS] = computing_ns[i];
                        add_some(p, list);
                }
}

void cache_points(const struct topology *topology, bool full, struct point_list *list)
{
        if (full) {
                add_product(list);
        } else {
                add_curves(list);
                add_map(list);
                add_further(list);
        }
        add_latencies(full, list);
        add_asides(full, list);
        add_stampedes(full, list);
        add_sections(full, list);
        cache_trace_points(topology, full, list);
}
