#include "harness/progress.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"

enum { LINE = 512, MIN_WIDTH = 20, DEFAULT_WIDTH = 80 };

static void copy_plain(char *out, size_t size, const char *text)
{
        size_t n = 0;

        for (; text && *text && n + 1 < size; text++)
                out[n++] = *text >= ' ' && *text <= '~' ? *text : '?';
        out[n] = '\0';
}

static int width(void)
{
        const char *columns = getenv("COLUMNS");
        int n = columns ? atoi(columns) : 0;
        struct winsize size;

        if (n <= 0 && !ioctl(STDERR_FILENO, TIOCGWINSZ, &size))
                n = size.ws_col;
        if (n <= 0)
                n = DEFAULT_WIDTH;
        if (n < MIN_WIDTH)
                return MIN_WIDTH;
        return n < LINE ? n : LINE;
}

static bool can_rewrite(void)
{
        const char *term = getenv("TERM");

        return isatty(STDERR_FILENO) && (!term || strcmp(term, "dumb") != 0);
}

int ct_progress_start(struct ct_progress *p, const char *label, unsigned total_steps,
                      double expected_seconds, bool quiet)
{
        if (!label)
                return -EINVAL;
        *p = (struct ct_progress){
                .total = total_steps,
                .expected_s = expected_seconds > 0 ? expected_seconds : 0,
                .started_ns = ct_now_ns(),
                .quiet = quiet,
        };
        p->terminal = !quiet && can_rewrite();
        copy_plain(p->label, sizeof p->label, label);
        return 0;
}

/* Seconds left by the pace so far; by the estimate before there is a pace; < 0 when unknown. */
static double seconds_left(const struct ct_progress *p, double elapsed, unsigned done)
{
        if (done >= p->total)
                return 0;
        if (done)
                return elapsed / done * (p->total - done);
        if (p->expected_s <= 0)
                return -1;
        return p->expected_s > elapsed ? p->expected_s - elapsed : 0;
}

static void format_duration(char *out, size_t size, double seconds)
{
        /* Far more than any run takes; keeps a wild estimate inside the integer. */
        long s = seconds < 1e6 ? (long)(seconds + 0.5) : 1000000;

        if (s < 60)
                snprintf(out, size, "%ld s", s);
        else if (s < 3600)
                snprintf(out, size, "%ld min %02ld s", s / 60, s % 60);
        else
                snprintf(out, size, "%ld h %02ld min", s / 3600, s / 60 % 60);
}

static void print(const struct ct_progress *p, const char *line)
{
        if (p->terminal)
                fprintf(stderr, "\r%.*s\033[K", width() - 1, line);
        else
                fprintf(stderr, "%s\n", line);
        fflush(stderr);
}

void ct_progress_step(struct ct_progress *p, const char *what)
{
        char line[LINE], name[256], left[32] = "", clock[40] = "";
        unsigned done = p->begun < p->total ? p->begun : p->total;
        int64_t now = ct_now_ns();
        double elapsed = (double)(now - p->started_ns) / 1e9, seconds;

        p->begun++;
        if (p->quiet)
                return;
        if (!p->terminal && p->printed_ns &&
            now - p->printed_ns < CT_PROGRESS_PLAIN_S * CT_NS_PER_S)
                return;
        p->printed_ns = now;
        seconds = seconds_left(p, elapsed, done);
        if (seconds >= 0) {
                format_duration(left, sizeof left, seconds);
                snprintf(clock, sizeof clock, ", %s left", left);
        }
        copy_plain(name, sizeof name, what);
        snprintf(line, sizeof line, "%s: %u of %u, %u%%%s: %s", p->label, done, p->total,
                 p->total ? (unsigned)(100.0 * done / p->total) : 100, clock, name);
        print(p, line);
}

void ct_progress_finish(struct ct_progress *p)
{
        char line[LINE], took[32];

        if (p->quiet)
                return;
        format_duration(took, sizeof took, (double)(ct_now_ns() - p->started_ns) / 1e9);
        snprintf(line, sizeof line, "%s: %u of %u in %s", p->label,
                 p->begun < p->total ? p->begun : p->total, p->total, took);
        print(p, line);
        if (p->terminal)
                fputc('\n', stderr);
}
