#include "harness/work.h"

#include "base/clock.h"

enum { TURNS = 20000, TRIES = 7 };

double work_calibrate(void)
{
        int64_t best = INT64_MAX;

        for (int i = 0; i < TRIES; i++) {
                int64_t start = ct_now_ns();

                work_spin(TURNS);
                int64_t took = ct_now_ns() - start;
                if (took < best)
                        best = took;
        }
        return (double)(best > 0 ? best : 1) / TURNS;
}

uint64_t work_turns(int64_t ns, double ns_per_turn)
{
        return ns <= 0 ? 0 : (uint64_t)((double)ns / ns_per_turn + 0.5);
}
