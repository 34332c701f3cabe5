/*
 * How does a path of the host become nodes of the tree? See host.h.
 *
 * The walk goes over the host and the tree in step (struct cursor). Where both have the same link,
 * or only the host has one, it is the same link afterwards; where the tree has something else of
 * that name (a host without merged /usr has a folder /lib), the tree's stays and each side goes its
 * way.
 */
#include "initramfs/host.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

int host_error(struct error *err, int code, const char *path)
{
	return error_set(err, code, "'%s': %s", path, strerror(-code));
}

int host_no_memory(struct error *err, const char *path)
{
	return error_set(err, -ENOMEM, "'%s': out of memory while packing it", path);
}

char *host_join(const char *dir, const char *name)
{
	char *path;

	return asprintf(&path, "%s/%s", strcmp(dir, "/") ? dir : "", name) < 0 ? NULL : path;
}

/* The target of a link, owned by the caller; NULL with errno. */
static char *read_link(const char *path)
{
	char text[PATH_MAX];
	ssize_t length = readlink(path, text, sizeof(text));

	if (length <= 0 || length == sizeof(text)) {
		errno = length < 0 ? errno : ENAMETOOLONG;
		return NULL;
	}
	return strndup(text, (size_t)length);
}

/*
 * Links in /proc are no paths: /proc/<pid>/fd/3 can be opened where its text, "/memfd:x (deleted)",
 * cannot. Such a link stands for the file behind it.
 */
static bool on_procfs(const char *path)
{
	struct statfs fs;

	return !statfs(path, &fs) && fs.f_type == PROC_SUPER_MAGIC;
}

/*
 * What make and python compare to see what is stale. Kernels keep it when they have
 * CONFIG_INITRAMFS_PRESERVE_MTIME. The archive has no room for other times.
 */
static uint32_t clamp_mtime(time_t seconds)
{
	if (seconds < 0)
		return 0;
	return seconds > UINT32_MAX ? UINT32_MAX : (uint32_t)seconds;
}

/* A regular file of the host as a child of @dir, or the one that is there already. */
static int put_file(struct initramfs *tree, struct node *dir, const char *name, const char *host,
		    const struct stat *st, struct node **child, struct error *err)
{
	struct node *node = *child;
	int ret;

	if (node && node->kind == NODE_DATA)
		return 0;
	if (node && node->kind == NODE_HOST && node->host_dev == st->st_dev &&
	    node->host_ino == st->st_ino)
		return 0;
	if (node)
		return error_set(err, -EEXIST, "'%s': the guest has %s '%s' at its place already",
				 host, node->kind == NODE_DIR ? "a folder" : "another file",
				 node->kind == NODE_HOST ? node->text : node->name);
	if ((uint64_t)st->st_size > UINT32_MAX)
		return error_set(err, -EFBIG,
				 "'%s': %lld bytes; a file in an initramfs has at most 4 GiB - 1",
				 host, (long long)st->st_size);
	/* Said now, not when half the archive is written. */
	if (faccessat(AT_FDCWD, host, R_OK, AT_EACCESS))
		return host_error(err, -errno, host);
	ret = tree_new(tree, dir, name, NODE_HOST, S_IFREG | (st->st_mode & 07777), host, &node,
		       err);
	if (ret)
		return ret;
	node->size = (uint64_t)st->st_size;
	node->host_dev = st->st_dev;
	node->host_ino = st->st_ino;
	node->mtime = clamp_mtime(st->st_mtim.tv_sec);
	*child = node;
	return 0;
}

static int put_dir(struct initramfs *tree, struct node *dir, const char *name, const char *host,
		   const struct stat *st, struct node **child, struct error *err)
{
	if (!*child)
		return tree_new(tree, dir, name, NODE_DIR, S_IFDIR | (st->st_mode & 07777), NULL,
				child, err);
	if ((*child)->kind != NODE_DIR)
		return error_set(err, -EEXIST, "folder '%s': the guest has a file at its place",
				 host);
	return 0;
}

static int walk(struct initramfs *tree, struct cursor *at, const char *path, int *links,
		struct error *err);

/* What is at @host, no link any more, becomes or is @child of @at, and @at moves there. */
static int enter(struct initramfs *tree, struct cursor *at, const char *name, char *host,
		 const struct stat *st, struct node *child, struct error *err)
{
	int ret = 0;

	if (child && child->kind == NODE_LINK) {
		ret = tree_walk(tree, at->guest, child->text, false, &child, NULL);
		if (ret)
			return error_set(err, -EEXIST,
					 "'%s': the guest has a link '%s' at its place that leads "
					 "nowhere",
					 host, name);
	}
	if (S_ISREG(st->st_mode))
		ret = put_file(tree, at->guest, name, host, st, &child, err);
	else if (S_ISDIR(st->st_mode))
		ret = put_dir(tree, at->guest, name, host, st, &child, err);
	else
		ret = error_set(err, -EINVAL,
				"'%s': is a device, socket or FIFO; only files, folders and links "
				"can go into the guest",
				host);
	if (ret)
		return ret;
	free(at->host);
	at->host = host;
	at->guest = child;
	return 0;
}

/* Nothing is put where the guest's own mounts would hide it. */
static int check_visible(const struct node *dir, const char *host, struct error *err)
{
	for (; dir->parent != dir; dir = dir->parent)
		if (dir->guest_mounts)
			return error_set(
				err, -EINVAL,
				"'%s': the guest mounts its own /%s over it; give it another "
				"place in the guest (HOST:GUEST)",
				host, dir->name);
	return 0;
}

int host_step(struct initramfs *tree, struct cursor *at, const char *host_name, const char *name,
	      int *links, struct error *err)
{
	char *host = host_join(at->host, host_name), *target = NULL, *real;
	struct node *child;
	struct stat st;
	int ret;

	if (!host)
		return host_no_memory(err, host_name);
	ret = check_visible(at->guest, host, err);
	if (ret)
		goto out;
	if (lstat(host, &st)) {
		ret = host_error(err, -errno, host);
		goto out;
	}
	child = tree_child(tree, at->guest, name);
	if (S_ISLNK(st.st_mode) && !on_procfs(at->host)) {
		if (++*links > LINKS_MAX) {
			ret = error_set(err, -ELOOP, "'%s': a link in a loop", host);
			goto out;
		}
		target = read_link(host);
		if (!target) {
			ret = host_error(err, -errno, host);
			goto out;
		}
		if (!child) {
			ret = tree_new(tree, at->guest, name, NODE_LINK, S_IFLNK | 0777, target,
				       &child, err);
			if (ret)
				goto out;
		}
		if (child->kind == NODE_LINK && !strcmp(child->text, target)) {
			ret = walk(tree, at, target, links, err);
			if (ret)
				error_prefix(err, ret, "'%s' -> '%s'", host, target);
			goto out;
		}
		real = realpath(host, NULL);
		if (!real) {
			ret = host_error(err, -errno, host);
			goto out;
		}
		free(host);
		host = real;
	}
	if (S_ISLNK(st.st_mode) && stat(host, &st)) {
		ret = host_error(err, -errno, host);
		goto out;
	}
	if (!st.st_size && S_ISREG(st.st_mode) && on_procfs(host)) {
		ret = error_set(err, -EINVAL,
				"'%s': has no size before it is read; copy it to a file and pack "
				"that",
				host);
		goto out;
	}
	ret = enter(tree, at, name, host, &st, child, err);
	if (!ret)
		host = NULL; /* at's now */
out:
	free(target);
	free(host);
	return ret;
}

static int go_up(struct cursor *at, struct error *err)
{
	char *slash = strrchr(at->host, '/');
	char *parent = slash == at->host ? strdup("/")
					 : strndup(at->host, (size_t)(slash - at->host));

	if (!parent)
		return host_no_memory(err, at->host);
	free(at->host);
	at->host = parent;
	at->guest = at->guest->parent;
	return 0;
}

static int go_root(const struct initramfs *tree, struct cursor *at, struct error *err)
{
	char *root = strdup("/");

	if (!root)
		return host_no_memory(err, "/");
	free(at->host);
	at->host = root;
	at->guest = tree->root;
	return 0;
}

static int walk(struct initramfs *tree, struct cursor *at, const char *path, int *links,
		struct error *err)
{
	char name[NAME_MAX + 1];
	int ret = 0;

	if (*path == '/')
		ret = go_root(tree, at, err);
	while (!ret && *(path += strspn(path, "/"))) {
		size_t length = strcspn(path, "/");

		if (length > NAME_MAX)
			return host_error(err, -ENAMETOOLONG, path);
		/* The host knows it as a folder too, or lstat would say ENOTDIR. */
		if (at->guest->kind != NODE_DIR)
			return host_error(err, -ENOTDIR, at->host);
		memcpy(name, path, length);
		name[length] = '\0';
		path += length;
		if (!strcmp(name, "."))
			continue;
		if (!strcmp(name, ".."))
			ret = go_up(at, err);
		else
			ret = host_step(tree, at, name, name, links, err);
	}
	return ret;
}

/* A host path at a guest path of another name. */
static int put_renamed(struct initramfs *tree, const char *host, const char *guest,
		       struct cursor *at, struct error *err)
{
	const char *host_name = strrchr(host, '/') + 1, *dir, *name;
	char *copy = NULL, *real = NULL, *host_dir = NULL;
	int links = 0, ret;

	/* "/a/.." and "/a/." have no name of their own. */
	if (!*host_name || !strcmp(host_name, ".") || !strcmp(host_name, "..")) {
		real = realpath(host, NULL);
		if (!real)
			return host_error(err, -errno, host);
		host = real;
		host_name = strrchr(host, '/') + 1;
	}
	if (!*host_name) {
		ret = error_set(err, -EINVAL, "'/': cannot be packed under another name");
		goto out;
	}
	ret = tree_split(guest, &copy, &dir, &name, err);
	if (!ret)
		ret = tree_walk(tree, tree->root, dir, true, &at->guest, err);
	if (!ret && at->guest->kind != NODE_DIR)
		ret = error_set(err, -ENOTDIR, "guest path '%s': '%s' is a file", guest, dir);
	if (ret)
		goto out;
	host_dir = strndup(host, (size_t)(host_name - host));
	at->host = host_dir ? realpath(host_dir, NULL) : NULL;
	if (!at->host)
		ret = host_error(err, -errno, host);
	else
		ret = host_step(tree, at, host_name, name, &links, err);
out:
	free(host_dir);
	free(copy);
	free(real);
	return ret;
}

/* The guest's root is there already: only a folder can become it. */
static int put_root(struct initramfs *tree, const char *host, struct cursor *at, struct error *err)
{
	struct stat st;

	at->host = realpath(host, NULL);
	at->guest = tree->root;
	if (!at->host || stat(at->host, &st))
		return host_error(err, -errno, host);
	if (!S_ISDIR(st.st_mode))
		return error_set(err, -EISDIR,
				 "'%s': the guest path '/' is a folder; name the file in it", host);
	return 0;
}

int host_put(struct initramfs *tree, const char *host, const char *guest, struct cursor *end,
	     struct error *err)
{
	struct cursor at = { .guest = tree->root };
	int links = 0, ret;

	if (*guest != '/')
		return error_set(err, -EINVAL, "guest path '%s': not absolute; begin it with '/'",
				 guest);
	if (!strcmp(host, guest))
		ret = walk(tree, &at, host, &links, err);
	else if (!guest[strspn(guest, "/")])
		ret = put_root(tree, host, &at, err);
	else
		ret = put_renamed(tree, host, guest, &at, err);
	if (ret) {
		free(at.host);
		at.host = NULL;
	}
	*end = at;
	return ret;
}
