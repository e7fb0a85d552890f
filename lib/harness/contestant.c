#include "harness/contestant.h"

#include <stdlib.h>
#include <string.h>

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
