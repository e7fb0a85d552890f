/* What ct_chan's contestants have in common, whoever makes the channel. */
#define CHAN_TYPE struct ct_chan *
#define CHAN_FREE(c) ct_chan_free(c)
#define SEND(c, value) ct_chan_send(c, value)
#define RECV(c, out) ct_chan_recv(c, out)
#define TRY_SEND(c, value) ct_chan_try_send(c, value)
#define TRY_RECV(c, out, open) ct_chan_try_recv(c, out, open)
#define CLOSE(c) ct_chan_close(c)
#define SELECT_CASE struct ct_select_case
#define SELECT_SET(set, i, c, to)                                                                  \
        ((set)[i] = (struct ct_select_case){.op = CT_SELECT_RECV, .chan = (c), .out = (to)})
#define SELECT_DROP(set, i) ((set)[i].chan = NULL)
#define SELECT(set, n) ct_select(set, n)
#define SELECT_OPEN(set, i) ((set)[i].open)
#define WAKES_ALL
#include "channel/loop.h"
