/*
 * Requests that outlive their askers, and the handler's marks. What the states mean is said in the
 * header.
 */
#include "flow/actor_private.h"

#include "base/panic.h"

#include <stdlib.h>
#include <string.h>

struct ct_actor_request_ *ct_actor_request_new_(const struct ct_actor_base_ *a, const void *message,
                                                enum ct_actor_request_kind_ kind)
{
        size_t size = a->config.message_size;
        struct ct_actor_request_ *r = size < SIZE_MAX - sizeof *r ? malloc(sizeof *r + size) : NULL;

        if (!r)
                return NULL;
        *r = (struct ct_actor_request_){.message = r->copy, .kind = (uint8_t)kind};
#ifdef CT_PLANT_actor_late_reply_is_written
        r->asked = (void *)message;
#endif
        if (size)
                memcpy(r->copy, message, size);
        return r;
}

static void hand_in_late(struct ct_actor_base_ *a, struct ct_actor_request_ *r)
{
        ct_add_u64_relaxed(&a->late, 1);
        if (a->config.late)
                a->config.late(a->config.state, r->message);
        free(r);
}

/* Handles a request with a deadline, unless its asker has taken it back. */
void ct_actor_serve_timed_(struct ct_actor_base_ *a, struct ct_actor_request_ *r)
{
        uint32_t pending = CT_ACTOR_PENDING_;

        /* acquire where it fails: who frees it has seen the asker leave */
        if (!ct_cas_u32_acq_rel(&r->state, &pending, CT_ACTOR_TAKEN_)) {
#ifdef CT_PLANT_actor_withdrawn_is_handled
                ct_actor_handle_(a, r->message);
#endif
                free(r);
                return;
        }
        ct_actor_handle_(a, r->message);
#ifdef CT_PLANT_actor_late_reply_is_written
        memcpy(r->asked, r->message, a->config.message_size);
#endif
#ifdef CT_PLANT_actor_late_reply_is_lost
        if (ct_load_u32_relaxed(&r->state) == CT_ACTOR_LEFT_) {
                free(r);
                return;
        }
#endif
        /* acq_rel: with LEFT nobody else has the request any more */
        if (ct_exchange_u32_acq_rel(&r->state, CT_ACTOR_DONE_) == CT_ACTOR_LEFT_)
                hand_in_late(a, r);
        else
                ct_unpark(&r->waiter);
}

/* The deadline has passed. True: the asker is out of it, with *result, and the request is another's
   to free. False: it is done, or the asker is to combine, and the unpark is on its way. */
bool ct_actor_give_up_(struct ct_actor_request_ *r, int *result)
{
        uint32_t state = CT_ACTOR_PENDING_;

        *result = -ETIMEDOUT;
        /* release: whoever frees it does so after this */
        if (ct_cas_u32_acq_rel(&r->state, &state, CT_ACTOR_GONE_))
                return true;
        *result = -EINPROGRESS;
        return state == CT_ACTOR_TAKEN_ && ct_cas_u32_acq_rel(&r->state, &state, CT_ACTOR_LEFT_);
}

/* Waits for a posted request with a deadline and frees it, if it is still the asker's. */
int ct_actor_await_(struct ct_actor_base_ *a, struct ct_actor_request_ *r, void *message,
                    int64_t deadline)
{
        int result;

        if (ct_park_until(&r->waiter, deadline, CT_PARK_SPIN)) {
                if (ct_actor_give_up_(r, &result))
                        return result;
                ct_park(&r->waiter);
        }
        if (a->config.message_size)
                memcpy(message, r->message, a->config.message_size);
        free(r);
        return 0;
}

/* ---- CT_CHECKED ---- */

void ct_actor_mark_handler_(struct ct_actor_base_ *a, bool inside)
{
        /* read for equality with the reader's own number */
        ct_store_u64_relaxed(&a->handler, inside ? ct_parker_ops_self()->self() : 0);
}

void ct_actor_own_handler_(struct ct_actor_base_ *a, const char *what)
{
        if (ct_load_u64_relaxed(&a->handler) == ct_parker_ops_self()->self())
                ct_panic("ct_actor", a, "%s by its own handler", what);
}
