#include <errno.h>
#include <pthread.h>
#include <semaphore.h>

#include "machine/machine.h"

struct side {
        const struct topology *topology;
        int cpu;
        void (*fn)(void *);
        void *ctx;
        int bound;
        sem_t ready, go;
        bool run;
};

static void *side_main(void *arg)
{
        struct side *s = arg;

        s->bound = -ENODEV;
        for (size_t i = 0; i < s->topology->n_pus; i++)
                if (s->topology->pus[i].os_index == s->cpu)
                        s->bound = topology_bind_self(s->topology, &s->topology->pus[i]);
        sem_post(&s->ready);
        while (sem_wait(&s->go))
                ;
        if (s->run)
                s->fn(s->ctx);
        return NULL;
}

int run_pair(const struct topology *topology, int cpu_a, int cpu_b, void (*a)(void *),
             void (*b)(void *), void *ctx)
{
        struct side side[2] = {
                {.topology = topology, .cpu = cpu_a, .fn = a, .ctx = ctx},
                {.topology = topology, .cpu = cpu_b, .fn = b, .ctx = ctx},
        };
        pthread_t thread[2];
        int started = 0, rc = 0;

        for (; started < 2 && !rc; started += !rc) {
                struct side *s = &side[started];

                sem_init(&s->ready, 0, 0);
                sem_init(&s->go, 0, 0);
                rc = -pthread_create(&thread[started], NULL, side_main, s);
        }
        for (int i = 0; i < started; i++) {
                while (sem_wait(&side[i].ready))
                        ;
                rc = rc ? rc : side[i].bound;
        }
        for (int i = 0; i < started; i++) {
                side[i].run = !rc;
                sem_post(&side[i].go);
        }
        for (int i = 0; i < started; i++)
                pthread_join(thread[i], NULL);
        return rc;
}
