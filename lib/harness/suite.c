#include "harness/suite.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/parker.h"
#include "harness/block.h"
#include "harness/csv.h"
#include "harness/environment.h"
#include "harness/progress.h"

/* The child's own watchdog comes first; this one is for a child that cannot even do that. */
static const int64_t silence_allowed_ns = 30 * CT_NS_PER_S;

static volatile sig_atomic_t got_signal;

static void on_signal(int sig)
{
        if (got_signal)
                _exit(128 + sig); /* the second one is meant */
        got_signal = sig;
}

struct run {
        struct sweep *sweep;
        struct ct_csv *csv;
        struct ct_progress progress;
        int lock_fd;
        int output_error; /* -errno of the first failed write */
        unsigned failed_rows;
};

/* ---- files ---- */

struct resume {
        struct sweep *sweep;
        size_t item; /* where the last row was found: rows come nearly in order */
        size_t strangers;
};

static int resume_row(void *ctx, const char *const *fields, size_t n)
{
        struct resume *r = ctx;
        struct sweep *s = r->sweep;

        for (size_t step = 0; step < s->n_items; step++) {
                struct item *item = &s->item[(r->item + step) % s->n_items];

                for (unsigned rep = 0; item->selected && rep < s->reps; rep++) {
                        struct row_key key;

                        sweep_key(s, item, rep, &key);
                        if (item->done[rep] || !record_parse(&key, fields, n, &item->result[rep]))
                                continue;
                        item->done[rep] = true;
                        item->given_up |= (item->result[rep].flags & ROW_FAILED) != 0;
                        r->item = (r->item + step) % s->n_items;
                        return 0;
                }
        }
        r->strangers++;
        return 0;
}

static int open_files(struct run *run)
{
        const struct options *o = run->sweep->options;
        const char *columns[MAX_COLUMNS];
        size_t n = record_columns(run->sweep->family, columns);
        struct resume resume = {.sweep = run->sweep};
        char why[WHY_SIZE], version[16];
        int rc = ct_run_dir_open(o->run_dir, &run->lock_fd);

        if (rc) {
                fprintf(stderr, "contend: cannot write into %s: %s\n", o->run_dir,
                        rc == -EWOULDBLOCK ? "another run is using it" : strerror(-rc));
                return rc == -EWOULDBLOCK ? EXIT_ENVIRONMENT : EXIT_OUTPUT;
        }
        rc = ct_environment_write(o->run_dir, o->run_id);
        if (rc) {
                fprintf(stderr, "contend: cannot write environment.json into %s: %s\n", o->run_dir,
                        strerror(-rc));
                return EXIT_OUTPUT;
        }
        snprintf(version, sizeof version, "%d", SCHEMA_VERSION);
        rc = ct_csv_open(&run->csv, o->run_dir, run->sweep->family->name, columns, n, version,
                         o->resume, why, sizeof why);
        if (rc) {
                fprintf(stderr, "contend: %s\n", why);
                return rc == -EINVAL || rc == -EFBIG ? EXIT_INPUT : EXIT_OUTPUT;
        }
        ct_csv_each(run->csv, resume_row, &resume);
        if (resume.strangers)
                fprintf(stderr,
                        "contend: %s: %zu earlier rows belong to no window of this call; they "
                        "stay\n",
                        run->sweep->family->name, resume.strangers);
        return 0;
}

static int close_files(struct run *run, int code)
{
        char reason[32];
        int rc;

        if (!run->csv)
                return code;
        snprintf(reason, sizeof reason, got_signal ? "signal %d" : "finished", (int)got_signal);
        rc = ct_csv_finish(run->csv, !got_signal && !run->output_error, reason);
        if (rc && !run->output_error)
                run->output_error = rc;
        if (run->output_error) {
                fprintf(stderr, "contend: cannot write %s/%s.csv: %s\n",
                        run->sweep->options->run_dir, run->sweep->family->name,
                        strerror(-run->output_error));
                return EXIT_OUTPUT;
        }
        return code;
}

static void record(struct run *run, size_t index, unsigned rep, const struct measurement *m)
{
        struct sweep *s = run->sweep;
        struct item *item = &s->item[index];
        struct row_key key;
        struct ct_cell cells[MAX_COLUMNS];
        char flags[256], name[256];
        int rc = 0;

        item->result[rep] = *m;
        item->done[rep] = true;
        sweep_key(s, item, rep, &key);
        if (m->flags & ROW_FAILED) {
                sweep_name(s, item, name, sizeof name);
                run->failed_rows++;
                item->given_up = true;
                fprintf(stderr, "contend: FAILED %s: %s\n", name,
                        m->flags & ROW_STUCK     ? "stuck: ended by the watchdog"
                        : m->flags & ROW_CRASHED ? "its process died"
                        : m->flags & ROW_WRONG   ? "the oracle says the result is wrong"
                                                 : strerror(-m->error));
        }
        if (!run->csv)
                return;
        record_cells(&key, m, cells, flags);
        rc = ct_csv_row(run->csv, cells);
        if (rc && !run->output_error)
                run->output_error = rc;
}

/* ---- children ---- */

struct child {
        pid_t pid;
        int fd;
        bool began;
        size_t item; /* the window it has begun */
        unsigned rep;
};

static int start_child(struct sweep *s, const struct block *b, struct child *c)
{
        int fd[2];

        if (pipe(fd))
                return -errno;
        fflush(NULL);
        c->pid = fork();
        if (c->pid < 0) {
                int rc = -errno;

                close(fd[0]);
                close(fd[1]);
                return rc;
        }
        if (c->pid == 0) {
                /* Ctrl-C reaches the whole group: the parent decides what becomes of this one. */
                signal(SIGINT, SIG_IGN);
                signal(SIGTERM, SIG_IGN);
                signal(SIGPIPE, SIG_IGN);
                close(fd[0]);
                block_measure(s, b, fd[1]);
        }
        close(fd[1]);
        c->fd = fd[0];
        return 0;
}

static void fail_row(struct run *run, size_t item, unsigned rep, unsigned flag, int error)
{
        struct measurement m;

        measurement_clear(&m);
        m.flags = ROW_FAILED | flag;
        m.error = error;
        record(run, item, rep, &m);
}

/* The block cannot be measured at all: each contestant gets one failed row. */
static void fail_block(struct run *run, const struct block *b, const char *why, int error)
{
        fprintf(stderr, "contend: %s at %u threads skipped: %s\n", b->workload_name, b->threads,
                why);
        for (size_t i = 0; i < b->n_items; i++) {
                struct item *item = &run->sweep->item[b->first_item + i];

                for (unsigned rep = 0; item->selected && !item->given_up && rep < run->sweep->reps;
                     rep++)
                        if (!item->done[rep])
                                fail_row(run, b->first_item + i, rep, 0, error);
        }
}

static void hear(struct run *run, const struct block *b, struct child *c, const struct message *m)
{
        char name[256];

        switch (m->kind) {
        case MSG_BEGIN:
                c->began = true;
                c->item = m->item;
                c->rep = m->rep;
                sweep_name(run->sweep, &run->sweep->item[m->item], name, sizeof name);
                ct_progress_step(&run->progress, name);
                break;
        case MSG_ROW:
                c->began = false;
                record(run, m->item, m->rep, &m->result);
                break;
        case MSG_FAIL:
                fail_block(run, b, m->why, -EAGAIN);
                break;
        }
}

static void end_child(struct child *c, bool kill_it, int *status)
{
        if (kill_it)
                kill(c->pid, SIGKILL);
        close(c->fd);
        while (waitpid(c->pid, status, 0) < 0 && errno == EINTR)
                ;
}

/* Listens until the child is done, dead, silent for too long, or the run has to stop. */
static void listen_to(struct run *run, const struct block *b, struct child *c)
{
        int64_t limit = silence_allowed_ns + 8 * run->sweep->window_ns +
                        2 * run->sweep->options->watchdog_ns;
        int64_t deadline = ct_deadline_after(limit);
        bool silent = false;
        int status = 0;

        while (!got_signal && !run->output_error) {
                struct pollfd p = {.fd = c->fd, .events = POLLIN};
                int64_t left = (deadline - ct_now_ns()) / CT_NS_PER_MS;
                struct message m;
                int ready = left > 0 ? poll(&p, 1, (int)(left < 500 ? left : 500)) : 0;

                if (left <= 0) {
                        silent = true;
                        break;
                }
                if (ready <= 0)
                        continue;
                if (read(c->fd, &m, sizeof m) != (ssize_t)sizeof m)
                        break;
                deadline = ct_deadline_after(limit);
                hear(run, b, c, &m);
        }
        end_child(c, silent || got_signal || run->output_error, &status);
        if (got_signal || run->output_error)
                return;
        if (c->began)
                fail_row(run, c->item, c->rep, silent ? ROW_STUCK : ROW_CRASHED, -ECHILD);
        else if (silent || !WIFEXITED(status))
                fail_block(run, b, "its process died before the first window", -ECHILD);
}

static bool block_open(const struct sweep *s, const struct block *b)
{
        for (size_t i = 0; i < b->n_items; i++) {
                const struct item *item = &s->item[b->first_item + i];

                for (unsigned rep = 0; item->selected && !item->given_up && rep < s->reps; rep++)
                        if (!item->done[rep])
                                return true;
        }
        return false;
}

static void run_block(struct run *run, const struct block *b)
{
        while (!got_signal && !run->output_error && block_open(run->sweep, b)) {
                struct child c = {0};
                int rc = start_child(run->sweep, b, &c);

                if (rc)
                        fail_block(run, b, "cannot start a process", rc);
                else
                        listen_to(run, b, &c);
        }
}

static void catch_signals(void)
{
        struct sigaction sa = {.sa_handler = on_signal}; /* no SA_RESTART: poll must return */

        sigaction(SIGINT, &sa, NULL);
        sigaction(SIGTERM, &sa, NULL);
        signal(SIGPIPE, SIG_IGN);
        signal(SIGXFSZ, SIG_IGN); /* a file size limit is an error of write, not a death */
}

int suite_run(struct sweep *s)
{
        struct run run = {.sweep = s, .lock_fd = -1};
        int code = 0;

        catch_signals();
        ct_parker_calibrate(); /* while the machine is quiet; the blocks' processes inherit it */
        if (s->options->run_dir)
                code = open_files(&run);
        if (!code) {
                size_t open = sweep_open(s);

                ct_progress_start(&run.progress, s->family->name, (unsigned)open, sweep_seconds(s),
                                  s->options->quiet);
                for (size_t i = 0; i < s->n_blocks && !got_signal && !run.output_error; i++)
                        run_block(&run, &s->block[i]);
                ct_progress_finish(&run.progress);
#ifndef CT_PLANT_suite_forgives_failures
                for (size_t i = 0; i < s->n_items; i++)
                        code |= s->item[i].given_up; /* also those of the run that was resumed */
#endif
        }
        code = close_files(&run, code);
        if (run.lock_fd >= 0)
                ct_run_dir_close(s->options->run_dir, run.lock_fd);
        if (code != EXIT_OUTPUT && got_signal)
                code = 128 + got_signal;
        return code;
}
