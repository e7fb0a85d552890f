/*
 * A schedule as the list of its departures from the defaults: kept while it runs, written down,
 * read and followed again. As text: "12:1r,30:2t,31:0f,40:3v", decision 12 runs task 1, decision 30
 * lets task 2 time out, decision 31 is a fault, decision 40 chooses 3; "-" has none.
 */
#include "sim/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct departure list[MAX_DECISIONS];
static unsigned count, followed;
static bool misfit;

void schedule_start(bool replaying)
{
        followed = 0;
        misfit = false;
        if (!replaying)
                count = 0;
}

void schedule_note(char kind, unsigned value)
{
        if (!chooser.replaying && count < MAX_DECISIONS)
                list[count++] = (struct departure){(uint32_t)sim.decisions, kind, (uint8_t)value};
}

const struct departure *schedule_departure(void)
{
        if (followed == count || list[followed].decision != sim.decisions)
                return NULL;
        return &list[followed++];
}

void schedule_misfit(void)
{
        misfit = true;
}

bool schedule_fits(void)
{
        return !misfit && followed == count;
}

void schedule_write(char *out, size_t size)
{
        size_t used = 0;

        snprintf(out, size, "-");
        for (unsigned i = 0; i < count; i++) {
                int n = snprintf(out + used, size - used, "%s%u:%u%c", i ? "," : "",
                                 list[i].decision, list[i].value, list[i].kind);

                if (n < 0 || (size_t)n >= size - used) {
                        out[0] = '\0';
                        return;
                }
                used += (size_t)n;
        }
}

bool schedule_read(const char *text)
{
        count = 0;
        if (!strcmp(text, "-"))
                return true;
        for (;;) {
                char *end;
                unsigned long decision = strtoul(text, &end, 10), value;

                if (end == text || *end != ':' || count == MAX_DECISIONS)
                        return false;
                text = end + 1;
                value = strtoul(text, &end, 10);
                if (end == text || value > 255 || !*end || !strchr("rtsfv", *end))
                        return false;
                list[count++] = (struct departure){(uint32_t)decision, *end, (uint8_t)value};
                text = end + 1;
                if (!*text)
                        return true;
                if (*text++ != ',')
                        return false;
        }
}
