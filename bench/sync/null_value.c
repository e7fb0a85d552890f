#include "sync/config.h"

static inline int nothing(uint64_t number)
{
        __asm__ __volatile__("" ::"r"(number) : "memory");
        return 0;
}

#define CONTESTANT sync_null_value
#define NAME "null"
#define SOURCE "the measured loop without a configuration"
#define CAPS CAP_FLOOR
#define VALUE_TYPE char
#define VALUE_INIT(v) 0
#define VALUE_FINI(v) ((void)0)
#define IS_TORN(v) nothing(0)
#define REPLACE(v, number) nothing(number)
#include "sync/loop_value.h"
