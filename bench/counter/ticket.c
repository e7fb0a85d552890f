#include "sync/spin_ticket.h"

#include "counter/counter.h"

#define CONTESTANT counter_ticket
#define NAME "ticket"
#define SOURCE "ticket spin lock: first come, first served"
#define CAPS (CAP_FIFO | CAP_SPINS | CAP_SECTION)
#define LOCK_TYPE struct ct_ticket
#define LOCK(l, node) ct_ticket_lock(l)
#define UNLOCK(l, node) ct_ticket_unlock(l)
#include "counter/locked.h"
