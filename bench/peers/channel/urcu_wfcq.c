/* Senders never wait, not even for each other; one receiver at a time, which looks again where it
   finds nothing. A value needs a node, which the sender allocates and the receiver frees. */
#define _LGPL_SOURCE /* its functions inline */
#include <urcu/wfcqueue.h>

#include <stdlib.h>

#include "base/panic.h"
#include "base/pause.h"
#include "channel/channel.h"

#include "peers/channel/end_mark.h"
#include "peers/peer.h"

struct node {
        struct cds_wfcq_node link;
        uint64_t value;
};

struct queue {
        CT_ALIGN_PAIR struct __cds_wfcq_head head;
        CT_ALIGN_PAIR struct cds_wfcq_tail tail;
};

static int queue_new(struct queue **q)
{
        *q = aligned_alloc(CT_CACHE_PAIR, sizeof **q);
        if (!*q)
                return -ENOMEM;
        __cds_wfcq_init(&(*q)->head, &(*q)->tail);
        return 0;
}

static inline struct node *queue_take(struct queue *q)
{
        struct cds_wfcq_node *n = __cds_wfcq_dequeue_blocking(&q->head, &q->tail);

        return n ? caa_container_of(n, struct node, link) : NULL;
}

static void queue_free(struct queue *q)
{
        struct node *n;

        while ((n = queue_take(q)))
                free(n);
        free(q);
}

static inline void queue_send(struct queue *q, uint64_t value)
{
        struct node *n = malloc(sizeof *n);

        if (!n)
                ct_panic("urcu:wfcqueue", q, "no memory for a node");
        n->value = value;
        cds_wfcq_node_init(&n->link);
        cds_wfcq_enqueue(&q->head, &q->tail, &n->link);
}

static inline bool queue_recv(struct queue *q, uint64_t *out)
{
        struct node *n;

        while (!(n = queue_take(q)))
                ct_pause();
        *out = n->value;
        free(n);
        if (*out != END_MARK)
                return true;
        queue_send(q, END_MARK);
        return false;
}

#define CONTESTANT channel_urcu_wfcq
#define NAME "urcu:wfcqueue"
#define SOURCE                                                                                     \
        "liburcu " PEER_VERSION_urcu                                                               \
        " wfcqueue, one receiver (other contract: unbounded, spins, never waits; no close)"
#define CAPS (CAP_BASELINE | CAP_THREADS_ONLY | CAP_SPINS | CAP_UNBOUNDED | CAP_PAIR | CAP_WORDS)
#define CHAN_TYPE struct queue *
#define CHAN_NEW(c, bytes, capacity) ((void)(bytes), (void)(capacity), queue_new(&(c)))
#define CHAN_FREE(c) queue_free(c)
#define SEND(c, value) queue_send(c, *(value))
#define RECV(c, out) queue_recv(c, out)
#define CLOSE(c) queue_send(c, END_MARK)
#include "channel/loop.h"
