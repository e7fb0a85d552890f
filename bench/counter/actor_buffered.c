#include "counter/counter.h"

#define CONTESTANT counter_actor_buffered
#define NAME "actor_buffered"
#define SOURCE "the guides' actor on ct_chan, capacity 64: each increment waits for its reply"
#define CAPS (CAP_PARKS | CAP_SECTION | CAP_THREADS)
#define KIND CT_ACTOR_BUFFERED
#define CAPACITY 64
#define INCREMENT ct_actor_ask
#include "counter/actors.h"
