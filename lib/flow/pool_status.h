/* What submitting to a worker pool answers. */
#ifndef CT_FLOW_POOL_STATUS_H
#define CT_FLOW_POOL_STATUS_H

#include <errno.h>

enum ct_pool_status {
        CT_POOL_OK = 0,
        CT_POOL_QUEUE_FULL = -EAGAIN,
        CT_POOL_SHUTTING_DOWN = -ESHUTDOWN,
        CT_POOL_TIMED_OUT = -ETIMEDOUT,
        CT_POOL_NO_CONTEXT = -ENOMEM,
};

#endif
