/*
 * What the files of ct_rwmutex_slots' slow paths share. Not for users of the library; the words are
 * explained in rwmutex_slots.c.
 */
#ifndef CT_SYNC_RWMUTEX_SLOTS_PRIVATE_H
#define CT_SYNC_RWMUTEX_SLOTS_PRIVATE_H

#include "sync/rwmutex_slots.h"

#include "base/parker.h"

#define OWN CT_RWMUTEX_SLOTS_OWN

/* A write among many reads is over in some 100 ns. */
#define QUICK_LOOKS 8

/* The caller's cell, made known to writers at its first use. */
struct ct_rwmutex_cell_ *ct_rwmutex_slots_my_cell_(struct ct_rwmutex_slots *rw);

/* Readers inside, or more. */
int32_t ct_rwmutex_slots_sum_(const struct ct_rwmutex_slots *rw);

/* True where this thread's cell is the only one ever used. */
bool ct_rwmutex_slots_only_mine_(const struct ct_rwmutex_slots *rw);

/* Lets readers run that have been let in. */
void ct_rwmutex_slots_let_run_(struct ct_rwmutex_slots *rw);

#endif
