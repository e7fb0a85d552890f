#include "harness/hop.h"

#include <stdlib.h>

#include "base/clock.h"

enum { BALLS = HOP_BATCHES * HOP_ROUND_TRIPS };

static void round_trip(struct hop *h, uint64_t ball)
{
        ct_store_u64_release(&h->ball, ball); /* pairs with the acquire in hop_return() */
        while (ct_load_u64_acquire(&h->ball) != ball + 1)
                ;
}

void hop_serve(struct hop *h)
{
        uint64_t ball = 1;

        round_trip(h, ball); /* both have touched the line and both are running */
        for (int b = 0; b < HOP_BATCHES; b++) {
                int64_t start = ct_now_ns();

                for (int i = 0; i < HOP_ROUND_TRIPS; i++)
                        round_trip(h, ball += 2);
                h->batch_ns[b] = (double)(ct_now_ns() - start) / (2.0 * HOP_ROUND_TRIPS);
        }
}

void hop_return(struct hop *h)
{
        for (uint64_t i = 0, ball = 1; i <= BALLS; i++, ball += 2) {
                while (ct_load_u64_acquire(&h->ball) != ball)
                        ;
                ct_store_u64_release(&h->ball, ball + 1);
        }
}

static int by_value(const void *a, const void *b)
{
        double x = *(const double *)a, y = *(const double *)b;

        return (x > y) - (x < y);
}

double median_of(double *v, size_t n)
{
        qsort(v, n, sizeof *v, by_value);
        return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

double hop_median(struct hop *h)
{
        return median_of(h->batch_ns, HOP_BATCHES);
}
