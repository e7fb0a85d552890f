#include "counter/counter.h"

#define CONTESTANT counter_atomic_add_relaxed
#define NAME "atomic_add_relaxed"
#define SOURCE "C11 fetch-add, relaxed"
#define CAPS 0
#define ADD ct_counter_add_relaxed
#include "counter/lockless.h"
