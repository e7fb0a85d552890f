#include <string.h>

#include "build_info.h"
#include "harness/env_facts.h"

cJSON *env_suite(struct env_facts *facts)
{
        cJSON *o = cJSON_CreateObject();

        (void)facts;
        env_add_text(o, "commit", CT_BUILD_COMMIT);
        if (!strcmp(CT_BUILD_DIRTY, "unknown"))
                env_add_text(o, "dirty", NULL);
        else
                cJSON_AddBoolToObject(o, "dirty", !strcmp(CT_BUILD_DIRTY, "true"));
        env_add_text(o, "version", CT_BUILD_VERSION);
        return o;
}

static void add_march(cJSON *o)
{
        static const char flag[] = "-march=";
        const char *start = strstr(CT_BUILD_FLAGS, flag);
        char march[64] = "default";

        if (start) {
                size_t n = strcspn(start + sizeof flag - 1, " ");

                if (n >= sizeof march)
                        n = sizeof march - 1;
                memcpy(march, start + sizeof flag - 1, n);
                march[n] = '\0';
        }
        env_add_text(o, "march", march);
}

cJSON *env_compiler(struct env_facts *facts)
{
        cJSON *o = cJSON_CreateObject();

#ifndef __OPTIMIZE__
        env_distrust(facts, "unoptimised_build");
#endif
        if (CT_BUILD_SANITIZE[0])
                env_distrust(facts, "sanitizer");
        if (CT_BUILD_PLANT[0])
                env_distrust(facts, "planted_bug");
        env_add_text(o, "name", CT_BUILD_COMPILER);
        env_add_text(o, "version", CT_BUILD_COMPILER_VERSION);
        env_add_text(o, "flags", CT_BUILD_FLAGS);
        add_march(o);
        cJSON_AddBoolToObject(o, "lto", strstr(CT_BUILD_FLAGS, "-flto") != NULL);
        env_add_text(o, "build_type", CT_BUILD_TYPE);
        return o;
}

cJSON *env_libraries(struct env_facts *facts)
{
        cJSON *o = cJSON_CreateObject();

        (void)facts;
        env_add_text(o, "google_benchmark", CT_BUILD_GBENCH_VERSION);
        env_add_text(o, "hwloc", HWLOC_VERSION);
        env_add_text(o, "cjson", cJSON_Version());
        return o;
}

/* Other people's libraries that contestants were built from: the version, or why there are none. */
cJSON *env_peers(struct env_facts *facts)
{
        cJSON *o = cJSON_CreateObject();
        char text[] = CT_BUILD_PEERS, *rest = text, *entry;

        (void)facts;
        while ((entry = strsep(&rest, "|"))) {
                char *equals = strchr(entry, '=');

                if (!equals)
                        continue;
                *equals = '\0';
                env_add_text(o, entry, equals + 1);
        }
        return o;
}
