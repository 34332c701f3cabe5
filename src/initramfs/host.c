/*
 * Which files of the host does a path bring? The path itself with its links, everything below it
 * when it is a folder, and what its programs need: their loaders, libraries and interpreters.
 *
 * The walk goes over the host and the tree in step (struct cursor). Where both have the same link,
 * or only the host has one, it is the same link afterwards; where the tree has something else of
 * that name (a host without merged /usr has a folder /lib), the tree's stays and each side goes its
 * way.
 */
#include "initramfs/host.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "initramfs/script.h"

static int host_error(struct error *err, int code, const char *path)
{
	return error_set(err, code, "'%s': %s", path, strerror(-code));
}

static int no_memory(struct error *err, const char *path)
{
	return error_set(err, -ENOMEM, "'%s': out of memory while packing it", path);
}

static char *join(const char *dir, const char *name)
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

/*
 * One name: @host_name below at->host, to be @name below at->guest. On return @at is where it
 * leads.
 */
static int step(struct initramfs *tree, struct cursor *at, const char *host_name, const char *name,
		int *links, struct error *err)
{
	char *host = join(at->host, host_name), *target = NULL, *real;
	struct node *child;
	struct stat st;
	int ret;

	if (!host)
		return no_memory(err, host_name);
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
	if (stat(host, &st)) {
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
		return no_memory(err, at->host);
	free(at->host);
	at->host = parent;
	at->guest = at->guest->parent;
	return 0;
}

static int go_root(const struct initramfs *tree, struct cursor *at, struct error *err)
{
	char *root = strdup("/");

	if (!root)
		return no_memory(err, "/");
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
			ret = step(tree, at, name, name, links, err);
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
		ret = step(tree, at, host_name, name, &links, err);
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

/* What has been put and is still to be looked into. A queue, so that nothing recurses. */
struct item {
	struct item *next;
	struct cursor at;
	bool strict;
};

struct packer {
	struct initramfs *tree;
	struct item *first, **last;
	struct error *err;
};

/* Takes @at over, also on error. */
static int enqueue(struct packer *p, struct cursor *at, bool strict)
{
	struct node *node = at->guest;
	enum followed followed = strict ? FOLLOWED_STRICT : FOLLOWED_LENIENT;
	struct item *item;

	if (node->kind == NODE_HOST && node->followed >= followed) {
		free(at->host);
		return 0;
	}
	item = calloc(1, sizeof(*item));
	if (!item) {
		free(at->host);
		return no_memory(p->err, node->name);
	}
	node->followed = node->kind == NODE_HOST ? followed : FOLLOWED_NOT;
	item->at = *at;
	item->strict = strict;
	*p->last = item;
	p->last = &item->next;
	return 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int no_dots(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
}

static bool is_above(const struct node *above, const struct node *node)
{
	while (node != above && node->parent != node)
		node = node->parent;
	return node == above;
}

/* Did a link lead to nothing that can be packed? */
static bool is_no_target(int ret)
{
	return ret == -ENOENT || ret == -ENOTDIR || ret == -ELOOP || ret == -EACCES ||
	       ret == -EINVAL || ret == -EEXIST || ret == -ENAMETOOLONG;
}

/*
 * An entry of a folder that is packed whole. A link whose target cannot be had stays as it is; one
 * that leads up to a folder around it brings nothing more (it would bring the host's whole tree).
 */
static int add_entry(struct packer *p, const struct item *dir, const char *name)
{
	struct cursor at = { .guest = dir->at.guest };
	char *path = join(dir->at.host, name);
	struct stat st;
	int links = 0, ret = 0;

	if (!path)
		return no_memory(p->err, name);
	if (lstat(path, &st)) {
		/* Gone since the folder was read. */
		ret = errno == ENOENT ? 0 : host_error(p->err, -errno, path);
		goto out;
	}
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode) && !S_ISLNK(st.st_mode))
		goto out;
	at.host = strdup(dir->at.host);
	if (!at.host) {
		ret = no_memory(p->err, path);
		goto out;
	}
	ret = step(p->tree, &at, name, name, &links, p->err);
	if (S_ISLNK(st.st_mode) &&
	    (is_no_target(ret) || (!ret && is_above(at.guest, dir->at.guest)))) {
		ret = 0;
	} else if (!ret) {
		ret = enqueue(p, &at, false);
		at.host = NULL; /* the queue's */
	}
out:
	free(at.host);
	free(path);
	return ret;
}

static int add_folder(struct packer *p, const struct item *item)
{
	struct node *node = item->at.guest;
	struct dirent **entries;
	struct stat st;
	int count, ret = 0;

	if (node->guest_mounts)
		return item->strict
			       ? error_set(p->err, -EINVAL,
					   "folder '%s': the guest mounts its own /%s over it; "
					   "give it another place in the guest (HOST:GUEST)",
					   item->at.host, node->name)
			       : 0;
	if (stat(item->at.host, &st))
		return host_error(p->err, -errno, item->at.host);
	/* Links can lead here again. */
	if (node->host_dev == st.st_dev && node->host_ino == st.st_ino)
		return 0;
	node->host_dev = st.st_dev;
	node->host_ino = st.st_ino;
	count = scandir(item->at.host, &entries, no_dots, by_name);
	if (count < 0)
		return host_error(p->err, -errno, item->at.host);
	for (int i = 0; i < count; i++) {
		if (!ret)
			ret = add_entry(p, item, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return ret;
}

/* Puts a program that @script names and leaves it to be looked into. */
static int add_program(struct packer *p, const char *path, const struct node *script, bool strict,
		       struct node **node)
{
	struct cursor at;
	int ret;

	if (*path != '/')
		return error_set(p->err, -ENOENT,
				 "script '%s': its interpreter '%s' depends on the working folder; "
				 "give its absolute path",
				 script->text, path);
	ret = host_put(p->tree, path, path, &at, p->err);
	if (ret)
		return error_prefix(p->err, ret, "script '%s': its interpreter '%s'", script->text,
				    path);
	*node = at.guest;
	return enqueue(p, &at, strict);
}

/* As execvp: the first executable file of that name in a folder of PATH. NULL: none. */
static char *find_on_path(const struct initramfs *tree, const char *program)
{
	const char *list = tree->paths.search_path ? tree->paths.search_path : getenv("PATH");
	struct stat st;

	if (strchr(program, '/'))
		return strdup(program);
	while (list && *list) {
		size_t length = strcspn(list, ":");
		char *path = NULL;

		if (*list == '/' && asprintf(&path, "%.*s/%s", (int)length, list, program) < 0)
			return NULL;
		if (path && !access(path, X_OK) && !stat(path, &st) && S_ISREG(st.st_mode))
			return path;
		free(path);
		list += length + (list[length] == ':');
	}
	return NULL;
}

static int add_env_program(struct packer *p, const char *program, const struct node *script,
			   bool strict)
{
	char *path = find_on_path(p->tree, program);
	struct node *node;
	int ret;

	if (!path)
		return error_set(p->err, -ENOENT,
				 "script '%s': its first line wants '%s', which is in no folder of "
				 "PATH; install it or add its folder to PATH",
				 script->text, program);
	ret = add_program(p, path, script, strict, &node);
	free(path);
	return ret;
}

/* The file's first bytes, at most @size; a negative errno when it cannot be read. */
static ssize_t read_head(const struct node *node, char *head, size_t size, struct error *err)
{
	int fd = open(node->text, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	ssize_t got;

	if (fd < 0)
		return host_error(err, -errno, node->text);
	got = pread(fd, head, size, 0);
	if (got < 0)
		got = host_error(err, -errno, node->text);
	close(fd);
	return got;
}

/* A script, its interpreter, and the interpreter of that while it is a script itself. */
static int add_interpreters(struct packer *p, struct node *node, bool strict)
{
	struct node *script = node;
	char head[SCRIPT_HEAD];
	struct script line;
	ssize_t got;
	int ret = 0;

	for (int depth = 0; !ret && node->kind == NODE_HOST; depth++) {
		got = read_head(node, head, sizeof(head), p->err);
		if (got < 0)
			return (int)got;
		if (!script_parse(head, (size_t)got, &line))
			return 0;
		if (depth == SCRIPT_DEPTH_MAX)
			return error_set(
				p->err, -ELOOP,
				"script '%s': over %d scripts in a row, each the interpreter "
				"of the one before; the kernel runs no more",
				script->text, SCRIPT_DEPTH_MAX);
		if (*line.program)
			ret = add_env_program(p, line.program, node, strict);
		if (!ret)
			ret = add_program(p, line.interp, node, strict, &node);
	}
	return ret;
}

static int add_needs(struct packer *p, const struct item *item)
{
	struct node *node = item->at.guest;
	int ret;

	ret = closure_add(p->tree, node, p->err);
	/* The kernel looks at the #! only of what may be executed. */
	if (!ret && !node->elf && (item->strict || node->mode & 0111))
		ret = add_interpreters(p, node, item->strict);
	if (item->strict) {
		/* Asked for again it must fail again. */
		if (ret)
			node->followed = FOLLOWED_NOT;
		return ret;
	}
	switch (ret) {
	case -ENOEXEC:
	case -ELIBACC:
	case -ENOENT:
	case -ENOTDIR:
	case -EACCES:
	case -ELOOP:
	case -EINVAL:
		/* A part of a folder that cannot be run here: it may be data. */
		return 0;
	default:
		return ret;
	}
}

static int drain(struct packer *p, int ret)
{
	while (p->first) {
		struct item *item = p->first;

		if (!ret && item->at.guest->kind == NODE_DIR)
			ret = add_folder(p, item);
		else if (!ret && item->at.guest->kind == NODE_HOST)
			ret = add_needs(p, item);
		p->first = item->next;
		if (!p->first)
			p->last = &p->first;
		free(item->at.host);
		free(item);
	}
	return ret;
}

int initramfs_add_host(struct initramfs *tree, const char *host, const char *guest,
		       struct error *err)
{
	struct packer p = { .tree = tree, .err = err };
	char *absolute, *cwd = NULL;
	struct cursor at;
	int ret;

	p.last = &p.first;
	if (!*host)
		return error_set(err, -ENOENT, "a host path to pack is empty; name a file");
	if (*host == '/') {
		absolute = strdup(host);
	} else {
		cwd = getcwd(NULL, 0);
		absolute = cwd ? join(cwd, host) : NULL;
	}
	free(cwd);
	if (!absolute)
		return no_memory(err, host);
	ret = host_put(tree, absolute, guest ? guest : absolute, &at, err);
	if (!ret && at.guest->kind == NODE_DATA) {
		ret = error_set(err, -EEXIST, "'%s': the guest has a file of its own at '%s'", host,
				guest ? guest : absolute);
		free(at.host);
	} else if (!ret) {
		ret = enqueue(&p, &at, true);
	}
	free(absolute);
	return drain(&p, ret);
}
