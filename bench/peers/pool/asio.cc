#include "peers/cxx.h"

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include "peers/peer.h"
#include "peers/pool/backlog.h"
#include "pool/pool.h"

namespace
{

struct asio {
        boost::asio::thread_pool pool;
        backlog jobs{};

        explicit asio(unsigned workers) : pool(workers)
        {
        }
};

} // namespace

static int start(void **self, const crew_spec *spec)
{
        try {
                *self = new asio(spec->workers);
        } catch (const std::exception &) {
                return -EAGAIN;
        }
        return 0;
}

static inline int submit(void *self, pool_job *job, void *arg)
{
        asio *a = static_cast<asio *>(self);

        backlog_enter(&a->jobs);
        boost::asio::post(a->pool, [a, job, arg] {
                (void)job(arg, nullptr);
                backlog_leave(&a->jobs);
        });
        return 0;
}

static uint64_t finish(void *self)
{
        asio *a = static_cast<asio *>(self);

        a->pool.join();
        return CREW_UNCOUNTED;
}

static void release(void *self)
{
        delete static_cast<asio *>(self);
}

static const struct crew crew = {true, start, submit, nullptr, nullptr, finish, nullptr, release};

#include "pool/loop.h"

extern "C" {
extern const contestant pool_boost_asio;
const contestant pool_boost_asio = {
        .name = "boost:asio_thread_pool",
        .source = "Boost.Asio " PEER_VERSION_boost
                  " thread_pool and post; takes jobs without an end, so "
                  "p_queue does not apply",
        .caps = CAP_PARKS | CAP_FIFO | CAP_BASELINE | CAP_UNBOUNDED | CAP_THREADS_ONLY,
        .measure = {overhead},
};
}
