/*
 * `contend_host plan`: who goes where, on this machine or on an exported one; runs nothing.
 */
#ifndef CT_HARNESS_PLAN_H
#define CT_HARNESS_PLAN_H

#include "harness/placement.h"

#include <stdio.h>

struct cJSON;

/* The command: argv[0] is "plan". Returns the exit code: 0; 2 usage; 3 the XML file cannot be used;
   4 the policy means nothing on this topology, or this machine cannot be read; 5 the output could
   not be written. Everything but 0 comes with one line on stderr. */
int plan_main(int argc, char **argv);

/* A table with one row per thread, and a summary line. */
void plan_print(FILE *, const struct placement *);

/* The same as a JSON object, to be deleted by the caller; NULL when memory runs out. */
struct cJSON *plan_json(const struct placement *);

#endif
