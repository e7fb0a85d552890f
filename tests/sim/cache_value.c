/* The concurrent cache, one key: whole values and none older than what was seen, while others write
   in place, replace, delete and pin. */
#include "cache_programs.h"

#define CACHE .ops = &cache_concurrent

/* More words than an entry has room for twice. */
enum { LONG = 12 };

CACHE_SCRIPT(in_place, CACHE, .first = {SET(A, 1)},
             .task = {{GET(A), GET(A)}, {SET(A, 2), SET(A, 3)}})
/* Both rooms are written over under a get that has just begun. */
CACHE_SCRIPT(in_place_4, CACHE, .first = {SET(A, 1)},
             .task = {{GET(A)}, {SET(A, 2), SET(A, 3), SET(A, 4)}})
CACHE_SCRIPT(two_set, CACHE, .first = {SET(A, 1)},
             .task = {{SET(A, 2), GET(A)}, {SET(A, 3), GET(A)}})
CACHE_SCRIPT(two_set_one_gets, CACHE, .first = {SET(A, 1)},
             .task = {{SET(A, 2)}, {SET(A, 3)}, {GET(A), GET(A)}})
CACHE_SCRIPT(replaced, CACHE, .first = {SET(A, 1)},
             .task = {{GET(A), GET(A)}, {SET_WORDS(A, 2, LONG), SET_WORDS(A, 3, LONG), SET(A, 4)}})
CACHE_SCRIPT(replaced_under_set, CACHE, .first = {SET(A, 1)},
             .task = {{SET(A, 2), GET(A)}, {SET_WORDS(A, 3, 4), GET(A)}})
CACHE_SCRIPT(deleted, CACHE, .first = {SET(A, 1)},
             .task = {{GET(A), GET(A)}, {DELETE(A), SET(A, 2), DELETE(A)}})
CACHE_SCRIPT(deleted_under_set, CACHE, .first = {SET(A, 1)},
             .task = {{SET(A, 2), GET(A)}, {DELETE(A), GET(A)}})
CACHE_SCRIPT(two_delete, CACHE, .first = {SET(A, 1)},
             .task = {{DELETE(A), SET(A, 2)}, {DELETE(A), GET(A)}})
CACHE_SCRIPT(pinned, CACHE, .first = {SET(A, 1)},
             .task = {{PIN(A), GET(A), UNPIN}, {SET(A, 2), SET(A, 3), GET(A)}})
CACHE_SCRIPT(pinned_deleted, CACHE, .first = {SET(A, 1)},
             .task = {{PIN(A), UNPIN, GET(A)}, {DELETE(A), SET(A, 2), DELETE(A), SET(B, 3)}})
CACHE_SCRIPT(pinned_twice, CACHE, .first = {SET(A, 1)},
             .task = {{PIN(A), UNPIN}, {PIN(A), UNPIN, SET(A, 2)}, {DELETE(A), SET(A, 3)}})

CACHE_SCRIPT(in_place_late, CACHE, .first = {SET(A, 1)},
             .task = {{GET(A), GET(A)}, {SET(A, 2), SET(A, 3)}})
CACHE_SCRIPT(deleted_late, CACHE, .first = {SET(A, 1)},
             .task = {{GET(A)}, {DELETE(A), SET(A, 2), DELETE(A)}})
CACHE_SCRIPT(pinned_late, CACHE, .first = {SET(A, 1)},
             .task = {{PIN(A), UNPIN}, {SET(A, 2), SET(A, 3)}})
CACHE_SCRIPT(deleted_exchange, CACHE, .first = {SET(A, 1)},
             .task = {{GET(A), GET(A)}, {DELETE(A), SET(A, 2), DELETE(A)}})

const struct sim_program cache_value_programs[] = {
        {CACHE_PROGRAM(in_place, 2, "two gets beside two sets in place"),
         .must_see = SEEN(1) | SEEN(2) | SEEN(3)},
        {CACHE_PROGRAM(in_place_4, 2, "a get beside three sets in place"),
         .must_see = SEEN(1) | SEEN(2) | SEEN(3) | SEEN(4)},
        {CACHE_PROGRAM(two_set, 2, "two set one key in place"), .must_see = SEEN(2) | SEEN(3)},
        {CACHE_PROGRAM(two_set_one_gets, 3, "the same beside two gets"), .bound = 2,
         .must_see = SEEN(1) | SEEN(2) | SEEN(3)},
        {CACHE_PROGRAM(replaced, 2, "gets of a value that is replaced"), .bound = 2,
         .must_see = SEEN(1) | SEEN(2) | SEEN(3) | SEEN(4)},
        {CACHE_PROGRAM(replaced_under_set, 2, "set in place while another replaces the entry"),
         .bound = 2, .must_see = SEEN(2) | SEEN(3)},
        {CACHE_PROGRAM(deleted, 2, "gets beside delete, set, delete"), .bound = 2,
         .must_see = SEEN(0) | SEEN(1) | SEEN(2)},
        {CACHE_PROGRAM(deleted_under_set, 2, "set in place while another deletes"),
         .must_see = SEEN(0) | SEEN(2)},
        {CACHE_PROGRAM(two_delete, 2, "two delete, one of them sets again"),
         .must_see = SEEN(0) | SEEN(2)},
        {CACHE_PROGRAM(pinned, 2, "a value stays in place while others are set"), .bound = 2,
         .must_see = SEEN(1) | SEEN(2) | SEEN(3)},
        {CACHE_PROGRAM(pinned_deleted, 2, "a value stays in place while its key goes"), .bound = 2,
         .must_see = SEEN(0) | SEEN(1) | SEEN(2)},
        {CACHE_PROGRAM(pinned_twice, 3, "two hold a value that goes"), .bound = 2,
         .must_see = SEEN(0) | SEEN(1)},
        {CACHE_LATE(in_place_late, 2, "gets beside sets in place, late stores")},
        {CACHE_LATE(deleted_late, 2, "gets beside delete and set, late stores")},
        {CACHE_LATE(pinned_late, 2, "a value stays in place, late stores")},
        {CACHE_ANY(deleted_exchange, 2, "gets beside delete and set without asymmetric fences"),
         .bound = 2, .faults = -1},
        {0}};
