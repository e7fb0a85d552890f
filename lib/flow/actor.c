/*
 * Starting and stopping actors: the same for all kinds.
 *
 * The first stop closes the actor; every stop waits until the owner has ended, and the first one
 * takes its thread or task away.
 */
#include "flow/actor_private.h"

#include "base/panic.h"
#include "flow/thread_start.h"

static void own(struct ct_actor_base_ *a)
{
        a->face.ops->run(&a->face);
        ct_latch_count_down(&a->ended, 1);
}

static void *thread_main(void *arg)
{
        own(arg);
        return NULL;
}

static int task_main(void *arg)
{
        own(arg);
        return 0;
}

static int start_owner(struct ct_actor_base_ *a)
{
        if (!a->face.ops->run || a->config.owner == CT_ACTOR_CALLER)
                return 0;
        if (a->config.owner == CT_ACTOR_TASK)
                return ct_task_start(&a->task, task_main, a);
        return ct_thread_start_(&a->thread, thread_main, a);
}

static bool is_valid(const struct ct_actor_config *c)
{
        return c->handle && (unsigned)c->kind <= CT_ACTOR_COMBINING &&
               (unsigned)c->owner <= CT_ACTOR_CALLER &&
               (c->kind != CT_ACTOR_BUFFERED || c->capacity);
}

int ct_actor_start(struct ct_actor **out, const struct ct_actor_config *config)
{
        struct ct_actor_base_ *a = NULL;
        int rc;

        *out = NULL;
        if (!is_valid(config))
                return -EINVAL;
        if (config->kind == CT_ACTOR_COMBINING)
                rc = ct_actor_combining_new_(&a, config);
        else if (config->kind == CT_ACTOR_BATCHED)
                rc = ct_actor_batched_new_(&a, config);
        else
                rc = ct_actor_channel_new_(&a, config);
        if (rc)
                return rc;
        rc = start_owner(a);
        if (rc) {
                a->face.ops->free(&a->face);
                return rc;
        }
        *out = &a->face;
        return 0;
}

void ct_actor_run(struct ct_actor *actor)
{
        struct ct_actor_base_ *a = ct_actor_base_of_(actor);

        if (!actor->ops->run || a->config.owner != CT_ACTOR_CALLER)
                ct_panic("ct_actor", actor, "run of an actor that has its own owner");
        own(a);
}

static void take_owner_away(struct ct_actor_base_ *a)
{
        if (!a->face.ops->run)
                ct_latch_count_down(&a->ended, 1);
        ct_latch_wait(&a->ended);
        if (!a->face.ops->run || a->config.owner == CT_ACTOR_CALLER)
                return;
        if (a->config.owner == CT_ACTOR_TASK)
                (void)ct_task_join(&a->task);
        else
                pthread_join(a->thread, NULL); /* it has nothing left to do but end */
}

void ct_actor_stop(struct ct_actor *actor)
{
        struct ct_actor_base_ *a = ct_actor_base_of_(actor);

        ct_actor_check_caller_(a, "stop");
        if (ct_exchange_u32_acq_rel(&a->stopping, 1)) {
                ct_latch_wait(&a->ended);
                return;
        }
        actor->ops->close(actor);
        take_owner_away(a);
        ct_store_u32_release(&a->stopped, 1); /* pairs with free */
}

void ct_actor_free(struct ct_actor *actor)
{
        if (!actor)
                return;
        if (!ct_load_u32_acquire(&ct_actor_base_of_(actor)->stopped))
                ct_panic("ct_actor", actor, "freed before it was stopped");
        actor->ops->free(actor);
}

uint64_t ct_actor_late(const struct ct_actor *a)
{
        return ct_load_u64_relaxed(&((const struct ct_actor_base_ *)a)->late);
}
