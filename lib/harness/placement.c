#include "harness/placement.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum policy {
        PLACE_COMPACT,
        PLACE_SCATTER,
        PLACE_SMT,
        PLACE_CORES,
        PLACE_SAME_L3,
        PLACE_CROSS_L3,
        PLACE_CROSS_NUMA,
        PLACE_PCORES,
        PLACE_ECORES,
        PLACE_ONE,
        PLACE_NONE,
};

const char *const placement_policies[PLACEMENT_POLICIES] = {
        [PLACE_COMPACT] = "compact",
        [PLACE_SCATTER] = "scatter",
        [PLACE_SMT] = "smt",
        [PLACE_CORES] = "cores",
        [PLACE_SAME_L3] = "same-l3",
        [PLACE_CROSS_L3] = "cross-l3",
        [PLACE_CROSS_NUMA] = "cross-numa",
        [PLACE_PCORES] = "pcores",
        [PLACE_ECORES] = "ecores",
        [PLACE_ONE] = "one",
        [PLACE_NONE] = "none",
};

/* The levels of the machine, outermost first. A group is the PUs with the same index at a level and
   at all levels outside it, so a cache that is unknown (-1) makes one group inside its parent. */
enum { LEVELS = 4 };

static int id_at(const struct pu *pu, int level)
{
        switch (level) {
        case 0:
                return pu->package;
        case 1:
                return pu->numa;
        case 2:
                return pu->l3;
        default:
                return pu->l2;
        }
}

/* A usable PU with what ordering needs. */
struct item {
        const struct pu *pu;
        size_t core;     /* index of the first item of its core */
        size_t rank;     /* 0 for the first usable PU of its core */
        size_t siblings; /* usable PUs of its core, itself included */
        struct {
                int kind; /* the fastest in the group: where it stands among other groups */
                int lead; /* lowest logical index in the group: which group it is */
        } group[LEVELS];
        size_t seq; /* scatter: its turn in its group */
};

struct plan {
        size_t n;
        struct item *items;  /* in logical order */
        struct item **order; /* [n], by compact, then as the policy wants it */
        size_t chosen;       /* how many of order the policy uses */
};

static int compare_int(int a, int b)
{
        return (a > b) - (a < b);
}

static int compare_size(size_t a, size_t b)
{
        return (a > b) - (a < b);
}

static int compare_by_id(const void *a, const void *b)
{
        const struct item *x = *(struct item *const *)a, *y = *(struct item *const *)b;
        for (int level = 0; level < LEVELS; level++) {
                int c = compare_int(id_at(x->pu, level), id_at(y->pu, level));
                if (c)
                        return c;
        }
        return compare_int(x->pu->logical, y->pu->logical);
}

/* Order of the groups at the outer `levels` levels: faster kinds first, then as hwloc has them. */
static int compare_groups(const struct item *x, const struct item *y, int levels)
{
        for (int level = 0; level < levels; level++) {
                int c = compare_int(y->group[level].kind, x->group[level].kind);
                if (c == 0)
                        c = compare_int(x->group[level].lead, y->group[level].lead);
                if (c)
                        return c;
        }
        return 0;
}

static int compare_compact(const void *a, const void *b)
{
        const struct item *x = *(struct item *const *)a, *y = *(struct item *const *)b;
        int c = compare_size(x->rank, y->rank);
        if (c == 0)
                c = compare_groups(x, y, LEVELS);
        if (c == 0)
                c = compare_int(y->pu->kind, x->pu->kind);
        return c ? c : compare_int(x->pu->logical, y->pu->logical);
}

/* Within a group of the outer `levels` levels: by turn, then by inner group. */
static int compare_turns(const void *a, const void *b, void *levels_)
{
        const struct item *x = *(struct item *const *)a, *y = *(struct item *const *)b;
        int levels = *(int *)levels_;
        int c = compare_size(x->rank, y->rank);
        if (c == 0)
                c = compare_groups(x, y, levels);
        if (c == 0)
                c = compare_size(x->seq, y->seq);
        return c ? c : compare_groups(x, y, levels + 1);
}

/* Needs `order` by id. */
static void find_groups(struct plan *p)
{
        for (int level = 0; level < LEVELS; level++) {
                for (size_t start = 0, end; start < p->n; start = end) {
                        int kind = -1, lead = p->order[start]->pu->logical;
                        for (end = start; end < p->n; end++) {
                                const struct item *it = p->order[end];
                                int l = 0;
                                while (l <= level &&
                                       id_at(it->pu, l) == id_at(p->order[start]->pu, l))
                                        l++;
                                if (l <= level)
                                        break;
                                if (it->pu->kind > kind)
                                        kind = it->pu->kind;
                                if (it->pu->logical < lead)
                                        lead = it->pu->logical;
                        }
                        for (size_t i = start; i < end; i++) {
                                p->order[i]->group[level].kind = kind;
                                p->order[i]->group[level].lead = lead;
                        }
                }
        }
}

static bool usable(const struct pu *pu)
{
#ifdef CT_PLANT_placement_ignores_allowed
        return pu->os_index >= 0;
#else
        return pu->allowed;
#endif
}

/* The usable PUs in compact order. */
static int plan_start(struct plan *p, const struct topology *t)
{
        *p = (struct plan){.items = calloc(t->n_pus + 1, sizeof(*p->items)),
                           .order = calloc(t->n_pus + 1, sizeof(struct item *))};
        if (!p->items || !p->order)
                return -ENOMEM;
        for (size_t i = 0; i < t->n_pus; i++) {
                const struct pu *pu = &t->pus[i];
                if (!usable(pu))
                        continue;
                struct item *it = &p->items[p->n];
                const struct item *before = p->n ? it - 1 : NULL;
                bool sibling = before && pu->core >= 0 && before->pu->core == pu->core;
                it->pu = pu;
                it->core = sibling ? before->core : p->n;
                it->rank = sibling ? before->rank + 1 : 0;
                p->order[p->n++] = it;
        }
        for (size_t i = p->n; i-- > 0;) {
                struct item *it = &p->items[i];
                bool last = i + 1 == p->n || p->items[i + 1].core != it->core;
                it->siblings = last ? it->rank + 1 : it[1].siblings;
        }
        if (p->n == 0)
                return -ENOTSUP;
        qsort(p->order, p->n, sizeof(struct item *), compare_by_id);
        find_groups(p);
        qsort(p->order, p->n, sizeof(struct item *), compare_compact);
        p->chosen = p->n;
        return 0;
}

/* From the innermost level outwards: number the members of each group in the order they have, then
   deal them out one from each inner group in turn. */
static void order_scatter(struct plan *p)
{
        for (int levels = LEVELS; levels >= 0; levels--) {
                if (levels < LEVELS)
                        qsort_r(p->order, p->n, sizeof(struct item *), compare_turns, &levels);
                for (size_t i = 0; i < p->n; i++) {
                        struct item *it = p->order[i];
                        const struct item *before = i ? p->order[i - 1] : NULL;
                        bool same = before && before->rank == it->rank &&
                                    compare_groups(before, it, levels) == 0;
                        it->seq = same ? before->seq + 1 : 0;
                }
        }
}

/* False if there are no siblings at all. */
static bool order_smt(struct plan *p, struct item **scratch)
{
        size_t m = 0;
        for (size_t i = 0; i < p->n; i++) {
                struct item *first = p->order[i];
                if (first->rank != 0 || first->siblings < 2)
                        continue;
                for (size_t k = 0; k < first->siblings; k++)
                        scratch[m++] = first + k;
        }
        if (m == 0)
                return false;
        for (size_t i = 0; i < p->n; i++) {
                if (p->order[i]->siblings < 2)
                        scratch[m++] = p->order[i];
        }
        memcpy(p->order, scratch, p->n * sizeof(struct item *));
        return true;
}

/* Keeps the PUs for which keep() is true, in their order. */
static void filter(struct plan *p, bool (*keep)(const struct item *, int), int value)
{
        size_t m = 0;
        for (size_t i = 0; i < p->n; i++) {
                if (keep(p->order[i], value))
                        p->order[m++] = p->order[i];
        }
        p->chosen = m;
}

static bool has_rank(const struct item *it, int rank)
{
        return it->rank == (size_t)rank;
}

static bool has_kind(const struct item *it, int kind)
{
        return it->pu->kind == kind;
}

static bool has_l3(const struct item *it, int l3)
{
        return it->pu->l3 == l3;
}

static int l3_of(const struct pu *pu)
{
        return pu->l3;
}

static int numa_of(const struct pu *pu)
{
        return pu->numa;
}

/* L3s or NUMA nodes with their PUs in compact order; domains in order of first appearance. */
struct domain {
        int id;
        size_t first, pus, cores; /* members are at first .. first+pus */
        size_t used;
};
struct domains {
        size_t n;
        struct domain *list;
        struct item **members;
};

static void domains_free(struct domains *d)
{
        free(d->list);
        free(d->members);
}

static int domains_find(struct domains *d, const struct plan *p, int (*id_of)(const struct pu *))
{
        int highest = -1;
        for (size_t i = 0; i < p->n; i++) {
                int id = id_of(p->order[i]->pu);
                if (id > highest)
                        highest = id;
        }
        size_t *index = calloc((size_t)highest + 2, sizeof(*index)); /* id -> 1 + place in list */
        *d = (struct domains){.list = calloc(p->n + 1, sizeof(*d->list)),
                              .members = calloc(p->n + 1, sizeof(struct item *))};
        if (!index || !d->list || !d->members) {
                free(index);
                domains_free(d);
                return -ENOMEM;
        }
        for (size_t i = 0; i < p->n; i++) {
                int id = id_of(p->order[i]->pu);
                if (id < 0)
                        continue;
                if (index[id] == 0) {
                        d->list[d->n].id = id;
                        index[id] = ++d->n;
                }
                struct domain *domain = &d->list[index[id] - 1];
                domain->pus++;
                domain->cores += p->order[i]->rank == 0;
        }
        for (size_t k = 1; k < d->n; k++)
                d->list[k].first = d->list[k - 1].first + d->list[k - 1].pus;
        for (size_t i = 0; i < p->n; i++) {
                int id = id_of(p->order[i]->pu);
                if (id < 0)
                        continue;
                struct domain *domain = &d->list[index[id] - 1];
                d->members[domain->first + domain->used++] = p->order[i];
        }
        for (size_t k = 0; k < d->n; k++)
                d->list[k].used = 0;
        free(index);
        return 0;
}

/* The next domain after `last` that has an unused PU; d->n if there is none but `last`. */
static size_t domain_next(const struct domains *d, size_t last)
{
        for (size_t step = 1; step <= d->n; step++) {
                size_t k = (last + step) % d->n;
                if (k != last && d->list[k].used < d->list[k].pus)
                        return k;
        }
        return d->n;
}

/* Deals threads to domains in turn. A round ends when no domain but the last one has PUs left; then
   all may be used again, so that neighbours differ also where it goes round. */
static void alternate(struct domains *d, size_t threads, struct pu *pus)
{
        size_t last = d->n - 1;
        for (size_t i = 0; i < threads; i++) {
                size_t k = domain_next(d, last);
                if (k == d->n) {
                        for (size_t j = 0; j < d->n; j++)
                                d->list[j].used = 0;
                        k = domain_next(d, last);
                }
                struct domain *domain = &d->list[k];
                pus[i] = *d->members[domain->first + domain->used++]->pu;
                last = k;
        }
}

/* Stores the reason, a literal. */
static int refuse(const char **reason, const char *text)
{
        *reason = text;
        return -ENOTSUP;
}

static int choose_same_l3(struct plan *p, const char **reason)
{
        struct domains d;
        int r = domains_find(&d, p, l3_of);
        if (r)
                return r;
        const struct domain *best = NULL;
        for (size_t k = 0; k < d.n; k++) {
                const struct domain *it = &d.list[k];
                if (!best || it->cores > best->cores ||
                    (it->cores == best->cores && it->pus > best->pus))
                        best = it;
        }
        if (!best)
                r = refuse(reason, "this topology has no known L3 cache");
        else if (best->pus < 2)
                r = refuse(reason, "no L3 cache has two PUs in the allowed set");
        else
                filter(p, has_l3, best->id);
        domains_free(&d);
        return r;
}

static int choose_kind(struct plan *p, enum policy policy, const char **reason)
{
        int fastest = -1, slowest = -1;
        for (size_t i = 0; i < p->n; i++) {
                int kind = p->order[i]->pu->kind;
                if (kind < 0)
                        continue;
                if (fastest < 0 || kind > fastest)
                        fastest = kind;
                if (slowest < 0 || kind < slowest)
                        slowest = kind;
        }
        if (fastest == slowest)
                return refuse(reason, "the allowed set does not have two known kinds of core");
        filter(p, has_kind, policy == PLACE_PCORES ? fastest : slowest);
        return 0;
}

/* Puts the PUs that the policy uses first in p->order, in its order. */
static int choose(struct plan *p, enum policy policy, const char **reason)
{
        switch (policy) {
        case PLACE_SCATTER:
                order_scatter(p);
                return 0;
        case PLACE_SMT: {
                struct item **scratch = calloc(p->n + 1, sizeof(struct item *));
                if (!scratch)
                        return -ENOMEM;
                bool any = order_smt(p, scratch);
                free(scratch);
                return any ? 0
                           : refuse(reason,
                                    "no core of this topology has SMT siblings in the allowed set");
        }
        case PLACE_CORES:
                filter(p, has_rank, 0);
                return 0;
        case PLACE_SAME_L3:
                return choose_same_l3(p, reason);
        case PLACE_PCORES:
        case PLACE_ECORES:
                return choose_kind(p, policy, reason);
        case PLACE_ONE:
                p->chosen = 1;
                return 0;
        case PLACE_COMPACT:
        default:
                return 0;
        }
}

static int fill_across(const struct plan *p, enum policy policy, struct placement *pl,
                       const char **reason)
{
        bool l3 = policy == PLACE_CROSS_L3;
        struct domains d;
        int r = domains_find(&d, p, l3 ? l3_of : numa_of);
        if (r)
                return r;
        if (d.n < 2)
                r = refuse(reason, l3 ? "the allowed set does not span two known L3 caches"
                                      : "the allowed set does not span two NUMA nodes");
        else
                alternate(&d, pl->threads, pl->pu);
        domains_free(&d);
        return r;
}

static int fill(const struct topology *t, enum policy policy, struct placement *pl,
                const char **reason)
{
        struct plan p;
        int r = plan_start(&p, t);
        if (r == -ENOTSUP)
                refuse(reason, "the allowed set is empty");
        if (r == 0 && (policy == PLACE_CROSS_L3 || policy == PLACE_CROSS_NUMA)) {
                r = fill_across(&p, policy, pl, reason);
        } else if (r == 0) {
                r = choose(&p, policy, reason);
                size_t k = 0;
                for (size_t i = 0; r == 0 && i < pl->threads; i++) {
                        pl->pu[i] = *p.order[k++]->pu;
                        if (k >= p.chosen)
                                k = 0;
                }
        }
        free(p.items);
        free(p.order);
        return r;
}

static const struct pu unbound = {.logical = -1,
                                  .os_index = -1,
                                  .core = -1,
                                  .l2 = -1,
                                  .l3 = -1,
                                  .numa = -1,
                                  .package = -1,
                                  .kind = -1};

/* pl->pu has room for the threads. */
static int make(const struct topology *t, enum policy policy, struct placement *pl,
                const char **reason)
{
        if (policy == PLACE_NONE) {
                for (size_t i = 0; i < pl->threads; i++)
                        pl->pu[i] = unbound;
                pl->distinct = t->usable;
                return 0;
        }
        pl->bind = true;
        int r = fill(t, policy, pl, reason);
        return r ? r : pus_count(pl->pu, pl->threads, &pl->distinct);
}

int placement_plan(const struct topology *t, const char *policy, size_t threads,
                   struct placement *placement, char *why, size_t why_size)
{
        *placement = (struct placement){0};
        int p = 0;
        while (p < PLACEMENT_POLICIES && strcmp(policy, placement_policies[p]) != 0)
                p++;
        if (p == PLACEMENT_POLICIES) {
                char shown[128];
                snprintf(why, why_size, "unknown placement '%s'",
                         ct_printable(shown, sizeof(shown), policy));
                return -EINVAL;
        }
        if (threads == 0) {
                snprintf(why, why_size, "placement %s: needs at least one thread",
                         placement_policies[p]);
                return -EINVAL;
        }
        const char *reason = "out of memory";
        int r = -ENOMEM;
        placement->policy = placement_policies[p];
        placement->threads = threads;
        placement->pu = calloc(threads, sizeof(*placement->pu));
        if (placement->pu)
                r = make(t, (enum policy)p, placement, &reason);
        if (r) {
                snprintf(why, why_size, "placement %s: %s", placement->policy, reason);
                placement_free(placement);
                return r;
        }
        placement->oversubscribed = threads > placement->distinct.pus;
        return 0;
}

int placement_exit_code(int error)
{
        return error == 0 ? 0 : error == -EINVAL ? 2 : 4;
}

void placement_free(struct placement *pl)
{
        free(pl->pu);
        *pl = (struct placement){0};
}
