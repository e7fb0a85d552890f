#include "harness/csv_format.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIGITS = 9, CELL_DIGITS = 48 };

bool ct_csv_text_ok(const char *text)
{
        static const char allowed[] =
                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                "_.:/=;+-";

        if (strchr("=+-@", text[0]) && text[0])
                return false;
        return text[strspn(text, allowed)] == '\0';
}

static void drop_trailing_zeros(char *digits)
{
        char *end = digits + strlen(digits);

        if (!strchr(digits, '.'))
                return;
        while (end[-1] == '0')
                *--end = '\0';
        if (end[-1] == '.')
                end[-1] = '\0';
}

static void format_real(char out[CELL_DIGITS], double v)
{
        char scientific[CELL_DIGITS];
        int exponent, decimals;

        if (v == 0) { /* no "-0" */
                snprintf(out, CELL_DIGITS, "0");
                return;
        }
        if (fabs(v) < 1e-6 || fabs(v) >= 1e15) {
                snprintf(out, CELL_DIGITS, "%.*g", DIGITS, v);
                return;
        }
        /* The exponent after rounding: 9.9999999999 is 10.0, with one decimal less. */
        snprintf(scientific, sizeof scientific, "%.*e", DIGITS - 1, v);
        exponent = atoi(strchr(scientific, 'e') + 1);
        decimals = exponent >= DIGITS - 1 ? 0 : DIGITS - 1 - exponent;
        snprintf(out, CELL_DIGITS, "%.*f", decimals, v);
        drop_trailing_zeros(out);
}

/* The cell's text, in `digits` or in the cell itself; NULL when it may not be written. */
static const char *cell_text(const struct ct_cell *cell, char digits[CELL_DIGITS])
{
        switch (cell->kind) {
        case CT_CELL_EMPTY:
                return "";
        case CT_CELL_U64:
                snprintf(digits, CELL_DIGITS, "%" PRIu64, cell->u64);
                return digits;
        case CT_CELL_REAL:
                if (!isfinite(cell->real))
                        return NULL;
                format_real(digits, cell->real);
                return digits;
        case CT_CELL_TEXT:
                return cell->text && ct_csv_text_ok(cell->text) ? cell->text : NULL;
        }
        return NULL;
}

long ct_csv_format_row(char *out, size_t size, const struct ct_cell *cells, size_t n)
{
        char digits[CELL_DIGITS];
        size_t used = 0;

        for (size_t i = 0; i < n; i++) {
                const char *text = cell_text(&cells[i], digits);
                size_t length;

                if (!text)
                        return -EINVAL;
                length = strlen(text);
                if (length + 1 > size - used)
                        return -E2BIG;
                memcpy(out + used, text, length);
                used += length;
                out[used++] = i + 1 < n ? ',' : '\n';
        }
        return (long)used;
}
