/* The caches of shards and the one over the concurrent map: what each has of its own. */
#include "cache_programs.h"

#define SHARDED .ops = &cache_sharded, .options = {.shards = 1}
#define RW_SHARDED .ops = &cache_rw_sharded, .options = {.shards = 1}
#define SYNCMAP .ops = &cache_syncmap

CACHE_SCRIPT(sharded, SHARDED, .first = {SET(A, 1)},
             .task = {{GET(A), SET(A, 2)}, {DELETE(A), GET(A)}, {SNAPSHOT}})
CACHE_SCRIPT(sharded_pinned, SHARDED, .first = {SET(A, 1)},
             .task = {{PIN(A), UNPIN, GET(A)}, {SET(A, 2), DELETE(A), SET(A, 3)}})
CACHE_SCRIPT(sharded_expires, .ops = &cache_sharded, .options = {.shards = 1, .ttl_ns = 100},
             .first = {SET(A, 1)},
             .task = {{PASS(100), EXPIRE, GET(A)}, {GET(A), SET(A, 2), GET(A)}})
CACHE_SCRIPT(rw_sharded, RW_SHARDED, .first = {SET(A, 1)},
             .task = {{GET(A), GET(A)}, {SET(A, 2), DELETE(A)}, {GET(A), STATS}})
CACHE_SCRIPT(rw_sharded_pinned, RW_SHARDED, .first = {SET(A, 1)},
             .task = {{PIN(A), UNPIN, GET(A)}, {SET(A, 2), DELETE(A), SET(A, 3)}})
CACHE_SCRIPT(syncmap, SYNCMAP, .first = {SET(A, 1)},
             .task = {{GET(A), GET(A)}, {SET(A, 2), DELETE(A), SET(A, 3)}})
CACHE_SCRIPT(syncmap_two_set, SYNCMAP, .first = {SET(A, 1)},
             .task = {{SET(A, 2), GET(A)}, {SET(A, 3), DELETE(A)}})
CACHE_SCRIPT(syncmap_pinned, SYNCMAP, .first = {SET(A, 1)},
             .task = {{PIN(A), UNPIN, GET(A)}, {SET(A, 2), SET(A, 3), DELETE(A)}})
CACHE_SCRIPT(syncmap_expires, .ops = &cache_syncmap, .options = {.ttl_ns = 100},
             .first = {SET(A, 1)},
             .task = {{PASS(100), EXPIRE, GET(A)}, {GET(A), SET(A, 2), GET(A)}})
CACHE_SCRIPT(syncmap_copied, SYNCMAP, .first = {SET(A, 1), SET(B, 2)},
             .task = {{SNAPSHOT, STATS}, {SET(A, 3), DELETE(B), SET(C, 4)}})
CACHE_SCRIPT(syncmap_counted, SYNCMAP, .task = {{SET(A, 2), GET(A)}, {DELETE(A)}, {STATS}})

const struct sim_program cache_locked_programs[] = {
        {CACHE_PROGRAM(sharded, 3, "get, set, delete, snapshot under a mutex"), .bound = 2,
         .must_see = SEEN(0) | SEEN(1) | SEEN(2)},
        {CACHE_PROGRAM(sharded_pinned, 2, "a value stays in place while its key goes"), .bound = 2,
         .must_see = SEEN(0) | SEEN(1) | SEEN(2) | SEEN(3)},
        {CACHE_PROGRAM(sharded_expires, 2, "expire beside a set of what has expired"), .bound = 2,
         .must_see = SEEN(0) | SEEN(1) | SEEN(2)},
        {CACHE_PROGRAM(rw_sharded, 3, "gets at once, set, delete, under a readers-writer mutex"),
         .bound = 2, .must_see = SEEN(0) | SEEN(1) | SEEN(2)},
        {CACHE_PROGRAM(rw_sharded_pinned, 2, "a value stays in place while its key goes"),
         .bound = 2, .must_see = SEEN(0) | SEEN(1) | SEEN(2) | SEEN(3)},
        {CACHE_PROGRAM(syncmap, 2, "gets beside set, delete, set"), .bound = 2,
         .must_see = SEEN(0) | SEEN(1) | SEEN(2) | SEEN(3)},
        {CACHE_PROGRAM(syncmap_two_set, 2, "two set one key, one of them deletes it"), .bound = 2,
         .must_see = SEEN(0) | SEEN(2) | SEEN(3)},
        {CACHE_PROGRAM(syncmap_pinned, 2, "a value stays in place while its key goes"), .bound = 2,
         .must_see = SEEN(0) | SEEN(1) | SEEN(2)},
        {CACHE_PROGRAM(syncmap_expires, 2, "expire beside a set of what has expired"), .bound = 2,
         .must_see = SEEN(0) | SEEN(1) | SEEN(2)},
        {CACHE_PROGRAM(syncmap_copied, 2, "a snapshot beside set, delete, insert"), .bound = 2,
         .must_see = SEEN(0) | SEEN(1) | SEEN(2) | SEEN(3) | SEEN(4)},
        {CACHE_PROGRAM(syncmap_counted, 3, "statistics beside set and delete"), .bound = 2,
         .must_see = SEEN(0) | SEEN(2)},
        {0}};
