#include <mutex>

#define NAME "std:mutex"
#define SOURCE "libstdc++ of " PEER_VERSION_std " std::mutex"
#define CAPS (PEER_CAPS | CAP_PARKS)
#define LOCK_TYPE std::mutex
#define LOCK_INIT(l) (new (l) std::mutex, 0)
#define LOCK_FINI(l) (l)->~mutex()
#define LOCK(l, node) (l)->lock()
#define UNLOCK(l, node) (l)->unlock()
