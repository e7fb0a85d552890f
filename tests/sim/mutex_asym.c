/* ct_mutex_asym, with and without a membarrier. */
#include "sync/mutex_asym.h"

#define MUTEX(suffix) ct_mutex_asym##suffix
#define MUTEX_NAME "mutex_asym"
#define MUTEX_BOUND 2
#define MUTEX_PROGRAMS mutex_asym_programs
#define MUTEX_ASYMMETRIC
#include "mutex_programs.h"
