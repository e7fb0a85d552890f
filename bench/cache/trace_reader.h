/* Inside of trace_file.c: what the readers of the forms share. */
#ifndef CT_BENCH_CACHE_TRACE_READER_H
#define CT_BENCH_CACHE_TRACE_READER_H

#include <stdbool.h>
#include <stdio.h>

#include "cache/trace_file.h"

struct trace_ids; /* numbers for objects; trace_ids.c */

struct trace_reader {
        FILE *file;
        const char *path;
        char *why; /* TRACE_WHY bytes */
        struct trace *t;
        size_t room; /* in t->key */
        struct trace_ids *ids;
        uint64_t line; /* of a text, from 1 */
};

/* -EINVAL, after "path:at: what" has been written to why. */
__attribute__((format(printf, 3, 4))) int trace_refuse(struct trace_reader *r, uint64_t at,
                                                       const char *format, ...);

/* One more request; 0, or -ENOMEM or -EINVAL with a reason; `at` is the place in the file. */
int trace_request(struct trace_reader *r, uint64_t object, uint64_t at);

/* The forms: read it all from the beginning. 0, or -errno with a reason. */
int trace_read_text(struct trace_reader *r);
int trace_read_oracle(struct trace_reader *r, uint64_t bytes);

struct trace_ids *trace_ids_new(void);
void trace_ids_free(struct trace_ids *ids);
/* The object's number, from 0 in the order of their first requests; false without memory. */
bool trace_ids_number(struct trace_ids *ids, uint64_t object, uint32_t *number);
uint32_t trace_ids_count(const struct trace_ids *ids);

#endif
