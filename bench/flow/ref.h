/* What a C programmer would take: threads, and rings behind a pthread mutex. */
#ifndef CT_BENCH_FLOW_REF_H
#define CT_BENCH_FLOW_REF_H

#include <pthread.h>

#include "flow/batching.h"

/* A thread that may run on every CPU of the process. 0 or -errno. */
int ref_thread(pthread_t *, void *(*main)(void *), void *arg);

struct ref_queue;

/* `ordered`: items leave in the order of their ids, 0 first, whenever they enter; the n-th waits
   until fewer than `slots` before it are missing. */
int ref_queue_new(struct ref_queue **, size_t slots, bool ordered, unsigned senders);
void ref_queue_free(struct ref_queue *); /* NULL is fine */
void ref_queue_put(struct ref_queue *, const struct flow_item *);
void ref_queue_done(struct ref_queue *); /* by each sender, once */
bool ref_queue_take(struct ref_queue *, struct flow_item *);

int ref_batch_start(struct batching *);
void ref_batch_add(struct batching *, const struct batch_item *);
void ref_batch_end(struct batching *);

#endif
