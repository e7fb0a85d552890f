#include "chan/chan_guide.h"

#include "channel/channel.h"

#define CONTESTANT channel_guide
#define NAME "guide"
#define SOURCE                                                                                     \
        "\"The Complete Guide to Go Concurrency Patterns\": a ring behind a mutex and two "        \
        "conditions"
#define CAPS (CAP_PARKS | CAP_THREADS_ONLY)
#define CHAN_TYPE struct ct_chan_guide *
#define CHAN_NEW(c, bytes, capacity) ct_chan_guide_new(&(c), bytes, capacity)
#define CHAN_FREE(c) ct_chan_guide_free(c)
#define SEND(c, value) ct_chan_guide_send(c, value)
#define RECV(c, out) ct_chan_guide_recv(c, out)
#define TRY_SEND(c, value) ct_chan_guide_try_send(c, value)
#define TRY_RECV(c, out, open) ct_chan_guide_try_recv(c, out, open)
#define CLOSE(c) ct_chan_guide_close(c)
#define SELECT_CASE struct ct_chan_guide_case
#define SELECT_SET(set, i, c, to)                                                                  \
        ((set)[i] = (struct ct_chan_guide_case){.op = CT_CHAN_GUIDE_RECV, .chan = (c), .out = (to)})
#define SELECT_DROP(set, i) ((set)[i].chan = NULL)
#define SELECT(set, n) ct_chan_guide_select(set, n)
#define SELECT_OPEN(set, i) ((set)[i].open)
#define WAKES_ALL
#include "channel/loop.h"
