#include <glib.h>

#define NAME "glib:GRWLock"
#define SOURCE "GLib " PEER_VERSION_glib " GRWLock"
#define CAPS (PEER_CAPS | CAP_PARKS)
#define LOCK_TYPE GRWLock
#define LOCK_INIT(l) (g_rw_lock_init(l), 0)
#define LOCK_FINI(l) g_rw_lock_clear(l)
#define LOCK(l, node) g_rw_lock_writer_lock(l)
#define UNLOCK(l, node) g_rw_lock_writer_unlock(l)
#define RLOCK(l, node) g_rw_lock_reader_lock(l)
#define RUNLOCK(l, node) g_rw_lock_reader_unlock(l)
