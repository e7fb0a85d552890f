#include "peers/cxx.h"

#include <barrier>

#include "sync/sync.h"

#include "peers/peer.h"

#define CONTESTANT sync_std_barrier
#define NAME "std:barrier"
#define SOURCE "libstdc++ of " PEER_VERSION_std " std::barrier"
#define CAPS (PEER_CAPS | CAP_PARKS)
#define MEET_TYPE std::barrier<>
#define MEET_INIT(m, workers) (new (m) std::barrier<>(workers), 0)
#define MEET_FINI(m) (m)->~barrier()
#define MEET(m, w, number) (m)->arrive_and_wait()
#include "sync/loop_round.h"
