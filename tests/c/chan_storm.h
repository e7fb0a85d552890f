/*
 * A storm of messages over one or several channels, and its oracle: every message is received
 * exactly once, and each consumer sees the messages of one producer over one channel in the order
 * in which they were sent.
 *
 * A message names its producer and its number, in each of its words: one that was copied while it
 * was written is found out. Each consumer marks what it got in a bit set of its own; at the end
 * these are laid over each other.
 */
#ifndef CT_TESTS_CHAN_STORM_H
#define CT_TESTS_CHAN_STORM_H

#include "base/rng.h"

#include "chan_kinds.h"
#include "contexts.h"

#include <string.h>

#define STORM_CHANNELS 4
#define STORM_PRODUCERS 16
#define STORM_WORDS 32

enum manner { PLAIN, TRYING, TIMED, SELECTING, MIXED };

static const char *const MANNERS[] = {"plain", "try", "timed", "select", "mixed"};

struct storm {
        const struct chan_kind *kind;
        size_t capacity, bytes;
        unsigned producers, consumers, channels;
        enum manner manner;
        uint64_t each; /* messages of one producer */

        struct ct_chan *c[STORM_CHANNELS];
        ct_atomic_u32 sending; /* producers that have not finished */
        ct_atomic_u32 failures;
        ct_atomic_u64 misses; /* tries in vain and time-outs */
        uint64_t *seen;       /* a bit set for each consumer */
};

struct storm_message {
        uint64_t word[STORM_WORDS]; /* producer << 48 | number, in each that is sent */
};

static inline void storm_check(struct storm *s, bool good, const char *what, uint64_t message)
{
        if (!good && ct_add_u32_relaxed(&s->failures, 1) < 5)
                fprintf(stderr, "%s: producer %u, number %llu\n", what, (unsigned)(message >> 48),
                        (unsigned long long)(message & ((UINT64_C(1) << 48) - 1)));
}

static inline size_t storm_words(const struct storm *s)
{
        return (size_t)((s->producers * s->each + 63) / 64);
}

/* Where there are several channels, all who send could wait on one for ever, and all who receive on
   another: a mixture has deadlines there. */
static inline enum manner storm_manner(const struct storm *s, struct ct_rng *rng)
{
        enum manner manner = s->manner;

        if (manner == MIXED)
                manner = (enum manner)ct_rng_below(rng, MIXED);
        return manner == PLAIN && s->channels > 1 ? TIMED : manner;
}

static inline int64_t storm_deadline(struct ct_rng *rng)
{
        return ct_now_ns() + (int64_t)ct_rng_below(rng, 20000);
}

/* True if it was sent. */
static inline bool storm_send(struct storm *s, const struct storm_message *m, struct ct_rng *rng)
{
        struct ct_select_case k[STORM_CHANNELS];
        struct ct_chan *c = s->c[s->channels == 1 ? 0 : ct_rng_below(rng, s->channels)];

        switch (storm_manner(s, rng)) {
        case TRYING:
                return ct_chan_try_send(c, m);
        case TIMED:
                return ct_chan_send_until(c, m, storm_deadline(rng)) == 0;
        case SELECTING:
                for (unsigned i = 0; i < s->channels; i++)
                        k[i] = send_case(s->c[i], m);
                if (s->manner == MIXED && ct_rng_below(rng, 2))
                        return ct_select_until(k, s->channels, storm_deadline(rng)) >= 0;
                return ct_select(k, s->channels) >= 0;
        default:
                ct_chan_send(c, m);
                return true;
        }
}

static inline void storm_produce(struct storm *s, unsigned producer)
{
        struct storm_message m;
        struct ct_rng rng;

        ct_rng_seed(&rng, producer);
        for (uint64_t i = 0; i < s->each;) {
                for (size_t w = 0; w < s->bytes / 8; w++)
                        m.word[w] = (uint64_t)producer << 48 | i;
                if (storm_send(s, &m, &rng)) {
                        i++;
                        if (i % 256 == 0)
                                ct_checkpoint();
                        continue;
                }
                ct_add_u64_relaxed(&s->misses, 1);
                ct_yield();
        }
        if (ct_sub_u32_acq_rel(&s->sending, 1) == 1)
                for (unsigned i = 0; i < s->channels; i++)
                        ct_chan_close(s->c[i]);
}

/* The channel that a message came from; -1: none in time; -2: closed, as *which says. */
static inline int storm_receive(struct storm *s, struct storm_message *m, struct ct_rng *rng,
                                const bool *ended, unsigned *which)
{
        struct ct_select_case k[STORM_CHANNELS];
        enum manner manner = storm_manner(s, rng);
        bool open = false;
        int r = 0;

        *which = s->channels == 1 ? 0 : (unsigned)ct_rng_below(rng, s->channels);
        while (ended[*which])
                *which = (*which + 1) % s->channels;
        switch (manner) {
        case TRYING:
                r = ct_chan_try_recv(s->c[*which], m, &open) ? 0 : -1;
                break;
        case TIMED:
                r = ct_chan_recv_until(s->c[*which], m, &open, storm_deadline(rng)) ? -1 : 0;
                break;
        case SELECTING:
                for (unsigned i = 0; i < s->channels; i++)
                        k[i] = recv_case(ended[i] ? NULL : s->c[i], m);
                r = s->manner == MIXED && ct_rng_below(rng, 2)
                            ? ct_select_until(k, s->channels, storm_deadline(rng))
                            : ct_select(k, s->channels);
                if (r < 0)
                        return -1;
                *which = (unsigned)r;
                open = k[r].open;
                break;
        default:
                open = ct_chan_recv(s->c[*which], m);
        }
        if (r < 0)
                return -1;
        return open ? (int)*which : -2;
}

static inline void storm_judge(struct storm *s, const struct storm_message *m, uint64_t *next,
                               uint64_t *seen)
{
        uint64_t producer = m->word[0] >> 48, number = m->word[0] & ((UINT64_C(1) << 48) - 1), bit;

        if (producer >= s->producers || number >= s->each) {
                storm_check(s, false, "never sent", m->word[0]);
                return;
        }
        for (size_t w = 1; w < s->bytes / 8; w++)
                storm_check(s, m->word[w] == m->word[0], "torn", m->word[0]);
        storm_check(s, number >= next[producer], "out of order", m->word[0]);
        next[producer] = number + 1;
        bit = producer * s->each + number;
        storm_check(s, !(seen[bit / 64] & UINT64_C(1) << bit % 64), "twice", m->word[0]);
        seen[bit / 64] |= UINT64_C(1) << bit % 64;
}

static inline void storm_consume(struct storm *s, unsigned consumer)
{
        uint64_t next[STORM_CHANNELS][STORM_PRODUCERS] = {{0}};
        uint64_t *seen = s->seen + consumer * storm_words(s), n = 0;
        bool ended[STORM_CHANNELS] = {false};
        unsigned left = s->channels, which;
        struct storm_message m;
        struct ct_rng rng;

        ct_rng_seed(&rng, 1000 + consumer);
        while (left) {
                int from = storm_receive(s, &m, &rng, ended, &which);

                if (from >= 0) {
                        storm_judge(s, &m, next[from], seen);
                        if (++n % 256 == 0)
                                ct_checkpoint();
                } else if (from == -2) {
                        ended[which] = true;
                        left--;
                } else {
                        ct_add_u64_relaxed(&s->misses, 1);
                        ct_yield();
                }
        }
}

static inline void storm_body(void *shared, unsigned index)
{
        struct storm *s = shared;

        if (index < s->producers)
                storm_produce(s, index);
        else
                storm_consume(s, index - s->producers);
}

/* Received by somebody, and by nobody else. */
static inline uint64_t storm_count(struct storm *s)
{
        size_t words = storm_words(s);
        uint64_t found = 0, twice = 0;

        for (size_t w = 0; w < words; w++) {
                uint64_t any = 0;

                for (unsigned r = 0; r < s->consumers; r++) {
                        uint64_t own = s->seen[r * words + w];

                        twice += (uint64_t)__builtin_popcountll(any & own);
                        any |= own;
                }
                found += (uint64_t)__builtin_popcountll(any);
        }
        if (twice)
                fprintf(stderr, "%llu received by two consumers\n", (unsigned long long)twice);
        if (found != s->producers * s->each)
                fprintf(stderr, "%llu of %llu received\n", (unsigned long long)found,
                        (unsigned long long)(s->producers * s->each));
        return twice ? 0 : found;
}

/* How many messages were conserved; 0 if the oracle objects. Takes what is set of s above. */
static inline uint64_t storm_run(struct storm *s, enum exec exec)
{
        uint64_t found;

        ct_store_u32_relaxed(&s->sending, s->producers);
        s->seen = calloc(s->consumers * storm_words(s), sizeof *s->seen);
        if (!s->seen)
                contexts_failed("calloc", ENOMEM);
        for (unsigned i = 0; i < s->channels; i++)
                s->c[i] = make_chan(s->kind, s->bytes, s->capacity);
        contexts_run(exec, s->producers + s->consumers, storm_body, s);
        found = storm_count(s);
        for (unsigned i = 0; i < s->channels; i++) {
                storm_check(s, queued(s->c[i], TO_SEND) + queued(s->c[i], TO_RECEIVE) == 0,
                            "somebody is still queued", 0);
                ct_chan_free(s->c[i]);
        }
        free(s->seen);
        return ct_load_u32_relaxed(&s->failures) || found != s->producers * s->each ? 0 : found;
}

#endif
