/* Result files: golden bytes, refusals, resuming. Faults and kills are in test_csv_faults.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>
#include <cmocka.h>
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <sys/wait.h>

#include "harness/crc32.h"
#include "harness/csv.h"
#include "tempdir.h"

#define U(v)                                                                                       \
        {                                                                                          \
                .kind = CT_CELL_U64, .u64 = (v)                                                    \
        }
#define R(v)                                                                                       \
        {                                                                                          \
                .kind = CT_CELL_REAL, .real = (v)                                                  \
        }
#define T(v)                                                                                       \
        {                                                                                          \
                .kind = CT_CELL_TEXT, .text = (v)                                                  \
        }
#define EMPTY                                                                                      \
        {                                                                                          \
                .kind = CT_CELL_EMPTY                                                              \
        }

static const char *const columns[] = {"name", "ops", "ns_per_op"};

static char dir[64], why[256];
static struct ct_csv *csv;

static int setup(void **state)
{
        (void)state;
        tempdir_make(dir);
        csv = NULL;
        return 0;
}

static int teardown(void **state)
{
        (void)state;
        tempdir_remove(dir);
        return 0;
}

static int open_csv(bool resume)
{
        return ct_csv_open(&csv, dir, "counter", columns, 3, NULL, resume, why, sizeof why);
}

static int put(const char *name, uint64_t ops, double ns)
{
        const struct ct_cell cells[] = {T(name), U(ops), R(ns)};

        return ct_csv_row(csv, cells);
}

static void golden_bytes(void **state)
{
        static const char expected[] = "name,ops,ns_per_op\nmutex_go,18446744073709551615,12.5\n"
                                       "a.b:c/d=e;f+g-h,0,\n,,0\n";
        static const struct ct_cell odd[] = {T("a.b:c/d=e;f+g-h"), U(0), EMPTY};
        static const struct ct_cell none[] = {T(""), EMPTY, R(-0.0)};

        (void)state;
        assert_int_equal(open_csv(false), 0);
        assert_true(tempdir_has(dir, "counter.csv.partial"));
        assert_string_equal(
                tempdir_read(dir, "counter.footer.json"),
                "{\"schema_version\":1,\"file\":\"counter.csv\",\"complete\":false,"
                "\"reason\":\"running\",\"rows\":0,\"bytes\":19,\"crc32\":\"dfb6d519\"}\n");
        assert_int_equal(put("mutex_go", UINT64_MAX, 12.5), 0);
        assert_int_equal(ct_csv_row(csv, odd), 0);
        assert_int_equal(ct_csv_row(csv, none), 0);
        assert_int_equal(ct_csv_rows(csv), 3);
        assert_int_equal(ct_csv_finish(csv, true, "finished"), 0);
        assert_string_equal(tempdir_read(dir, "counter.csv"), expected);
        assert_false(tempdir_has(dir, "counter.csv.partial"));
        assert_string_equal(
                tempdir_read(dir, "counter.footer.json"),
                "{\"schema_version\":1,\"file\":\"counter.csv\",\"complete\":true,"
                "\"reason\":\"finished\",\"rows\":3,\"bytes\":77,\"crc32\":\"89bc8ea2\"}\n");
}

static void crc_is_zlibs(void **state)
{
        uint32_t whole = ct_crc32(0, "123456789", 9);

        (void)state;
        assert_int_equal(whole, 0xcbf43926); /* the polynomial's published check value */
        assert_int_equal(ct_crc32(ct_crc32(0, "1234", 4), "56789", 5), whole);
        assert_int_equal(ct_crc32(0, "", 0), 0);
}

/* value -> text; what the header of csv.h promises */
static const struct {
        double value;
        const char *text;
} reals[] = {
        {0, "0"},
        {1, "1"},
        {-1.5, "-1.5"},
        {0.1, "0.1"},
        {1.0 / 3, "0.333333333"},
        {2.0 / 3, "0.666666667"},
        {123456789.123, "123456789"},
        {12345678.99, "12345679"},
        {9999999.99, "9999999.99"},
        {9.9999999999, "10"},
        {99999999.95, "100000000"},
        {1e14, "100000000000000"},
        {123456789012345.0, "123456789012345"},
        {1e15, "1e+15"},
        {1e-6, "0.000001"},
        {1.23456789e-6, "0.00000123456789"},
        {9.99e-7, "9.99e-07"},
        {1e308, "1e+308"},
        {5e-324, "4.94065646e-324"},
        {0.5, "0.5"},
        {100, "100"},
        {37.25, "37.25"},
};

static void reals_are_plain_decimals(void **state)
{
        (void)state;
        for (size_t i = 0; i < sizeof reals / sizeof *reals; i++) {
                char expected[128];

                assert_int_equal(open_csv(false), 0);
                assert_int_equal(put("x", 1, reals[i].value), 0);
                assert_int_equal(ct_csv_finish(csv, true, "finished"), 0);
                snprintf(expected, sizeof expected, "name,ops,ns_per_op\nx,1,%s\n", reals[i].text);
                assert_string_equal(tempdir_read(dir, "counter.csv"), expected);
                /* and back within half a unit of the ninth digit */
                assert_true(fabs(strtod(reals[i].text, NULL) - reals[i].value) <=
                            fabs(reals[i].value) * 5.1e-9);
                teardown(NULL);
                setup(NULL);
        }
}

static void hostile_cells_are_refused(void **state)
{
        static const char *const texts[] = {
                "=cmd()", "+1",   "-1",       "@x",    "a,b", "a\"b", "a\nb", "a\rb",
                "a\tb",   "a b",  "a\x1b[2J", "a\x7f", "é",   "\xff", "a|b",  "$(x)",
                "`x`",    "<b>",  "a&b",      "a'b",   "a%b", "a@b",  "a\\b", "a#b",
                "{",      "a(b)", "~x",       "a?",    "*",   "a!b",  "\"",   ",",
        };
        static const double numbers[] = {(double)NAN, (double)INFINITY, -(double)INFINITY};
        static const struct ct_cell null_text[] = {T(NULL), U(1), R(1)};
        static const struct ct_cell no_kind[] = {{.kind = (enum ct_cell_kind)99}, U(1), R(1)};

        (void)state;
        assert_int_equal(open_csv(false), 0);
        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
                if (put(texts[i], 1, 1) != -EINVAL)
                        fail_msg("accepted text %zu: %s", i, texts[i]);
        for (size_t i = 0; i < 3; i++)
                assert_int_equal(put("x", 1, numbers[i]), -EINVAL);
        assert_int_equal(ct_csv_row(csv, null_text), -EINVAL);
        assert_int_equal(ct_csv_row(csv, no_kind), -EINVAL);
        assert_int_equal(ct_csv_rows(csv), 0);
        assert_int_equal(put("fine", 1, -1),
                         0); /* refusals are not final; numbers may be negative */
        assert_int_equal(ct_csv_finish(csv, true, "finished"), 0);
        assert_string_equal(tempdir_read(dir, "counter.csv"), "name,ops,ns_per_op\nfine,1,-1\n");
}

static void long_rows_are_refused(void **state)
{
        static char text[CT_CSV_MAX_LINE + 2];

        (void)state;
        assert_int_equal(open_csv(false), 0);
        memset(text, 'a', CT_CSV_MAX_LINE - 5); /* and ",1,1\n" */
        assert_int_equal(put(text, 1, 1), 0);
        text[CT_CSV_MAX_LINE - 5] = 'a';
        assert_int_equal(put(text, 1, 1), -E2BIG);
        memset(text, 'a', CT_CSV_MAX_LINE + 1);
        assert_int_equal(put(text, 1, 1), -E2BIG);
        assert_int_equal(ct_csv_rows(csv), 1);
        assert_int_equal(ct_csv_finish(csv, true, "finished"), 0);
        assert_int_equal(strlen(tempdir_read(dir, "counter.csv")), 19 + CT_CSV_MAX_LINE);
}

/* Makes one below the test's own folder where the system has the sources, else none. */
static const char *make_comma_locale(void)
{
        char path[128];
        pid_t pid;

        snprintf(path, sizeof path, "%s/de_DE.UTF-8", dir);
        pid = fork();
        if (pid == 0) {
                execlp("localedef", "localedef", "-i", "de_DE", "-f", "UTF-8", path, (char *)NULL);
                _exit(127);
        }
        if (pid < 0 || waitpid(pid, NULL, 0) != pid)
                return NULL;
        setenv("LOCPATH", dir, 1);
        return setlocale(LC_ALL, "de_DE.UTF-8");
}

/* With a decimal comma set by the program, numbers keep their point. */
static void locale_with_decimal_comma(void **state)
{
        static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "de_DE", "fr_FR.UTF-8",
                                            "nl_NL.UTF-8"};
        const char *set = NULL;

        (void)state;
        for (size_t i = 0; !set && i < sizeof names / sizeof *names; i++)
                set = setlocale(LC_ALL, names[i]);
        if (!set)
                set = make_comma_locale();
        if (!set) {
                print_message("SKIPPED: no locale with a decimal comma is installed\n");
                skip();
        }
        assert_string_equal(localeconv()->decimal_point, ",");
        assert_int_equal(open_csv(false), 0);
        assert_int_equal(put("x", 1234567, 0.25), 0);
        assert_string_equal(localeconv()->decimal_point, ","); /* the caller's is back */
        assert_int_equal(ct_csv_finish(csv, true, "finished"), 0);
        setlocale(LC_ALL, "C");
        assert_string_equal(tempdir_read(dir, "counter.csv"),
                            "name,ops,ns_per_op\nx,1234567,0.25\n");
}

static void bad_names_are_refused(void **state)
{
        static const char *const families[] = {"", "../x", "a/b", "a b", "a.b", "-a"};
        static const char *const bad[] = {"name", "a,b"};

        (void)state;
        for (size_t i = 0; i < sizeof families / sizeof *families; i++)
                assert_int_equal(ct_csv_open(&csv, dir, families[i], columns, 3, NULL, false, why,
                                             sizeof why),
                                 -EINVAL);
        assert_int_equal(ct_csv_open(&csv, dir, "counter", bad, 2, NULL, false, NULL, 0), -EINVAL);
        assert_int_equal(
                ct_csv_open(&csv, dir, "counter", columns, 0, NULL, false, why, sizeof why),
                -EINVAL);
        assert_int_equal(ct_csv_open(&csv, "/nonexistent/x", "counter", columns, 3, NULL, false,
                                     why, sizeof why),
                         -ENOENT);
        assert_non_null(strstr(why, "/nonexistent/x"));
        assert_null(csv);
        assert_false(tempdir_has(dir, "counter.footer.json"));
}

static void nothing_is_overwritten(void **state)
{
        (void)state;
        assert_int_equal(open_csv(false), 0);
        assert_int_equal(put("old", 1, 1), 0);
        assert_int_equal(ct_csv_finish(csv, false, "signal 2"), 0);
        assert_false(tempdir_has(dir, "counter.csv"));
        assert_non_null(strstr(tempdir_read(dir, "counter.footer.json"),
                               "\"complete\":false,\"reason\":\"signal 2\",\"rows\":1"));
        assert_int_equal(open_csv(false), -EEXIST);
        assert_non_null(strstr(why, "counter.csv.partial"));
        assert_int_equal(open_csv(true), 0);
        assert_int_equal(ct_csv_finish(csv, true, "finished"), 0);
        assert_int_equal(open_csv(false), -EEXIST);
        assert_non_null(strstr(why, "counter.csv"));
        assert_non_null(strstr(tempdir_read(dir, "counter.csv"), "old,1,1\n"));
        assert_non_null(strstr(tempdir_read(dir, "counter.footer.json"), "\"complete\":true"));
}

static void reasons_cannot_break_the_footer(void **state)
{
        cJSON *footer;

        (void)state;
        assert_int_equal(open_csv(false), 0);
        assert_int_equal(ct_csv_finish(csv, false, "a\"},{\"b\\\n\x1b"), 0);
        footer = cJSON_Parse(tempdir_read(dir, "counter.footer.json"));
        assert_non_null(footer);
        assert_string_equal(cJSON_GetObjectItem(footer, "reason")->valuestring, "a_____b___");
        cJSON_Delete(footer);
}

struct seen {
        size_t rows;
        char text[1024];
};

static int collect(void *ctx, const char *const *fields, size_t n)
{
        struct seen *seen = ctx;

        seen->rows++;
        for (size_t i = 0; i < n; i++) {
                size_t used = strlen(seen->text);

                snprintf(seen->text + used, sizeof seen->text - used, "%s%s", fields[i],
                         i + 1 < n ? "|" : "\n");
        }
        return 0;
}

static int stop_at_first(void *ctx, const char *const *fields, size_t n)
{
        (void)fields;
        (void)n;
        ++*(int *)ctx;
        return 42;
}

static void resume_cuts_a_torn_line(void **state)
{
        struct seen seen = {0};
        int calls = 0;

        (void)state;
        tempdir_write(dir, "counter.csv.partial",
                      "name,ops,ns_per_op\na,1,0.5\nb,,\nc,3,-1.5e-07\nd,4");
        assert_int_equal(open_csv(true), 0);
        assert_int_equal(ct_csv_rows(csv), 3);
        assert_int_equal(ct_csv_each(csv, collect, &seen), 0);
        assert_int_equal(seen.rows, 3);
        assert_string_equal(seen.text, "a|1|0.5\nb||\nc|3|-1.5e-07\n");
        assert_int_equal(ct_csv_each(csv, stop_at_first, &calls), 42);
        assert_int_equal(calls, 1);
        assert_int_equal(put("d", 44, 4), 0);
        assert_int_equal(ct_csv_rows(csv), 4);
        seen = (struct seen){0};
        assert_int_equal(ct_csv_each(csv, collect, &seen), 0);
        assert_int_equal(seen.rows, 3); /* only what was there */
        assert_int_equal(ct_csv_finish(csv, true, "finished"), 0);
        assert_string_equal(tempdir_read(dir, "counter.csv"),
                            "name,ops,ns_per_op\na,1,0.5\nb,,\nc,3,-1.5e-07\nd,44,4\n");
        assert_string_equal(
                tempdir_read(dir, "counter.footer.json"),
                "{\"schema_version\":1,\"file\":\"counter.csv\",\"complete\":true,"
                "\"reason\":\"finished\",\"rows\":4,\"bytes\":51,\"crc32\":\"c4fe3058\"}\n");
}

static void resume_of_nothing_or_a_torn_header_starts_afresh(void **state)
{
        static const char *const starts[] = {NULL, "", "na", "name,ops,ns_per_op"};

        (void)state;
        for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
                if (starts[i])
                        tempdir_write(dir, "counter.csv.partial", starts[i]);
                assert_int_equal(open_csv(true), 0);
                assert_int_equal(ct_csv_rows(csv), 0);
                assert_int_equal(put("a", 1, 1), 0);
                assert_int_equal(ct_csv_finish(csv, true, "finished"), 0);
                assert_string_equal(tempdir_read(dir, "counter.csv"),
                                    "name,ops,ns_per_op\na,1,1\n");
                teardown(NULL);
                setup(NULL);
        }
}

static void resume_refuses_damaged_files(void **state)
{
        static const struct {
                const char *text, *why;
        } files[] = {
                {"name,ops\n",
                 "counter.csv.partial:1: another header, expected column \"ns_per_op\""},
                {"name,ops,p50\na,1,1\n", "counter.csv.partial:1: another header, expected column "
                                          "\"ns_per_op\""},
                {"name,oops,ns_per_op\n", "counter.csv.partial:1: another header, expected column "
                                          "\"ops\""},
                {"name,ops,ns_per_op,more\n", "counter.csv.partial:1: another header"},
                {"hello", "counter.csv.partial:1: another header, expected column \"name\""},
                {"name,ops,ns_per_op\na,1,1\nb,2\n",
                 "counter.csv.partial:3: 2 columns, expected 3"},
                {"name,ops,ns_per_op\na,1,1,1\n", "counter.csv.partial:2: 4 columns, expected 3"},
                {"name,ops,ns_per_op\n\n", "counter.csv.partial:2: 1 columns, expected 3"},
                {"name,ops,ns_per_op\n\"a\",1,1\n", "counter.csv.partial:2: column 1 has"},
                {"name,ops,ns_per_op\na,1,=1+1\n", "counter.csv.partial:2: column 3 has"},
                {"name,ops,ns_per_op\na,-x,1\n", "counter.csv.partial:2: column 2 has"},
                {"name,ops,ns_per_op\r\na,1,1\r\n", "counter.csv.partial:1: another header"},
        };

        (void)state;
        for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
                tempdir_write(dir, "counter.csv.partial", files[i].text);
                if (open_csv(true) != -EINVAL ||
                    strncmp(why, files[i].why, strlen(files[i].why)) != 0)
                        fail_msg("file %zu: why = %s", i, why);
                /* and the file is as it was, with no footer made up for it */
                assert_string_equal(tempdir_read(dir, "counter.csv.partial"), files[i].text);
                assert_false(tempdir_has(dir, "counter.footer.json"));
        }
}

static void resume_refuses_nul_long_lines_and_odd_files(void **state)
{
        static char text[CT_CSV_MAX_LINE + 64] = "name,ops,ns_per_op\n";
        char path[128];
        int fd;

        (void)state;
        snprintf(path, sizeof path, "%s/counter.csv.partial", dir);
        fd = open(path, O_WRONLY | O_CREAT, 0666);
        assert_int_equal(write(fd, "name,ops,ns_per_op\na\0b,1,1\n", 27), 27);
        close(fd);
        assert_int_equal(open_csv(true), -EINVAL);
        assert_string_equal(why, "counter.csv.partial:2: NUL byte, expected a row of text");
        memset(text + 19, 'a', CT_CSV_MAX_LINE + 10);
        memcpy(text + CT_CSV_MAX_LINE + 29, ",1,1\n", 6);
        tempdir_write(dir, "counter.csv.partial", text);
        assert_int_equal(open_csv(true), -EINVAL);
        assert_string_equal(why, "counter.csv.partial:2: line too long, expected a row of text");
        assert_int_equal(truncate(path, CT_CSV_MAX_FILE + 1), 0);
        assert_int_equal(open_csv(true), -EFBIG);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(mkfifo(path, 0666), 0);
        assert_int_equal(open_csv(true), -EINVAL);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(symlink("/etc/passwd", path), 0);
        assert_int_equal(open_csv(true), -ELOOP);
}

static void resume_of_a_finished_file(void **state)
{
        char path[128];

        (void)state;
        assert_int_equal(open_csv(false), 0);
        assert_int_equal(put("a", 1, 1), 0);
        assert_int_equal(ct_csv_finish(csv, true, "finished"), 0);
        assert_int_equal(open_csv(true), 0);
        assert_int_equal(ct_csv_rows(csv), 1);
        assert_false(tempdir_has(dir, "counter.csv")); /* a .csv always has a complete footer */
        assert_non_null(strstr(tempdir_read(dir, "counter.footer.json"), "\"complete\":false"));
        assert_int_equal(put("b", 2, 2), 0);
        assert_int_equal(ct_csv_finish(csv, true, "finished"), 0);
        assert_string_equal(tempdir_read(dir, "counter.csv"), "name,ops,ns_per_op\na,1,1\nb,2,2\n");
        /* edited behind its footer's back: not given a new, fitting footer */
        tempdir_write(dir, "counter.csv", "name,ops,ns_per_op\na,1,1\nb,2,3\n");
        assert_int_equal(open_csv(true), -EINVAL);
        assert_non_null(strstr(why, "does not describe counter.csv"));
        assert_true(tempdir_has(dir, "counter.csv"));
        tempdir_write(dir, "counter.footer.json", "[}");
        assert_int_equal(open_csv(true), -EINVAL);
        snprintf(path, sizeof path, "%s/counter.footer.json", dir);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(open_csv(true), -ENOENT);
}

static void resume_refuses_rows_of_another_version(void **state)
{
        static const char *const first[] = {"schema_version", "ops", "ns_per_op"};
        static const char text[] = "schema_version,ops,ns_per_op\n1,5,1\n1,6,1\n";

        (void)state;
        tempdir_write(dir, "counter.csv.partial", text);
        assert_int_equal(ct_csv_open(&csv, dir, "counter", first, 3, "2", true, why, sizeof why),
                         -EINVAL);
        assert_string_equal(why, "counter.csv.partial:2: begun with schema version 1, expected 2");
        assert_string_equal(tempdir_read(dir, "counter.csv.partial"), text);
        assert_int_equal(ct_csv_open(&csv, dir, "counter", first, 3, "1", true, why, sizeof why),
                         0);
        assert_int_equal(ct_csv_rows(csv), 2);
        assert_int_equal(ct_csv_finish(csv, true, "finished"), 0);
        /* a finished one keeps its name */
        assert_int_equal(ct_csv_open(&csv, dir, "counter", first, 3, "2", true, why, sizeof why),
                         -EINVAL);
        assert_string_equal(tempdir_read(dir, "counter.csv"), text);
        assert_non_null(strstr(tempdir_read(dir, "counter.footer.json"), "\"complete\":true"));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        const struct CMUnitTest tests[] = {
                TEST(golden_bytes),
                TEST(crc_is_zlibs),
                TEST(reals_are_plain_decimals),
                TEST(hostile_cells_are_refused),
                TEST(long_rows_are_refused),
                TEST(locale_with_decimal_comma),
                TEST(bad_names_are_refused),
                TEST(nothing_is_overwritten),
                TEST(reasons_cannot_break_the_footer),
                TEST(resume_cuts_a_torn_line),
                TEST(resume_of_nothing_or_a_torn_header_starts_afresh),
                TEST(resume_refuses_damaged_files),
                TEST(resume_refuses_nul_long_lines_and_odd_files),
                TEST(resume_of_a_finished_file),
                TEST(resume_refuses_rows_of_another_version),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
