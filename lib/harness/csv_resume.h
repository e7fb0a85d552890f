/*
 * Reading a result file back, to go on with it. The file is hostile input: sizes are limited, every
 * line is checked, and an error names file, line and what was expected.
 */
#ifndef CT_HARNESS_CSV_RESUME_H
#define CT_HARNESS_CSV_RESUME_H

#include <stddef.h>
#include <stdint.h>

/* What was in the file; zero bytes = nothing. */
struct ct_csv_old {
        char *text;         /* the whole file, each comma and newline turned into NUL */
        const char *fields; /* the first row's first field in it; the others follow */
        uint64_t rows, bytes;
        uint32_t crc; /* of the `bytes` that are kept */
};

/* Reads and checks the file, and cuts a torn last line off it. `header` is the whole first line.
   0 or -errno with `why`. */
int ct_csv_old_read(struct ct_csv_old *old, int fd, const char *name, const char *header,
                    size_t header_length, size_t n_columns, const char *version, char *why,
                    size_t why_size);

void ct_csv_old_free(struct ct_csv_old *old);

/* 0 when the footer says complete and its size and checksum are the file's; else -errno with `why`.
 */
int ct_csv_footer_matches(int dir_fd, const char *file, const char *footer, char *why,
                          size_t why_size);

#endif
