#include "pool/echo.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "flow/thread_start.h"

struct request {
        int64_t due_ns;
        uint64_t token;
        int fd;
};

struct connection {
        int client, server;
        uint64_t asked;
};

struct echo {
        unsigned n; /* connections */
        int64_t delay_ns;
        int poll, timer, stop;
        pthread_t thread;
        bool running;
        /* The thread's: requests in the order of their coming, which is that of their being due,
           since all are held for as long. Each connection has one at most. */
        struct request *queue;
        unsigned head, queued;
        pthread_mutex_t lock; /* protects what follows */
        unsigned free_n;
        unsigned *free; /* connections that nobody asks on */
        struct connection connection[];
};

/* ---- the thread that answers ---- */

static void arm(struct echo *e)
{
        struct itimerspec at = {.it_value = ct_timespec(e->queue[e->head].due_ns)};

        timerfd_settime(e->timer, TFD_TIMER_ABSTIME, &at, NULL);
}

static void receive(struct echo *e, int fd)
{
        struct request *r = &e->queue[(e->head + e->queued) % e->n];

        if (recv(fd, &r->token, sizeof r->token, MSG_WAITALL) != sizeof r->token)
                return; /* closed: whoever asks there will see it */
        r->fd = fd;
        r->due_ns = ct_now_ns() + e->delay_ns;
        if (!e->queued++)
                arm(e);
}

static void answer(struct echo *e)
{
        uint64_t ticks;

        if (read(e->timer, &ticks, sizeof ticks) != sizeof ticks)
                return;
        while (e->queued && e->queue[e->head].due_ns <= ct_now_ns()) {
                struct request *r = &e->queue[e->head];

                (void)!send(r->fd, &r->token, sizeof r->token, MSG_NOSIGNAL);
                e->head = (e->head + 1) % e->n;
                e->queued--;
        }
        if (e->queued)
                arm(e);
}

static void *serve(void *arg)
{
        enum { EVENTS = 64 };
        struct epoll_event event[EVENTS];
        struct echo *e = arg;

        for (;;) {
                int n = epoll_wait(e->poll, event, EVENTS, -1);

                for (int i = 0; i < n; i++) {
                        int fd = event[i].data.fd;

                        if (fd == e->stop)
                                return NULL;
                        if (fd == e->timer)
                                answer(e);
                        else
                                receive(e, fd);
                }
        }
}

/* ---- connections ---- */

static int watch(struct echo *e, int fd)
{
        struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

        return epoll_ctl(e->poll, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static int listen_here(int *out, struct sockaddr_in *address)
{
        socklen_t size = sizeof *address;
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        *out = fd;
        *address = (struct sockaddr_in){.sin_family = AF_INET,
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        if (fd < 0 || bind(fd, (struct sockaddr *)address, sizeof *address) || listen(fd, 16) ||
            getsockname(fd, (struct sockaddr *)address, &size))
                return -errno;
        return 0;
}

static int connect_one(struct echo *e, int listener, const struct sockaddr_in *address,
                       struct connection *c)
{
        static const int on = 1;

        c->client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (c->client < 0 || connect(c->client, (const struct sockaddr *)address, sizeof *address))
                return -errno;
        c->server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (c->server < 0)
                return -errno;
        setsockopt(c->client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        setsockopt(c->server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        return watch(e, c->server);
}

static int connect_all(struct echo *e)
{
        struct sockaddr_in address;
        int listener, rc = listen_here(&listener, &address);

        for (unsigned i = 0; i < e->n && !rc; i++)
                rc = connect_one(e, listener, &address, &e->connection[i]);
        if (listener >= 0)
                close(listener);
        return rc;
}

/* Two descriptors for each connection are often more than the soft limit, seldom than the hard. */
static void raise_limit(void)
{
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit))
                return;
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
}

static int open_all(struct echo *e)
{
        int rc;

        e->poll = epoll_create1(EPOLL_CLOEXEC);
        e->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
        e->stop = eventfd(0, EFD_CLOEXEC);
        if (e->poll < 0 || e->timer < 0 || e->stop < 0)
                return -errno;
        rc = watch(e, e->timer);
        if (!rc)
                rc = watch(e, e->stop);
        return rc ? rc : connect_all(e);
}

int echo_start(struct echo **out, unsigned connections, int64_t delay_ns)
{
        struct echo *e = calloc(1, sizeof *e + connections * sizeof e->connection[0]);
        int rc;

        *out = NULL;
        if (!e)
                return -ENOMEM;
        e->n = connections;
        e->delay_ns = delay_ns;
        pthread_mutex_init(&e->lock, NULL);
        e->queue = calloc(connections, sizeof *e->queue);
        e->free = calloc(connections, sizeof *e->free);
        e->poll = e->timer = e->stop = -1;
        for (unsigned i = 0; i < connections; i++)
                e->connection[i].client = e->connection[i].server = -1;
        for (unsigned i = 0; e->free && i < connections; i++)
                e->free[e->free_n++] = i;
        raise_limit();
        rc = e->queue && e->free ? open_all(e) : -ENOMEM;
        if (!rc)
                rc = ct_thread_start_(&e->thread, serve, e);
        e->running = !rc;
        if (rc)
                echo_stop(e);
        else
                *out = e;
        return rc;
}

static bool ask(struct connection *c)
{
        uint64_t token = ++c->asked, back;

        return send(c->client, &token, sizeof token, MSG_NOSIGNAL) == sizeof token &&
               recv(c->client, &back, sizeof back, MSG_WAITALL) == sizeof back && back == token;
}

bool echo_ask(struct echo *e, uint32_t connection)
{
        bool any = connection == ECHO_ANY, right;

        if (any) {
                pthread_mutex_lock(&e->lock);
                connection = e->free[--e->free_n];
                pthread_mutex_unlock(&e->lock);
        }
        right = ask(&e->connection[connection]);
        if (any) {
                pthread_mutex_lock(&e->lock);
                e->free[e->free_n++] = connection;
                pthread_mutex_unlock(&e->lock);
        }
        return right;
}

static void shut(int fd)
{
        if (fd >= 0)
                close(fd);
}

void echo_stop(struct echo *e)
{
        uint64_t one = 1;

        if (!e)
                return;
        if (e->running) {
                (void)!write(e->stop, &one, sizeof one);
                pthread_join(e->thread, NULL);
        }
        for (unsigned i = 0; i < e->n; i++) {
                shut(e->connection[i].client);
                shut(e->connection[i].server);
        }
        shut(e->poll);
        shut(e->timer);
        shut(e->stop);
        free(e->queue);
        free(e->free);
        free(e);
}
