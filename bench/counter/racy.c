#include "counter/counter.h"

#define CONTESTANT counter_racy
#define NAME "racy"
#define SOURCE "the guides' BadCounter: load, add, store"
#define CAPS CAP_LOSSY
#define ADD ct_counter_add_racy
#include "counter/lockless.h"
