#include <pthread.h>

#include "base/clock.h"
#include "machine/machine.h"

static void *nothing(void *arg)
{
        return arg;
}

static int measure(const struct topology *t, const struct params *p, int64_t window_ns,
                   struct measurement *m)
{
        int64_t start = ct_now_ns(), now;
        uint64_t made = 0;

        (void)t;
        (void)p;
        do {
                pthread_t thread;
                int rc = pthread_create(&thread, NULL, nothing, NULL);

                if (rc)
                        return -rc;
                pthread_join(thread, NULL);
                made++;
                now = ct_now_ns();
        } while (now - start < window_ns);
        m->ops = (double)made;
        m->window_ns = (double)(now - start);
        m->ns_per_op = m->window_ns / m->ops;
        m->ops_per_s = 1e9 / m->ns_per_op;
        m->verified = true;
        return 0;
}

extern const struct contestant machine_thread_create;
const struct contestant machine_thread_create = {
        .name = "thread_create",
        .source = "pthread_create and pthread_join of an empty thread, unpinned",
        .measure = {[JOIN] = measure},
};
