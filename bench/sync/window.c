#include "base/parker.h"
#include "sync/sync.h"

enum { LOOKS_BEFORE_YIELD = 64 };

bool sync_gate_pass(struct sync_gate *g, unsigned workers)
{
        uint64_t meeting = __atomic_load_n(&g->meetings, __ATOMIC_RELAXED);

        /* Whoever is the last sees what all the others did, and they what it does from here on:
           acquire and release on both words, which pair with each other. */
        if (__atomic_add_fetch(&g->arrived, 1, __ATOMIC_ACQ_REL) == workers) {
                __atomic_store_n(&g->arrived, 0, __ATOMIC_RELAXED);
                __atomic_store_n(&g->meetings, meeting + 1, __ATOMIC_RELEASE);
                return true;
        }
        for (unsigned i = 0; __atomic_load_n(&g->meetings, __ATOMIC_ACQUIRE) == meeting; i++) {
                if (__atomic_load_n(&g->closed, __ATOMIC_ACQUIRE))
                        return false;
                if (i < LOOKS_BEFORE_YIELD)
                        ct_pause();
                else
                        ct_parker_ops_self()->yield();
        }
        return true;
}

void sync_gate_close(struct sync_gate *g)
{
        __atomic_store_n(&g->closed, 1, __ATOMIC_RELEASE);
}

int sync_worker_begin(void *self, struct worker *w)
{
        struct sync_worker *l = aligned_alloc(CT_CACHE_PAIR, sizeof *l);

        (void)self;
        if (!l)
                return -ENOMEM;
        *l = (struct sync_worker){0};
        w->local = l;
        return 0;
}

void sync_worker_end(void *self, struct worker *w)
{
        (void)self;
        free(w->local);
        w->local = NULL;
}
