/*
 * Google Benchmark behind a C header: names, selection, reporting. No logic of ours, no threads of
 * its own: the harness measures, Google Benchmark filters, repeats, aggregates and writes.
 *
 * Use: gbench_init, gbench_register for each benchmark, gbench_select (its filter and repetition
 * flags decide which callbacks run, how often; nothing is reported), measure, gbench_report (the
 * callbacks run again, in the same number, and hand over what was measured).
 *
 * Each benchmark is registered with Iterations(1) and manual time, so real_time is exactly the ns
 * that gbench_time() is given, in every version of the library. Single-threaded.
 */
#ifndef CT_BENCH_SHIM_GBENCH_H
#define CT_BENCH_SHIM_GBENCH_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

struct gbench_state;
typedef void gbench_fn(struct gbench_state *, void *user);

/* Takes Google Benchmark's own flags (--benchmark_*, --v) out of argv. True if only a list of names
   was asked for: call gbench_report() and stop. */
bool gbench_init(int *argc, char **argv);

/* Sets the number of repetitions; unless `force`, only where no flag has. */
void gbench_repetitions(unsigned n, bool force);

void gbench_context(const char *key, const char *value);
void gbench_register(const char *name, gbench_fn *, void *user);

/* Both return how many benchmarks matched. Without the table, only --benchmark_out is written. */
unsigned gbench_select(void);
unsigned gbench_report(bool table);

/* In a callback. */
void gbench_time(struct gbench_state *, double ns_per_operation);
void gbench_counter(struct gbench_state *, const char *name, double value);
void gbench_error(struct gbench_state *, const char *message);

#ifdef __cplusplus
}
#endif

#endif
