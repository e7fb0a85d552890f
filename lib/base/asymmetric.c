#include "base/asymmetric.h"

#ifndef CT_NO_ASYMMETRIC_

#include "base/panic.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

bool ct_asymmetric_registered_;

static long membarrier(int command)
{
        return syscall(SYS_membarrier, command, 0, 0);
}

/* A constructor, because both sides of every pair must get one answer for the whole process, and
   zero-byte objects have no other moment before their first use. */
__attribute__((constructor(101))) static void register_process(void)
{
        ct_asymmetric_registered_ = membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) == 0;
}

void ct_asymmetric_heavy(void)
{
        if (!ct_asymmetric_registered_)
                return;
#ifdef CT_PLANT_asymmetric_heavy_does_nothing
        return;
#endif
        /* After the registration it fails only for want of memory, for a moment. */
        for (int tries = 0; membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED); tries++)
                if (errno != ENOMEM || tries == 1000)
                        ct_panic("membarrier", NULL, "refused after registration: %s",
                                 strerror(errno));
}

#else

/* ISO C forbids an empty translation unit. */
typedef int ct_asymmetric_unused;

#endif
