/*
 * close_wake: the channels of a round and of the next one lie side by side, so that whoever comes
 * back goes to wait again at once. The closer knows that all wait, or are about to, by their count;
 * it then sleeps until those that spin first are asleep. Part of channel/loop.h.
 */

static const int64_t settle_ns = 100 * CT_NS_PER_US, look_ns = 20 * CT_NS_PER_US;

/* Acquire: whoever waits for this round has seen the end of the last, and is done with its
   channel. */
static void let_all_wait(struct channel_box *b, struct channel_party *p, uint64_t waiters)
{
        while (__atomic_load_n(&b->shared.waits, __ATOMIC_ACQUIRE) < (p->rounds + 1) * waiters)
                channel_sleep_until(ct_now_ns() + look_ns);
}

/* False where there is no channel for the next round. */
static bool close_one(struct channel_box *b, struct channel_party *p, uint64_t waiters)
{
        unsigned now = p->rounds % 2, then = 1 - now;

        if (b->chans < 2)
                return false;
        let_all_wait(b, p, waiters);
        channel_sleep_until(ct_now_ns() + settle_ns);
        if (p->rounds) {
                CHAN_FREE(b->chan[then]);
                if (CHAN_NEW(b->chan[then], b->bytes, b->capacity)) {
                        b->chan[0] = b->chan[now]; /* the only one left to be closed and freed */
                        b->chan[1] = b->chan[0];
                        b->chans = 1;
                        p->wrong = 1;
                        return false;
                }
        }
        p->rounds++;
        b->shared.woken = 0;
        b->shared.closed_at = channel_stamp(p); /* the close publishes both */
        CLOSE(b->chan[now]);
        return true;
}

/* False once there will be no other round. */
static bool wait_once(struct channel_box *b, struct worker *w, uint64_t waiters)
{
        struct channel_party *p = (struct channel_party *)w->local;
        uint64_t late;

        if (__atomic_load_n(&b->shared.over, __ATOMIC_ACQUIRE))
                return false;
        __atomic_fetch_add(&b->shared.waits, 1, __ATOMIC_RELEASE);
        p->wrong |= RECV(b->chan[p->rounds % 2], p->value);
        late = channel_stamp(p);
        if (__atomic_load_n(&b->shared.over, __ATOMIC_ACQUIRE))
                return false;
        late = late > b->shared.closed_at ? late - b->shared.closed_at : 0;
        late = (uint64_t)((double)late * p->ns_per_stamp + 0.5);
        p->rounds++;
        ct_histogram_record(w->latency, late);
        if (__atomic_add_fetch(&b->shared.woken, 1, __ATOMIC_ACQ_REL) == waiters)
                ct_histogram_record(p->all, late);
        return true;
}

static uint64_t run_close_wake(void *self, struct worker *w, uint64_t n)
{
        struct channel_box *b = (struct channel_box *)self;
        uint64_t waiters = w->threads - 1;

        for (uint64_t i = 0; i < n; i++)
                if (w->role == CHANNEL_SENDER
                            ? !close_one(b, (struct channel_party *)w->local, waiters)
                            : !wait_once(b, w, waiters))
                        return i;
        return n;
}

/* Nobody closes any more once the closer has left; until then whoever waits has to go on. */
static void leave_close_wake(struct channel_box *b, struct worker *w)
{
        struct channel_party *p = (struct channel_party *)w->local;

        if (w->role == CHANNEL_RECEIVER) {
                while (wait_once(b, w, w->threads - 1))
                        ;
                return;
        }
        let_all_wait(b, p, w->threads - 1);
        __atomic_store_n(&b->shared.over, 1, __ATOMIC_RELEASE);
        CLOSE(b->chan[p->rounds % 2]);
}
