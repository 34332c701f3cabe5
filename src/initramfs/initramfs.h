/*
 * What does the guest's root file system hold? A tree of entries is put together first, with all
 * that its programs need to be loaded, then laid out, then written once as a cpio archive ("newc",
 * Documentation/driver-api/early-userspace/buffer-format.rst) straight into guest memory.
 *
 * The tree always has the merged-/usr layout: /bin, /sbin, /lib, /lib64 are links into /usr. A path
 * that is added is walked through the links that are already in the tree.
 */
#ifndef KTSTR_INITRAMFS_INITRAMFS_H
#define KTSTR_INITRAMFS_INITRAMFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/error.h"

struct initramfs;

/* initramfs_create - an empty tree with the merged-/usr links and mount points (/proc /sys /dev
 * /tmp /run). Owned by the caller. NULL when memory is out. */
struct initramfs *initramfs_create(void);
void initramfs_destroy(struct initramfs *tree); /* NULL is fine */

/* From now on adding and writing end with -EINTR when the user wants out; @fd: as for cancel_check.
 */
void initramfs_set_cancel(struct initramfs *tree, int fd);

/* A folder and those above it. Once is enough; again is no error. */
int initramfs_add_dir(struct initramfs *tree, const char *path, struct error *err);

/* A file from memory, which stays the caller's and must stay until initramfs_write is done.
 * Nothing of it is analysed. A file that is there already stays: -EEXIST, no message. */
int initramfs_add_data(struct initramfs *tree, const char *path, const void *data, size_t size,
		       mode_t mode, struct error *err);

/* A symbolic link. -EEXIST, no message, when @path is there already. */
int initramfs_add_link(struct initramfs *tree, const char *path, const char *target,
		       struct error *err);

/* The permissions of what is at @path, links followed by none. -ENOENT with a message. */
int initramfs_set_mode(struct initramfs *tree, const char *path, mode_t mode, struct error *err);

/*
 * initramfs_add_host - a file, link or whole folder of the host, with all that it needs to run:
 * an ELF brings PT_INTERP and its DT_NEEDED closure, a script its #! interpreter, a symbolic link
 * its target, a folder everything below it (sockets, devices and FIFOs in it are passed over).
 * @host:  path on the host, relative to the working folder or absolute
 * @guest: absolute path in the guest; NULL: the host's absolute path
 * Each file goes in once, however often it is wanted. With glibc's libc go the libraries that it
 * opens by name, where the host has them. Not seen: what else a program opens with dlopen (gconv
 * modules, plugins), and LD_LIBRARY_PATH (see ldso.h). Errors: -ENOENT and the like
 * from the host; -ENOEXEC for an ELF that is truncated or for another machine; -ELIBACC for a
 * missing library, naming the file that wants it and where was looked. Inside a folder that is
 * added as a whole, a damaged ELF, a foreign one or one with a missing library goes in as plain
 * bytes: it may be data. -EEXIST when the guest has another file there; -EINVAL for a device, a
 * socket, or a guest path below /proc, /sys and /dev, which are mounted over. After an error the
 * tree may hold a part of what was wanted.
 */
int initramfs_add_host(struct initramfs *tree, const char *host, const char *guest,
		       struct error *err);

/*
 * initramfs_isa_file - a file that is loaded for a program that was added by name, and that says of
 * itself that it needs this level of x86-64 (bit @level of GNU_PROPERTY_X86_ISA_1_NEEDED; 1 is
 * x86-64-v2). Its path on the host, the tree's; NULL: none does.
 */
const char *initramfs_isa_file(const struct initramfs *tree, unsigned int level);

/*
 * initramfs_add_program - initramfs_add_host of a program that is to be run, at its own path. Also
 * -ENOEXEC when it is a version manager's shim.
 */
int initramfs_add_program(struct initramfs *tree, const char *host, struct error *err);

/*
 * initramfs_add_with - an interpreter (python, perl, bash, with a version or not; a name in PATH or
 * an absolute path), and its standard library with the libraries that its modules need. The
 * interpreter is run to say where that is. Errors: also those of ask.h.
 */
int initramfs_add_with(struct initramfs *tree, const char *name, struct error *err);

/* initramfs_lacks_library - is an interpreter that was asked for there without its standard
 * library?
 * @path: its own on the host, else "" */
bool initramfs_lacks_library(const struct initramfs *tree, char *path, size_t size);

/*
 * initramfs_search_path - the guest's PATH: the folders where the programs that scripts look for by
 * name were found on the host, then @usual, each once. Owned by the caller. Returns 0 or -ENOMEM.
 */
int initramfs_search_path(const struct initramfs *tree, const char *usual, char **path,
			  struct error *err);

/* The last bytes of an archive: without them another one can follow. */
#define INITRAMFS_TRAILER_SIZE 124u

/* initramfs_layout - the size in bytes of the archive as the tree stands now. */
uint64_t initramfs_layout(const struct initramfs *tree);

/*
 * initramfs_write - the whole archive. @size must be what initramfs_layout said.
 * -EINTR, see initramfs_set_cancel; -ESTALE, naming the file, when a host file is not the same
 * (device, inode, size) as it was added.
 */
int initramfs_write(const struct initramfs *tree, void *dst, uint64_t size, struct error *err);

#endif
