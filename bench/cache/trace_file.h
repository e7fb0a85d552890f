/*
 * Traces from a file that the user names:
 *
 *   lirs            text, one block number a line; a line with only `*` is a mark and left out
 *   ARC             text, "start count ignored sequence" a line: `count` blocks from `start` on
 *   csv             libCacheSim's text, "time,object,size" a line, also without the size; an object
 *                   is any text; a first line of names may say other columns
 *   oracleGeneral   libCacheSim's binary, 24 bytes a request, little-endian: u32 time, u64 object,
 *                   u32 size, i64 which request is the object's next (-1: none)
 *
 * Which it is, the first bytes tell. Blank lines and those that begin with # are left out. Objects
 * are numbered in the order in which they come. Sizes must be numbers but count for nothing: each
 * object takes one place.
 *
 * The file is read once from the beginning to the end; it must be a regular one, uncompressed.
 */
#ifndef CT_BENCH_CACHE_TRACE_FILE_H
#define CT_BENCH_CACHE_TRACE_FILE_H

#include "cache/trace.h"

enum { TRACE_LINE_MOST = 4096, TRACE_WHY = 512 };

/* 0; or -errno (-EINVAL: what is in the file) and one line in `why`, which names file and line or
   byte, what is there and what was expected; *t is empty then. */
int trace_read(struct trace *t, const char *path, char why[TRACE_WHY]);

#endif
