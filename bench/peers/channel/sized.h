/*
 * Queues of C++ are made for a type of element; this is one of three, by the size that the window
 * asks for. A channel is allocated apart from the box (bench/channel/loop.h) and its size is read
 * at each use: a branch that is always predicted.
 *
 * Queue<E> has Queue(capacity), send, recv (false: closed and drained), close, try_send and
 * try_recv as in loop.h.
 */
#ifndef CT_BENCH_PEERS_CHANNEL_SIZED_H
#define CT_BENCH_PEERS_CHANNEL_SIZED_H

#include "peers/cxx.h"

#include <new>

#include "peers/channel/end_mark.h"

template <unsigned Words> struct element {
        uint64_t word[Words];

        bool is_end() const
        {
                return word[0] == END_MARK;
        }
        static element end()
        {
                element e = {};

                e.word[0] = END_MARK;
                return e;
        }
};

template <template <typename> class Queue> class sized
{
        unsigned words;
        Queue<element<1>> *one = nullptr;
        Queue<element<8>> *eight = nullptr;
        Queue<element<32>> *thirty_two = nullptr;

        template <unsigned Words> static element<Words> &as(uint64_t *value)
        {
                return *reinterpret_cast<element<Words> *>(value);
        }

        template <typename Do> auto with(uint64_t *value, Do f)
        {
                if (words == 1)
                        return f(*one, as<1>(value));
                if (words == 8)
                        return f(*eight, as<8>(value));
                return f(*thirty_two, as<32>(value));
        }

      public:
        sized(size_t bytes, size_t capacity) : words((unsigned)(bytes / sizeof(uint64_t)))
        {
                if (words == 1)
                        one = new Queue<element<1>>(capacity);
                else if (words == 8)
                        eight = new Queue<element<8>>(capacity);
                else
                        thirty_two = new Queue<element<32>>(capacity);
        }
        ~sized()
        {
                delete one;
                delete eight;
                delete thirty_two;
        }
        sized(const sized &) = delete;
        sized &operator=(const sized &) = delete;

        void send(uint64_t *value)
        {
                with(value, [](auto &q, auto &e) { q.send(e); });
        }
        bool recv(uint64_t *out)
        {
                return with(out, [](auto &q, auto &e) { return q.recv(e); });
        }
        bool try_send(uint64_t *value)
        {
                return with(value, [](auto &q, auto &e) { return q.try_send(e); });
        }
        bool try_recv(uint64_t *out, bool *open)
        {
                return with(out, [open](auto &q, auto &e) { return q.try_recv(e, open); });
        }
        void close()
        {
                uint64_t nothing[32];

                with(nothing, [](auto &q, auto &) { q.close(); });
        }

        static int make(sized **out, size_t bytes, size_t capacity) noexcept
        {
                *out = nullptr;
                if (bytes != 8 && bytes != 64 && bytes != 256)
                        return -EINVAL;
                try {
                        *out = new sized(bytes, capacity);
                } catch (const std::bad_alloc &) {
                        return -ENOMEM;
                }
                return 0;
        }
};

#endif
