#include "sync/once.h"

#include "sync/sync.h"

#define CONTESTANT sync_once
#define NAME "once"
#define SOURCE "Go's sync.Once: a load once it is done"
#define CAPS CAP_PARKS
#define ONCE_TYPE struct ct_once
#define ONCE_DO(o, fn, arg) ct_once_do(o, fn, arg)
#include "sync/loop_once.h"
