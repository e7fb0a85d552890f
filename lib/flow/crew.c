/*
 * What every context of a flow does between its values.
 *
 * Source: the select on input and ctx.Done() of Go's pipelines; own code.
 *
 * Each receive and send looks at the cancel first, then tries, and only when it has to wait does it
 * select on both: a select costs two locks and, with many contexts, all of them on the one channel
 * that says "cancelled". Since the cancel is looked at before every value, a context passes at most
 * one value on after it, the one that it was about to send when the cancel came; that one lies in a
 * channel and is drained with the others.
 *
 * An error is the cause of the cancel that it brings about, and a context that sees a cancel keeps
 * its cause: all keep the same, whoever comes first. (The tempting wrong version keeps what
 * ct_context_err says, and wait answers "cancelled" where the reason was an I/O error.)
 */
#include "flow/crew.h"

#include "chan/select.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

static void keep(struct ct_crew_ *c, int error)
{
        uint32_t none = 0;

        /* Relaxed: it is read after the contexts have been waited for. */
        (void)ct_cas_u32_relaxed(&c->error, &none, (uint32_t)error);
}

void ct_crew_fail_(struct ct_crew_ *c, int error)
{
        keep(c, error);
        ct_context_cancel_cause(c->context, error);
}

bool ct_crew_is_cancelled_(struct ct_crew_ *c)
{
        int cause;

        if (!ct_context_err(c->context))
                return false;
#ifdef CT_PLANT_crew_forgets_why
        cause = ct_context_err(c->context);
#else
        cause = ct_context_cause(c->context);
#endif
        keep(c, cause);
        return true;
}

/* True: the case was done. */
static bool done_or_cancelled(struct ct_crew_ *c, struct ct_select_case *one)
{
        struct ct_select_case cases[] = {
                {.op = CT_SELECT_RECV, .chan = ct_context_done(c->context)}, *one};
#ifdef CT_PLANT_crew_waits_deaf
        int fired = ct_select(&cases[1], 1) + 1;
#else
        int fired = ct_select(cases, 2); /* two cases need no memory */
#endif

        *one = cases[1];
        if (fired == 1)
                return true;
        (void)ct_crew_is_cancelled_(c); /* it is: that keeps why */
        return false;
}

enum ct_crew_got_ ct_crew_recv_(struct ct_crew_ *c, struct ct_chan *from, void *out)
{
        struct ct_select_case one = {.op = CT_SELECT_RECV, .chan = from, .out = out};

        if (ct_crew_is_cancelled_(c))
                return CT_CREW_CANCELLED_;
        if (!ct_chan_try_recv(from, out, &one.open) && !done_or_cancelled(c, &one))
                return CT_CREW_CANCELLED_;
        return one.open ? CT_CREW_VALUE_ : CT_CREW_CLOSED_;
}

bool ct_crew_send_(struct ct_crew_ *c, struct ct_chan *to, const void *value)
{
        struct ct_select_case one = {.op = CT_SELECT_SEND, .chan = to, .value = value};

        if (ct_crew_is_cancelled_(c))
                return false;
        return ct_chan_try_send(to, value) || done_or_cancelled(c, &one);
}

void ct_crew_drain_(struct ct_chan *from, void *space, ct_crew_discard_ *discard, void *arg)
{
        bool open;

        while (ct_chan_try_recv(from, space, &open) && open)
                if (discard)
                        discard(arg, space);
}

/* ---- memory ---- */

static size_t step(size_t size)
{
        size_t unit = _Alignof(max_align_t);

        return (size + unit - 1) / unit * unit;
}

void *ct_crew_space_(size_t n, size_t size)
{
        if (size > SIZE_MAX - _Alignof(max_align_t) || (size && n > (SIZE_MAX - 1) / step(size)))
                return NULL;
        return malloc(n * step(size) + 1);
}

void *ct_crew_place_(void *space, size_t i, size_t size)
{
        return (char *)space + i * step(size);
}
