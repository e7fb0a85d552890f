#include "peers/cxx.h"

#include <semaphore>

#include "sync/sync.h"

#include "peers/peer.h"

/* It does not tell how many permits are free: they are taken, when nobody else is there. */
static uint64_t count_free(std::counting_semaphore<> *s)
{
        uint64_t n = 0;

        while (s->try_acquire())
                n++;
        return n;
}

#define CONTESTANT sync_std_semaphore
#define NAME "std:counting_semaphore"
#define SOURCE "libstdc++ of " PEER_VERSION_std " std::counting_semaphore"
#define CAPS (PEER_CAPS | CAP_PARKS)
#define ONE_BY_ONE
#define SEMAPHORE_TYPE std::counting_semaphore<>
#define SEMAPHORE_INIT(s, permits) (new (s) std::counting_semaphore<>((ptrdiff_t)(permits)), 0)
#define SEMAPHORE_FINI(s) (s)->~counting_semaphore()
#define SEMAPHORE_FREE(s) count_free(s)
#define ACQUIRE(s, n) (s)->acquire()
#define RELEASE(s, n) (s)->release()
#include "sync/loop_semaphore.h"
