#include "chan/chan.h"
#include "chan/select.h"

#include "channel/channel.h"

#define CONTESTANT channel_chan
#define NAME "chan"
#define SOURCE "ct_chan: Go's channel as an algorithm, own code"
#define CAPS CAP_PARKS
#define CHAN_NEW(c, bytes, capacity) ct_chan_new(&(c), bytes, capacity)
#include "channel/ours.h"
