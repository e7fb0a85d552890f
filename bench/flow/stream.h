/*
 * The measured loop of the streams. Include it once, after
 *
 *      static int start(struct flow_desk *);                        0 or -errno
 *      static bool next(struct flow_desk *, struct flow_item *);    false: no more will come
 *      static void finish(struct flow_desk *);                      after next() has said so
 */
#include <stdlib.h>

static uint64_t run_stream(void *self, struct worker *w, uint64_t n)
{
        struct flow_desk *d = (struct flow_desk *)w->local;
        struct flow_item item;

        (void)self;
        if (!d->open)
                flow_desk_open(d);
        for (uint64_t i = 0; i < n; i++) {
                if (!next(d, &item))
                        return i;
                flow_desk_take(d, w, &item);
        }
        return n;
}

static int stream_init(void *self, struct worker *w)
{
        struct flow_desk *d;
        int rc = flow_desk_new(&d, w);

        (void)self;
        if (rc)
                return rc;
        rc = start(d);
        if (!rc) {
                w->local = d;
                return 0;
        }
        flow_source_fini(&d->source);
        free(d);
        return rc;
}

/* What is on its way is taken too: every item that was made must come out. */
static void stream_fini(void *self, struct worker *w)
{
        struct flow_desk *d = (struct flow_desk *)w->local;
        struct flow_item item;

        ct_store_u32_release(&d->source.stop, 1);
        if (!d->open)
                flow_desk_open(d);
        while (next(d, &item))
                flow_desk_take(d, w, &item);
        finish(d);
        flow_desk_end(d, (struct flow_hall *)self);
}

/* The descriptor of a contestant that does nothing but order streams. */
#define ORDERED_CONTESTANT(id, how)                                                                \
        extern const struct contestant flow_##id;                                                  \
        const struct contestant flow_##id = {                                                      \
                .name = #id,                                                                       \
                .source = how,                                                                     \
                .caps = CAP_PARKS | CAP_THREADS,                                                   \
                .size = sizeof(struct flow_hall),                                                  \
                .align = _Alignof(struct flow_hall),                                               \
                .run = {[ORDERED] = run_stream},                                                   \
                .check = flow_check,                                                               \
                .worker_init = stream_init,                                                        \
                .worker_fini = stream_fini,                                                        \
        }
