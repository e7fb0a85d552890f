/*
 * libuv's threads are the process's, as many as UV_THREADPOOL_SIZE says when the first work comes.
 * So each window is a process of its own, forked: libuv starts its threads anew in a child. Work is
 * given by the thread that runs the loop, and handed back to it when it is done.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include "peers/peer.h"
#include "pool/pool.h"

enum { LOOK = 64, MOST = 1 << 14 };

struct work {
        uv_work_t request;
        pool_job *job;
        void *arg;
        struct work *next; /* of the free ones */
        struct loop *loop;
};

struct loop {
        uv_loop_t uv;
        struct work *free;
        uint64_t submitted, ended;
        struct work work[MOST];
};

static int start(void **self, const struct crew_spec *spec)
{
        struct loop *l = calloc(1, sizeof *l);
        char workers[16];
        int rc;

        snprintf(workers, sizeof workers, "%u", spec->workers);
        if (!l || setenv("UV_THREADPOOL_SIZE", workers, 1)) {
                free(l);
                return -ENOMEM;
        }
        rc = uv_loop_init(&l->uv);
        for (int i = 0; i < MOST; i++) {
                l->work[i].loop = l;
                l->work[i].next = l->free;
                l->free = &l->work[i];
        }
        if (rc)
                free(l);
        else
                *self = l;
        return rc;
}

static void run(uv_work_t *request)
{
        struct work *w = (struct work *)request;

        (void)w->job(w->arg, NULL);
}

static void ended(uv_work_t *request, int status)
{
        struct work *w = (struct work *)request;

        w->next = w->loop->free;
        w->loop->free = w;
        w->loop->ended += status == 0;
}

static inline int submit(void *self, pool_job *job, void *arg)
{
        struct loop *l = self;
        struct work *w;

        if (++l->submitted % LOOK == 0)
                uv_run(&l->uv, UV_RUN_NOWAIT);
        while (!l->free)
                uv_run(&l->uv, UV_RUN_ONCE);
        w = l->free;
        l->free = w->next;
        w->job = job;
        w->arg = arg;
        return uv_queue_work(&l->uv, &w->request, run, ended);
}

static uint64_t finish(void *self)
{
        struct loop *l = self;

        uv_run(&l->uv, UV_RUN_DEFAULT);
        return l->ended;
}

static void release(void *self)
{
        struct loop *l = self;

        uv_loop_close(&l->uv);
        free(l);
}

static const struct crew crew = {
        .limited = true, .start = start, .submit = submit, .finish = finish, .free = release};

#include "pool/loop.h"

struct answer {
        int rc;
        struct measurement m;
};

static int read_all(int fd, void *out, size_t size)
{
        for (size_t n = 0; n < size;) {
                ssize_t got = read(fd, (char *)out + n, size - n);

                if (got < 0 && errno == EINTR)
                        continue;
                if (got <= 0)
                        return -EPIPE; /* the child has died */
                n += (size_t)got;
        }
        return 0;
}

static int in_a_child(const struct topology *t, const struct params *p, int64_t window_ns,
                      struct measurement *m)
{
        struct answer a;
        int fd[2], rc;
        pid_t child;

        if (pipe(fd))
                return -errno;
        child = fork();
        if (child == 0) {
                memset(&a, 0, sizeof a);
                a.m = *m;
                a.rc = overhead(t, p, window_ns, &a.m);
                _exit(write(fd[1], &a, sizeof a) != sizeof a);
        }
        rc = child < 0 ? -errno : 0;
        close(fd[1]);
        if (!rc)
                rc = read_all(fd[0], &a, sizeof a);
        close(fd[0]);
        while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
                ;
        if (rc)
                return rc;
        *m = a.m;
        return a.rc;
}

extern const struct contestant pool_libuv_work;
const struct contestant pool_libuv_work = {
        .name = "libuv:queue_work",
        .source = "libuv " PEER_VERSION_libuv
                  " uv_queue_work, given and handed back by the loop's thread; "
                  "takes jobs without an end, so p_queue does not apply",
        .caps = CAP_PARKS | CAP_FIFO | CAP_BASELINE | CAP_UNBOUNDED | CAP_PAIR | CAP_THREADS_ONLY,
        .measure = {[OVERHEAD] = in_a_child},
};
