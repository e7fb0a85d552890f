#include "counter/counter.h"

#define CONTESTANT counter_actor_buffered_async
#define NAME "actor_buffered_async"
#define SOURCE "the guides' actor on ct_chan, capacity 64: updates are told, reads by request"
#define CAPS (CAP_PARKS | CAP_SECTION | CAP_THREADS)
#define KIND CT_ACTOR_BUFFERED
#define CAPACITY 64
#define INCREMENT ct_actor_tell
#include "counter/actors.h"
