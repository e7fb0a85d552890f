#include <nsync_mu.h>
#include <nsync_once.h>

#include "sync/sync.h"

#include "peers/peer.h"

static const nsync_once fresh = NSYNC_ONCE_INIT;

#define CONTESTANT sync_nsync_once
#define NAME "nsync:once"
#define SOURCE "nsync " PEER_VERSION_nsync " nsync_run_once_arg"
#define CAPS (PEER_CAPS | CAP_PARKS)
#define ONCE_TYPE nsync_once
#define ONCE_INIT(o) (*(o) = fresh)
#define ONCE_DO(o, fn, arg) nsync_run_once_arg(o, fn, arg)
#include "sync/loop_once.h"
