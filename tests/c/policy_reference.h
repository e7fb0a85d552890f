/*
 * What lib/cache/policy.c must do, said as slowly and plainly as possible and without a look at it:
 * arrays, oldest first, that are searched from the beginning and moved up one by one. A key is its
 * own identity here, where the policies go by nodes and hashes.
 */
#ifndef CT_TESTS_POLICY_REFERENCE_H
#define CT_TESTS_POLICY_REFERENCE_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cache/cache.h"

enum { REF_NONE = -1, REF_ROOM = 4096, REF_GHOSTS = 1 << 20 };

struct ref_item {
        int key;
        size_t bytes;
        int mark;
};

struct ref_line {
        struct ref_item at[REF_ROOM];
        int n;
};

struct ref {
        enum ct_cache_policy kind;
        size_t max_entries, max_bytes; /* 0: not bounded by it */
        struct ref_line line;          /* S3-FIFO: its small queue */
        struct ref_line main;          /* S3-FIFO only */
        int hand;                      /* SIEVE: the key it points at, or REF_NONE */
        int *ghost; /* S3-FIFO: all that ever left the small queue, or REF_NONE */
        int ghosts;
        size_t ghost_room;
};

static inline struct ref *ref_new(enum ct_cache_policy kind, size_t max_entries, size_t max_bytes)
{
        struct ref *r = calloc(1, sizeof *r);
        size_t main = max_entries - max_entries / 10;

        r->kind = kind;
        r->max_entries = max_entries;
        r->max_bytes = max_bytes;
        r->hand = REF_NONE;
        r->ghost = malloc(REF_GHOSTS * sizeof *r->ghost);
        if (!max_bytes)
                r->ghost_room = main;
        else
                r->ghost_room = max_entries && main < 64 ? main : 64;
        return r;
}

static inline void ref_free(struct ref *r)
{
        free(r->ghost);
        free(r);
}

static inline int line_index(const struct ref_line *l, int key)
{
        for (int i = 0; i < l->n; i++)
                if (l->at[i].key == key)
                        return i;
        return REF_NONE;
}

static inline struct ref_item line_remove(struct ref_line *l, int i)
{
        struct ref_item item = l->at[i];

        l->n--;
        memmove(&l->at[i], &l->at[i + 1], (size_t)(l->n - i) * sizeof *l->at);
        return item;
}

static inline void line_append(struct ref_line *l, struct ref_item item)
{
        l->at[l->n++] = item;
}

static inline size_t line_bytes(const struct ref_line *l)
{
        size_t sum = 0;

        for (int i = 0; i < l->n; i++)
                sum += l->at[i].bytes;
        return sum;
}

static inline int ref_entries(const struct ref *r)
{
        return r->line.n + r->main.n;
}

static inline size_t ref_bytes(const struct ref *r)
{
        return line_bytes(&r->line) + line_bytes(&r->main);
}

static inline struct ref_item *ref_find(struct ref *r, int key)
{
        int i = line_index(&r->line, key);

        if (i != REF_NONE)
                return &r->line.at[i];
        i = line_index(&r->main, key);
        return i != REF_NONE ? &r->main.at[i] : NULL;
}

/* The index of the oldest but `keep`; REF_NONE: there is no other. */
static inline int line_oldest(const struct ref_line *l, int keep)
{
        int i = l->n && l->at[0].key == keep ? 1 : 0;

        return i < l->n ? i : REF_NONE;
}

static inline int ref_clock(struct ref *r, int keep)
{
        for (;;) {
                struct ref_item item = line_remove(&r->line, line_oldest(&r->line, keep));

                if (!item.mark)
                        return item.key;
                item.mark = 0;
                line_append(&r->line, item);
        }
}

static inline int ref_sieve(struct ref *r, int keep)
{
        struct ref_line *l = &r->line;
        int i = r->hand == REF_NONE ? 0 : line_index(l, r->hand), key;

        while (l->at[i].key == keep || l->at[i].mark) {
                if (l->at[i].key != keep)
                        l->at[i].mark = 0;
                i = (i + 1) % l->n;
        }
        r->hand = i + 1 < l->n ? l->at[i + 1].key : REF_NONE;
        key = l->at[i].key;
        line_remove(l, i);
        return key;
}

static inline void ref_ghost_add(struct ref *r, int key)
{
        size_t entries = (size_t)ref_entries(r), wanted = entries - entries / 10;
        size_t most = r->max_entries ? r->max_entries - r->max_entries / 10 : SIZE_MAX;

        if (r->ghost_room < wanted) /* what is forgotten by now stays forgotten */
                for (int i = 0; i < r->ghosts - (int)r->ghost_room; i++)
                        r->ghost[i] = REF_NONE;
        while (r->ghost_room < wanted && r->ghost_room < most)
                r->ghost_room = r->ghost_room * 2 < most ? r->ghost_room * 2 : most;
        if (r->ghosts == REF_GHOSTS)
                abort();
        r->ghost[r->ghosts++] = key;
}

/* Among the last ghost_room that were added, and not taken since. */
static inline bool ref_ghost_take(struct ref *r, int key)
{
        for (int i = r->ghosts; i-- > 0 && (size_t)(r->ghosts - i) <= r->ghost_room;) {
                if (r->ghost[i] == key) {
                        r->ghost[i] = REF_NONE;
                        return true;
                }
        }
        return false;
}

static inline int ref_from_small(struct ref *r, int keep)
{
        for (;;) {
                int i = line_oldest(&r->line, keep);
                struct ref_item item;

                if (i == REF_NONE)
                        return REF_NONE;
                if (r->line.at[i].mark <= 1)
                        ref_ghost_add(r, r->line.at[i].key);
                item = line_remove(&r->line, i);
                if (item.mark <= 1)
                        return item.key;
                item.mark = 0;
                line_append(&r->main, item);
        }
}

static inline int ref_from_main(struct ref *r, int keep)
{
        for (;;) {
                int i = line_oldest(&r->main, keep);
                struct ref_item item;

                if (i == REF_NONE)
                        return REF_NONE;
                item = line_remove(&r->main, i);
                if (!item.mark)
                        return item.key;
                item.mark--;
                line_append(&r->main, item);
        }
}

static inline int ref_s3fifo(struct ref *r, int keep, bool by_bytes)
{
        bool small = by_bytes ? line_bytes(&r->line) >= r->max_bytes / 10
                              : (size_t)r->line.n >= r->max_entries / 10;
        int key = small ? ref_from_small(r, keep) : REF_NONE;

        if (key == REF_NONE)
                key = ref_from_main(r, keep);
        return key == REF_NONE ? ref_from_small(r, keep) : key;
}

/* Evicts one; its key. */
static inline int ref_evict(struct ref *r, int keep, bool by_bytes)
{
        switch (r->kind) {
        case CT_CACHE_CLOCK:
                return ref_clock(r, keep);
        case CT_CACHE_SIEVE:
                return ref_sieve(r, keep);
        case CT_CACHE_S3FIFO:
                return ref_s3fifo(r, keep, by_bytes);
        default:
                return line_remove(&r->line, line_oldest(&r->line, keep)).key;
        }
}

/* The next that has to go for a new one of `bytes`, which is gone then; REF_NONE: there is room. */
static inline int ref_victim(struct ref *r, size_t bytes)
{
        if (r->max_entries && (size_t)ref_entries(r) >= r->max_entries)
                return ref_evict(r, REF_NONE, false);
        if (r->max_bytes && ref_bytes(r) + bytes > r->max_bytes)
                return ref_evict(r, REF_NONE, true);
        return REF_NONE;
}

/* The same for the key's own bytes becoming `bytes`. */
static inline int ref_victim_for(struct ref *r, int key, size_t bytes)
{
        if (r->max_bytes && ref_bytes(r) - ref_find(r, key)->bytes + bytes > r->max_bytes)
                return ref_evict(r, key, true);
        return REF_NONE;
}

static inline void ref_insert(struct ref *r, int key, size_t bytes)
{
        struct ref_item item = {.key = key, .bytes = bytes};

        if (r->kind == CT_CACHE_S3FIFO && ref_ghost_take(r, key))
                line_append(&r->main, item);
        else
                line_append(&r->line, item);
}

static inline void ref_touch(struct ref *r, int key)
{
        struct ref_item *item = ref_find(r, key);

        if (r->kind == CT_CACHE_LRU)
                line_append(&r->line, line_remove(&r->line, line_index(&r->line, key)));
        else if (item->mark < (r->kind == CT_CACHE_S3FIFO ? 3 : 1))
                item->mark++;
}

static inline void ref_replace(struct ref *r, int key, size_t bytes)
{
        ref_find(r, key)->bytes = bytes;
        ref_touch(r, key);
}

static inline void ref_remove(struct ref *r, int key)
{
        int i = line_index(&r->line, key);

        if (r->kind == CT_CACHE_SIEVE && r->hand == key)
                r->hand = i + 1 < r->line.n ? r->line.at[i + 1].key : REF_NONE;
        if (i != REF_NONE)
                line_remove(&r->line, i);
        else
                line_remove(&r->main, line_index(&r->main, key));
}

static inline void ref_clear(struct ref *r)
{
        r->line.n = r->main.n = 0;
        r->hand = REF_NONE;
        for (int i = 0; i < r->ghosts; i++)
                r->ghost[i] = REF_NONE;
}

#endif
