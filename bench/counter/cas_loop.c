#include "counter/counter.h"

#define CONTESTANT counter_cas_loop
#define NAME "cas_loop"
#define SOURCE "the compare-and-swap loop of the guides"
#define CAPS 0
#define ADD ct_counter_add_cas
#include "counter/lockless.h"
