#include "peers/cxx.h"

#include <absl/synchronization/mutex.h>

#include "sync/sync.h"

#include "peers/peer.h"

#define CONTESTANT sync_absl_cond
#define NAME "absl:CondVar"
#define SOURCE "Abseil " PEER_VERSION_absl " absl::CondVar on absl::Mutex"
#define CAPS (PEER_CAPS | CAP_PARKS)
#define MUTEX_TYPE absl::Mutex
#define MUTEX_INIT(m) (new (m) absl::Mutex, 0)
#define MUTEX_FINI(m) (m)->~Mutex()
#define LOCK(m) (m)->Lock()
#define UNLOCK(m) (m)->Unlock()
#define COND_TYPE absl::CondVar
#define COND_INIT(c) (new (c) absl::CondVar, 0)
#define COND_FINI(c) (c)->~CondVar()
#define WAIT(c, m) (c)->Wait(m)
#define SIGNAL(c) (c)->Signal()
#define BROADCAST(c) (c)->SignalAll()
#include "sync/loop_cond.h"
