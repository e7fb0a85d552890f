/* W threads beside the submitter, who only enqueues. */
#include "peers/cxx.h"

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>

#include "peers/peer.h"
#include "peers/pool/backlog.h"
#include "pool/pool.h"

namespace
{

struct arena {
        tbb::global_control threads;
        tbb::task_arena tbb_arena;
        backlog jobs{};

        explicit arena(unsigned workers)
            : threads(tbb::global_control::max_allowed_parallelism, workers + 1),
              tbb_arena((int)workers, 0)
        {
        }
};

} // namespace

static int start(void **self, const crew_spec *spec)
{
        *self = new (std::nothrow) arena(spec->workers);
        return *self ? 0 : -ENOMEM;
}

static inline int submit(void *self, pool_job *job, void *arg)
{
        arena *a = static_cast<arena *>(self);

        backlog_enter(&a->jobs);
        a->tbb_arena.enqueue([a, job, arg] {
                (void)job(arg, nullptr);
                backlog_leave(&a->jobs);
        });
        return 0;
}

static uint64_t finish(void *self)
{
        backlog_wait(&static_cast<arena *>(self)->jobs, 0);
        return CREW_UNCOUNTED;
}

static void release(void *self)
{
        delete static_cast<arena *>(self);
}

static const struct crew crew = {true, start, submit, nullptr, nullptr, finish, nullptr, release};

#include "pool/loop.h"

extern "C" {
extern const contestant pool_tbb_arena;
const contestant pool_tbb_arena = {
        .name = "tbb:task_arena",
        .source = "oneTBB " PEER_VERSION_tbb
                  " task_arena::enqueue, p_workers beside the submitter; takes "
                  "jobs without an end, so p_queue does not apply",
        .caps = CAP_PARKS | CAP_BASELINE | CAP_UNBOUNDED | CAP_THREADS_ONLY,
        .measure = {overhead},
};
}
