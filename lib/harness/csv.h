/*
 * Result files: one CSV per family, written so that no crash, signal or full disk leaves a file
 * that passes for complete.
 *
 * While rows are added the file is DIR/<family>.csv.partial, with DIR/<family>.footer.json beside
 * it saying complete=false. Finishing writes the footer (rows, bytes, crc32), then renames the file
 * to DIR/<family>.csv: so a .csv without a complete footer never exists. Every row is one write(2)
 * of a whole line, checked; a row that could not be written whole is cut off again.
 *
 * Nothing needs quoting (RFC 4180): text is held to [A-Za-z0-9_.:/=;+-] and may not start with a
 * spreadsheet's formula sign (= + - @). Numbers do not follow the locale. Reals carry 9 significant
 * digits (no measurement here is worth more) with trailing zeros removed, all digits of the integer
 * part above that, and an exponent only below 1e-6 or from 1e15 on.
 *
 * A struct ct_csv belongs to one thread at a time. All functions return 0 or -errno; they block on
 * the disk, so never call them inside a window.
 */
#ifndef CT_HARNESS_CSV_H
#define CT_HARNESS_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CT_CSV_MAX_LINE 65536       /* bytes of a row with its newline */
#define CT_CSV_MAX_FILE (64l << 20) /* a longer file is not resumed */
#define CT_CSV_MAX_COLUMNS 256

enum ct_cell_kind { CT_CELL_EMPTY, CT_CELL_U64, CT_CELL_REAL, CT_CELL_TEXT };

struct ct_cell {
        enum ct_cell_kind kind;
        uint64_t u64;
        double real;
        const char *text; /* "" is an empty cell */
};

struct ct_csv;

/*
 * Makes the run folder ready: creates it with its parents, proves that a file can be written and
 * synced in it, and takes DIR/.lock so that no second run writes there. -EWOULDBLOCK: another run
 * holds it. *lock_fd (-1 on failure) keeps the lock until ct_run_dir_close() or the end of the
 * process.
 */
int ct_run_dir_open(const char *dir, int *lock_fd);

/* Gives the lock up and removes its file. */
void ct_run_dir_close(const char *dir, int lock_fd);

/*
 * Opens one family's file. Fresh: -EEXIST when DIR/<family>.csv or its .partial is there already;
 * nothing is ever overwritten. Resume: an existing .partial, or a finished .csv that still matches
 * its footer, is continued; a torn last line is cut off; with neither, the file is fresh. -EINVAL:
 * another header, rows of another `version` (their first cell; NULL: whatever it is) or a damaged
 * file, which stays as it was; -EFBIG: more than CT_CSV_MAX_FILE. On any failure `why` has one line
 * for people, for a damaged file in the form "file:line: what, expected what".
 */
int ct_csv_open(struct ct_csv **out, const char *dir, const char *family,
                const char *const *columns, size_t n_columns, const char *version, bool resume,
                char *why, size_t why_size);

/* Calls fn for each row that was there when the file was resumed; ends early with fn's result when
   that is not 0. The fields live as long as the file is open. */
int ct_csv_each(const struct ct_csv *csv, int (*fn)(void *ctx, const char *const *fields, size_t n),
                void *ctx);

/*
 * Appends one row of exactly n_columns cells. Refused rows leave the file as it was: -EINVAL (nan,
 * inf, or text as above), -E2BIG (longer than CT_CSV_MAX_LINE). A failed write (-ENOSPC, -EIO ..)
 * is cut off as far as possible and is final: every later row returns the same error.
 */
int ct_csv_row(struct ct_csv *csv, const struct ct_cell *cells);

/* Rows in the file, those from before a resume included. */
uint64_t ct_csv_rows(const struct ct_csv *csv);

/*
 * Syncs, writes the footer and closes; frees csv in every case. complete: the file gets its final
 * name. Not complete, or after a failed write: it stays .partial and the footer says complete=false
 * with `reason` ("output" after a failed write). The first failure of write, fsync, close or rename
 * is returned.
 */
int ct_csv_finish(struct ct_csv *csv, bool complete, const char *reason);

#endif
