/* Which interpreters does a script need? See packer.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "initramfs/packer.h"
#include "initramfs/script.h"
#include "initramfs/search_path.h"
#include "initramfs/shim.h"

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
	ret = shim_check(path, p->err);
	if (ret)
		return error_prefix(p->err, ret, "script '%s'", script->text);
	ret = host_put(p->tree, path, path, &at, p->err);
	if (ret)
		return error_prefix(p->err, ret, "script '%s': its interpreter '%s'", script->text,
				    path);
	*node = at.guest;
	return packer_enqueue(p, &at, strict);
}

static int add_env_program(struct packer *p, const char *program, const struct node *script,
			   bool strict)
{
	struct node *node;
	char *path;
	int ret;

	ret = search_path_find(p->tree, program, &path, p->err);
	if (ret == -ENOENT)
		return error_set(p->err, -ENOENT,
				 "script '%s': its first line wants '%s', which is in no folder of "
				 "PATH; install it or add its folder to PATH",
				 script->text, program);
	if (ret)
		return ret;
	ret = add_program(p, path, script, strict, &node);
	if (!ret && path[0] == '/')
		ret = search_path_note(p->tree, path, p->err);
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

int interpreters_add(struct packer *p, struct node *node, bool strict)
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
