#include "harness/runfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/csv.h"

int ct_write_all(int fd, const void *data, size_t size)
{
        const char *p = data;

        while (size) {
                ssize_t n = write(fd, p, size);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        return -EIO;
                p += n;
                size -= (size_t)n;
        }
        return 0;
}

static int write_synced(int fd, const void *data, size_t size)
{
        int rc = ct_write_all(fd, data, size);

        if (!rc && fsync(fd))
                rc = -errno;
        if (close(fd) && !rc)
                rc = -errno;
        return rc;
}

int ct_file_replace(int dir_fd, const char *name, const void *data, size_t size)
{
        char temporary[300];
        int fd, rc;

        if ((size_t)snprintf(temporary, sizeof temporary, ".%s.tmp", name) >= sizeof temporary)
                return -ENAMETOOLONG;
        unlinkat(dir_fd, temporary,
                 0); /* left by a killed run; the folder's lock keeps others out */
        fd = openat(dir_fd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
        if (fd < 0)
                return -errno;
        rc = write_synced(fd, data, size);
        if (!rc && renameat(dir_fd, temporary, dir_fd, name))
                rc = -errno;
        if (!rc && fsync(dir_fd))
                rc = -errno;
        if (rc)
                unlinkat(dir_fd, temporary, 0);
        return rc;
}

/* mkdir -p; a component that exists is fine if the next step into it works. */
static int make_folders(const char *dir)
{
        char *path = strdup(dir);
        int rc = path ? 0 : -ENOMEM;

        for (char *p = path ? path + 1 : NULL; !rc && p && p[-1]; p++) {
                char c = *p;

                if (c != '/' && c != '\0')
                        continue;
                *p = '\0';
                if (mkdir(path, 0777) && errno != EEXIST)
                        rc = -errno;
                *p = c;
                if (!c)
                        break;
        }
        free(path);
        return rc;
}

/* A page, written and synced: a full or read-only disk is found before the first window, not after.
 */
static int probe(int dir_fd)
{
        static const char page[4096];
        static const char name[] = ".probe.tmp";
        int fd, rc;

        unlinkat(dir_fd, name, 0);
        fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
        if (fd < 0)
                return -errno;
        rc = write_synced(fd, page, sizeof page);
        if (unlinkat(dir_fd, name, 0) && !rc)
                rc = -errno;
        return rc;
}

/* True while the locked file is still the one with the name: the last owner may have removed it. */
static bool still_named(int dir_fd, int fd)
{
        struct stat named, locked;

        return !fstatat(dir_fd, ".lock", &named, AT_SYMLINK_NOFOLLOW) && !fstat(fd, &locked) &&
               named.st_ino == locked.st_ino && named.st_dev == locked.st_dev;
}

static int take_lock(int dir_fd, int *lock_fd)
{
        for (;;) {
                int fd = openat(dir_fd, ".lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);

                if (fd < 0)
                        return -errno;
                if (flock(fd, LOCK_EX | LOCK_NB)) {
                        int rc = -errno;

                        close(fd);
                        return rc;
                }
                if (still_named(dir_fd, fd)) {
                        *lock_fd = fd;
                        return 0;
                }
                close(fd);
        }
}

int ct_run_dir_open(const char *dir, int *lock_fd)
{
        int dir_fd, rc;

        *lock_fd = -1;
        if (!dir || !*dir)
                return -EINVAL;
        rc = make_folders(dir);
        if (rc)
                return rc;
        dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (dir_fd < 0)
                return -errno;
        rc = take_lock(dir_fd, lock_fd);
        if (!rc)
                rc = probe(dir_fd);
        close(dir_fd);
        if (rc) {
                ct_run_dir_close(dir, *lock_fd);
                *lock_fd = -1;
        }
        return rc;
}

void ct_run_dir_close(const char *dir, int lock_fd)
{
        int dir_fd;

        if (lock_fd < 0)
                return;
        dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (dir_fd >= 0) {
                if (still_named(dir_fd, lock_fd))
                        unlinkat(dir_fd, ".lock", 0);
                close(dir_fd);
        }
        close(lock_fd);
}
