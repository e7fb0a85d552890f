#include "chan/timer_heap.h"

#include "chan/timer_private.h"

#define ARITY 4

static bool before(const struct ct_timer_entry_ *a, const struct ct_timer_entry_ *b)
{
        return a->when < b->when || (a->when == b->when && a->order < b->order);
}

static void put(struct ct_timer_heap_ *h, size_t index, struct ct_timer_entry_ e)
{
        h->entry[index] = e;
        e.timer->index = index;
}

/* e belongs at the hole or above it. */
static void sift_up(struct ct_timer_heap_ *h, size_t hole, struct ct_timer_entry_ e)
{
        while (hole > 0) {
                size_t parent = (hole - 1) / ARITY;

                if (!before(&e, &h->entry[parent]))
                        break;
                put(h, hole, h->entry[parent]);
                hole = parent;
        }
        put(h, hole, e);
}

/* The earliest child of the entry; its own index where it has none. */
static size_t first_child(const struct ct_timer_heap_ *h, size_t index)
{
        size_t child = index * ARITY + 1, end = child + ARITY, best;

        if (child >= h->size)
                return index;
        if (end > h->size)
                end = h->size;
#ifdef CT_PLANT_timer_heap_last_child
        if (end - child == ARITY)
                end--;
#endif
        for (best = child++; child < end; child++)
                if (before(&h->entry[child], &h->entry[best]))
                        best = child;
        return best;
}

/* e belongs at the hole or below it. */
static void sift_down(struct ct_timer_heap_ *h, size_t hole, struct ct_timer_entry_ e)
{
        for (;;) {
                size_t child = first_child(h, hole);

                if (child == hole || !before(&h->entry[child], &e))
                        break;
                put(h, hole, h->entry[child]);
                hole = child;
        }
        put(h, hole, e);
}

void ct_timer_heap_insert_(struct ct_timer_heap_ *h, struct ct_timer_entry_ e)
{
        sift_up(h, h->size++, e);
}

void ct_timer_heap_remove_(struct ct_timer_heap_ *h, size_t index)
{
        struct ct_timer_entry_ last = h->entry[--h->size];

        h->entry[index].timer->index = CT_TIMER_NOT_QUEUED_;
        if (index == h->size)
                return;
        /* The last entry may belong above the hole: it comes from another branch. */
        if (index > 0 && before(&last, &h->entry[(index - 1) / ARITY]))
                sift_up(h, index, last);
        else
                sift_down(h, index, last);
}

void ct_timer_heap_delay_first_(struct ct_timer_heap_ *h, int64_t when)
{
        struct ct_timer_entry_ first = h->entry[0];

        first.when = when;
        sift_down(h, 0, first);
}
