/*
 * Inside of environment.c: the sections of environment.json. Each returns a new object
 * (NULL when memory ran out) and may add reasons to distrust this machine's numbers.
 */
#ifndef CT_HARNESS_ENV_FACTS_H
#define CT_HARNESS_ENV_FACTS_H

#include <cjson/cJSON.h>
#include <hwloc.h>
#include <stdbool.h>
#include <stddef.h>

enum { ENV_MAX_REASONS = 16, ENV_TEXT = 1024 };

struct env_facts {
        const char *root; /* "" = this machine */
        hwloc_topology_t topology;
        hwloc_bitmap_t usable; /* allowed by the cgroup and by this process's affinity */
        const char *reasons[ENV_MAX_REASONS];
        size_t n_reasons;
};

void env_distrust(struct env_facts *facts, const char *reason);

/* Text becomes printable ASCII, cut to ENV_TEXT; NULL and "" become "unknown". */
void env_add_text(cJSON *object, const char *key, const char *text);

/* The number, or "unknown" where there is none. */
void env_add_number(cJSON *object, const char *key, bool known, double value);

cJSON *env_suite(struct env_facts *facts);
cJSON *env_cpu(struct env_facts *facts);
cJSON *env_topology(struct env_facts *facts);
cJSON *env_limits(struct env_facts *facts);
cJSON *env_host(struct env_facts *facts);
cJSON *env_kernel(struct env_facts *facts);
cJSON *env_libc(struct env_facts *facts);
cJSON *env_compiler(struct env_facts *facts);
cJSON *env_libraries(struct env_facts *facts);
cJSON *env_peers(struct env_facts *facts);
cJSON *env_load(struct env_facts *facts);
cJSON *env_clock(struct env_facts *facts);

/* hwloc's XML without what identifies a machine; freed by the caller; NULL on failure. */
char *env_topology_xml(struct env_facts *facts);

#endif
