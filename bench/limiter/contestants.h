/* X(id): the limiter family's contestants, in the order of --list. */
#define LIMITER_CONTESTANTS(X)                                                                     \
        X(null)                                                                                    \
        X(guide_ticker)                                                                            \
        X(guide_token_bucket)                                                                      \
        X(guide_fixed_window)                                                                      \
        X(guide_sliding_log)                                                                       \
        X(guide_leaky)                                                                             \
        X(guide_per_user)
