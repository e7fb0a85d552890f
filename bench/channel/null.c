#include "channel/channel.h"

/* The loop itself, with a value that never leaves: what remains is what every other contestant pays
   too, the oracle's part in it included. */
#define CONTESTANT channel_null
#define NAME "null"
#define SOURCE "the measured loop without a channel"
#define CAPS CAP_FLOOR
#define FLOOR
#define CHAN_TYPE void *
#define CHAN_NEW(c, bytes, capacity) ((c) = NULL, 0)
#define CHAN_FREE(c) ((void)(c))
#define SEND(c, value) __asm__ __volatile__("" ::"r"(value) : "memory")
static inline bool receive(uint64_t *out)
{
        __asm__ __volatile__("" ::"r"(out) : "memory");
        return true;
}
#define RECV(c, out) receive(out)
#define SELECT_CASE char
#define SELECT_SET(set, i, c, to) ((set)[i] = 0)
#define SELECT_DROP(set, i) ((set)[i] = 1)
#define SELECT(set, n) (receive((uint64_t *)(void *)(set)), 0)
#define SELECT_OPEN(set, i) (!(set)[i])
#include "channel/loop.h"
