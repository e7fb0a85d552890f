/* --name NUMBER ..., for the programs of this folder. */
#ifndef CT_TESTS_LINEAR_ARGUMENTS_H
#define CT_TESTS_LINEAR_ARGUMENTS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct arguments {
        uint64_t seed, histories, first, programs;
};

static inline bool arguments_read(struct arguments *a, char **argv)
{
        const struct {
                const char *name;
                uint64_t *value;
        } known[] = {{"--seed", &a->seed},
                     {"--histories", &a->histories},
                     {"--first", &a->first},
                     {"--programs", &a->programs}};

        for (char **p = argv + 1; *p; p += 2) {
                char *end = NULL;
                size_t i = 0;

                while (i < sizeof known / sizeof known[0] && strcmp(*p, known[i].name))
                        i++;
                if (i < sizeof known / sizeof known[0] && p[1])
                        *known[i].value = strtoull(p[1], &end, 0);
                if (!end || end == p[1] || *end) {
                        fprintf(stderr, "usage: %s [--seed S] [--histories N] ...: %s?\n", argv[0],
                                *p);
                        return false;
                }
        }
        return true;
}

#endif
