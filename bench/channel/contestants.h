/* X(id): the channel family's contestants, in the order of --list. */
#define CHANNEL_CONTESTANTS(X)                                                                     \
        X(null)                                                                                    \
        X(chan)                                                                                    \
        X(chan_spsc)                                                                               \
        X(guide)                                                                                   \
        X(ref)
