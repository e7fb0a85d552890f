#include "peers/cxx.h"

#include <condition_variable>
#include <mutex>

#include "sync/sync.h"

#include "peers/peer.h"

/* The loop locks and unlocks by itself: the guard that wait() wants is lent the mutex. */
static inline void wait_on(std::condition_variable *c, std::mutex *m)
{
        std::unique_lock<std::mutex> held(*m, std::adopt_lock);

        c->wait(held);
        held.release();
}

#define CONTESTANT sync_std_cond
#define NAME "std:condition_variable"
#define SOURCE "libstdc++ of " PEER_VERSION_std " std::condition_variable on std::mutex"
#define CAPS (PEER_CAPS | CAP_PARKS)
#define MUTEX_TYPE std::mutex
#define MUTEX_INIT(m) (new (m) std::mutex, 0)
#define MUTEX_FINI(m) (m)->~mutex()
#define LOCK(m) (m)->lock()
#define UNLOCK(m) (m)->unlock()
#define COND_TYPE std::condition_variable
#define COND_INIT(c) (new (c) std::condition_variable, 0)
#define COND_FINI(c) (c)->~condition_variable()
#define WAIT(c, m) wait_on(c, m)
#define SIGNAL(c) (c)->notify_one()
#define BROADCAST(c) (c)->notify_all()
#include "sync/loop_cond.h"
