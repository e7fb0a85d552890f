#include "cache_history.h"

static void print_value(FILE *f, unsigned value)
{
        if (value == CACHE_MISS)
                fprintf(f, "a miss");
        else if (value == CACHE_NO_VALUE)
                fprintf(f, "a value that nobody has set, or one that is torn");
        else
                fprintf(f, "value %u", value);
}

static void print_event(FILE *f, const struct cache_event *e)
{
        switch ((enum cache_what)e->what) {
        case CACHE_SET:
                fprintf(f, "set value %u", e->value);
                if (e->ttl)
                        fprintf(f, " for %d", e->ttl);
                break;
        case CACHE_LOOK:
                fprintf(f, "look: ");
                print_value(f, e->value);
                break;
        case CACHE_DELETE:
                fprintf(f, "delete: %s", e->found ? "it was there" : "it was not there");
                break;
        case CACHE_ERASE:
                fprintf(f, "clear");
                break;
        }
}

void cache_history_print(FILE *f, const struct cache_history *h)
{
        fprintf(f, "  %s\n  context  invoked  returned  clock\n",
                h->may_evict ? "values may be evicted" : "nothing is evicted");
        for (unsigned i = 0; i < h->n; i++) {
                const struct cache_event *e = &h->event[i];

                fprintf(f, "  %7u %8u %9u  %5d .. %-5d ", e->context, e->invoked, e->returned,
                        e->clock_from, e->clock_to);
                print_event(f, e);
                fprintf(f, "\n");
        }
}
