#include "channel/channel.h"
#include "channel/contestants.h"
#include "harness/topology.h"
#include "main.h"
#include "peers/channel_peers.h"

#define X(id) extern const struct contestant channel_##id;
CHANNEL_CONTESTANTS(X)
CHANNEL_PEERS(X)
#undef X

static const struct contestant *const contestants[] = {
#define X(id) &channel_##id,
        CHANNEL_CONTESTANTS(X) CHANNEL_PEERS(X)
#undef X
                NULL,
};

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

enum { USUAL_CAPACITY = 64, LARGEST_CAPACITY = 1024, USUAL_BYTES = 8 };

static const int64_t capacities[] = {0, 1, 64, LARGEST_CAPACITY, 2, 8};

static struct point point(unsigned workload, int64_t capacity, unsigned workers)
{
        struct point p = {.workload = workload, .workers = workers, .tasks = true};

        for (int i = 0; i < MAX_PARAMS; i++)
                p.params.value[i] = PARAM_UNSET;
        p.params.value[P_CAPACITY] = capacity;
        p.without = capacity == 0 ? CAP_BUFFERED : 0;
        return p;
}

static struct point stream(unsigned workload, int64_t capacity, int64_t producers,
                           int64_t consumers, int64_t bytes)
{
        struct point p = point(workload, capacity, (unsigned)(producers + consumers));

        p.params.value[P_PRODUCERS] = producers;
        p.params.value[P_CONSUMERS] = consumers;
        p.params.value[P_ELEMENT_BYTES] = bytes;
        p.without |= producers > 1 || consumers > 1 ? CAP_PAIR | CAP_FLOOR : 0;
        p.without |= capacity != LARGEST_CAPACITY ? CAP_UNBOUNDED : 0;
        p.without |= bytes != USUAL_BYTES ? CAP_WORDS : 0;
        return p;
}

static void add_streams(const int64_t *capacity, size_t n, int64_t producers, int64_t consumers,
                        int64_t bytes, struct point_list *list)
{
        for (size_t i = 0; i < n; i++) {
                struct point p = stream(CHANNEL_STREAM, capacity[i], producers, consumers, bytes);

                point_list_add(list, &p);
        }
}

/* How many send and how many receive: every pair of these, of which some are equal on a small
   machine. */
struct crowds {
        int64_t n[4];
        size_t count;
};

static void add_crowd(struct crowds *c, int64_t n)
{
        for (size_t i = 0; i < c->count; i++)
                if (c->n[i] == n)
                        return;
        c->n[c->count++] = n;
}

/* A quick run has every capacity at 1:1, four of them at n:n and 4:4, and most pairs at the usual
   one; a long one every capacity and size at the pairs that are `named`, and all pairs. */
static void add_pair(bool full, bool named, int64_t producers, int64_t consumers,
                     struct point_list *list)
{
        static const int64_t usual[] = {USUAL_CAPACITY}, sizes[] = {USUAL_BYTES, 64, 256};
        bool alone = producers == 1 && consumers == 1;
        size_t n = full && named ? COUNT_OF(sizes) : 1;

        for (size_t s = 0; s < n; s++)
                if ((full && named) || alone)
                        add_streams(capacities, COUNT_OF(capacities), producers, consumers,
                                    sizes[s], list);
                else if (named && producers == consumers)
                        add_streams(capacities, 4, producers, consumers, sizes[s], list);
                else
                        add_streams(usual, 1, producers, consumers, sizes[s], list);
        for (size_t s = n; alone && s < COUNT_OF(sizes); s++)
                add_streams(usual, 1, producers, consumers, sizes[s], list);
}

static void add_pairs(const struct topology *t, bool full, struct point_list *list)
{
        int64_t cores = topology_cores(t);
        struct crowds crowds = {{0}, 0};

        add_crowd(&crowds, 1);
        add_crowd(&crowds, cores);
        add_crowd(&crowds, 4);
        if (full)
                add_crowd(&crowds, 8);
        for (size_t i = 0; i < crowds.count; i++)
                for (size_t k = 0; k < crowds.count; k++) {
                        int64_t p = crowds.n[i], c = crowds.n[k];
                        bool small = (p == 1 || p == cores) && (c == 1 || c == cores);

                        add_pair(full, small || p == c, p, c, list);
                }
        if (!full && cores != 8)
                add_pair(full, false, 8, 8, list);
}

static void add_blocked(bool full, struct point_list *list)
{
        for (size_t i = 0; i < COUNT_OF(capacities); i++) {
                struct point p = stream(CHANNEL_BLOCKED, capacities[i], 1, 1, USUAL_BYTES);

                p.without |= CAP_FLOOR;
                point_list_add(list, &p);
                if (!full)
                        continue;
                p = stream(CHANNEL_BLOCKED, capacities[i], 4, 4, USUAL_BYTES);
                point_list_add(list, &p);
        }
}

static void add_select(bool full, struct point_list *list)
{
        static const int64_t cases[] = {1, 2, 4, CHANNEL_MOST};

        for (size_t c = 0; c < (full ? 2 : 1); c++)
                for (size_t i = 0; i < COUNT_OF(cases); i++) {
                        struct point p = point(CHANNEL_SELECT, c ? 0 : USUAL_CAPACITY, 2);

                        p.params.value[P_CASES] = cases[i];
                        point_list_add(list, &p);
                }
}

static void add_close_wake(bool full, struct point_list *list)
{
        static const int64_t waiters[] = {1, 4, 16, 64, 256, 2, 1024};

        for (size_t i = 0; i < (full ? COUNT_OF(waiters) : 4); i++) {
                struct point p = point(CHANNEL_CLOSE_WAKE, 0, (unsigned)waiters[i] + 1);

                p.params.value[P_WAITERS] = waiters[i];
                point_list_add(list, &p);
        }
}

/* From one value a millisecond to more than anything takes. */
static void add_open_loop(bool full, struct point_list *list)
{
        static const int64_t capacity[] = {LARGEST_CAPACITY, 0};

        for (size_t c = 0; c < (full ? 2 : 1); c++)
                for (int64_t rate = 1000; rate <= 100000000; rate *= 10)
                        for (int64_t times = 1; times <= (full ? 3 : 1); times += 2) {
                                struct point p =
                                        stream(CHANNEL_OPEN_LOOP, capacity[c], 1, 1, USUAL_BYTES);

                                p.params.value[P_RATE_PER_S] = rate * times;
                                point_list_add(list, &p);
                        }
}

static void points(const struct topology *t, bool full, struct point_list *list)
{
        add_pairs(t, full, list);
        add_blocked(full, list);
        for (int64_t capacity = 0; capacity <= 1; capacity++) {
                struct point p = point(CHANNEL_PINGPONG, capacity, 2);

                point_list_add(list, &p);
        }
        add_select(full, list);
        add_close_wake(full, list);
        add_open_loop(full, list);
}

/* Which channel each value goes to. */
static void draw(uint8_t *draws, const struct params *p, struct ct_rng *rng)
{
        int64_t cases = p->value[P_CASES];

        for (int i = 0; i < DRAWS; i++)
                draws[i] = cases > 1 ? (uint8_t)ct_rng_below(rng, (uint64_t)cases) : 0;
}

static const struct family family = {
        .name = "channel",
        .summary = "values from senders to receivers: streams, round trips, select, close, "
                   "latency under a fixed load",
        .contestants = contestants,
        .workloads = {[CHANNEL_STREAM] = "stream",
                      [CHANNEL_BLOCKED] = "blocked",
                      [CHANNEL_PINGPONG] = "pingpong",
                      [CHANNEL_SELECT] = "select",
                      [CHANNEL_CLOSE_WAKE] = "close_wake",
                      [CHANNEL_OPEN_LOOP] = "open_loop"},
        .params = {[P_CAPACITY] = "p_capacity",
                   [P_PRODUCERS] = "p_producers",
                   [P_CONSUMERS] = "p_consumers",
                   [P_ELEMENT_BYTES] = "p_element_bytes",
                   [P_CASES] = "p_cases",
                   [P_WAITERS] = "p_waiters",
                   [P_RATE_PER_S] = "p_rate_per_s"},
        .metrics = {[M_BLOCKED_SEND_PCT] = "blocked_send_pct",
                    [M_BLOCKED_RECV_PCT] = "blocked_recv_pct",
                    [M_SENDER_LEAST_SHARE] = "sender_least_share",
                    [M_RECEIVER_LEAST_SHARE] = "receiver_least_share",
                    [M_WAKE_ALL_P50_NS] = "wake_all_p50_ns",
                    [M_WAKE_ALL_P99_NS] = "wake_all_p99_ns"},
        .points = points,
        .draw = draw,
        .role = channel_role,
};

int main(int argc, char **argv)
{
        return bench_main(&family, argc, argv);
}
