/*
 * What must hold for every placement on every topology, told apart from how placement.c does it:
 * each property is checked by looking at the result, each refusal by counting in the topology.
 */
#ifndef CT_TESTS_PLACEMENT_CHECK_H
#define CT_TESTS_PLACEMENT_CHECK_H

#include "harness/placement.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* "0,2,4" for the PUs of threads from.., or the refusal's reason; freed by the caller. */
static inline char *plan_text(const struct topology *t, const char *policy, size_t threads,
                              size_t from)
{
        char why[512];
        struct placement pl;
        char *text = calloc(1, threads * 8 + sizeof(why));
        assert_non_null(text);
        int r = placement_plan(t, policy, threads, &pl, why, sizeof(why));
        if (r) {
                assert_int_equal(r, -ENOTSUP);
                assert_null(pl.pu);
                memcpy(text, why, strlen(why) + 1);
                return text;
        }
        size_t used = 0;
        for (size_t i = from; i < threads; i++)
                used += (size_t)sprintf(text + used, "%s%d", i > from ? "," : "",
                                        pl.pu[i].os_index);
        placement_free(&pl);
        return text;
}

/* Says which case it was before failing. */
#define EXPECT(condition)                                                                          \
        do {                                                                                       \
                if (!(condition))                                                                  \
                        fail_msg("%s, %s, %zu threads, thread %zu: not true: %s", name,            \
                                 pl->policy, pl->threads, i, #condition);                          \
        } while (0)

/* Field by field: the padding is anything. */
static inline bool same_pu(const struct pu *a, const struct pu *b)
{
        return a->logical == b->logical && a->os_index == b->os_index && a->core == b->core &&
               a->l2 == b->l2 && a->l3 == b->l3 && a->numa == b->numa && a->package == b->package &&
               a->kind == b->kind && a->allowed == b->allowed;
}

static inline bool same_core(const struct pu *a, const struct pu *b)
{
        return a->logical == b->logical || (a->core >= 0 && a->core == b->core);
}

/* How many of pus[0..n) are on the core of `pu`. */
static inline size_t on_core(const struct pu *pus, size_t n, const struct pu *pu, bool only_allowed)
{
        size_t found = 0;
        for (size_t k = 0; k < n; k++)
                found += same_core(&pus[k], pu) && (pus[k].allowed || !only_allowed);
        return found;
}

static inline bool is(const struct placement *pl, const char *policy)
{
        return strcmp(pl->policy, policy) == 0;
}

/* How many PUs the policy has in all; for the cross policies, 0 = not said here. */
static inline size_t policy_size(const struct topology *t, const struct placement *pl)
{
        size_t n = 0;
        int fastest = -1, slowest = INT32_MAX;
        for (size_t k = 0; k < t->n_pus; k++) {
                const struct pu *pu = &t->pus[k];
                if (pu->allowed && pu->kind >= 0) {
                        fastest = pu->kind > fastest ? pu->kind : fastest;
                        slowest = pu->kind < slowest ? pu->kind : slowest;
                }
        }
        if (is(pl, "one"))
                return 1;
        if (is(pl, "cores"))
                return t->usable.cores;
        if (strncmp(pl->policy, "cross", 5) == 0)
                return 0;
        for (size_t k = 0; k < t->n_pus; k++) {
                const struct pu *pu = &t->pus[k];
                bool in = pu->allowed;
                if (is(pl, "pcores"))
                        in = in && pu->kind == fastest;
                if (is(pl, "ecores"))
                        in = in && pu->kind == slowest;
                if (is(pl, "same-l3"))
                        in = in && pu->l3 == pl->pu[0].l3;
                n += in;
        }
        return n;
}

static inline void check_plan(const char *name, const struct topology *t,
                              const struct placement *pl)
{
        const struct pu *p = pl->pu;
        size_t i = 0, size = policy_size(t, pl), distinct = 0;
        bool *seen = calloc(t->n_pus, sizeof(*seen));
        assert_non_null(seen);
        for (i = 0; i < pl->threads; i++) {
                EXPECT(p[i].logical >= 0 && (size_t)p[i].logical < t->n_pus);
                const struct pu *own = &t->pus[p[i].logical];
                EXPECT(own->allowed);
                EXPECT(same_pu(own, &p[i]));
                bool fresh = !seen[p[i].logical];
                distinct += fresh;
                seen[p[i].logical] = true;
                if (size)
                        EXPECT(i < size ? fresh : p[i].logical == p[i % size].logical);
                bool apart = is(pl, "compact") || is(pl, "scatter") || is(pl, "cores");
                if (apart && i < t->usable.cores)
                        EXPECT(on_core(p, i, &p[i], false) == 0);
                if (is(pl, "scatter") && i < t->usable.packages)
                        for (size_t k = 0; k < i; k++)
                                EXPECT(p[k].package != p[i].package);
                if (is(pl, "same-l3"))
                        EXPECT(p[i].l3 >= 0 && p[i].l3 == p[0].l3);
                if (is(pl, "cross-l3"))
                        EXPECT(p[i].l3 >= 0 && (i == 0 || p[i].l3 != p[i - 1].l3));
                if (is(pl, "cross-numa"))
                        EXPECT(p[i].numa >= 0 && (i == 0 || p[i].numa != p[i - 1].numa));
                /* A core once left is not come back to, and single ones do not come in between. */
                if (is(pl, "smt") && i > 0 && i < size && !same_core(&p[i], &p[i - 1])) {
                        EXPECT(on_core(p, i, &p[i], false) == 0);
                        EXPECT(on_core(p, i, &p[i - 1], false) ==
                               on_core(t->pus, t->n_pus, &p[i - 1], true));
                        EXPECT(on_core(t->pus, t->n_pus, &p[i - 1], true) > 1 ||
                               on_core(t->pus, t->n_pus, &p[i], true) == 1);
                }
                /* Nor an L3 of a package, until all cores are in use. */
                if (is(pl, "compact") && i > 0 && i < t->usable.cores)
                        for (size_t k = 0; k + 1 < i; k++)
                                EXPECT(p[k].l3 != p[i].l3 || p[k].package != p[i].package ||
                                       p[k].numa != p[i].numa ||
                                       (p[i - 1].l3 == p[i].l3 && p[i - 1].numa == p[i].numa));
        }
        i = 0;
        EXPECT(pl->bind);
        EXPECT(pl->distinct.pus == distinct);
        EXPECT(pl->oversubscribed == (pl->threads > distinct));
        free(seen);
}

/* Whether the topology has what the policy needs, by counting. */
static inline bool has_meaning(const struct topology *t, const char *policy)
{
        bool siblings = false, l3_pair = false, l3s = false, numas = false, kinds = false;
        for (size_t a = 0; a < t->n_pus; a++) {
                for (size_t b = 0; b < a; b++) {
                        const struct pu *x = &t->pus[a], *y = &t->pus[b];
                        if (!x->allowed || !y->allowed)
                                continue;
                        siblings |= same_core(x, y);
                        l3_pair |= x->l3 >= 0 && x->l3 == y->l3;
                        l3s |= x->l3 >= 0 && y->l3 >= 0 && x->l3 != y->l3;
                        numas |= x->numa >= 0 && y->numa >= 0 && x->numa != y->numa;
                        kinds |= x->kind >= 0 && y->kind >= 0 && x->kind != y->kind;
                }
        }
        if (strcmp(policy, "smt") == 0)
                return siblings;
        if (strcmp(policy, "same-l3") == 0)
                return l3_pair;
        if (strcmp(policy, "cross-l3") == 0)
                return l3s;
        if (strcmp(policy, "cross-numa") == 0)
                return numas;
        if (strcmp(policy, "pcores") == 0 || strcmp(policy, "ecores") == 0)
                return kinds;
        return true;
}

/* Every policy, at thread counts around each border. */
static inline void check_topology(const char *name, const struct topology *t)
{
        size_t pus = t->usable.pus, cores = t->usable.cores;
        size_t counts[] = {1,         2,   3,       5,       cores - 1,   cores,
                           cores + 1, pus, pus + 1, 2 * pus, 2 * pus + 1, 3 * pus + 2};
        size_t longest = 3 * pus + 2;
        for (int k = 0; k < PLACEMENT_POLICIES; k++) {
                const char *policy = placement_policies[k];
                char why[512] = "";
                struct placement whole;
                int r = placement_plan(t, policy, longest, &whole, why, sizeof(why));
                if (!has_meaning(t, policy)) {
                        if (r != -ENOTSUP || strstr(why, policy) == NULL)
                                fail_msg("%s: %s should have been refused: %d %s", name, policy, r,
                                         why);
                        continue;
                }
                if (r)
                        fail_msg("%s: %s refused: %s", name, policy, why);
                for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
                        struct placement one, *pl = &one;
                        size_t i = 0;
                        if (counts[c] == 0 || counts[c] > longest)
                                continue;
                        assert_int_equal(placement_plan(t, policy, counts[c], pl, why, sizeof(why)),
                                         0);
                        EXPECT(pl->threads == counts[c]);
                        for (i = 0; i < counts[c]; i++)
                                EXPECT(same_pu(&pl->pu[i], &whole.pu[i]));
                        i = 0;
                        if (strcmp(policy, "none") == 0) {
                                EXPECT(!pl->bind && pl->pu[counts[c] - 1].os_index == -1);
                                EXPECT(pl->distinct.pus == pus);
                                EXPECT(pl->oversubscribed == (counts[c] > pus));
                        } else {
                                check_plan(name, t, pl);
                        }
                        placement_free(pl);
                }
                placement_free(&whole);
        }
}

#endif
