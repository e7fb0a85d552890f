#include "cache/points.h"
#include "cache/trace_file.h"
#include "cache/trace_run.h"
#include "harness/topology.h"

enum { QUICK_KEYS = 20000, PARTS = 16 };

static void add_parts(struct point p, struct point_list *list)
{
        if (p.params.value[P_CAPACITY] < PARTS)
                return; /* not a place for each */
        p.needs = CAP_SHARDED;
        p.without = 0;
        p.joins = true;
        p.params.value[P_SHARDS] = PARTS;
        point_list_add(list, &p);
}

/* A cache with room for 0.1, 1 and 10 % of the keys; what is split into shards beside it. */
static void add_trace(unsigned workload, int64_t keys, struct point_list *list)
{
        struct point p = {.workload = workload,
                          .threads = THREADS_ONE,
                          .threads_only = true,
                          .without = CAP_SHARDED};

        for (int i = 0; i < MAX_PARAMS; i++)
                p.params.value[i] = PARAM_UNSET;
        p.params.value[P_KEYS] = keys;
        if (workload == CACHE_TRACE_ZIPF || workload == CACHE_TRACE_SCAN ||
            workload == CACHE_TRACE_SHIFT)
                p.params.value[P_SKEW] = 99;
        for (int64_t part = 1000; part >= 10; part /= 10) {
                p.params.value[P_CAPACITY] = keys > part ? keys / part : 1;
                if (p.joins && p.params.value[P_CAPACITY] == 1)
                        continue; /* of so few keys that all parts are one */
                point_list_add(list, &p);
                add_parts(p, list);
                p.joins = true;
        }
}

int cache_trace_take(const char *path, char *why)
{
        static struct trace user;
        int rc;

        trace_free(&user);
        rc = trace_read(&user, path, why);
        trace_file_use(rc ? NULL : &user);
        return rc;
}

void cache_trace_points(const struct topology *topology, bool full, struct point_list *list)
{
        const struct trace *user = trace_file_used();

        (void)topology;
        if (user)
                add_trace(CACHE_TRACE_FILE, user->keys, list);
        for (unsigned w = CACHE_TRACE_ZIPF; w <= CACHE_TRACE_RECENCY; w++) {
                add_trace(w, QUICK_KEYS, list);
                if (full)
                        add_trace(w, USUAL_KEYS, list);
        }
}
