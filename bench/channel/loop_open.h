/* open_loop: values at a fixed rate, whatever becomes of them. Part of channel/loop.h. */

#ifndef FLOOR

/* The clock is read only by a sender that may be early: one that is late has to hurry. */
static inline void await_turn(struct channel_party *p, uint64_t due)
{
        while (p->now < due) {
                if (p->gives_way)
                        channel_yield();
                p->now = channel_stamp(p);
        }
}

static uint64_t send_on_time(struct channel_box *b, struct worker *w, uint64_t n)
{
        struct channel_party *p = (struct channel_party *)w->local;
        uint64_t first = ((uint64_t)w->index << CHANNEL_SEQ_BITS) + 1;

        if (p->begin == 0) {
                p->now = channel_stamp(p);
                p->begin = (double)p->now;
                b->shared.begin[w->index] = p->begin; /* the first send publishes it */
        }
        for (uint64_t i = 0; i < n; i++) {
                uint64_t next = p->next[0]++;

                await_turn(p, (uint64_t)(p->begin + (double)(next - first) * p->step));
                stamp_value(p, next);
                SEND(b->chan[0], p->value);
        }
        return n;
}

static uint64_t run_open_loop(void *self, struct worker *w, uint64_t n)
{
        struct channel_box *b = (struct channel_box *)self;
        struct channel_party *p = (struct channel_party *)w->local;

        if (w->role == CHANNEL_SENDER)
                return send_on_time(b, w, n);
        for (uint64_t i = 0; i < n; i++) {
                uint64_t from, number;
                double late;

                if (!RECV(b->chan[0], p->value))
                        return i;
                channel_take(p);
                from = (p->value[0] >> CHANNEL_SEQ_BITS) & p->mask;
                number = (p->value[0] & ((UINT64_C(1) << CHANNEL_SEQ_BITS) - 1)) - 1;
                late = (double)channel_stamp(p) -
                       (b->shared.begin[from] + (double)number * p->step);
                ct_histogram_record(w->latency,
                                    late > 0 ? (uint64_t)(late * p->ns_per_stamp + 0.5) : 0);
        }
        return n;
}

#endif
