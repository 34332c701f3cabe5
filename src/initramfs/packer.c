/*
 * Which files of the host does a path bring? The path itself with its links, everything below it
 * when it is a folder, and what its programs need: their loaders, libraries and interpreters.
 */
#include "initramfs/packer.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "initramfs/shim.h"

int packer_enqueue(struct packer *p, struct cursor *at, bool strict)
{
	struct node *node = at->guest;
	enum followed followed = strict ? FOLLOWED_STRICT : FOLLOWED_LENIENT;
	struct packer_item *item;

	if (node->kind == NODE_HOST && node->followed >= followed) {
		free(at->host);
		return 0;
	}
	item = calloc(1, sizeof(*item));
	if (!item) {
		free(at->host);
		return host_no_memory(p->err, node->name);
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
static int add_entry(struct packer *p, const struct packer_item *dir, const char *name)
{
	struct cursor at = { .guest = dir->at.guest };
	char *path = host_join(dir->at.host, name);
	struct stat st;
	int links = 0, ret = 0;

	if (!path)
		return host_no_memory(p->err, name);
	if (lstat(path, &st)) {
		/* Gone since the folder was read. */
		ret = errno == ENOENT ? 0 : host_error(p->err, -errno, path);
		goto out;
	}
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode) && !S_ISLNK(st.st_mode))
		goto out;
	at.host = strdup(dir->at.host);
	if (!at.host) {
		ret = host_no_memory(p->err, path);
		goto out;
	}
	ret = host_step(p->tree, &at, name, name, &links, p->err);
	if (S_ISLNK(st.st_mode) &&
	    (is_no_target(ret) || (!ret && is_above(at.guest, dir->at.guest)))) {
		ret = 0;
	} else if (!ret) {
		ret = packer_enqueue(p, &at, false);
		at.host = NULL; /* the queue's */
	}
out:
	free(at.host);
	free(path);
	return ret;
}

static bool is_passed_over(const struct packer *p, const struct node *dir, const char *name)
{
	for (size_t i = 0; dir == p->top && p->without && p->without[i]; i++)
		if (!fnmatch(p->without[i], name, 0))
			return true;
	return false;
}

static int add_folder(struct packer *p, const struct packer_item *item)
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
		if (!ret && !is_passed_over(p, node, entries[i]->d_name))
			ret = add_entry(p, item, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return ret;
}

static int add_needs(struct packer *p, const struct packer_item *item)
{
	struct node *node = item->at.guest;
	int ret;

	ret = closure_add(p->tree, node, item->strict, p->err);
	/* The kernel looks at the #! only of what may be executed. */
	if (!ret && !node->elf && (item->strict || node->mode & 0111))
		ret = interpreters_add(p, node, item->strict);
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
		struct packer_item *item = p->first;

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
	return packer_add(tree, host, guest, NULL, err);
}

int initramfs_add_program(struct initramfs *tree, const char *host, struct error *err)
{
	int ret = shim_check(host, err);

	return ret ? ret : packer_add(tree, host, NULL, NULL, err);
}

int packer_add(struct initramfs *tree, const char *host, const char *guest,
	       const char *const *without, struct error *err)
{
	struct packer p = { .tree = tree, .err = err, .without = without };
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
		absolute = cwd ? host_join(cwd, host) : NULL;
	}
	free(cwd);
	if (!absolute)
		return host_no_memory(err, host);
	ret = host_put(tree, absolute, guest ? guest : absolute, &at, err);
	if (!ret && at.guest->kind == NODE_DATA) {
		ret = error_set(err, -EEXIST, "'%s': the guest has a file of its own at '%s'", host,
				guest ? guest : absolute);
		free(at.host);
	} else if (!ret) {
		p.top = at.guest;
		ret = packer_enqueue(&p, &at, true);
	}
	free(absolute);
	return drain(&p, ret);
}
