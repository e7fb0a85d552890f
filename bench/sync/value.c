#include "sync/value.h"

#include "sync/config.h"

static int replace(struct ct_value *v, uint64_t number)
{
        struct config c = config_of(number);

        return ct_value_store(v, &c, sizeof c);
}

static int value_init(struct ct_value *v)
{
        ct_value_init(v, NULL);
        return replace(v, 0);
}

static void value_fini(struct ct_value *v)
{
        ct_value_fini(v);
        ct_retired_drain();
}

static inline bool is_torn(struct ct_value *v)
{
        struct ct_reading r = ct_read_begin();
        bool torn = config_is_torn((const struct config *)ct_value_get(v));

        ct_read_end(r);
        return torn;
}

#define CONTESTANT sync_value
#define NAME "value"
#define SOURCE "Go's atomic.Value: a pointer to bytes that readers keep from being freed"
#define CAPS 0
#define VALUE_TYPE struct ct_value
#define VALUE_INIT(v) value_init(v)
#define VALUE_FINI(v) value_fini(v)
#define IS_TORN(v) is_torn(v)
#define REPLACE(v, number) replace(v, number)
#include "sync/loop_value.h"
