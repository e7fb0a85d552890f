#include "chan/chan.h"
#include "chan/select.h"

#include "channel/channel.h"

#define CONTESTANT channel_chan_spsc
#define NAME "chan_spsc"
#define SOURCE "ct_chan declared for one sender and one receiver: 1:1 and capacity >= 1 only"
#define CAPS (CAP_PARKS | CAP_PAIR | CAP_BUFFERED)
#define CHAN_NEW(c, bytes, capacity) ct_chan_new_spsc(&(c), bytes, capacity)
#include "channel/ours.h"
