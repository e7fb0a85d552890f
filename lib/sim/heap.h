/*
 * malloc and its like, and memory copied or compared as a whole, for what is simulated: included
 * ahead of every source that is compiled with CT_SIM. Addresses are the same in every run; nothing
 * is given out twice in one schedule, so a use after free is always seen, and what a schedule
 * leaves is counted and forgotten. Outside of lib/sim nobody calls the functions by these names.
 */
#ifndef CT_SIM_HEAP_H
#define CT_SIM_HEAP_H

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

void *ct_sim_malloc_(size_t size);
void *ct_sim_calloc_(size_t n, size_t size);
void *ct_sim_realloc_(void *p, size_t size);
void *ct_sim_aligned_alloc_(size_t align, size_t size);
void ct_sim_free_(void *p);
void *ct_sim_memcpy_(void *to, const void *from, size_t n);
void *ct_sim_memmove_(void *to, const void *from, size_t n);
void *ct_sim_memset_(void *to, int c, size_t n);
int ct_sim_memcmp_(const void *a, const void *b, size_t n);

/* Without arguments, so that fields of these names are renamed alike everywhere. */
#define malloc ct_sim_malloc_
#define calloc ct_sim_calloc_
#define realloc ct_sim_realloc_
#define aligned_alloc ct_sim_aligned_alloc_
#define free ct_sim_free_
/* Anonymous memory only. */
#define mmap(at, size, prot, flags, fd, offset) ct_sim_calloc_(1, size)
#define munmap(p, size) ct_sim_free_(p)
#define memcpy(to, from, n) ct_sim_memcpy_(to, from, n)
#define memmove(to, from, n) ct_sim_memmove_(to, from, n)
#define memset(to, c, n) ct_sim_memset_(to, c, n)
#define memcmp(a, b, n) ct_sim_memcmp_(a, b, n)

#endif
