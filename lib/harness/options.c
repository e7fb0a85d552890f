#include "harness/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum {
        OPT_CONTESTANTS = 256,
        OPT_WITH_PEERS,
        OPT_WORKLOADS,
        OPT_THREADS,
        OPT_EXEC,
        OPT_PLACEMENT,
        OPT_WHERE,
        OPT_TRACE,
        OPT_REPS,
        OPT_WINDOW,
        OPT_WARMUP,
        OPT_SEED,
        OPT_RUN_DIR,
        OPT_RUN_ID,
        OPT_RESUME,
        OPT_QUICK,
        OPT_FULL,
        OPT_BUDGET,
        OPT_WATCHDOG,
        OPT_CONTROL,
        OPT_PAIRS,
        OPT_SLOW,
        OPT_QUIET,
        OPT_NO_TABLE,
        OPT_LIST,
        OPT_PLAN,
        OPT_JSON,
        OPT_HELP,
};

static const struct option long_options[] = {
        {"contestants", required_argument, NULL, OPT_CONTESTANTS},
        {"with-peers", no_argument, NULL, OPT_WITH_PEERS},
        {"workloads", required_argument, NULL, OPT_WORKLOADS},
        {"threads", required_argument, NULL, OPT_THREADS},
        {"exec", required_argument, NULL, OPT_EXEC},
        {"placement", required_argument, NULL, OPT_PLACEMENT},
        {"where", required_argument, NULL, OPT_WHERE},
        {"trace", required_argument, NULL, OPT_TRACE},
        {"reps", required_argument, NULL, OPT_REPS},
        {"window-ms", required_argument, NULL, OPT_WINDOW},
        {"warmup-ms", required_argument, NULL, OPT_WARMUP},
        {"seed", required_argument, NULL, OPT_SEED},
        {"run-dir", required_argument, NULL, OPT_RUN_DIR},
        {"run-id", required_argument, NULL, OPT_RUN_ID},
        {"resume", no_argument, NULL, OPT_RESUME},
        {"quick", no_argument, NULL, OPT_QUICK},
        {"full", no_argument, NULL, OPT_FULL},
        {"budget", required_argument, NULL, OPT_BUDGET},
        {"watchdog-s", required_argument, NULL, OPT_WATCHDOG},
        {"control", required_argument, NULL, OPT_CONTROL},
        {"pairs", required_argument, NULL, OPT_PAIRS},
        {"slow", required_argument, NULL, OPT_SLOW},
        {"quiet", no_argument, NULL, OPT_QUIET},
        {"no-table", no_argument, NULL, OPT_NO_TABLE},
        {"list", no_argument, NULL, OPT_LIST},
        {"plan", no_argument, NULL, OPT_PLAN},
        {"json", no_argument, NULL, OPT_JSON},
        {"help", no_argument, NULL, OPT_HELP},
        {0},
};

static int usage(const char *what, const char *got, const char *expected)
{
        fprintf(stderr, "contend: %s '%s', expected %s\n", what, got, expected);
        return EXIT_USAGE;
}

/* A whole decimal number in [low, high] that ends at `end` or at the string's end. */
static bool number(const char *s, char end, int64_t low, int64_t high, int64_t *out,
                   const char **rest)
{
        char *stop;

        if (*s < '0' || *s > '9')
                return false;
        errno = 0;
        *out = strtoll(s, &stop, 10);
        if (errno || *out < low || *out > high || (*stop && *stop != end))
                return false;
        *rest = *stop ? stop + 1 : stop;
        return !*stop || **rest; /* no trailing comma */
}

static bool whole_number(const char *s, int64_t low, int64_t high, int64_t *out)
{
        const char *rest;

        return number(s, '\0', low, high, out, &rest);
}

static int parse_threads(struct options *o, const char *arg)
{
        const char *s = arg;

        for (o->n_threads = 0; *s; o->n_threads++) {
                int64_t v;

                if (o->n_threads == MAX_THREAD_COUNTS || !number(s, ',', 1, 4096, &v, &s))
                        return usage("--threads", arg, "numbers from 1 to 4096 like 1,2,4");
                o->threads[o->n_threads] = (unsigned)v;
        }
        return o->n_threads ? 0 : usage("--threads", arg, "numbers from 1 to 4096 like 1,2,4");
}

static int parse_exec(struct options *o, const char *arg)
{
        const char *s = arg;

        memset(o->exec, 0, sizeof o->exec);
        o->has_exec = true;
        for (;;) {
                size_t n = strcspn(s, ",");
                int kind = 0;

                while (kind < EXEC_KINDS &&
                       (strncmp(s, exec_names[kind], n) || exec_names[kind][n]))
                        kind++;
                if (kind == EXEC_KINDS)
                        return usage("--exec", arg, "thread, task or thread,task");
                o->exec[kind] = true;
                if (!s[n])
                        return 0;
                s += n + 1;
        }
}

static int parse_where(struct options *o, const struct family *f, const char *arg)
{
        const char *equals = strchr(arg, '='), *s;
        struct where *w = &o->where[o->n_where];

        if (!equals || o->n_where == MAX_WHERE || (size_t)(equals - arg) >= sizeof w->name)
                return usage("--where", arg, "p_name=value[,value]");
        memcpy(w->name, arg, (size_t)(equals - arg));
        w->name[equals - arg] = '\0';
        if (family_param_index(f, w->name) < 0)
                return usage("--where: unknown parameter", w->name, "one that --list shows");
        for (s = equals + 1; *s; w->n++)
                if (w->n == MAX_WHERE_VALUES || !number(s, ',', 0, INT64_MAX, &w->value[w->n], &s))
                        return usage("--where", arg, "p_name=value[,value]");
        if (!w->n)
                return usage("--where", arg, "p_name=value[,value]");
        o->n_where++;
        return 0;
}

static int parse_regex(regex_t *re, bool *has, const char *name, const char *arg)
{
        char anchored[512], why[128];
        int rc;

        if (*has)
                regfree(re);
        *has = false;
        if ((size_t)snprintf(anchored, sizeof anchored, "^(%s)$", arg) >= sizeof anchored)
                return usage(name, arg, "a shorter pattern");
        rc = regcomp(re, anchored, REG_EXTENDED | REG_NOSUB);
        if (rc) {
                regerror(rc, re, why, sizeof why);
                fprintf(stderr, "contend: %s '%s': %s, expected a POSIX extended pattern\n", name,
                        arg, why);
                return EXIT_USAGE;
        }
        *has = true;
        return 0;
}

static bool safe_id(const char *s)
{
        size_t n = strlen(s);

        return n > 0 && n < 64 &&
               strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") ==
                       n &&
               s[0] != '-' && s[0] != '.';
}

static int parse_control(struct options *o, const char *arg)
{
        static const char *const names[] = {"", "aa", "slowdown", "all"};

        for (int i = CONTROL_AA; i <= CONTROL_ALL; i++)
                if (!strcmp(arg, names[i])) {
                        o->control = (enum control)i;
                        return 0;
                }
        return usage("--control", arg, "aa, slowdown or all");
}

static int parse_slow(struct options *o, char *arg)
{
        char *equals = strchr(arg, '=');
        int64_t pct;

        if (!equals || equals == arg || !whole_number(equals + 1, 101, 1000, &pct))
                return usage("--slow", arg, "CONTESTANT=PERCENT from 101 to 1000");
        *equals = '\0';
        o->slow = arg;
        o->slow_pct = (unsigned)pct;
        return 0;
}

/* True if a pattern has a colon outside of [[:alpha:]] and [^:]: only peers' names have one. */
static bool names_peer(const char *pattern)
{
        for (const char *s = strchr(pattern, ':'); s; s = strchr(s + 1, ':'))
                if ((s == pattern || (s[-1] != '[' && s[-1] != '^')) && s[1] != ']')
                        return true;
        return false;
}

static int parse_one(struct options *o, const struct family *f, int opt)
{
        int64_t v = 0;
        bool ok = true;

        switch (opt) {
        case OPT_WITH_PEERS:
                o->with_peers = true;
                return 0;
        case OPT_CONTESTANTS:
                o->with_peers |= names_peer(optarg);
                return parse_regex(&o->contestants, &o->has_contestants, "--contestants", optarg);
        case OPT_WORKLOADS:
                return parse_regex(&o->workloads, &o->has_workloads, "--workloads", optarg);
        case OPT_THREADS:
                return parse_threads(o, optarg);
        case OPT_WHERE:
                return parse_where(o, f, optarg);
        case OPT_TRACE:
                o->trace = optarg;
                return f->trace ? 0 : usage("--trace", optarg, "a family that replays traces");
        case OPT_CONTROL:
                return parse_control(o, optarg);
        case OPT_EXEC:
                return parse_exec(o, optarg);
        case OPT_PLACEMENT:
                o->placement = optarg;
                return 0;
        case OPT_REPS:
                ok = whole_number(optarg, 1, 10000, &v);
                o->reps = (unsigned)v;
                return ok ? 0 : usage("--reps", optarg, "a number from 1 to 10000");
        case OPT_WINDOW:
                ok = whole_number(optarg, 1, 60000, &v);
                o->window_ns = v * CT_NS_PER_MS;
                return ok ? 0 : usage("--window-ms", optarg, "milliseconds from 1 to 60000");
        case OPT_WARMUP:
                ok = whole_number(optarg, 1, 60000, &v);
                o->warmup_ns = v * CT_NS_PER_MS;
                return ok ? 0 : usage("--warmup-ms", optarg, "milliseconds from 1 to 60000");
        case OPT_BUDGET:
                ok = whole_number(optarg, 1, 1000000, &v);
                o->budget_ns = v * CT_NS_PER_S;
                return ok ? 0 : usage("--budget", optarg, "seconds from 1 to 1000000");
        case OPT_WATCHDOG:
                ok = whole_number(optarg, 1, 86400, &v);
                o->watchdog_ns = v * CT_NS_PER_S;
                return ok ? 0 : usage("--watchdog-s", optarg, "seconds from 1 to 86400");
        case OPT_SEED:
                ok = whole_number(optarg, 0, INT64_MAX, &v);
                o->seed = (uint64_t)v;
                return ok ? 0 : usage("--seed", optarg, "a whole number");
        case OPT_PAIRS:
                ok = whole_number(optarg, 1, 10000, &v);
                o->pairs = (unsigned)v;
                return ok ? 0 : usage("--pairs", optarg, "a number from 1 to 10000");
        case OPT_SLOW:
                return parse_slow(o, optarg);
        case OPT_RUN_DIR:
                o->run_dir = optarg;
                return *optarg ? 0 : usage("--run-dir", optarg, "a folder");
        case OPT_RUN_ID:
                o->run_id = optarg;
                return safe_id(optarg)
                               ? 0
                               : usage("--run-id", optarg, "letters, digits and ._- (1 to 63)");
        case OPT_RESUME:
                o->resume = true;
                return 0;
        case OPT_QUICK:
                o->full = false;
                return 0;
        case OPT_FULL:
                o->full = true;
                return 0;
        case OPT_QUIET:
                o->quiet = true;
                return 0;
        case OPT_NO_TABLE:
                o->no_table = true;
                return 0;
        case OPT_LIST:
                o->action = ACT_LIST;
                return 0;
        case OPT_PLAN:
                o->action = ACT_PLAN;
                return 0;
        case OPT_JSON:
                o->json = true;
                return 0;
        default:
                o->action = ACT_HELP;
                return 0;
        }
}

int options_parse(struct options *o, const struct family *f, int argc, char **argv)
{
        int opt;

        *o = (struct options){
                .placement = "compact",
                .run_id = "adhoc",
                .seed = 1,
                .pairs = 200,
                .warmup_ns = 5 * CT_NS_PER_MS,
                .watchdog_ns = 10 * CT_NS_PER_S,
        };
        opterr = 0;
        optind = 1;
        while ((opt = getopt_long(argc, argv, "+", long_options, NULL)) != -1) {
                int rc;

                if (opt == '?' || opt == ':')
                        return usage("option", argv[optind - 1],
                                     "one that --help lists, with its argument");
                rc = parse_one(o, f, opt);
                if (rc)
                        return rc;
        }
        if (optind < argc)
                return usage("argument", argv[optind], "options only");
        if (o->resume && !o->run_dir)
                return usage("--resume", "", "--run-dir DIR beside it");
        if (!o->reps)
                o->reps = o->full || o->control ? 10 : 6;
        if (!o->window_ns)
                o->window_ns = (o->control ? 10 : o->full ? 100 : 25) * CT_NS_PER_MS;
        return 0;
}

void options_free(struct options *o)
{
        if (o->has_contestants)
                regfree(&o->contestants);
        if (o->has_workloads)
                regfree(&o->workloads);
}

bool options_where(const struct options *o, const struct family *f, const struct params *p)
{
        for (size_t i = 0; i < o->n_where; i++) {
                const struct where *w = &o->where[i];
                int64_t v = p->value[family_param_index(f, w->name)];
                bool any = false;

                for (size_t k = 0; k < w->n; k++)
                        any |= v == w->value[k];
                if (!any)
                        return false;
        }
        return true;
}
