#include "base/slot.h"

#include "base/atomic.h"

#include <pthread.h>

/* One bit per slot, set while a thread has it. */
static ct_atomic_u64 taken[CT_SLOTS / 64];
static ct_atomic_u32 used;

static pthread_key_t at_exit;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int no_key;

_Thread_local unsigned ct_slot_plus_1_;

/* The release pairs with the acquire of whoever takes the slot next: it sees what this thread left
   in the slot's memory. */
static void give_back(void *slot_plus_1)
{
        unsigned slot = (unsigned)(uintptr_t)slot_plus_1 - 1;

        ct_slot_plus_1_ = 0; /* another destructor of this thread may ask again */
#ifdef CT_PLANT_slot_never_comes_back
        return;
#endif
        ct_and_u64_release(&taken[slot / 64], ~(UINT64_C(1) << slot % 64));
}

static void make_key(void)
{
        no_key = pthread_key_create(&at_exit, give_back);
}

static bool take(unsigned slot)
{
        uint64_t bit = UINT64_C(1) << slot % 64;

        return !(ct_load_u64_relaxed(&taken[slot / 64]) & bit) &&
               !(ct_or_u64_acquire(&taken[slot / 64], bit) & bit); /* pairs with give_back */
}

static void raise_used(unsigned n)
{
        uint32_t old = ct_load_u32_relaxed(&used);

        /* seq, as the load: whoever scans has either seen the slot, or its own earlier seq write
           is seen by the slot's first use. */
        while (old < n && !ct_cas_u32_seq(&used, &old, n))
                ;
}

unsigned ct_slot_take_(void)
{
        unsigned slot = 0;

        pthread_once(&once, make_key);
        while (slot < CT_SLOTS && !take(slot))
                slot++;
        if (slot < CT_SLOTS) {
                raise_used(slot + 1);
                /* Without a key the slot would never come back: it is kept, and so is the count. */
                if (!no_key)
                        (void)pthread_setspecific(at_exit, (void *)(uintptr_t)(slot + 1));
        }
        ct_slot_plus_1_ = slot + 1; /* CT_SLOT_NONE too: asked once, refused for good */
        return slot;
}

unsigned ct_slots_used(void)
{
        return ct_load_u32_seq(&used);
}
