#include <stdio.h>

#include "harness/options.h"

void options_help(const struct family *f)
{
        printf("bench_%s: %s\n\n", f->name, f->summary);
        if (f->trace)
                puts("  --trace FILE          a trace of yours for the workload trace_file: lirs, "
                     "ARC, or\n"
                     "                        libCacheSim's csv or oracleGeneral (one of tens of "
                     "millions\n"
                     "                        of requests needs a larger --watchdog-s)");
        puts("  --contestants REGEX   only these (POSIX extended, whole name)\n"
             "  --with-peers          other people's libraries too (LIBRARY:THING), where built;\n"
             "                        so does a colon in --contestants\n"
             "  --workloads REGEX     only these\n"
             "  --threads 1,2,4       instead of the default sweep\n"
             "  --where p_NAME=V[,V]  only points with these parameter values (repeatable)\n"
             "  --exec thread,task    what the workers are (default: threads, and tasks at key "
             "points;\n"
             "                        both everywhere with --full)\n"
             "  --placement P         compact scatter smt cores same-l3 cross-l3 cross-numa\n"
             "                        pcores ecores one none (default compact)\n"
             "  --reps N              repetitions of each point (default 6 quick, 10 full)\n"
             "  --window-ms N         length of a window (default 25 quick, 100 full)\n"
             "  --warmup-ms N         batch finding before a contestant's first window (default "
             "5)\n"
             "  --quick | --full      which sweep (default quick)\n"
             "  --budget SECONDS      shorten windows, then repetitions, to fit\n"
             "  --watchdog-s N        a contestant still running so long after its window is ended "
             "and\n"
             "                        recorded as failed, with its stacks on stderr (default 10)\n"
             "  --seed N              order of contestants and draws\n"
             "  --control aa|slowdown|all   measure the suite itself instead; --pairs N\n"
             "  --slow NAME=120       plant a slow-down: NAME does 20 % more than it counts; its "
             "rows are\n"
             "                        flagged `planted`\n"
             "  --run-dir DIR         write CSV, environment and footer there; --run-id ID\n"
             "  --resume              continue an interrupted run in --run-dir\n"
             "  --list, --plan        show contestants, or who would run where; --json\n"
             "  --quiet               no progress on stderr\n"
             "  --no-table            no table of results; --benchmark_out is written all the "
             "same\n"
             "  --benchmark_*         every flag of Google Benchmark\n\n"
             "Exit: 0 ok, 1 a benchmark failed, 2 usage, 3 bad input file, 4 environment, 5 "
             "output,\n"
             "130/143 signals.");
}
