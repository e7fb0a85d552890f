#include "harness/csv.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/crc32.h"
#include "harness/csv_format.h"
#include "harness/csv_resume.h"
#include "harness/runfile.h"

struct ct_csv {
        int dir_fd, fd;
        char final[80], partial[96], footer[96]; /* names inside dir_fd */
        size_t n_columns;
        uint64_t rows;
        uint64_t bytes;
        uint32_t crc;
        int failed; /* the first failed write; nothing is written after it */
        locale_t c_locale;
        struct ct_csv_old old; /* rows from before a resume */
        char line[CT_CSV_MAX_LINE];
};

static int explain(char *why, size_t size, int rc, const char *format, ...)
{
        va_list ap;

        va_start(ap, format);
        vsnprintf(why, size, format, ap);
        va_end(ap);
        return rc;
}

static bool name_ok(const char *s)
{
        static const char allowed[] =
                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

        return s && *s && strlen(s) < 64 && s[strspn(s, allowed)] == '\0';
}

static bool exists_at(int dir_fd, const char *name)
{
        struct stat st;

        return fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Appends a whole line or nothing: what a failed write left behind is cut off again. */
static int append_line(struct ct_csv *csv, const char *line, size_t length)
{
        int rc;

        if (csv->failed)
                return csv->failed;
#ifdef CT_PLANT_csv_ignores_enospc
        (void)ct_write_all(csv->fd, line, length);
        rc = 0;
#elif defined(CT_PLANT_csv_torn_row)
        rc = ct_write_all(csv->fd, line, length / 2);
        usleep(200);
        if (!rc)
                rc = ct_write_all(csv->fd, line + length / 2, length - length / 2);
#else
        rc = ct_write_all(csv->fd, line, length);
        if (rc) {
                /* If this fails as well, the torn line is cut off by the next resume. */
                if (ftruncate(csv->fd, (off_t)csv->bytes))
                        csv->failed = rc;
        }
#endif
        if (rc) {
                csv->failed = rc;
                return rc;
        }
        csv->bytes += length;
        csv->crc = ct_crc32(csv->crc, line, length);
        return 0;
}

static int write_footer(struct ct_csv *csv, bool complete, const char *reason)
{
        char text[512];
        int n = snprintf(
                text, sizeof text,
                "{\"schema_version\":1,\"file\":\"%s\",\"complete\":%s,\"reason\":\"%s\","
                "\"rows\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"crc32\":\"%08" PRIx32 "\"}\n",
                csv->final, complete ? "true" : "false", reason, csv->rows, csv->bytes, csv->crc);

        return ct_file_replace(csv->dir_fd, csv->footer, text, (size_t)n);
}

/* "signal 2": letters, digits and spaces; nothing that JSON would need escaped. */
static void clean_reason(char *out, size_t size, const char *reason)
{
        size_t n = 0;

        for (; reason && *reason && n + 1 < size; reason++) {
                char c = *reason;
                bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                             (c >= '0' && c <= '9') || (c && strchr(" _.:;-", c));

                out[n++] = plain ? c : '_';
        }
        out[n] = '\0';
        if (!n)
                snprintf(out, size, "unknown");
}

static int free_all(struct ct_csv *csv, int rc)
{
        if (csv->fd >= 0 && close(csv->fd) && !rc)
                rc = -errno;
        if (csv->dir_fd >= 0)
                close(csv->dir_fd); /* only read from: nothing to lose */
        if (csv->c_locale)
                freelocale(csv->c_locale);
        ct_csv_old_free(&csv->old);
        free(csv);
        return rc;
}

static struct ct_csv *new_csv(const char *dir, const char *family, size_t n_columns)
{
        struct ct_csv *csv = calloc(1, sizeof *csv);

        if (!csv)
                return NULL;
        csv->fd = -1;
        csv->n_columns = n_columns;
        snprintf(csv->final, sizeof csv->final, "%s.csv", family);
        snprintf(csv->partial, sizeof csv->partial, "%s.csv.partial", family);
        snprintf(csv->footer, sizeof csv->footer, "%s.footer.json", family);
        csv->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        csv->c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
        return csv;
}

static long format_header(char *out, size_t size, const char *const *columns, size_t n)
{
        struct ct_cell cells[CT_CSV_MAX_COLUMNS];

        for (size_t i = 0; i < n; i++) {
                if (!name_ok(columns[i]))
                        return -EINVAL;
                cells[i] = (struct ct_cell){.kind = CT_CELL_TEXT, .text = columns[i]};
        }
        return ct_csv_format_row(out, size, cells, n);
}

/* Finished files go back to .partial before their footer changes: a .csv always has a complete one.
 */
static int reopen_finished(struct ct_csv *csv, char *why, size_t why_size)
{
        int rc = ct_csv_footer_matches(csv->dir_fd, csv->final, csv->footer, why, why_size);

        if (!rc && renameat(csv->dir_fd, csv->final, csv->dir_fd, csv->partial))
                rc = explain(why, why_size, -errno, "%s: cannot be renamed: %s", csv->final,
                             strerror(errno));
        return rc;
}

static int open_file(struct ct_csv *csv, const char *header, size_t length, const char *version,
                     bool resume, char *why, size_t why_size)
{
        bool finished = exists_at(csv->dir_fd, csv->final);
        bool partial = exists_at(csv->dir_fd, csv->partial);
        int flags = O_RDWR | O_APPEND | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, rc = 0;

        if (finished && (partial || !resume))
                return explain(why, why_size, -EEXIST, "%s: is there already", csv->final);
        if (partial && !resume)
                return explain(why, why_size, -EEXIST,
                               "%s: left by an interrupted run; resume it or use another folder",
                               csv->partial);
        if (finished)
                rc = reopen_finished(csv, why, why_size);
        if (rc)
                return rc;
        csv->fd = openat(csv->dir_fd, csv->partial,
                         flags | (finished || partial ? 0 : O_CREAT | O_EXCL), 0666);
        if (csv->fd < 0)
                return explain(why, why_size, -errno, "%s: cannot be opened: %s", csv->partial,
                               strerror(errno));
        if (finished || partial)
                rc = ct_csv_old_read(&csv->old, csv->fd, csv->partial, header, length,
                                     csv->n_columns, version, why, why_size);
        if (rc && finished) /* refused: back under its name, with the footer it still has */
                renameat(csv->dir_fd, csv->partial, csv->dir_fd, csv->final);
        csv->rows = csv->old.rows;
        csv->bytes = csv->old.bytes;
        csv->crc = csv->old.crc;
        if (!rc && !csv->bytes && (rc = append_line(csv, header, length)))
                explain(why, why_size, rc, "%s: cannot be written: %s", csv->partial,
                        strerror(-rc));
        return rc;
}

int ct_csv_open(struct ct_csv **out, const char *dir, const char *family,
                const char *const *columns, size_t n_columns, const char *version, bool resume,
                char *why, size_t why_size)
{
        char unused[256];
        struct ct_csv *csv;
        long length;
        int rc;

        *out = NULL;
        if (!why || !why_size) {
                why = unused;
                why_size = sizeof unused;
        }
        why[0] = '\0';
        if (!name_ok(family) || !n_columns || n_columns > CT_CSV_MAX_COLUMNS)
                return explain(why, why_size, -EINVAL,
                               "result file: bad family name or column count");
        csv = new_csv(dir, family, n_columns);
        if (!csv)
                return explain(why, why_size, -ENOMEM, "%s: out of memory", family);
        length = format_header(csv->line, sizeof csv->line, columns, n_columns);
        if (csv->dir_fd < 0)
                rc = explain(why, why_size, -errno, "%s: folder cannot be opened: %s", dir,
                             strerror(errno));
        else if (!csv->c_locale)
                rc = explain(why, why_size, -ENOMEM, "%s: out of memory", family);
        else if (length < 0)
                rc = explain(why, why_size, (int)length, "%s: bad column name", csv->final);
        else
                rc = open_file(csv, csv->line, (size_t)length, version, resume, why, why_size);
        if (!rc && (rc = write_footer(csv, false, "running")))
                explain(why, why_size, rc, "%s: cannot be written: %s", csv->footer, strerror(-rc));
        if (rc)
                return free_all(csv, rc);
        *out = csv;
        return 0;
}

int ct_csv_each(const struct ct_csv *csv, int (*fn)(void *ctx, const char *const *fields, size_t n),
                void *ctx)
{
        const char *fields[CT_CSV_MAX_COLUMNS], *at = csv->old.fields;
        int rc = 0;

        for (uint64_t row = 0; !rc && row < csv->old.rows; row++) {
                for (size_t i = 0; i < csv->n_columns; i++, at += strlen(at) + 1)
                        fields[i] = at;
                rc = fn(ctx, fields, csv->n_columns);
        }
        return rc;
}

int ct_csv_row(struct ct_csv *csv, const struct ct_cell *cells)
{
        locale_t before = uselocale(csv->c_locale);
        long length = ct_csv_format_row(csv->line, sizeof csv->line, cells, csv->n_columns);
        int rc = length < 0 ? (int)length : append_line(csv, csv->line, (size_t)length);

        uselocale(before);
        if (!rc)
                csv->rows++;
        return rc;
}

uint64_t ct_csv_rows(const struct ct_csv *csv)
{
        return csv->rows;
}

/* On disk, and exactly what was counted: another writer would show here. */
static int settle(struct ct_csv *csv)
{
        struct stat st;

        if (fsync(csv->fd) || fstat(csv->fd, &st))
                return -errno;
        return (uint64_t)st.st_size == csv->bytes ? 0 : -EIO;
}

int ct_csv_finish(struct ct_csv *csv, bool complete, const char *reason)
{
        int rc = csv->failed, settled, rc2;
        char clean[64];

        clean_reason(clean, sizeof clean, reason);
        settled = settle(csv);
        if (!rc)
                rc = settled;
        if (close(csv->fd) && !rc)
                rc = -errno;
        csv->fd = -1;
        rc2 = write_footer(csv, complete && !rc, rc ? "output" : clean);
        if (!rc)
                rc = rc2;
        if (complete && !rc && renameat(csv->dir_fd, csv->partial, csv->dir_fd, csv->final)) {
                rc = -errno;
                write_footer(csv, false, "output");
        }
        if (complete && !rc && fsync(csv->dir_fd))
                rc = -errno;
        return free_all(csv, rc);
}
