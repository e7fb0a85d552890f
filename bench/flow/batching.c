#include "flow/batching.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/parker.h"
#include "harness/work.h"
#include "task/task.h"

int batching_new(struct batching **out, struct worker *w)
{
        const int64_t *p = w->params->value;
        struct batching *b = aligned_alloc(CT_CACHE_PAIR, sizeof *b);
        int rc;

        *out = b;
        if (!b)
                return -ENOMEM;
        memset(b, 0, sizeof *b);
        rc = flow_plan_make(&b->plan, w);
        if (rc) {
                free(b);
                return rc;
        }
        b->most = p[P_BATCH] > 0 ? (size_t)p[P_BATCH] : 1;
        b->age_ns = p[P_AGE_US] > 0 ? p[P_AGE_US] * CT_NS_PER_US : CT_FOREVER;
        b->step_ns = p[P_RATE_PER_S] > 0 ? 1e9 / (double)p[P_RATE_PER_S] : 0;
        return 0;
}

static int64_t await(struct batching *b)
{
        int64_t due;

        if (!b->begun_ns)
                b->begun_ns = ct_now_ns();
        due = b->begun_ns + (int64_t)((double)b->made * b->step_ns);
        while (ct_now_ns() < due)
                ct_parker_ops_self()->yield();
        return due;
}

void batching_item(struct batching *b, struct batch_item *item)
{
        *item = (struct batch_item){.id = b->made};
        if (b->step_ns > 0)
                item->due = await(b);
        else if (b->made % FLOW_SAMPLE_EVERY == 0)
                item->due = ct_now_ns();
        b->made++;
}

void batching_process(struct batching *b, const struct batch_item *item, size_t n, bool aged)
{
        int64_t now;

        work_spin(b->plan.turns);
        now = ct_now_ns();
        for (size_t i = 0; i < n; i++) {
                b->wrong += item[i].id != b->taken++;
                if (item[i].due)
                        ct_histogram_record(&b->latency,
                                            now > item[i].due ? (uint64_t)(now - item[i].due) : 0);
        }
        b->wrong += n == 0 || n > b->most;
        b->batches++;
        b->aged += aged;
        ct_checkpoint();
}

void batching_done(struct batching *b, struct worker *w)
{
        ct_histogram_merge(w->latency, &b->latency);
}

void batching_free(struct batching *b, struct flow_hall *h)
{
        h->batches = b->batches;
        h->aged = b->aged;
        h->items = b->taken;
        h->wrong = b->wrong || b->taken != b->made;
        free(b);
}
