/* The concurrent cache, values of one word: they stand in the table itself, where a set is one
   store. What it may not do is to be lost. */
#include "cache_programs.h"

#define CACHE .ops = &cache_concurrent, .words = 1

CACHE_SCRIPT(word, CACHE, .first = {SET(A, 1)}, .task = {{GET(A), GET(A)}, {SET(A, 2), SET(A, 3)}})
CACHE_SCRIPT(word_two_set, CACHE, .first = {SET(A, 1)},
             .task = {{SET(A, 2), GET(A)}, {SET(A, 3), GET(A)}, {GET(A)}})
CACHE_SCRIPT(word_inserted, CACHE, .task = {{SET(A, 1), GET(A)}, {SET(A, 2), GET(A)}})
CACHE_SCRIPT(word_deleted, CACHE, .first = {SET(A, 1)},
             .task = {{SET(A, 2), GET(A)}, {DELETE(A), SET(A, 3), GET(A)}})
CACHE_SCRIPT(word_deleted_twice, CACHE, .first = {SET(A, 1)},
             .task = {{GET(A), GET(A)}, {DELETE(A), SET(A, 2), DELETE(A), SET(A, 3), DELETE(A)}})
CACHE_SCRIPT(word_widened, CACHE, .first = {SET(A, 1)},
             .task = {{SET(A, 2), GET(A)}, {SET_WORDS(A, 3, 2), SET_WORDS(A, 4, 2), GET(A)}})
CACHE_SCRIPT(word_narrowed, CACHE, .first = {SET_WORDS(A, 1, 2)},
             .task = {{SET_WORDS(A, 2, 2), GET(A)}, {SET(A, 3), SET(A, 4)}})
CACHE_SCRIPT(word_pinned, CACHE, .first = {SET(A, 1)},
             .task = {{PIN(A), UNPIN}, {SET(A, 2), GET(A)}})
CACHE_SCRIPT(word_pinned_deleted, CACHE, .first = {SET(A, 1)},
             .task = {{PIN(A), UNPIN, GET(A)}, {DELETE(A), SET(A, 2)}})
CACHE_SCRIPT(word_grows, CACHE, .first = {SET(A, 1)},
             .task = {{SET(A, 2), GET(A)}, {SET(B, 3), SET(C, 4), SET(D, 5), GET(A)}})
CACHE_SCRIPT(word_grows_3, CACHE, .first = {SET(A, 1), SET(B, 2)},
             .task = {{SET(A, 3), GET(A)}, {SET(C, 4)}, {SET(D, 5), GET(A)}})
CACHE_SCRIPT(word_read_grows, CACHE, .first = {SET(A, 1)},
             .task = {{GET(A), GET(D), GET(A)}, {SET(B, 2), SET(C, 3), SET(D, 4), SET(E, 5)}})
CACHE_SCRIPT(word_buried, CACHE, .first = {SET(A, 1), SET(B, 2)},
             .task = {{GET(A), SET(A, 3), GET(A)}, {DELETE(B), SET(B, 4), DELETE(B), SET(C, 5)}})
CACHE_SCRIPT(word_copied, CACHE, .first = {SET(A, 1), SET(B, 2)},
             .task = {{SNAPSHOT}, {SET(A, 3), DELETE(B), SET(C, 4)}})
CACHE_SCRIPT(word_cleared, CACHE, .first = {SET(A, 1), SET(B, 2)},
             .task = {{SET(A, 3), GET(A), GET(B)}, {CLEAR, GET(A)}})
CACHE_SCRIPT(word_loaded, CACHE, .loads = 1, .task = {{LOAD(A), GET(A)}, {LOAD(A)}})
CACHE_SCRIPT(word_late, CACHE, .first = {SET(A, 1)},
             .task = {{SET(A, 2)}, {SET(B, 3), SET(C, 4), GET(A)}})

#define OF(...) .bound = 2, .must_see = __VA_ARGS__

const struct sim_program cache_inline_programs[] = {
        {CACHE_PROGRAM(word, 2, "two gets beside two sets"),
         .must_see = SEEN(1) | SEEN(2) | SEEN(3)},
        {CACHE_PROGRAM(word_two_set, 3, "two set one key beside a get"),
         OF(SEEN(1) | SEEN(2) | SEEN(3))},
        {CACHE_PROGRAM(word_inserted, 2, "two insert one key"), OF(SEEN(1) | SEEN(2))},
        {CACHE_PROGRAM(word_deleted, 2, "set beside delete and insert"),
         OF(SEEN(0) | SEEN(2) | SEEN(3))},
        {CACHE_PROGRAM(word_deleted_twice, 2, "gets beside deletes and inserts"),
         OF(SEEN(0) | SEEN(1) | SEEN(2) | SEEN(3))},
        {CACHE_PROGRAM(word_widened, 2, "set beside sets of longer values"),
         OF(SEEN(2) | SEEN(3) | SEEN(4))},
        {CACHE_PROGRAM(word_narrowed, 2, "set of a long value beside short ones"),
         OF(SEEN(2) | SEEN(4))},
        {CACHE_PROGRAM(word_pinned, 2, "a pin beside a set"), OF(SEEN(1) | SEEN(2))},
        {CACHE_PROGRAM(word_pinned_deleted, 2, "a pin beside delete and insert"),
         OF(SEEN(0) | SEEN(1) | SEEN(2))},
        {CACHE_PROGRAM(word_grows, 2, "set beside a table that grows"), OF(SEEN(2))},
        {CACHE_PROGRAM(word_grows_3, 3, "the same, two make it grow"), OF(SEEN(1) | SEEN(3))},
        {CACHE_PROGRAM(word_read_grows, 2, "gets beside a table that grows"),
         OF(SEEN(0) | SEEN(1) | SEEN(4))},
        {CACHE_PROGRAM(word_buried, 2, "get and set beside many deletes"), OF(SEEN(1) | SEEN(3))},
        {CACHE_PROGRAM(word_copied, 2, "a snapshot beside set, delete, insert"),
         OF(SEEN(0) | SEEN(1) | SEEN(2) | SEEN(3) | SEEN(4))},
        {CACHE_PROGRAM(word_cleared, 2, "set beside a clear"), OF(SEEN(0) | SEEN(2) | SEEN(3))},
        {CACHE_PROGRAM(word_loaded, 2, "two miss, one loads"),
         OF(SEEN(SAW_LED) | SEEN(SAW_JOINED))},
        {CACHE_LATE(word_late, 2, "set beside a table that grows, late stores")},
        {0}};
