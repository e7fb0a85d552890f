/* Traces: what the readers make of a file, what they refuse and how they say so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include "cache/trace_file.h"
#include "tempdir.h"

static char folder[64], file[128], why[TRACE_WHY];

static int make_folder(void **state)
{
        (void)state;
        tempdir_make(folder);
        snprintf(file, sizeof file, "%s/trace", folder);
        return 0;
}

static int remove_folder(void **state)
{
        (void)state;
        tempdir_remove(folder);
        return 0;
}

static void write_bytes(const void *bytes, size_t n)
{
        FILE *f = fopen(file, "wb");

        assert_non_null(f);
        assert_int_equal(fwrite(bytes, 1, n, f), n);
        assert_int_equal(fclose(f), 0);
}

/* The trace as text: "0 1 0 2". */
static const char *read_back(void)
{
        static char text[256];
        struct trace t;
        size_t at = 0;

        text[0] = '\0';
        if (trace_read(&t, file, why))
                return why;
        for (size_t i = 0; i < t.n && at < sizeof text - 12; i++) {
                assert_in_range(t.key[i], 0, t.keys - 1);
                at += (size_t)snprintf(text + at, sizeof text - at, "%s%u", i ? " " : "", t.key[i]);
        }
        trace_free(&t);
        return text;
}

static const char *read_text(const char *text)
{
        write_bytes(text, strlen(text));
        return read_back();
}

/* ---- texts ---- */

static void lirs(void **state)
{
        (void)state;
        assert_string_equal(read_text("5\n7\n5\n9\n"), "0 1 0 2");
        assert_string_equal(read_text("5\n*\n\n  7  \r\n# a remark\n5"), "0 1 0");
        assert_string_equal(read_text("18446744073709551615\n0\n"), "0 1");
}

static void arc(void **state)
{
        (void)state;
        assert_string_equal(read_text("10 3 0 1\n11 1 0 2\n12 2 0 3\n"), "0 1 2 1 2 3");
        assert_string_equal(read_text("10\t1 0 1\n7 0 0 2\n10 1 0 3\n"), "0 0");
}

static void csv(void **state)
{
        (void)state;
        assert_string_equal(read_text("1,5,100\n2,7,100\n2,5,100\n"), "0 1 0");
        assert_string_equal(read_text("1.5,a b,100\r\n2.25 , c ,0\r\n3,a b,7\r\n"), "0 1 0");
        assert_string_equal(read_text("1,5\n2,7\n"), "0 1");
        assert_string_equal(read_text("time,obj,size\n1,5,1\n2,5,1\n"), "0 0");
        assert_string_equal(read_text("size,id,x,time\n10,5,y,1\n20,6,y,2\n30,5,,3\n"), "0 1 0");
        assert_string_equal(read_text("1,5,1,get,a,b,c\n2,5,1\n"), "0 0");
        assert_string_equal(read_text("1,18446744073709551616,1\n2,18446744073709551617,1\n"),
                            "0 1");
}

/* ---- oracleGeneral ---- */

static void put_little(unsigned char *p, uint64_t v, int bytes)
{
        for (int i = 0; i < bytes; i++)
                p[i] = (unsigned char)(v >> 8 * i);
}

static void put_record(unsigned char *p, uint32_t time, uint64_t object, int64_t next)
{
        put_little(p, time, 4);
        put_little(p + 4, object, 8);
        put_little(p + 12, 4096, 4);
        put_little(p + 16, (uint64_t)next, 8);
}

static void oracle_general(void **state)
{
        unsigned char records[4][24];

        (void)state;
        put_record(records[0], 100, UINT64_MAX, 2);
        put_record(records[1], 100, 0, -1);
        put_record(records[2], 101, UINT64_MAX, INT64_MAX);
        put_record(records[3], 99, 10, 70000);
        write_bytes(records, sizeof records);
        assert_string_equal(read_back(), "0 1 0 2");
        write_bytes(records, sizeof records - 7);
        assert_non_null(strstr(read_back(), "/trace:72: the last request is cut off: 17 of 24 "
                                            "bytes, expected a multiple of 24 in the file, which "
                                            "has 89"));
        put_record(records[1], 100, 0, 1);
        write_bytes(records, sizeof records);
        assert_non_null(strstr(read_back(), "/trace:24: not a request of oracleGeneral (its next "
                                            "one is number 1), expected"));
        memset(records, 0, sizeof records);
        write_bytes(records, sizeof records);
        assert_non_null(strstr(read_back(), "/trace:0: not a request of oracleGeneral"));
}

/* ---- what is refused ---- */

static void one_line_that_names_the_place(void)
{
        const char *at = strstr(why, folder);

        assert_ptr_equal(at, why);
        assert_null(strchr(why, '\n'));
        assert_non_null(strstr(why, ", expected "));
}

static void bad_texts(void **state)
{
        static const struct {
                const char *text, *said;
        } bad[] = {
                {"5\n7 8\n", ":2: 2 fields, expected one block number"},
                {"5\n\n-7\n", ":3: '-7', expected a block number"},
                {"5\n0x7\n", ":2: '0x7', expected a block number"},
                {"5\n7.5\n", ":2: '7.5', expected a block number"},
                {"5\n18446744073709551616\n",
                 ":2: number too large: '18446744073709551616', expected"},
                {"x\n", ":1: 'x', expected a block number"},
                {"1 2\n", ":1: 2 fields, expected a block number (lirs), \"start count"},
                {"1 2 3 4 5\n", ":1: 5 fields, expected a block number (lirs)"},
                {"1 1 0 1\n1 1 0\n", ":2: 3 fields, expected whole numbers \"start count"},
                {"1 1 0 1\n1 x 0 2\n", ":2: 'x', expected whole numbers \"start count"},
                {"1 100000001 0 1\n", ":1: a count of 100000001 from block 1, expected at most"},
                {"18446744073709551615 2 0 1\n", ":1: a count of 2 from block 1844674407370955161"},
                {"1,2,3\n4\n", ":2: 1 fields, expected \"time,object,size\""},
                {"1,2,3\n4,5\n", ":2: 2 fields, expected \"time,object,size\""},
                {"1,2\nx,5\n", ":2: 'x', expected a time"},
                {"1,2,3\n1,,3\n", ":2: no object, expected \"time,object,size\""},
                {"1,2,3\n1,2,\n", ":2: '', expected a size in bytes"},
                {"1,2,3\n1,2,big\n", ":2: 'big', expected a size in bytes"},
                {"1,2,3\n1,2,99999999999999999999\n", ":2: number too large: '9999999999999999"},
                {"a,b,c\n1,2,3\n", ":1: 'a', expected a time"},
                {"1,2,h\xc3\xa4sslich und lang, viel laenger als man es zeigen kann\n",
                 ":1: 'h??sslich und lang', expected a size"},
                {"1,2,0123456789012345678901234567890123456789x\n",
                 ":1: number too large: '01234567890123456789012345678901...', expected a size"},
                {"", ": empty, expected at least one request"},
                {"\n\n# nothing\n", ": empty, expected at least one request"},
                {"1 0 0 1\n", ": empty, expected at least one request"},
                {"time,obj,size\n", ": empty, expected at least one request"},
        };

        (void)state;
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
                const char *said = read_text(bad[i].text);

                if (said != why || !strstr(said, bad[i].said))
                        fail_msg("\"%s\" gives \"%s\", not \"%s\"", bad[i].text, said, bad[i].said);
                one_line_that_names_the_place();
        }
}

static void lines_of_any_length_and_binaries(void **state)
{
        static char text[300000];
        struct trace t;

        (void)state;
        memset(text, '1', sizeof text); /* one line without an end */
        write_bytes(text, sizeof text);
        assert_non_null(strstr(read_back(), ":1: longer than 4096 bytes, expected a request"));
        memset(text, ' ', TRACE_LINE_MOST); /* the longest that is read */
        memcpy(text, "5", 1);
        memcpy(text + TRACE_LINE_MOST, "\n6\n", 4);
        assert_string_equal(read_text(text), "0 1");
        for (int i = 0; i < 400; i += 2) /* binary behind a beginning that is text */
                memcpy(text + i, "5\n", 2);
        text[400] = '\0';
        write_bytes(text, 500);
        assert_non_null(strstr(read_back(), ":201: a byte 0x00, expected text"));
        write_bytes("\x1f\x8b\x08 gzip", 8);
        assert_non_null(strstr(read_back(), ": compressed (gzip), expected it unpacked"));
        write_bytes("\x28\xb5\x2f\xfd zstd", 9);
        assert_non_null(strstr(read_back(), ": compressed (zstd), expected it unpacked"));
        assert_int_equal(trace_read(&t, "/proc/self/exe", why), -EINVAL);
        assert_non_null(strstr(why, ": not a request of oracleGeneral"));
}

static void what_is_no_file(void **state)
{
        char inside[160];
        struct trace t;

        (void)state;
        remove(file);
        assert_non_null(strstr(read_back(), "/trace: No such file or directory, expected a file"));
        assert_int_equal(mkdir(file, 0777), 0);
        assert_non_null(strstr(read_back(), "/trace: a folder, expected a regular file"));
        remove(file);
        assert_int_equal(mkfifo(file, 0666), 0); /* nobody ever writes into it */
        assert_non_null(strstr(read_back(), "/trace: a pipe, expected a regular file"));
        remove(file);
        snprintf(inside, sizeof inside, "%s/two\nlines", folder);
        assert_int_equal(trace_read(&t, inside, why), -EINVAL);
        one_line_that_names_the_place();
        assert_int_equal(trace_read(&t, "/dev/zero", why), -EINVAL);
        assert_non_null(strstr(why, "/dev/zero: a device, expected a regular file"));
        assert_null(t.key);
        assert_int_equal(t.n + t.keys, 0);
}

static void many_objects_keep_their_numbers(void **state)
{
        enum { MANY = 50000 };
        FILE *f = fopen(file, "w");
        struct trace t;

        (void)state;
        for (unsigned turn = 0; turn < 2; turn++)
                for (unsigned i = 0; i < MANY; i++)
                        fprintf(f, "%u\n", i * 4096);
        fclose(f);
        assert_int_equal(trace_read(&t, file, why), 0);
        assert_int_equal(t.n, 2 * MANY);
        assert_int_equal(t.keys, MANY);
        for (unsigned i = 0; i < 2 * MANY; i++)
                assert_int_equal(t.key[i], i % MANY);
        trace_free(&t);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(lirs),
                cmocka_unit_test(arc),
                cmocka_unit_test(csv),
                cmocka_unit_test(oracle_general),
                cmocka_unit_test(bad_texts),
                cmocka_unit_test(lines_of_any_length_and_binaries),
                cmocka_unit_test(what_is_no_file),
                cmocka_unit_test(many_objects_keep_their_numbers),
        };

        return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
