#include "harness/plan.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_USAGE = 2, EXIT_INPUT = 3, EXIT_ENVIRONMENT = 4, EXIT_OUTPUT = 5 };
enum { MAX_THREADS = 4096 };

static const char help[] =
        "usage: contend_host plan [--topology FILE.xml] --placement POLICY --threads N [--json]\n"
        "\n"
        "Prints which thread goes to which PU, and runs nothing.\n"
        "\n"
        "  --topology FILE    another machine's hwloc XML export (default: this machine)\n"
        "  --placement POLICY compact scatter smt cores same-l3 cross-l3 cross-numa pcores ecores\n"
        "                     one none, or `all` for each of them in brief\n"
        "  --threads N        1 to 4096\n"
        "  --json             JSON instead of a table\n"
        "\n"
        "PU is the kernel's CPU number, the other numbers are hwloc's logical indexes, kind is "
        "the\n"
        "core's efficiency (higher is faster), - means unknown. Only allowed CPUs are used.\n"
        "Exit codes: 0 ok, 2 usage, 3 bad topology file, 4 the policy means nothing here, 5 "
        "output.\n";

struct options {
        const char *topology, *placement, *threads_text;
        size_t threads;
        bool all, json, help;
};

__attribute__((format(printf, 2, 3))) static int fail(int code, const char *format, ...)
{
        va_list args;
        va_start(args, format);
        vfprintf(stderr, format, args);
        va_end(args);
        fputc('\n', stderr);
        return code;
}

/* 1 to MAX_THREADS in plain digits, or 0. */
static size_t threads_parse(const char *text)
{
        size_t length = strlen(text);
        if (length == 0 || length > 4 || strspn(text, "0123456789") != length)
                return 0;
        unsigned long n = strtoul(text, NULL, 10);
        return n <= MAX_THREADS ? n : 0;
}

static int options_check(struct options *o)
{
        char shown[128];
        if (o->help)
                return 0;
        if (!o->placement)
                return fail(EXIT_USAGE, "contend: plan: --placement is missing (see plan --help)");
        if (!o->threads_text)
                return fail(EXIT_USAGE, "contend: plan: --threads is missing (see plan --help)");
        o->all = strcmp(o->placement, "all") == 0;
        bool known = o->all;
        for (int i = 0; !known && i < PLACEMENT_POLICIES; i++)
                known = strcmp(o->placement, placement_policies[i]) == 0;
        if (!known)
                return fail(EXIT_USAGE, "contend: unknown placement '%s' (see plan --help)",
                            ct_printable(shown, sizeof(shown), o->placement));
        o->threads = threads_parse(o->threads_text);
        if (o->threads == 0)
                return fail(EXIT_USAGE, "contend: --threads '%s': expected a number from 1 to %d",
                            ct_printable(shown, sizeof(shown), o->threads_text), MAX_THREADS);
        return 0;
}

static int options_parse(struct options *o, int argc, char **argv)
{
        struct {
                const char *name;
                const char **value; /* NULL: a flag */
                bool *flag;
        } const known[] = {
                {"--topology", &o->topology, NULL},
                {"--placement", &o->placement, NULL},
                {"--threads", &o->threads_text, NULL},
                {"--json", NULL, &o->json},
                {"--help", NULL, &o->help},
        };
        char shown[128];
        for (int i = 1; i < argc; i++) {
                size_t k = 0, length = strcspn(argv[i], "=");
                while (k < sizeof(known) / sizeof(known[0]) &&
                       (strlen(known[k].name) != length ||
                        strncmp(argv[i], known[k].name, length) != 0))
                        k++;
                bool valued = argv[i][length] == '=';
                if (k == sizeof(known) / sizeof(known[0]) || (valued && known[k].flag))
                        return fail(EXIT_USAGE,
                                    "contend: plan: unknown option '%s' (see plan --help)",
                                    ct_printable(shown, sizeof(shown), argv[i]));
                if (known[k].flag) {
                        *known[k].flag = true;
                } else if (valued) {
                        *known[k].value = argv[i] + length + 1;
                } else if (i + 1 < argc) {
                        *known[k].value = argv[++i];
                } else {
                        return fail(EXIT_USAGE, "contend: plan: %s needs a value (see plan --help)",
                                    known[k].name);
                }
        }
        return options_check(o);
}

static const char *cell(char text[16], int value)
{
        if (value < 0)
                return "-";
        snprintf(text, 16, "%d", value);
        return text;
}

static void print_count(FILE *out, const char *before, size_t n, const char *one, const char *many)
{
        fprintf(out, "%s%zu %s", before, n, n == 1 ? one : many);
}

/* Levels that this topology does not have are left out. */
static void print_counts(FILE *out, const struct placement *pl)
{
        const struct pu_counts *c = &pl->distinct;
        print_count(out, "", c->pus, "PU", "PUs");
        print_count(out, ", ", c->cores, "core", "cores");
        if (c->l3s)
                print_count(out, ", ", c->l3s, "L3", "L3s");
        if (c->numas)
                print_count(out, ", ", c->numas, "NUMA node", "NUMA nodes");
        if (c->packages)
                print_count(out, ", ", c->packages, "package", "packages");
        fprintf(out, "; oversubscribed: %s\n", pl->oversubscribed ? "yes" : "no");
}

void plan_print(FILE *out, const struct placement *pl)
{
        fprintf(out, "%6s %6s %6s %6s %6s %8s %6s\n", "thread", "PU", "core", "L3", "NUMA",
                "package", "kind");
        for (size_t i = 0; i < pl->threads; i++) {
                const struct pu *pu = &pl->pu[i];
                char text[6][16];
                fprintf(out, "%6zu %6s %6s %6s %6s %8s %6s\n", i, cell(text[0], pu->os_index),
                        cell(text[1], pu->core), cell(text[2], pu->l3), cell(text[3], pu->numa),
                        cell(text[4], pu->package), cell(text[5], pu->kind));
        }
        fprintf(out, "%s: ", pl->policy);
        print_count(out, "", pl->threads, "thread", "threads");
        fputs(pl->bind ? " on " : ", not bound; allowed: ", out);
        print_counts(out, pl);
}

/* One line: the PUs of the threads in order. */
static void print_brief(FILE *out, const struct placement *pl)
{
        fprintf(out, "%-10s ", pl->policy);
        for (size_t i = 0; pl->bind && i < pl->threads; i++)
                fprintf(out, "%s%d", i ? "," : "", pl->pu[i].os_index);
        fputs(pl->bind ? "  (" : "not bound  (allowed: ", out);
        const struct pu_counts *c = &pl->distinct;
        print_count(out, "", c->pus, "PU", "PUs");
        print_count(out, ", ", c->cores, "core", "cores");
        fprintf(out, "; oversubscribed: %s)\n", pl->oversubscribed ? "yes" : "no");
}

static bool add_index(cJSON *object, const char *name, int value)
{
        return value < 0 ? cJSON_AddNullToObject(object, name) != NULL
                         : cJSON_AddNumberToObject(object, name, value) != NULL;
}

static bool add_thread(cJSON *rows, size_t thread, const struct pu *pu)
{
        cJSON *row = cJSON_CreateObject();
        if (!row || !cJSON_AddItemToArray(rows, row)) {
                cJSON_Delete(row);
                return false;
        }
        return add_index(row, "thread", (int)thread) && add_index(row, "pu", pu->os_index) &&
               add_index(row, "pu_logical", pu->logical) && add_index(row, "core", pu->core) &&
               add_index(row, "l3", pu->l3) && add_index(row, "numa", pu->numa) &&
               add_index(row, "package", pu->package) && add_index(row, "kind", pu->kind);
}

cJSON *plan_json(const struct placement *pl)
{
        cJSON *plan = cJSON_CreateObject();
        bool ok = plan && cJSON_AddStringToObject(plan, "placement", pl->policy) &&
                  cJSON_AddNumberToObject(plan, "threads", (double)pl->threads) &&
                  cJSON_AddBoolToObject(plan, "bound", pl->bind) &&
                  cJSON_AddBoolToObject(plan, "oversubscribed", pl->oversubscribed);
        cJSON *counts = ok ? cJSON_AddObjectToObject(plan, "distinct") : NULL;
        ok = counts && cJSON_AddNumberToObject(counts, "pus", (double)pl->distinct.pus) &&
             cJSON_AddNumberToObject(counts, "cores", (double)pl->distinct.cores) &&
             cJSON_AddNumberToObject(counts, "l3s", (double)pl->distinct.l3s) &&
             cJSON_AddNumberToObject(counts, "numas", (double)pl->distinct.numas) &&
             cJSON_AddNumberToObject(counts, "packages", (double)pl->distinct.packages);
        cJSON *rows = ok ? cJSON_AddArrayToObject(plan, "plan") : NULL;
        ok = rows != NULL;
        for (size_t i = 0; ok && i < pl->threads; i++)
                ok = add_thread(rows, i, &pl->pu[i]);
        if (!ok) {
                cJSON_Delete(plan);
                return NULL;
        }
        return plan;
}

/* {"placement":"smt","refused":"..."} */
static cJSON *refusal_json(const char *policy, const char *why)
{
        cJSON *plan = cJSON_CreateObject();
        if (!plan || !cJSON_AddStringToObject(plan, "placement", policy) ||
            !cJSON_AddStringToObject(plan, "refused", why)) {
                cJSON_Delete(plan);
                return NULL;
        }
        return plan;
}

static int print_json(const struct options *o, const struct topology *t, cJSON *plans)
{
        char shown[1024];
        cJSON *root = plans ? cJSON_CreateObject() : NULL;
        bool ok = root && cJSON_AddNumberToObject(root, "schema_version", 1) &&
                  cJSON_AddStringToObject(root, "topology",
                                          o->topology
                                                  ? ct_printable(shown, sizeof(shown), o->topology)
                                                  : "this machine") &&
                  cJSON_AddBoolToObject(root, "this_system", t->this_system);
        if (ok && cJSON_AddItemToObject(root, "plans", plans))
                plans = NULL; /* root's now */
        else
                ok = false;
        char *text = ok ? cJSON_Print(root) : NULL;
        if (text)
                puts(text);
        cJSON_free(text);
        cJSON_Delete(plans);
        cJSON_Delete(root);
        return text ? 0 : fail(EXIT_ENVIRONMENT, "contend: plan: out of memory");
}

/* Adds or prints one policy's plan; for `all`, a refusal is an answer, not a failure. */
static int plan_one(const struct options *o, const struct topology *t, const char *policy,
                    cJSON *plans)
{
        char why[512];
        struct placement pl;
        int r = placement_plan(t, policy, o->threads, &pl, why, sizeof(why));
        if (r && !(o->all && r == -ENOTSUP))
                return fail(placement_exit_code(r), "contend: %s", why);
        const char *colon = r ? strstr(why, ": ") : NULL;
        const char *reason = colon ? colon + 2 : why;
        int code = 0;
        if (o->json) {
                cJSON *plan = r ? refusal_json(policy, reason) : plan_json(&pl);
                if (!cJSON_AddItemToArray(plans, plan)) {
                        cJSON_Delete(plan);
                        code = fail(EXIT_ENVIRONMENT, "contend: plan: out of memory");
                }
        } else if (r) {
                printf("%-10s refused: %s\n", policy, reason);
        } else if (o->all) {
                print_brief(stdout, &pl);
        } else {
                plan_print(stdout, &pl);
        }
        placement_free(&pl);
        return code;
}

static int plan(const struct options *o, const struct topology *t)
{
        cJSON *plans = o->json ? cJSON_CreateArray() : NULL;
        int r = 0;
        if (!o->all)
                r = plan_one(o, t, o->placement, plans);
        for (int i = 0; o->all && r == 0 && i < PLACEMENT_POLICIES; i++)
                r = plan_one(o, t, placement_policies[i], plans);
        if (o->json && r == 0)
                return print_json(o, t, plans);
        cJSON_Delete(plans);
        return r;
}

int plan_main(int argc, char **argv)
{
        struct options o = {0};
        int r = options_parse(&o, argc, argv);
        if (r)
                return r;
        if (o.help) {
                fputs(help, stdout);
        } else {
                struct topology t;
                char why[512];
                if (o.topology ? topology_load_xml(&t, o.topology, why, sizeof(why))
                               : topology_load(&t, why, sizeof(why)))
                        return o.topology ? fail(EXIT_INPUT, "%s", why)
                                          : fail(EXIT_ENVIRONMENT, "contend: %s", why);
                r = plan(&o, &t);
                topology_free(&t);
        }
        if (r == 0 && (fflush(stdout) || ferror(stdout)))
                r = fail(EXIT_OUTPUT, "contend: standard output: %s", strerror(errno));
        return r;
}
