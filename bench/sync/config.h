/* What the workload `value` keeps: include before the contestant's own definitions. */
#ifndef CT_BENCH_SYNC_CONFIG_H
#define CT_BENCH_SYNC_CONFIG_H

#include "sync/sync.h"

struct config {
        uint64_t word[CONFIG_WORDS]; /* all equal */
};

static inline struct config config_of(uint64_t number)
{
        struct config c;

        for (int i = 0; i < CONFIG_WORDS; i++)
                c.word[i] = number;
        return c;
}

static inline bool config_is_torn(const struct config *c)
{
        uint64_t differ = 0;

        for (int i = 1; i < CONFIG_WORDS; i++)
                differ |= c->word[i] ^ c->word[0];
        return differ != 0;
}

#endif
