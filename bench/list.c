#include "list.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
        unsigned bit;
        const char *word;
} cap_words[] = {
        {CAP_LOSSY, "LOSSY"},
        {CAP_FIFO, "FIFO"},
        {CAP_PARKS, "PARKS"},
        {CAP_SPINS, "SPINS"},
        {CAP_BASELINE, "BASELINE"},
        {CAP_FLOOR, "FLOOR"},
        {CAP_SECTION, "SECTION"},
        {CAP_SHARDED, "SHARDED"},
        {CAP_THREADS, "THREADS"},
        {CAP_THREADS_ONLY, "THREADS_ONLY"},
        {CAP_TASKS_ONLY, "TASKS_ONLY"},
        {CAP_BUFFERED, "BUFFERED"},
        {CAP_PAIR, "PAIR"},
        {CAP_UNBOUNDED, "UNBOUNDED"},
        {CAP_WORDS, "WORDS"},
        {CAP_BATCHES, "BATCHES"},
};
enum { N_CAPS = sizeof cap_words / sizeof *cap_words };

static bool is_house(const struct contestant *c)
{
        return !(c->caps & (CAP_BASELINE | CAP_FLOOR)) && !strchr(c->name, ':');
}

static int print_json(cJSON *root)
{
        char *text = cJSON_Print(root);

        cJSON_Delete(root);
        if (!text)
                return EXIT_ENVIRONMENT;
        puts(text);
        free(text);
        return EXIT_OK;
}

static cJSON *contestant_json(const struct family *f, const struct contestant *c)
{
        cJSON *o = cJSON_CreateObject(), *caps, *execs;

        cJSON_AddStringToObject(o, "name", c->name);
        cJSON_AddStringToObject(o, "source", c->source);
        caps = cJSON_AddArrayToObject(o, "caps");
        for (size_t i = 0; i < N_CAPS; i++)
                if (c->caps & cap_words[i].bit)
                        cJSON_AddItemToArray(caps, cJSON_CreateString(cap_words[i].word));
        execs = cJSON_AddArrayToObject(o, "execs");
        for (enum exec_kind e = 0; e < EXEC_KINDS; e++)
                if (contestant_runs_by(f, c, e))
                        cJSON_AddItemToArray(execs, cJSON_CreateString(exec_names[e]));
        cJSON_AddBoolToObject(o, "house", is_house(c));
        return o;
}

/* The different values of each parameter over a workload's points. */
static cJSON *params_json(const struct family *f, const struct point_list *points,
                          unsigned workload)
{
        cJSON *params = cJSON_CreateObject();

        for (int p = 0; p < MAX_PARAMS && f->params[p]; p++) {
                cJSON *values = cJSON_CreateArray();

                for (size_t i = 0; i < points->n; i++) {
                        int64_t v = points->points[i].params.value[p];
                        bool seen = v < 0 || points->points[i].workload != workload;
                        const cJSON *known;

                        cJSON_ArrayForEach(known, values) seen |= known->valuedouble == (double)v;
                        if (!seen)
                                cJSON_AddItemToArray(values, cJSON_CreateNumber((double)v));
                }
                if (cJSON_GetArraySize(values))
                        cJSON_AddItemToObject(params, f->params[p], values);
                else
                        cJSON_Delete(values);
        }
        return params;
}

static cJSON *family_json(const struct family *f, const struct point_list *points)
{
        cJSON *root = cJSON_CreateObject(), *list;

        cJSON_AddStringToObject(root, "family", f->name);
        cJSON_AddStringToObject(root, "summary", f->summary);
        list = cJSON_AddArrayToObject(root, "contestants");
        for (size_t i = 0; f->contestants[i]; i++)
                cJSON_AddItemToArray(list, contestant_json(f, f->contestants[i]));
        list = cJSON_AddArrayToObject(root, "workloads");
        for (unsigned w = 0; w < MAX_WORKLOADS && f->workloads[w]; w++) {
                cJSON *o = cJSON_CreateObject();

                cJSON_AddStringToObject(o, "name", f->workloads[w]);
                cJSON_AddItemToObject(o, "params", params_json(f, points, w));
                cJSON_AddItemToArray(list, o);
        }
        return root;
}

static void print_text(const struct family *f)
{
        printf("%s: %s\n\ncontestants:\n", f->name, f->summary);
        for (size_t i = 0; f->contestants[i]; i++) {
                const struct contestant *c = f->contestants[i];

                printf("  %-20s %s", c->name, c->source);
                for (size_t k = 0; k < N_CAPS; k++)
                        if (c->caps & cap_words[k].bit)
                                printf(" %s", cap_words[k].word);
                putchar('\n');
        }
        puts("\nworkloads:");
        for (unsigned w = 0; w < MAX_WORKLOADS && f->workloads[w]; w++)
                printf("  %s\n", f->workloads[w]);
}

int list_contestants(const struct family *f, const struct options *o)
{
        struct topology topology;
        struct point_list points = {0};
        char why[WHY_SIZE];
        int code = EXIT_OK;

        if (!o->json) {
                print_text(f);
                return EXIT_OK;
        }
        if (topology_load(&topology, why, sizeof why)) {
                fprintf(stderr, "contend: %s\n", why);
                return EXIT_ENVIRONMENT;
        }
        f->points(&topology, o->full, &points);
        code = print_json(family_json(f, &points));
        free(points.points);
        topology_free(&topology);
        return code;
}

static bool first_with(const struct sweep *s, size_t block)
{
        for (size_t i = 0; i < block; i++)
                if (s->block[i].threads == s->block[block].threads)
                        return false;
        return true;
}

int list_plan(const struct sweep *s)
{
        bool json = s->options->json;
        cJSON *root = cJSON_CreateObject(), *plans;
        char why[WHY_SIZE];

        cJSON_AddStringToObject(root, "placement", s->options->placement);
        plans = cJSON_AddArrayToObject(root, "plans");
        for (size_t b = 0; b < s->n_blocks; b++) {
                struct placement plan;
                cJSON *o, *cpus;

                if (!first_with(s, b))
                        continue;
                if (placement_plan(s->topology, s->options->placement, s->block[b].threads, &plan,
                                   why, sizeof why)) {
                        fprintf(stderr, "contend: %s\n", why);
                        cJSON_Delete(root);
                        return EXIT_ENVIRONMENT;
                }
                o = cJSON_CreateObject();
                cJSON_AddNumberToObject(o, "threads", s->block[b].threads);
                cJSON_AddBoolToObject(o, "oversubscribed", plan.oversubscribed);
                cpus = cJSON_AddArrayToObject(o, "cpus");
                if (!json)
                        printf("T=%-4u CPU", s->block[b].threads);
                for (size_t i = 0; i < plan.threads; i++) {
                        cJSON_AddItemToArray(cpus, cJSON_CreateNumber(plan.pu[i].os_index));
                        if (!json && plan.bind)
                                printf(" %d", plan.pu[i].os_index);
                }
                if (!json)
                        printf("%s%s\n", plan.bind ? "" : " any",
                               plan.oversubscribed ? "  (oversubscribed)" : "");
                cJSON_AddItemToArray(plans, o);
                placement_free(&plan);
        }
        if (json)
                return print_json(root);
        printf("%zu blocks, %zu contestants in them\n", s->n_blocks, s->n_items);
        cJSON_Delete(root);
        return EXIT_OK;
}
