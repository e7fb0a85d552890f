/* mutate.c and mutate_append.c: what both use, and each mutation. */
#ifndef CT_TESTS_LINEAR_MUTATE_H
#define CT_TESTS_LINEAR_MUTATE_H

#include "history.h"

#define MUTATIONS(X)                                                                               \
        X(duplicated)                                                                              \
        X(from_nowhere)                                                                            \
        X(swapped)                                                                                 \
        X(lost)                                                                                    \
        X(closed_then_value)                                                                       \
        X(closed_by_nobody)                                                                        \
        X(sent_after_close)                                                                        \
        X(overfull)                                                                                \
        X(try_fails_on_value)                                                                      \
        X(try_fails_on_room)                                                                       \
        X(wrong_length)                                                                            \
        X(receiver_forgotten)                                                                      \
        X(sender_forgotten)                                                                        \
        X(received_before_sent)                                                                    \
        X(met_apart)                                                                               \
        X(other_channel)                                                                           \
        X(try_fails_on_closed)                                                                     \
        X(closed_twice)                                                                            \
        X(panic_for_nothing)                                                                       \
        X(close_forgets_receiver)                                                                  \
        X(timed_out_but_sent)                                                                      \
        X(closed_too_early)                                                                        \
        X(pair_forgotten)

#define DECLARE(kind) bool mutate_##kind(struct history *h, struct ct_rng *r);
MUTATIONS(DECLARE)
#undef DECLARE

struct facts {
        unsigned sent[CHANNELS], received[CHANNELS], closes[CHANNELS], pending;
        uint32_t last; /* moment */
};

static inline bool did(const struct op *o, bool send, unsigned chan)
{
        return o->what == OP_CASES && o->outcome == OUT_DONE &&
               o->alternative[o->fired].send == send && o->alternative[o->fired].chan == chan &&
               (send || o->open);
}

static inline struct facts facts_of(const struct history *h)
{
        struct facts f = {0};

        for (unsigned i = 0; i < h->n; i++) {
                const struct op *o = &h->op[i];

                if (o->invoked != NEVER && o->invoked > f.last)
                        f.last = o->invoked;
                if (o->returned != NEVER && o->returned > f.last)
                        f.last = o->returned;
                f.pending += o->invoked != NEVER && o->outcome == OUT_PENDING;
                if (o->what == OP_CLOSE)
                        f.closes[o->chan] += o->outcome != OUT_PENDING;
                for (unsigned c = 0; c < h->channels; c++) {
                        f.sent[c] += did(o, true, c);
                        f.received[c] += did(o, false, c);
                }
        }
        return f;
}

#endif
