/*
 * What the workers of an ordered stream do.
 *
 * Source: own code; the emitter is flat combining's idea (Hendler, Incze, Shavit, Tzafrir, 2010).
 *
 * A worker takes a place in the window, then value and number together, works, puts the result into
 * the reorder buffer, and calls the emitter. Places are a channel with room for `window` signals; a
 * place is given back when its value has been sent on. So no more than `window` numbers are out,
 * and they follow each other: a put never waits, and the head, which has the lowest number, has its
 * place already. (The tempting wrong version takes the value first: when those ahead hold all the
 * places, the head stands in line behind them, and they wait for it.)
 *
 * The emitter is whoever calls when nobody emits: it sends on what is in order, one after the
 * other; the others leave their call and go on. `calls` counts them; the emitter leaves when it has
 * looked after the last. It alone takes from the buffer, and all results leave through its sends,
 * which is why they leave in order.
 *
 * An error takes its place in the order like a result. The emitter that comes to it cancels the
 * crew: everything before has been sent, nothing behind it will be. Until then the others finish
 * what they have, but take no more.
 *
 * Places come back also from a worker that found the input closed; otherwise the last places could
 * go to workers that have ended while others wait for one.
 */
#include "flow/ordered_private.h"

#include "base/panic.h"

static const char object[] = "ct_ordered";

static void give_place_back(struct ct_ordered *o)
{
        (void)ct_chan_try_recv(o->places, NULL, NULL); /* one of ours is in there */
}

static void discard(struct ct_ordered *o, struct ct_ordered_item_ *item)
{
        if (!item->error && o->config.discard)
                o->config.discard(o->config.arg, item->result);
}

/* ---- the emitter ---- */

/* The next in order is in o->head. */
static void send_on(struct ct_ordered *o)
{
        if (o->head->error)
                ct_crew_fail_(&o->crew, o->head->error);
        else if (!ct_crew_send_(&o->crew, o->out, o->head->result))
                discard(o, o->head);
        give_place_back(o);
}

static void emit(struct ct_ordered *o)
{
        uint32_t answered = 1;

        /* Acquire and release: what the emitter before left behind, and our put for the next. */
#ifndef CT_PLANT_ordered_two_emitters
        if (ct_add_u32_acq_rel(&o->calls, 1) != 0)
                return;
#endif
        do {
#ifdef CT_PLANT_ordered_call_unanswered
                answered = ct_load_u32_acquire(&o->calls);
#endif
                while (ct_reorder_try_take(o->buffer, o->head) == 0)
                        send_on(o);
#ifdef CT_PLANT_ordered_call_unanswered
                ct_store_u32_release(&o->calls, 0);
                return;
#endif
#ifdef CT_PLANT_ordered_two_emitters
                return;
#endif
                answered = ct_sub_u32_acq_rel(&o->calls, answered) - answered;
        } while (answered);
}

/* ---- a worker ---- */

static void put(struct ct_ordered_worker_ *w, int error)
{
        struct ct_ordered *o = w->all;

        w->working = false;
        w->item->error = error;
        if (error)
                ct_store_u32_relaxed(&o->failed, 1); /* a hint: the emitter makes it true */
        if (ct_reorder_try_put(o->buffer, w->seq, w->item))
                ct_panic(object, o, "no place for a value that has one");
        emit(o);
}

static enum ct_crew_got_ receive(struct ct_ordered_worker_ *w)
{
        struct ct_ordered *o = w->all;
        enum ct_crew_got_ got = CT_CREW_CLOSED_;

        ct_mutex_lock(&o->entry);
        if (!ct_load_u32_relaxed(&o->failed))
                got = ct_crew_recv_(&o->crew, o->config.in, w->in);
        if (got == CT_CREW_VALUE_)
                w->seq = o->received++;
        ct_mutex_unlock(&o->entry);
        return got;
}

int ct_ordered_loop_(void *arg)
{
        struct ct_ordered_worker_ *w = arg;
        struct ct_ordered *o = w->all;
        const struct ct_ordered_config *c = &o->config;

        while (ct_crew_send_(&o->crew, o->places, NULL)) {
                if (receive(w) != CT_CREW_VALUE_) {
#ifndef CT_PLANT_ordered_keeps_its_place
                        give_place_back(o);
#endif
                        break;
                }
                w->working = true;
                put(w, c->work(c->arg, w->in, w->item->result));
        }
        return 0;
}

void ct_ordered_leave_(struct ct_ordered_worker_ *w, int error)
{
        struct ct_ordered *o = w->all;

        if (error && w->working)
                put(w, error); /* work failed and did not return */
        /* Release and acquire: the last one's close comes after the sends of all. */
        if (ct_sub_u32_acq_rel(&o->alive, 1) == 1)
                ct_chan_close(o->out);
}
