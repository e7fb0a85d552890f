#include "peers/go_child.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "harness/topology.h"

enum { PROTOCOL = 1, LINE_MAX_BYTES = 1 << 20, START_S = 10 };

/* One program for the life of this process: a block measures under one placement. */
static struct child {
        pid_t pid;
        int in, out; /* what it reads and what it writes */
        char *line;
        size_t filled;
} child;

static int complain(const char *what)
{
        fprintf(stderr, "contend: contend_go: %s\n", what);
        return -EPROTO;
}

static void child_end(void)
{
        if (child.pid <= 0)
                return;
        kill(child.pid, SIGKILL);
        while (waitpid(child.pid, NULL, 0) < 0 && errno == EINTR)
                ;
        close(child.in);
        close(child.out);
        free(child.line);
        child = (struct child){0};
}

/* Beside the running binary. */
static int program_path(char *path, size_t size)
{
        ssize_t n = readlink("/proc/self/exe", path, size - 1);
        char *slash;

        if (n < 0)
                return -errno;
        path[n] = '\0';
        slash = strrchr(path, '/');
        if (!slash || (size_t)snprintf(slash, size - (size_t)(slash - path), "/contend_go") >=
                              size - (size_t)(slash - path))
                return -ENAMETOOLONG;
        return 0;
}

/* Between fork and exec: only what is safe there. */
static _Noreturn void become_program(const char *path, const cpu_set_t *cpus, int in, int out)
{
        static char *const environment[] = {(char *)"LC_ALL=C", NULL}; /* no GOGC, no GODEBUG */
        char *argv[] = {(char *)"contend_go", NULL};

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if ((!cpus || !sched_setaffinity(0, sizeof *cpus, cpus)) && dup2(in, STDIN_FILENO) >= 0 &&
            dup2(out, STDOUT_FILENO) >= 0)
                execve(path, argv, environment);
        _exit(127);
}

/* One line without its end into child.line: 0, -ETIMEDOUT, or what went wrong. */
static int read_line(int64_t deadline)
{
        child.filled = 0;
        for (;;) {
                struct pollfd p = {.fd = child.out, .events = POLLIN};
                int64_t left = deadline - ct_now_ns();
                ssize_t n;

                if (left <= 0)
                        return -ETIMEDOUT;
                if (poll(&p, 1,
                         (int)(left / CT_NS_PER_MS < 60000 ? left / CT_NS_PER_MS + 1 : 60000)) <= 0)
                        continue;
                n = read(child.out, child.line + child.filled, LINE_MAX_BYTES - child.filled);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        return complain("has ended without an answer");
                child.filled += (size_t)n;
                if (child.line[child.filled - 1] == '\n') {
                        child.line[child.filled - 1] = '\0';
                        return 0;
                }
                if (child.filled == LINE_MAX_BYTES)
                        return complain("answers more than a line may hold");
        }
}

static int write_line(const char *text)
{
        size_t left = strlen(text);

        while (left) {
                ssize_t n = write(child.in, text, left);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return complain("does not take a request");
                text += n;
                left -= (size_t)n;
        }
        return 0;
}

/* It must be the Go that the contestants' sources name. */
static int greet(void)
{
        int rc = read_line(ct_deadline_after(START_S * CT_NS_PER_S));
        cJSON *hello = rc ? NULL : cJSON_Parse(child.line);
        const cJSON *version = cJSON_GetObjectItemCaseSensitive(hello, "go");
        const cJSON *protocol = cJSON_GetObjectItemCaseSensitive(hello, "protocol");

        if (!rc && (!cJSON_IsNumber(protocol) || protocol->valueint != PROTOCOL))
                rc = complain("greets with something else");
        else if (!rc &&
                 (!cJSON_IsString(version) || strncmp(version->valuestring, "go" PEER_VERSION_go,
                                                      sizeof "go" PEER_VERSION_go - 1) != 0))
                rc = complain("was built by another Go than the suite was configured with");
        cJSON_Delete(hello);
        return rc;
}

static int child_start(const struct outside_spec *spec)
{
        int to[2] = {-1, -1}, from[2] = {-1, -1}, rc;
        char path[PATH_MAX];
        cpu_set_t cpus;

        if (child.pid > 0)
                return 0;
        CPU_ZERO(&cpus);
        for (unsigned i = 0; spec->cpus && i < spec->threads; i++)
                CPU_SET(spec->cpus[i], &cpus);
        rc = program_path(path, sizeof path);
        child.line = malloc(LINE_MAX_BYTES);
        if (!rc && !child.line)
                rc = -ENOMEM;
        if (!rc && (pipe2(to, O_CLOEXEC) || pipe2(from, O_CLOEXEC)))
                rc = -errno;
        if (!rc) {
                child.pid = fork();
                if (!child.pid)
                        become_program(path, spec->cpus ? &cpus : NULL, to[0], from[1]);
                rc = child.pid < 0 ? -errno : 0;
        }
        if (to[0] >= 0)
                close(to[0]);
        if (from[1] >= 0)
                close(from[1]);
        child.in = to[1];
        child.out = from[0];
        if (child.pid > 0) {
                signal(SIGPIPE, SIG_IGN); /* a program that died is an answer, not our end */
                outside_at_end(child_end);
                rc = greet();
                if (rc)
                        child_end();
                return rc;
        }
        free(child.line);
        child = (struct child){0};
        return rc;
}

static void add_params(cJSON *request, const struct outside_spec *spec)
{
        cJSON *params = cJSON_AddObjectToObject(request, "params");

        for (int i = 0; i < MAX_PARAMS && spec->family->params[i]; i++)
                if (spec->params->value[i] != PARAM_UNSET)
                        cJSON_AddNumberToObject(params, spec->family->params[i],
                                                (double)spec->params->value[i]);
}

static char *request_text(const struct outside_spec *spec)
{
        const char *peer = strchr(spec->contestant->name, ':');
        const struct family *f = spec->family;
        cJSON *q = cJSON_CreateObject(), *cpus, *roles;
        char *text, *whole;

        cJSON_AddStringToObject(q, "family", f->name);
        cJSON_AddStringToObject(q, "peer", peer ? peer + 1 : spec->contestant->name);
        cJSON_AddStringToObject(q, "workload", f->workloads[spec->workload]);
        cJSON_AddStringToObject(q, "exec", exec_names[spec->exec]);
        cJSON_AddNumberToObject(q, "threads", spec->threads);
        cJSON_AddNumberToObject(q, "pus", spec->pus);
        cpus = cJSON_AddArrayToObject(q, "cpus");
        for (unsigned i = 0; spec->cpus && i < spec->threads; i++)
                cJSON_AddItemToArray(cpus, cJSON_CreateNumber(spec->cpus[i]));
        roles = cJSON_AddArrayToObject(q, "roles");
        for (unsigned i = 0; f->role && i < spec->threads; i++)
                cJSON_AddItemToArray(roles,
                                     cJSON_CreateNumber(f->role(spec->workload, spec->params, i,
                                                                spec->threads, spec->pus)));
        cJSON_AddNumberToObject(q, "window_ns", (double)spec->window_ns);
        cJSON_AddNumberToObject(q, "warmup_ns", (double)spec->warmup_ns);
        cJSON_AddNumberToObject(q, "sample_every", spec->sample_every);
        cJSON_AddNumberToObject(q, "work_pct", spec->work_pct);
        cJSON_AddNumberToObject(q, "seed", (double)(spec->seed & ((UINT64_C(1) << 52) - 1)));
        add_params(q, spec);
        text = cJSON_PrintUnformatted(q);
        cJSON_Delete(q);
        whole = text ? malloc(strlen(text) + 2) : NULL;
        if (whole) {
                strcpy(whole, text);
                strcat(whole, "\n");
        }
        free(text);
        return whole;
}

/* ---- the answer ---- */

static double number(const cJSON *o, const char *key)
{
        const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);

        return cJSON_IsNumber(v) ? v->valuedouble : NAN;
}

/* The counts of all workers, or none. */
static int take_workers(const cJSON *o, unsigned threads, struct outside_answer *a)
{
        const cJSON *ops = cJSON_GetObjectItemCaseSensitive(o, "ops");
        const cJSON *starts = cJSON_GetObjectItemCaseSensitive(o, "start_ns");

        if (!ops && !starts)
                return 0;
        if (cJSON_GetArraySize(ops) != (int)threads || cJSON_GetArraySize(starts) != (int)threads)
                return complain("counts other workers than it was given");
        for (unsigned i = 0; i < threads; i++) {
                const cJSON *n = cJSON_GetArrayItem(ops, (int)i);
                const cJSON *start = cJSON_GetArrayItem(starts, (int)i);

                if (!cJSON_IsNumber(n) || !cJSON_IsNumber(start) || n->valuedouble < 0)
                        return complain("counts in something else than numbers");
                a->worker[i].ops = (uint64_t)n->valuedouble;
                a->worker[i].start_ns = (int64_t)start->valuedouble;
        }
        a->has_workers = true;
        return 0;
}

static int take_answer(const cJSON *o, const struct outside_spec *spec, struct outside_answer *a)
{
        const cJSON *latency = cJSON_GetObjectItemCaseSensitive(o, "latency");
        const cJSON *metrics = cJSON_GetObjectItemCaseSensitive(o, "metrics"), *metric;

        a->window_ns = number(o, "window_ns");
        a->total_ops = number(o, "total_ops");
        a->effects = number(o, "effects");
        a->value = number(o, "value");
        a->torn = number(o, "torn");
        a->ns_per_op = number(o, "ns_per_op");
        a->clock_ns = number(o, "clock_ns");
        a->voluntary_switches = number(o, "voluntary");
        a->involuntary_switches = number(o, "involuntary");
        a->cpu_ns = (int64_t)number(o, "cpu_ns");
        if (!(a->window_ns > 0) || isnan(a->total_ops + a->effects + a->value + a->torn) ||
            isnan(number(o, "cpu_ns")) || isnan(a->involuntary_switches))
                return complain("leaves a figure out");
        if (latency) {
                a->latency_samples = number(latency, "samples");
                if (a->latency_samples > 0) {
                        a->latency_p50_ns = number(latency, "p50_ns");
                        a->latency_p99_ns = number(latency, "p99_ns");
                        a->latency_p999_ns = number(latency, "p999_ns");
                        a->latency_max_ns = number(latency, "max_ns");
                }
        }
        cJSON_ArrayForEach(metric, metrics)
        {
                int i = 0;

                while (i < MAX_METRICS && spec->family->metrics[i] &&
                       strcmp(spec->family->metrics[i], metric->string) != 0)
                        i++;
                if (i == MAX_METRICS || !spec->family->metrics[i] || !cJSON_IsNumber(metric))
                        return complain("has a metric that the family does not know");
                a->own[i] = metric->valuedouble;
        }
        return take_workers(o, spec->threads, a);
}

int go_child_window(const struct outside_spec *spec, struct outside_answer *answer)
{
        const cJSON *error;
        cJSON *reply;
        char *request;
        int rc = child_start(spec);

        if (rc)
                return rc;
        request = request_text(spec);
        rc = request ? write_line(request) : -ENOMEM;
        free(request);
        /* The first window is preceded by one that finds the batch. */
        if (!rc)
                rc = read_line(ct_deadline_after(spec->stuck_after_ns + 2 * spec->window_ns +
                                                 2 * spec->warmup_ns));
        if (rc) { /* what it says from now on would answer an earlier question */
                child_end();
                return rc;
        }
        reply = cJSON_Parse(child.line);
        error = cJSON_GetObjectItemCaseSensitive(reply, "error");
        if (cJSON_IsString(error))
                rc = complain(error->valuestring);
        else
                rc = reply ? take_answer(reply, spec, answer) : complain("answers no JSON");
        cJSON_Delete(reply);
        return rc;
}

int go_child_on_all_pus(const struct outside_spec *spec, struct outside_answer *answer)
{
        struct outside_spec wide = *spec;
        int rc;

        wide.cpus = NULL;
        wide.pus = (unsigned)topology_pus(spec->topology);
        child_end();
        rc = go_child_window(&wide, answer);
        child_end();
        return rc;
}
