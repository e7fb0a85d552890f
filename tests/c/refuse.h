/*
 * Allocations that are refused, for tests of what a library does without memory. The linker sends
 * its calls here: -Wl,--wrap=malloc and so on for each of the functions below. One thread only.
 */
#ifndef CT_TESTS_REFUSE_H
#define CT_TESTS_REFUSE_H

#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__real_aligned_alloc(size_t align, size_t size);
void __real_free(void *p);
void *__real_mmap(void *p, size_t size, int protection, int flags, int fd, off_t offset);
int __real_munmap(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
void *__wrap_aligned_alloc(size_t align, size_t size);
void __wrap_free(void *p);
void *__wrap_mmap(void *p, size_t size, int protection, int flags, int fd, off_t offset);
int __wrap_munmap(void *p, size_t size);

static bool armed;
static int fail_at;      /* the n-th allocation from now, 1 the next; 0 none */
static long live, pages; /* blocks not freed yet; bytes mapped */

static bool refused(void)
{
        return armed && fail_at > 0 && --fail_at == 0;
}

static void *counted(void *p)
{
        live += p != NULL;
        return p;
}

void *__wrap_malloc(size_t size)
{
        return refused() ? NULL : counted(__real_malloc(size));
}

void *__wrap_calloc(size_t n, size_t size)
{
        return refused() ? NULL : counted(__real_calloc(n, size));
}

void *__wrap_realloc(void *p, size_t size)
{
        if (refused())
                return NULL;
        return p ? __real_realloc(p, size) : counted(__real_realloc(NULL, size));
}

void *__wrap_aligned_alloc(size_t align, size_t size)
{
        return refused() ? NULL : counted(__real_aligned_alloc(align, size));
}

void __wrap_free(void *p)
{
        live -= p != NULL;
        __real_free(p);
}

void *__wrap_mmap(void *p, size_t size, int protection, int flags, int fd, off_t offset)
{
        void *map = refused() ? MAP_FAILED : __real_mmap(p, size, protection, flags, fd, offset);

        pages += map == MAP_FAILED ? 0 : (long)size;
        return map;
}

int __wrap_munmap(void *p, size_t size)
{
        pages -= (long)size;
        return __real_munmap(p, size);
}

/* True if the n-th allocation of the call was refused, false if it made fewer. */
#define REFUSING(n, call) (armed = true, fail_at = (n), (call), armed = false, fail_at == 0)

#endif
