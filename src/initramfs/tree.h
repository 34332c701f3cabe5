/*
 * The inside of struct initramfs, shared by the files of this folder only: the nodes, the walk over
 * them, and where the host keeps what.
 */
#ifndef KTSTR_INITRAMFS_TREE_H
#define KTSTR_INITRAMFS_TREE_H

#include <stdbool.h>

#include "initramfs/initramfs.h"
#include "initramfs/ldconf.h"

/* As the kernel (fs/namei.c, MAXSYMLINKS): links followed for one path before -ELOOP. */
#define LINKS_MAX 40

struct elf_deps;
struct ldso;

enum node_kind {
	NODE_DIR,
	NODE_LINK,
	NODE_DATA,   /* a file whose bytes are in the caller's memory */
	NODE_HOST,   /* a file that is read from the host when the archive is written */
	NODE_DEVICE, /* a character device */
};

/* How far the needs of a node have been followed. */
enum followed {
	FOLLOWED_NOT,
	FOLLOWED_LENIENT, /* as a part of a folder: what cannot be loaded is data */
	FOLLOWED_STRICT,  /* as something that was asked for: what cannot be loaded is an error */
};

struct node {
	struct node *parent;  /* the root is its own */
	struct node *next;    /* in order of creation, so parents come before their children */
	struct node *collide; /* in its hash bucket */
	enum node_kind kind;
	mode_t mode; /* file type and permissions */
	uint32_t ino;
	/*
	 * NODE_HOST: seconds since 1970; else 0, folders too: theirs change with files that are
	 * not packed.
	 */
	uint32_t mtime;
	size_t path_size; /* of its path in the archive: no slash in front, no NUL */
	uint64_t size;	  /* bytes of a file, or of a link's target */
	const void *data; /* NODE_DATA */
	char *text;	  /* NODE_LINK: target; NODE_HOST: absolute path on the host; owned */
	dev_t rdev;	  /* NODE_DEVICE */
	dev_t host_dev;	  /* NODE_HOST: which file; NODE_DIR: which folder was packed whole */
	ino_t host_ino;
	struct elf_deps *elf; /* NODE_HOST, once it was read as an ELF; owned */
	enum followed followed;
	bool loaded;	   /* NODE_HOST: a program that was asked for is made of it */
	bool guest_mounts; /* NODE_DIR: the guest mounts something over it */
	char name[];
};

/* Where the host keeps what decides which library is loaded; tests put their own here. */
struct host_paths {
	const char *ld_so_conf;
	const char *ld_so_cache;
	const char *musl_path;
	const char *search_path; /* for `#!/usr/bin/env prog`; NULL: the environment's PATH */
};

struct initramfs {
	struct node *root; /* not part of the archive */
	struct node *first;
	struct node **last;
	struct node **buckets;
	size_t nr_buckets; /* a power of two */
	uint32_t nr_nodes;
	struct host_paths paths;
	struct dir_list searched; /* where programs were found that are looked for by name */
	struct ldso *ldso;	  /* NULL until the first dynamic program; owned */
	int cancel_fd;		  /* as for cancel_check */
};

/* initramfs_create with other host paths; their strings stay the caller's. */
struct initramfs *tree_create(const struct host_paths *paths);

/* The child of @dir of that name, or NULL. Follows nothing. */
struct node *tree_child(const struct initramfs *tree, const struct node *dir, const char *name);

/*
 * tree_new - a new child of @dir, which must not have one of that name. The caller fills in what
 * its kind needs; @text is copied, NULL for none. Errors: -ENAMETOOLONG for what the kernel's
 * unpacker would pass over in silence, -ENOMEM.
 */
int tree_new(struct initramfs *tree, struct node *dir, const char *name, enum node_kind kind,
	     mode_t mode, const char *text, struct node **out, struct error *err);

/*
 * tree_walk - from @from (or the root, when @path is absolute) along @path, through every link.
 * @create: make missing folders; otherwise a missing one is -ENOENT
 */
int tree_walk(struct initramfs *tree, struct node *from, const char *path, bool create,
	      struct node **out, struct error *err);

/* tree_path - "/a/b", owned by the caller; NULL when memory is out. */
char *tree_path(const struct node *node);

/*
 * tree_split - cut an absolute path into the folder above and the last name. Both are inside @copy,
 * which is owned by the caller (free). -EINVAL when it is not absolute or ends in no name.
 */
int tree_split(const char *path, char **copy, const char **dir, const char **name,
	       struct error *err);

#endif
