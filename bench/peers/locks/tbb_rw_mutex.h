#include <oneapi/tbb/rw_mutex.h>

#define NAME "tbb:rw_mutex"
#define SOURCE "oneTBB " PEER_VERSION_tbb " tbb::rw_mutex: spins, then waits on the address"
#define CAPS (PEER_CAPS | CAP_PARKS)
#define LOCK_TYPE tbb::rw_mutex
#define LOCK_INIT(l) (new (l) tbb::rw_mutex, 0)
#define LOCK_FINI(l) (l)->~rw_mutex()
#define LOCK(l, node) (l)->lock()
#define UNLOCK(l, node) (l)->unlock()
#define RLOCK(l, node) (l)->lock_shared()
#define RUNLOCK(l, node) (l)->unlock_shared()
