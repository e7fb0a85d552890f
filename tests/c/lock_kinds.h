/* Every mutex and every readers-writer lock of lib/sync, as tables of verbs: one contract, one set
   of tests. */
#ifndef CT_TESTS_LOCK_KINDS_H
#define CT_TESTS_LOCK_KINDS_H

#include "sync/mutex.h"
#include "sync/mutex_asym.h"
#include "sync/rwmutex.h"
#include "sync/rwmutex_slots.h"

#include <string.h>

union any_mutex {
        struct ct_mutex go;
        struct ct_mutex_asym asym;
};

struct mutex_kind {
        const char *name, *panics_as;
        void (*lock)(union any_mutex *);
        bool (*try_lock)(union any_mutex *);
        int (*lock_until)(union any_mutex *, int64_t);
        void (*unlock)(union any_mutex *);
        uint32_t (*waiters)(const union any_mutex *);
        void (*fini)(union any_mutex *);
        bool (*idle)(const union any_mutex *);
        unsigned (*asleep)(union any_mutex *); /* waiters past their last look at the mutex */
};

static inline unsigned count_asleep(struct ct_guard *guard, const struct ct_waitlist *queue)
{
        unsigned n = 0;

        ct_guard_lock(guard);
        for (const struct ct_wait_node *w = queue->head; w; w = w->next)
                n += ct_load_u32_relaxed(&w->waiter.word) == CT_WAITER_PARKED_;
        ct_guard_unlock(guard);
        return n;
}

#define MUTEX_VERBS(m, member, ct)                                                                 \
        static inline void m##_lock(union any_mutex *u)                                            \
        {                                                                                          \
                ct##_lock(&u->member);                                                             \
        }                                                                                          \
        static inline bool m##_try(union any_mutex *u)                                             \
        {                                                                                          \
                return ct##_try_lock(&u->member);                                                  \
        }                                                                                          \
        static inline int m##_until(union any_mutex *u, int64_t t)                                 \
        {                                                                                          \
                return ct##_lock_until(&u->member, t);                                             \
        }                                                                                          \
        static inline void m##_unlock(union any_mutex *u)                                          \
        {                                                                                          \
                ct##_unlock(&u->member);                                                           \
        }                                                                                          \
        static inline uint32_t m##_waiters(const union any_mutex *u)                               \
        {                                                                                          \
                return ct##_waiters(&u->member);                                                   \
        }                                                                                          \
        static inline void m##_fini(union any_mutex *u)                                            \
        {                                                                                          \
                ct##_fini(&u->member);                                                             \
        }                                                                                          \
        static inline unsigned m##_asleep(union any_mutex *u)                                      \
        {                                                                                          \
                return count_asleep(&u->member.guard, &u->member.queue);                           \
        }

MUTEX_VERBS(go, go, ct_mutex)
MUTEX_VERBS(asym, asym, ct_mutex_asym)

static inline bool go_idle(const union any_mutex *u)
{
        return ct_load_u32_relaxed(&u->go.state) == 0 && !u->go.queue.head && !u->go.queue.tail;
}

static inline bool asym_idle(const union any_mutex *u)
{
        const struct ct_mutex_asym *m = &u->asym;

        return !ct_load_u32_relaxed(&m->held) && !ct_load_u32_relaxed(&m->mark) && !m->queue.head &&
               !m->queue.tail;
}

#define MUTEX_KIND(m, said)                                                                        \
        {                                                                                          \
                "mutex_" #m, said, m##_lock, m##_try, m##_until, m##_unlock, m##_waiters,          \
                        m##_fini, m##_idle, m##_asleep                                             \
        }

static const struct mutex_kind MUTEX_KINDS[] = {
        MUTEX_KIND(go, "panic: ct_mutex 0x"),
        MUTEX_KIND(asym, "panic: ct_mutex_asym 0x"),
};

#define FOR_EACH_MUTEX(k)                                                                          \
        for (const struct mutex_kind *k = MUTEX_KINDS;                                             \
             k < MUTEX_KINDS + sizeof MUTEX_KINDS / sizeof *k; k++)

union any_rwlock {
        struct ct_rwmutex go;
        struct ct_rwmutex_slots slots;
};

struct rwlock_kind {
        const char *name, *panics_as;
        void (*lock)(union any_rwlock *);
        bool (*try_lock)(union any_rwlock *);
        int (*lock_until)(union any_rwlock *, int64_t);
        void (*unlock)(union any_rwlock *);
        void (*rlock)(union any_rwlock *);
        bool (*try_rlock)(union any_rwlock *);
        int (*rlock_until)(union any_rwlock *, int64_t);
        void (*runlock)(union any_rwlock *);
        uint32_t (*waiting_readers)(union any_rwlock *);
        void (*fini)(union any_rwlock *);
        bool (*announced)(const union any_rwlock *); /* a writer has it or waits for readers */
        uint32_t (*waiting_writers)(const union any_rwlock *);
};

#define RWLOCK_VERBS(m, member, ct)                                                                \
        static inline void m##_lock(union any_rwlock *u)                                           \
        {                                                                                          \
                ct##_lock(&u->member);                                                             \
        }                                                                                          \
        static inline bool m##_try(union any_rwlock *u)                                            \
        {                                                                                          \
                return ct##_try_lock(&u->member);                                                  \
        }                                                                                          \
        static inline int m##_until(union any_rwlock *u, int64_t t)                                \
        {                                                                                          \
                return ct##_lock_until(&u->member, t);                                             \
        }                                                                                          \
        static inline void m##_unlock(union any_rwlock *u)                                         \
        {                                                                                          \
                ct##_unlock(&u->member);                                                           \
        }                                                                                          \
        static inline void m##_rlock(union any_rwlock *u)                                          \
        {                                                                                          \
                ct##_rlock(&u->member);                                                            \
        }                                                                                          \
        static inline bool m##_rtry(union any_rwlock *u)                                           \
        {                                                                                          \
                return ct##_try_rlock(&u->member);                                                 \
        }                                                                                          \
        static inline int m##_runtil(union any_rwlock *u, int64_t t)                               \
        {                                                                                          \
                return ct##_rlock_until(&u->member, t);                                            \
        }                                                                                          \
        static inline void m##_runlock(union any_rwlock *u)                                        \
        {                                                                                          \
                ct##_runlock(&u->member);                                                          \
        }                                                                                          \
        static inline uint32_t m##_waiting(union any_rwlock *u)                                    \
        {                                                                                          \
                return ct##_waiting_readers(&u->member);                                           \
        }                                                                                          \
        static inline void m##_fini(union any_rwlock *u)                                           \
        {                                                                                          \
                ct##_fini(&u->member);                                                             \
        }

RWLOCK_VERBS(rwgo, go, ct_rwmutex)
RWLOCK_VERBS(rwslots, slots, ct_rwmutex_slots)

static inline bool rwgo_announced(const union any_rwlock *u)
{
        return ct_load_u64_relaxed(&u->go.state) & CT_RWMUTEX_PHASE_;
}

static inline bool rwslots_announced(const union any_rwlock *u)
{
        return ct_load_u32_relaxed(&u->slots.writers.held);
}

static inline uint32_t rwgo_writers(const union any_rwlock *u)
{
        return ct_mutex_waiters(&u->go.writers);
}

static inline uint32_t rwslots_writers(const union any_rwlock *u)
{
        return ct_mutex_asym_waiters(&u->slots.writers);
}

#define RWLOCK_KIND(m, name, said)                                                                 \
        {                                                                                          \
                name, said, m##_lock, m##_try, m##_until, m##_unlock, m##_rlock, m##_rtry,         \
                        m##_runtil, m##_runlock, m##_waiting, m##_fini, m##_announced, m##_writers \
        }

static const struct rwlock_kind RWLOCK_KINDS[] = {
        RWLOCK_KIND(rwgo, "rwmutex_go", "panic: ct_rwmutex 0x"),
        RWLOCK_KIND(rwslots, "rwmutex_slots", "panic: ct_rwmutex_slots 0x"),
};

#define FOR_EACH_RWLOCK(k)                                                                         \
        for (const struct rwlock_kind *k = RWLOCK_KINDS;                                           \
             k < RWLOCK_KINDS + sizeof RWLOCK_KINDS / sizeof *k; k++)

#endif
