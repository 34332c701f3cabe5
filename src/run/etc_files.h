/* What does the guest's /etc hold? */
#ifndef KTSTR_RUN_ETC_FILES_H
#define KTSTR_RUN_ETC_FILES_H

#include "initramfs/initramfs.h"

/*
 * etc_files_add - passwd, group, hosts and nsswitch.conf, with root, nobody and localhost in them.
 * Of those that are there already, the user's, none is touched. Returns 0, or a negative errno as
 * initramfs_add_data does.
 */
int etc_files_add(struct initramfs *tree, struct error *err);

#endif
