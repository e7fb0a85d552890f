#include "cache/snapshot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* An entry: its two sizes as uint32_t, the value filled up to 8 bytes, the key filled up to 8. */
enum { HEAD = 8 };

static size_t filled(size_t size)
{
        return (size + 7) / 8 * 8;
}

int ct_snapshot_room_(struct ct_snapshot *s, size_t entries, size_t bytes)
{
        size_t need = s->used + bytes + entries * (HEAD + 7 + 7);
        char *to;

        if (need <= s->room)
                return 0;
        need = need < 2 * s->room ? 2 * s->room : need; /* shard after shard: not a copy for each */
        to = realloc(s->bytes, need);
        if (!to)
                return -ENOMEM;
        s->bytes = to;
        s->room = need;
        return 0;
}

int ct_snapshot_reserve_(struct ct_snapshot *s, const struct ct_hashmap *m)
{
        return ct_snapshot_room_(s, m->n, m->bytes);
}

void ct_snapshot_add_(struct ct_snapshot *s, const void *key, size_t key_size, const void *value,
                      size_t value_size)
{
        uint32_t sizes[2] = {(uint32_t)key_size, (uint32_t)value_size};
        char *to = s->bytes + s->used;

        memcpy(to, sizes, sizeof sizes);
        if (value_size)
                memcpy(to + HEAD, value, value_size);
        if (key_size)
                memcpy(to + HEAD + filled(value_size), key, key_size);
        s->used += HEAD + filled(value_size) + filled(key_size);
        s->entries++;
}

int ct_snapshot_append_(struct ct_snapshot *s, const struct ct_hashmap *m)
{
        struct ct_hashmap_walk w = {0};
        struct ct_hashmap_entry *e;

        if (ct_snapshot_reserve_(s, m))
                return -ENOMEM;
        while ((e = ct_hashmap_next(m, &w)))
                ct_snapshot_add_(s, ct_hashmap_key(e), e->key_size, ct_hashmap_value(e),
                                 e->value_size);
        return 0;
}

bool ct_snapshot_next(const struct ct_snapshot *s, struct ct_snapshot_entry *e)
{
        const char *from = s->bytes + e->next;
        uint32_t sizes[2];

        if (e->next >= s->used)
                return false;
        memcpy(sizes, from, sizeof sizes);
        e->key_size = sizes[0];
        e->value_size = sizes[1];
        e->value = from + HEAD;
        e->key = from + HEAD + filled(e->value_size);
        e->next += HEAD + filled(e->value_size) + filled(e->key_size);
        return true;
}

void ct_snapshot_free(struct ct_snapshot *s)
{
        free(s->bytes);
        *s = (struct ct_snapshot){0};
}
