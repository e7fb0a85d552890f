/*
 * Small files of a run folder that appear whole or not at all: written under a temporary name,
 * synced, renamed over the final one, and the folder synced. The temporary name is removed on
 * failure. The functions block on the disk and return 0 or -errno.
 */
#ifndef CT_HARNESS_RUNFILE_H
#define CT_HARNESS_RUNFILE_H

#include <stddef.h>

/* Writes all bytes, going on after signals and short writes. */
int ct_write_all(int fd, const void *data, size_t size);

/* Replaces `name` in the open folder. */
int ct_file_replace(int dir_fd, const char *name, const void *data, size_t size);

#endif
