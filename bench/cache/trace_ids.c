/* Numbers for objects: a hash table with linear probing that doubles when it is half full. */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "cache/trace_reader.h"

struct trace_ids {
        uint64_t *object;
        uint32_t *number; /* plus 1; 0: a free place */
        size_t places;    /* a power of two */
        uint32_t n;
};

static bool with_places(struct trace_ids *ids, size_t places)
{
        *ids = (struct trace_ids){.places = places};
        ids->object = malloc(places * sizeof *ids->object);
        ids->number = calloc(places, sizeof *ids->number);
        if (ids->object && ids->number)
                return true;
        free(ids->object);
        free(ids->number);
        return false;
}

struct trace_ids *trace_ids_new(void)
{
        struct trace_ids *ids = malloc(sizeof *ids);

        if (ids && !with_places(ids, 1 << 12)) {
                free(ids);
                return NULL;
        }
        return ids;
}

void trace_ids_free(struct trace_ids *ids)
{
        if (!ids)
                return;
        free(ids->object);
        free(ids->number);
        free(ids);
}

/* The object's place, or the free one where it belongs. */
static size_t place_of(const struct trace_ids *ids, uint64_t object)
{
        size_t place = ct_hash_u64(object, 1) & (ids->places - 1);

        while (ids->number[place] && ids->object[place] != object)
                place = (place + 1) & (ids->places - 1);
        return place;
}

static bool grow(struct trace_ids *ids)
{
        struct trace_ids larger;
        size_t place;

        if (!with_places(&larger, ids->places * 2))
                return false;
        for (size_t i = 0; i < ids->places; i++) {
                if (!ids->number[i])
                        continue;
                place = place_of(&larger, ids->object[i]);
                larger.object[place] = ids->object[i];
                larger.number[place] = ids->number[i];
        }
        larger.n = ids->n;
        free(ids->object);
        free(ids->number);
        *ids = larger;
        return true;
}

bool trace_ids_number(struct trace_ids *ids, uint64_t object, uint32_t *number)
{
        size_t place = place_of(ids, object);

        if (!ids->number[place]) {
                if (ids->n >= ids->places / 2) {
                        if (!grow(ids))
                                return false;
                        place = place_of(ids, object);
                }
                ids->object[place] = object;
                ids->number[place] = ++ids->n;
        }
        *number = ids->number[place] - 1;
        return true;
}

uint32_t trace_ids_count(const struct trace_ids *ids)
{
        return ids->n;
}
