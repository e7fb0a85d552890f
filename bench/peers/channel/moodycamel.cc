#include "peers/cxx.h"

#include <blockingconcurrentqueue.h>

#include "channel/channel.h"

#include "peers/channel/end_mark.h"
#include "peers/peer.h"

typedef moodycamel::BlockingConcurrentQueue<uint64_t> moody_queue;

/* In order are the values of one sender only, so the end mark may come before values of others, all
   of which have been sent before it: whoever has it looks for those first. */
static inline bool moody_recv(moody_queue *q, uint64_t *out)
{
        q->wait_dequeue(*out);
        while (*out == END_MARK) {
                bool found = q->try_dequeue(*out);

                q->enqueue(END_MARK);
                if (!found)
                        return false;
        }
        return true;
}

static int moody_new(moody_queue **q)
{
        *q = new (std::nothrow) moody_queue;
        return *q ? 0 : -ENOMEM;
}

#define CONTESTANT channel_moodycamel
#define NAME "moodycamel:BlockingConcurrentQueue"
#define SOURCE                                                                                     \
        "moodycamel " PEER_VERSION_moodycamel                                                      \
        " BlockingConcurrentQueue (other contract: unbounded, in order per sender; no close)"
#define CAPS (CAP_BASELINE | CAP_THREADS_ONLY | CAP_PARKS | CAP_UNBOUNDED | CAP_WORDS)
#define CHAN_TYPE moody_queue *
#define CHAN_NEW(c, bytes, capacity) ((void)(bytes), (void)(capacity), moody_new(&(c)))
#define CHAN_FREE(c) delete (c)
#define SEND(c, value) (c)->enqueue(*(value))
#define RECV(c, out) moody_recv(c, out)
#define CLOSE(c) (c)->enqueue(END_MARK)
#include "channel/loop.h"
