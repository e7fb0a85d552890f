#include "harness/contestant.h"

#include <stdlib.h>
#include <string.h>

const char *const exec_names[EXEC_KINDS] = {[BY_THREADS] = "thread", [BY_TASKS] = "task"};

void point_list_add(struct point_list *l, const struct point *p)
{
        if (l->n == l->capacity) {
                l->capacity = l->capacity ? l->capacity * 2 : 32;
                l->points = realloc(l->points, l->capacity * sizeof *l->points);
                if (!l->points)
                        abort();
        }
        l->points[l->n++] = *p;
}

int family_param_index(const struct family *f, const char *name)
{
        for (int i = 0; i < MAX_PARAMS && f->params[i]; i++)
                if (!strcmp(f->params[i], name))
                        return i;
        return -1;
}

bool contestant_is_peer(const struct contestant *c)
{
        return strchr(c->name, ':') != NULL;
}

bool contestant_runs_by(const struct family *f, const struct contestant *c, enum exec_kind kind)
{
        unsigned caps = c->caps | f->caps;

#ifdef CT_PLANT_exec_ignores_caps
        caps = 0;
#endif
        return !(caps & (kind == BY_TASKS ? CAP_THREADS_ONLY | CAP_SPINS : CAP_TASKS_ONLY));
}
