/*
 * Small files of /proc and /sys. Every path is put together from a root ("" on this machine, a
 * made-up tree in tests) and a printf format. Nothing blocks for long; any thread may call.
 */
#ifndef CT_HARNESS_SYSFILE_H
#define CT_HARNESS_SYSFILE_H

#include <stdbool.h>
#include <stddef.h>

/* Reads up to size - 1 bytes, NUL-terminated, without trailing white space. The length, or -errno
   with out[0] = '\0'. A longer file is cut. */
long ct_sysfile_read(char *out, size_t size, const char *root, const char *format, ...)
        __attribute__((format(printf, 4, 5)));

/* The same for a file that holds one number in decimal. */
bool ct_sysfile_number(double *out, const char *root, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/* The text behind "key<blanks>[:=]<blanks>" or "key<blanks>" on the first line that starts with
   key, to the end of that line; false where there is none. */
bool ct_sysfile_field(const char *text, const char *key, char *out, size_t size);

bool ct_sysfile_exists(const char *root, const char *path);

#endif
