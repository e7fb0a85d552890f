/*
 * A bump allocator with one mark per 16 bytes: never given out, live, freed.
 */
#include "sim/engine.h"

#include <stdint.h>
#include <string.h>

#define GRAIN 16u

enum mark { UNKNOWN, LIVE, FREED };

void *ct_sim_malloc_(size_t size);
void *ct_sim_calloc_(size_t n, size_t size);
void *ct_sim_realloc_(void *p, size_t size);
void *ct_sim_aligned_alloc_(size_t align, size_t size);
void ct_sim_free_(void *p);

static uint8_t mark[ARENA_BYTES / GRAIN];
static size_t used; /* bytes of the arena, whole grains */
static unsigned blocks;

void heap_reset(void)
{
        memset(mark, UNKNOWN, used / GRAIN);
        used = 0;
        blocks = 0;
}

unsigned heap_blocks(void)
{
        return blocks;
}

bool heap_live(const void *p)
{
        return mark[(size_t)((const char *)p - sim.arena) / GRAIN] == LIVE;
}

/* A block is one unmarked grain with its size, then its bytes. */
void *ct_sim_aligned_alloc_(size_t align, size_t size)
{
        size_t bytes = (size + GRAIN - 1) / GRAIN * GRAIN, start = used + GRAIN;
        char *p;

        if (!sim.running)
                return NULL;
        align = align < GRAIN ? GRAIN : align;
        start = (start + align - 1) / align * align;
        bytes = bytes ? bytes : GRAIN;
        if (start + bytes > ARENA_BYTES) {
                sim_fail(SIM_BROKEN, "the program needs more than %u bytes", ARENA_BYTES);
                return NULL;
        }
        p = sim.arena + start;
        *(size_t *)(p - GRAIN) = bytes;
        memset(mark + start / GRAIN, LIVE, bytes / GRAIN);
        memset(p, 0xa5, bytes); /* nobody may count on zeros */
        used = start + bytes;
        blocks++;
        return p;
}

void *ct_sim_malloc_(size_t size)
{
        return ct_sim_aligned_alloc_(GRAIN, size);
}

void *ct_sim_calloc_(size_t n, size_t size)
{
        void *p = ct_sim_malloc_(n * size);

        return p ? memset(p, 0, n * size) : NULL;
}

void *ct_sim_realloc_(void *p, size_t size)
{
        void *q = ct_sim_malloc_(size);

        if (p && q) {
                size_t old = *(size_t *)((char *)p - GRAIN);

                memcpy(q, p, old < size ? old : size);
                ct_sim_free_(p);
        }
        return q;
}

void ct_sim_free_(void *p)
{
        char *c = p;
        size_t bytes;

        if (!p || !sim.running)
                return;
        if (c < sim.arena || c >= sim.stacks || !heap_live(p)) {
                sim_fail(SIM_USE_AFTER_FREE, "task %u frees what is not allocated",
                         sim.current->number);
                return;
        }
        bytes = *(size_t *)(c - GRAIN);
        memset(mark + (size_t)(c - sim.arena) / GRAIN, FREED, bytes / GRAIN);
        memset(p, 0xdd, bytes); /* whoever reads it still, reads nonsense */
        blocks--;
}
