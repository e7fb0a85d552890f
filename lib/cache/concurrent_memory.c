/* Memory of ct_concurrent_cache: pages, cells, batches. concurrent_memory.h explains. */
#include "cache/concurrent_memory.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "cache/concurrent_private.h"

/* ---- pages ---- */

enum { AREA_FIRST = 16 << 10, AREA_STEP = 4, AREA_HUGE = 2 << 20 };
enum { CHUNK_FIRST = 1 << 10, CHUNK_MOST = 64 << 10, CHUNK_SHARE = 4 }; /* of what there is */

struct ct_cc_area_ {
        CT_ALIGN_LINE struct ct_cc_area_ *next;
        void *map; /* NULL: malloc's */
        size_t map_bytes;
};

static size_t round_up(size_t n, size_t to)
{
        return (n + to - 1) / to * to;
}

/* Of malloc. */
static void *zeroed(size_t bytes)
{
        void *p = aligned_alloc(CT_CACHE_LINE, bytes);

        if (p)
                memset(p, 0, bytes);
        return p;
}

/* In huge pages, if the kernel gives them; aligned so that it can. */
static struct ct_cc_area_ *map_area(size_t bytes)
{
        size_t more = bytes + AREA_HUGE;
        char *map = mmap(NULL, more, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        struct ct_cc_area_ *a;
        char *start;

        if (map == MAP_FAILED)
                return NULL;
        start = (char *)round_up((uintptr_t)map, AREA_HUGE);
        if (start > map)
                munmap(map, (size_t)(start - map));
        if (start + bytes < map + more)
                munmap(start + bytes, (size_t)(map + more - (start + bytes)));
        (void)madvise(start, bytes, MADV_HUGEPAGE); /* small pages will do */
        a = (struct ct_cc_area_ *)start;
        a->map = start;
        a->map_bytes = bytes;
        return a;
}

static struct ct_cc_area_ *new_area(struct ct_cc_pages_ *p, size_t need, size_t *bytes)
{
        struct ct_cc_area_ *a;

        *bytes = p->bytes ? p->bytes * (AREA_STEP - 1) : AREA_FIRST;
        if (*bytes < need + sizeof *a)
                *bytes = round_up(need + sizeof *a, CT_CACHE_LINE);
        if (*bytes >= AREA_HUGE / 8) {
                *bytes = round_up(need + sizeof *a, AREA_HUGE);
                return map_area(*bytes);
        }
        a = zeroed(*bytes);
        if (a)
                a->map = NULL;
        return a;
}

void *ct_cc_pages_take_(struct ct_cc_pages_ *p, size_t bytes)
{
        char *at = NULL;
        struct ct_cc_area_ *a;
        size_t area_bytes;

        bytes = round_up(bytes, CT_CACHE_LINE);
#ifdef CT_CC_NO_CELLS_
        (void)p, (void)a, (void)area_bytes, (void)at;
        return zeroed(bytes);
#endif
        ct_mutex_lock(&p->lock);
        if (bytes > (size_t)(p->end - p->at)) {
                a = new_area(p, bytes, &area_bytes);
                if (a) {
                        a->next = p->areas;
                        p->areas = a;
                        p->bytes += area_bytes;
                        p->at = (char *)(a + 1);
                        p->end = (char *)a + area_bytes;
                }
        }
        if (bytes <= (size_t)(p->end - p->at)) {
                at = p->at;
                p->at += bytes;
        }
        ct_mutex_unlock(&p->lock);
        return at;
}

void ct_cc_pages_free_(struct ct_cc_pages_ *p)
{
        while (p->areas) {
                struct ct_cc_area_ *a = p->areas;

                p->areas = a->next;
                if (a->map)
                        munmap(a->map, a->map_bytes);
                else
                        free(a);
        }
}

/* ---- cells ---- */

static bool is_cell(size_t bytes)
{
#ifdef CT_CC_NO_CELLS_
        (void)bytes;
        return false;
#else
        return bytes <= CT_CC_CELL_MOST_;
#endif
}

static size_t cell_bytes(size_t bytes)
{
        return round_up(bytes, CT_CC_CELL_STEP_);
}

static struct ct_cc_batch_ *batch_new(struct ct_cc_cells_ *s)
{
        struct ct_cc_batch_ *b = malloc(sizeof *b);

        if (b) {
                b->cells = s;
                b->n = b->bytes = 0;
        }
        return b;
}

int ct_cc_cells_init_(struct ct_cc_cells_ *s, struct ct_cc_pages_ *pages, size_t before)
{
        s->pages = pages;
        s->before = before;
        s->batch = batch_new(s);
        return s->batch ? 0 : -ENOMEM;
}

/* A piece that is not cut becomes free cells. */
static void cut_up(struct ct_cc_cells_ *s, char *at, size_t bytes)
{
        while (bytes >= CT_CC_CELL_STEP_) {
                size_t n = bytes < CT_CC_CELL_MOST_ ? bytes / CT_CC_CELL_STEP_ * CT_CC_CELL_STEP_
                                                    : CT_CC_CELL_MOST_;
                struct ct_cc_cell_ *cell = (struct ct_cc_cell_ *)at;

                cell->next = s->free[n / CT_CC_CELL_STEP_ - 1];
                s->free[n / CT_CC_CELL_STEP_ - 1] = cell;
                at += n;
                bytes -= n;
        }
}

static void use_block(struct ct_cc_cells_ *s, void *block, size_t bytes)
{
        cut_up(s, s->at, (size_t)(s->end - s->at));
        s->at = block;
        s->end = s->at + bytes;
}

/* Takes in what has been given back: true if that was anything. */
static bool take_returned(struct ct_cc_cells_ *s)
{
        /* acquire: pairs with give_back: nobody uses the cells any more */
        struct ct_cc_cell_ *cell = ct_exchange_ptr_acquire(&s->returned, NULL), *next;
        bool any = cell;

        for (; cell; cell = next) {
                next = cell->next;
                if (cell->bytes > CT_CC_CELL_MOST_) {
                        use_block(s, cell, cell->bytes);
                } else {
                        size_t class = cell->bytes / CT_CC_CELL_STEP_ - 1;

                        cell->next = s->free[class];
                        s->free[class] = cell;
                }
        }
        return any;
}

static void give_back(struct ct_cc_cells_ *s, struct ct_cc_cell_ *cell, size_t bytes)
{
        void *first = ct_load_ptr_relaxed(&s->returned);

        cell->bytes = bytes;
        do
                cell->next = first;
        while (!ct_cas_weak_ptr_acq_rel(&s->returned, &first, cell)); /* pairs with take_returned */
}

static void *cut(struct ct_cc_cells_ *s, size_t bytes)
{
        size_t skip = bytes % CT_CACHE_LINE ? 0 : -(uintptr_t)s->at % CT_CACHE_LINE;
        char *cell;

        if (bytes + skip > (size_t)(s->end - s->at))
                return NULL;
        cut_up(s, s->at, skip);
        cell = s->at + skip;
        s->at = cell + bytes;
        return cell;
}

void *ct_cc_cell_new_(struct ct_cc_cells_ *s, size_t bytes)
{
        struct ct_cc_cell_ **free_cells;
        size_t chunk;
        void *cell;

        if (!is_cell(bytes))
                return malloc(bytes);
        bytes = cell_bytes(bytes);
        free_cells = &s->free[bytes / CT_CC_CELL_STEP_ - 1];
        if (!*free_cells && ct_load_ptr_relaxed(&s->returned))
                (void)take_returned(s);
        if (*free_cells) {
                struct ct_cc_cell_ *first = *free_cells;

                *free_cells = first->next;
                return first;
        }
        cell = cut(s, bytes);
        if (cell)
                return cell;
        chunk = round_up(s->bytes / CHUNK_SHARE, CHUNK_FIRST);
        chunk = chunk < CHUNK_FIRST ? CHUNK_FIRST : chunk > CHUNK_MOST ? CHUNK_MOST : chunk;
        cell = ct_cc_pages_take_(s->pages, chunk);
        if (!cell)
                return NULL;
        s->bytes += chunk;
        use_block(s, cell, chunk);
        return cut(s, bytes);
}

void ct_cc_cell_free_(struct ct_cc_cells_ *s, void *cell, size_t bytes)
{
        if (is_cell(bytes))
                give_back(s, cell, cell_bytes(bytes));
        else
                free(cell);
}

void ct_cc_block_give_(struct ct_cc_cells_ *s, void *block, size_t bytes)
{
#ifdef CT_CC_NO_CELLS_
        (void)s, (void)bytes;
        free(block);
#else
        give_back(s, block, bytes);
#endif
}

/* ---- batches ---- */

static void free_entries(struct ct_cc_batch_ *b)
{
        for (size_t i = 0; i < b->n; i++)
                ct_cc_entry_drop_(b->cells, b->entry[i]);
}

static void free_batch(struct ct_retired *r)
{
        struct ct_cc_batch_ *b = (struct ct_cc_batch_ *)r;
        struct ct_cc_cells_ *s = b->cells;

        free_entries(b);
        free(b);
        ct_sub_u64_release(&s->waiting, 1); /* pairs with fini: the last use of the segment */
}

void ct_cc_throw_away_(struct ct_cc_cells_ *s, struct ct_cc_entry_ *e, struct ct_cc_batch_ **full)
{
        struct ct_cc_batch_ *b = s->batch, *fresh;

        b->entry[b->n++] = e;
        b->bytes += ct_cc_value_size_(e) + e->key_size;
        if (b->n < CT_CC_BATCH_ && b->bytes < CT_CC_BATCH_BYTES_)
                return;
        fresh = batch_new(s);
        if (fresh) {
                s->batch = fresh;
                b->next = *full;
                *full = b;
                ct_add_u64_relaxed(&s->waiting, 1);
        } else { /* readers do not wait for this lock */
                ct_synchronize();
                free_entries(b);
                b->n = b->bytes = 0;
        }
}

void ct_cc_discard_(struct ct_cc_batch_ *full)
{
        while (full) {
                struct ct_cc_batch_ *next = full->next;

#ifdef CT_PLANT_concurrent_frees_at_once
                free_batch(&full->retired);
#else
                ct_retire(&full->retired, free_batch);
#endif
                full = next;
        }
}

void ct_cc_cells_fini_(struct ct_cc_cells_ *s)
{
        if (ct_load_u64_acquire(&s->waiting)) /* pairs with those who free */
                ct_retired_drain();
        if (s->batch) {
                free_entries(s->batch);
                free(s->batch);
        }
}
