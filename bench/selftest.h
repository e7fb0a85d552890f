/*
 * `contend_host self-test`: what the harness itself reaches on this machine.
 */
#ifndef CT_BENCH_SELFTEST_H
#define CT_BENCH_SELFTEST_H

/* --json, --windows N. Returns an exit code; it judges nothing. */
int selftest_main(int argc, char **argv);

#endif
