#include <absl/synchronization/mutex.h>

#define NAME "absl:Mutex"
#define SOURCE "Abseil " PEER_VERSION_absl " absl::Mutex, both Lock and ReaderLock"
#define CAPS (PEER_CAPS | CAP_PARKS)
#define ALSO_MUTEX
#define LOCK_TYPE absl::Mutex
#define LOCK_INIT(l) (new (l) absl::Mutex, 0)
#define LOCK_FINI(l) (l)->~Mutex()
#define LOCK(l, node) (l)->Lock()
#define UNLOCK(l, node) (l)->Unlock()
#define RLOCK(l, node) (l)->ReaderLock()
#define RUNLOCK(l, node) (l)->ReaderUnlock()
