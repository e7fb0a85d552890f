/* stream, blocked and pingpong: the loops, and how a window of each ends. Part of channel/loop.h.
 */

static inline void stamp_value(struct channel_party *p, uint64_t stamp)
{
        p->value[p->last_word] = stamp;
        p->value[0] = stamp;
}

static uint64_t run_stream(void *self, struct worker *w, uint64_t n)
{
        struct channel_party *p = (struct channel_party *)w->local;
        CHAN_TYPE c = ((struct channel_box *)self)->chan[0];
        uint64_t next = p->next[0];

        (void)c;
        if (w->role == CHANNEL_RECEIVER) {
                for (uint64_t i = 0; i < n; i++) {
                        if (!RECV(c, p->value))
                                return i;
                        channel_take(p);
                }
                return n;
        }
        for (uint64_t i = 0; i < n; i++) {
                stamp_value(p, next++);
                SEND(c, p->value);
        }
        p->next[0] = next;
        return n;
}

#ifdef TRY_SEND
static uint64_t run_blocked(void *self, struct worker *w, uint64_t n)
{
        struct channel_party *p = (struct channel_party *)w->local;
        CHAN_TYPE c = ((struct channel_box *)self)->chan[0];
        bool open = true;

        (void)c;
        p->tried = true;
        if (w->role == CHANNEL_RECEIVER) {
                for (uint64_t i = 0; i < n; i++) {
                        bool waited = !TRY_RECV(c, p->value, &open);

                        if (waited)
                                open = RECV(c, p->value);
                        if (!open)
                                return i;
                        p->blocked += waited;
                        channel_take(p);
                }
                return n;
        }
        for (uint64_t i = 0; i < n; i++) {
                stamp_value(p, p->next[0]++);
                if (!TRY_SEND(c, p->value)) {
                        p->blocked++;
                        SEND(c, p->value);
                }
        }
        return n;
}
#endif

static uint64_t run_pingpong(void *self, struct worker *w, uint64_t n)
{
        struct channel_party *p = (struct channel_party *)w->local;
        CHAN_TYPE ask = ((struct channel_box *)self)->chan[0];
        CHAN_TYPE answer = ((struct channel_box *)self)->chan[1];

        (void)ask;
        (void)answer;
        if (w->role == CHANNEL_RECEIVER) {
                for (uint64_t i = 0; i < n; i++) {
                        stamp_value(p, p->next[0]++);
                        SEND(ask, p->value);
                        if (!RECV(answer, p->value))
                                return i;
                        channel_take(p);
                }
                return n;
        }
        for (uint64_t i = 0; i < n; i++) {
                if (!RECV(ask, p->value))
                        return i;
                SEND(answer, p->value);
        }
        return n;
}

#ifndef FLOOR
static void leave_stream(struct channel_box *b, struct worker *w)
{
        struct channel_party *p = (struct channel_party *)w->local;

        if (w->role == CHANNEL_RECEIVER) {
                while (RECV(b->chan[0], p->value))
                        channel_take(p);
                return;
        }
        /* Acquire and release: the last one's close comes after all sends. */
        if (__atomic_sub_fetch(&b->shared.senders_left, 1, __ATOMIC_ACQ_REL) == 0)
                CLOSE(b->chan[0]);
}

static void leave_pingpong(struct channel_box *b, struct worker *w)
{
        struct channel_party *p = (struct channel_party *)w->local;

        if (w->role == CHANNEL_RECEIVER) {
                CLOSE(b->chan[0]);
                return;
        }
        while (RECV(b->chan[0], p->value))
                SEND(b->chan[1], p->value);
}
#endif
