/* Boost.Fiber's two channels as one: capacity 0 is the unbuffered one. A ring has a power of two of
   slots and keeps one free, so it holds at most `capacity` values, for 1 exactly so many. */
#ifndef CT_BENCH_PEERS_CHANNEL_BOOST_H
#define CT_BENCH_PEERS_CHANNEL_BOOST_H

#include "peers/cxx.h"

#include <boost/fiber/all.hpp>
#include <memory>

#include "peers/channel/sized.h"

template <typename E> class boost_queue
{
        typedef boost::fibers::channel_op_status status;

        std::unique_ptr<boost::fibers::unbuffered_channel<E>> meeting;
        std::unique_ptr<boost::fibers::buffered_channel<E>> ring;

        static size_t slots(size_t capacity)
        {
                size_t n = 2;

                while (n * 2 <= capacity)
                        n *= 2;
                return n;
        }

      public:
        explicit boost_queue(size_t capacity)
        {
                if (capacity)
                        ring.reset(new boost::fibers::buffered_channel<E>(slots(capacity)));
                else
                        meeting.reset(new boost::fibers::unbuffered_channel<E>);
        }
        void send(const E &e)
        {
                if (ring)
                        ring->push(e);
                else
                        meeting->push(e);
        }
        bool recv(E &e)
        {
                return (ring ? ring->pop(e) : meeting->pop(e)) == status::success;
        }
        void close()
        {
                if (ring)
                        ring->close();
                else
                        meeting->close();
        }
};

typedef sized<boost_queue> *channel;

#endif
