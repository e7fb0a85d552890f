/* A configuration under a lock: LOCK_TYPE, LOCK_INIT(l) (0 or an errno value), LOCK_FINI(l), LOCK,
   UNLOCK, and RLOCK and RUNLOCK where readers may share it. */

#ifndef RLOCK
#define RLOCK LOCK
#define RUNLOCK UNLOCK
#endif

struct locked_value {
        LOCK_TYPE lock;
        struct config config;
};

static inline bool locked_is_torn(struct locked_value *v)
{
        bool torn;

        RLOCK(&v->lock);
        torn = config_is_torn(&v->config);
        RUNLOCK(&v->lock);
        return torn;
}

static inline int locked_replace(struct locked_value *v, uint64_t number)
{
        LOCK(&v->lock);
        v->config = config_of(number);
        UNLOCK(&v->lock);
        return 0;
}

#define VALUE_TYPE struct locked_value
#define VALUE_INIT(v) (-LOCK_INIT(&(v)->lock))
#define VALUE_FINI(v) LOCK_FINI(&(v)->lock)
#define IS_TORN locked_is_torn
#define REPLACE locked_replace
#include "sync/loop_value.h"
