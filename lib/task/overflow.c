/*
 * A fault in a guard page becomes a panic that names the task.
 *
 * The handler runs on a stack of its own, since the task's is used up. Faults elsewhere go to
 * whoever handled them before the runtime started.
 */
#include "base/panic.h"
#include "task/internal.h"
#include "task/stack.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define SIGNAL_STACK 65536 /* the panic prints the stack, and symbols want room */

static struct sigaction before;

static void pass_on(int sig, siginfo_t *info, void *context)
{
        if (before.sa_flags & SA_SIGINFO) {
                before.sa_sigaction(sig, info, context);
        } else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) {
                before.sa_handler(sig);
        } else {
                /* Returning repeats the fault, now without a handler. */
                signal(sig, SIG_DFL);
        }
}

static void on_fault(int sig, siginfo_t *info, void *context)
{
        struct ct_task_ *t = ct_stack_guards_(info->si_addr);

        if (!t) {
                pass_on(sig, info, context);
                return;
        }
        /* It dies either way; stdio in a handler is worth a name. */
        ct_panic("task", t, "stack overflow: task %llu ran into its guard page",
                 (unsigned long long)t->serial);
}

int ct_overflow_watch_(void)
{
        struct sigaction sa = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};

        sigemptyset(&sa.sa_mask);
        ct_print_stack_prepare();
        return sigaction(SIGSEGV, &sa, &before);
}

void ct_overflow_unwatch_(void)
{
        struct sigaction now;

        /* Somebody who came after us keeps his handler, and ours stays behind it. */
        if (sigaction(SIGSEGV, NULL, &now) == 0 && now.sa_sigaction == on_fault)
                sigaction(SIGSEGV, &before, NULL);
}

/* For the calling thread; NULL if it has one already. */
void *ct_overflow_stack_(void)
{
        stack_t have, ours = {.ss_size = SIGNAL_STACK};

        if (sigaltstack(NULL, &have) || !(have.ss_flags & SS_DISABLE))
                return NULL;
        ours.ss_sp = malloc(SIGNAL_STACK);
        if (ours.ss_sp && sigaltstack(&ours, NULL)) {
                free(ours.ss_sp);
                return NULL;
        }
        return ours.ss_sp;
}

void ct_overflow_stack_gone_(void *stack)
{
        stack_t none = {.ss_flags = SS_DISABLE};

        if (!stack)
                return;
        sigaltstack(&none, NULL);
        free(stack);
}
