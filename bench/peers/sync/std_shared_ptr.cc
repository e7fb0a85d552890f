#include "peers/cxx.h"

#include <atomic>
#include <memory>

#include "sync/config.h"

#include "peers/peer.h"

typedef std::atomic<std::shared_ptr<const struct config>> shared_value;

static inline bool is_torn(shared_value *v)
{
        return config_is_torn(v->load(std::memory_order_acquire).get());
}

static inline int replace(shared_value *v, uint64_t number)
{
        v->store(std::make_shared<const struct config>(config_of(number)),
                 std::memory_order_release);
        return 0;
}

static int value_init(shared_value *v)
{
        new (v) shared_value;
        return replace(v, 0);
}

#define CONTESTANT sync_std_shared_ptr
#define NAME "std:atomic_shared_ptr"
#define SOURCE "libstdc++ of " PEER_VERSION_std " std::atomic<std::shared_ptr>"
#define CAPS (PEER_CAPS | CAP_PARKS)
#define VALUE_TYPE shared_value
#define VALUE_INIT(v) value_init(v)
#define VALUE_FINI(v) (v)->~shared_value()
#define IS_TORN(v) is_torn(v)
#define REPLACE(v, number) replace(v, number)
#include "sync/loop_value.h"
