#include "counter/counter.h"

#define CONTESTANT counter_actor_unbuffered
#define NAME "actor_unbuffered"
#define SOURCE "the guides' actor on ct_chan, capacity 0: each increment waits for its reply"
#define CAPS (CAP_PARKS | CAP_SECTION | CAP_THREADS)
#define KIND CT_ACTOR_UNBUFFERED
#define CAPACITY 0
#define INCREMENT ct_actor_ask
#include "counter/actors.h"
