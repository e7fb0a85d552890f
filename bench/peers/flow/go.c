#include "flow/flow.h"

#include "harness/topology.h"
#include "peers/go_child.h"

/* Goroutines are Go's tasks: on as many CPUs as the process may use, as our carriers. One program
   for all windows of a block: what it knows of the length of a turn gets better with each. */
static int on_all_pus(const struct outside_spec *spec, struct outside_answer *answer)
{
        struct outside_spec wide = *spec;

        wide.cpus = NULL;
        wide.pus = (unsigned)topology_pus(spec->topology);
        return go_child_window(&wide, answer);
}

extern const struct contestant flow_go_pipeline;
const struct contestant flow_go_pipeline = {
        .name = "go:pipeline",
        .source = GO_SOURCE "goroutines that range over channels, p_width of them for each stage",
        .caps = CAP_TASKS_ONLY | CAP_THREADS,
        .outside = {[FAN_OUT] = on_all_pus, [PIPELINE] = on_all_pus},
};
