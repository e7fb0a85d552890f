#include "history.h"

static void print_case(FILE *f, const struct alternative *a)
{
        if (a->send)
                fprintf(f, "send %u to %c", a->value, 'a' + a->chan);
        else
                fprintf(f, "recv from %c", 'a' + a->chan);
}

static void print_call(FILE *f, const struct op *o)
{
        static const char *const modes[] = {"", "try ", "timed "};

        if (o->what == OP_CLOSE) {
                fprintf(f, "close %c", 'a' + o->chan);
                return;
        }
        if (o->what == OP_LEN) {
                fprintf(f, "len of %c", 'a' + o->chan);
                return;
        }
        fprintf(f, "%s%s", modes[o->mode], o->select ? "select {" : "");
        for (unsigned a = 0; a < o->cases; a++) {
                fprintf(f, "%s", a ? " | " : "");
                print_case(f, &o->alternative[a]);
        }
        fprintf(f, "%s", o->select ? "}" : "");
}

static void print_outcome(FILE *f, const struct op *o)
{
        const struct alternative *a = &o->alternative[o->fired];

        if (o->outcome == OUT_PENDING) {
                fprintf(f, "has not returned");
        } else if (o->outcome == OUT_NOTHING) {
                fprintf(f, "%s", o->mode == MODE_TRY ? "would have to wait" : "timed out");
        } else if (o->what == OP_LEN) {
                fprintf(f, "%u", o->length);
        } else if (o->what == OP_CLOSE) {
                fprintf(f, "done");
        } else {
                if (o->select)
                        fprintf(f, "case %u: ", o->fired);
                if (a->send)
                        fprintf(f, "sent %u", a->value);
                else if (o->open)
                        fprintf(f, "received %u", o->value);
                else
                        fprintf(f, "closed");
        }
}

void history_print(FILE *f, const struct history *h)
{
        static const char *const endings[] = {"all have returned", "the rest waits for ever",
                                              "a panic"};

        for (unsigned i = 0; i < h->channels; i++)
                fprintf(f, "  channel %c: capacity %u%s\n", 'a' + i, h->capacity[i],
                        h->spsc[i] ? ", one sender, one receiver" : "");
        fprintf(f, "  task  invoked  returned\n");
        for (unsigned i = 0; i < h->n; i++) {
                const struct op *o = &h->op[i];

                if (o->invoked == NEVER)
                        continue;
                fprintf(f, "  %4u %8u ", o->task, o->invoked);
                if (o->returned == NEVER)
                        fprintf(f, "%9s  ", "-");
                else
                        fprintf(f, "%9u  ", o->returned);
                print_call(f, o);
                fprintf(f, ": ");
                print_outcome(f, o);
                fprintf(f, "\n");
        }
        fprintf(f, "  end: %s\n", endings[h->ending]);
}
