/*
 * Cells and rows as text: what the CSV's alphabet allows, and how numbers look. No locale: the
 * caller has switched the thread to "C" (ct_csv_row() does).
 */
#ifndef CT_HARNESS_CSV_FORMAT_H
#define CT_HARNESS_CSV_FORMAT_H

#include <stdbool.h>
#include <stddef.h>

#include "harness/csv.h"

/* True for text that a cell may hold; "" included. */
bool ct_csv_text_ok(const char *text);

/* One row with its newline, at most `size` bytes; its length, -EINVAL or -E2BIG as ct_csv_row(). */
long ct_csv_format_row(char *out, size_t size, const struct ct_cell *cells, size_t n);

#endif
