#include "harness/sysfile.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_SIZE = 4096 };

static int make_path(char out[PATH_SIZE], const char *root, const char *format, va_list ap)
{
        int n = snprintf(out, PATH_SIZE, "%s", root), m;

        if (n < 0 || n >= PATH_SIZE)
                return -ENAMETOOLONG;
        m = vsnprintf(out + n, (size_t)(PATH_SIZE - n), format, ap);
        return m < 0 || m >= PATH_SIZE - n ? -ENAMETOOLONG : 0;
}

static long read_path(const char *path, char *out, size_t size)
{
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        size_t used = 0;
        ssize_t n = 0;

        out[0] = '\0';
        if (fd < 0)
                return -errno;
        while (used < size - 1 && (n = read(fd, out + used, size - 1 - used)) != 0) {
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        break;
                used += (size_t)n;
        }
        if (n < 0) {
                used = 0;
                n = -errno;
        }
        close(fd);
        while (used && isspace((unsigned char)out[used - 1]))
                used--;
        out[used] = '\0';
        return n < 0 ? n : (long)used;
}

long ct_sysfile_read(char *out, size_t size, const char *root, const char *format, ...)
{
        char path[PATH_SIZE];
        va_list ap;
        int rc;

        va_start(ap, format);
        rc = make_path(path, root, format, ap);
        va_end(ap);
        out[0] = '\0';
        return rc ? rc : read_path(path, out, size);
}

bool ct_sysfile_number(double *out, const char *root, const char *format, ...)
{
        char path[PATH_SIZE], text[64], *end;
        va_list ap;
        long long v;
        int rc;

        va_start(ap, format);
        rc = make_path(path, root, format, ap);
        va_end(ap);
        if (rc || read_path(path, text, sizeof text) <= 0)
                return false;
        errno = 0;
        v = strtoll(text, &end, 10);
        if (errno || *end)
                return false;
        *out = (double)v;
        return true;
}

bool ct_sysfile_field(const char *text, const char *key, char *out, size_t size)
{
        size_t length = strlen(key);

        for (const char *line = text, *next; line; line = next) {
                const char *p;

                next = strchr(line, '\n');
                next = next ? next + 1 : NULL;
                if (strncmp(line, key, length) != 0)
                        continue;
                p = line + length;
                if (*p && !strchr(" \t:=\n", *p))
                        continue;
                p += strspn(p, " \t");
                p += *p == ':' || *p == '=';
                p += strspn(p, " \t");
                snprintf(out, size, "%.*s", (int)strcspn(p, "\n"), p);
                return true;
        }
        return false;
}

bool ct_sysfile_exists(const char *root, const char *path)
{
        char whole[PATH_SIZE];

        return snprintf(whole, sizeof whole, "%s%s", root, path) < PATH_SIZE &&
               !access(whole, F_OK);
}
