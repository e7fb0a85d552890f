/*
 * What a result depends on: CPU, topology, limits, kernel, compiler, libraries, and how far to
 * trust numbers from here. What cannot be read is the string "unknown", never a guess. No host
 * name, user name, serial number or path is recorded.
 */
#ifndef CT_HARNESS_ENVIRONMENT_H
#define CT_HARNESS_ENVIRONMENT_H

#include <stddef.h>

/* Writes DIR/environment.json and DIR/topology.xml (hwloc's export without identifying details),
   each by a synced temporary file and rename. Does nothing when both are there. 0 or -errno. */
int ct_environment_write(const char *dir, const char *run_id);

/* The JSON text, to be freed by the caller; NULL when memory runs out. Takes about 20 ms. */
char *ct_environment_json(const char *run_id);

/* The same with /proc, /sys and /run below another root ("" is this machine), for tests. What comes
   from CPUID, hwloc, the C library and the clock is still this machine's. */
char *ct_environment_json_from(const char *run_id, const char *root);

struct ct_env_pair {
        const char *key; /* static */
        char value[256];
};

/* The main facts, for the context of Google Benchmark's own output. Returns how many were stored.
 */
size_t ct_environment_context(struct ct_env_pair *pairs, size_t max);

#endif
