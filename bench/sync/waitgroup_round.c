#include "sync/waitgroup.h"

#include "sync/sync.h"

/* Three, used in turn. In round r all count down number r and wait for it; who has passed it knows
   that all have left number r - 1, so the first worker then closes that for round r + 2. It does so
   before it arrives in round r + 1, and nobody is in r + 2 before that. */
struct three {
        struct {
                CT_ALIGN_PAIR struct ct_waitgroup one;
        } at[3];
};

static int three_init(struct three *t, unsigned workers)
{
        for (int i = 0; i < 3; i++)
                ct_waitgroup_add(&t->at[i].one, (int)workers);
        return 0;
}

static inline void three_meet(struct three *t, const struct worker *w, uint64_t number)
{
        ct_waitgroup_done(&t->at[number % 3].one);
        ct_waitgroup_wait(&t->at[number % 3].one);
        if (w->index == 0 && number > 0)
                ct_waitgroup_add(&t->at[(number + 2) % 3].one, (int)w->threads);
}

#define CONTESTANT sync_waitgroup_round
#define NAME "waitgroup"
#define SOURCE "three of Go's sync.WaitGroup in turn"
#define CAPS CAP_PARKS
#define MEET_TYPE struct three
#define MEET_INIT(m, workers) three_init(m, workers)
#define MEET_FINI(m) ((void)0)
#define MEET(m, w, number) three_meet(m, w, number)
#include "sync/loop_round.h"
