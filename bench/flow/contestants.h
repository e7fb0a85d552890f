/* X(id): the flow family's contestants, in the order of --list. */
#define FLOW_CONTESTANTS(X)                                                                        \
        X(null)                                                                                    \
        X(flow)                                                                                    \
        X(unordered)                                                                               \
        X(ordered_stream)                                                                          \
        X(ordered_batch)                                                                           \
        X(ref)
