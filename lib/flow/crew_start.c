/* How a crew starts and ends: an errgroup's contexts under a context of its own. */
#include "flow/crew.h"

int ct_crew_begin_(struct ct_crew_ *c, enum ct_spawn spawn, struct ct_context *parent)
{
        int r = ct_errgroup_init_with_context(&c->group, spawn,
                                              parent ? parent : ct_context_background());

        ct_store_u32_relaxed(&c->error, 0);
        c->context = r ? NULL : ct_errgroup_context(&c->group);
        return r;
}

int ct_crew_go_(struct ct_crew_ *c, int (*fn)(void *arg), void *arg)
{
        int r = ct_errgroup_go(&c->group, fn, arg);

        if (r)
                ct_crew_fail_(c, r);
        return r;
}

int ct_crew_wait_(struct ct_crew_ *c)
{
        (void)ct_errgroup_wait(&c->group); /* its error is what go has said already */
        return (int)ct_load_u32_relaxed(&c->error);
}

void ct_crew_end_(struct ct_crew_ *c)
{
        ct_context_cancel(c->context);
        (void)ct_errgroup_wait(&c->group);
        ct_errgroup_fini(&c->group);
        c->context = NULL;
}
