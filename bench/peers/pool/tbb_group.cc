/* W threads, of which the submitter is one: as a task_group's user has it. With W = 1 the jobs run
   when the submitter waits. */
#include "peers/cxx.h"

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>

#include "peers/peer.h"
#include "pool/pool.h"

namespace
{

enum { BETWEEN_WAITS = 1 << 14 }; /* jobs that may pile up */

struct group {
        tbb::global_control threads;
        tbb::task_arena arena;
        tbb::task_group jobs;
        unsigned submitted = 0;

        explicit group(unsigned workers)
            : threads(tbb::global_control::max_allowed_parallelism, workers), arena((int)workers, 1)
        {
        }
};

} // namespace

static int start(void **self, const crew_spec *spec)
{
        *self = new (std::nothrow) group(spec->workers);
        return *self ? 0 : -ENOMEM;
}

/* In the arena: called there by the whole loop below. */
static inline int submit(void *self, pool_job *job, void *arg)
{
        group *g = static_cast<group *>(self);

        g->jobs.run([job, arg] { (void)job(arg, nullptr); });
        if (++g->submitted % BETWEEN_WAITS == 0)
                g->jobs.wait();
        return 0;
}

static uint64_t finish(void *self)
{
        group *g = static_cast<group *>(self);

        g->arena.execute([g] { g->jobs.wait(); });
        return CREW_UNCOUNTED;
}

static void release(void *self)
{
        delete static_cast<group *>(self);
}

static const struct crew crew = {true, start, submit, nullptr, nullptr, finish, nullptr, release};

#include "pool/loop.h"

static void submit_in_arena(struct submitter *s)
{
        static_cast<group *>(s->self)->arena.execute([s] { submit_jobs(s); });
}

static int overhead_in_arena(const struct topology *t, const struct params *p, int64_t window_ns,
                             struct measurement *m)
{
        return pool_overhead(&crew, submit_in_arena, t, p, window_ns, m);
}

extern "C" {
extern const contestant pool_tbb_group;
const contestant pool_tbb_group = {
        .name = "tbb:task_group",
        .source = "oneTBB " PEER_VERSION_tbb
                  " task_group in an arena of p_workers, the submitter among "
                  "them; takes jobs without an end, so p_queue does not apply",
        .caps = CAP_PARKS | CAP_BASELINE | CAP_UNBOUNDED | CAP_PAIR | CAP_THREADS_ONLY,
        .measure = {overhead_in_arena},
};
}
