/*
 * The real inputs: pictures, log files, records; made from a seed, and with them what the
 * sequential run makes of each.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/rng.h"
#include "flow/flow.h"

enum {
        SIDE = 128, /* of a picture, and of what is left of it */
        SMALL = 32,
        LINES = 160, /* of a log, each below LINE bytes */
        LINE = 128,
        RECORDS = 48, /* of a table */
        LEVELS = 4,
        WORDS = 64, /* counters, words find theirs by their hash */
        CURRENCIES = 4,
};

struct blob {
        size_t n;
        unsigned char byte[];
};

struct flow_inputs {
        unsigned workload;
        struct blob *input[FLOW_INPUTS], *right[FLOW_INPUTS];
};

static struct blob *blob_new(size_t n)
{
        struct blob *b = malloc(sizeof *b + n);

        if (b)
                b->n = n;
        return b;
}

static void append(struct blob *b, size_t most, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

static void append(struct blob *b, size_t most, const char *format, ...)
{
        va_list args;
        int n;

        va_start(args, format);
        n = vsnprintf((char *)b->byte + b->n, most - b->n, format, args);
        va_end(args);
        if (n > 0 && (size_t)n < most - b->n)
                b->n += (size_t)n;
}

/* ---- pictures ---- */

static struct blob *picture(struct ct_rng *rng)
{
        struct blob *b = blob_new(SIDE * SIDE);

        for (size_t i = 0; b && i < b->n; i++)
                b->byte[i] = (unsigned char)ct_rng_next(rng);
        return b;
}

static unsigned blurred(const unsigned char *p, int x, int y)
{
        unsigned sum = 0;

        for (int dy = -1; dy <= 1; dy++)
                for (int dx = -1; dx <= 1; dx++)
                        sum += p[((y + dy) & (SIDE - 1)) * SIDE + ((x + dx) & (SIDE - 1))];
        return sum / 9;
}

/* 3 x 3 box blur, then the mean of each 4 x 4. */
static void *thumbnail(const struct blob *in)
{
        enum { STEP = SIDE / SMALL };
        struct blob *out = blob_new(SMALL * SMALL);

        for (int i = 0; out && i < SMALL * SMALL; i++) {
                unsigned sum = 0;

                for (int k = 0; k < STEP * STEP; k++)
                        sum += blurred(in->byte, i % SMALL * STEP + k % STEP,
                                       i / SMALL * STEP + k / STEP);
                out->byte[i] = (unsigned char)(sum / (STEP * STEP));
        }
        return out;
}

/* ---- logs ---- */

static const char *const levels[LEVELS] = {"DEBUG", "INFO", "WARN", "ERROR"};
static const char *const words[] = {"cache", "miss",  "user",    "order",  "queue", "full",
                                    "retry", "after", "timeout", "worker", "done",  "payment"};

static struct blob *log_text(struct ct_rng *rng)
{
        struct blob *b = blob_new(LINES * LINE);

        if (!b)
                return NULL;
        b->n = 0;
        for (int i = 0; i < LINES; i++) {
                uint64_t more = 2 + ct_rng_below(rng, 7);

                append(b, LINES * LINE, "19:04:%02d.%03d %s", i % 60, (int)ct_rng_below(rng, 1000),
                       levels[ct_rng_below(rng, LEVELS)]);
                while (more--)
                        append(b, LINES * LINE, " %s",
                               words[ct_rng_below(rng, sizeof words / sizeof *words)]);
                append(b, LINES * LINE, "\n");
        }
        return b;
}

struct log_counts {
        uint32_t lines, words, level[LEVELS], word[WORDS];
};

static void count_word(struct log_counts *c, const char *word, size_t n, unsigned place)
{
        if (place == 0)
                return; /* when */
        if (place > 1) {
                c->words++;
                c->word[ct_hash(word, n, 0) % WORDS]++;
                return;
        }
        for (unsigned l = 0; l < LEVELS; l++)
                c->level[l] += strlen(levels[l]) == n && !memcmp(levels[l], word, n);
}

static void *count_log(const struct blob *in)
{
        struct blob *out = blob_new(sizeof(struct log_counts));
        struct log_counts c = {0};
        const char *at = (const char *)in->byte, *end = at + in->n;
        unsigned place = 0;

        while (out && at < end) {
                size_t n = strcspn(at, " \n");

                count_word(&c, at, n, place++);
                if (at[n] == '\n') {
                        c.lines++;
                        place = 0;
                }
                at += n + 1;
        }
        if (out)
                memcpy(out->byte, &c, sizeof c);
        return out;
}

/* ---- records ---- */

static struct blob *record_text(struct ct_rng *rng)
{
        struct blob *b = blob_new(RECORDS * LINE);

        if (!b)
                return NULL;
        b->n = 0;
        for (int i = 0; i < RECORDS; i++) {
                bool broken = ct_rng_below(rng, 10) == 0; /* an amount that is no number */

                append(b, RECORDS * LINE, "%d,customer-%d,%d,%s%d,%d\n", i,
                       (int)ct_rng_below(rng, 1000), (int)ct_rng_below(rng, CURRENCIES),
                       broken ? "n/a" : "", (int)ct_rng_below(rng, 1000000),
                       1 + (int)ct_rng_below(rng, 9));
        }
        return b;
}

struct record {
        int number, customer, currency, cents, pieces;
        uint64_t total, mark;
};

struct table {
        unsigned n, dropped;
        struct record record[RECORDS];
};

static void *extract(const struct blob *in)
{
        struct table *t = calloc(1, sizeof *t);
        const char *at = (const char *)in->byte, *end = at + in->n;

        while (t && at < end) {
                struct record *r = &t->record[t->n];

                if (sscanf(at, "%d,customer-%d,%d,%d,%d", &r->number, &r->customer, &r->currency,
                           &r->cents, &r->pieces) == 5)
                        t->n++;
                else
                        t->dropped++;
                at = strchr(at, '\n') + 1;
        }
        return t;
}

static uint64_t power(uint64_t base, uint64_t exponent)
{
        const uint64_t prime = UINT64_C(0xffffffffffffffc5); /* the greatest below 2^64 */
        uint64_t out = 1;

        for (; exponent; exponent >>= 1) {
                if (exponent & 1)
                        out = (uint64_t)((unsigned __int128)out * base % prime);
                base = (uint64_t)((unsigned __int128)base * base % prime);
        }
        return out;
}

/* What it costs in the one currency, and a mark that nobody else could have put there. */
static void *transform(struct table *t)
{
        static const uint64_t rate[CURRENCIES] = {100000, 117230, 131480, 640};

        for (unsigned i = 0; i < t->n; i++) {
                struct record *r = &t->record[i];

                r->total = (uint64_t)r->cents * (uint64_t)r->pieces * rate[r->currency] / 100000;
                r->mark = power(r->total * 1000 + (uint64_t)r->customer + 2, 0x10001a5c3f7e9b1d);
        }
        return t;
}

static void *load(struct table *t)
{
        struct blob *b = blob_new(RECORDS * LINE);

        if (b) {
                b->n = 0;
                append(b, RECORDS * LINE, "%u records, %u dropped\n", t->n, t->dropped);
        }
        for (unsigned i = 0; b && i < t->n; i++)
                append(b, RECORDS * LINE, "%d %d %llu %016llx\n", t->record[i].number,
                       t->record[i].customer, (unsigned long long)t->record[i].total,
                       (unsigned long long)t->record[i].mark);
        free(t);
        return b;
}

/* ---- all of them ---- */

void *flow_input_stage(const struct flow_inputs *in, unsigned stage, uint64_t id, void *data)
{
        const struct blob *input = in->input[id % FLOW_INPUTS];

        if (in->workload == IMAGE)
                return thumbnail(input);
        if (in->workload == LOG)
                return count_log(input);
        if (stage == 0)
                return extract(input);
        if (!data)
                return NULL;
        return stage == 1 ? transform(data) : load(data);
}

bool flow_input_right(const struct flow_inputs *in, uint64_t id, const void *data)
{
        const struct blob *right = in->right[id % FLOW_INPUTS], *b = data;

        return b->n == right->n && !memcmp(b->byte, right->byte, b->n);
}

static void *one_after_the_other(const struct flow_inputs *in, uint64_t id)
{
        void *data = NULL;

        for (unsigned stage = 0; stage < (in->workload == ETL ? 3 : 1); stage++)
                data = flow_input_stage(in, stage, id, data);
        return data;
}

int flow_inputs_get(const struct flow_inputs **out, unsigned workload)
{
        static struct flow_inputs all[ETL + 1]; /* one worker at a time asks */
        struct flow_inputs *in = &all[workload];
        struct ct_rng rng;

        *out = in;
        in->workload = workload;
        ct_rng_seed(&rng, workload);
        for (unsigned i = 0; i < FLOW_INPUTS && !in->right[FLOW_INPUTS - 1]; i++) {
                in->input[i] = workload == IMAGE ? picture(&rng)
                               : workload == LOG ? log_text(&rng)
                                                 : record_text(&rng);
                in->right[i] = in->input[i] ? one_after_the_other(in, i) : NULL;
                if (!in->right[i])
                        return -ENOMEM;
        }
        return 0;
}
