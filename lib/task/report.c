/*
 * What is said about tasks that have not ended: where each waits, by the functions on its stack,
 * innermost first. No allocation and no stdio: it may be a dying process that asks.
 */
#include "task/internal.h"
#include "task/stack.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PRINTED_MOST 16
#define FRAMES 4

#if defined(__clang__)
#define UNCHECKED __attribute__((no_sanitize("address", "thread")))
#else
#define UNCHECKED __attribute__((no_sanitize("address"), no_sanitize("thread")))
#endif

struct report {
        int fd;
        unsigned tasks;
};

/* From a chain of frames, each beginning with its caller's and followed by the return address, as
   -fno-omit-frame-pointer makes them. It ends where it leaves the stack. Unchecked: it reads
   between other functions' variables, and perhaps while they run. */
UNCHECKED static int walk(const struct ct_task_ *t, void **at)
{
        void **frame = t->frame;
        int n = 0;

        while (n < FRAMES && (char *)frame >= t->low && (char *)(frame + 2) <= (char *)t &&
               (uintptr_t)frame % sizeof(void *) == 0 && frame[1]) {
                at[n++] = frame[1];
                if ((void **)frame[0] <= frame)
                        break;
                frame = frame[0];
        }
        return n;
}

/* "ct_mutex_lock_slow_+0x1c", or "program+0x1234" for a function that is not exported. */
static int name_place(char *out, size_t size, void *address)
{
        const char *file;
        Dl_info info;

        if (!dladdr(address, &info) || !info.dli_fname)
                return snprintf(out, size, "%p", address);
        if (info.dli_sname)
                return snprintf(out, size, "%s+0x%zx", info.dli_sname,
                                (size_t)((char *)address - (char *)info.dli_saddr));
        file = strrchr(info.dli_fname, '/');
        return snprintf(out, size, "%s+0x%zx", file ? file + 1 : info.dli_fname,
                        (size_t)((char *)address - (char *)info.dli_fbase));
}

UNCHECKED static void print(int fd, const struct ct_task_ *t)
{
        char line[512];
        void *at[FRAMES];
        int frames = walk(t, at);
        int n = snprintf(line, sizeof line, "contend: task %llu %s", (unsigned long long)t->serial,
                         t->frame ? "waits in" : "never waited");

        for (int i = 0; i < frames && n < (int)sizeof line - 128; i++) {
                n += snprintf(line + n, sizeof line - (size_t)n, i ? " < " : " ");
                n += name_place(line + n, 100, at[i]);
        }
        dprintf(fd, "%.500s\n", line);
}

static void report(struct ct_task_ *t, void *arg)
{
        struct report *r = arg;

        if (r->tasks++ < PRINTED_MOST)
                print(r->fd, t);
}

void ct_report_waiting_(int fd)
{
        struct report r = {.fd = fd};

        ct_stack_each_(report, &r);
        if (r.tasks > PRINTED_MOST)
                dprintf(fd, "contend: and %u more\n", r.tasks - PRINTED_MOST);
}

static void give_up(struct ct_task_ *t, void *arg)
{
        unsigned *left = arg;

        ++*left;
        ct_switch_gone_(t);
}

unsigned ct_report_left_(void)
{
        unsigned left = 0;

        ct_stack_each_(give_up, &left);
        if (!left)
                return 0;
        ct_report_waiting_(STDERR_FILENO);
        dprintf(STDERR_FILENO, "contend: runtime stopped with %u task%s left\n", left,
                left == 1 ? "" : "s");
        return left;
}
