/* What the tests of the guide pool share: jobs that count, wait at a gate, or fail. After cmocka.h.
 */
#ifndef CT_TESTS_POOL_GUIDE_HELP_H
#define CT_TESTS_POOL_GUIDE_HELP_H

#include <string.h>

#include "crowd.h"
#include "flow/pool_guide.h"

/* What the jobs of a test share. */
struct shop {
        struct ct_chan_guide *gate; /* jobs that wait do it here, until it is closed */
        ct_atomic_u32 waiting, run; /* jobs at the gate; jobs ended */
        ct_atomic_u32 hired, left_, dropped;
        int order[64];
};

static struct shop shop;

static inline int count_job(void *arg, void *local)
{
        (void)arg;
        (void)local;
        ct_add_u32_relaxed(&shop.run, 1);
        return 0;
}

static inline int wait_job(void *arg, void *local)
{
        ct_add_u32_acq_rel(&shop.waiting, 1);
        ct_chan_guide_recv(shop.gate, NULL);
        return count_job(arg, local);
}

static inline int fail_job(void *arg, void *local)
{
        count_job(arg, local);
        return arg ? *(int *)arg : -EIO;
}

static inline int open_shop(void **state)
{
        memset(&shop, 0, sizeof shop);
        return ct_chan_guide_new(&shop.gate, 0, 0) || watchdog_start(state);
}

static inline int close_shop(void **state)
{
        ct_chan_guide_free(shop.gate);
        return watchdog_stop(state);
}

static inline uint32_t ran(void)
{
        return ct_load_u32_relaxed(&shop.run);
}

static inline struct ct_pool_guide *pool(unsigned workers, size_t queue)
{
        struct ct_pool_guide_config config = {.workers = workers, .queue = queue};
        struct ct_pool_guide *p;

        assert_int_equal(ct_pool_guide_start(&p, &config), 0);
        return p;
}

static inline struct ct_pool_guide_stats stats_of(struct ct_pool_guide *p)
{
        struct ct_pool_guide_stats s;

        ct_pool_guide_stats(p, &s);
        return s;
}

/* One worker at the gate, the queue full. */
static inline struct ct_pool_guide *full_pool(size_t queue)
{
        struct ct_pool_guide *p = pool(1, queue);

        assert_int_equal(ct_pool_guide_submit(p, wait_job, NULL), CT_POOL_OK);
        AWAIT(ct_load_u32_acquire(&shop.waiting) == 1);
        for (size_t i = 0; i < queue; i++)
                assert_int_equal(ct_pool_guide_try_submit(p, count_job, NULL), CT_POOL_OK);
        return p;
}

static inline void finish(struct ct_pool_guide *p)
{
        ct_chan_guide_close(shop.gate);
        ct_pool_guide_shutdown(p);
        ct_pool_guide_free(p);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_shop, close_shop)

#endif
