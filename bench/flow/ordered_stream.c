#include <stdlib.h>

#include "flow/feed.h"
#include "flow/ordered.h"

struct works {
        struct feed feed;
        struct ct_ordered *ordered;
        struct ct_receiver results;
};

static int start(struct flow_desk *d)
{
        struct works *k = calloc(1, sizeof *k);
        struct ct_ordered_config config = {.spawn = flow_spawn(),
                                           .workers = d->plan.width[0],
                                           .window = d->plan.capacity,
                                           .out_size = sizeof(struct flow_item),
                                           .capacity = d->plan.capacity,
                                           .work = flow_work,
                                           .arg = d};
        int rc;

        if (!k)
                return -ENOMEM;
        rc = feed_start(&k->feed, d);
        if (!rc) {
                config.in = k->feed.chan;
                rc = ct_ordered_start(&k->ordered, &config);
                if (rc)
                        feed_give_up(&k->feed);
        }
        if (rc) {
                free(k);
                return rc;
        }
        k->results = ct_ordered_results(k->ordered);
        d->own = k;
        return 0;
}

static bool next(struct flow_desk *d, struct flow_item *item)
{
        struct works *k = d->own;

        return ct_receiver_recv(k->results, item);
}

static void finish(struct flow_desk *d)
{
        struct works *k = d->own;

        if (ct_ordered_wait(k->ordered))
                d->tally.wrong++;
        ct_ordered_free(k->ordered);
        feed_end(&k->feed);
        free(k);
}

#include "flow/stream.h"

ORDERED_CONTESTANT(ordered_stream, "lib/flow: workers and a reorder buffer");
