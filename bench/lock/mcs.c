#include "sync/spin_mcs.h"

#include "lock/lock.h"

#define CONTESTANT lock_mcs
#define NAME "mcs"
#define SOURCE "Mellor-Crummey and Scott 1991: a queue of spinners"
#define CAPS (CAP_FIFO | CAP_SPINS)
#define LOCK_TYPE struct ct_mcs
#define NODE_TYPE struct ct_mcs_node
#define LOCK(l, node) ct_mcs_lock(l, node)
#define UNLOCK(l, node) ct_mcs_unlock(l, node)
#include "lock/locked.h"
