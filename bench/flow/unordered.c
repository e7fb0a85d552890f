/* Results as they come: what order costs is the difference to this one. */
#include "flow/fanned.h"

static int start(struct flow_desk *d)
{
        d->plan.in_order = false;
        return fanned_start(d);
}

#define next fanned_next
#define finish fanned_finish
#include "flow/stream.h"

ORDERED_CONTESTANT(unordered, "lib/flow: fan-out, results as they come");
