/* The verdicts, table-driven, and the readers on made-up /proc trees. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <unistd.h>

#include "base/clock.h"
#include "harness/cgroup.h"
#include "harness/noise.h"
#include "tempdir.h"

#define WINDOW .threads = 2, .pus = 2, .window_ns = 1e8
#define QUIET WINDOW, .overlap_ratio = 1

static const struct verdict {
        const char *what;
        struct ct_noise_input in;
        unsigned expected;
} verdicts[] = {
        {"nothing", {QUIET}, 0},
        {"steal at the threshold", {QUIET, .steal_pct = 1.0}, 0},
        {"steal", {QUIET, .steal_pct = 1.01}, CT_NOISE_STEAL},
        {"steal when oversubscribed",
         {.threads = 8, .pus = 2, .window_ns = 1e8, .steal_pct = 2},
         CT_NOISE_STEAL},
        {"other CPU at the threshold", {QUIET, .other_cpu_pct = 5.0}, 0},
        {"other CPU, 2.2 ticks", {QUIET, .other_cpu_pct = 11}, CT_NOISE_OTHER_CPU},
        {"other CPU, under two ticks", {QUIET, .other_cpu_pct = 9.9}, 0},
        {"other CPU, 6 % of a second",
         {.threads = 2, .pus = 2, .window_ns = 1e9, .overlap_ratio = 1, .other_cpu_pct = 6},
         CT_NOISE_OTHER_CPU},
        {"run delay at the threshold", {QUIET, .has_run_delay = true, .run_delay_pct = 2}, 0},
        {"run delay", {QUIET, .has_run_delay = true, .run_delay_pct = 2.1}, CT_NOISE_RUN_DELAY},
        {"run delay not known", {QUIET, .run_delay_pct = 50}, 0},
        {"run delay of a parking contestant",
         {QUIET, .has_run_delay = true, .run_delay_pct = 20, .parks = true},
         0},
        {"run delay of a parking contestant, a quarter of the window",
         {QUIET, .has_run_delay = true, .run_delay_pct = 26, .parks = true},
         CT_NOISE_RUN_DELAY},
        {"12 involuntary switches in 0.2 thread-seconds", {QUIET, .involuntary_switches = 12}, 0},
        {"13 of them", {QUIET, .involuntary_switches = 13}, CT_NOISE_INVOLUNTARY},
        {"migrated", {QUIET, .migrations = 1}, CT_NOISE_MIGRATED},
        {"migrated, unpinned", {QUIET, .migrations = 9, .unpinned = true}, 0},
        {"drift up", {QUIET, .has_freq = true, .freq_drift_pct = 3.1}, CT_NOISE_FREQ},
        {"drift down", {QUIET, .has_freq = true, .freq_drift_pct = -3.1}, CT_NOISE_FREQ},
        {"drift at the threshold", {QUIET, .has_freq = true, .freq_drift_pct = -3}, 0},
        {"drift not known", {QUIET, .freq_drift_pct = 40}, 0},
        {"throttled", {QUIET, .throttled = 1}, CT_NOISE_THROTTLED},
        {"hop up", {QUIET, .hop_before_ns = 43, .hop_after_ns = 270}, CT_NOISE_HOP},
        {"hop down", {QUIET, .hop_before_ns = 270, .hop_after_ns = 55}, CT_NOISE_HOP},
        {"hop within half", {QUIET, .hop_before_ns = 100, .hop_after_ns = 149}, 0},
        {"hop small", {QUIET, .hop_before_ns = 10, .hop_after_ns = 25}, 0},
        {"hop small but above", {QUIET, .hop_before_ns = 10, .hop_after_ns = 25.5}, CT_NOISE_HOP},
        {"no hop before", {QUIET, .hop_after_ns = 270}, 0},
        {"no hop after", {QUIET, .hop_before_ns = 270}, 0},
        {"skew at the threshold", {QUIET, .start_skew_ns = 20000}, 0},
        {"skew", {QUIET, .start_skew_ns = 20001}, CT_NOISE_SKEW},
        {"overlap at the threshold", {WINDOW, .overlap_ratio = 0.99}, 0},
        {"overlap", {WINDOW, .overlap_ratio = 0.98}, CT_NOISE_OVERLAP},
        {"one thread, two PUs",
         {.threads = 1, .pus = 2, .window_ns = 1e8, .overlap_ratio = 1, .start_skew_ns = 30000},
         CT_NOISE_SKEW},
        {"oversubscribed: no verdict on what is measured",
         {.threads = 3,
          .pus = 2,
          .window_ns = 1e8,
          .overlap_ratio = 0.1,
          .start_skew_ns = 9000000,
          .involuntary_switches = 9999,
          .has_run_delay = true,
          .run_delay_pct = 60},
         0},
        {"oversubscribed: the rest still counts",
         {.threads = 3,
          .pus = 2,
          .window_ns = 1e8,
          .overlap_ratio = 0.1,
          .throttled = 2,
          .migrations = 1,
          .has_freq = true,
          .freq_drift_pct = 9},
         CT_NOISE_THROTTLED | CT_NOISE_MIGRATED | CT_NOISE_FREQ},
        {"everything",
         {WINDOW, .overlap_ratio = 0.5, .start_skew_ns = 50000, .involuntary_switches = 500,
          .migrations = 3, .steal_pct = 30, .other_cpu_pct = 30, .run_delay_pct = 30,
          .freq_drift_pct = 30, .has_freq = true, .has_run_delay = true, .throttled = 1,
          .hop_before_ns = 50, .hop_after_ns = 500},
         (1u << CT_NOISE_BITS) - 1},
};

static void verdicts_follow_the_table(void **state)
{
        (void)state;
        for (size_t i = 0; i < sizeof verdicts / sizeof *verdicts; i++) {
                unsigned got = ct_noise_judge(&verdicts[i].in);

                if (got != verdicts[i].expected)
                        fail_msg("%s: %#x, expected %#x", verdicts[i].what, got,
                                 verdicts[i].expected);
        }
}

static void names_are_those_of_the_csv(void **state)
{
        static const struct {
                unsigned bit;
                const char *name;
        } names[] = {
                {CT_NOISE_STEAL, "steal"},         {CT_NOISE_OTHER_CPU, "other_cpu"},
                {CT_NOISE_RUN_DELAY, "run_delay"}, {CT_NOISE_INVOLUNTARY, "involuntary"},
                {CT_NOISE_MIGRATED, "migrated"},   {CT_NOISE_FREQ, "freq"},
                {CT_NOISE_THROTTLED, "throttled"}, {CT_NOISE_HOP, "hop"},
                {CT_NOISE_SKEW, "skew"},           {CT_NOISE_OVERLAP, "overlap"},
        };

        (void)state;
        assert_int_equal(sizeof names / sizeof *names, CT_NOISE_BITS);
        for (size_t i = 0; i < CT_NOISE_BITS; i++)
                assert_string_equal(ct_noise_name(names[i].bit), names[i].name);
        assert_null(ct_noise_name(0));
        assert_null(ct_noise_name(3));
        assert_null(ct_noise_name(1u << CT_NOISE_BITS));
        assert_null(ct_noise_name(1u << 31));
}

static void between_readings(void **state)
{
        struct ct_host_usage before = {.when_ns = 1000,
                                       .steal_ticks = 10,
                                       .busy_ticks = 100,
                                       .total_ticks = 1000,
                                       .cpus = 2,
                                       .has_throttled = true};
        struct ct_host_usage after = before;
        struct ct_host_delta d;

        (void)state;
        /* 101 ms on 2 busy CPUs, 11 ticks of each fell inside, all of it ours */
        after.when_ns += 101000000;
        after.busy_ticks += 22;
        after.total_ticks += 22;
        after.process_cpu_ns = 202000000;
        after.throttled = 3;
        ct_host_usage_between(&before, &after, &d);
        assert_true(d.has_cpu_time && d.has_throttled);
        assert_true(fabs(d.other_cpu_pct) < 1e-9 && d.steal_pct == 0);
        assert_int_equal(d.throttled, 3);
        /* half of one CPU stolen, a quarter of the whole used by others */
        after = before;
        after.when_ns += 1000000000;
        after.total_ticks += 200;
        after.steal_ticks += 50;
        after.busy_ticks += 150;
        after.process_cpu_ns = 1000000000;
        after.has_throttled = false;
        ct_host_usage_between(&before, &after, &d);
        assert_true(fabs(d.steal_pct - 25) < 1e-9);
        assert_true(fabs(d.other_cpu_pct - 25) < 1e-9);
        assert_false(d.has_throttled);
        /* more of our CPU time than ticks saw: rounding, not a negative neighbour */
        after.busy_ticks = before.busy_ticks;
        ct_host_usage_between(&before, &after, &d);
        assert_true(d.other_cpu_pct == 0);
        /* no ticks, or another set of CPUs: not known */
        after = before;
        after.when_ns += 1000;
        ct_host_usage_between(&before, &after, &d);
        assert_false(d.has_cpu_time);
        after.total_ticks += 100;
        after.cpus = 1;
        ct_host_usage_between(&before, &after, &d);
        assert_false(d.has_cpu_time);
}

static void host_usage_sums_the_chosen_cpus(void **state)
{
        struct ct_host_usage u;
        cpu_set_t set;
        char root[64];

        (void)state;
        tempdir_make(root);
        tempdir_write(root, "proc/stat",
                      "cpu  9999 9999 9999 9999 9999 9999 9999 9999 9 9\n"
                      "cpu0 1 2 3 100 5 6 7 8 1 2\n"
                      "cpu1 10 20 30 1000 50 60 70 80 0 0\n"
                      "cpu12 100 200 300 10000 500 600 700 800 0 0\n"
                      "intr 5 6 7\ncpu0 1 1 1 1 1 1 1 1 1 1\n");
        CPU_ZERO(&set);
        CPU_SET(0, &set);
        CPU_SET(12, &set);
        CPU_SET(13, &set);
        ct_host_usage_read_from(&u, &set, root);
        assert_int_equal(u.cpus, 2);
        assert_int_equal(u.busy_ticks, 1 + 2 + 3 + 6 + 7 + 100 + 200 + 300 + 600 + 700);
        assert_int_equal(u.steal_ticks, 808);
        assert_int_equal(u.total_ticks, 132 + 13200);
        assert_false(u.has_throttled);
        tempdir_write(root, "proc/stat", "cpu0 1 2 x\ncpu99999999999 1 2 3 4\nbtime 3\n");
        ct_host_usage_read_from(&u, &set, root);
        assert_int_equal(u.cpus, 0);
        tempdir_remove(root);
        ct_host_usage_read_from(&u, &set, root);
        assert_int_equal(u.total_ticks, 0);
        assert_true(u.when_ns > 0);
}

static void thread_usage_from_files(void **state)
{
        struct ct_thread_usage u;
        char root[64];

        (void)state;
        tempdir_make(root);
        ct_thread_usage_read_from(&u, root);
        assert_false(u.has_migrations || u.has_run_delay);
        tempdir_write(root, "proc/thread-self/schedstat", "450390 1234567 17\n");
        tempdir_write(root, "proc/thread-self/sched",
                      "x (1, #threads: 2)\n-----\nse.exec_start      :   936386.275568\n"
                      "se.nr_migrations_cold  : 9\nse.nr_migrations      :        42\n");
        ct_thread_usage_read_from(&u, root);
        assert_true(u.has_migrations && u.has_run_delay);
        assert_int_equal(u.migrations, 42);
        assert_int_equal(u.run_delay_ns, 1234567);
        assert_true(u.cpu_ns > 0);
        tempdir_remove(root);
}

/* The live machine: time that passes is counted. */
static void live_readings_move(void **state)
{
        struct ct_thread_usage t0, t1;
        struct ct_host_usage h0, h1;
        struct ct_host_delta d;
        cpu_set_t set;

        (void)state;
        assert_int_equal(sched_getaffinity(0, sizeof set, &set), 0);
        ct_host_usage_read(&h0, &set);
        ct_thread_usage_read(&t0);
        usleep(1000);
        for (int64_t until = ct_now_ns() + 100 * CT_NS_PER_MS; ct_now_ns() < until;)
                ;
        ct_thread_usage_read(&t1);
        ct_host_usage_read(&h1, &set);
        assert_true(t1.voluntary_switches > t0.voluntary_switches);
        assert_true(t1.cpu_ns > t0.cpu_ns && h1.process_cpu_ns > h0.process_cpu_ns);
        assert_true(h1.when_ns - h0.when_ns >= 100 * CT_NS_PER_MS);
        assert_int_equal(h0.cpus, CPU_COUNT(&set));
        ct_host_usage_between(&h0, &h1, &d);
        assert_true(d.has_cpu_time);
        assert_true(d.steal_pct >= 0 && d.steal_pct <= 100);
        assert_true(d.other_cpu_pct >= 0 && d.other_cpu_pct <= 100);
}

static void frequency_is_plausible(void **state)
{
        double mhz = ct_measure_mhz();

        (void)state;
        assert_true(mhz > 100 && mhz < 20000);
}

static void write_v1(const char *root)
{
        tempdir_write(
                root, "proc/self/mountinfo",
                "20 1 0:5 / /proc rw - proc proc rw\n"
                "30 1 0:9 / /sys/fs/cgroup/cpuset rw shared:9 - cgroup cgroup rw,cpuset\n"
                "31 1 0:9 /docker/abc /sys/fs/cgroup/cpu,cpuacct rw - cgroup cg rw,cpu,cpuacct\n"
                "32 1 0:9 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
        tempdir_write(root, "proc/self/cgroup",
                      "9:name=systemd:/x\n4:cpuset:/set\n3:cpu,cpuacct:/docker/abc/in\n0::/v2\n");
}

static void cgroup_v1(void **state)
{
        struct ct_cgroup_cpu cpu;
        char root[64], list[64];
        bool v2;

        (void)state;
        tempdir_make(root);
        write_v1(root);
        assert_true(ct_cgroup_cpu_folder(list, sizeof list, &v2, root));
        assert_string_equal(list, "/sys/fs/cgroup/cpu,cpuacct/in");
        assert_false(v2);
        assert_false(ct_cgroup_cpu_folder(list, 8, &v2, root)); /* it would be cut */
        tempdir_write(root, "sys/fs/cgroup/cpu,cpuacct/in/cpu.stat",
                      "nr_periods 9\nnr_throttled 4\nthrottled_time 12\n");
        tempdir_write(root, "sys/fs/cgroup/cpu,cpuacct/in/cpu.cfs_quota_us", "-1\n");
        tempdir_write(root, "sys/fs/cgroup/cpu,cpuacct/in/cpu.cfs_period_us", "100000\n");
        tempdir_write(root, "sys/fs/cgroup/cpu,cpuacct/cpu.stat", "nr_periods 9\nnr_throttled 3\n");
        tempdir_write(root, "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "20000\n");
        tempdir_write(root, "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
        tempdir_write(root, "sys/fs/cgroup/cpuset/set/cpuset.effective_cpus", "0-1,5\n");
        ct_cgroup_cpu_read(&cpu, root);
        assert_true(cpu.has_quota && cpu.has_throttled);
        assert_true(fabs(cpu.quota - 0.2) < 1e-12); /* the parent's limit holds for us */
        assert_int_equal(cpu.throttled, 7);
        assert_true(ct_cgroup_cpuset_read(list, sizeof list, root));
        assert_string_equal(list, "0-1,5");
        tempdir_write(root, "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
        ct_cgroup_cpu_read(&cpu, root);
        assert_true(cpu.has_quota && cpu.quota == 0);
        tempdir_remove(root);
}

static void cgroup_v2(void **state)
{
        struct ct_cgroup_cpu cpu;
        char root[64], list[64];
        bool v2;

        (void)state;
        tempdir_make(root);
        assert_false(ct_cgroup_cpu_folder(list, sizeof list, &v2, root));
        tempdir_write(root, "proc/self/mountinfo",
                      "32 1 0:9 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n");
        tempdir_write(root, "proc/self/cgroup", "0::/user.slice/job\n");
        assert_true(ct_cgroup_cpu_folder(list, sizeof list, &v2, root) && v2);
        assert_string_equal(list, "/sys/fs/cgroup/user.slice/job");
        tempdir_write(root, "sys/fs/cgroup/cgroup.controllers", "cpuset cpu io\n");
        ct_cgroup_cpu_read(&cpu, root);
        assert_true(cpu.has_quota && cpu.quota == 0 && !cpu.has_throttled);
        tempdir_write(root, "sys/fs/cgroup/cgroup.controllers", "cpuset io\n");
        ct_cgroup_cpu_read(&cpu, root);
        assert_false(cpu.has_quota);
        tempdir_write(root, "sys/fs/cgroup/user.slice/job/cpu.max", "150000 100000\n");
        tempdir_write(root, "sys/fs/cgroup/user.slice/cpu.max", "max 100000\n");
        tempdir_write(root, "sys/fs/cgroup/user.slice/job/cpu.stat",
                      "usage_usec 5\nnr_periods 3\nnr_throttled 2\n");
        tempdir_write(root, "sys/fs/cgroup/user.slice/cpuset.cpus.effective", "0-3\n");
        ct_cgroup_cpu_read(&cpu, root);
        assert_true(cpu.has_quota && fabs(cpu.quota - 1.5) < 1e-12);
        assert_true(cpu.has_throttled);
        assert_int_equal(cpu.throttled, 2);
        assert_true(ct_cgroup_cpuset_read(list, sizeof list, root));
        assert_string_equal(list, "0-3");
        tempdir_remove(root);
}

static void cgroup_absent_or_odd(void **state)
{
        struct ct_cgroup_cpu cpu;
        char root[64], list[64];

        (void)state;
        tempdir_make(root);
        ct_cgroup_cpu_read(&cpu, root);
        assert_false(cpu.has_quota || cpu.has_throttled);
        assert_false(ct_cgroup_cpuset_read(list, sizeof list, root));
        tempdir_write(root, "proc/self/mountinfo",
                      "no dash\n - cgroup2\n1 2 3 4\n32 1 0:9 / - x\n");
        tempdir_write(root, "proc/self/cgroup", "::::\n\n0\n0:\n");
        ct_cgroup_cpu_read(&cpu, root);
        assert_false(cpu.has_quota || cpu.has_throttled);
        write_v1(root); /* mounted, but without a single file */
        ct_cgroup_cpu_read(&cpu, root);
        assert_false(cpu.has_quota || cpu.has_throttled);
        assert_false(ct_cgroup_cpuset_read(list, sizeof list, root));
        tempdir_remove(root);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(verdicts_follow_the_table),
                cmocka_unit_test(names_are_those_of_the_csv),
                cmocka_unit_test(between_readings),
                cmocka_unit_test(host_usage_sums_the_chosen_cpus),
                cmocka_unit_test(thread_usage_from_files),
                cmocka_unit_test(live_readings_move),
                cmocka_unit_test(frequency_is_plausible),
                cmocka_unit_test(cgroup_v1),
                cmocka_unit_test(cgroup_v2),
                cmocka_unit_test(cgroup_absent_or_odd),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
