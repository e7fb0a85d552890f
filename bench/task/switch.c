/* From one stack to another and back, without a scheduler. An operation is one switch. */
#include <stdlib.h>

#include "task/switch.h"
#include "task/tasks.h"

enum { STACK_BYTES = 64 << 10 };

struct coroutine {
        void *stack;
        void *there, *here; /* where each side stands still */
        uint64_t visits;
};

static struct coroutine *coroutine_make(void)
{
        struct coroutine *c = calloc(1, sizeof *c);

        if (c)
                c->stack = aligned_alloc(4096, STACK_BYTES);
        if (c && c->stack)
                return c;
        free(c);
        return NULL;
}

static void worker_fini(void *self, struct worker *w)
{
        struct coroutine *c = w->local;

        ct_add_u64_relaxed(self, c->visits);
        free(c->stack);
        free(c);
}

/* Each visit is two switches, and as many have been counted, at least. */
static int check(const void *self, const struct totals *t, double *metrics)
{
        uint64_t visits = ct_load_u64_relaxed((const ct_atomic_u64 *)self);

        (void)metrics;
        return 2 * visits >= t->ops && t->effects == 2 * visits ? 0 : -EBADMSG;
}

#define CONTESTANT(id, SOURCE, CAPS)                                                               \
        extern const struct contestant task_##id;                                                  \
        const struct contestant task_##id = {                                                      \
                .name = #id,                                                                       \
                .source = SOURCE,                                                                  \
                .caps = CAP_THREADS_ONLY | CAPS,                                                   \
                .size = sizeof(ct_atomic_u64),                                                     \
                .align = _Alignof(ct_atomic_u64),                                                  \
                .run = {[SWITCH] = run_##id},                                                      \
                .check = check,                                                                    \
                .worker_init = init_##id,                                                          \
                .worker_fini = worker_fini,                                                        \
        };

/* ---- Boost.Context ---- */

struct transfer {
        void *context, *data;
};

extern void *make_fcontext(void *top, size_t size, void (*fn)(struct transfer));
#ifdef CT_TASK_OWN_SWITCH_
extern struct transfer jump_fcontext(void *to, void *data);
#define JUMP(to, data) jump_fcontext(to, data)
#else
/* lib/task has declared it already, with a type of its own that is laid out alike. */
static inline struct transfer jump(void *to, void *data)
{
        struct ct_transfer_ t = jump_fcontext(to, data);

        return (struct transfer){t.context, t.data};
}
#define JUMP(to, data) jump(to, data)
#endif

static void visit_fcontext(struct transfer t)
{
        for (;;) {
                struct coroutine *c = t.data;

                c->visits++;
                t = JUMP(t.context, c);
        }
}

static int init_fcontext(void *self, struct worker *w)
{
        struct coroutine *c = coroutine_make();

        (void)self;
        if (!c)
                return -ENOMEM;
        c->there = make_fcontext((char *)c->stack + STACK_BYTES, STACK_BYTES, visit_fcontext);
        w->local = c;
        return 0;
}

static uint64_t run_fcontext(void *self, struct worker *w, uint64_t n)
{
        struct coroutine *c = w->local;
        uint64_t trips = (n + 1) / 2;

        (void)self;
        for (uint64_t i = 0; i < trips; i++)
                c->there = JUMP(c->there, c).context;
        return 2 * trips;
}

CONTESTANT(fcontext, "Boost.Context's jump_fcontext", CAP_BASELINE)

/* ---- lib/task's ---- */

#ifdef CT_TASK_OWN_SWITCH_

/* Entered by a jump: the stack is aligned as if it had been called. */
__attribute__((used)) static void visit_own(struct coroutine *c)
{
        for (;;) {
                c->visits++;
                (void)ct_switch_jump_(&c->there, c->here, NULL);
        }
}

/* The frame that a jump takes from where it goes: the address, then the frame pointer. */
static int init_switch_own(void *self, struct worker *w)
{
        struct coroutine *c = coroutine_make();
        void **top;

        (void)self;
        if (!c)
                return -ENOMEM;
        top = (void **)((char *)c->stack + STACK_BYTES);
        *--top = NULL; /* the return address of a function that never returns */
        *--top = NULL; /* frame pointer */
        *--top = (void *)visit_own;
        c->there = top;
        w->local = c;
        return 0;
}

static uint64_t run_switch_own(void *self, struct worker *w, uint64_t n)
{
        struct coroutine *c = w->local;
        uint64_t trips = (n + 1) / 2;

        (void)self;
        for (uint64_t i = 0; i < trips; i++)
                (void)ct_switch_jump_(&c->here, c->there, (struct ct_driver_ *)c);
        return 2 * trips;
}

CONTESTANT(switch_own, "lib/task's switch on x86-64: saves what the compiler says is live", 0)

#else

extern const struct contestant task_switch_own;
const struct contestant task_switch_own = {
        .name = "switch_own",
        .source = "lib/task's switch: Boost.Context's in this build",
        .caps = CAP_THREADS_ONLY,
};

#endif
