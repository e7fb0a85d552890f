#include "harness/record.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/noise.h"

static const struct metric {
        const char *name;
        size_t offset;
        bool count;
} metrics[] = {
#define X(name, count) {#name, offsetof(struct measurement, name), count},
        MEASUREMENT_METRICS(X)
#undef X
};
enum { N_METRICS = sizeof metrics / sizeof *metrics };

static const char *const key_columns[] = {"schema_version", "run_id",   "family",
                                          "contestant",     "workload", "exec",
                                          "placement",      "threads",  "rep"};
enum { N_KEYS = sizeof key_columns / sizeof *key_columns };

static const struct {
        unsigned bit;
        const char *word;
} flag_words[] = {
        {ROW_OVERSUBSCRIBED, "oversubscribed"},
        {ROW_UNPINNED, "unpinned"},
        {ROW_LOSSY, "lossy"},
        {ROW_FAILED, "failed"},
        {ROW_STUCK, "stuck"},
        {ROW_CRASHED, "crashed"},
        {ROW_WRONG, "wrong"},
        {ROW_SCALING, "scaling"},
        {ROW_PLANTED, "planted"},
};

static double *metric_at(const struct measurement *m, size_t i)
{
        return (double *)((char *)m + metrics[i].offset);
}

void measurement_clear(struct measurement *m)
{
        *m = (struct measurement){0};
        for (size_t i = 0; i < N_METRICS; i++)
                *metric_at(m, i) = NAN;
        for (size_t i = 0; i < MAX_METRICS; i++)
                m->own[i] = NAN;
}

size_t record_columns(const struct family *f, const char **names)
{
        size_t n = 0;

        for (size_t i = 0; i < N_KEYS; i++)
                names[n++] = key_columns[i];
        for (size_t i = 0; i < MAX_PARAMS && f->params[i]; i++)
                names[n++] = f->params[i];
        for (size_t i = 0; i < N_METRICS; i++)
                names[n++] = metrics[i].name;
        for (size_t i = 0; i < MAX_METRICS && f->metrics[i]; i++)
                names[n++] = f->metrics[i];
        if (f->word)
                names[n++] = f->word;
        names[n++] = "verified";
        names[n++] = "noise";
        names[n++] = "flags";
        return n;
}

static struct ct_cell text(const char *s)
{
        return (struct ct_cell){.kind = CT_CELL_TEXT, .text = s};
}

static struct ct_cell count(uint64_t v)
{
        return (struct ct_cell){.kind = CT_CELL_U64, .u64 = v};
}

static struct ct_cell number(double v, bool is_count)
{
        if (isnan(v))
                return (struct ct_cell){.kind = CT_CELL_EMPTY};
        if (is_count)
                return count((uint64_t)(v + 0.5));
        return (struct ct_cell){.kind = CT_CELL_REAL, .real = v};
}

static void add_word(char *out, size_t size, const char *word)
{
        size_t used = strlen(out);

        snprintf(out + used, size - used, "%s%s", used ? ";" : "", word);
}

static void flags_to_text(const struct measurement *m, char *out, size_t size)
{
        out[0] = '\0';
        for (size_t i = 0; i < sizeof flag_words / sizeof *flag_words; i++)
                if (m->flags & flag_words[i].bit)
                        add_word(out, size, flag_words[i].word);
        if (m->flags & ROW_FAILED)
                return;
        for (unsigned bit = 1; bit <= m->noise; bit <<= 1)
                if (m->noise & bit)
                        add_word(out, size, ct_noise_name(bit));
}

void record_cells(const struct row_key *key, const struct measurement *m, struct ct_cell *cells,
                  char flags_text[256])
{
        const struct family *f = key->family;
        bool failed = m->flags & ROW_FAILED;
        size_t n = 0;

        cells[n++] = count(SCHEMA_VERSION);
        cells[n++] = text(key->run_id);
        cells[n++] = text(f->name);
        cells[n++] = text(key->contestant);
        cells[n++] = text(key->workload);
        cells[n++] = text(key->exec);
        cells[n++] = text(key->placement);
        cells[n++] = count(key->threads);
        cells[n++] = count(key->rep);
        for (size_t i = 0; i < MAX_PARAMS && f->params[i]; i++) {
                int64_t v = key->params->value[i];

                cells[n++] = v < 0 ? (struct ct_cell){.kind = CT_CELL_EMPTY} : count((uint64_t)v);
        }
        for (size_t i = 0; i < N_METRICS; i++)
                cells[n++] = number(failed ? NAN : *metric_at(m, i), metrics[i].count);
        for (size_t i = 0; i < MAX_METRICS && f->metrics[i]; i++)
                cells[n++] = number(failed ? NAN : m->own[i], false);
        if (f->word)
                cells[n++] = text(key->word ? key->word : "");
        cells[n++] = count(m->verified);
        cells[n++] =
                failed ? (struct ct_cell){.kind = CT_CELL_EMPTY} : text(m->noise ? "noisy" : "ok");
        flags_to_text(m, flags_text, 256);
        cells[n++] = flags_text[0] ? text(flags_text) : (struct ct_cell){.kind = CT_CELL_EMPTY};
}

static bool same_count(const char *field, int64_t v)
{
        char digits[32] = "";

        if (v >= 0)
                snprintf(digits, sizeof digits, "%lld", (long long)v);
        return strcmp(field, digits) == 0;
}

static bool key_matches(const struct row_key *key, const char *const *fields)
{
        const struct family *f = key->family;
        bool same = !strcmp(fields[1], key->run_id) && !strcmp(fields[2], f->name) &&
                    !strcmp(fields[3], key->contestant) && !strcmp(fields[4], key->workload) &&
                    !strcmp(fields[5], key->exec) && !strcmp(fields[6], key->placement) &&
                    same_count(fields[7], key->threads) && same_count(fields[8], key->rep);

        for (size_t i = 0; same && i < MAX_PARAMS && f->params[i]; i++)
                same = same_count(fields[N_KEYS + i], key->params->value[i]);
        return same;
}

static double field_number(const char *field)
{
        return field[0] ? strtod(field, NULL) : NAN;
}

bool record_parse(const struct row_key *key, const char *const *fields, size_t n,
                  struct measurement *m)
{
        const char *names[MAX_COLUMNS];
        size_t at = N_KEYS;

        if (n != record_columns(key->family, names) || !key_matches(key, fields))
                return false;
        measurement_clear(m);
        while (at < n && !strncmp(names[at], "p_", 2))
                at++;
        for (size_t i = 0; i < N_METRICS; i++)
                *metric_at(m, i) = field_number(fields[at++]);
        for (size_t i = 0; i < MAX_METRICS && key->family->metrics[i]; i++)
                m->own[i] = field_number(fields[at++]);
        at += key->family->word != NULL;
        m->verified = !strcmp(fields[at++], "1");
        m->noise = !strcmp(fields[at++], "noisy");
        for (size_t i = 0; i < sizeof flag_words / sizeof *flag_words; i++)
                if (strstr(fields[at], flag_words[i].word))
                        m->flags |= flag_words[i].bit;
        return true;
}
