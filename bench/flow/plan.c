/* What is done with the items, and what must come out. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/hash.h"
#include "flow/flow.h"
#include "harness/work.h"
#include "task/task.h"

enum { HEAVY_EVERY = 16 }; /* items of `ordered` */

static unsigned at_least_one(int64_t param)
{
        return param > 0 ? (unsigned)param : 1;
}

/* The least of many, each window's some: one in a hundred is half as long again where something
   else shares the core, and would shorten every item of the block. */
static double calibrate(void)
{
        enum { CALIBRATIONS = 4 };
        static double best; /* one block, one process, one worker that asks */

        for (int i = 0; i < CALIBRATIONS; i++) {
                double again = work_calibrate();

                best = best == 0 || again < best ? again : best;
        }
        return best;
}

int flow_plan_make(struct flow_plan *plan, const struct worker *w)
{
        const int64_t *p = w->params->value;
        unsigned width = at_least_one(p[P_WIDTH]);

        *plan = (struct flow_plan){
                .workload = w->workload,
                .depth = w->workload == ETL ? 3 : at_least_one(p[P_DEPTH]),
                .capacity = p[P_CAPACITY] > 0 ? (size_t)p[P_CAPACITY] : 0,
                .in_order = w->workload == ORDERED || w->workload == ETL,
        };
        if (plan->depth > FLOW_STAGES_MAX)
                return -EINVAL;
        for (unsigned s = 0; s < plan->depth; s++)
                plan->width[s] = w->workload == ETL && s != 1 ? 1 : width;
        if (p[P_COMPUTE_US] > 0)
                plan->turns = work_turns(p[P_COMPUTE_US] * CT_NS_PER_US, calibrate());
        return w->workload >= IMAGE ? flow_inputs_get(&plan->inputs, w->workload) : 0;
}

static uint64_t turns_of(const struct flow_plan *plan, uint64_t id)
{
        if (plan->workload != ORDERED)
                return plan->turns;
        return ct_hash_u64(id, 0) % HEAVY_EVERY ? plan->turns / 2 : plan->turns / 2 * 17;
}

static uint64_t step(uint64_t result, unsigned stage)
{
        return ct_hash_u64(result, stage + 1);
}

void flow_stage(const struct flow_plan *plan, unsigned stage, struct flow_item *item)
{
        if (plan->inputs) {
                item->data = flow_input_stage(plan->inputs, stage, item->id, item->data);
        } else {
                work_spin(turns_of(plan, item->id));
                item->result = step(item->result, stage);
        }
        ct_checkpoint(); /* an item may take as long as a time slice */
}

bool flow_item_right(const struct flow_plan *plan, struct flow_item *item)
{
        uint64_t result = item->id;
        bool right;

        if (plan->inputs) {
                right = item->data && flow_input_right(plan->inputs, item->id, item->data);
                free(item->data);
                item->data = NULL;
                return right;
        }
        for (unsigned s = 0; s < plan->depth; s++)
                result = step(result, s);
        return item->result == result;
}
