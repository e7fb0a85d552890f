/* The limiter family's measured loops and the descriptor: included once by each contestant's file.
   No include guard: one file, one contestant. It uses:

     struct limiter
     static int limiter_open(struct limiter *, const struct params *, int64_t now_ns)
     static void limiter_close(struct limiter *)
     static inline bool limiter_allow(struct limiter *, int64_t now_ns, unsigned user)
     static double limiter_memory(struct limiter *)              NAN where it is not of interest
     static uint64_t limiter_most(const struct params *, int64_t elapsed_ns)
                             the law from the opening on: what may have been admitted to one user
   and unless FLOOR_ONLY is defined:
     static int limiter_start(struct limiter *)                  before the first wait
     static int limiter_wait(struct limiter *)                   0 or -errno
     static bool limiter_grant(struct limiter *, int64_t now_ns, int64_t *time_ns)
                             one decision on the virtual clock; when it takes effect
     static bool limiter_burst_ok(double ratio, const struct params *)    the oracle of the law rows
 */

struct opened {
        struct limiter limiter;
        int64_t open_ns;
};

static int open_now(struct opened *o, const struct params *p)
{
        (void)limiter_user(0);
        o->open_ns = ct_now_ns();
        return limiter_open(&o->limiter, p, o->open_ns);
}

/* Times run from open_ns to now: no limiter has seen a later one. */
static bool within_law(const struct opened *o, const struct params *p, uint64_t admitted)
{
        uint64_t users = p->value[P_USERS] > 0 ? (uint64_t)p->value[P_USERS] : 1;

        return admitted <= users * limiter_most(p, ct_now_ns() - o->open_ns);
}

/* ---- allow, users ---- */

static int init(void *self, const struct params *p, unsigned threads)
{
        (void)threads;
        return open_now(self, p);
}

static void fini(void *self)
{
        limiter_close(&((struct opened *)self)->limiter);
}

static uint64_t run_allow(void *self, struct worker *w, uint64_t n)
{
        struct opened *o = self;
        uint64_t admitted = 0;

        (void)w;
        for (uint64_t i = 0; i < n; i++)
                admitted += limiter_allow(&o->limiter, ct_now_ns(), 0);
        return admitted;
}

static int check(const void *self, const struct totals *t, double *metrics)
{
        struct opened *o = (struct opened *)self; /* memory asks under the limiter's lock */

        if (t->ops)
                metrics[M_ADMITTED_PCT] = 100.0 * (double)t->effects / (double)t->ops;
        metrics[M_MEMORY_BYTES] = limiter_memory(&o->limiter);
        if (t->params->value[P_RATE_PER_S] >= NEVER_LIMITED && t->effects != t->ops)
                return -EBADMSG;
        return within_law(o, t->params, t->effects) ? 0 : -EBADMSG;
}

#ifdef HAS_USERS
static uint64_t run_users(void *self, struct worker *w, uint64_t n)
{
        struct opened *o = self;
        uint64_t admitted = 0, cursor = w->cursor;

        for (uint64_t i = 0; i < n; i++)
                admitted += limiter_allow(&o->limiter, ct_now_ns(), w->draws[cursor++ % DRAWS]);
        w->cursor = cursor;
        return admitted;
}
#endif

/* ---- wait ---- */

static int measure_wait(const struct topology *t, const struct params *p, int64_t window_ns,
                        struct measurement *m)
{
        int64_t length = limiter_wait_length(p, window_ns);
        struct wait_record *r = calloc(1, sizeof *r);
        struct opened o;
        uint64_t admitted = 0;
        int rc;

        (void)t;
        if (!r)
                return -ENOMEM;
        r->ideal_ns = CT_NS_PER_S / p->value[P_RATE_PER_S];
        rc = open_now(&o, p);
        if (rc) {
                free(r);
                return rc;
        }
        rc = limiter_start(&o.limiter);
        while (!rc && limiter_wait_goes_on(r, length)) {
                rc = limiter_wait(&o.limiter);
                if (!rc)
                        limiter_wait_grant(r, ct_now_ns());
                admitted += !rc;
        }
        if (!rc) {
                limiter_wait_result(r, m);
                m->verified = within_law(&o, p, admitted);
        }
        limiter_close(&o.limiter);
        free(r);
        return rc;
}

/* ---- law ---- */

#ifndef FLOOR_ONLY
static int measure_law(const struct topology *t, const struct params *p, int64_t window_ns,
                       struct measurement *m)
{
        size_t n = 0, granted = 0;
        int64_t *time = limiter_arrivals(p, &n);
        struct limiter l;
        int rc;

        (void)t;
        (void)window_ns;
        if (!time)
                return -ENOMEM;
        (void)limiter_user(0);
        rc = limiter_open(&l, p, 0);
        if (!rc) {
                for (size_t i = 0; i < n; i++) { /* never more grants than arrivals: in place */
                        int64_t at;

                        if (limiter_grant(&l, time[i], &at))
                                time[granted++] = at;
                }
                limiter_law_result(p, time, granted, n, m);
                m->own[M_MEMORY_BYTES] = limiter_memory(&l);
                m->verified = limiter_burst_ok(m->own[M_BURST_RATIO], p);
                limiter_close(&l);
        }
        free(time);
        return rc;
}
#endif

extern const struct contestant CONTESTANT;
const struct contestant CONTESTANT = {
        .name = NAME,
        .source = SOURCE,
        .caps = CAPS,
        .size = sizeof(struct opened),
        .align = _Alignof(struct opened),
        .init = init,
        .fini = fini,
        .check = check,
        .run = {[LIMITER_ALLOW] = run_allow,
#ifdef HAS_USERS
                [LIMITER_USERS] = run_users
#endif
        },
        .measure = {[LIMITER_WAIT] = measure_wait,
#ifndef FLOOR_ONLY
                    [LIMITER_LAW] = measure_law
#endif
        },
};
