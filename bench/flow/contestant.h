/*
 * The descriptor of a contestant that does everything, after stream.h, batch_loop.h and
 * guard_loop.h: what its workers begin with depends on the workload.
 */
#include "flow/batching.h"
#include "flow/guard.h"

static int worker_init(void *self, struct worker *w)
{
        switch (w->workload) {
        case BATCHER:
                return batch_init(w);
        case RETRY:
        case BREAKER:
                return caller_init(w);
        default:
                return stream_init(self, w);
        }
}

static void worker_fini(void *self, struct worker *w)
{
        switch (w->workload) {
        case BATCHER:
                batching_free((struct batching *)w->local, (struct flow_hall *)self);
                break;
        case RETRY:
        case BREAKER:
                caller_fini((struct flow_hall *)self, w);
                break;
        default:
                stream_fini(self, w);
        }
}

/* HALL: the storage, which begins with a struct flow_hall; INIT: its init(), or NULL. */
#define FLOW_CONTESTANT(id, how, what, hall, begin)                                                \
        extern const struct contestant flow_##id;                                                  \
        const struct contestant flow_##id = {                                                      \
                .name = #id,                                                                       \
                .source = how,                                                                     \
                .caps = what,                                                                      \
                .size = sizeof(hall),                                                              \
                .align = _Alignof(hall),                                                           \
                .init = begin,                                                                     \
                .run = {[FAN_OUT] = run_stream,                                                    \
                        [PIPELINE] = run_stream,                                                   \
                        [ORDERED] = RUN_ORDERED,                                                   \
                        [BATCHER] = run_batcher,                                                   \
                        [RETRY] = run_retry,                                                       \
                        [BREAKER] = run_breaker,                                                   \
                        [IMAGE] = run_stream,                                                      \
                        [LOG] = run_stream,                                                        \
                        [ETL] = run_stream},                                                       \
                .check = flow_check,                                                               \
                .worker_init = worker_init,                                                        \
                .worker_fini = worker_fini,                                                        \
                .worker_leave = batch_leave,                                                       \
        }
