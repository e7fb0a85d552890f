/* A breaker around a function, by the real clock. */
#include "base/clock.h"
#include "flow/breaker.h"
#include "flow/guarded.h"

int ct_breaker_call(struct ct_breaker *b, int (*fn)(void *arg), void *arg)
{
        struct ct_breaker_ticket t;
        struct ct_failure why = {0};
        int r = ct_breaker_enter(b, ct_now_ns(), &t);

        if (r)
                return r;
        /* Where no guard would catch a failure, it is the end of the process. */
        r = ct_is_guarded() ? ct_guarded(&why, fn, arg) : fn(arg);
        if (why.code) {
                ct_breaker_leave(b, &t, ct_now_ns(), false);
                ct_task_fail_code(why.code, "%s", why.message);
        }
        ct_breaker_leave(b, &t, ct_now_ns(),
                         !(b->config.is_failure ? b->config.is_failure(r) : r != 0));
        return r;
}
