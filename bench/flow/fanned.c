#include "flow/fanned.h"

#include <stdlib.h>

#include "flow/fan.h"
#include "flow/feed.h"

struct fanned {
        struct feed feed;
        struct ct_fan_out *fan;
        struct ct_receiver results;
};

int fanned_start(struct flow_desk *d)
{
        struct fanned *k = calloc(1, sizeof *k);
        struct ct_fan_out_config config = {.spawn = flow_spawn(),
                                           .workers = d->plan.width[0],
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
                rc = ct_fan_out_start(&k->fan, &config);
                if (rc)
                        feed_give_up(&k->feed);
        }
        if (rc) {
                free(k);
                return rc;
        }
        k->results = ct_fan_out_results(k->fan);
        d->own = k;
        return 0;
}

bool fanned_next(struct flow_desk *d, struct flow_item *item)
{
        struct fanned *k = d->own;

        return ct_receiver_recv(k->results, item);
}

void fanned_finish(struct flow_desk *d)
{
        struct fanned *k = d->own;

        if (ct_fan_out_wait(k->fan))
                d->tally.wrong++;
        ct_fan_out_free(k->fan);
        feed_end(&k->feed);
        free(k);
}
