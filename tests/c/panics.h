/*
 * Misuse that must end the process with a message: run in a child, its stderr read back. Not for
 * WATCHED tests: ThreadSanitizer takes a thread that the child starts for the watchdog's, which the
 * child has not got. The child has an alarm instead.
 */
#ifndef CT_TESTS_PANICS_H
#define CT_TESTS_PANICS_H

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* A child of a process that has had threads may start some too, and sizes that no machine has are
   no memory, as malloc says it. */
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
        return "die_after_fork=0 allocator_may_return_null=1";
}

static inline void assert_panics(void (*fn)(void), const char *message)
{
        char said[4096];
        size_t n = 0;
        ssize_t got;
        int ends[2], status;
        pid_t pid;

        fflush(NULL);
        assert_int_equal(pipe(ends), 0);
        pid = fork();
        if (pid == 0) {
                dup2(ends[1], STDERR_FILENO);
                close(ends[0]);
                close(ends[1]);
                alarm(60); /* misuse that blocks instead */
                fn();
                _exit(0);
        }
        close(ends[1]);
        while (n + 1 < sizeof said && (got = read(ends[0], said + n, sizeof said - 1 - n)) > 0)
                n += (size_t)got;
        said[n] = '\0';
        close(ends[0]);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT)
                fail_msg("did not panic (status %#x), said: %s", (unsigned)status, said);
        if (!strstr(said, message))
                fail_msg("panicked without '%s': %s", message, said);
}

#endif
