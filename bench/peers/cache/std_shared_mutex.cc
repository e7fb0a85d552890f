/* libstdc++'s shared_mutex is glibc's rwlock: with two threads on two cores it sleeps and wakes for
   nearly every operation, microseconds each. */
#define LOCK std::shared_mutex
#define CONTESTANT cache_std_shared_mutex
#define NAME "std:unordered_map_shared_mutex"
#define SOURCE "libstdc++ of " PEER_VERSION_std " std::unordered_map under a std::shared_mutex"
#include "peers/cache/std_one.h"
