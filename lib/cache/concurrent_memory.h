/*
 * Inside of ct_concurrent_cache: memory for entries and tables. Not for users.
 *
 * Pages are areas of memory that grow with the cache, the larger ones in huge pages; they are given
 * back to the system when the cache goes. Cells of up to CT_CC_CELL_MOST_ bytes are cut from them,
 * by each segment its own, and go round: a freed cell is the segment's again. Larger ones are
 * malloc's. Batches collect what has been unlinked, so that nothing in an entry is needed for its
 * retirement.
 *
 * Where a tool watches malloc (the simulator, AddressSanitizer), everything is malloc's.
 */
#ifndef CT_CACHE_CONCURRENT_MEMORY_H
#define CT_CACHE_CONCURRENT_MEMORY_H

#include "sync/mutex.h"
#include "sync/reclaim.h"

#if defined(__SANITIZE_ADDRESS__) || defined(CT_SIM)
#define CT_CC_NO_CELLS_ 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CT_CC_NO_CELLS_ 1
#endif
#endif

enum { CT_CC_CELL_STEP_ = 32, CT_CC_CELL_CLASSES_ = 8 };
enum { CT_CC_CELL_MOST_ = CT_CC_CELL_STEP_ * CT_CC_CELL_CLASSES_ };

#ifdef CT_CC_NO_CELLS_
enum { CT_CC_BATCH_ = 1, CT_CC_BATCH_BYTES_ = 1 };
#else
enum { CT_CC_BATCH_ = 28, CT_CC_BATCH_BYTES_ = 4096 };
#endif

struct ct_cc_area_;

struct ct_cc_pages_ {
        struct ct_mutex lock;
        struct ct_cc_area_ *areas;
        char *at, *end; /* what is left of the newest */
        size_t bytes;   /* of all areas */
};

/* A free cell, or a larger free block of pages. */
struct ct_cc_cell_ {
        struct ct_cc_cell_ *next;
        size_t bytes;
};

struct ct_cc_entry_;
struct ct_cc_cells_;

/* What has been unlinked: full ones are retired. */
struct ct_cc_batch_ {
        struct ct_retired retired;
        struct ct_cc_batch_ *next;
        struct ct_cc_cells_ *cells;
        size_t n, bytes;
        struct ct_cc_entry_ *entry[CT_CC_BATCH_];
};

/* A segment's; under its lock, but for what others give back. */
struct ct_cc_cells_ {
        struct ct_cc_pages_ *pages;
        size_t before; /* bytes of a cell before the entry */
        struct ct_cc_cell_ *free[CT_CC_CELL_CLASSES_];
        char *at, *end; /* not cut yet */
        size_t bytes;   /* of all chunks */
        struct ct_cc_batch_ *batch;
        CT_ALIGN_LINE ct_atomic_ptr returned; /* cells and blocks from all sides */
        ct_atomic_u64 waiting; /* batches and tables that are retired and not freed */
};

/* So many bytes, all 0, on lines of their own; NULL without memory. */
void *ct_cc_pages_take_(struct ct_cc_pages_ *p, size_t bytes);
void ct_cc_pages_free_(struct ct_cc_pages_ *p);

/* 0 or -ENOMEM. */
int ct_cc_cells_init_(struct ct_cc_cells_ *s, struct ct_cc_pages_ *pages, size_t before);
/* Nobody is left in the cache. Waits for what is retired, if anything is. */
void ct_cc_cells_fini_(struct ct_cc_cells_ *s);

/* A cell for an entry of so many bytes, what stands before it included; NULL without memory. */
void *ct_cc_cell_new_(struct ct_cc_cells_ *s, size_t bytes);

/* The cell is nobody's any more. Also without the lock. */
void ct_cc_cell_free_(struct ct_cc_cells_ *s, void *cell, size_t bytes);

/* Gives a block of pages to the cells. Also without the lock. */
void ct_cc_block_give_(struct ct_cc_cells_ *s, void *block, size_t bytes);

/* An entry has been unlinked. What is to be retired once the lock is open is added to *full. */
void ct_cc_throw_away_(struct ct_cc_cells_ *s, struct ct_cc_entry_ *e, struct ct_cc_batch_ **full);

/* Retires them: outside of the lock. */
void ct_cc_discard_(struct ct_cc_batch_ *full);

#endif
