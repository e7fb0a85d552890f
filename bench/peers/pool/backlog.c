#include "peers/pool/backlog.h"

#include "base/slot.h"

_Static_assert(BACKLOG_SHARED == CT_SLOT_NONE, "one cell for each slot");

unsigned backlog_cell(void)
{
        return ct_slot();
}
