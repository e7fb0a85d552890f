#include "counter/counter.h"
#include "sync/counter_percpu.h"

#define CONTESTANT counter_percpu_atomic
#define NAME "percpu_atomic"
#define SOURCE "a cell per CPU, added to atomically: what percpu is without rseq"
#define CAPS 0
#define CELLS struct ct_percpu_counter
#define CELLS_INIT ct_percpu_counter_init
#define CELLS_FINI ct_percpu_counter_fini
#define ADD ct_percpu_counter_add_atomic
#define SUM ct_percpu_counter_sum
#include "counter/cells.h"
