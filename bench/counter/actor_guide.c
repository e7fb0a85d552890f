#include "counter/counter.h"

#define CONTESTANT counter_actor_guide
#define NAME "actor_guide"
#define SOURCE                                                                                     \
        "\"Go Concurrency Patterns: A Practical Walkthrough\", resource keeper: unbuffered, each " \
        "increment waits for its reply"
#define CAPS (CAP_PARKS | CAP_SECTION | CAP_THREADS | CAP_THREADS_ONLY)
#define MAILBOX 0
#define INCREMENT(actor, message, reply) ct_actor_guide_ask(actor, message, reply)
#include "counter/acting.h"
