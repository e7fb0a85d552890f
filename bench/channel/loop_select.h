/* select: one receives over several channels. Part of channel/loop.h. */

static void begin_select(struct channel_box *b, struct worker *w)
{
        struct channel_party *p = (struct channel_party *)w->local;

        (void)p;
        for (unsigned i = 0; i < b->chans; i++)
                SELECT_SET(b->set, i, b->chan[i], p->value);
}

/* False once all are closed and drained. */
static inline bool select_one(struct channel_box *b, struct channel_party *p)
{
        while (b->drained < b->chans) {
                int i = SELECT(b->set, b->chans);

                if (SELECT_OPEN(b->set, i)) {
                        channel_take(p);
                        return true;
                }
                SELECT_DROP(b->set, i);
                b->drained++;
        }
        return false;
}

static uint64_t run_select(void *self, struct worker *w, uint64_t n)
{
        struct channel_box *b = (struct channel_box *)self;
        struct channel_party *p = (struct channel_party *)w->local;
        uint64_t cursor = w->cursor;

        if (w->role == CHANNEL_RECEIVER) {
                for (uint64_t i = 0; i < n; i++)
                        if (!select_one(b, p))
                                return i;
                return n;
        }
        for (uint64_t i = 0; i < n; i++) {
                unsigned to = w->draws[cursor++ % DRAWS];

                stamp_value(p, p->next[to]++);
                SEND(b->chan[to], p->value);
        }
        w->cursor = cursor;
        return n;
}

#ifndef FLOOR
static void leave_select(struct channel_box *b, struct worker *w)
{
        struct channel_party *p = (struct channel_party *)w->local;

        if (w->role == CHANNEL_RECEIVER) {
                while (select_one(b, p))
                        ;
                return;
        }
        for (unsigned i = 0; i < b->chans; i++)
                CLOSE(b->chan[i]);
}
#endif
