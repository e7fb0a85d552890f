/* Progress lines: quiet, plain (a file) and rewritten (a pseudo-terminal). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <pty.h>

#include "base/clock.h"
#include "harness/progress.h"
#include "tempdir.h"

static char text[65536];

/* Runs a scene with stderr going to fd, and puts stderr back. */
static void with_stderr(int fd, void (*scene)(void))
{
        int saved = dup(STDERR_FILENO);

        fflush(stderr);
        dup2(fd, STDERR_FILENO);
        scene();
        fflush(stderr);
        dup2(saved, STDERR_FILENO);
        close(saved);
}

static void run_plain(void (*scene)(void))
{
        FILE *f = tmpfile();
        size_t n;

        with_stderr(fileno(f), scene);
        rewind(f);
        n = fread(text, 1, sizeof text - 1, f);
        text[n] = '\0';
        fclose(f);
}

static void run_terminal(void (*scene)(void), unsigned short width)
{
        struct winsize size = {.ws_row = 25, .ws_col = width};
        int master, slave;
        size_t used = 0;
        ssize_t n;

        assert_int_equal(openpty(&master, &slave, NULL, NULL, &size), 0);
        with_stderr(slave, scene);
        close(slave); /* the last one: when all is read, reading fails instead of waiting */
        while ((n = read(master, text + used, sizeof text - 1 - used)) > 0)
                used += (size_t)n;
        text[used] = '\0';
        close(master);
}

static void three_steps(void)
{
        struct ct_progress p;

        ct_progress_start(&p, "counter", 3, 90, false);
        ct_progress_step(&p, "mutex T=1");
        ct_progress_step(&p, "mutex T=2");
        ct_progress_step(&p, "mutex T=4");
        ct_progress_finish(&p);
}

static void three_quiet_steps(void)
{
        struct ct_progress p;

        ct_progress_start(&p, "counter", 3, 90, true);
        ct_progress_step(&p, "mutex T=1");
        ct_progress_finish(&p);
}

static void hostile_step(void)
{
        struct ct_progress p;

        ct_progress_start(&p, "l\x1b[2J\nabel", 1, 0, false);
        ct_progress_step(&p, "a\x1b]0;x\x07\r\n\xc3\xa9");
        ct_progress_finish(&p);
}

/* Time moved by hand: the pace and the 5 s of plain lines. */
static void slow_steps(void)
{
        struct ct_progress p;

        ct_progress_start(&p, "slow", 4, 7200, false);
        ct_progress_step(&p, "one");
        p.started_ns -= 100 * CT_NS_PER_S;
        ct_progress_step(&p, "not shown");
        p.printed_ns -= CT_PROGRESS_PLAIN_S * CT_NS_PER_S;
        ct_progress_step(&p, "three");
        ct_progress_finish(&p);
}

static void odd_totals(void)
{
        struct ct_progress p;

        ct_progress_start(&p, "none", 0, 0, false);
        ct_progress_step(&p, "x");
        p.printed_ns = 0;
        ct_progress_step(&p, "y");
        p.printed_ns = 0;
        ct_progress_step(&p, NULL);
        ct_progress_finish(&p);
}

static void quiet_is_silent(void **state)
{
        (void)state;
        run_plain(three_quiet_steps);
        assert_string_equal(text, "");
        run_terminal(three_quiet_steps, 80);
        assert_string_equal(text, "");
}

static void plain_lines(void **state)
{
        (void)state;
        run_plain(three_steps);
        assert_string_equal(text, "counter: 0 of 3, 0%, 1 min 30 s left: mutex T=1\n"
                                  "counter: 3 of 3 in 0 s\n");
        run_plain(slow_steps);
        assert_string_equal(text, "slow: 0 of 4, 0%, 2 h 00 min left: one\n"
                                  "slow: 2 of 4, 50%, 1 min 40 s left: three\n"
                                  "slow: 3 of 4 in 1 min 40 s\n");
}

static void terminal_line_is_rewritten(void **state)
{
        (void)state;
        run_terminal(three_steps, 80);
        assert_string_equal(text, "\rcounter: 0 of 3, 0%, 1 min 30 s left: mutex T=1\033[K"
                                  "\rcounter: 1 of 3, 33%, 0 s left: mutex T=2\033[K"
                                  "\rcounter: 2 of 3, 66%, 0 s left: mutex T=4\033[K"
                                  "\rcounter: 3 of 3 in 0 s\033[K\r\n");
}

static void lines_fit_the_width(void **state)
{
        (void)state;
        run_terminal(three_steps, 30);
        assert_non_null(strstr(text, "\rcounter: 0 of 3, 0%, 1 min 30\033[K"));
        setenv("COLUMNS", "25", 1);
        run_terminal(three_steps, 80);
        assert_non_null(strstr(text, "\rcounter: 0 of 3, 0%, 1 m\033[K"));
        setenv("COLUMNS", "-3", 1);
        run_terminal(three_steps, 80);
        assert_non_null(strstr(text, "mutex T=1\033[K"));
        setenv("COLUMNS", "2", 1); /* nothing readable fits: a least width holds */
        run_terminal(three_steps, 80);
        assert_non_null(strstr(text, "\rcounter: 0 of 3, 0%\033[K"));
        setenv("COLUMNS", "99999999999999999999", 1);
        run_terminal(three_steps, 80);
        assert_non_null(strstr(text, "counter: 3 of 3"));
        unsetenv("COLUMNS");
}

static void dumb_terminals_get_plain_lines(void **state)
{
        (void)state;
        setenv("TERM", "dumb", 1);
        run_terminal(three_steps, 80);
        unsetenv("TERM");
        assert_null(strchr(text, '\033'));
        assert_non_null(strstr(text, "mutex T=1\r\n"));
}

static void foreign_bytes_do_not_reach_the_terminal(void **state)
{
        (void)state;
        run_plain(hostile_step);
        assert_string_equal(text,
                            "l?[2J?abel: 0 of 1, 0%: a?]0;x?????\nl?[2J?abel: 1 of 1 in 0 s\n");
}

static void odd_calls(void **state)
{
        struct ct_progress p;

        (void)state;
        assert_int_equal(ct_progress_start(&p, NULL, 1, 1, true), -EINVAL);
        run_plain(odd_totals);
        assert_string_equal(text,
                            "none: 0 of 0, 100%, 0 s left: x\nnone: 0 of 0, 100%, 0 s left: y\n"
                            "none: 0 of 0, 100%, 0 s left: \nnone: 0 of 0 in 0 s\n");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(quiet_is_silent),
                cmocka_unit_test(plain_lines),
                cmocka_unit_test(terminal_line_is_rewritten),
                cmocka_unit_test(lines_fit_the_width),
                cmocka_unit_test(dumb_terminals_get_plain_lines),
                cmocka_unit_test(foreign_bytes_do_not_reach_the_terminal),
                cmocka_unit_test(odd_calls),
        };

        unsetenv("COLUMNS");
        unsetenv("TERM");
        return cmocka_run_group_tests(tests, NULL, NULL);
}
