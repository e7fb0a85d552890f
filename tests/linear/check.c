/*
 * The search: depth first over the orders in which the operations may have happened, each step one
 * operation that nothing unordered stands before and that the sequential channel allows now.
 *
 * Source: Wing and Gong, "Testing and Verifying Concurrent Objects" (1993); a configuration (which
 * operations have happened, the channels' state) that has failed once is not tried again: Lowe,
 * "Testing for Linearizability" (2017).
 *
 * What changes nothing (a failed try, a length, a receive that gets "closed") is taken at once
 * where it is possible: were it possible later too, it could as well have happened now.
 */
#include "history.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS (1u << 15)
#define MOST_KEPT (SLOTS / 4 * 3) /* above that the search forgets, and is only slower */

struct ring {
        uint8_t count, closed, value[MOST_CAPACITY];
};

struct state {
        struct ring ring[CHANNELS];
};

struct slot {
        uint64_t generation, state;
        uint32_t done;
};

struct checker {
        const struct history *h;
        uint32_t before[MOST_OPS]; /* what returned before this one was invoked */
        uint32_t must;             /* what has returned, and happened */
        uint32_t may;              /* what may have happened */
        uint64_t generation, nodes;
        unsigned kept;
        struct slot slot[SLOTS];
};

struct checker *checker_new(void)
{
        return calloc(1, sizeof(struct checker));
}

void checker_free(struct checker *c)
{
        free(c);
}

uint64_t checker_nodes(const struct checker *c)
{
        return c->nodes;
}

/* ---- memory ---- */

static uint64_t pack(const struct state *s)
{
        uint64_t key = 0;

        for (unsigned i = 0; i < CHANNELS; i++) {
                const struct ring *r = &s->ring[i];

                key = key << 8 | (uint64_t)(r->count << 1 | r->closed);
                for (unsigned k = 0; k < MOST_CAPACITY; k++)
                        key = key << 8 | (k < r->count ? r->value[k] : 0);
        }
        return key;
}

/* True where the configuration has been tried before. */
static bool tried(struct checker *c, uint32_t done, const struct state *s)
{
        uint64_t state = pack(s), h = (state ^ (uint64_t)done << 17) * UINT64_C(0x9e3779b97f4a7c15);

        for (h >>= 40;; h++) {
                struct slot *slot = &c->slot[h % SLOTS];

                if (slot->generation != c->generation) {
                        if (c->kept == MOST_KEPT)
                                return false;
                        *slot = (struct slot){c->generation, state, done};
                        c->kept++;
                        return false;
                }
                if (slot->state == state && slot->done == done)
                        return true;
        }
}

/* ---- the sequential channel ---- */

static bool ready(const struct checker *c, const struct state *s, const struct alternative *a)
{
        const struct ring *r = &s->ring[a->chan];

        if (a->send)
                return r->closed || r->count < c->h->capacity[a->chan];
        return r->count || r->closed;
}

static void put(struct ring *r, uint8_t value)
{
        r->value[r->count++] = value;
}

static uint8_t take(struct ring *r)
{
        uint8_t first = r->value[0];

        r->count--;
        memmove(r->value, r->value + 1, r->count);
        return first;
}

/* Whether the operation may have done its case a. */
static bool may_be(const struct op *o, unsigned a)
{
        return o->outcome == OUT_PENDING || (o->outcome == OUT_DONE && o->fired == a);
}

static bool may_have_got(const struct op *o, bool open, uint8_t value)
{
        return o->outcome == OUT_PENDING || (o->open == open && (!open || o->value == value));
}

/* ---- the end ---- */

static bool could_meet(const struct checker *c, unsigned i, const struct alternative *send)
{
        if (!send->send || c->h->capacity[send->chan])
                return false;
        for (unsigned k = 0; k < c->h->n; k++) {
                const struct op *o = &c->h->op[k];

                if (k == i || o->outcome != OUT_PENDING || o->invoked == NEVER)
                        continue;
                for (unsigned a = 0; a < o->cases; a++)
                        if (!o->alternative[a].send && o->alternative[a].chan == send->chan)
                                return true;
        }
        return false;
}

static bool waits_with_reason(const struct checker *c, const struct state *s, unsigned i)
{
        const struct op *o = &c->h->op[i];

        if (o->what != OP_CASES || o->mode != MODE_WAIT)
                return false;
        for (unsigned a = 0; a < o->cases; a++)
                if (ready(c, s, &o->alternative[a]) || could_meet(c, i, &o->alternative[a]))
                        return false;
        return true;
}

static bool has_reason_to_panic(const struct state *s, const struct op *o)
{
        if (o->what == OP_CLOSE)
                return s->ring[o->chan].closed;
        for (unsigned a = 0; a < o->cases; a++)
                if (o->alternative[a].send && s->ring[o->alternative[a].chan].closed)
                        return true;
        return false;
}

static bool can_end(const struct checker *c, uint32_t done, const struct state *s)
{
        const struct history *h = c->h;

        if (h->ending == END_ALL)
                return true;
        for (unsigned i = 0; i < h->n; i++) {
                if (h->op[i].outcome != OUT_PENDING || h->op[i].invoked == NEVER)
                        continue;
                if (h->ending == END_STUCK && !waits_with_reason(c, s, i))
                        return false;
                if (h->ending == END_PANIC && !(done >> i & 1) && has_reason_to_panic(s, &h->op[i]))
                        return true;
        }
        return h->ending == END_STUCK;
}

/* ---- the search ---- */

static bool search(struct checker *c, uint32_t done, const struct state *s);

static bool is_next(const struct checker *c, uint32_t done, unsigned i)
{
        return (c->may >> i & 1) && !(done >> i & 1) && !(c->before[i] & ~done);
}

/* What changes nothing, and is possible. */
static bool observes(const struct checker *c, const struct state *s, const struct op *o)
{
        const struct alternative *a = &o->alternative[o->fired];

        if (o->outcome == OUT_PENDING || o->what == OP_CLOSE)
                return false;
        if (o->what == OP_LEN)
                return s->ring[o->chan].count == o->length;
        if (o->outcome == OUT_DONE)
                return !a->send && !o->open && !s->ring[a->chan].count && s->ring[a->chan].closed;
        for (unsigned k = 0; k < o->cases; k++)
                if (ready(c, s, &o->alternative[k]))
                        return false;
        return true;
}

/* Send i, case a, at capacity 0: together with a receive. */
static bool meet(struct checker *c, uint32_t done, const struct state *s, unsigned i,
                 const struct alternative *a)
{
        for (unsigned k = 0; k < c->h->n; k++) {
                const struct op *o = &c->h->op[k];

                if (k == i || o->what != OP_CASES || !is_next(c, done, k))
                        continue;
                for (unsigned b = 0; b < o->cases; b++)
                        if (!o->alternative[b].send && o->alternative[b].chan == a->chan &&
                            may_be(o, b) && may_have_got(o, true, a->value) &&
                            search(c, done | 1u << i | 1u << k, s))
                                return true;
        }
        return false;
}

static bool do_case(struct checker *c, uint32_t done, const struct state *s, unsigned i, unsigned a)
{
        const struct op *o = &c->h->op[i];
        const struct alternative *alternative = &o->alternative[a];
        struct state next = *s;
        struct ring *r = &next.ring[alternative->chan];

        if (alternative->send) {
                if (r->closed)
                        return false;
                if (!c->h->capacity[alternative->chan])
                        return meet(c, done, s, i, alternative);
                if (r->count == c->h->capacity[alternative->chan])
                        return false;
                put(r, alternative->value);
        } else {
                if (!r->count || !may_have_got(o, true, r->value[0]))
                        return false;
                take(r);
        }
        return search(c, done | 1u << i, &next);
}

static bool do_op(struct checker *c, uint32_t done, const struct state *s, unsigned i)
{
        const struct op *o = &c->h->op[i];

        if (o->what == OP_CLOSE) {
                struct state next = *s;

                if (s->ring[o->chan].closed)
                        return false;
                next.ring[o->chan].closed = 1;
                return search(c, done | 1u << i, &next);
        }
        if (o->what == OP_LEN)
                return false;
        for (unsigned a = 0; a < o->cases; a++)
                if (may_be(o, a) && do_case(c, done, s, i, a))
                        return true;
        return false;
}

static bool search(struct checker *c, uint32_t done, const struct state *s)
{
        c->nodes++;
        if (!(c->must & ~done) && can_end(c, done, s))
                return true;
        if (tried(c, done, s))
                return false;
        for (unsigned i = 0; i < c->h->n; i++)
                if (is_next(c, done, i) && observes(c, s, &c->h->op[i]))
                        return search(c, done | 1u << i, s);
        for (unsigned i = 0; i < c->h->n; i++)
                if (is_next(c, done, i) && do_op(c, done, s, i))
                        return true;
        return false;
}

static bool happened(const struct op *o)
{
        return o->outcome == OUT_DONE || (o->outcome == OUT_NOTHING && o->mode == MODE_TRY);
}

bool checker_accepts(struct checker *c, const struct history *h)
{
        struct state s = {0};
        uint32_t all = h->n == MOST_OPS ? UINT32_MAX : (1u << h->n) - 1;

        c->h = h;
        c->generation++;
        c->kept = 0;
        c->must = c->may = 0;
        for (unsigned i = 0; i < h->n; i++) {
                const struct op *o = &h->op[i];

                c->before[i] = 0;
                if (o->invoked == NEVER)
                        continue;
                for (unsigned k = 0; k < h->n; k++)
                        if (k != i && h->op[k].returned <= o->invoked)
                                c->before[i] |= 1u << k;
                if (happened(o))
                        c->must |= 1u << i;
                else if (o->outcome == OUT_PENDING && h->ending == END_PANIC)
                        c->may |= 1u << i;
        }
        c->may |= c->must;
        /* What timed out has happened nowhere: nobody waits for it. */
        return search(c, all & ~c->may, &s);
}
