#include "counter/counter.h"

#define CONTESTANT counter_actor_batched
#define NAME "actor_batched"
#define SOURCE "own: a list that the owner takes whole; each increment waits for its reply"
#define CAPS (CAP_PARKS | CAP_SECTION | CAP_THREADS)
#define KIND CT_ACTOR_BATCHED
#define CAPACITY 64
#define INCREMENT ct_actor_ask
#include "counter/actors.h"
