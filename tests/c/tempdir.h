/* A fresh folder for a test, removed with everything in it; small files in and out of it. */
#ifndef CT_TESTS_TEMPDIR_H
#define CT_TESTS_TEMPDIR_H

#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static inline void tempdir_make(char path[64])
{
        snprintf(path, 64, "/tmp/contend-test-XXXXXX");
        if (!mkdtemp(path))
                abort();
}

static inline int tempdir_remove_one(const char *path, const struct stat *st, int kind,
                                     struct FTW *at)
{
        (void)st;
        (void)kind;
        (void)at;
        return remove(path);
}

static inline void tempdir_remove(const char *path)
{
        nftw(path, tempdir_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Writes dir + name, making the folders on the way. */
static inline void tempdir_write(const char *dir, const char *name, const char *text)
{
        char path[512];
        FILE *f;

        snprintf(path, sizeof path, "%s/%s", dir, name);
        for (char *p = path + strlen(dir) + 1; (p = strchr(p, '/')); p++) {
                *p = '\0';
                mkdir(path, 0777);
                *p = '/';
        }
        f = fopen(path, "w");
        if (!f || fputs(text, f) == EOF || fclose(f))
                abort();
}

static inline bool tempdir_has(const char *dir, const char *name)
{
        char path[512];

        snprintf(path, sizeof path, "%s/%s", dir, name);
        return access(path, F_OK) == 0;
}

/* The whole file in a static buffer (the next call's, too); NULL when there is none. */
static inline const char *tempdir_read(const char *dir, const char *name)
{
        static char text[1 << 20];
        char path[512];
        size_t n;
        FILE *f;

        snprintf(path, sizeof path, "%s/%s", dir, name);
        f = fopen(path, "r");
        if (!f)
                return NULL;
        n = fread(text, 1, sizeof text - 1, f);
        fclose(f);
        text[n] = '\0';
        return text;
}

#endif
