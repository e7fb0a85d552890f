/*
 * A scene of pool_cases.h in a test of its own: for what one kind of pool alone does.
 *
 *      static void a_behaviour(struct scene *s, unsigned me) { ... CASE_CHECK(...) ... }
 *      static void test_a_behaviour(void **state)
 *      {
 *              in_scene(state, 1, CT_POOL_DYNAMIC, a_behaviour);
 *      }
 */
#ifndef CT_TESTS_POOL_SCENE_H
#define CT_TESTS_POOL_SCENE_H

#include "flow/pool_line.h"
#include "flow/pool_private.h"

#include "both.h"
#include "pool_cases.h"

ct_atomic_u32 case_failures;
const char *case_where = "";

struct scene_run {
        struct scene *scene;
        void (*body)(struct scene *, unsigned);
};

static inline void scene_context(void *shared, unsigned me)
{
        struct scene_run *r = shared;

        r->body(r->scene, me);
}

/* Runs body(scene, 0) to body(scene, n - 1) in contexts of the test's kind; the pool's are of the
   same. The gate is shut. */
static inline void in_scene(void **state, unsigned n, enum ct_pool_kind kind,
                            void (*body)(struct scene *, unsigned))
{
        struct scene *s = calloc(1, sizeof *s);

        assert_non_null(s);
        s->kind = &POOL_KINDS[kind];
        assert_int_equal(s->kind->kind, kind);
        s->spawn = both_exec(state) == EXEC_TASK ? CT_SPAWN_TASK : CT_SPAWN_THREAD;
        for (unsigned i = 0; i < MARKS; i++) {
                s->mark[i].scene = s;
                s->mark[i].number = i;
        }
        ct_semaphore_init(&s->gate, GATE);
        ct_semaphore_acquire(&s->gate, GATE);
        run_contexts(state, n, scene_context, &(struct scene_run){s, body});
        free(s);
        assert_int_equal(ct_exchange_u32_relaxed(&case_failures, 0), 0);
}

/* ---- looking into a line ---- */

static inline uint64_t at_door(struct ct_pool *p)
{
        struct ct_pool_line_ *l = p->kind;
        uint64_t n;

        ct_guard_lock(&l->guard);
        n = l->at_door;
        ct_guard_unlock(&l->guard);
        return n;
}

static inline struct ct_pool_staff_ staff_of(struct ct_pool *p)
{
        struct ct_pool_line_ *l = p->kind;
        struct ct_pool_staff_ staff;

        ct_guard_lock(&l->guard);
        staff = l->staff;
        ct_guard_unlock(&l->guard);
        return staff;
}

#endif
