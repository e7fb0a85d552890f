/*
 * A copy of entries, packed into one block of memory.
 *
 *      struct ct_snapshot s;
 *      struct ct_snapshot_entry e = {0};
 *      if (!ct_guide_mutex_cache_snapshot(&c, &s)) {
 *              while (ct_snapshot_next(&s, &e))
 *                      print(e.key, e.key_size, e.value, e.value_size);
 *              ct_snapshot_free(&s);
 *      }
 *
 * Who may call: its owner; several threads may read one. Zero bytes are a valid empty snapshot.
 * Ownership: whoever asked for it frees it; freeing an empty one is fine. Keys and values point
 *      into it; a value is aligned to 8 bytes.
 */
#ifndef CT_CACHE_SNAPSHOT_H
#define CT_CACHE_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cache/hashmap.h"

struct ct_snapshot {
        size_t entries;
        char *bytes; /* private from here on */
        size_t used, room;
};

struct ct_snapshot_entry {
        const void *key, *value;
        size_t key_size, value_size;
        size_t next; /* private */
};

/* Steps to the first entry from {0}, then to the next: false after the last. */
bool ct_snapshot_next(const struct ct_snapshot *s, struct ct_snapshot_entry *e);

void ct_snapshot_free(struct ct_snapshot *s);

/* Not for users: room for that many more entries, whose keys and values have so many bytes. 0 or
   -ENOMEM, with *s as it was. */
int ct_snapshot_room_(struct ct_snapshot *s, size_t entries, size_t bytes);

/* Not for users: room for the whole map, then its entries one by one. */
int ct_snapshot_reserve_(struct ct_snapshot *s, const struct ct_hashmap *m);
void ct_snapshot_add_(struct ct_snapshot *s, const void *key, size_t key_size, const void *value,
                      size_t value_size);

/* Not for users: appends all of a map that nobody changes meanwhile. 0 or -ENOMEM. */
int ct_snapshot_append_(struct ct_snapshot *s, const struct ct_hashmap *m);

#endif
