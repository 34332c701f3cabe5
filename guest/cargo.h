/*
 * What has the host brought along? The cargo, a cpio archive ("newc") in memory of its own
 * (protocol.h): payload, libraries, tracer, modules, job. It is unpacked over what the initramfs
 * holds, the same for all guests; of two files at one place the cargo's counts.
 */
#ifndef KTSTR_GUEST_CARGO_H
#define KTSTR_GUEST_CARGO_H

#include <stddef.h>
#include <stdint.h>

/*
 * cargo_unpack - @bytes may change while it is read: nothing is looked at twice.
 * @root_fd: the folder that the archive's paths begin at
 * Folders that are there stay, and so does a link to one; all else that is in the way is replaced,
 * and nothing is written through a link at the end of a path. What would lie in /dev, /proc and
 * /sys is passed over: they are mounted. Returns 0 or a negative errno, with one line in @why.
 */
int cargo_unpack(int root_fd, const void *bytes, uint64_t size, char *why, size_t why_size);

/* cargo_take - map the cargo at this guest-physical address, and unpack it into /. */
int cargo_take(uint64_t gpa, uint64_t size, char *why, size_t why_size);

#endif
