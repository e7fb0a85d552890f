/* What all measurements of the family share: the runtime, the work, the row. */
#include <math.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "exec_task.h"
#include "harness/histogram.h"
#include "harness/noise.h"
#include "harness/work.h"
#include "pool/pool.h"
#include "task/task.h"

double pool_prediction(unsigned cores, int64_t wait_pct)
{
        return 100.0 * cores / (double)(100 - wait_pct);
}

/* ---- tasks ---- */

int pool_stage_begin(enum exec_kind exec, const struct topology *t)
{
        return exec == BY_TASKS ? exec_task_runtime(t, 0) : 0;
}

int pool_stage_end(enum exec_kind exec)
{
        return exec == BY_TASKS && ct_runtime_stop() ? -EBADMSG : 0;
}

/* Not inlined: the caller may come back on another carrier, whose word it is then. */
__attribute__((noinline)) void pool_checkpoint(void)
{
        ct_checkpoint();
}

/* ---- work ---- */

static double ns_per_turn; /* one block, one process */

/* The least of several calibrations, apart in time: one in a hundred was measured 1.6x too long on
   a virtual machine (its core's other half was busy), which would shorten every job of the block.
 */
static double calibrate(void)
{
        enum { CALIBRATIONS = 12 };
        double best = work_calibrate();

        for (int i = 1; i < CALIBRATIONS; i++) {
                double again;

                ct_sleep_until(ct_deadline_after(CT_NS_PER_MS));
                again = work_calibrate();
                best = again < best ? again : best;
        }
        return best;
}

double pool_ns_per_turn(void)
{
        if (ns_per_turn == 0)
                ns_per_turn = calibrate();
        return ns_per_turn;
}

/* Where the CPU is not as fast after the window as the calibration found it, the jobs were longer
   or shorter than the row says: 28,360 jobs of 100 us a second were counted on two CPUs. The row is
   noisy then, and if it was shorter the next attempt goes by the new pace. */
void pool_check_pace(struct measurement *m)
{
        double again = work_calibrate();

        if (fabs(again / ns_per_turn - 1) > CT_NOISE_FREQ_DRIFT_PCT / 100)
                m->noise |= CT_NOISE_FREQ;
        ns_per_turn = again < ns_per_turn ? again : ns_per_turn;
}

void pool_compute(uint64_t turns)
{
        uint64_t piece = work_turns(10 * CT_NS_PER_US, ns_per_turn);

        for (; turns > piece; turns -= piece) {
                work_spin(piece);
                pool_checkpoint();
        }
        work_spin(turns);
}

/* ---- rows ---- */

/* Of the whole process: threads that have ended count too. */
void pool_switches_read(struct pool_switches *s)
{
        struct rusage u;

        getrusage(RUSAGE_SELF, &u);
        *s = (struct pool_switches){.voluntary = u.ru_nvcsw, .involuntary = u.ru_nivcsw};
}

void pool_finish_row(const struct pool_switches *since, const struct topology *t, unsigned workers,
                     struct measurement *m)
{
        struct pool_switches now;

        pool_switches_read(&now);
        m->voluntary_switches = (double)(now.voluntary - since->voluntary);
        m->involuntary_switches = (double)(now.involuntary - since->involuntary);
        if (m->exec == BY_THREADS)
                m->flags |= ROW_UNPINNED | (workers > topology_pus(t) ? ROW_OVERSUBSCRIBED : 0);
        if (m->ops > 0) {
                m->ns_per_op = m->window_ns / m->ops;
                m->ops_per_s = 1e9 / m->ns_per_op;
        }
}

void pool_latencies(const struct ct_histogram *h, struct measurement *m)
{
        m->latency_samples = (double)ct_histogram_count(h);
        if (!ct_histogram_count(h))
                return;
        m->latency_p50_ns = (double)ct_histogram_quantile(h, 0.5);
        m->latency_p99_ns = (double)ct_histogram_quantile(h, 0.99);
        m->latency_p999_ns = (double)ct_histogram_quantile(h, 0.999);
        m->latency_max_ns = (double)ct_histogram_max(h);
}
