#include <nsync_mu.h>

#define NAME "nsync:mu"
#define SOURCE "nsync " PEER_VERSION_nsync " nsync_mu, both lock and rlock"
#define CAPS (PEER_CAPS | CAP_PARKS)
#define ALSO_MUTEX
#define LOCK_TYPE nsync_mu
#define LOCK_INIT(l) (nsync_mu_init(l), 0)
#define LOCK_FINI(l) ((void)(l)) /* nsync has none */
#define LOCK(l, node) nsync_mu_lock(l)
#define UNLOCK(l, node) nsync_mu_unlock(l)
#define RLOCK(l, node) nsync_mu_rlock(l)
#define RUNLOCK(l, node) nsync_mu_runlock(l)
