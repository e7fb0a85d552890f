/*
 * What a pipeline's contexts do.
 *
 * Source: Go's pipelines with cancellation (go.dev/blog/pipelines) as a contract; own code.
 *
 * State: each stage counts its living contexts down, and the last one closes the channel behind it.
 * A context ends when its input is closed and drained, when it has failed, or when it sees the
 * cancel, which every wait of it listens to (crew.c).
 *
 * Who owns a value: the context that emits it until its send is done; then the channel; then the
 * function that it is given to. A cancel leaves values in the first two: the sender discards its
 * own, and what is in a channel is taken out by wait, when no context is left that could take it or
 * put more in. So each is discarded once, without anybody having to agree on who does it. (The
 * tempting wrong version, each stage draining its input when it is cancelled: it may be through
 * before the stage in front has sent its last one.)
 *
 * A failure cancels before the channel is closed, so that the stages behind do not take the close
 * for the end of the input and call their functions for what is left in it.
 *
 * An ordered stage takes value and ticket together, under `entry`. At most `width` tickets are out,
 * and they follow each other, so that ticket mod width names a place of one's own in the ring of
 * turns. There is one turn signal, which wanders: whoever holds ticket t waits for it at t mod
 * width and passes it to the next when its function has returned. Waiting for it is a receive like
 * all others, so a cancel ends it.
 */
#include "flow/pipeline_private.h"

#include "base/panic.h"

#include <errno.h>

static const char object[] = "ct_pipeline";

static bool keeps_order(const struct ct_pipeline_part_ *part)
{
        return part->stage.ordered && part->stage.width > 1;
}

/* ---- turns ---- */

static bool await_turn(struct ct_pipeline_io *io)
{
        struct ct_pipeline_part_ *part = io->part;
        struct ct_chan *mine;

        if (!keeps_order(part) || io->its_turn)
                return true;
        mine = part->turn[io->ticket % part->stage.width];
#ifndef CT_PLANT_pipeline_turn_ignored
        if (ct_crew_recv_(&part->pipeline->crew, mine, NULL) != CT_CREW_VALUE_)
                return false;
#else
        (void)mine;
#endif
        io->its_turn = true;
        return true;
}

/* False: cancelled. */
static bool pass_turn(struct ct_pipeline_io *io)
{
        struct ct_pipeline_part_ *part = io->part;

        if (!keeps_order(part))
                return true;
        if (!await_turn(io))
                return false;
        io->its_turn = false;
        /* There is room: the signal that was there last has been received. */
        (void)ct_chan_try_send(part->turn[(io->ticket + 1) % part->stage.width], NULL);
        return true;
}

/* ---- values ---- */

int ct_pipeline_emit(struct ct_pipeline_io *io, const void *value)
{
        struct ct_pipeline_part_ *part = io->part;
        const struct ct_pipeline_stage *stage = &part->stage;

        if (!part->out)
                ct_panic(object, part->pipeline, "the sink emits");
        if (await_turn(io) && ct_crew_send_(&part->pipeline->crew, part->out, value))
                return 0;
#ifdef CT_PLANT_pipeline_loses_the_emitted
        return -ECANCELED;
#endif
        if (stage->discard)
                stage->discard(stage->arg, (void *)value); /* the value is ours now */
        return -ECANCELED;
}

static enum ct_crew_got_ receive(struct ct_pipeline_io *io, void *in)
{
        struct ct_pipeline_part_ *part = io->part;
        struct ct_crew_ *crew = &part->pipeline->crew;
        enum ct_crew_got_ got;

        if (!keeps_order(part))
                return ct_crew_recv_(crew, part->in, in);
#ifdef CT_PLANT_pipeline_ticket_outside
        got = ct_crew_recv_(crew, part->in, in);
#endif
        ct_mutex_lock(&part->entry);
#ifndef CT_PLANT_pipeline_ticket_outside
        got = ct_crew_recv_(crew, part->in, in);
#endif
        if (got == CT_CREW_VALUE_)
                io->ticket = part->tickets++;
        ct_mutex_unlock(&part->entry);
        return got;
}

/* ---- a context ---- */

int ct_pipeline_loop_(void *arg)
{
        struct ct_pipeline_io *io = arg;
        struct ct_pipeline_part_ *part = io->part;
        const struct ct_pipeline_stage *stage = &part->stage;
        void *in = ct_crew_place_(part->space, io->index, part->in_size);
        int error;

        if (!part->in)
                return ct_crew_is_cancelled_(&part->pipeline->crew)
                               ? 0
                               : stage->fn(io, stage->arg, NULL);
        while (receive(io, in) == CT_CREW_VALUE_) {
                error = stage->fn(io, stage->arg, in);
                if (error)
                        return error;
                if (!pass_turn(io))
                        break;
        }
        return 0;
}

void ct_pipeline_leave_(struct ct_pipeline_io *io, int error)
{
        struct ct_pipeline_part_ *part = io->part;

        if (error)
                ct_crew_fail_(&part->pipeline->crew, error);
        /* Release and acquire: the last one's close comes after the sends of all. */
        if (ct_sub_u32_acq_rel(&part->alive, 1) == 1 && part->out)
                ct_chan_close(part->out);
}

struct ct_context *ct_pipeline_context(struct ct_pipeline_io *io)
{
        return io->part->pipeline->crew.context;
}

unsigned ct_pipeline_index(const struct ct_pipeline_io *io)
{
        return io->index;
}
