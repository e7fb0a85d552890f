#include "flow/feed.h"

#include "task/task.h"

enum ct_spawn flow_spawn(void)
{
        return ct_in_task() ? CT_SPAWN_TASK : CT_SPAWN_THREAD;
}

static int feed_main(void *arg)
{
        struct feed *f = arg;
        struct flow_item item;

        while (flow_source_take(&f->desk->source, &item))
                ct_chan_send(f->chan, &item);
        ct_chan_close(f->chan);
        return 0;
}

int feed_start(struct feed *f, struct flow_desk *d)
{
        int rc = ct_chan_new(&f->chan, sizeof(struct flow_item), d->plan.capacity);

        f->desk = d;
        if (rc)
                return rc;
        ct_errgroup_init(&f->group, flow_spawn());
        rc = ct_errgroup_go(&f->group, feed_main, f);
        if (rc)
                feed_end(f);
        return rc;
}

void feed_end(struct feed *f)
{
        (void)ct_errgroup_wait(&f->group); /* what it returns was start's answer, or is 0 */
        ct_errgroup_fini(&f->group);
        ct_chan_free(f->chan);
}

void feed_give_up(struct feed *f)
{
        ct_store_u32_release(&f->desk->source.stop, 1);
        ct_chan_close(f->desk->source.gate);
        feed_end(f);
}

int flow_work(void *arg, void *in, void *out)
{
        struct flow_desk *d = arg;
        struct flow_item *item = out;

        *item = *(const struct flow_item *)in;
        flow_stage(&d->plan, 0, item);
        return 0;
}
