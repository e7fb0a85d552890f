/* What the files of the pipeline share. Not for users; the algorithm is in pipeline_run.c. */
#ifndef CT_FLOW_PIPELINE_PRIVATE_H
#define CT_FLOW_PIPELINE_PRIVATE_H

#include "flow/crew.h"
#include "flow/pipeline.h"
#include "sync/mutex.h"

#include <stdint.h>

struct ct_pipeline_part_ {
        struct ct_pipeline_stage stage;
        struct ct_pipeline *pipeline;
        struct ct_chan *in, *out; /* NULL: the generator's in, the sink's out */
        size_t in_size;
        ct_atomic_u32 alive;       /* contexts that have not ended; the last one closes out */
        struct ct_pipeline_io *io; /* width of them */
        void *space;               /* a value of in_size for each context */
        /* ordered only */
        struct ct_mutex entry;
        uint64_t tickets;      /* under entry */
        struct ct_chan **turn; /* width of them */
};

struct ct_pipeline_io {
        struct ct_pipeline_part_ *part;
        unsigned index;
        uint64_t ticket; /* ordered: of the value in hand, */
        bool its_turn;   /* and whether all before it are through */
};

struct ct_pipeline {
        struct ct_crew_ crew;
        size_t n;
        struct ct_pipeline_part_ part[];
};

/* Makes all but the crew: 0, -EINVAL, -ENOMEM, -EOVERFLOW. */
int ct_pipeline_make_(struct ct_pipeline **out, const struct ct_pipeline_stage *stages, size_t n);

/* Discards what is left in the channels. No context runs any more. */
void ct_pipeline_drain_(struct ct_pipeline *p);

/* Drains and frees. */
void ct_pipeline_unmake_(struct ct_pipeline *p);

/* A context's work, until its stage is over: 0, or its function's error. */
int ct_pipeline_loop_(void *io);

/* Its end, with what loop returned or failed with. */
void ct_pipeline_leave_(struct ct_pipeline_io *io, int error);

#endif
