#include <shared_mutex>

#define NAME "std:shared_mutex"
#define SOURCE "libstdc++ of " PEER_VERSION_std " std::shared_mutex"
#define CAPS (PEER_CAPS | CAP_PARKS)
#define LOCK_TYPE std::shared_mutex
#define LOCK_INIT(l) (new (l) std::shared_mutex, 0)
#define LOCK_FINI(l) (l)->~shared_mutex()
#define LOCK(l, node) (l)->lock()
#define UNLOCK(l, node) (l)->unlock()
#define RLOCK(l, node) (l)->lock_shared()
#define RUNLOCK(l, node) (l)->unlock_shared()
