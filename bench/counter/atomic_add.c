#include "counter/counter.h"

#define CONTESTANT counter_atomic_add
#define NAME "atomic_add"
#define SOURCE "Go's atomic.AddUint64: one sequentially consistent fetch-add"
#define CAPS 0
#define ADD ct_counter_add
#include "counter/lockless.h"
