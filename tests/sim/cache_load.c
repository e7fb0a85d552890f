/* get_or_load: one load for all who miss, an answer for each of them, nothing older than a delete.
 */
#include "cache_programs.h"

CACHE_SCRIPT(load_two, .ops = &cache_concurrent, .loads = 1, .task = {{LOAD(A), GET(A)}, {LOAD(A)}})
CACHE_SCRIPT(load_three, .ops = &cache_concurrent, .loads = 1,
             .task = {{LOAD(A)}, {LOAD(A)}, {LOAD(A)}})
CACHE_SCRIPT(load_fails, .ops = &cache_concurrent, .loads = 2,
             .task = {{LOAD_FAILS(A)}, {LOAD(A), GET(A)}})
CACHE_SCRIPT(load_breaks, .ops = &cache_concurrent, .loads = 2,
             .task = {{LOAD_BREAKS(A), GET(A)}, {LOAD(A), LOAD(A)}})
CACHE_SCRIPT(load_timed, .ops = &cache_concurrent, .loads = 1,
             .task = {{LOAD(A)}, {LOAD_TIMED(A), GET(A)}})
CACHE_SCRIPT(load_deleted, .ops = &cache_concurrent, .loads = 2,
             .task = {{LOAD(A)}, {DELETE(A), LOAD(A)}})
CACHE_SCRIPT(load_set, .ops = &cache_concurrent, .loads = 1,
             .task = {{LOAD(A), GET(A)}, {SET(A, 1), GET(A)}})
CACHE_SCRIPT(load_other, .ops = &cache_concurrent, .loads = 2,
             .task = {{LOAD(A), GET(B)}, {LOAD(B), GET(A)}})
CACHE_SCRIPT(load_expired, .ops = &cache_concurrent, .options = {.ttl_ns = 100}, .loads = 1,
             .first = {SET(A, 1), PASS(100)}, .task = {{LOAD(A), GET(A)}, {GET(A), LOAD(A)}})
CACHE_SCRIPT(sharded_load, .ops = &cache_sharded, .options = {.shards = 1}, .loads = 1,
             .task = {{LOAD(A)}, {LOAD(A), GET(A)}})
CACHE_SCRIPT(rw_sharded_load, .ops = &cache_rw_sharded, .options = {.shards = 1}, .loads = 1,
             .task = {{LOAD(A)}, {LOAD(A), GET(A)}})
CACHE_SCRIPT(syncmap_load, .ops = &cache_syncmap, .loads = 2,
             .task = {{LOAD(A)}, {DELETE(A), LOAD(A)}})

#define ONE_LOADS SEEN(SAW_LED) | SEEN(SAW_JOINED)

const struct sim_program cache_load_programs[] = {
        {CACHE_PROGRAM(load_two, 2, "two miss, one loads"), .must_see = ONE_LOADS},
        {CACHE_PROGRAM(load_three, 3, "three miss, one loads"), .bound = 2, .must_see = ONE_LOADS},
        {CACHE_PROGRAM(load_fails, 2, "a loader fails, the next caller loads anew"), .bound = 2,
         .must_see = SEEN(SAW_LED) | SEEN(SAW_FAILED)},
        {CACHE_PROGRAM(load_breaks, 2, "a loader does not return"), .bound = 2,
         .must_see = ONE_LOADS | SEEN(SAW_FAILED) | SEEN(0)},
        {CACHE_PROGRAM(load_timed, 2, "one who waits gives up"), .bound = 2,
         .must_see = ONE_LOADS | SEEN(SAW_TIMED_OUT)},
        {CACHE_PROGRAM(load_deleted, 2, "the key is deleted, then asked for, while it is loaded"),
         .bound = 2, .must_see = ONE_LOADS},
        {CACHE_PROGRAM(load_set, 2, "the key is set while it is loaded"), .bound = 2,
         .must_see = ONE_LOADS | SEEN(1)},
        {CACHE_PROGRAM(load_other, 2, "two load two keys"), .bound = 2, .must_see = SEEN(SAW_LED)},
        {CACHE_PROGRAM(load_expired, 2, "one load of what has expired"), .bound = 2,
         .must_see = ONE_LOADS | SEEN(0)},
        {CACHE_PROGRAM(sharded_load, 2, "two miss, one loads; under a mutex"),
         .must_see = ONE_LOADS},
        {CACHE_PROGRAM(rw_sharded_load, 2, "the same under a readers-writer mutex"), .bound = 2,
         .must_see = ONE_LOADS},
        {CACHE_PROGRAM(syncmap_load, 2, "the same over the concurrent map, beside a delete"),
         .bound = 2, .must_see = ONE_LOADS},
        {0}};
