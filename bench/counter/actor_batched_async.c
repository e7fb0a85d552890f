#include "counter/counter.h"

#define CONTESTANT counter_actor_batched_async
#define NAME "actor_batched_async"
#define SOURCE "own: a list that the owner takes whole; updates are told, reads by request"
#define CAPS (CAP_PARKS | CAP_SECTION | CAP_THREADS)
#define KIND CT_ACTOR_BATCHED
#define CAPACITY 1024
#define INCREMENT ct_actor_tell
#include "counter/actors.h"
