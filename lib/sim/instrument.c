/*
 * What -fsanitize=thread has the compiler call before each plain load and store. The simulated
 * sources are compiled with that flag but not linked with its run-time library: these functions
 * take its place, and so the plain fields inside the primitives (queues, nodes, flags under a
 * guard) are checked for races and for use after free in every schedule.
 *
 * An access is known by its first byte; wide ones count as several of 8. That may overlook a race
 * between accesses of different widths and never reports one that is none.
 */
#include "sim/engine.h"

#include <string.h>

void *ct_sim_memcpy_(void *to, const void *from, size_t n);
void *ct_sim_memmove_(void *to, const void *from, size_t n);
void *ct_sim_memset_(void *to, int c, size_t n);
int ct_sim_memcmp_(const void *a, const void *b, size_t n);

static inline void access_at(const void *p, size_t size, bool write, const void *from)
{
        if (write)
                sim_will_write(p, size);
        if (!sim_inside())
                return;
        for (size_t i = 0; i < size; i += 8)
                clocks_plain((const char *)p + i, write, NULL, from);
}

#define ACCESS(name, size, write)                                                                  \
        void name(void *p);                                                                        \
        void name(void *p)                                                                         \
        {                                                                                          \
                access_at(p, size, write, __builtin_return_address(0));                            \
        }

ACCESS(__tsan_read1, 1, false)
ACCESS(__tsan_read2, 2, false)
ACCESS(__tsan_read4, 4, false)
ACCESS(__tsan_read8, 8, false)
ACCESS(__tsan_read16, 16, false)
ACCESS(__tsan_write1, 1, true)
ACCESS(__tsan_write2, 2, true)
ACCESS(__tsan_write4, 4, true)
ACCESS(__tsan_write8, 8, true)
ACCESS(__tsan_write16, 16, true)
ACCESS(__tsan_unaligned_read2, 2, false)
ACCESS(__tsan_unaligned_read4, 4, false)
ACCESS(__tsan_unaligned_read8, 8, false)
ACCESS(__tsan_unaligned_read16, 16, false)
ACCESS(__tsan_unaligned_write2, 2, true)
ACCESS(__tsan_unaligned_write4, 4, true)
ACCESS(__tsan_unaligned_write8, 8, true)
ACCESS(__tsan_unaligned_write16, 16, true)

/* Clang's, for an access that reads and writes. */
ACCESS(__tsan_read_write1, 1, true)
ACCESS(__tsan_read_write2, 2, true)
ACCESS(__tsan_read_write4, 4, true)
ACCESS(__tsan_read_write8, 8, true)
ACCESS(__tsan_read_write16, 16, true)

void __tsan_read_range(const void *p, size_t size);
void __tsan_read_range(const void *p, size_t size)
{
        access_at(p, size, false, __builtin_return_address(0));
}

void __tsan_write_range(const void *p, size_t size);
void __tsan_write_range(const void *p, size_t size)
{
        access_at(p, size, true, __builtin_return_address(0));
}

void __tsan_init(void);
void __tsan_init(void)
{
}

void __tsan_func_entry(const void *caller);
void __tsan_func_entry(const void *caller)
{
        (void)caller;
}

void __tsan_func_exit(void);
void __tsan_func_exit(void)
{
}

/* Copies have no types: each of their possible starts of a field counts. */
static void all_of(const void *p, size_t n, bool write, const void *from)
{
        if (write)
                sim_will_write(p, n);
        if (!sim_inside())
                return;
        for (size_t i = 0; i < n; i += 4)
                clocks_plain((const char *)p + i, write, NULL, from);
}

void *ct_sim_memcpy_(void *to, const void *from, size_t n)
{
        all_of(from, n, false, __builtin_return_address(0));
        all_of(to, n, true, __builtin_return_address(0));
        return memcpy(to, from, n);
}

void *ct_sim_memmove_(void *to, const void *from, size_t n)
{
        all_of(from, n, false, __builtin_return_address(0));
        all_of(to, n, true, __builtin_return_address(0));
        return memmove(to, from, n);
}

void *ct_sim_memset_(void *to, int c, size_t n)
{
        all_of(to, n, true, __builtin_return_address(0));
        return memset(to, c, n);
}

int ct_sim_memcmp_(const void *a, const void *b, size_t n)
{
        all_of(a, n, false, __builtin_return_address(0));
        all_of(b, n, false, __builtin_return_address(0));
        return memcmp(a, b, n);
}

/* What newer compilers call in their place. */
void *__tsan_memcpy(void *to, const void *from, size_t n);
void *__tsan_memcpy(void *to, const void *from, size_t n)
{
        return ct_sim_memcpy_(to, from, n);
}

void *__tsan_memset(void *to, int c, size_t n);
void *__tsan_memset(void *to, int c, size_t n)
{
        return ct_sim_memset_(to, c, n);
}
