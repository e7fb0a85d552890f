#include <oneapi/tbb/mutex.h>

#define NAME "tbb:mutex"
#define SOURCE "oneTBB " PEER_VERSION_tbb " tbb::mutex: spins, then waits on the address"
#define CAPS (PEER_CAPS | CAP_PARKS)
#define LOCK_TYPE tbb::mutex
#define LOCK_INIT(l) (new (l) tbb::mutex, 0)
#define LOCK_FINI(l) (l)->~mutex()
#define LOCK(l, node) (l)->lock()
#define UNLOCK(l, node) (l)->unlock()
