/*
 * A contestant of get_set that keeps its full caches from window to window. No include guard: one
 * file, one contestant. C and C++. The file has
 *     struct table                       the cache itself
 *     table_init(t, setup)               an empty one (struct cache_setup); 0 or -errno
 *     table_destroy(t)
 *     table_get(t, key, draw, value, bytes)
 *                                        1 and the value copied out to `value`, 0: no such key, -1:
 *                                        anything else
 *     table_set(t, key, draw, value, bytes)
 *                                        0 or -errno
 * May have: TABLE_COUNTS(t, counts), where the cache counts (struct cache_counts);
 * TABLE_CONTENTION(t, locks, contended), where it knows; TABLE_FREE_WAITING(), which frees what
 * only waits to be freed; and what loop.h may have.
 */

#include "cache/filled.h"

#define INIT kept_init
#define CHECK kept_check
#include "cache/loop.h"
