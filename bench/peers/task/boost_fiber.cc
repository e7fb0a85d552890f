#include "peers/task/boost_fiber.h"

#include <boost/fiber/all.hpp>
#include <memory>
#include <new>

namespace fibers = boost::fibers;

/* The default allocator takes 128 KiB from malloc for each fiber, which is a mapping each time. */
static fibers::pooled_fixedsize_stack &stacks()
{
        static thread_local fibers::pooled_fixedsize_stack pool(16 << 10);

        return pool;
}

uint64_t boost_fiber_spawn_join(uint64_t n)
{
        fibers::pooled_fixedsize_stack &pool = stacks();
        uint64_t effects = 0;

        for (uint64_t i = 0; i < n; i++)
                fibers::fiber(std::allocator_arg, pool, [&effects] { effects++; }).join();
        return effects;
}

void boost_fiber_yield(uint64_t n)
{
        for (uint64_t i = 0; i < n; i++)
                boost::this_fiber::yield();
}

struct boost_partner {
        fibers::unbuffered_channel<int> to, back;
        uint64_t answers = 0;
        fibers::fiber fiber;
};

void *boost_partner_serve(void *partner)
{
        boost_partner *p = static_cast<boost_partner *>(partner);
        int ball;

        while (p->to.pop(ball) == fibers::channel_op_status::success) {
                p->answers++;
                p->back.push(ball);
        }
        return nullptr;
}

boost_partner *boost_partner_start(bool across)
{
        boost_partner *p = new (std::nothrow) boost_partner;

        if (p && !across)
                p->fiber = fibers::fiber(std::allocator_arg, stacks(),
                                         [p] { boost_partner_serve(p); });
        return p;
}

void boost_partner_ping_pong(boost_partner *p, uint64_t n)
{
        int ball = 0;

        for (uint64_t i = 0; i < n; i++) {
                p->to.push(ball);
                p->back.pop(ball);
        }
}

void boost_partner_close(boost_partner *p)
{
        p->to.close();
        if (p->fiber.joinable())
                p->fiber.join();
}

uint64_t boost_partner_stop(boost_partner *p)
{
        uint64_t answers = p->answers;

        delete p;
        return answers;
}
