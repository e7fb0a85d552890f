/*
 * The guards' loops. Include it once, after
 *      CALL_RETRY(c)           calls guard_attempt(c, 1, 2 ...) until it returns 0; its last result
 *      CALL_BREAKER(hall, c)   calls guard_query(c) unless the circuit is open; its result,
 *                              or REFUSED
 */
static uint64_t run_retry(void *self, struct worker *w, uint64_t n)
{
        struct caller *c = w->local;
        uint64_t right = 0;

        (void)self;
        for (uint64_t i = 0; i < n; i++, c->cursor++) {
                c->failed += caller_fails(c);
                right += CALL_RETRY(c) == 0;
        }
        return right;
}

static uint64_t run_breaker(void *self, struct worker *w, uint64_t n)
{
        struct caller *c = w->local;
        bool open = guard_is_open(w->params);
        uint64_t right = 0;

        (void)self;
        for (uint64_t i = 0; i < n; i++, c->cursor++) {
                int expected = open ? REFUSED : caller_fails(c) ? -EIO : 0;

                right += CALL_BREAKER(self, c) == expected;
        }
        return right;
}
