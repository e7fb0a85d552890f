/*
 * Wrong histories out of right ones: what was received is changed. Each mutation ends in something
 * that no order of the operations explains, and says why; it needs no search to know that.
 */
#include "mutate.h"

static unsigned some(const struct history *h, struct ct_rng *r)
{
        return (unsigned)ct_rng_below(r, h->n);
}

static struct op *some_receive(struct history *h, struct ct_rng *r)
{
        for (unsigned tries = 0; tries < 2 * MOST_OPS; tries++) {
                struct op *o = &h->op[some(h, r)];

                if (o->what == OP_CASES && o->outcome == OUT_DONE &&
                    !o->alternative[o->fired].send && o->open)
                        return o;
        }
        return NULL;
}

static const struct alternative *done_case(const struct op *o)
{
        return &o->alternative[o->fired];
}

static struct op *sender_of(struct history *h, const struct op *receive)
{
        for (unsigned i = 0; i < h->n; i++)
                if (did(&h->op[i], true, done_case(receive)->chan) &&
                    done_case(&h->op[i])->value == receive->value)
                        return &h->op[i];
        return NULL;
}

static bool precedes(const struct op *a, const struct op *b)
{
        return a->returned <= b->invoked;
}

/* Two receives of values that one task sent one after the other to the same channel; a was first.
 */
static bool two_in_order(struct history *h, struct ct_rng *r, struct op **a, struct op **b)
{
        for (unsigned tries = 0; tries < 2 * MOST_OPS; tries++) {
                struct op *from_a, *from_b;

                *a = some_receive(h, r);
                *b = some_receive(h, r);
                if (!*a || !*b || *a == *b || done_case(*a)->chan != done_case(*b)->chan)
                        continue;
                from_a = sender_of(h, *a);
                from_b = sender_of(h, *b);
                if (from_a && from_b && precedes(from_a, from_b))
                        return true;
        }
        return false;
}

/* Each value is sent once, and here it is received twice. */
bool mutate_duplicated(struct history *h, struct ct_rng *r)
{
        struct op *a = some_receive(h, r), *b = some_receive(h, r);

        if (!a || !b || a == b || done_case(a)->chan != done_case(b)->chan)
                return false;
        a->value = b->value;
        return true;
}

/* Nobody sends it. */
bool mutate_from_nowhere(struct history *h, struct ct_rng *r)
{
        struct op *a = some_receive(h, r);

        if (!a)
                return false;
        a->value = NO_VALUE;
        return true;
}

/* Received one after the other, in the order opposite to that in which they were sent. */
bool mutate_swapped(struct history *h, struct ct_rng *r)
{
        struct op *a, *b;
        uint8_t first;

        if (!two_in_order(h, r, &a, &b) || !precedes(a, b))
                return false;
        first = a->value;
        a->value = b->value;
        b->value = first;
        return true;
}

/* The second has been received, so the first is not in the channel any more; but nobody has it. */
bool mutate_lost(struct history *h, struct ct_rng *r)
{
        struct op *a, *b;

        if (h->ending == END_PANIC || !two_in_order(h, r, &a, &b))
                return false;
        a->mode = MODE_UNTIL;
        a->outcome = OUT_NOTHING;
        return true;
}

/* Once closed and drained, always closed and drained. */
bool mutate_closed_then_value(struct history *h, struct ct_rng *r)
{
        struct op *a = some_receive(h, r);

        for (unsigned i = 0; a && i < h->n; i++) {
                struct op *b = &h->op[i];

                if (b->what != OP_CASES || b->outcome != OUT_DONE || done_case(b)->send ||
                    b->open || done_case(b)->chan != done_case(a)->chan || !precedes(a, b))
                        continue;
                b->open = true;
                b->value = a->value;
                a->open = false;
                a->value = 0;
                return true;
        }
        return false;
}

bool mutate_closed_by_nobody(struct history *h, struct ct_rng *r)
{
        struct op *a = some_receive(h, r);

        for (unsigned i = 0; a && i < h->n; i++)
                if (h->op[i].what == OP_CLOSE && h->op[i].chan == done_case(a)->chan)
                        return false;
        if (!a)
                return false;
        a->open = false;
        a->value = 0;
        return true;
}

bool mutate_received_before_sent(struct history *h, struct ct_rng *r)
{
        struct op *a = some_receive(h, r), *from = a ? sender_of(h, a) : NULL;

        if (!from || !from->invoked)
                return false;
        a->returned = from->invoked;
        if (a->invoked >= a->returned)
                a->invoked = a->returned - 1;
        return true;
}

/* A rendezvous whose sender had gone when the receiver came. */
bool mutate_met_apart(struct history *h, struct ct_rng *r)
{
        struct facts f = facts_of(h);
        struct op *a = some_receive(h, r), *from = a ? sender_of(h, a) : NULL;

        if (!from || h->capacity[done_case(a)->chan])
                return false;
        a->invoked = f.last;
        a->returned = f.last + 1;
        return true;
}

/* Sent to one channel, received from another. */
bool mutate_other_channel(struct history *h, struct ct_rng *r)
{
        struct op *a = some_receive(h, r);

        if (!a || h->channels < 2)
                return false;
        a->alternative[a->fired].chan ^= 1;
        return true;
}

/* The send says that it has sent nothing, and yet its value was received. */
bool mutate_timed_out_but_sent(struct history *h, struct ct_rng *r)
{
        struct op *a = some_receive(h, r), *from = a ? sender_of(h, a) : NULL;

        if (!from)
                return false;
        from->mode = MODE_UNTIL;
        from->outcome = OUT_NOTHING;
        return true;
}

#define NAME(kind) #kind,
#define FUNCTION(kind) mutate_##kind,
const char *const mutations[] = {MUTATIONS(NAME)};
static bool (*const functions[])(struct history *, struct ct_rng *) = {MUTATIONS(FUNCTION)};
const unsigned mutation_kinds = sizeof functions / sizeof functions[0];

bool mutate(struct history *h, unsigned kind, struct ct_rng *r)
{
        return functions[kind](h, r);
}
