#include "base/panic.h"

#include <execinfo.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void ct_print_stack(int fd)
{
        void *frames[48];
        int n = backtrace(frames, 48);

        backtrace_symbols_fd(frames, n, fd);
}

void ct_print_stack_prepare(void)
{
        void *frame;

        backtrace(&frame, 1);
}

void ct_panic(const char *object, const void *address, const char *format, ...)
{
        char message[256];
        va_list ap;

        va_start(ap, format);
        vsnprintf(message, sizeof message, format, ap);
        va_end(ap);
        fprintf(stderr, "contend: panic: %s %p: %s\n", object, address, message);
        fflush(stderr);
        ct_print_stack(STDERR_FILENO);
        abort();
}
