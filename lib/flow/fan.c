/*
 * Fan-out and merge.
 *
 * Source: "Advanced Concurrency Patterns" as a contract; own code.
 *
 * State: an output, and a crew whose living contexts are counted down; the last one closes the
 * output. Every worker sends into the same output: it is a channel for many senders, so a channel
 * for each and forwarders behind them, as the guide has it, would add a hand-over to each value and
 * nothing else. A merge has forwarders, as its inputs are not its own; one for each, since a select
 * over n inputs costs n locks for each value.
 *
 * A failure cancels before the output is closed, so that whoever finds it closed and asks is told
 * why. What is in the output when the object is freed is discarded then: by that time nobody sends.
 */
#include "flow/fan.h"

#include "chan/chan_private.h"
#include "flow/crew.h"
#include "flow/guarded.h"

#include <errno.h>
#include <stdlib.h>

/* What fan-out and merge have in common: contexts that send into one output. */
struct fan {
        struct ct_crew_ crew;
        struct ct_chan *out;
        ct_atomic_u32 alive;
        void *spare; /* space of a result, for draining */
        void (*discard)(void *arg, void *value);
        void *arg;
};

static void leave(struct fan *f, int error)
{
        if (error)
                ct_crew_fail_(&f->crew, error);
#ifdef CT_PLANT_fan_first_closes
        if (ct_sub_u32_acq_rel(&f->alive, 1) == 2)
#else
        /* Release and acquire: the last one's close comes after the sends of all. */
        if (ct_sub_u32_acq_rel(&f->alive, 1) == 1)
#endif
                ct_chan_close(f->out);
}

/* False: cancelled. */
static bool deliver(struct fan *f, void *value)
{
        if (ct_crew_send_(&f->crew, f->out, value))
                return true;
#ifdef CT_PLANT_fan_loses_the_result
        return false;
#endif
        if (f->discard)
                f->discard(f->arg, value);
        return false;
}

static int make(struct fan *f, size_t out_size, size_t capacity)
{
        f->spare = ct_crew_space_(1, out_size);
        if (!f->spare)
                return -ENOMEM;
        return ct_chan_new(&f->out, out_size, capacity);
}

static void unmake(struct fan *f)
{
        if (f->out)
                ct_crew_drain_(f->out, f->spare, f->discard, f->arg);
        ct_chan_free(f->out);
        free(f->spare);
}

/* Starts the n-th of n contexts. */
static int start(struct fan *f, int (*fn)(void *arg), void *members, size_t size, size_t n)
{
        ct_store_u32_relaxed(&f->alive, (uint32_t)n);
        for (size_t i = 0; i < n; i++) {
                int r = ct_crew_go_(&f->crew, fn, (char *)members + i * size);

                if (r)
                        return r;
        }
        return 0;
}

/* ---- fan-out ---- */

struct worker {
        struct ct_fan_out *all;
        void *in, *out;
};

struct ct_fan_out {
        struct fan fan;
        struct ct_fan_out_config config;
        struct worker *worker;
        void *in, *out; /* space of a value and a result for each worker */
};

static int work(void *arg)
{
        struct worker *w = arg;
        struct ct_fan_out *all = w->all;
        const struct ct_fan_out_config *c = &all->config;

        while (ct_crew_recv_(&all->fan.crew, c->in, w->in) == CT_CREW_VALUE_) {
                int error = c->work(c->arg, w->in, w->out);

                if (error)
                        return error;
                if (!deliver(&all->fan, w->out))
                        break;
        }
        return 0;
}

static int worker_main(void *arg)
{
        struct worker *w = arg;

        leave(&w->all->fan, ct_guarded(NULL, work, w));
        return 0;
}

static int make_workers(struct ct_fan_out *f)
{
        unsigned n = f->config.workers;
        size_t in_size = f->config.in->size, out_size = f->config.out_size;

        f->worker = calloc(n, sizeof *f->worker);
        f->in = ct_crew_space_(n, in_size);
        f->out = ct_crew_space_(n, out_size);
        if (!f->worker || !f->in || !f->out)
                return -ENOMEM;
        for (unsigned i = 0; i < n; i++)
                f->worker[i] = (struct worker){f, ct_crew_place_(f->in, i, in_size),
                                               ct_crew_place_(f->out, i, out_size)};
        return make(&f->fan, out_size, f->config.capacity);
}

static void free_fan_out(struct ct_fan_out *f)
{
        unmake(&f->fan);
        free(f->out);
        free(f->in);
        free(f->worker);
        free(f);
}

int ct_fan_out_start(struct ct_fan_out **out, const struct ct_fan_out_config *config)
{
        struct ct_fan_out *f;
        int r;

        *out = NULL;
        if (!config->workers || !config->in || !config->work)
                return -EINVAL;
        f = calloc(1, sizeof *f);
        if (!f)
                return -ENOMEM;
        f->config = *config;
        f->fan.discard = config->discard;
        f->fan.arg = config->arg;
        r = make_workers(f);
        if (!r)
                r = ct_crew_begin_(&f->fan.crew, config->spawn, config->context);
        if (r) {
                free_fan_out(f);
                return r;
        }
        r = start(&f->fan, worker_main, f->worker, sizeof *f->worker, config->workers);
        if (r)
                ct_fan_out_free(f);
        else
                *out = f;
        return r;
}

struct ct_receiver ct_fan_out_results(struct ct_fan_out *f)
{
        return ct_chan_receiver(f->fan.out);
}

int ct_fan_out_wait(struct ct_fan_out *f)
{
        return ct_crew_wait_(&f->fan.crew);
}

void ct_fan_out_free(struct ct_fan_out *f)
{
        if (!f)
                return;
        ct_crew_end_(&f->fan.crew);
        free_fan_out(f);
}

/* ---- merge ---- */

struct forwarder {
        struct ct_merge *all;
        struct ct_chan *in;
        void *value;
};

struct ct_merge {
        struct fan fan;
        size_t n;
        struct forwarder *forwarder;
        void *space; /* of a value for each forwarder */
};

static int forwarder_main(void *arg)
{
        struct forwarder *w = arg;
        struct fan *f = &w->all->fan;

        while (ct_crew_recv_(&f->crew, w->in, w->value) == CT_CREW_VALUE_)
                if (!deliver(f, w->value))
                        break;
        leave(f, 0);
        return 0;
}

static bool is_valid(const struct ct_merge_config *config)
{
        for (size_t i = 0; i < config->n; i++)
                if (!config->in[i] || config->in[i]->size != config->in[0]->size)
                        return false;
        return config->n <= UINT32_MAX;
}

static int make_forwarders(struct ct_merge *m, const struct ct_merge_config *config)
{
        size_t size = config->n ? config->in[0]->size : 0;

        m->forwarder = calloc(config->n ? config->n : 1, sizeof *m->forwarder);
        m->space = ct_crew_space_(config->n, size);
        if (!m->forwarder || !m->space)
                return -ENOMEM;
        for (size_t i = 0; i < config->n; i++)
                m->forwarder[i] =
                        (struct forwarder){m, config->in[i], ct_crew_place_(m->space, i, size)};
        return make(&m->fan, size, config->capacity);
}

static void free_merge(struct ct_merge *m)
{
        unmake(&m->fan);
        free(m->space);
        free(m->forwarder);
        free(m);
}

int ct_merge_start(struct ct_merge **out, const struct ct_merge_config *config)
{
        struct ct_merge *m;
        int r;

        *out = NULL;
        if (!is_valid(config))
                return -EINVAL;
        m = calloc(1, sizeof *m);
        if (!m)
                return -ENOMEM;
        m->n = config->n;
        m->fan.discard = config->discard;
        m->fan.arg = config->arg;
        r = make_forwarders(m, config);
        if (!r)
                r = ct_crew_begin_(&m->fan.crew, config->spawn, config->context);
        if (r) {
                free_merge(m);
                return r;
        }
        r = start(&m->fan, forwarder_main, m->forwarder, sizeof *m->forwarder, m->n);
        if (r) {
                ct_merge_free(m);
                return r;
        }
        if (!m->n)
                ct_chan_close(m->fan.out);
        *out = m;
        return 0;
}

struct ct_receiver ct_merge_output(struct ct_merge *m)
{
        return ct_chan_receiver(m->fan.out);
}

int ct_merge_wait(struct ct_merge *m)
{
        return ct_crew_wait_(&m->fan.crew);
}

void ct_merge_free(struct ct_merge *m)
{
        if (!m)
                return;
        ct_crew_end_(&m->fan.crew);
        free_merge(m);
}
