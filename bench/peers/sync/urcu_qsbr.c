/* Readers say themselves that they hold nothing, after each operation here. */
#define URCU_HEADER <urcu/urcu-qsbr.h>
#define U(name) urcu_qsbr_##name
#define QUIESCENT() urcu_qsbr_quiescent_state()
#define CONTESTANT sync_urcu_qsbr
#define NAME "urcu:qsbr"
#define SOURCE                                                                                     \
        "liburcu " PEER_VERSION_urcu " qsbr (other contract: old values are seen for a while)"
#include "peers/sync/urcu_value.h"
