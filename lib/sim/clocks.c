/*
 * Happens-before by vector clocks.
 *
 * A task's clock says of every task up to which of its moments the task has seen it. A location of
 * an atomic keeps what a reader with acquire gets: the clock of the last release store, joined by
 * the releases of the read-modify-writes after it (C11's release sequence). A relaxed store breaks
 * the sequence; a relaxed read-modify-write continues it.
 *
 * Plain data keeps its last writer's moment and the last reads: an access that has not seen them is
 * a race, whatever the order in which the schedule happened to run them.
 *
 * The locations are in a hash table that is emptied by counting a generation up.
 */
#include "sim/engine.h"

#include <string.h>

#define LOCATIONS 4096u /* a power of two, far above what a program touches */

struct location {
        const void *p;
        uint64_t generation;
        struct clock clock; /* atomics: what acquire gets; plain data: reads */
        uint32_t write;     /* plain data: the last writer's moment, 0: none */
        uint8_t writer;
        const char *wrote; /* plain data: what the writer was about to do */
};

static struct location atomics[LOCATIONS], plain[LOCATIONS];
static uint64_t generation;

void clocks_reset(void)
{
        generation++;
}

static struct location *locate(struct location *table, const void *p)
{
        uint64_t h = (uint64_t)(uintptr_t)p * UINT64_C(0x9e3779b97f4a7c15) >> 40;

        for (unsigned tries = 0; tries < LOCATIONS; tries++) {
                struct location *l = &table[(h + tries) % LOCATIONS];

                if (l->generation != generation) {
                        *l = (struct location){.p = p, .generation = generation};
                        return l;
                }
                if (l->p == p)
                        return l;
        }
        sim_fail(SIM_BROKEN, "more than %u locations", LOCATIONS);
        return &table[0];
}

static void join(struct clock *to, const struct clock *from)
{
        for (unsigned i = 0; i < 8; i++)
                to->at[i] = to->at[i] > from->at[i] ? to->at[i] : from->at[i];
}

void clocks_tick(void)
{
        sim.current->clock.at[sim.current->number]++;
}

void clocks_store(const void *p, const struct clock *c, bool release)
{
        struct location *l = locate(atomics, p);

        if (release)
                l->clock = *c;
        else
                memset(&l->clock, 0, sizeof l->clock);
}

void clocks_load(const void *p, bool acquire)
{
        if (acquire)
                join(&sim.current->clock, &locate(atomics, p)->clock);
}

void clocks_rmw(const void *p, bool acquire, bool release)
{
        struct location *l = locate(atomics, p);

        if (acquire)
                join(&sim.current->clock, &l->clock);
        if (release) {
                join(&l->clock, &sim.current->clock);
                clocks_tick();
        }
}

void clocks_plain(const void *p, bool write, const char *name, const void *from)
{
        struct task *self = sim.current;
        char place[96], code[96];
        struct location *l;

        sim_touch(p);
        l = locate(plain, p);
        if (__builtin_expect(l->write > self->clock.at[l->writer], 0))
                sim_fail(SIM_RACE, "%s: task %u %s it in %s (%s), task %u wrote it (%s), unordered",
                         name ? name : report_place(p, place, sizeof place), self->number,
                         write ? "writes" : "reads", report_place(from, code, sizeof code),
                         self->at ? self->at : "?", l->writer, l->wrote ? l->wrote : "?");
        if (write) {
                for (unsigned i = 0; i < sim.tasks; i++)
                        if (__builtin_expect(l->clock.at[i] > self->clock.at[i], 0))
                                sim_fail(SIM_RACE,
                                         "%s: task %u writes it in %s (%s), task %u read it, "
                                         "unordered",
                                         name ? name : report_place(p, place, sizeof place),
                                         self->number, report_place(from, code, sizeof code),
                                         self->at ? self->at : "?", i);
                l->write = self->clock.at[self->number];
                l->writer = (uint8_t)self->number;
                l->wrote = self->at;
        } else {
                l->clock.at[self->number] = self->clock.at[self->number];
        }
}

void sim_plain_(const void *p, bool write, const char *name)
{
        if (!sim_inside())
                return;
        clocks_plain(p, write, name, __builtin_return_address(0));
        if (__builtin_expect(sim.trace, 0))
                report_step(write ? "writes" : "reads", p, __builtin_return_address(0));
}
