#include "counter/counter.h"
#include "sync/counter_slots.h"

#define CONTESTANT counter_slots
#define NAME "slots"
#define SOURCE "a cell per live thread or carrier, added to with plain instructions by its owner"
#define CAPS 0
#define CELLS struct ct_slot_counter
#define CELLS_INIT ct_slot_counter_init
#define CELLS_FINI ct_slot_counter_fini
#define ADD ct_slot_counter_add
#define SUM ct_slot_counter_sum
#include "counter/cells.h"
