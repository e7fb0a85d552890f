/*
 * ct_panic(): misuse of a primitive. Prints "contend: panic: <object> <address>: <message>" and the
 * calling thread's stack on stderr, then aborts. Never returns; any thread may call it.
 */
#ifndef CT_BASE_PANIC_H
#define CT_BASE_PANIC_H

_Noreturn void ct_panic(const char *object, const void *address, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/* Prints the calling thread's stack on the descriptor. Safe in a signal handler once
   ct_print_stack_prepare() has loaded the unwinder, which allocates. */
void ct_print_stack(int fd);
void ct_print_stack_prepare(void);

#endif
