#include "counter/counter.h"

#define CONTESTANT counter_actor_combining_async
#define NAME "actor_combining_async"
#define SOURCE                                                                                     \
        "own: flat combining (Hendler et al., SPAA 2010) under a biased lock; updates are told"
#define CAPS (CAP_PARKS | CAP_SECTION)
#define KIND CT_ACTOR_COMBINING
#define CAPACITY 0
#define INCREMENT ct_actor_tell
#include "counter/actors.h"
