#include "base/panic.h"

#include <execinfo.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void ct_print_stack(int fd)
{
        void *frames[48];
        int n = backtrace(frames, 48);

        backtrace_symbols_fd(frames, n, fd);
}

static void print(const char *text, size_t left)
{
        while (left > 0) {
                ssize_t n = write(STDERR_FILENO, text, left);

                if (n <= 0) /* nobody is left to tell */
                        return;
                text += n;
                left -= (size_t)n;
        }
}

void ct_print_stack_prepare(void)
{
        void *frame;

        backtrace(&frame, 1);
}

/* Needs little stack, because a task has little: stdio's unbuffered stderr would put 8 KiB on it.
 */
void ct_panic(const char *object, const void *address, const char *format, ...)
{
        char message[384];
        size_t length;
        va_list ap;

        snprintf(message, sizeof message, "contend: panic: %s %p: ", object, address);
        length = strlen(message);
        va_start(ap, format);
        vsnprintf(message + length, sizeof message - length - 1, format, ap);
        va_end(ap);
        length = strlen(message);
        message[length] = '\n';
        print(message, length + 1);
        ct_print_stack(STDERR_FILENO);
        abort();
}
