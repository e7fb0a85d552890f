/* The supervisor with contestants that lie, crash, hang and refuse: each costs its own row, and the
   rest of the run goes on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/clock.h"
#include "harness/suite.h"
#include "harness/topology.h"

struct cell {
        ct_atomic_u64 value;
};

static uint64_t add(void *self, struct worker *w, uint64_t n)
{
        (void)w;
        for (uint64_t i = 0; i < n; i++)
                ct_add_u64_relaxed(&((struct cell *)self)->value, 1);
        return n;
}

static uint64_t add_all_but_one(void *self, struct worker *w, uint64_t n)
{
        add(self, w, n - 1);
        return n;
}

static uint64_t crash(void *self, struct worker *w, uint64_t n)
{
        (void)self;
        (void)w;
        signal(SIGSEGV, SIG_DFL); /* sanitizers would print a report and exit instead */
        raise(SIGSEGV);
        return n;
}

static uint64_t hang(void *self, struct worker *w, uint64_t n)
{
        (void)self;
        if (w->index == 0)
                for (;;)
                        pause();
        return n;
}

static int refuse(void *self, const struct params *p, unsigned threads)
{
        (void)self;
        (void)p;
        (void)threads;
        return -ENOSPC;
}

static int check(const void *self, const struct totals *t, double *metrics)
{
        (void)metrics;
        return ct_load_u64_relaxed(&((const struct cell *)self)->value) == t->effects ? 0
                                                                                      : -EBADMSG;
}

#define CELL .size = sizeof(struct cell), .align = 8, .source = "test"
static const struct contestant good = {.name = "good", CELL, .run = {add}, .check = check};
static const struct contestant liar = {
        .name = "liar", CELL, .run = {add_all_but_one}, .check = check};
static const struct contestant lossy = {
        .name = "lossy", CELL, .caps = CAP_LOSSY, .run = {add_all_but_one}, .check = check};
static const struct contestant crasher = {.name = "crasher", CELL, .run = {crash}, .check = check};
static const struct contestant hanger = {.name = "hanger", CELL, .run = {hang}, .check = check};
static const struct contestant refuser = {
        .name = "refuser", CELL, .init = refuse, .run = {add}, .check = check};

static void points(const struct topology *t, bool full, struct point_list *list)
{
        struct point p = {.threads = THREADS_SWEEP};

        (void)t;
        (void)full;
        for (int i = 0; i < MAX_PARAMS; i++)
                p.params.value[i] = PARAM_UNSET;
        point_list_add(list, &p);
}

struct fixture {
        struct family family;
        struct options options;
        struct topology topology;
        struct sweep sweep;
};

static void build(struct fixture *f, const struct contestant *const *contestants, int extra_argc,
                  char **extra)
{
        char *argv[16] = {"test",        "--quiet", "--threads",   "1,2", "--reps",       "3",
                          "--window-ms", "3",       "--warmup-ms", "1",   "--watchdog-s", "1"};
        int argc = 12;
        char why[WHY_SIZE];

        for (int i = 0; i < extra_argc; i++)
                argv[argc++] = extra[i];
        f->family = (struct family){.name = "test",
                                    .summary = "",
                                    .contestants = contestants,
                                    .workloads = {"w"},
                                    .points = points};
        assert_int_equal(options_parse(&f->options, &f->family, argc, argv), 0);
        assert_int_equal(topology_load(&f->topology, why, sizeof why), 0);
        assert_int_equal(sweep_build(&f->sweep, &f->family, &f->options, &f->topology), 0);
        for (size_t i = 0; i < f->sweep.n_items; i++)
                f->sweep.item[i].selected = true;
        assert_int_equal(sweep_settle(&f->sweep, f->options.reps), 0);
}

static void take_down(struct fixture *f)
{
        sweep_free(&f->sweep);
        topology_free(&f->topology);
        options_free(&f->options);
}

static size_t done(const struct fixture *f, const char *name, unsigned flags)
{
        size_t n = 0;

        for (size_t i = 0; i < f->sweep.n_items; i++)
                for (unsigned r = 0; r < f->sweep.reps; r++)
                        n += !strcmp(f->sweep.item[i].name, name) && f->sweep.item[i].done[r] &&
                             (f->sweep.item[i].result[r].flags & flags) == flags;
        return n;
}

static size_t failed(const struct fixture *f, const char *name)
{
        return done(f, name, ROW_FAILED);
}

static void good_contestants_are_measured_and_verified(void **state)
{
        static const struct contestant *const list[] = {&good, NULL};
        struct fixture f;

        (void)state;
        build(&f, list, 0, NULL);
        assert_int_equal(suite_run(&f.sweep), EXIT_OK);
        assert_int_equal(done(&f, "good", 0), 6);
        assert_int_equal(failed(&f, "good"), 0);
        for (size_t i = 0; i < f.sweep.n_items; i++)
                for (unsigned r = 0; r < f.sweep.reps; r++) {
                        assert_true(f.sweep.item[i].result[r].verified);
                        assert_true(f.sweep.item[i].result[r].ops > 0);
                        assert_true(f.sweep.item[i].result[r].ns_per_op > 0);
                }
        take_down(&f);
}

/* One failed row per point; the others keep all theirs. */
static void expect_failure(const struct contestant *bad, unsigned flag)
{
        const struct contestant *const list[] = {&good, bad, NULL};
        struct fixture f;

        build(&f, list, 0, NULL);
        assert_int_equal(suite_run(&f.sweep), EXIT_BENCHMARK);
        assert_int_equal(done(&f, "good", 0), 6);
        assert_int_equal(failed(&f, "good"), 0);
        assert_int_equal(done(&f, bad->name, 0), 2);
        assert_int_equal(done(&f, bad->name, ROW_FAILED | flag), 2);
        take_down(&f);
}

static void a_wrong_result_is_a_failed_row(void **state)
{
        (void)state;
        expect_failure(&liar, ROW_WRONG);
}

static void a_crash_is_a_failed_row(void **state)
{
        (void)state;
        expect_failure(&crasher, ROW_CRASHED);
}

static void a_hang_is_ended_by_the_watchdog(void **state)
{
        (void)state;
        expect_failure(&hanger, ROW_STUCK);
}

static void a_refused_init_is_a_failed_row(void **state)
{
        (void)state;
        expect_failure(&refuser, 0);
}

static void a_lossy_contestant_may_be_wrong(void **state)
{
        static const struct contestant *const list[] = {&lossy, NULL};
        struct fixture f;

        (void)state;
        build(&f, list, 0, NULL);
        assert_int_equal(suite_run(&f.sweep), EXIT_OK);
        assert_int_equal(done(&f, "lossy", ROW_LOSSY), 6);
        assert_false(f.sweep.item[0].result[0].verified);
        assert_true(f.sweep.item[0].result[0].ns_per_op > 0);
        take_down(&f);
}

/* ---- files ---- */

static char *read_file(const char *dir, const char *name)
{
        char path[512], *text = calloc(1, 1 << 20);
        FILE *f;

        snprintf(path, sizeof path, "%s/%s", dir, name);
        f = fopen(path, "r");
        if (!f) {
                free(text);
                return NULL;
        }
        assert_true(fread(text, 1, (1 << 20) - 1, f) > 0);
        fclose(f);
        return text;
}

static size_t lines(const char *text)
{
        size_t n = 0;

        for (; *text; text++)
                n += *text == '\n';
        return n;
}

static void remove_tree(const char *dir)
{
        static const char *const names[] = {"test.csv",         "test.csv.partial",
                                            "test.footer.json", "environment.json",
                                            "topology.xml",     ".lock"};
        char path[512];

        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
                snprintf(path, sizeof path, "%s/%s", dir, names[i]);
                unlink(path);
        }
        rmdir(dir);
}

/* Runs in a child that is sent a signal once its first row is on disk; returns its exit code. */
static int interrupted_run(const struct contestant *const *list, const char *dir, int sig)
{
        char partial[512];
        pid_t pid = fork();
        int status;

        if (pid == 0) {
                struct fixture f;

                build(&f, list, 2, (char *[]){"--run-dir", (char *)dir});
                _exit(suite_run(&f.sweep));
        }
        snprintf(partial, sizeof partial, "%s/test.csv.partial", dir);
        for (;;) { /* until there are two lines: header and row */
                char *text = read_file(dir, "test.csv.partial");
                size_t n = text ? lines(text) : 0;

                free(text);
                if (n >= 2)
                        break;
                if (waitpid(pid, &status, WNOHANG) == pid)
                        fail_msg("the run ended before it could be interrupted");
        }
        kill(pid, sig);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        return WEXITSTATUS(status);
}

static void an_interrupted_run_is_marked_and_resumes(void **state)
{
        static const struct contestant *const list[] = {&good, &lossy, NULL};
        char dir[] = "/tmp/contend-suite-XXXXXX", *text;
        struct fixture f;
        size_t before;
        int64_t asked;

        (void)state;
        assert_non_null(mkdtemp(dir));
        asked = ct_now_ns();
        assert_int_equal(interrupted_run(list, dir, SIGINT), 130);
        assert_true(ct_now_ns() - asked < 60 * CT_NS_PER_S);
        assert_null(read_file(dir, "test.csv"));
        text = read_file(dir, "test.footer.json");
        assert_non_null(text);
        assert_non_null(strstr(text, "\"complete\":false"));
        assert_non_null(strstr(text, "signal 2"));
        free(text);
        text = read_file(dir, "test.csv.partial");
        before = lines(text) - 1;
        free(text);
        assert_in_range(before, 1, 11);

        build(&f, list, 3, (char *[]){"--run-dir", dir, "--resume"});
        assert_int_equal(suite_run(&f.sweep), EXIT_OK);
        take_down(&f);
        text = read_file(dir, "test.csv");
        assert_non_null(text);
        assert_int_equal(lines(text) - 1, 12); /* 2 contestants x 2 thread counts x 3: none twice */
        free(text);
        text = read_file(dir, "test.footer.json");
        assert_non_null(strstr(text, "\"complete\":true"));
        free(text);
        remove_tree(dir);
}

static void a_second_run_into_the_same_folder_is_refused(void **state)
{
        static const struct contestant *const list[] = {&good, NULL};
        char dir[] = "/tmp/contend-suite-XXXXXX";
        struct fixture f;

        (void)state;
        assert_non_null(mkdtemp(dir));
        build(&f, list, 2, (char *[]){"--run-dir", dir});
        assert_int_equal(suite_run(&f.sweep), EXIT_OK);
        take_down(&f);
        build(&f, list, 2, (char *[]){"--run-dir", dir});
        assert_int_equal(suite_run(&f.sweep), EXIT_OUTPUT); /* nothing is overwritten */
        take_down(&f);
        remove_tree(dir);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(good_contestants_are_measured_and_verified),
                cmocka_unit_test(a_wrong_result_is_a_failed_row),
                cmocka_unit_test(a_crash_is_a_failed_row),
                cmocka_unit_test(a_hang_is_ended_by_the_watchdog),
                cmocka_unit_test(a_refused_init_is_a_failed_row),
                cmocka_unit_test(a_lossy_contestant_may_be_wrong),
                cmocka_unit_test(an_interrupted_run_is_marked_and_resumes),
                cmocka_unit_test(a_second_run_into_the_same_folder_is_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
