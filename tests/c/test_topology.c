/* Loading this machine and exported ones, files that are no topology, binding. */
#include "harness/topology.h"

#include <errno.h>
#include <fcntl.h>
#include <hwloc/cpukinds.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/contend-topology-XXXXXX";
static char why[512];

static const char *in_folder(const char *name)
{
        static char path[128];
        snprintf(path, sizeof(path), "%s/%s", folder, name);
        return path;
}

static hwloc_topology_t synthetic(const char *description, unsigned long flags)
{
        hwloc_topology_t h;
        assert_int_equal(hwloc_topology_init(&h), 0);
        assert_int_equal(hwloc_topology_set_flags(h, flags), 0);
        assert_int_equal(hwloc_topology_set_synthetic(h, description), 0);
        assert_int_equal(hwloc_topology_load(h), 0);
        return h;
}

/* Exports and loads again; the hwloc topology is destroyed. */
static void through_xml(hwloc_topology_t h, struct topology *t)
{
        const char *path = in_folder("export.xml");
        assert_int_equal(hwloc_topology_export_xml(h, path, 0), 0);
        hwloc_topology_destroy(h);
        if (topology_load_xml(t, path, why, sizeof(why)))
                fail_msg("%s", why);
        assert_false(t->this_system);
        unlink(path);
}

static void write_file(const char *path, const char *text, size_t size)
{
        FILE *f = fopen(path, "w");
        assert_non_null(f);
        assert_int_equal(fwrite(text, 1, size, f), size);
        assert_int_equal(fclose(f), 0);
}

/* The exported text of a small machine, freed by the caller. */
static char *small_xml(void)
{
        hwloc_topology_t h = synthetic("pack:1 l3:1 core:2 pu:2", 0);
        char *buffer, *text;
        int size;
        assert_int_equal(hwloc_topology_export_xmlbuffer(h, &buffer, &size, 0), 0);
        text = strdup(buffer);
        assert_non_null(text);
        hwloc_free_xmlbuffer(h, buffer);
        hwloc_topology_destroy(h);
        return text;
}

/* Replaces the first `from` in an allocated text. */
static char *replaced(char *text, const char *from, const char *to)
{
        char *at = strstr(text, from);
        assert_non_null(at);
        char *out = malloc(strlen(text) + strlen(to) + 1);
        assert_non_null(out);
        sprintf(out, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
        free(text);
        return out;
}

/* The file must be refused with exactly `FILE: reason`. */
static void expect_refused(const char *path, const char *reason)
{
        struct topology t;
        char line[700];
        why[0] = '\0';
        assert_int_not_equal(topology_load_xml(&t, path, why, sizeof(why)), 0);
        snprintf(line, sizeof(line), "%s: %s", path, reason);
        assert_string_equal(why, line);
        assert_null(t.hwloc);
        assert_null(t.pus);
}

static void expect_text_refused(const char *text, size_t size, const char *reason)
{
        const char *path = in_folder("refused.xml");
        write_file(path, text, size);
        expect_refused(path, reason);
        unlink(path);
}

static void test_export(void **state)
{
        (void)state;
        struct topology t;
        through_xml(synthetic("pack:2 numa:2 l3:2 l2:1 core:2 pu:2", 0), &t);
        assert_int_equal(t.n_pus, 32);
        assert_int_equal(t.usable.pus, 32);
        assert_int_equal(t.usable.cores, 16);
        assert_int_equal(t.usable.l3s, 8);
        assert_int_equal(t.usable.numas, 4);
        assert_int_equal(t.usable.packages, 2);
        assert_int_equal(t.usable.kinds, 0);
        assert_int_equal(topology_pus(&t), 32);
        assert_int_equal(topology_cores(&t), 16);
        for (int i = 0; i < 32; i++) {
                const struct pu *pu = &t.pus[i];
                assert_int_equal(pu->logical, i);
                assert_int_equal(pu->os_index, i);
                assert_int_equal(pu->core, i / 2);
                assert_int_equal(pu->l3, i / 4);
                assert_int_equal(pu->numa, i / 8);
                assert_int_equal(pu->package, i / 16);
                assert_int_equal(pu->kind, -1);
                assert_true(pu->allowed);
        }
        topology_free(&t);
        topology_free(&t); /* all zero: fine */
}

static void test_no_levels(void **state)
{
        (void)state;
        struct topology t;
        through_xml(synthetic("pu:3", 0), &t);
        assert_int_equal(t.pus[2].core, -1);
        assert_int_equal(t.pus[2].l3, -1);
        assert_int_equal(t.pus[2].l2, -1);
        assert_int_equal(t.pus[2].package, -1);
        assert_int_equal(t.usable.cores, 3);
        assert_int_equal(t.usable.l3s, 0);
        topology_free(&t);
}

static void register_kind(hwloc_topology_t h, const char *list, int efficiency)
{
        hwloc_bitmap_t set = hwloc_bitmap_alloc();
        assert_non_null(set);
        assert_int_equal(hwloc_bitmap_list_sscanf(set, list), 0);
        assert_int_equal(hwloc_cpukinds_register(h, set, efficiency, 0, NULL, 0), 0);
        hwloc_bitmap_free(set);
}

static void test_kinds(void **state)
{
        (void)state;
        struct topology t;
        hwloc_topology_t h = synthetic("pack:1 l3:1 core:4 pu:2", 0);
        register_kind(h, "0-3", 10);
        register_kind(h, "4-7", 20);
        through_xml(h, &t);
        assert_int_equal(t.usable.kinds, 2);
        for (int i = 0; i < 8; i++)
                assert_int_equal(t.pus[i].kind, i / 4);
        topology_free(&t);
}

/* PUs that are gone: numbers have holes, the rest keeps its place. */
static void test_restricted(void **state)
{
        (void)state;
        struct topology t;
        hwloc_topology_t h = synthetic("pack:2 l3:1 core:2 pu:2", 0);
        hwloc_bitmap_t set = hwloc_bitmap_alloc();
        assert_int_equal(hwloc_bitmap_list_sscanf(set, "1,4-5,7"), 0);
        assert_int_equal(hwloc_topology_restrict(h, set, 0), 0);
        hwloc_bitmap_free(set);
        through_xml(h, &t);
        static const int os[] = {1, 4, 5, 7}, core[] = {0, 1, 1, 2}, package[] = {0, 1, 1, 1};
        assert_int_equal(t.n_pus, 4);
        for (int i = 0; i < 4; i++) {
                assert_int_equal(t.pus[i].logical, i);
                assert_int_equal(t.pus[i].os_index, os[i]);
                assert_int_equal(t.pus[i].core, core[i]);
                assert_int_equal(t.pus[i].package, package[i]);
        }
        topology_free(&t);
}

/* PUs that exist and are not allowed: kept apart in memory, left out when loaded from a file. */
static void test_disallowed(void **state)
{
        (void)state;
        struct topology t;
        const char *reason;
        hwloc_bitmap_t set = hwloc_bitmap_alloc();
        assert_int_equal(hwloc_bitmap_list_sscanf(set, "1,6-7"), 0);
        for (int file = 0; file < 2; file++) {
                hwloc_topology_t h = synthetic("pack:2 l3:1 core:2 pu:2",
                                               HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED);
                assert_int_equal(hwloc_topology_allow(h, set, NULL, HWLOC_ALLOW_FLAG_CUSTOM), 0);
                if (file)
                        through_xml(h, &t);
                else
                        assert_int_equal(topology_adopt(&t, h, false, &reason), 0);
                assert_int_equal(t.n_pus, file ? 3 : 8);
                for (size_t i = 0; i < t.n_pus; i++)
                        assert_int_equal(t.pus[i].allowed,
                                         hwloc_bitmap_isset(set, (unsigned)t.pus[i].os_index));
                assert_int_equal(t.usable.pus, 3);
                assert_int_equal(t.usable.cores, 2);
                assert_int_equal(t.usable.packages, 2);
                topology_free(&t);
        }
        hwloc_bitmap_free(set);
}

static void test_version_3(void **state)
{
        (void)state;
        char *text =
                replaced(small_xml(), "<topology version=\"2.0\"", "<topology version=\"3.0\"");
        const char *path = in_folder("version3.xml");
        write_file(path, text, strlen(text));
        /* hwloc itself must stay silent: whatever reaches stderr goes to a file meanwhile. */
        char seen[16];
        FILE *caught = tmpfile();
        assert_non_null(caught);
        fflush(stderr);
        int saved = dup(STDERR_FILENO);
        assert_true(saved >= 0 && dup2(fileno(caught), STDERR_FILENO) >= 0);
        struct topology t;
        int r = topology_load_xml(&t, path, why, sizeof(why));
        fflush(stderr);
        dup2(saved, STDERR_FILENO);
        close(saved);
        assert_int_equal(r, -EPROTONOSUPPORT);
        rewind(caught);
        assert_int_equal(fread(seen, 1, sizeof(seen), caught), 0);
        fclose(caught);
        expect_refused(path,
                       "hwloc XML version 3.0, expected version 2 (this hwloc reads version 2)");
        unlink(path);
        free(text);
}

static void test_damaged_text(void **state)
{
        (void)state;
        static const char not_xml[] = "not hwloc XML: no <topology> in it";
        static const char damaged[] = "hwloc cannot read it: damaged hwloc XML";
        static const char numbers[] = "PU numbers contradict each other";
        char *text = small_xml();
        size_t size = strlen(text);

        expect_text_refused("", 0, "empty, expected hwloc XML");
        expect_text_refused("garbage\n", 8, not_xml);
        expect_text_refused("\0\0<topology", 11, not_xml);
        expect_text_refused("<html><body/></html>", 20, not_xml);
        expect_text_refused("<topology", 9, damaged);
        expect_text_refused("<topology version=\"2.0\"></topology>", 35, damaged);
        expect_text_refused("<topology version=\"99999999999999999999\">", 41, damaged);
        /* Cut anywhere, and a wrong byte anywhere: refused or loaded, never a crash. */
        for (size_t cut = 0; cut + 20 < size; cut += 97) {
                struct topology t;
                write_file(in_folder("cut.xml"), text, cut);
                assert_int_not_equal(topology_load_xml(&t, in_folder("cut.xml"), why, sizeof(why)),
                                     0);
        }
        for (size_t at = 0; at < size; at += 13) {
                struct topology t;
                char was = text[at];
                text[at] = at % 2 ? '9' : '"';
                write_file(in_folder("cut.xml"), text, size);
                if (topology_load_xml(&t, in_folder("cut.xml"), why, sizeof(why)) == 0)
                        topology_free(&t);
                text[at] = was;
        }
        unlink(in_folder("cut.xml"));

        text = replaced(text, "<object type=\"PU\" os_index=\"1\"",
                        "<object type=\"PU\" os_index=\"3\"");
        expect_text_refused(text, size, numbers);
        text = replaced(text, "<object type=\"PU\" os_index=\"3\"",
                        "<object type=\"PU\" os_index=\"4294967295\"");
        expect_text_refused(text, strlen(text), numbers);
        free(text);
}

/* Texts that hwloc itself crashes on. */
static void test_crashing(void **state)
{
        (void)state;
        static const char *const attributes[] = {
                " complete_cpuset=\"0x0000000f\"",
                " complete_nodeset=\"0x00000001\"",
                " complete_cpuset=\"0x00000004\"",
        };
        for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++) {
                char *text = replaced(small_xml(), attributes[i], "");
                expect_text_refused(text, strlen(text), "hwloc cannot read it: damaged hwloc XML");
                free(text);
        }
}

static void test_not_files(void **state)
{
        (void)state;
        expect_refused(folder, "not a regular file, expected hwloc XML");
        expect_refused("/dev/zero", "not a regular file, expected hwloc XML");
        expect_refused(in_folder("missing.xml"), "No such file or directory");
        expect_refused("", "No such file or directory");

        const char *path = in_folder("fifo.xml");
        assert_int_equal(mkfifo(path, 0600), 0);
        expect_refused(path, "not a regular file, expected hwloc XML"); /* and does not wait */
        unlink(path);

        path = in_folder("large.xml");
        write_file(path, "", 0);
        assert_int_equal(truncate(path, (off_t)CT_TOPOLOGY_MAX_BYTES + 1), 0);
        expect_refused(path, "larger than 64 MB, expected hwloc XML");
        unlink(path);
}

static void test_printable(void **state)
{
        (void)state;
        char out[16];
        assert_string_equal(ct_printable(out, sizeof(out), "a b~"), "a b~");
        assert_string_equal(ct_printable(out, sizeof(out), "\x1b[\n\xc3"), "\\x1b[\\x0a...");
        assert_string_equal(ct_printable(out, sizeof(out), "abcdefghijklmnopq"), "abcdefghijkl...");
        struct topology t;
        assert_int_equal(topology_load_xml(&t, "\x1b[2J", why, sizeof(why)), -ENOENT);
        assert_string_equal(why, "\\x1b[2J: No such file or directory");
        char small[8];
        assert_int_equal(topology_load_xml(&t, "missing", small, sizeof(small)), -ENOENT);
        assert_string_equal(small, "missing");
}

/* Not more and not less than this thread may use. */
static void test_this_machine(void **state)
{
        (void)state;
        struct topology t;
        cpu_set_t mine;
        if (topology_load(&t, why, sizeof(why)))
                fail_msg("%s", why);
        assert_true(t.this_system);
        assert_int_equal(sched_getaffinity(0, sizeof(mine), &mine), 0);
        size_t usable = 0;
        for (size_t i = 0; i < t.n_pus; i++) {
                assert_int_equal(t.pus[i].allowed, CPU_ISSET((size_t)t.pus[i].os_index, &mine));
                usable += t.pus[i].allowed;
        }
        assert_int_equal(usable, CPU_COUNT(&mine));
        assert_int_equal(usable, t.usable.pus);
        topology_free(&t);
}

/* Binds to each usable PU in turn, then to what must not work. In a thread of its own, whose
   affinity is nobody else's. */
static void *bind_everywhere(void *arg)
{
        const struct topology *t = arg;
        for (size_t i = 0; i < t->n_pus; i++) {
                cpu_set_t now;
                if (!t->pus[i].allowed)
                        continue;
                if (topology_bind_self(t, &t->pus[i]))
                        return "cannot bind to a usable PU";
                if (sched_getcpu() != t->pus[i].os_index)
                        return "is on another PU";
                if (sched_getaffinity(0, sizeof(now), &now) || CPU_COUNT(&now) != 1)
                        return "the affinity is not one PU";
        }
        struct pu pu = t->pus[0];
        pu.allowed = false;
        if (topology_bind_self(t, &pu) != -EPERM)
                return "bound to a PU that is not allowed";
        pu = (struct pu){.os_index = 70000, .allowed = true};
        if (topology_bind_self(t, &pu) != -EINVAL)
                return "bound to a PU that does not exist";
        pu.os_index = -1;
        if (topology_bind_self(t, &pu) != -EPERM)
                return "bound to no PU";
        struct topology other = *t;
        other.this_system = false;
        if (topology_bind_self(&other, &t->pus[0]) != -EXDEV)
                return "bound to another machine's PU";
        return NULL;
}

/* Loads under an affinity of the last usable CPU only. */
static void *load_restricted(void *arg)
{
        const struct pu *last = arg;
        struct topology t;
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET((size_t)last->os_index, &one);
        if (sched_setaffinity(0, sizeof(one), &one) || topology_load(&t, why, sizeof(why)))
                return "cannot load";
        bool right = t.usable.pus == 1 && t.pus[last->logical].allowed;
        topology_free(&t);
        return right ? NULL : "does not see its affinity";
}

static void in_thread(void *(*body)(void *), void *arg)
{
        pthread_t thread;
        void *complaint;
        assert_int_equal(pthread_create(&thread, NULL, body, arg), 0);
        assert_int_equal(pthread_join(thread, &complaint), 0);
        if (complaint)
                fail_msg("%s", (char *)complaint);
}

static void test_bind(void **state)
{
        (void)state;
        struct topology t;
        assert_int_equal(topology_load(&t, why, sizeof(why)), 0);
        in_thread(bind_everywhere, &t);
        topology_free(&t);
}

static void test_affinity(void **state)
{
        (void)state;
        struct topology t;
        assert_int_equal(topology_load(&t, why, sizeof(why)), 0);
        if (t.usable.pus < 2) {
                topology_free(&t);
                fprintf(stderr, "SKIPPED: needs two usable CPUs\n");
                skip();
        }
        size_t last = t.n_pus - 1;
        while (!t.pus[last].allowed)
                last--;
        in_thread(load_restricted, &t.pus[last]);
        topology_free(&t);
}

/* hwloc's variables put another machine in place of this one: nothing may be bound to it. */
static void test_hwloc_variables(void **state)
{
        (void)state;
        struct topology t;
        setenv("HWLOC_SYNTHETIC", "pack:2 core:3 pu:1", 1);
        int r = topology_load(&t, why, sizeof(why));
        unsetenv("HWLOC_SYNTHETIC");
        assert_int_equal(r, 0);
        assert_false(t.this_system);
        assert_int_equal(t.usable.pus, 6);
        assert_int_equal(topology_bind_self(&t, &t.pus[0]), -EXDEV);
        topology_free(&t);

        /* A file that was asked for wins over them, and is never this machine. */
        char *text = small_xml();
        const char *path = in_folder("small.xml");
        write_file(path, text, strlen(text));
        free(text);
        setenv("HWLOC_SYNTHETIC", "pack:2 core:3 pu:1", 1);
        setenv("HWLOC_THISSYSTEM", "1", 1);
        r = topology_load_xml(&t, path, why, sizeof(why));
        unsetenv("HWLOC_SYNTHETIC");
        unsetenv("HWLOC_THISSYSTEM");
        assert_int_equal(r, 0);
        assert_int_equal(t.usable.pus, 4);
        assert_false(t.this_system);
        topology_free(&t);
        unlink(path);
}

static int make_folder(void **state)
{
        (void)state;
        return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
        (void)state;
        return rmdir(folder); /* fails where a test left something */
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_export),       cmocka_unit_test(test_no_levels),
                cmocka_unit_test(test_kinds),        cmocka_unit_test(test_restricted),
                cmocka_unit_test(test_disallowed),   cmocka_unit_test(test_version_3),
                cmocka_unit_test(test_damaged_text), cmocka_unit_test(test_crashing),
                cmocka_unit_test(test_not_files),    cmocka_unit_test(test_printable),
                cmocka_unit_test(test_this_machine), cmocka_unit_test(test_bind),
                cmocka_unit_test(test_affinity),     cmocka_unit_test(test_hwloc_variables),
        };
        return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
