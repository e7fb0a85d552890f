/* The text forms: lirs, ARC and csv, told apart by the first line that counts. */
#include <errno.h>
#include <string.h>

#include "base/hash.h"
#include "cache/trace_reader.h"

enum { FIELDS_MOST = 16 };

struct line {
        char text[TRACE_LINE_MOST + 1];
        size_t size;
        struct {
                const char *text;
                size_t size;
        } field[FIELDS_MOST];
        size_t fields;
};

struct columns {
        size_t time, object, size;
        bool has_size;
};

static bool blank(char c)
{
        return c == ' ' || (c >= '\t' && c <= '\r');
}

/* 1: a line; 0: the end; or -errno. */
static int next_line(struct trace_reader *r, struct line *l)
{
        int c;

        l->size = 0;
        r->line++;
        while ((c = getc_unlocked(r->file)) != EOF && c != '\n') {
                if (c < ' ' && !blank((char)c))
                        return trace_refuse(r, r->line, "a byte 0x%02x, expected text", c);
                if (l->size == TRACE_LINE_MOST)
                        return trace_refuse(r, r->line, "longer than %d bytes, expected a request",
                                            TRACE_LINE_MOST);
                l->text[l->size++] = (char)c;
        }
        if (c == EOF && ferror(r->file))
                return trace_refuse(r, r->line, "cannot be read"), -EIO;
        l->text[l->size] = '\0';
        return c != EOF || l->size > 0;
}

/* The next line that counts, likewise. */
static int next_request(struct trace_reader *r, struct line *l)
{
        int rc;

        while ((rc = next_line(r, l)) == 1) {
                size_t i = 0;

                while (i < l->size && blank(l->text[i]))
                        i++;
                if (i < l->size && l->text[i] != '#')
                        break;
        }
        return rc;
}

/* Splits at commas, with blanks around a field left out; or, `comma` being false, at blanks. */
static void split(struct line *l, bool comma)
{
        const char *s = l->text, *end;

        for (l->fields = 0; l->fields < FIELDS_MOST; s = end + 1) {
                while (blank(*s))
                        s++;
                if (!*s && !comma)
                        return;
                for (end = s; *end && !(comma ? *end == ',' : blank(*end)); end++)
                        ;
                l->field[l->fields].text = s;
                l->field[l->fields].size = (size_t)(end - s);
                while (l->field[l->fields].size && blank(s[l->field[l->fields].size - 1]))
                        l->field[l->fields].size--;
                l->fields++;
                if (!*end)
                        return;
        }
}

enum { NUMBER, NO_NUMBER, TOO_LARGE };

static int whole_number(const struct line *l, size_t field, uint64_t *out)
{
        const char *s = l->field[field].text, *end = s + l->field[field].size;

        *out = 0;
        if (s == end)
                return NO_NUMBER;
        for (; s < end; s++) {
                uint64_t digit = (uint64_t)(*s - '0');

                if (*s < '0' || *s > '9')
                        return NO_NUMBER;
                if (*out > (UINT64_MAX - digit) / 10)
                        return TOO_LARGE;
                *out = *out * 10 + digit;
        }
        return NUMBER;
}

/* What the field holds, as one can print it: its beginning, and ? for what is no ASCII. */
static const char *shown(const struct line *l, size_t field, char out[40])
{
        size_t n = l->field[field].size < 32 ? l->field[field].size : 32;

        for (size_t i = 0; i < n; i++)
                out[i] = l->field[field].text[i] >= ' ' && l->field[field].text[i] < 127
                                 ? l->field[field].text[i]
                                 : '?';
        strcpy(out + n, n < l->field[field].size ? "..." : "");
        return out;
}

static int take_number(struct trace_reader *r, const struct line *l, size_t field,
                       const char *expected, uint64_t *out)
{
        int got = whole_number(l, field, out);
        char text[40];

        if (got == NUMBER)
                return 0;
        return trace_refuse(r, r->line, "%s'%s', expected %s",
                            got == TOO_LARGE ? "number too large: " : "", shown(l, field, text),
                            expected);
}

/* ---- lirs ---- */

static int lirs_line(struct trace_reader *r, struct line *l)
{
        uint64_t block;
        int rc;

        split(l, false);
        if (l->fields != 1)
                return trace_refuse(r, r->line, "%zu fields, expected one block number", l->fields);
        if (l->field[0].size == 1 && *l->field[0].text == '*')
                return 0;
        rc = take_number(r, l, 0, "a block number", &block);
        return rc ? rc : trace_request(r, block, r->line);
}

/* ---- ARC ---- */

static int arc_line(struct trace_reader *r, struct line *l)
{
        static const char expected[] = "whole numbers \"start count ignored sequence\"";
        uint64_t v[4] = {0};
        int rc = 0;

        split(l, false);
        if (l->fields != 4)
                return trace_refuse(r, r->line, "%zu fields, expected %s", l->fields, expected);
        for (size_t i = 0; i < 4 && !rc; i++)
                rc = take_number(r, l, i, expected, &v[i]);
        if (rc)
                return rc;
        if (v[1] > TRACE_MOST || v[0] > UINT64_MAX - v[1])
                return trace_refuse(r, r->line,
                                    "a count of %llu from block %llu, expected at most %d blocks",
                                    (unsigned long long)v[1], (unsigned long long)v[0], TRACE_MOST);
        for (uint64_t i = 0; i < v[1] && !rc; i++)
                rc = trace_request(r, v[0] + i, r->line);
        return rc;
}

/* ---- csv ---- */

static bool named(const struct line *l, size_t field, const char *const *names)
{
        for (; *names; names++)
                if (strlen(*names) == l->field[field].size &&
                    !strncmp(*names, l->field[field].text, l->field[field].size))
                        return true;
        return false;
}

/* True if the line names the columns, of which an object must be one. */
static bool csv_names(const struct line *l, struct columns *c)
{
        static const char *const times[] = {"time", "timestamp", "ts", "clock_time", NULL};
        static const char *const objects[] = {"obj",    "object", "obj_id", "object_id",
                                              "obj-id", "id",     "key",    NULL};
        static const char *const sizes[] = {"size", "obj_size", "object_size", "obj-size", NULL};
        bool found = false;

        c->has_size = false;
        for (size_t i = 0; i < l->fields; i++) {
                if (named(l, i, times))
                        c->time = i;
                if (named(l, i, objects)) {
                        c->object = i;
                        found = true;
                }
                if (named(l, i, sizes)) {
                        c->size = i;
                        c->has_size = true;
                }
        }
        return found;
}

/* A number, also with a decimal point. */
static bool is_time(const struct line *l, size_t field)
{
        size_t digits = 0, points = 0;

        for (size_t i = 0; i < l->field[field].size; i++) {
                digits += l->field[field].text[i] >= '0' && l->field[field].text[i] <= '9';
                points += l->field[field].text[i] == '.';
        }
        return digits && points <= 1 && digits + points == l->field[field].size;
}

static int csv_line(struct trace_reader *r, struct line *l, const struct columns *c)
{
        uint64_t object, bytes;
        char text[40];
        int rc;

        if (c->object >= l->fields || c->time >= l->fields || (c->has_size && c->size >= l->fields))
                return trace_refuse(r, r->line, "%zu fields, expected \"time,object%s\"", l->fields,
                                    c->has_size ? ",size" : "");
        if (!is_time(l, c->time))
                return trace_refuse(r, r->line, "'%s', expected a time", shown(l, c->time, text));
        rc = c->has_size ? take_number(r, l, c->size, "a size in bytes", &bytes) : 0;
        if (rc)
                return rc;
        if (!l->field[c->object].size)
                return trace_refuse(r, r->line, "no object, expected \"time,object,size\"");
        if (whole_number(l, c->object, &object) != NUMBER)
                object = ct_hash(l->field[c->object].text, l->field[c->object].size, 1);
        return trace_request(r, object, r->line);
}

static int read_csv(struct trace_reader *r, struct line *l)
{
        struct columns c = {.object = 1, .size = 2};
        int rc = 0, more = 1;

        split(l, true);
        if (csv_names(l, &c)) {
                more = next_request(r, l);
        } else {
                c = (struct columns){.object = 1, .size = 2, .has_size = l->fields > 2};
        }
        for (; more == 1 && !rc; more = rc ? 0 : next_request(r, l)) {
                split(l, true);
                rc = csv_line(r, l, &c);
        }
        return rc ? rc : more;
}

static int read_lines(struct trace_reader *r, struct line *l,
                      int (*line)(struct trace_reader *, struct line *))
{
        int rc = 0, more = 1;

        for (; more == 1 && !rc; more = rc ? 0 : next_request(r, l))
                rc = line(r, l);
        return rc ? rc : more;
}

int trace_read_text(struct trace_reader *r)
{
        struct line l;
        int more = next_request(r, &l);

        if (more != 1)
                return more;
        if (strchr(l.text, ','))
                return read_csv(r, &l);
        split(&l, false);
        if (l.fields == 1)
                return read_lines(r, &l, lirs_line);
        if (l.fields == 4)
                return read_lines(r, &l, arc_line);
        return trace_refuse(r, r->line,
                            "%zu fields, expected a block number (lirs), \"start count ignored "
                            "sequence\" (ARC) or \"time,object,size\" (csv)",
                            l.fields);
}
