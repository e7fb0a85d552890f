#include "counter/counter.h"

/* The owner never waits for those it serves, so a window ends as soon as the mailbox has drained.
 */
#define CONTESTANT counter_actor_guide_async
#define NAME "actor_guide_async"
#define SOURCE                                                                                     \
        "\"Go Concurrency Patterns - Learning Reference\", stateful goroutine: buffered updates, " \
        "reads by request"
#define CAPS (CAP_PARKS | CAP_SECTION | CAP_THREADS | CAP_THREADS_ONLY)
#define MAILBOX 100
#define INCREMENT(actor, message, reply) ((void)(reply), ct_actor_guide_tell(actor, message))
#include "counter/acting.h"
