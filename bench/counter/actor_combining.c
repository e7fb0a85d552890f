#include "counter/counter.h"

#define CONTESTANT counter_actor_combining
#define NAME "actor_combining"
#define SOURCE                                                                                     \
        "own: flat combining (Hendler et al., SPAA 2010) under a biased lock; each increment has " \
        "its reply"
#define CAPS (CAP_PARKS | CAP_SECTION)
#define KIND CT_ACTOR_COMBINING
#define CAPACITY 0
#define INCREMENT ct_actor_ask
#include "counter/actors.h"
