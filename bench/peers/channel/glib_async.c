#include <glib.h>

#include "channel/channel.h"

#include "peers/channel/end_mark.h"
#include "peers/peer.h"

static inline bool async_recv(GAsyncQueue *q, uint64_t *out)
{
        gpointer v = g_async_queue_pop(q);

        if ((uintptr_t)v == END_MARK) {
                g_async_queue_push(q, v);
                return false;
        }
        *out = (uintptr_t)v;
        return true;
}

static inline int async_new(GAsyncQueue **q)
{
        *q = g_async_queue_new(); /* ends the process where there is no memory, as all of GLib */
        return 0;
}

#define CONTESTANT channel_glib_async
#define NAME "glib:GAsyncQueue"
#define SOURCE                                                                                     \
        "GLib " PEER_VERSION_glib                                                                  \
        " GAsyncQueue (other contract: unbounded, no close; an end mark instead)"
#define CAPS (CAP_BASELINE | CAP_THREADS_ONLY | CAP_PARKS | CAP_UNBOUNDED | CAP_WORDS)
#define CHAN_TYPE GAsyncQueue *
#define CHAN_NEW(c, bytes, capacity) ((void)(bytes), (void)(capacity), async_new(&(c)))
#define CHAN_FREE(c) g_async_queue_unref(c)
#define SEND(c, value) g_async_queue_push(c, (gpointer)(uintptr_t) * (value))
#define RECV(c, out) async_recv(c, out)
#define CLOSE(c) g_async_queue_push(c, (gpointer)END_MARK)
#include "channel/loop.h"
