#include <glib.h>

#include "sync/sync.h"

#include "peers/peer.h"

#define CONTESTANT sync_glib_cond
#define NAME "glib:GCond"
#define SOURCE "GLib " PEER_VERSION_glib " GCond on GMutex"
#define CAPS (PEER_CAPS | CAP_PARKS)
#define MUTEX_TYPE GMutex
#define MUTEX_INIT(m) (g_mutex_init(m), 0)
#define MUTEX_FINI(m) g_mutex_clear(m)
#define LOCK(m) g_mutex_lock(m)
#define UNLOCK(m) g_mutex_unlock(m)
#define COND_TYPE GCond
#define COND_INIT(c) (g_cond_init(c), 0)
#define COND_FINI(c) g_cond_clear(c)
#define WAIT(c, m) g_cond_wait(c, m)
#define SIGNAL(c) g_cond_signal(c)
#define BROADCAST(c) g_cond_broadcast(c)
#include "sync/loop_cond.h"
