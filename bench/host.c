/* contend_host: what concerns the machine rather than any primitive. One line per command. */
#include "harness/environment.h"
#include "harness/plan.h"
#include "selftest.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int environment_main(int argc, char **argv)
{
        char *json;

        if (argc > 1) {
                bool help = !strcmp(argv[1], "--help");

                fputs("usage: contend_host environment (no options)\n", help ? stdout : stderr);
                return help ? 0 : 2;
        }
        json = ct_environment_json("none");
        if (!json) {
                fputs("contend: out of memory\n", stderr);
                return 4;
        }
        puts(json);
        free(json);
        return 0;
}

static const struct command {
        const char *name;
        int (*run)(int argc, char **argv); /* argv[0] is the command's name; returns an exit code */
        const char *summary;
} commands[] = {
        {"plan", plan_main, "print which thread goes to which CPU, on this machine or another"},
        {"environment", environment_main, "print what results from here depend on, as JSON"},
        {"self-test", selftest_main, "print what the harness itself reaches here"},
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static int print_help(void)
{
        puts("usage: contend_host COMMAND [OPTIONS]\n");
        for (int i = 0; i < COMMANDS; i++)
                printf("  %-12s %s\n", commands[i].name, commands[i].summary);
        puts("\n`contend_host COMMAND --help` lists a command's options.");
        if (fflush(stdout) || ferror(stdout)) {
                fprintf(stderr, "contend: standard output: %s\n", strerror(errno));
                return 5;
        }
        return 0;
}

int main(int argc, char **argv)
{
        if (argc < 2) {
                fputs("contend: contend_host needs a command (see contend_host --help)\n", stderr);
                return 2;
        }
        if (strcmp(argv[1], "--help") == 0)
                return print_help();
        for (int i = 0; i < COMMANDS; i++) {
                if (strcmp(argv[1], commands[i].name) == 0)
                        return commands[i].run(argc - 1, argv + 1);
        }
        char shown[128];
        fprintf(stderr, "contend: unknown command '%s' (see contend_host --help)\n",
                ct_printable(shown, sizeof(shown), argv[1]));
        return 2;
}
