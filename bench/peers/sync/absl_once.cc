#include "peers/cxx.h"

#include <absl/base/call_once.h>

#include "sync/sync.h"

#include "peers/peer.h"

#define CONTESTANT sync_absl_once
#define NAME "absl:call_once"
#define SOURCE "Abseil " PEER_VERSION_absl " absl::call_once"
#define CAPS (PEER_CAPS | CAP_PARKS)
#define ONCE_TYPE absl::once_flag
#define ONCE_INIT(o) new (o) absl::once_flag
#define ONCE_DO(o, fn, arg) absl::call_once(*(o), fn, arg)
#include "sync/loop_once.h"
