#include "peers/cxx.h"

#include <oneapi/tbb/concurrent_queue.h>

#include "channel/channel.h"

#include "peers/channel/sized.h"
#include "peers/peer.h"

template <typename E> class tbb_queue
{
        tbb::concurrent_bounded_queue<E> queue;

        bool is_value(const E &e)
        {
                if (e.is_end())
                        queue.push(e);
                return !e.is_end();
        }

      public:
        explicit tbb_queue(size_t capacity)
        {
                queue.set_capacity((ptrdiff_t)capacity);
        }
        void send(const E &e)
        {
                queue.push(e);
        }
        bool try_send(const E &e)
        {
                return queue.try_push(e);
        }
        void close()
        {
                queue.push(E::end());
        }
        bool recv(E &e)
        {
                queue.pop(e);
                return is_value(e);
        }
        bool try_recv(E &e, bool *open)
        {
                if (!queue.try_pop(e))
                        return false;
                *open = is_value(e);
                return true;
        }
};

typedef sized<tbb_queue> *channel;

#define CONTESTANT channel_tbb_bounded
#define NAME "tbb:concurrent_bounded_queue"
#define SOURCE                                                                                     \
        "oneTBB " PEER_VERSION_tbb                                                                 \
        " concurrent_bounded_queue (no close that drains: an end mark instead)"
#define CAPS (CAP_BASELINE | CAP_THREADS_ONLY | CAP_PARKS | CAP_BUFFERED)
#define CHAN_TYPE channel
#define CHAN_NEW(c, bytes, capacity) sized<tbb_queue>::make(&(c), bytes, capacity)
#define CHAN_FREE(c) delete (c)
#define SEND(c, value) (c)->send(value)
#define RECV(c, out) (c)->recv(out)
#define TRY_SEND(c, value) (c)->try_send(value)
#define TRY_RECV(c, out, open) (c)->try_recv(out, open)
#define CLOSE(c) (c)->close()
#include "channel/loop.h"
