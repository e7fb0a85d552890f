/* X(id): the task family's contestants, in the order of --list. */
#define TASK_CONTESTANTS(X)                                                                        \
        X(null)                                                                                    \
        X(fcontext)                                                                                \
        X(switch_own)                                                                              \
        X(task)                                                                                    \
        X(parker)                                                                                  \
        X(ref)
