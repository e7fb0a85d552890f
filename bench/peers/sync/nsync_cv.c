#include <nsync_mu.h>

#include <nsync_cv.h>

#include "sync/sync.h"

#include "peers/peer.h"

#define CONTESTANT sync_nsync_cv
#define NAME "nsync:cv"
#define SOURCE "nsync " PEER_VERSION_nsync " nsync_cv on nsync_mu"
#define CAPS (PEER_CAPS | CAP_PARKS)
#define MUTEX_TYPE nsync_mu
#define LOCK(m) nsync_mu_lock(m)
#define UNLOCK(m) nsync_mu_unlock(m)
#define COND_TYPE nsync_cv
#define WAIT(c, m) nsync_cv_wait(c, m)
#define SIGNAL(c) nsync_cv_signal(c)
#define BROADCAST(c) nsync_cv_broadcast(c)
#include "sync/loop_cond.h"
