/*
 * A crew: the contexts that work on one flow (fan, pipeline, ordered stream), the context that
 * cancels them together, and their first error. Not for users of the library.
 */
#ifndef CT_FLOW_CREW_H
#define CT_FLOW_CREW_H

#include "base/atomic.h"
#include "chan/chan.h"
#include "chan/context.h"
#include "flow/errgroup.h"

#include <stdbool.h>
#include <stddef.h>

struct ct_crew_ {
        struct ct_context *context; /* the group's */
        ct_atomic_u32 error;        /* the first that was not 0, be it why it was cancelled */
        struct ct_errgroup group;
};

/* ---- start and end (crew_start.c) ---- */

/* `parent` may be NULL. 0, -ENOMEM or -EAGAIN. */
int ct_crew_begin_(struct ct_crew_ *c, enum ct_spawn spawn, struct ct_context *parent);

/* Starts one more. If that fails it cancels the crew, and says why. */
int ct_crew_go_(struct ct_crew_ *c, int (*fn)(void *arg), void *arg);

/* Waits until all have ended: the first error. */
int ct_crew_wait_(struct ct_crew_ *c);

/* Cancels, waits, and lets go of the context. */
void ct_crew_end_(struct ct_crew_ *c);

/* ---- inside ---- */

/* Keeps the error if it is the first, and cancels. */
void ct_crew_fail_(struct ct_crew_ *c, int error);

/* Whether it has been cancelled; why is kept as the error if that is the first. */
bool ct_crew_is_cancelled_(struct ct_crew_ *c);

enum ct_crew_got_ { CT_CREW_VALUE_, CT_CREW_CLOSED_, CT_CREW_CANCELLED_ };

/* A value, or the close, or the cancel, which comes first and is kept as the error. */
enum ct_crew_got_ ct_crew_recv_(struct ct_crew_ *c, struct ct_chan *from, void *out);

/* False: cancelled, kept as the error; not sent. */
bool ct_crew_send_(struct ct_crew_ *c, struct ct_chan *to, const void *value);

/* ---- values that nobody takes ---- */

typedef void ct_crew_discard_(void *arg, void *value);

/* Takes out what is left in a channel that nobody uses any more, through `space` of a value. */
void ct_crew_drain_(struct ct_chan *from, void *space, ct_crew_discard_ *discard, void *arg);

/* ---- memory ---- */

/* Room for n values, each aligned as malloc's; n and size may be 0. NULL: none, or too much. */
void *ct_crew_space_(size_t n, size_t size);
void *ct_crew_place_(void *space, size_t i, size_t size);

#endif
