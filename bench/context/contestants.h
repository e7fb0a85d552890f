/* X(id): the context family's contestants, in the order of --list. */
#define CONTEXT_CONTESTANTS(X)                                                                     \
        X(null)                                                                                    \
        X(context)                                                                                 \
        X(ref)
