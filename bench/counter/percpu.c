#include "counter/counter.h"
#include "sync/counter_percpu.h"

#define CONTESTANT counter_percpu
#define NAME "percpu"
#define SOURCE "a cell per CPU, added to in a restartable sequence (rseq) where there is one"
#define CAPS 0
#define CELLS struct ct_percpu_counter
#define CELLS_INIT ct_percpu_counter_init
#define CELLS_FINI ct_percpu_counter_fini
#define ADD ct_percpu_counter_add
#define SUM ct_percpu_counter_sum
#include "counter/cells.h"
