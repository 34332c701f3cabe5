/*
 * Which entries does the guest's root file system have, and what is where? A tree of nodes with one
 * hash table over (folder, name), so that packing stays linear in the number of files.
 */
#include "initramfs/tree.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "initramfs/elf_deps.h"
#include "initramfs/ldso.h"
#include "util/cancel.h"
#include "util/fnv.h"

static size_t bucket_of(const struct initramfs *tree, const struct node *dir, const char *name)
{
	uint64_t hash = fnv_add(FNV_START ^ dir->ino, name, strlen(name));

	return (hash ^ hash >> 32) & (tree->nr_buckets - 1);
}

struct node *tree_child(const struct initramfs *tree, const struct node *dir, const char *name)
{
	struct node *node = tree->buckets[bucket_of(tree, dir, name)];

	while (node && (node->parent != dir || strcmp(node->name, name)))
		node = node->collide;
	return node;
}

/* Twice the buckets when there are as many nodes as buckets. */
static int grow(struct initramfs *tree)
{
	struct node **old = tree->buckets, **fresh;

	if (tree->nr_nodes < tree->nr_buckets)
		return 0;
	fresh = calloc(tree->nr_buckets * 2, sizeof(struct node *));
	if (!fresh)
		return -ENOMEM;
	tree->buckets = fresh;
	tree->nr_buckets *= 2;
	for (struct node *node = tree->first; node; node = node->next) {
		size_t bucket = bucket_of(tree, node->parent, node->name);

		node->collide = fresh[bucket];
		fresh[bucket] = node;
	}
	free(old);
	return 0;
}

static struct node *node_alloc(const char *name, enum node_kind kind, mode_t mode, const char *text)
{
	size_t length = strlen(name);
	struct node *node = calloc(1, sizeof(*node) + length + 1);

	if (!node)
		return NULL;
	memcpy(node->name, name, length + 1);
	node->kind = kind;
	node->mode = mode;
	if (text) {
		node->text = strdup(text);
		if (!node->text) {
			free(node);
			return NULL;
		}
	}
	return node;
}

static void node_free(struct node *node)
{
	if (!node)
		return;
	elf_deps_free(node->elf);
	free(node->text);
	free(node);
}

int tree_new(struct initramfs *tree, struct node *dir, const char *name, enum node_kind kind,
	     mode_t mode, const char *text, struct node **out, struct error *err)
{
	size_t path_size = dir->path_size + (dir == tree->root ? 0 : 1) + strlen(name);
	size_t bucket;
	struct node *node;
	int ret = cancel_check(tree->cancel_fd, err);

	if (ret)
		return ret;
	/* init/initramfs.c drops longer names and targets without a word. */
	if (strlen(name) > NAME_MAX || path_size >= PATH_MAX)
		return error_set(err, -ENAMETOOLONG,
				 "guest path ending in '%.64s': longer than the kernel unpacks "
				 "(%d bytes a name, %d a path)",
				 name, NAME_MAX, PATH_MAX - 1);
	if (kind == NODE_LINK && strlen(text) >= PATH_MAX)
		return error_set(err, -ENAMETOOLONG, "link '%s': its target is over %d bytes long",
				 name, PATH_MAX - 1);
	node = grow(tree) ? NULL : node_alloc(name, kind, mode, text);
	if (!node)
		return error_set(err, -ENOMEM, "initramfs: out of memory at its entry %u",
				 tree->nr_nodes);
	node->parent = dir;
	node->path_size = path_size;
	node->ino = ++tree->nr_nodes;
	if (kind == NODE_LINK)
		node->size = strlen(text);
	bucket = bucket_of(tree, dir, name);
	node->collide = tree->buckets[bucket];
	tree->buckets[bucket] = node;
	*tree->last = node;
	tree->last = &node->next;
	*out = node;
	return 0;
}

char *tree_path(const struct node *node)
{
	char *path = malloc(node->path_size + 2);
	char *p;

	if (!path)
		return NULL;
	path[0] = '/';
	p = path + 1 + node->path_size;
	*p = '\0';
	for (; node->parent != node; node = node->parent) {
		size_t length = strlen(node->name);

		p -= length;
		memcpy(p, node->name, length);
		*--p = '/';
	}
	return path;
}

static int walk(struct initramfs *tree, struct node *at, const char *path, bool create, int *links,
		struct node **out, struct error *err)
{
	char name[NAME_MAX + 1];
	int ret;

	if (*path == '/')
		at = tree->root;
	while (*(path += strspn(path, "/"))) {
		size_t length = strcspn(path, "/");
		struct node *child;

		if (at->kind != NODE_DIR)
			return error_set(err, -ENOTDIR, "guest path '%s': '%s' is not a folder",
					 path, at->name);
		if (length > NAME_MAX)
			return error_set(err, -ENAMETOOLONG,
					 "guest path '%.64s': a name of %zu bytes, %d is the limit",
					 path, length, NAME_MAX);
		memcpy(name, path, length);
		name[length] = '\0';
		path += length;
		if (!strcmp(name, "."))
			continue;
		if (!strcmp(name, "..")) {
			at = at->parent;
			continue;
		}
		child = tree_child(tree, at, name);
		if (!child) {
			if (!create)
				return error_set(err, -ENOENT, "guest path: no '%s' there", name);
			ret = tree_new(tree, at, name, NODE_DIR, S_IFDIR | 0755, NULL, &child, err);
			if (ret)
				return ret;
		} else if (child->kind == NODE_LINK) {
			if (++*links > LINKS_MAX)
				return error_set(err, -ELOOP,
						 "guest path: '%s' is a link in a loop", name);
			ret = walk(tree, at, child->text, create, links, &child, err);
			if (ret)
				return ret;
		}
		at = child;
	}
	*out = at;
	return 0;
}

int tree_walk(struct initramfs *tree, struct node *from, const char *path, bool create,
	      struct node **out, struct error *err)
{
	int links = 0;

	return walk(tree, from, path, create, &links, out, err);
}

int tree_split(const char *path, char **copy, const char **dir, const char **name,
	       struct error *err)
{
	char *text, *slash;
	size_t length = strlen(path);

	if (*path != '/')
		return error_set(err, -EINVAL, "guest path '%s': not absolute; begin it with '/'",
				 path);
	while (length > 1 && path[length - 1] == '/')
		length--;
	text = strndup(path, length);
	if (!text)
		return error_set(err, -ENOMEM, "guest path '%s': out of memory", path);
	slash = strrchr(text, '/');
	*name = slash + 1;
	if (!**name || !strcmp(*name, ".") || !strcmp(*name, "..")) {
		free(text);
		return error_set(err, -EINVAL, "guest path '%s': ends in no file name", path);
	}
	*slash = '\0';
	*dir = slash == text ? "/" : text;
	*copy = text;
	return 0;
}

int initramfs_add_dir(struct initramfs *tree, const char *path, struct error *err)
{
	struct node *node;
	int ret;

	if (*path != '/')
		return error_set(err, -EINVAL, "guest path '%s': not absolute; begin it with '/'",
				 path);
	ret = tree_walk(tree, tree->root, path, true, &node, err);
	if (!ret && node->kind != NODE_DIR)
		ret = error_set(err, -ENOTDIR, "guest path '%s': is a file, wanted as a folder",
				path);
	return ret;
}

/* A new node at an absolute path; folders above are made. */
static int add_at(struct initramfs *tree, const char *path, enum node_kind kind, mode_t mode,
		  const char *text, struct node **out, struct error *err)
{
	const char *dir, *name;
	struct node *parent;
	char *copy;
	int ret;

	ret = tree_split(path, &copy, &dir, &name, err);
	if (ret)
		return ret;
	ret = tree_walk(tree, tree->root, dir, true, &parent, err);
	if (!ret && parent->kind != NODE_DIR)
		ret = error_set(err, -ENOTDIR, "guest path '%s': '%s' is not a folder", path, dir);
	if (!ret && tree_child(tree, parent, name))
		ret = -EEXIST;
	if (!ret)
		ret = tree_new(tree, parent, name, kind, mode, text, out, err);
	free(copy);
	return ret;
}

int initramfs_add_data(struct initramfs *tree, const char *path, const void *data, size_t size,
		       mode_t mode, struct error *err)
{
	struct node *node;
	int ret;

	if (size > UINT32_MAX)
		return error_set(err, -EFBIG,
				 "guest path '%s': %zu bytes; a file in an initramfs has at most "
				 "4 GiB - 1",
				 path, size);
	ret = add_at(tree, path, NODE_DATA, S_IFREG | (mode & 07777), NULL, &node, err);
	if (ret)
		return ret;
	node->data = data;
	node->size = size;
	return 0;
}

int initramfs_add_link(struct initramfs *tree, const char *path, const char *target,
		       struct error *err)
{
	struct node *node;

	if (!*target)
		return error_set(err, -EINVAL, "guest path '%s': a link to nothing", path);
	return add_at(tree, path, NODE_LINK, S_IFLNK | 0777, target, &node, err);
}

int initramfs_set_mode(struct initramfs *tree, const char *path, mode_t mode, struct error *err)
{
	const char *above, *name;
	struct node *dir, *node;
	char *copy;
	int ret = tree_split(path, &copy, &above, &name, err);

	if (ret)
		return ret;
	ret = tree_walk(tree, NULL, above, false, &dir, err);
	node = ret ? NULL : tree_child(tree, dir, name);
	if (!ret && !node)
		ret = error_set(err, -ENOENT, "guest path '%s': not there", path);
	if (node)
		node->mode = (node->mode & S_IFMT) | mode;
	free(copy);
	return ret;
}

static int add_skeleton(struct initramfs *tree)
{
	static const struct {
		const char *path;
		mode_t mode;
		bool guest_mounts;
	} dirs[] = {
		{ "/proc", 0555, true },       { "/sys", 0555, true },
		{ "/dev", 0755, true },	       { "/tmp", 01777, false },
		{ "/run", 0755, false },       { "/root", 0700, false },
		{ "/etc", 0755, false },       { "/var", 0755, false },
		{ "/usr", 0755, false },       { "/usr/bin", 0755, false },
		{ "/usr/sbin", 0755, false },  { "/usr/lib", 0755, false },
		{ "/usr/lib64", 0755, false },
	};
	static const char *const merged[][2] = {
		{ "/bin", "usr/bin" },
		{ "/sbin", "usr/sbin" },
		{ "/lib", "usr/lib" },
		{ "/lib64", "usr/lib64" },
	};
	struct node *node;
	int ret = 0;

	for (size_t i = 0; !ret && i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		ret = add_at(tree, dirs[i].path, NODE_DIR, S_IFDIR | dirs[i].mode, NULL, &node,
			     NULL);
		if (!ret)
			node->guest_mounts = dirs[i].guest_mounts;
	}
	for (size_t i = 0; !ret && i < sizeof(merged) / sizeof(merged[0]); i++)
		ret = initramfs_add_link(tree, merged[i][0], merged[i][1], NULL);
	/* The kernel opens it for PID 1's stdio before init could mount anything. */
	if (!ret)
		ret = add_at(tree, "/dev/console", NODE_DEVICE, S_IFCHR | 0600, NULL, &node, NULL);
	if (!ret)
		node->rdev = makedev(5, 1);
	return ret;
}

struct initramfs *tree_create(const struct host_paths *paths)
{
	struct initramfs *tree = calloc(1, sizeof(*tree));

	if (!tree)
		return NULL;
	tree->paths = *paths;
	tree->cancel_fd = -1;
	tree->last = &tree->first;
	tree->nr_buckets = 1024;
	tree->buckets = calloc(tree->nr_buckets, sizeof(struct node *));
	tree->root = node_alloc("", NODE_DIR, S_IFDIR | 0755, NULL);
	if (!tree->buckets || !tree->root)
		goto fail;
	tree->root->parent = tree->root;
	if (add_skeleton(tree))
		goto fail;
	return tree;
fail:
	initramfs_destroy(tree);
	return NULL;
}

struct initramfs *initramfs_create(void)
{
	static const struct host_paths paths = {
		.ld_so_conf = "/etc/ld.so.conf",
		.ld_so_cache = "/etc/ld.so.cache",
		.musl_path = "/etc/ld-musl-x86_64.path",
	};

	return tree_create(&paths);
}

void initramfs_set_cancel(struct initramfs *tree, int fd)
{
	tree->cancel_fd = fd;
}

void initramfs_destroy(struct initramfs *tree)
{
	if (!tree)
		return;
	for (struct node *node = tree->first, *next; node; node = next) {
		next = node->next;
		node_free(node);
	}
	ldso_destroy(tree->ldso);
	dir_list_destroy(&tree->searched);
	node_free(tree->root);
	free(tree->buckets);
	free(tree);
}
