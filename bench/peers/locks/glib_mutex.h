#include <glib.h>

#define NAME "glib:GMutex"
#define SOURCE "GLib " PEER_VERSION_glib " GMutex"
#define CAPS (PEER_CAPS | CAP_PARKS)
#define LOCK_TYPE GMutex
#define LOCK_INIT(l) (g_mutex_init(l), 0)
#define LOCK_FINI(l) g_mutex_clear(l)
#define LOCK(l, node) g_mutex_lock(l)
#define UNLOCK(l, node) g_mutex_unlock(l)
