/* Runs a function in a forked child, for tests that need another process, limits or a signal. */
#ifndef CT_TESTS_CHILD_H
#define CT_TESTS_CHILD_H

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* Inside the function: leaves with a message instead of cmocka's longjmp, which knows no children.
 */
#define CHILD_CHECK(condition)                                                                     \
        do {                                                                                       \
                if (!(condition)) {                                                                \
                        fprintf(stderr, "%s:%d: child: %s\n", __FILE__, __LINE__, #condition);     \
                        return 1;                                                                  \
                }                                                                                  \
        } while (0)

enum { CHILD_SKIP = 77 };

/* The function's result (0..255), or 256 + signal. */
static inline int child_run(int (*fn)(void *), void *arg)
{
        int status;
        pid_t pid;

        fflush(NULL);
        pid = fork();
        if (pid == 0)
                _exit(fn(arg));
        if (pid < 0 || waitpid(pid, &status, 0) != pid)
                return 512;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}

#endif
