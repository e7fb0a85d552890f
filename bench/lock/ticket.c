#include "sync/spin_ticket.h"

#include "lock/lock.h"

#define CONTESTANT lock_ticket
#define NAME "ticket"
#define SOURCE "ticket spin lock: first come, first served"
#define CAPS (CAP_FIFO | CAP_SPINS)
#define LOCK_TYPE struct ct_ticket
#define LOCK(l, node) ct_ticket_lock(l)
#define UNLOCK(l, node) ct_ticket_unlock(l)
#include "lock/locked.h"
