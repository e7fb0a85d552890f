#include "harness/csv_resume.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/crc32.h"
#include "harness/csv.h"
#include "harness/csv_format.h"

static int system_error(const char *name, const char *what, char *why, size_t why_size)
{
        int error = errno;

        snprintf(why, why_size, "%s: %s: %s", name, what, strerror(error));
        return -error;
}

/* The whole regular file with a NUL behind it, or NULL with errno set. */
static char *read_whole(int fd, size_t *size)
{
        struct stat st;
        char *text;
        size_t used = 0;

        if (fstat(fd, &st))
                return NULL;
        if (!S_ISREG(st.st_mode) || st.st_size > CT_CSV_MAX_FILE) {
                errno = S_ISREG(st.st_mode) ? EFBIG : EINVAL;
                return NULL;
        }
        text = malloc((size_t)st.st_size + 1);
        while (text && used < (size_t)st.st_size) {
                ssize_t n = pread(fd, text + used, (size_t)st.st_size - used, (off_t)used);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0) {
                        free(text);
                        if (n == 0)
                                errno = EIO; /* it shrank under us */
                        return NULL;
                }
                used += (size_t)n;
        }
        if (!text)
                return NULL;
        text[used] = '\0';
        *size = used;
        return text;
}

/* Where the last whole line ends. */
static size_t whole_lines(const char *text, size_t size)
{
        while (size && text[size - 1] != '\n')
                size--;
        return size;
}

static int header_wrong(const char *name, const char *got, size_t got_length, const char *header,
                        size_t header_length, char *why, size_t why_size)
{
        size_t same = 0, shown;
        const char *field = header;

        /* Show only the column where they part: headers are long. */
        while (same < got_length && same < header_length && got[same] == header[same])
                same++;
        if (same < got_length && got[same] == '\n')
                same++; /* it only lacks what follows */
        for (size_t i = 0; i < same; i++)
                if (header[i] == ',')
                        field = header + i + 1;
        shown = strcspn(field, ",\n");
        snprintf(why, why_size, "%s:1: another header, expected column \"%.*s\" at byte %zu", name,
                 (int)shown, field, (size_t)(field - header) + 1);
        return -EINVAL;
}

/* Splits one line (its newline excluded) in place. */
static int split_line(char *line, char *end, const char *name, uint64_t number, size_t n_columns,
                      char *why, size_t why_size)
{
        size_t columns = 1;

        *end = '\0';
        if (strlen(line) != (size_t)(end - line) || end - line >= CT_CSV_MAX_LINE) {
                snprintf(why, why_size, "%s:%" PRIu64 ": %s, expected a row of text", name, number,
                         end - line >= CT_CSV_MAX_LINE ? "line too long" : "NUL byte");
                return -EINVAL;
        }
        for (char *p = line, *field = line;; p++) {
                if (*p != ',' && p != end)
                        continue;
                *p = '\0';
                /* Only numbers may start with '-'. */
                if (!ct_csv_text_ok(field +
                                    (field[0] == '-' && isdigit((unsigned char)field[1])))) {
                        snprintf(why, why_size,
                                 "%s:%" PRIu64 ": column %zu has characters outside of "
                                 "[A-Za-z0-9_.:/=;+-], expected a name or number",
                                 name, number, columns);
                        return -EINVAL;
                }
                if (p == end)
                        break;
                columns++;
                field = p + 1;
        }
        if (columns != n_columns) {
                snprintf(why, why_size, "%s:%" PRIu64 ": %zu columns, expected %zu", name, number,
                         columns, n_columns);
                return -EINVAL;
        }
        return 0;
}

static int version_wrong(const char *row, const char *version, const char *name, uint64_t number,
                         char *why, size_t why_size)
{
        if (!version || !strcmp(row, version))
                return 0;
        snprintf(why, why_size, "%s:%" PRIu64 ": begun with schema version %.16s, expected %s",
                 name, number, row, version);
        return -EINVAL;
}

static int split_rows(struct ct_csv_old *old, char *at, char *end, const char *name,
                      size_t n_columns, const char *version, char *why, size_t why_size)
{
        old->fields = at;
        while (at < end) {
                char *newline = memchr(at, '\n', (size_t)(end - at));
                int rc = split_line(at, newline, name, old->rows + 2, n_columns, why, why_size);

                if (!rc)
                        rc = version_wrong(at, version, name, old->rows + 2, why, why_size);
                if (rc)
                        return rc;
                old->rows++;
                at = newline + 1;
        }
        return 0;
}

int ct_csv_old_read(struct ct_csv_old *old, int fd, const char *name, const char *header,
                    size_t header_length, size_t n_columns, const char *version, char *why,
                    size_t why_size)
{
        size_t size, kept;
        int rc;

        old->text = read_whole(fd, &size);
        if (!old->text)
                return system_error(name, "cannot be read", why, why_size);
        kept = whole_lines(old->text, size);
        /* Killed while writing the header: start again, if it is ours so far. */
        if (!kept && size <= header_length && !memcmp(old->text, header, size))
                header_length = 0;
        else if (kept < header_length || memcmp(old->text, header, header_length) != 0)
                return header_wrong(name, old->text, size, header, header_length, why, why_size);
        old->bytes = kept;
        old->crc = ct_crc32(0, old->text, kept);
        rc = split_rows(old, old->text + header_length, old->text + kept, name, n_columns, version,
                        why, why_size);
#ifndef CT_PLANT_csv_torn_row
        if (!rc && kept < size && ftruncate(fd, (off_t)kept))
                return system_error(name, "torn last line cannot be cut off", why, why_size);
#endif
        return rc;
}

void ct_csv_old_free(struct ct_csv_old *old)
{
        free(old->text);
        *old = (struct ct_csv_old){0};
}

static bool footer_fits(const char *json, const char *text, size_t size)
{
        cJSON *footer = cJSON_Parse(json);
        const cJSON *crc = cJSON_GetObjectItemCaseSensitive(footer, "crc32");
        const cJSON *bytes = cJSON_GetObjectItemCaseSensitive(footer, "bytes");
        char expected[16];
        bool fits;

        snprintf(expected, sizeof expected, "%08" PRIx32, ct_crc32(0, text, size));
        fits = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(footer, "complete")) &&
               cJSON_IsNumber(bytes) && bytes->valuedouble == (double)size && cJSON_IsString(crc) &&
               !strcmp(crc->valuestring, expected);
        cJSON_Delete(footer);
        return fits;
}

static char *read_named(int dir_fd, const char *name, size_t *size)
{
        int fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK), saved;
        char *text;

        if (fd < 0)
                return NULL;
        text = read_whole(fd, size);
        saved = errno;
        close(fd);
        errno = saved;
        return text;
}

int ct_csv_footer_matches(int dir_fd, const char *file, const char *footer, char *why,
                          size_t why_size)
{
        size_t size, json_size;
        char *text = read_named(dir_fd, file, &size), *json = NULL;
        int rc = 0;

        if (text)
                json = read_named(dir_fd, footer, &json_size);
        if (!json) {
                rc = system_error(text ? footer : file, "cannot be read", why, why_size);
        } else if (!footer_fits(json, text, size)) {
                rc = -EINVAL;
                snprintf(why, why_size,
                         "%s:1: does not describe %s, expected complete=true with its size and "
                         "crc32",
                         footer, file);
        }
        free(text);
        free(json);
        return rc;
}
