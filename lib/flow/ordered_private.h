/* What the files of the ordered stream share. Not for users; the algorithm is in ordered_run.c. */
#ifndef CT_FLOW_ORDERED_PRIVATE_H
#define CT_FLOW_ORDERED_PRIVATE_H

#include "flow/crew.h"
#include "flow/ordered.h"
#include "flow/reorder.h"
#include "sync/mutex.h"

#include <stdbool.h>
#include <stdint.h>

/* What goes through the reorder buffer. */
struct ct_ordered_item_ {
        int error; /* of work; 0: a result */
        _Alignas(16) char result[];
};

struct ct_ordered_worker_ {
        struct ct_ordered *all;
        void *in;
        struct ct_ordered_item_ *item;
        uint64_t seq;
        bool working; /* on value seq; its item has not been put */
};

struct ct_ordered {
        struct ct_crew_ crew;
        struct ct_ordered_config config;
        struct ct_chan *out;
        struct ct_chan *places; /* of the window: a signal for each that is taken */
        struct ct_reorder *buffer;
        struct ct_mutex entry;
        uint64_t received;             /* values; under entry */
        ct_atomic_u32 failed;          /* some work has: no more values */
        ct_atomic_u32 calls;           /* to emit that have not been answered */
        struct ct_ordered_item_ *head; /* the emitter's */
        ct_atomic_u32 alive;
        struct ct_ordered_worker_ *worker;
        void *in_space, *item_space;
};

/* Makes all but the crew: 0, -EINVAL, -ENOMEM, -EOVERFLOW. */
int ct_ordered_make_(struct ct_ordered **out, const struct ct_ordered_config *config);
void ct_ordered_unmake_(struct ct_ordered *o);

int ct_ordered_loop_(void *worker);
void ct_ordered_leave_(struct ct_ordered_worker_ *w, int error);

#endif
