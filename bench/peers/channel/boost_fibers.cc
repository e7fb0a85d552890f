/*
 * A window as lib/harness/window.h keeps it, with fibers for workers: the measured loop is that of
 * all contestants, each fiber runs batches of it and gives way after each. The thread that asked
 * sleeps meanwhile, takes the snapshot and raises the flag.
 *
 * Source: of sharing fibers among threads, Boost.Fiber's example work_sharing.cpp: every thread's
 * main fiber waits on a condition of fibers until the last worker has ended.
 */
#include "peers/channel/boost_channel.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <sched.h>
#include <sys/resource.h>
#include <thread>
#include <vector>

#include "channel/channel.h"

#include "peers/channel/boost_fibers.h"
#include "peers/peer.h"

namespace fibers = boost::fibers;

#define CONTESTANT channel_boost_between_fibers
#define NAME "boost:between_fibers"
#define SOURCE "the loop of boost:fibers and boost:fibers_shared"
#define CAPS (CAP_BASELINE | CAP_TASKS_ONLY)
#define CHAN_TYPE channel
#define CHAN_NEW(c, bytes, capacity) sized<boost_queue>::make(&(c), bytes, capacity)
#define CHAN_FREE(c) delete (c)
#define SEND(c, value) (c)->send(value)
#define RECV(c, out) (c)->recv(out)
#define CLOSE(c) (c)->close()
#include "channel/loop.h"

namespace
{

enum : uint64_t { BATCH = 100 }; /* of at least 20 ns each */

struct alignas(CT_CACHE_PAIR) place {
        struct worker worker;
        uint64_t ops = 0, effects = 0;
        std::atomic<uint64_t> published{0};
        uint64_t from = 0;
        int64_t start_ns = 0;
        bool begun = false;
};

struct fiber_window {
        const struct outside_spec *spec;
        struct channel_box *box;
        std::vector<place> places;
        alignas(CT_CACHE_PAIR) std::atomic<bool> stop{false};
        alignas(CT_CACHE_PAIR) std::atomic<unsigned> started{0};
        std::mutex lock;
        fibers::condition_variable_any ended;
        unsigned running;

        fiber_window(const struct outside_spec *s, struct channel_box *b)
            : spec(s), box(b), places(s->threads), running(s->threads)
        {
        }
        void work(place &p);
        void share(unsigned thread, unsigned threads);
};

void fiber_window::work(place &p)
{
        run_fn *run = channel_boost_between_fibers.run[spec->workload];
        uint64_t work = BATCH * spec->work_pct / 100, counted = 0;

        p.start_ns = ct_now_ns();
        started.fetch_add(1, std::memory_order_release);
        while (!stop.load(std::memory_order_relaxed)) {
                p.effects += run(box, &p.worker, work);
                p.ops += work;
                counted += BATCH;
                p.published.store(counted, std::memory_order_relaxed);
                boost::this_fiber::yield();
        }
        leave(box, &p.worker);
        lock.lock();
        bool last = --running == 0;
        lock.unlock();
        if (last)
                ended.notify_all();
}

/* What each thread does: the first brings all fibers along. */
void fiber_window::share(unsigned thread, unsigned threads)
{
        cpu_set_t cpu;

        CPU_ZERO(&cpu);
        if (spec->cpus) {
                CPU_SET(spec->cpus[thread], &cpu);
                sched_setaffinity(0, sizeof cpu, &cpu);
        }
        if (threads > 1)
                fibers::use_scheduling_algorithm<fibers::algo::shared_work>();
        for (unsigned i = 0; thread == 0 && i < spec->threads; i++)
                fibers::fiber(fibers::launch::post, [this, i] { work(places[i]); }).detach();
        std::unique_lock<std::mutex> held(lock);
        ended.wait(held, [this] { return running == 0; });
}

void sleep_until(int64_t deadline)
{
        std::this_thread::sleep_for(std::chrono::nanoseconds(deadline - ct_now_ns()));
}

void take_snapshot(fiber_window &w, struct outside_answer *answer)
{
        int64_t began, over;

        while (w.started.load(std::memory_order_acquire) < w.spec->threads)
                sleep_until(ct_now_ns() + CT_NS_PER_MS / 2);
        began = ct_now_ns();
        for (place &p : w.places)
                p.from = p.published.load(std::memory_order_relaxed);
        sleep_until(began + w.spec->window_ns);
        over = ct_now_ns();
        for (unsigned i = 0; i < w.spec->threads; i++)
                answer->worker[i].ops =
                        w.places[i].published.load(std::memory_order_relaxed) - w.places[i].from;
        w.stop.store(true, std::memory_order_relaxed);
        answer->has_workers = true;
        answer->window_ns = (double)(over - began);
}

int begin(fiber_window &w)
{
        int rc = init(w.box, w.spec->params, w.spec->threads);

        for (unsigned i = 0; !rc && i < w.spec->threads; i++) {
                struct worker *worker = &w.places[i].worker;

                worker->index = i;
                worker->threads = w.spec->threads;
                worker->params = w.spec->params;
                worker->role = channel_role(w.spec->workload, w.spec->params, i, w.spec->threads,
                                            w.spec->pus);
                rc = worker_begin(w.box, worker);
                w.places[i].begun = rc == 0;
        }
        return rc;
}

void end(fiber_window &w, struct outside_answer *answer)
{
        struct totals totals = {};

        totals.threads = w.spec->threads;
        totals.params = w.spec->params;
        for (place &p : w.places) {
                totals.ops += p.ops;
                totals.effects += p.effects;
                if (p.begun)
                        worker_end(w.box, &p.worker);
        }
        answer->total_ops = (double)totals.ops;
        answer->effects = answer->value = (double)totals.effects;
        answer->torn = check(w.box, &totals, answer->own) ? 1 : 0;
}

int window_on(const struct outside_spec *spec, struct outside_answer *answer, unsigned threads)
{
        std::unique_ptr<channel_box> box(new (std::nothrow) channel_box());
        struct rusage before, after;
        int rc;

        if (!box)
                return -ENOMEM;
        fiber_window w(spec, box.get());
        rc = begin(w);
        getrusage(RUSAGE_SELF, &before);
        if (!rc) {
                std::vector<std::thread> carriers;

                for (unsigned i = 0; i < threads; i++)
                        carriers.emplace_back([&w, i, threads] { w.share(i, threads); });
                take_snapshot(w, answer);
                for (std::thread &t : carriers)
                        t.join();
        }
        getrusage(RUSAGE_SELF, &after);
        answer->voluntary_switches = (double)(after.ru_nvcsw - before.ru_nvcsw);
        answer->involuntary_switches = (double)(after.ru_nivcsw - before.ru_nivcsw);
        end(w, answer);
        fini(box.get());
        return rc;
}

} // namespace

int boost_fibers_on_one(const struct outside_spec *spec, struct outside_answer *answer)
{
        return window_on(spec, answer, 1);
}

int boost_fibers_on_all(const struct outside_spec *spec, struct outside_answer *answer)
{
        return window_on(spec, answer, spec->pus);
}
