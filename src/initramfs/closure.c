/*
 * What must be in the guest for this ELF file to be loaded? Its loader, and the libraries in the
 * order in which the loader maps them: breadth first, each name once for a program.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "initramfs/elf_deps.h"
#include "initramfs/host.h"
#include "initramfs/ldso.h"

/*
 * What glibc's libc.so.6 opens by name at run time: the unwinder for pthread_exit and
 * pthread_cancel (sysdeps/nptl/unwind-forcedunwind.c; without it they abort), and before 2.34 what
 * reads /etc/passwd, /etc/group and /etc/hosts (nss/).
 */
static const char *const by_libc[] = { "libgcc_s.so.1", "libnss_files.so.2" };

struct closure {
	struct initramfs *tree;
	struct object **objects; /* owned, and each of them; in the order of loading */
	size_t count;
	bool musl;
	struct error *err;
};

/* Reads @node as an ELF, once. node->elf stays NULL when it is none. */
static int read_elf(struct node *node, struct error *err)
{
	char head[4];
	struct stat st;
	int fd, ret = 0;

	if (node->elf || node->kind != NODE_HOST)
		return 0;
	fd = open(node->text, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return error_set(err, -errno, "'%s': cannot be read: %s", node->text,
				 strerror(errno));
	if (fstat(fd, &st)) {
		ret = error_set(err, -errno, "'%s': %s", node->text, strerror(errno));
	} else if (pread(fd, head, sizeof(head), 0) == sizeof(head) &&
		   !memcmp(head, "\177ELF", 4)) {
		ret = elf_deps_read(fd, (uint64_t)st.st_size, &node->elf, err);
		if (ret)
			error_prefix(err, ret, "'%s'", node->text);
	}
	close(fd);
	return ret;
}

static void object_free(struct object *object)
{
	if (!object)
		return;
	free(object->name);
	free(object->host_origin);
	free(object->guest_origin);
	free(object);
}

/* The folder of an absolute path; NULL when memory is out. */
static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

static int push(struct closure *c, const struct object *loader, struct node *node, const char *name,
		const char *host, const char *guest)
{
	struct object *object = calloc(1, sizeof(*object));
	struct object **grown;

	if (!object)
		goto fail;
	object->loader = loader;
	object->node = node;
	object->elf = node->elf;
	object->name = strdup(name);
	object->host_origin = folder_of(host);
	object->guest_origin = folder_of(guest);
	if (!object->name || !object->host_origin || !object->guest_origin)
		goto fail;
	grown = realloc(c->objects, (c->count + 1) * sizeof(struct object *));
	if (!grown)
		goto fail;
	c->objects = grown;
	grown[c->count++] = object;
	return 0;
fail:
	object_free(object);
	return error_set(c->err, -ENOMEM, "'%s': out of memory for its libraries", node->text);
}

/* As the loader matches: by the name asked for, or by DT_SONAME. */
static bool is_loaded(const struct closure *c, const char *name)
{
	for (size_t i = 0; i < c->count; i++)
		if (!strcmp(c->objects[i]->name, name) ||
		    (c->objects[i]->elf->soname && !strcmp(c->objects[i]->elf->soname, name)))
			return true;
	return false;
}

/* One file at its own place or, when both sides name it differently, at the guest's. */
static int load(struct closure *c, const struct object *loader, const char *name, const char *host,
		const char *guest)
{
	struct cursor end;
	int ret;

	ret = host_put(c->tree, host, guest, &end, c->err);
	if (ret)
		return error_prefix(c->err, ret, "'%s' wants '%s'", loader->node->text, name);
	free(end.host);
	/* From the caller's memory, under this very name: the caller answers for it. */
	if (end.guest->kind == NODE_DATA)
		return 0;
	ret = read_elf(end.guest, c->err);
	if (!ret && !end.guest->elf)
		ret = error_set(c->err, -ENOEXEC, "'%s': no ELF file", host);
	if (ret)
		return error_prefix(c->err, ret, "'%s' wants '%s'", loader->node->text, name);
	return push(c, loader, end.guest, name, host, guest);
}

static int add_interp(struct closure *c, const struct object *program)
{
	const char *interp = program->elf->interp;

	if (!interp)
		return 0;
	if (*interp != '/' || access(interp, F_OK))
		return error_set(
			c->err, -ELIBACC,
			"'%s' wants the loader '%s', which this host does not have; install "
			"it, or link the program statically",
			program->node->text, interp);
	return load(c, program, interp, interp, interp);
}

/* What the guest's loader must read to look where the host's looks. */
static int add_config(struct closure *c, const char *host, const char *guest)
{
	struct cursor end;
	int ret;

	ret = host_put(c->tree, host, guest, &end, c->err);
	if (!ret)
		free(end.host);
	return ret;
}

static int add_library(struct closure *c, const struct object *object, const char *name)
{
	struct place place;
	int ret;

	ret = ldso_find(c->tree->ldso, object, name, c->musl, &place, c->err);
	if (ret)
		return ret;
	ret = load(c, object, name, place.host, place.guest);
	if (!ret && place.cached)
		ret = add_config(c, c->tree->paths.ld_so_cache, "/etc/ld.so.cache");
	place_destroy(&place);
	return ret;
}

/* For what nobody has asked for: that it is missing, or that its own needs are, is no error. */
static int add_optional(struct closure *c, const struct object *object, const char *name)
{
	struct error *err = c->err, unused = { "" };
	size_t count = c->count;
	int ret;

	c->err = &unused;
	ret = add_library(c, object, name);
	c->err = err;
	if (ret == -ENOMEM || ret == -EINTR)
		return error_set(err, ret, "%s", unused.text);
	if (c->count > count)
		c->objects[count]->optional = true;
	return 0;
}

static int add_all(struct closure *c, struct node *node, const char *guest)
{
	int ret;

	ret = push(c, NULL, node, node->text, node->text, guest);
	if (!ret)
		ret = add_interp(c, c->objects[0]);
	if (!ret && c->musl && !access(c->tree->paths.musl_path, R_OK))
		ret = add_config(c, c->tree->paths.musl_path, "/etc/ld-musl-x86_64.path");
	/* c->objects grows as the libraries ask for more. */
	for (size_t i = 0; !ret && i < c->count; i++) {
		const struct object *object = c->objects[i];

		for (size_t n = 0; !ret && n < object->elf->nr_needed; n++) {
			const char *name = object->elf->needed[n];

			if (is_loaded(c, name) || (c->musl && ldso_musl_has(name)))
				continue;
			ret = object->optional ? add_optional(c, object, name)
					       : add_library(c, object, name);
		}
		if (c->musl || strcmp(object->name, "libc.so.6"))
			continue;
		for (size_t n = 0; !ret && n < sizeof(by_libc) / sizeof(by_libc[0]); n++)
			if (!is_loaded(c, by_libc[n]))
				ret = add_optional(c, object, by_libc[n]);
	}
	return ret;
}

const char *initramfs_isa_file(const struct initramfs *tree, unsigned int level)
{
	for (const struct node *node = tree->first; node; node = node->next)
		if (node->loaded && node->elf && node->elf->isa >> level & 1)
			return node->text;
	return NULL;
}

int closure_add(struct initramfs *tree, struct node *node, bool strict, struct error *err)
{
	struct closure c = { .tree = tree, .err = err };
	char *guest;
	int ret;

	ret = read_elf(node, err);
	if (!ret && node->elf && strict)
		node->loaded = true;
	if (ret || !node->elf || (!node->elf->interp && !node->elf->nr_needed))
		return ret;
	if (!tree->ldso)
		tree->ldso = ldso_create(&tree->paths);
	guest = tree_path(node);
	if (!tree->ldso || !guest) {
		free(guest);
		return error_set(err, -ENOMEM, "'%s': out of memory for its libraries", node->text);
	}
	c.musl = ldso_is_musl(node->elf->interp);
	ret = add_all(&c, node, guest);
	for (size_t i = 0; i < c.count; i++) {
		if (strict && !c.objects[i]->optional)
			c.objects[i]->node->loaded = true;
		object_free(c.objects[i]);
	}
	free(c.objects);
	free(guest);
	return ret;
}
