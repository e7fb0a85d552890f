#include "cache/trace_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache/trace_reader.h"

/* The path as one can print it: no name makes two lines of one. */
static size_t put_path(char *why, const char *path)
{
        size_t n = 0;

        for (; *path && n < TRACE_WHY / 2; path++)
                why[n++] = (unsigned char)*path < ' ' || *path == 127 ? '?' : *path;
        why[n] = '\0';
        return n;
}

__attribute__((format(printf, 3, 4))) static int refuse_file(char *why, const char *path,
                                                             const char *format, ...)
{
        size_t n = put_path(why, path);
        va_list list;

        n += (size_t)snprintf(why + n, TRACE_WHY - n, ": ");
        va_start(list, format);
        vsnprintf(why + n, TRACE_WHY - n, format, list);
        va_end(list);
        return -EINVAL;
}

int trace_refuse(struct trace_reader *r, uint64_t at, const char *format, ...)
{
        size_t n = put_path(r->why, r->path);
        va_list list;

        n += (size_t)snprintf(r->why + n, TRACE_WHY - n, ":%llu: ", (unsigned long long)at);
        va_start(list, format);
        vsnprintf(r->why + n, TRACE_WHY - n, format, list);
        va_end(list);
        return -EINVAL;
}

int trace_request(struct trace_reader *r, uint64_t object, uint64_t at)
{
        struct trace *t = r->t;
        uint32_t *more;

        if (t->n == TRACE_MOST)
                return trace_refuse(r, at, "more than %d requests, expected that many at most",
                                    TRACE_MOST);
        if (t->n == r->room) {
                more = realloc(t->key, (r->room * 2 + 4096) * sizeof *more);
                if (!more)
                        return trace_refuse(r, at, "no memory for so many requests"), -ENOMEM;
                t->key = more;
                r->room = r->room * 2 + 4096;
        }
        if (!trace_ids_number(r->ids, object, &t->key[t->n]))
                return trace_refuse(r, at, "no memory for so many objects"), -ENOMEM;
        t->n++;
        return 0;
}

static uint64_t little(const unsigned char *p, int bytes)
{
        uint64_t v = 0;

        for (int i = bytes; i-- > 0;)
                v = v << 8 | p[i];
        return v;
}

/* A binary that is something else gives itself away by what follows: no request's next one is
   before it, or more than 2^48 behind the beginning. */
int trace_read_oracle(struct trace_reader *r, uint64_t bytes)
{
        enum { RECORD = 24, NEXT = 16 };
        unsigned char record[RECORD];
        uint64_t at = 0, index = 0;
        size_t got;

        while ((got = fread(record, 1, RECORD, r->file)) == RECORD) {
                int64_t next = (int64_t)little(record + NEXT, 8);
                int rc;

                if (next != -1 && next != INT64_MAX &&
                    (next <= (int64_t)index || next >= INT64_C(1) << 48))
                        return trace_refuse(r, at,
                                            "not a request of oracleGeneral (its next one is "
                                            "number %lld), expected that or a text",
                                            (long long)next);
                rc = trace_request(r, little(record + 4, 8), at);
                if (rc)
                        return rc;
                at += RECORD;
                index++;
        }
        if (ferror(r->file))
                return trace_refuse(r, at, "cannot be read"), -EIO;
        if (got)
                return trace_refuse(r, at,
                                    "the last request is cut off: %zu of %d bytes, expected a "
                                    "multiple of %d in the file, which has %llu",
                                    got, RECORD, RECORD, (unsigned long long)bytes);
        return 0;
}

static bool is_text(const unsigned char *head, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (head[i] < ' ' && !(head[i] >= '\t' && head[i] <= '\r'))
                        return false;
        return true;
}

static const char *compressed(const unsigned char *head, size_t n)
{
        static const struct {
                const char *name, *magic;
                size_t n;
        } forms[] = {{"gzip", "\x1f\x8b", 2},
                     {"zstd", "\x28\xb5\x2f\xfd", 4},
                     {"xz", "\xfd\x37zXZ", 5},
                     {"bzip2", "BZh", 3}};

        for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
                if (n >= forms[i].n && !memcmp(head, forms[i].magic, forms[i].n))
                        return forms[i].name;
        return NULL;
}

static int read_all(struct trace_reader *r, uint64_t bytes)
{
        unsigned char head[256];
        size_t n = fread(head, 1, sizeof head, r->file);
        const char *packed = compressed(head, n);
        int rc;

        if (packed)
                return refuse_file(r->why, r->path, "compressed (%s), expected it unpacked",
                                   packed);
        rewind(r->file);
        rc = is_text(head, n) ? trace_read_text(r) : trace_read_oracle(r, bytes);
        if (!rc && !r->t->n)
                return refuse_file(r->why, r->path, "empty, expected at least one request");
        r->t->keys = trace_ids_count(r->ids);
        return rc;
}

static const char *kind_of(mode_t mode)
{
        return S_ISDIR(mode)    ? "a folder"
               : S_ISFIFO(mode) ? "a pipe"
               : S_ISSOCK(mode) ? "a socket"
                                : "a device";
}

/* Without waiting for the writer of a pipe. */
static FILE *open_regular(const char *path, struct stat *st, char *why)
{
        int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        FILE *f;

        if (fd < 0 || fstat(fd, st)) {
                refuse_file(why, path, "%s, expected a file with a trace", strerror(errno));
                if (fd >= 0)
                        close(fd);
                return NULL;
        }
        if (!S_ISREG(st->st_mode)) {
                refuse_file(why, path, "%s, expected a regular file", kind_of(st->st_mode));
                close(fd);
                return NULL;
        }
        f = fdopen(fd, "rb");
        if (!f) {
                refuse_file(why, path, "%s", strerror(errno));
                close(fd);
        }
        return f;
}

int trace_read(struct trace *t, const char *path, char why[TRACE_WHY])
{
        struct trace_reader r = {.path = path, .why = why, .t = t};
        struct stat st;
        int rc;

        *t = (struct trace){0};
        r.file = open_regular(path, &st, why);
        if (!r.file)
                return -EINVAL;
        r.ids = trace_ids_new();
        rc = r.ids ? read_all(&r, (uint64_t)st.st_size) : -ENOMEM;
        if (!r.ids)
                refuse_file(why, path, "no memory");
        trace_ids_free(r.ids);
        fclose(r.file);
        if (rc)
                trace_free(t);
        return rc;
}
