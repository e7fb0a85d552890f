/* The concurrent cache, more keys: nothing is lost or found twice while it grows, is emptied and is
   copied. */
#include "cache_programs.h"

#define CACHE .ops = &cache_concurrent

enum {
        ONE_HOME = 193
}; /* a seed with which four buckets or less have A, B, C and D in the first */

CACHE_SCRIPT(same_key, CACHE, .task = {{SET(A, 1), GET(A)}, {SET(A, 2), GET(A)}})
CACHE_SCRIPT(three_keys, CACHE, .task = {{SET(A, 1)}, {SET(B, 2), GET(A)}, {SET(C, 3)}})
CACHE_SCRIPT(grows, CACHE, .first = {SET(A, 1)},
             .task = {{GET(A), GET(D)}, {SET(B, 2), SET(C, 3), SET(D, 4), SET(E, 5)}})
CACHE_SCRIPT(grows_under_set, CACHE, .first = {SET(A, 1)},
             .task = {{SET(A, 2), GET(A)}, {SET(B, 3), SET(C, 4), GET(A)}})
CACHE_SCRIPT(grows_under_delete, CACHE, .first = {SET(A, 1), SET(B, 2)},
             .task = {{DELETE(A), GET(A), GET(B)}, {SET(C, 3), SET(D, 4), GET(A)}})
/* Keys that stand in buckets further on, since their own are full. */
CACHE_SCRIPT(passed, CACHE, .options = {.seed = ONE_HOME},
             .first = {SET(A, 1), SET(B, 2), SET(C, 3), SET(D, 4)},
             .task = {{GET(C), GET(D), GET(B)}, {DELETE(A), SET(E, 5), DELETE(B)}})
CACHE_SCRIPT(copied, CACHE, .first = {SET(A, 1), SET(B, 2)},
             .task = {{SNAPSHOT}, {SET(A, 3), DELETE(B), SET(C, 4)}})
CACHE_SCRIPT(cleared, CACHE, .first = {SET(A, 1), SET(B, 2)},
             .task = {{SET(A, 3), GET(A), GET(B)}, {CLEAR, GET(A)}})
CACHE_SCRIPT(counted, CACHE, .first = {SET(A, 1)},
             .task = {{GET(A), GET(B)}, {SET(B, 2), GET(A)}, {STATS}})

const struct sim_program cache_table_programs[] = {
        {CACHE_PROGRAM(same_key, 2, "two insert one key"), .must_see = SEEN(1) | SEEN(2)},
        {CACHE_PROGRAM(three_keys, 3, "three insert one key each"), .bound = 2,
         .must_see = SEEN(0) | SEEN(1)},
        {CACHE_PROGRAM(grows, 2, "gets beside a table that grows"), .bound = 2,
         .must_see = SEEN(0) | SEEN(1) | SEEN(4)},
        {CACHE_PROGRAM(grows_under_set, 2, "set in place beside a table that grows"), .bound = 2,
         .must_see = SEEN(1) | SEEN(2)},
        {CACHE_PROGRAM(grows_under_delete, 2, "delete beside a table that grows"), .bound = 2,
         .must_see = SEEN(0) | SEEN(1) | SEEN(2)},
        {CACHE_PROGRAM(passed, 2, "gets of keys in full buckets, others of which go"), .bound = 2,
         .must_see = SEEN(0) | SEEN(2) | SEEN(3) | SEEN(4)},
        {CACHE_PROGRAM(copied, 2, "a snapshot beside set, delete, insert"), .bound = 2,
         .must_see = SEEN(0) | SEEN(1) | SEEN(2) | SEEN(3) | SEEN(4)},
        {CACHE_PROGRAM(cleared, 2, "set in place beside a clear"), .bound = 2,
         .must_see = SEEN(0) | SEEN(2) | SEEN(3)},
        {CACHE_PROGRAM(counted, 3, "statistics beside gets and an insert"), .bound = 2,
         .must_see = SEEN(0) | SEEN(1) | SEEN(2)},
        {0}};
