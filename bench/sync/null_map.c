#include "sync/sync.h"

/* Nothing is kept, so every load answers what the oracle wants to hear. */
static inline bool nothing(uint64_t key, uint64_t *value)
{
        *value = key;
        __asm__ __volatile__("" ::: "memory");
        return true;
}

static inline int nothing_stored(uint64_t value)
{
        __asm__ __volatile__("" ::"r"(value) : "memory");
        return 0;
}

#define CONTESTANT sync_null_map
#define NAME "null"
#define SOURCE "the measured loop and its keys without a map"
#define CAPS CAP_FLOOR
#define FLOOR 1
#define MAP_TYPE char
#define MAP_INIT(m, keys) 0
#define MAP_FINI(m) ((void)0)
#define LOAD(m, key, value) nothing(key, value)
#define STORE(m, key, value) nothing_stored(value)
#include "sync/loop_map.h"
