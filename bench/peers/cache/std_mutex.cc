#define LOCK std::mutex
#define CONTESTANT cache_std_mutex
#define NAME "std:unordered_map_mutex"
#define SOURCE "libstdc++ of " PEER_VERSION_std " std::unordered_map under a std::mutex"
#include "peers/cache/std_one.h"
