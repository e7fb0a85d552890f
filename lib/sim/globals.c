/*
 * What simulated code writes outside of the simulation's own memory: the globals and thread-locals
 * of lib/. Each first write of a schedule notes what was there, and the end of the schedule puts it
 * back, so every schedule begins with the same globals and no primitive needs a reset of its own.
 */
#include "sim/engine.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST 16384u /* words; a power of two */

struct saved {
        uint64_t *word;
        uint64_t was;
};

static struct saved saved[MOST];
static unsigned count;
static struct {
        uint64_t *word;
        uint64_t generation;
} known[2 * MOST];
static uint64_t generation = 1;
static const char *stack_low, *stack_high; /* of the explorer: its frames are nobody's globals */

void globals_start(void)
{
        pthread_attr_t a;
        void *low;
        size_t size;

        if (pthread_getattr_np(pthread_self(), &a) || pthread_attr_getstack(&a, &low, &size)) {
                fprintf(stderr, "sim: where is the stack?\n");
                abort();
        }
        pthread_attr_destroy(&a);
        stack_low = low;
        stack_high = stack_low + size;
}

static void save_word(uint64_t *word)
{
        uint64_t was = *(volatile uint64_t *)word; /* first: it may be a bad address */
        uint64_t h = (uint64_t)(uintptr_t)word * UINT64_C(0x9e3779b97f4a7c15) >> 40;

        for (;; h++) {
                if (known[h % (2 * MOST)].generation != generation)
                        break;
                if (known[h % (2 * MOST)].word == word)
                        return;
        }
        if (count == MOST) {
                sim_fail(SIM_BROKEN, "more than %u words of globals written", MOST);
                return;
        }
        known[h % (2 * MOST)].word = word;
        known[h % (2 * MOST)].generation = generation;
        saved[count++] = (struct saved){word, was};
}

void globals_save(const void *p, size_t size)
{
        const char *c = p;
        uintptr_t first = (uintptr_t)p & ~(uintptr_t)7;

        if (!sim.running || (c >= stack_low && c < stack_high))
                return;
        for (uintptr_t at = first; at < (uintptr_t)p + size; at += 8)
                save_word((uint64_t *)at);
}

void globals_restore(void)
{
        for (unsigned i = 0; i < count; i++)
                *saved[i].word = saved[i].was;
        count = 0;
        generation++;
}
