/* Result files when things go wrong: full and read-only disks, locks, SIGKILL at any moment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>
#include <cmocka.h>
#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "child.h"
#include "harness/crc32.h"
#include "harness/csv.h"
#include "tempdir.h"

static const char *const columns[] = {"row", "text", "half"};
static char dir[64], why[256];

static int setup(void **state)
{
        (void)state;
        tempdir_make(dir);
        return 0;
}

static int teardown(void **state)
{
        (void)state;
        tempdir_remove(dir);
        return 0;
}

static int open_csv(struct ct_csv **csv, bool resume)
{
        return ct_csv_open(csv, dir, "counter", columns, 3, NULL, resume, why, sizeof why);
}

/* Row i says so three times: a torn or glued line cannot look like one. */
static void row_text(uint64_t i, char out[64])
{
        snprintf(out, 64, "row-%" PRIu64 "-of-the-test-that-is-long-enough-to-be-torn-%" PRIu64, i,
                 i % 97);
}

static int put(struct ct_csv *csv, uint64_t i)
{
        char text[64];
        struct ct_cell cells[] = {{.kind = CT_CELL_U64, .u64 = i},
                                  {.kind = CT_CELL_TEXT, .text = text},
                                  {.kind = CT_CELL_REAL, .real = (double)i / 2}};

        row_text(i, text);
        return ct_csv_row(csv, cells);
}

static int expect_next(void *ctx, const char *const *fields, size_t n)
{
        uint64_t *next = ctx;
        char number[32], text[64], half[32];

        snprintf(number, sizeof number, "%" PRIu64, *next);
        snprintf(half, sizeof half, "%" PRIu64 "%s", *next / 2, *next % 2 ? ".5" : "");
        row_text(*next, text);
        ++*next;
        return n != 3 || strcmp(fields[0], number) != 0 || strcmp(fields[1], text) != 0 ||
               strcmp(fields[2], half) != 0;
}

/* What a reader may rely on: 0, or the number of the broken promise. */
static int check_promises(void)
{
        bool finished = tempdir_has(dir, "counter.csv");
        char *csv, crc[16];
        cJSON *footer;
        int rc = 0;

        if (!finished)
                return 0;
        if (!tempdir_has(dir, "counter.footer.json"))
                return 1;
        csv = strdup(tempdir_read(dir, "counter.csv"));
        footer = cJSON_Parse(tempdir_read(dir, "counter.footer.json"));
        snprintf(crc, sizeof crc, "%08" PRIx32, ct_crc32(0, csv, strlen(csv)));
        if (!footer || !cJSON_IsTrue(cJSON_GetObjectItem(footer, "complete")))
                rc = 2;
        else if (strcmp(cJSON_GetObjectItem(footer, "crc32")->valuestring, crc) != 0 ||
                 cJSON_GetObjectItem(footer, "bytes")->valuedouble != (double)strlen(csv))
                rc = 3;
        else if (tempdir_has(dir, "counter.csv.partial"))
                rc = 4;
        cJSON_Delete(footer);
        free(csv);
        return rc;
}

/* Fills the disk, then sees that everything says so and no torn row stays. */
static int fill_up(int expected)
{
        struct ct_csv *csv;
        const char *text;
        uint64_t i = 0, next = 0;
        int rc = 0;

        CHILD_CHECK(open_csv(&csv, false) == 0);
        while (i < 100000 && !(rc = put(csv, i)))
                i++;
        CHILD_CHECK(rc == expected);
        CHILD_CHECK(put(csv, i) == expected); /* final */
        CHILD_CHECK(ct_csv_rows(csv) == i);
        CHILD_CHECK(ct_csv_finish(csv, true, "finished") == expected);
        CHILD_CHECK(!tempdir_has(dir, "counter.csv"));
        text = tempdir_read(dir, "counter.csv.partial");
        CHILD_CHECK(text && text[strlen(text) - 1] == '\n');
        text = tempdir_read(dir, "counter.footer.json");
        CHILD_CHECK(text && strstr(text, "\"complete\":false"));
        CHILD_CHECK(open_csv(&csv, true) == 0 || expected == -ENOSPC);
        if (expected != -ENOSPC) {
                CHILD_CHECK(ct_csv_each(csv, expect_next, &next) == 0 && next == i);
                CHILD_CHECK(ct_csv_finish(csv, false, "test") == 0);
        }
        return 0;
}

static int over_the_size_limit(void *unused)
{
        struct rlimit limit = {8000, 8000};
        const char *footer;

        (void)unused;
        signal(SIGXFSZ, SIG_IGN);
        CHILD_CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
        CHILD_CHECK(fill_up(-EFBIG) == 0);
        footer = tempdir_read(dir, "counter.footer.json");
        CHILD_CHECK(strstr(footer, "\"complete\":false"));
        return 0;
}

static void failed_write_is_reported_and_final(void **state)
{
        (void)state;
        assert_int_equal(child_run(over_the_size_limit, NULL), 0);
}

static int on_a_tiny_disk(void *unused)
{
        struct ct_csv *csv;
        char filler[128];
        int lock, fd, rc;

        (void)unused;
        if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
            mount("tmpfs", dir, "tmpfs", 0, "size=32k"))
                return CHILD_SKIP;
        CHILD_CHECK(ct_run_dir_open(dir, &lock) == 0);
        rc = fill_up(-ENOSPC);
        ct_run_dir_close(dir, lock);
        CHILD_CHECK(rc == 0);
        /* now full: the next run learns that before its first window */
        snprintf(filler, sizeof filler, "%s/filler", dir);
        fd = open(filler, O_WRONLY | O_CREAT, 0666);
        while (write(fd, filler, sizeof filler) > 0)
                ;
        close(fd);
        CHILD_CHECK(ct_run_dir_open(dir, &lock) == -ENOSPC && lock == -1);
        CHILD_CHECK(ct_csv_open(&csv, dir, "machine", columns, 3, NULL, false, why, sizeof why) ==
                    -ENOSPC);
        CHILD_CHECK(strstr(why, "No space left") && csv == NULL);
        CHILD_CHECK(mount(NULL, dir, NULL, MS_REMOUNT | MS_RDONLY, NULL) == 0);
        CHILD_CHECK(ct_run_dir_open(dir, &lock) == -EROFS);
        return 0;
}

static void full_and_read_only_disks(void **state)
{
        int rc = child_run(on_a_tiny_disk, NULL);

        (void)state;
        if (rc == CHILD_SKIP) {
                print_message("SKIPPED: no right to mount a tmpfs\n");
                skip();
        }
        assert_int_equal(rc, 0);
}

static int without_rights(void *unused)
{
        struct ct_csv *csv;
        char inner[128];
        int lock;

        (void)unused;
        CHILD_CHECK(chmod(dir, 0555) == 0);
        if (geteuid() == 0)
                CHILD_CHECK(setgid(65534) == 0 && setuid(65534) == 0);
        CHILD_CHECK(ct_run_dir_open(dir, &lock) == -EACCES && lock == -1);
        snprintf(inner, sizeof inner, "%s/a/b", dir);
        CHILD_CHECK(ct_run_dir_open(inner, &lock) == -EACCES);
        CHILD_CHECK(open_csv(&csv, false) == -EACCES);
        CHILD_CHECK(strstr(why, "counter.csv.partial: cannot be opened"));
        return 0;
}

static void folder_that_may_not_be_written(void **state)
{
        (void)state;
        assert_int_equal(child_run(without_rights, NULL), 0);
        assert_int_equal(chmod(dir, 0755), 0);
}

static void run_dir_is_made_with_its_parents(void **state)
{
        char path[160];
        int lock;

        (void)state;
        snprintf(path, sizeof path, "%s/a//b/c/", dir);
        assert_int_equal(ct_run_dir_open(path, &lock), 0);
        assert_true(lock >= 0 && tempdir_has(dir, "a/b/c/.lock"));
        assert_false(tempdir_has(dir, "a/b/c/.probe.tmp"));
        ct_run_dir_close(path, lock);
        assert_false(tempdir_has(dir, "a/b/c/.lock"));
        tempdir_write(dir, "file", "x");
        snprintf(path, sizeof path, "%s/file", dir);
        assert_int_equal(ct_run_dir_open(path, &lock), -ENOTDIR);
        snprintf(path, sizeof path, "%s/file/sub", dir);
        assert_int_equal(ct_run_dir_open(path, &lock), -ENOTDIR);
        assert_int_equal(ct_run_dir_open("", &lock), -EINVAL);
        assert_int_equal(lock, -1);
        ct_run_dir_close(dir, -1); /* harmless */
}

static int pipe_to_parent[2], pipe_to_child[2];

static void holder(void)
{
        char c = 'n';
        int lock;

        if (!ct_run_dir_open(dir, &lock))
                c = 'y';
        if (write(pipe_to_parent[1], &c, 1) != 1 || read(pipe_to_child[0], &c, 1) < 0)
                _exit(1);
        _exit(0); /* as a killed run would: the lock goes, its file stays */
}

static void second_run_in_the_folder(void **state)
{
        int lock = 5, again, status;
        char c = 0;
        pid_t pid;

        (void)state;
        assert_int_equal(pipe(pipe_to_parent), 0);
        assert_int_equal(pipe(pipe_to_child), 0);
        pid = fork();
        if (pid == 0)
                holder();
        assert_int_equal(read(pipe_to_parent[0], &c, 1), 1);
        assert_int_equal(c, 'y');
        assert_int_equal(ct_run_dir_open(dir, &lock), -EWOULDBLOCK);
        assert_int_equal(lock, -1);
        assert_int_equal(write(pipe_to_child[1], &c, 1), 1);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        assert_true(tempdir_has(dir, ".lock"));
        assert_int_equal(ct_run_dir_open(dir, &lock), 0);
        assert_int_equal(ct_run_dir_open(dir, &again), -EWOULDBLOCK);
        ct_run_dir_close(dir, lock);
        assert_int_equal(ct_run_dir_open(dir, &lock), 0);
        ct_run_dir_close(dir, lock);
}

static int another_writer(void *unused)
{
        struct ct_csv *csv;
        char path[128];
        int fd;

        (void)unused;
        CHILD_CHECK(open_csv(&csv, false) == 0 && put(csv, 0) == 0);
        snprintf(path, sizeof path, "%s/counter.csv.partial", dir);
        fd = open(path, O_WRONLY | O_APPEND);
        CHILD_CHECK(write(fd, "junk", 4) == 4);
        close(fd);
        CHILD_CHECK(ct_csv_finish(csv, true, "finished") == -EIO);
        CHILD_CHECK(!tempdir_has(dir, "counter.csv"));
        CHILD_CHECK(strstr(tempdir_read(dir, "counter.footer.json"), "\"reason\":\"output\""));
        return 0;
}

static void foreign_bytes_are_noticed(void **state)
{
        (void)state;
        assert_int_equal(child_run(another_writer, NULL), 0);
}

enum { KILLS = 50, ROWS = 400, MAX_TRIES = 5000 };

/* Rows that ct_csv_row() said were written, shared with the parent. */
static volatile uint64_t *acknowledged;

static void write_until_killed(void)
{
        struct ct_csv *csv;

        if (open_csv(&csv, true))
                _exit(1);
        for (uint64_t i = ct_csv_rows(csv); i < ROWS; i++) {
                if (put(csv, i))
                        _exit(2);
                *acknowledged = i + 1;
                if (i % 8 == 0)
                        usleep(1); /* lets the killer in on one CPU, too */
        }
        if (ct_csv_finish(csv, true, "finished"))
                _exit(3);
        _exit(0);
}

/* After a kill: what is readable is a prefix, and no acknowledged row is missing. Leaves a
 * .partial. */
static uint64_t check_resumable(void)
{
        struct ct_csv *csv;
        uint64_t next = 0;

        if (open_csv(&csv, true))
                fail_msg("not resumable: %s", why);
        assert_int_equal(ct_csv_each(csv, expect_next, &next), 0);
        assert_int_equal(next, ct_csv_rows(csv));
        assert_true(next >= *acknowledged && next <= ROWS);
        assert_int_equal(ct_csv_finish(csv, false, "test"), 0);
        return next;
}

static void start_over(void)
{
        teardown(NULL);
        setup(NULL);
        *acknowledged = 0;
}

/* Every other time a number of rows, so that many kills meet a write; else just some time, so that
   opening, syncing and renaming are met as well. */
static void await_moment(uint64_t random)
{
        uint64_t rows = *acknowledged + random % (ROWS - *acknowledged + 1);

        if (random & 0x10000) {
                usleep((useconds_t)(random % 12000));
                return;
        }
        for (int i = 0; *acknowledged < rows && i < 100000; i++)
                usleep(10);
}

static void sigkill_at_any_moment(void **state)
{
        unsigned kills = 0, finished = 0, inside = 0;
        int status;
        uint64_t seed = 12345;

        (void)state;
        acknowledged = mmap(NULL, sizeof *acknowledged, PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        assert_true(acknowledged != MAP_FAILED);
        for (int try = 0; kills < KILLS && try < MAX_TRIES; try++) {
                pid_t pid = fork();

                if (pid == 0)
                        write_until_killed();
                seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
                await_moment(seed >> 33);
                kill(pid, SIGKILL);
                assert_int_equal(waitpid(pid, &status, 0), pid);
                assert_int_equal(check_promises(), 0);
                if (WIFSIGNALED(status)) {
                        uint64_t rows = check_resumable();

                        kills++;
                        inside += rows > 0 && rows < ROWS;
                        if (rows == ROWS)
                                start_over();
                } else {
                        assert_int_equal(WEXITSTATUS(status), 0);
                        assert_true(tempdir_has(dir, "counter.csv"));
                        check_resumable();
                        finished++;
                        start_over();
                }
        }
        if (!fork())
                write_until_killed();
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0); /* left alone, it finishes */
        assert_true(tempdir_has(dir, "counter.csv"));
        assert_int_equal(check_promises(), 0);
        assert_int_equal(check_resumable(), ROWS);
        print_message("%u kills, %u of them among the rows; %u runs finished\n", kills, inside,
                      finished);
        assert_int_equal(kills, KILLS);
        assert_true(inside > 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        const struct CMUnitTest tests[] = {
                TEST(failed_write_is_reported_and_final),
                TEST(full_and_read_only_disks),
                TEST(folder_that_may_not_be_written),
                TEST(run_dir_is_made_with_its_parents),
                TEST(second_run_in_the_folder),
                TEST(foreign_bytes_are_noticed),
                TEST(sigkill_at_any_moment),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
