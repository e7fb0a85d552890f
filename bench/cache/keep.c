#include <stdio.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "cache/workload.h"

/* A quarter of the machine's memory: one cache of 4 million keys with 1024 bytes takes 5 GB. */
enum { SHARE_OF_MEMORY = 4, OTHERS_LEAST = 512 << 10 };

static struct cache_keep *kept;
static uint64_t turn;

static uint64_t budget(void)
{
        long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);

        return pages > 0 && page > 0 ? (uint64_t)pages * (uint64_t)page / SHARE_OF_MEMORY : 0;
}

static uint64_t bytes_kept(void)
{
        uint64_t bytes = 0;

        for (struct cache_keep *k = kept; k; k = k->next)
                bytes += k->bytes;
        return bytes;
}

static struct cache_keep *used_longest_ago(void)
{
        struct cache_keep *oldest = kept;

        for (struct cache_keep *k = kept; k; k = k->next)
#ifdef CT_PLANT_cache_keep_drops_newest
                if (k->turn > oldest->turn)
                        oldest = k;
#else
                if (k->turn < oldest->turn)
                        oldest = k;
#endif
        return oldest;
}

void cache_keep_room(uint64_t bytes)
{
        while (kept && bytes_kept() + bytes > budget()) {
                struct cache_keep *k = used_longest_ago();

                k->empty(k);
                cache_keep_remove(k);
        }
}

void cache_keep_add(struct cache_keep *keep)
{
        cache_keep_remove(keep);
        keep->turn = ++turn;
        keep->next = kept;
        kept = keep;
}

void cache_keep_remove(struct cache_keep *keep)
{
        struct cache_keep **at = &kept;

        while (*at && *at != keep)
                at = &(*at)->next;
        if (*at)
                *at = keep->next;
}

#ifdef __GLIBC__
/* By the kernel's walk through the page tables: its counters are late by hundreds of pages. */
static int64_t resident_bytes(void)
{
        FILE *f = fopen("/proc/self/smaps_rollup", "re");
        char line[128];
        long long kb = 0;

        while (f && fgets(line, sizeof line, f))
                if (sscanf(line, "Anonymous: %lld kB", &kb) == 1)
                        break;
        if (f)
                fclose(f);
        return (int64_t)kb * 1024;
}

struct cache_memory cache_memory_now(void)
{
        int64_t resident = resident_bytes();
        struct mallinfo2 m = mallinfo2();

        return (struct cache_memory){.malloced = (int64_t)(m.uordblks + m.hblkhd),
                                     .others = resident - (int64_t)(m.arena + m.hblkhd)};
}
#else
struct cache_memory cache_memory_now(void)
{
        return (struct cache_memory){0};
}
#endif

double cache_bytes_per_entry(const struct cache_memory *since, uint64_t entries)
{
        struct cache_memory now = cache_memory_now();
        int64_t others = now.others - since->others;

        if (!since->malloced || !entries)
                return NAN;
        /* What malloc has from the system and nobody has touched yet makes `others` a little too
           small; somebody's own mapping is far larger than that. */
        return (double)(now.malloced - since->malloced + (others > OTHERS_LEAST ? others : 0)) /
               (double)entries;
}
