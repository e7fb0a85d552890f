/* An ordered stream's memory and contexts. What they do is in ordered_run.c. */
#include "flow/ordered.h"

#include "chan/chan_private.h"
#include "flow/guarded.h"
#include "flow/ordered_private.h"

#include <errno.h>
#include <stdlib.h>

static size_t item_size(const struct ct_ordered *o)
{
        return sizeof *o->head + o->config.out_size;
}

static int make_workers(struct ct_ordered *o)
{
        unsigned n = o->config.workers;
        size_t in_size = o->config.in->size;

        o->worker = calloc(n, sizeof *o->worker);
        o->in_space = ct_crew_space_(n, in_size);
        o->item_space = ct_crew_space_((size_t)n + 1, item_size(o));
        if (!o->worker || !o->in_space || !o->item_space)
                return -ENOMEM;
        for (unsigned i = 0; i < n; i++)
                o->worker[i] = (struct ct_ordered_worker_){
                        .all = o,
                        .in = ct_crew_place_(o->in_space, i, in_size),
                        .item = ct_crew_place_(o->item_space, i, item_size(o))};
        o->head = ct_crew_place_(o->item_space, n, item_size(o));
        ct_store_u32_relaxed(&o->alive, n);
        return 0;
}

static int make_channels(struct ct_ordered *o)
{
        const struct ct_ordered_config *c = &o->config;
        int r = ct_chan_new(&o->out, c->out_size, c->capacity);

        if (!r)
                r = ct_chan_new(&o->places, 0, c->window);
        if (!r)
                r = ct_reorder_new(&o->buffer, item_size(o), c->window);
        return r;
}

int ct_ordered_make_(struct ct_ordered **out, const struct ct_ordered_config *config)
{
        struct ct_ordered *o;
        int r;

        *out = NULL;
        if (!config->workers || !config->window || !config->in || !config->work)
                return -EINVAL;
        if (config->out_size > SIZE_MAX - sizeof *o->head)
                return -EOVERFLOW;
        o = calloc(1, sizeof *o);
        if (!o)
                return -ENOMEM;
        o->config = *config;
        r = make_workers(o);
        if (!r)
                r = make_channels(o);
        if (r) {
                ct_ordered_unmake_(o);
                return r;
        }
        *out = o;
        return 0;
}

/* What is behind an error or a cancel, and what nobody received. No context runs any more. */
static void drain(struct ct_ordered *o)
{
        if (o->buffer) {
                ct_reorder_cancel(o->buffer);
                while (ct_reorder_drain(o->buffer, o->head))
                        if (!o->head->error && o->config.discard)
                                o->config.discard(o->config.arg, o->head->result);
        }
        if (o->out)
                ct_crew_drain_(o->out, o->head->result, o->config.discard, o->config.arg);
}

void ct_ordered_unmake_(struct ct_ordered *o)
{
        drain(o);
        ct_reorder_free(o->buffer);
        ct_chan_free(o->places);
        ct_chan_free(o->out);
        free(o->item_space);
        free(o->in_space);
        free(o->worker);
        free(o);
}

/* ---- contexts ---- */

static int worker_main(void *arg)
{
        struct ct_ordered_worker_ *w = arg;

        ct_ordered_leave_(w, ct_guarded(NULL, ct_ordered_loop_, w));
        return 0;
}

int ct_ordered_start(struct ct_ordered **out, const struct ct_ordered_config *config)
{
        int r = ct_ordered_make_(out, config);
        struct ct_ordered *o = *out;

        if (r)
                return r;
        r = ct_crew_begin_(&o->crew, config->spawn, config->context);
        if (r) {
                ct_ordered_unmake_(o);
                *out = NULL;
                return r;
        }
        for (unsigned i = 0; i < config->workers && !r; i++)
                r = ct_crew_go_(&o->crew, worker_main, &o->worker[i]);
        if (r) {
                ct_ordered_free(o);
                *out = NULL;
        }
        return r;
}

struct ct_receiver ct_ordered_results(struct ct_ordered *o)
{
        return ct_chan_receiver(o->out);
}

int ct_ordered_wait(struct ct_ordered *o)
{
        return ct_crew_wait_(&o->crew);
}

void ct_ordered_free(struct ct_ordered *o)
{
        if (!o)
                return;
        ct_crew_end_(&o->crew);
        ct_ordered_unmake_(o);
}
