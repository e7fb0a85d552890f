/*
 * Stacks: slabs, the list of free ones, and what each carrier has at hand.
 *
 * Layout of a stack of S bytes: guard page (if any), room, the task, 0 to 15 cache lines of
 * stagger.
 */
#include "task/stack.h"

#include "base/panic.h"
#include "task/internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

#define SLAB_BYTES ((size_t)4 << 20)
#define SLAB_STACKS_LEAST 16
#define BATCH 32    /* stacks that change hands at once */
#define AT_HAND 128 /* most that a carrier keeps */
#define SERIALS 64  /* numbers that a carrier takes at once */
#define STAGGER 16  /* cache lines */
#define CANARY_BYTES 64
#define ROOM_LEAST 2048

static struct {
        struct ct_guard guard;
        struct ct_tasks_ free; /* guard */
        ct_atomic_ptr slabs;   /* newest first; added to under the guard, read by anybody */
        size_t stack, page;
        enum ct_stack_guard wanted;
        enum ct_stack_kind_ kind; /* guard: of the next slab */
        uint64_t mappings_left;   /* guard: that mprotect may still make */
} stacks;

/* ---- setting up ---- */

static uint64_t mappings_allowed(void)
{
        unsigned long long most = 0;
        FILE *f = fopen("/proc/sys/vm/max_map_count", "r");

        if (!f)
                return 0;
        if (fscanf(f, "%llu", &most) != 1)
                most = 0;
        fclose(f);
        return most / 4;
}

static bool regions_work(void)
{
        void *p =
                mmap(NULL, stacks.page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        bool work;

        if (p == MAP_FAILED)
                return false;
        work = madvise(p, stacks.page, MADV_GUARD_INSTALL) == 0;
        munmap(p, stacks.page);
        return work;
}

int ct_stack_setup_(size_t stack_bytes, enum ct_stack_guard guard)
{
        size_t page = (size_t)sysconf(_SC_PAGESIZE);

        if (!stack_bytes)
                stack_bytes = 16384;
#if defined(CT_TASK_TSAN_) || defined(CT_TASK_ASAN_)
        stack_bytes *= 8; /* their frames are that much larger */
#endif
        if (stack_bytes > ((size_t)1 << 30) || stack_bytes < 2 * page)
                return -EINVAL;
        memset(&stacks, 0, sizeof stacks);
        stacks.page = page;
        stacks.stack = (stack_bytes + page - 1) / page * page;
        stacks.wanted = guard;
        if (guard == CT_STACK_GUARD_CANARY) {
                stacks.kind = CT_STACK_CANARY_;
        } else if (regions_work()) {
                stacks.kind = CT_STACK_REGION_;
        } else {
                stacks.kind = CT_STACK_MPROTECT_;
                stacks.mappings_left = mappings_allowed();
        }
        return 0;
}

void ct_stack_teardown_(void)
{
        struct ct_slab_ *s = ct_load_ptr_relaxed(&stacks.slabs);

        ct_store_ptr_relaxed(&stacks.slabs, NULL);
        while (s) {
                struct ct_slab_ *next = s->next;

                ct_switch_slab_gone_(s->base, s->stacks * stacks.stack);
                munmap(s->base, s->stacks * stacks.stack);
                free(s);
                s = next;
        }
        memset(&stacks.free, 0, sizeof stacks.free);
}

/* ---- slabs ---- */

static bool guard_slab(struct ct_slab_ *s)
{
        for (uint32_t i = 0; i < s->stacks; i++) {
                char *low = s->base + i * stacks.stack;
                int r = s->kind == CT_STACK_REGION_ ? madvise(low, stacks.page, MADV_GUARD_INSTALL)
                                                    : mprotect(low, stacks.page, PROT_NONE);

                if (r)
                        return false;
        }
        return true;
}

static bool map_slab(struct ct_slab_ *s)
{
        size_t size = s->stacks * stacks.stack;
        void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);

        if (p == MAP_FAILED)
                return false;
        s->base = p;
        (void)madvise(p, size, MADV_NOHUGEPAGE); /* else one touched stack costs 2 MiB */
        if (s->kind == CT_STACK_CANARY_ || guard_slab(s))
                return true;
        munmap(p, size);
        return false;
}

/* Moves on to a weaker kind of guard; false where the next one is not wanted. */
static bool weaker_guard(void)
{
        if (stacks.kind == CT_STACK_REGION_) {
                stacks.kind = CT_STACK_MPROTECT_;
                stacks.mappings_left = mappings_allowed();
                return true;
        }
        if (stacks.kind == CT_STACK_CANARY_ || stacks.wanted == CT_STACK_GUARD_PAGES)
                return false;
        stacks.kind = CT_STACK_CANARY_;
        return true;
}

static struct ct_slab_ *new_slab_locked(void)
{
        struct ct_slab_ *s = calloc(1, sizeof *s);

        if (!s)
                return NULL;
        s->stacks = (uint32_t)(SLAB_BYTES / stacks.stack);
        if (s->stacks < SLAB_STACKS_LEAST)
                s->stacks = SLAB_STACKS_LEAST;
        do {
                s->kind = stacks.kind;
                if (s->kind == CT_STACK_MPROTECT_ && stacks.mappings_left < 2 * s->stacks)
                        continue;
                if (!map_slab(s))
                        continue;
                if (s->kind == CT_STACK_MPROTECT_)
                        stacks.mappings_left -= 2 * s->stacks;
                ct_switch_slab_(s->base, s->stacks * stacks.stack);
                s->next = ct_load_ptr_relaxed(&stacks.slabs);
                ct_store_ptr_release(&stacks.slabs, s); /* pairs with ct_stack_guards_ */
                return s;
        } while (weaker_guard());
        free(s);
        return NULL;
}

/* A stretch of at most `most` stacks that nobody used yet. */
static uint32_t fresh_locked(struct ct_slab_ **slab, uint32_t *from, uint32_t most)
{
        struct ct_slab_ *s = ct_load_ptr_relaxed(&stacks.slabs);
        uint32_t n;

        if (!s || s->used == s->stacks)
                s = new_slab_locked();
        if (!s)
                return 0;
        n = s->stacks - s->used < most ? s->stacks - s->used : most;
        *slab = s;
        *from = s->used;
        s->used += n;
        return n;
}

/* ---- tasks ---- */

static struct ct_task_ *task_of(const struct ct_slab_ *s, uint32_t i)
{
        char *top = s->base + (i + 1) * stacks.stack - (i % STAGGER) * CT_CACHE_LINE;

        return (struct ct_task_ *)(((uintptr_t)top - sizeof(struct ct_task_)) &
                                   ~(uintptr_t)(CT_CACHE_LINE - 1));
}

/* The first use of a stack. */
static struct ct_task_ *lay_out(const struct ct_slab_ *s, uint32_t i)
{
        struct ct_task_ *t = task_of(s, i);

        t->canary = s->kind == CT_STACK_CANARY_;
        t->low = s->base + i * stacks.stack + (t->canary ? CANARY_BYTES : stacks.page);
#ifdef CT_PLANT_task_canary_unread
        t->canary = false;
#endif
        return t;
}

static bool refill(struct ct_carrier_ *c)
{
        ct_guard_lock(&stacks.guard);
        for (int i = 0; i < BATCH && stacks.free.n; i++)
                ct_tasks_push_(&c->free, ct_tasks_pop_(&stacks.free));
        if (!c->free.n) {
                uint32_t n = fresh_locked(&c->fresh, &c->fresh_from, BATCH);

                c->fresh_to = c->fresh_from + n;
        }
        ct_guard_unlock(&stacks.guard);
        return c->free.n || c->fresh_from < c->fresh_to;
}

static struct ct_task_ *get_from_carrier(struct ct_carrier_ *c)
{
        if (!c->free.n && c->fresh_from == c->fresh_to && !refill(c))
                return NULL;
        if (!c->free.n)
                return lay_out(c->fresh, c->fresh_from++);
        return ct_tasks_pop_(&c->free);
}

static struct ct_task_ *get_from_all(void)
{
        struct ct_task_ *t;
        struct ct_slab_ *s;
        uint32_t i;

        ct_guard_lock(&stacks.guard);
        t = ct_tasks_pop_(&stacks.free);
        if (!t && fresh_locked(&s, &i, 1))
                t = lay_out(s, i);
        ct_guard_unlock(&stacks.guard);
        return t;
}

static uint64_t next_serial(struct ct_carrier_ *c)
{
        uint64_t n = c ? SERIALS : 1, first;

        if (c && c->serial != c->serial_end)
                return c->serial++;
        first = ct_add_u64_relaxed(&ct_runtime_.serial, n) + 1;
        if (c) {
                c->serial = first + 1;
                c->serial_end = first + n;
        }
        return first;
}

struct ct_task_ *ct_stack_get_(struct ct_carrier_ *c)
{
        struct ct_task_ *t = c ? get_from_carrier(c) : get_from_all();

        if (!t)
                return NULL;
        t->context = ct_switch_make_(t, (size_t)((char *)t - t->low));
        t->serial = next_serial(c);
        t->state = CT_TASK_ALIVE_;
        t->blocking = 0;
        t->frame = NULL;
        ct_switch_born_(t);
        return t;
}

static void spill(struct ct_carrier_ *c)
{
        ct_guard_lock(&stacks.guard);
        for (int i = 0; i < AT_HAND / 2; i++)
                ct_tasks_push_(&stacks.free, ct_tasks_pop_(&c->free));
        ct_guard_unlock(&stacks.guard);
}

void ct_stack_put_(struct ct_carrier_ *c, struct ct_task_ *t)
{
        ct_switch_gone_(t);
        t->state = CT_TASK_FREE_;
        /* In front: its pages are warm. */
        t->next = c->free.head;
        if (!t->next)
                c->free.tail = t;
        c->free.head = t;
        if (++c->free.n > AT_HAND)
                spill(c);
}

/* ---- watching ---- */

void ct_stack_check_slow_(struct ct_task_ *t)
{
        static const char zero[CANARY_BYTES];
        size_t size = (size_t)((char *)t - t->low);
        char *canary = t->low - CANARY_BYTES;

        if ((char *)t->context < t->low || (t->canary && memcmp(canary, zero, CANARY_BYTES)))
                ct_panic("task", t, "stack overflow: task %llu used more than its %zu bytes",
                         (unsigned long long)t->serial, size);
}

struct ct_task_ *ct_stack_guards_(const void *address)
{
        const struct ct_slab_ *s = ct_load_ptr_acquire(&stacks.slabs); /* pairs with new_slab */
        const char *a = address;

        for (; s; s = s->next) {
                size_t offset = (size_t)(a - s->base);

                if (a < s->base || offset >= s->stacks * stacks.stack)
                        continue;
                if (s->kind == CT_STACK_CANARY_ || offset % stacks.stack >= stacks.page)
                        return NULL;
                return task_of(s, (uint32_t)(offset / stacks.stack));
        }
        return NULL;
}

void ct_stack_each_(void (*fn)(struct ct_task_ *t, void *arg), void *arg)
{
        for (struct ct_slab_ *s = ct_load_ptr_relaxed(&stacks.slabs); s; s = s->next)
                for (uint32_t i = 0; i < s->used; i++)
                        if (task_of(s, i)->state == CT_TASK_ALIVE_)
                                fn(task_of(s, i), arg);
}

void ct_stack_info_(struct ct_runtime_info *info)
{
        static const char *const names[] = {"guard region", "mprotect", "canary"};
        struct ct_slab_ *s;

        ct_guard_lock(&stacks.guard);
        info->stack_bytes = stacks.stack;
        info->guard_how = names[stacks.kind];
        for (s = ct_load_ptr_relaxed(&stacks.slabs); s; s = s->next)
                *(s->kind == CT_STACK_CANARY_ ? &info->guardless : &info->guarded) += s->stacks;
        ct_guard_unlock(&stacks.guard);
}
