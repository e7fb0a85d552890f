/* ct_mutex. */
#include "sync/mutex.h"

#define MUTEX(suffix) ct_mutex##suffix
#define MUTEX_NAME "mutex"
#define MUTEX_BOUND 3
#define MUTEX_PROGRAMS mutex_programs
#include "mutex_programs.h"
