#include "peers/cxx.h"

#include <mutex>

#include "sync/sync.h"

#include "peers/peer.h"

#define CONTESTANT sync_std_once
#define NAME "std:call_once"
#define SOURCE "libstdc++ of " PEER_VERSION_std " std::call_once"
#define CAPS (PEER_CAPS | CAP_PARKS)
#define ONCE_TYPE std::once_flag
#define ONCE_INIT(o) new (o) std::once_flag
#define ONCE_DO(o, fn, arg) std::call_once(*(o), fn, arg)
#include "sync/loop_once.h"
