/*
 * What the simulator hooks into: with CT_SIM defined, atomics, futex, clock, pause and slot of this
 * folder call these functions instead of the machine. Without CT_SIM nothing includes this file,
 * and the code is what it is without a simulator.
 *
 * Each function that touches memory is a scheduling point: another simulated task may run before
 * the access, which then happens as a whole. Outside of a simulated task (while a client program is
 * set up or checked) they do the plain thing.
 */
#ifndef CT_BASE_SIM_H
#define CT_BASE_SIM_H

#include <stdbool.h>
#include <stdint.h>

enum ct_sim_order {
        CT_SIM_RELAXED,
        CT_SIM_ACQUIRE,
        CT_SIM_RELEASE,
        CT_SIM_ACQ_REL, /* the bits of both */
        CT_SIM_SEQ = 7
};

enum ct_sim_op { CT_SIM_EXCHANGE, CT_SIM_ADD, CT_SIM_SUB, CT_SIM_OR, CT_SIM_AND };

/* size is 4 or 8. */
uint64_t ct_sim_load_(const void *p, unsigned size, enum ct_sim_order order);
void ct_sim_store_(void *p, unsigned size, uint64_t v, enum ct_sim_order order);
uint64_t ct_sim_rmw_(void *p, unsigned size, enum ct_sim_op op, uint64_t v,
                     enum ct_sim_order order);
/* *expected becomes what was there. A weak one may fail for no reason. */
bool ct_sim_cas_(void *p, unsigned size, uint64_t *expected, uint64_t v, enum ct_sim_order success,
                 enum ct_sim_order failure, bool weak);

int ct_sim_futex_wait_(void *word, uint32_t expected, int64_t deadline);
int ct_sim_futex_wake_(void *word, int n);
bool ct_sim_membarrier_ready_(void);
void ct_sim_membarrier_(void);
int64_t ct_sim_now_(void);
void ct_sim_pause_(void);

/* One of 0 to n - 1, n >= 1, in place of a random draw: an exhaustive search tries each. */
unsigned ct_sim_choose_(unsigned n);

#endif
