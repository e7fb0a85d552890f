/*
 * ct_value: a value that is read all the time and replaced as a whole now and then, such as a
 * configuration; Go's atomic.Value.
 *
 *      static struct ct_value v;                       // zero bytes are a valid, empty value
 *      ct_value_store(&v, &config, sizeof config);     // copies it
 *
 *      struct ct_reading r = ct_read_begin();          // see reclaim.h for what a section may do
 *      const struct config *c = ct_value_get(&v);
 *      ... use *c, which nobody changes or frees ...
 *      ct_read_end(r);
 *
 *      struct config mine;                             // or, to keep it across a park:
 *      ct_value_load(&v, &mine, sizeof mine);
 *
 * A reader sees some stored value in full: never parts of two, never one that has been freed.
 *
 * Blocks on: readers never, and readers never make a store wait but at the bound of reclaim.h.
 * Order: what was before a store happens before what follows a get or load that found its value.
 * Who may call: any thread or task. Get only inside a read section.
 * Ownership: store copies the bytes into a block of the value's own. What the bytes point to stays
 *      the caller's, unless a drop function was given at init: it is called once per value with the
 *      value's own bytes, when no reader can see it any more, and runs as free functions of
 *      reclaim.h do. A drop of an old value may still be to come when fini returns: see
 *      ct_retired_drain.
 * Failure: -ENOMEM, and nothing has changed. Misuse panics: a store of no bytes; a compare-and-swap
 *      outside of a section; with CT_CHECKED=1 a get outside of one.
 * Alignment: as by malloc.
 * Cost on Zen 4: section, get and end 1.6 ns, a load of 64 bytes 4.4, a store 31.
 *
 * Swap, which Go has, is left out: it would hand out what the old value points to while readers may
 * still follow it. Compare-and-swap is here, and hands out nothing.
 *
 * Source: Go's sync/atomic.Value, as a contract.
 */
#ifndef CT_SYNC_VALUE_H
#define CT_SYNC_VALUE_H

#include "base/atomic.h"
#include "sync/reclaim.h"

#include <stdbool.h>
#include <stddef.h>

struct ct_value {
        void (*drop)(void *bytes); /* private, all of it; first, so that {0} will do in clang too */
        ct_atomic_ptr box;         /* struct ct_value_box_, or NULL */
};

/* Not for users. */
struct ct_value_box_ {
        struct ct_retired retired;
        void (*drop)(void *bytes);
        size_t size;
        _Alignas(max_align_t) unsigned char bytes[];
};

void ct_value_check_get_(const struct ct_value *v);

/* An empty value. drop may be NULL. */
void ct_value_init(struct ct_value *v, void (*drop)(void *bytes));

/* The caller is the last to use v: drops what it holds, at once. */
void ct_value_fini(struct ct_value *v);

/* The current value, NULL while there is none. Inside a read section, and valid until its end. */
static inline const void *ct_value_get(const struct ct_value *v)
{
        const struct ct_value_box_ *box;

#ifdef CT_CHECKED
        ct_value_check_get_(v);
#endif
        box = ct_load_ptr_acquire(&v->box); /* pairs with the exchange in store */
        return box ? box->bytes : NULL;
}

/* Copies the first `size` bytes of the current value, or all if it has fewer. Returns how many it
   has: 0 while there is none, and then out is left alone. */
size_t ct_value_load(const struct ct_value *v, void *out, size_t size);

/* Replaces the value by a copy of these bytes. 0, or -ENOMEM. */
int ct_value_store(struct ct_value *v, const void *bytes, size_t size);

/* The same, if the current value is still `expected`: what ct_value_get returned in the read
   section that the caller is still in, or NULL for no value. (Outside of it, another value could
   have come to the same address.) 1 if it was replaced, 0 if not, -ENOMEM. */
int ct_value_compare_and_swap(struct ct_value *v, const void *expected, const void *bytes,
                              size_t size);

#endif
