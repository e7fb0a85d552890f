/* hwloc's XML from a file that may be anything. */
#include "harness/topology.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* The largest machine takes a tenth of a second; a file built to be slow must not take for ever. */
enum { CHILD_SECONDS = 30 };

static const char damaged[] = "hwloc cannot read it: damaged hwloc XML";

/* Stores the reason, which must outlive the caller, and returns the error. */
static int refuse(const char **reason, int error, const char *text)
{
        *reason = text;
        return error;
}

/* What fstat() says against reading it; 0 if nothing. */
static int file_check(int fd, size_t *size, const char **reason)
{
        struct stat st;
        if (fstat(fd, &st))
                return refuse(reason, -errno, strerror(errno));
        if (!S_ISREG(st.st_mode))
                return refuse(reason, -EINVAL, "not a regular file, expected hwloc XML");
        if (st.st_size > (off_t)CT_TOPOLOGY_MAX_BYTES)
                return refuse(reason, -EFBIG, "larger than 64 MB, expected hwloc XML");
        if (st.st_size == 0)
                return refuse(reason, -EINVAL, "empty, expected hwloc XML");
        *size = (size_t)st.st_size;
        return 0;
}

/* Reads up to *size bytes, puts a NUL behind them, and stores how many there were. */
static int file_fill(int fd, char *buffer, size_t *size, const char **reason)
{
        size_t used = 0;
        while (used < *size) {
                ssize_t n = read(fd, buffer + used, *size - used);
                if (n == 0)
                        break;
                if (n > 0)
                        used += (size_t)n;
                else if (errno != EINTR)
                        return refuse(reason, -errno, strerror(errno));
        }
        buffer[used] = '\0';
        *size = used;
        return 0;
}

/* The whole of a regular file with a NUL behind it; NULL with *error. */
static char *file_read(const char *file, size_t *size, int *error, const char **reason)
{
        /* O_NONBLOCK: opening a FIFO must not wait for a writer. */
        int fd = open(file, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
        if (fd < 0) {
                *error = refuse(reason, -errno, strerror(errno));
                return NULL;
        }
        char *buffer = NULL;
        *error = file_check(fd, size, reason);
        if (*error == 0) {
                buffer = malloc(*size + 1);
                *error = buffer ? file_fill(fd, buffer, size, reason)
                                : refuse(reason, -ENOMEM, "out of memory");
        }
        close(fd);
        if (*error) {
                free(buffer);
                return NULL;
        }
        return buffer;
}

/* Stores the version attribute of the <topology> tag and returns true, or returns false. */
static bool xml_version(const char *text, char version[16])
{
        const char *tag = strstr(text, "<topology");
        const char *end = tag ? strchr(tag, '>') : NULL;
        const char *value = tag ? strstr(tag, "version=\"") : NULL;
        if (!end || !value || value > end)
                return false;
        value += strlen("version=\"");
        size_t length = strspn(value, "0123456789.");
        if (length == 0 || length >= 16 || value[length] != '"')
                return false;
        memcpy(version, value, length);
        version[length] = '\0';
        return true;
}

/* Not to be called before survives() has said yes. */
static int load_text(hwloc_topology_t *hwloc, const char *text, size_t size, const char **reason)
{
        if (hwloc_topology_init(hwloc))
                return refuse(reason, -ENOMEM, "hwloc cannot start");
        /* The length counts the NUL. A failed load leaves a topology without a root, of which only
           the destructor is safe. */
        if (hwloc_topology_set_xmlbuffer(*hwloc, text, (int)size + 1) ||
            hwloc_topology_load(*hwloc)) {
                hwloc_topology_destroy(*hwloc);
                return refuse(reason, -EINVAL, damaged);
        }
        return 0;
}

/* In the child: what the parent is about to do, but silent, limited in time, and without handlers
   that would turn a crash into something else. */
_Noreturn static void try_text(const char *text, size_t size)
{
        static const int fatal[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGALRM};
        for (size_t i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++)
                signal(fatal[i], SIG_DFL);
        setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (null >= 0) {
                dup2(null, STDOUT_FILENO);
                dup2(null, STDERR_FILENO);
        }
        alarm(CHILD_SECONDS);
        hwloc_topology_t hwloc;
        struct topology t;
        const char *reason;
        if (load_text(&hwloc, text, size, &reason))
                _exit(1);
        if (topology_adopt(&t, hwloc, false, &reason) == 0)
                topology_free(&t);
        _exit(0); /* what else is wrong with it, the parent finds out */
}

/* hwloc's import trusts its input (2.9.0): an object without complete_cpuset, for one, is a null
   pointer; and what a failed import has allocated is lost. So a child process tries first. */
static int survives(const char *text, size_t size, const char **reason)
{
        pid_t child = fork();
        if (child < 0)
                return refuse(reason, -errno, "cannot start the process that tries it");
        if (child == 0)
                try_text(text, size);
        int status;
        while (waitpid(child, &status, 0) < 0) {
                if (errno != EINTR)
                        return refuse(reason, -errno, "cannot wait for the process that tries it");
        }
        bool whole = WIFEXITED(status) && WEXITSTATUS(status) == 0;
        return whole ? 0 : refuse(reason, -EINVAL, damaged);
}

static int check_text(const char *text, size_t size, char line[128], const char **reason)
{
        char version[16];
        if (memchr(text, '\0', size) || !strstr(text, "<topology"))
                return refuse(reason, -EINVAL, "not hwloc XML: no <topology> in it");
        if (xml_version(text, version) && strtoul(version, NULL, 10) > 2) {
                snprintf(line, 128,
                         "hwloc XML version %s, expected version 2 (this hwloc reads version 2)",
                         version);
                return refuse(reason, -EPROTONOSUPPORT, line);
        }
        return survives(text, size, reason);
}

int topology_load_xml(struct topology *t, const char *file, char *why, size_t why_size)
{
        const char *reason = "";
        char line[128], shown[256];
        size_t size = 0;
        int r = 0;
        *t = (struct topology){0};
        setenv("HWLOC_HIDE_ERRORS", "2", 0); /* our one line says it */
        char *text = file_read(file, &size, &r, &reason);
        if (text) {
                hwloc_topology_t hwloc;
                r = check_text(text, size, line, &reason);
                if (r == 0)
                        r = load_text(&hwloc, text, size, &reason);
                if (r == 0)
                        r = topology_adopt(t, hwloc, false, &reason);
                free(text);
        }
        if (r)
                snprintf(why, why_size, "%s: %s", ct_printable(shown, sizeof(shown), file), reason);
        return r;
}
