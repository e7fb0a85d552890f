/* What our contestants share: a source that is a context of its own and feeds a channel. */
#ifndef CT_BENCH_FLOW_FEED_H
#define CT_BENCH_FLOW_FEED_H

#include "chan/chan.h"
#include "flow/errgroup.h"
#include "flow/flow.h"

struct feed {
        struct flow_desk *desk;
        struct ct_chan *chan;
        struct ct_errgroup group;
};

/* As the caller is. */
enum ct_spawn flow_spawn(void);

/* 0 or -errno. What it feeds is closed after the last item. */
int feed_start(struct feed *, struct flow_desk *);

/* Waits for the source; frees the channel. */
void feed_end(struct feed *);

/* The source, told to end, as where a start has failed: nobody receives. */
void feed_give_up(struct feed *);

/* The one stage of fan-out and its like, as ct_fan_out and ct_ordered call it; arg: the desk. */
int flow_work(void *arg, void *in, void *out);

#endif
