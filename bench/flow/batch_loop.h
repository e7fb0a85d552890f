/*
 * The batcher's loop. Include it once, after
 *
 *      static int batch_start(struct batching *);      0 or -errno
 *      static void batch_add(struct batching *, const struct batch_item *);
 *      static void batch_end(struct batching *);       waits until all items are processed
 */
static uint64_t run_batcher(void *self, struct worker *w, uint64_t n)
{
        struct batching *b = (struct batching *)w->local;
        struct batch_item item;

        (void)self;
        for (uint64_t i = 0; i < n; i++) {
                batching_item(b, &item);
                batch_add(b, &item);
        }
        return n;
}

static int batch_init(struct worker *w)
{
        struct batching *b;
        int rc = batching_new(&b, w);

        if (rc)
                return rc;
        rc = batch_start(b);
        if (rc)
                free(b);
        else
                w->local = b;
        return rc;
}

/* Right after the last operation: what was timed is still this window's. */
static void batch_leave(void *self, struct worker *w)
{
        (void)self;
        if (w->workload != BATCHER)
                return;
        batch_end((struct batching *)w->local);
        batching_done((struct batching *)w->local, w);
}
