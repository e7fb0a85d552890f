/*
 * ct_value.
 *
 * Source: the read-copy-update idiom (McKenney and Slingwine, 1998); own code.
 *
 * The value is a pointer to a box: header and bytes in one block, never written once it is
 * published. Invariant: a box is published at most once, and retired by the one who exchanged it
 * out.
 *
 * The tempting wrong version: a store that copies over the bytes in place (torn reads), or one that
 * frees the old box at once. The other one: a compare-and-swap whose `expected` was read in a
 * section that has ended. The box may have been freed and its address given to a newer one.
 */
#include "sync/value.h"

#include "base/panic.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct ct_value_box_ *box_of(const void *bytes)
{
        return bytes ? (struct ct_value_box_ *)((const char *)bytes -
                                                offsetof(struct ct_value_box_, bytes))
                     : NULL;
}

static void destroy(struct ct_value_box_ *box)
{
        if (box->drop)
                box->drop(box->bytes);
        free(box);
}

static void free_box(struct ct_retired *r)
{
        destroy((struct ct_value_box_ *)r);
}

static struct ct_value_box_ *make_box(struct ct_value *v, const void *bytes, size_t size)
{
        struct ct_value_box_ *box;

        if (!size)
                ct_panic("ct_value", v, "store of no bytes");
        if (size > SIZE_MAX - sizeof *box)
                return NULL;
        box = malloc(sizeof *box + size);
        if (!box)
                return NULL;
        box->drop = v->drop;
        box->size = size;
        memcpy(box->bytes, bytes, size);
        return box;
}

static void retire(struct ct_value_box_ *old)
{
        if (!old)
                return;
#ifdef CT_PLANT_value_freed_at_once
        free_box(&old->retired);
#else
        ct_retire(&old->retired, free_box);
#endif
}

void ct_value_init(struct ct_value *v, void (*drop)(void *bytes))
{
        ct_store_ptr_relaxed(&v->box, NULL); /* whoever shares v publishes it */
        v->drop = drop;
}

void ct_value_fini(struct ct_value *v)
{
        struct ct_value_box_ *box = ct_exchange_ptr_acquire(&v->box, NULL); /* pairs with store */

        if (box)
                destroy(box);
}

void ct_value_check_get_(const struct ct_value *v)
{
        if (!ct_reading_here())
                ct_panic("ct_value", v, "get outside of a read section");
}

size_t ct_value_load(const struct ct_value *v, void *out, size_t size)
{
        struct ct_reading r = ct_read_begin();
        const void *bytes = ct_value_get(v);
        size_t has = bytes ? box_of(bytes)->size : 0;

        if (has)
                memcpy(out, bytes, has < size ? has : size);
        ct_read_end(r);
        return has;
}

int ct_value_store(struct ct_value *v, const void *bytes, size_t size)
{
        struct ct_value_box_ *box = make_box(v, bytes, size), *old;

        if (!box)
                return -ENOMEM;
#ifdef CT_PLANT_value_store_in_place
        old = ct_load_ptr_acquire(&v->box);
        if (old && old->size == size) {
                memcpy(old->bytes, bytes, size);
                free(box);
                return 0;
        }
#endif
        /* release: pairs with get; acquire: with the store of the box that is retired here */
        old = ct_exchange_ptr_acq_rel(&v->box, box);
        retire(old);
        return 0;
}

int ct_value_compare_and_swap(struct ct_value *v, const void *expected, const void *bytes,
                              size_t size)
{
        struct ct_value_box_ *old = box_of(expected), *box;
        void *seen = old;

        if (expected && !ct_reading_here())
                ct_panic("ct_value", v, "compare-and-swap outside of the section of its get");
        if (ct_load_ptr_relaxed(&v->box) != seen)
                return 0;
        box = make_box(v, bytes, size);
        if (!box)
                return -ENOMEM;
#ifdef CT_PLANT_value_cas_ignores_change
        old = ct_exchange_ptr_acq_rel(&v->box, box);
#else
        if (!ct_cas_ptr_acq_rel(&v->box, &seen, box)) { /* as in store */
                free(box);
                return 0;
        }
#endif
        retire(old);
        return 1;
}
