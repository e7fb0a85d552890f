/*
 * Atomic operations: a scheduling point, then the whole operation at once.
 *
 * Store buffers: a store that is not _seq may be delayed, as a fault. It and the stores after it
 * are then seen by their own task only, until that task does a read-modify-write, pauses, parks or
 * ends, or another does a membarrier: x86's memory model with the longest delay, so a "write mine,
 * read yours" pair without _seq or a heavy fence shows.
 */
#include "sim/engine.h"

static uint64_t get(const void *p, unsigned size)
{
        return size == 4 ? *(const volatile uint32_t *)p : *(const volatile uint64_t *)p;
}

static void put(void *p, unsigned size, uint64_t v)
{
        if (get(p, size) != v)
                sim_changed();
        sim_will_write(p, size);
        if (size == 4)
                *(volatile uint32_t *)p = (uint32_t)v;
        else
                *(volatile uint64_t *)p = v;
}

static uint64_t load(const void *p, unsigned size)
{
        const struct task *t = sim.current;

        for (unsigned i = t->buffered; i > 0; i--)
                if (t->buffer[i - 1].p == p)
                        return t->buffer[i - 1].v;
        return get(p, size);
}

void memory_drain(struct task *t)
{
        for (unsigned i = 0; i < t->buffered; i++) {
                struct buffered *b = &t->buffer[i];

                put(b->p, b->size, b->v);
                clocks_store(b->p, &b->clock, b->release);
        }
        t->buffered = 0;
}

static bool delay(void *p, unsigned size, uint64_t v, bool release)
{
        struct task *t = sim.current;

        if (t->buffered == STORE_BUFFER)
                memory_drain(t);
        if (!t->buffered && !choose_fault())
                return false;
        t->buffer[t->buffered++] = (struct buffered){p, v, size, release, t->clock};
        if (release)
                clocks_tick();
        return true;
}

uint64_t ct_sim_load_(const void *p, unsigned size, enum ct_sim_order order)
{
        if (!sim_inside())
                return get(p, size);
        sim_point("loads", p, __builtin_return_address(0));
        sim_touch(p);
        clocks_load(p, order & CT_SIM_ACQUIRE);
        return load(p, size);
}

void ct_sim_store_(void *p, unsigned size, uint64_t v, enum ct_sim_order order)
{
        if (!sim_inside()) {
                put(p, size, v);
                return;
        }
        sim_point("stores", p, __builtin_return_address(0));
        sim_touch(p);
        if (order == CT_SIM_SEQ)
                memory_drain(sim.current);
        else if (delay(p, size, v, order & CT_SIM_RELEASE))
                return;
        put(p, size, v);
        clocks_store(p, &sim.current->clock, order & CT_SIM_RELEASE);
        if (order & CT_SIM_RELEASE)
                clocks_tick();
}

static uint64_t result(enum ct_sim_op op, uint64_t old, uint64_t v)
{
        switch (op) {
        case CT_SIM_EXCHANGE:
                return v;
        case CT_SIM_ADD:
                return old + v;
        case CT_SIM_SUB:
                return old - v;
        case CT_SIM_OR:
                return old | v;
        case CT_SIM_AND:
                return old & v;
        }
        return 0;
}

uint64_t ct_sim_rmw_(void *p, unsigned size, enum ct_sim_op op, uint64_t v, enum ct_sim_order order)
{
        uint64_t old;

        if (sim_inside()) {
                sim_point("changes", p, __builtin_return_address(0));
                sim_touch(p);
                memory_drain(sim.current);
                clocks_rmw(p, order & CT_SIM_ACQUIRE, order & CT_SIM_RELEASE);
        }
        old = get(p, size);
        put(p, size, size == 4 ? (uint32_t)result(op, old, v) : result(op, old, v));
        return old;
}

bool ct_sim_cas_(void *p, unsigned size, uint64_t *expected, uint64_t v, enum ct_sim_order success,
                 enum ct_sim_order failure, bool weak)
{
        bool inside = sim_inside();
        uint64_t old;

        if (inside) {
                sim_point("compares", p, __builtin_return_address(0));
                sim_touch(p);
                memory_drain(sim.current);
        }
        old = get(p, size);
        if (old != *expected || (inside && weak && choose_fault())) {
                *expected = old;
                if (inside)
                        clocks_load(p, failure & CT_SIM_ACQUIRE);
                return false;
        }
        if (inside)
                clocks_rmw(p, success & CT_SIM_ACQUIRE, success & CT_SIM_RELEASE);
        put(p, size, v);
        return true;
}

bool ct_sim_membarrier_ready_(void)
{
        return sim.running && sim.program->asymmetric;
}

void ct_sim_membarrier_(void)
{
        if (!sim_inside())
                return;
        sim_point("membarrier", sim.region, __builtin_return_address(0));
        for (unsigned i = 0; i < sim.tasks; i++)
                memory_drain(&sim.task[i]);
}
