/*
 * What does an interpreter need beside its own file? Its standard library, whose folders it is
 * asked for itself. See initramfs_add_with.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "initramfs/ask.h"
#include "initramfs/host.h"
#include "initramfs/packer.h"
#include "initramfs/search_path.h"
#include "initramfs/shim.h"
#include "util/interpreter.h"

/* It takes tens of milliseconds on an idle machine. */
#define ASK_LIMIT_MS 60000

/* Without site (-S) its path is that of the standard library alone; each name ends with a NUL. */
static const char *const ask_python[] = {
	"-E", "-s", "-S",
	"-B", "-c", "import sys; sys.stdout.write(''.join(p + chr(0) for p in sys.path))",
	NULL
};

/* @INC without what is for modules of others. */
static const char *const ask_perl[] = { "-MConfig", "-e",
					"my %other = map { $_ => 1 } grep { defined } "
					"@Config{qw(sitelib sitearch vendorlib vendorarch)}; "
					"print map { \"$_\\0\" } grep { !ref && !$other{$_} } @INC",
					NULL };

/* At the top of its library, and no part of it: others' packages, what C programs link, its tests.
 */
static const char *const not_of_python[] = { "site-packages", "dist-packages", "config-*", "test",
					     NULL };

static int add_folders(struct initramfs *tree, const char *name, const char *program,
		       const char *const *question, const char *const *without, struct error *err)
{
	const char *argv[8] = { program };
	size_t size = 0, count = 0;
	struct stat st;
	char *answer;
	int ret;

	for (size_t i = 0; question[i]; i++)
		argv[i + 1] = question[i];
	ret = ask(argv, tree->cancel_fd, ASK_LIMIT_MS, &answer, &size, err);
	if (ret)
		return error_prefix(
			err, ret, "--with %s: where its standard library is it does not say", name);
	for (const char *dir = answer; !ret && dir < answer + size; dir += strlen(dir) + 1) {
		/* The current folder, and what is not installed. */
		if (*dir != '/' || !strcmp(dir, "/") || stat(dir, &st))
			continue;
		ret = packer_add(tree, dir, dir, without, err);
		count += S_ISDIR(st.st_mode);
	}
	if (!ret && !count)
		ret = error_set(
			err, -ENOENT,
			"--with %s: '%s' names no folder of a standard library that is there", name,
			program);
	free(answer);
	return ret;
}

int initramfs_add_with(struct initramfs *tree, const char *name, struct error *err)
{
	char *program;
	int ret;

	ret = search_path_find(tree, name, &program, err);
	if (ret == -ENOENT)
		return error_set(err, ret,
				 "--with %s: it is in no folder of PATH; install it or give its "
				 "path",
				 name);
	if (ret)
		return ret;
	ret = *program == '/' ? initramfs_add_program(tree, program, err)
			      : error_set(err, -EINVAL, "give its absolute path");
	if (!ret)
		ret = search_path_note(tree, program, err);
	if (ret)
		error_prefix(err, ret, "--with %s", name);
	else if (interpreter_of(program) == INTERPRETER_PYTHON)
		ret = add_folders(tree, name, program, ask_python, not_of_python, err);
	else if (interpreter_of(program) == INTERPRETER_PERL)
		ret = add_folders(tree, name, program, ask_perl, NULL, err);
	free(program);
	return ret;
}

static bool has_name(const struct initramfs *tree, const char *name)
{
	for (const struct node *node = tree->first; node; node = node->next)
		if (!strcmp(node->name, name))
			return true;
	return false;
}

bool initramfs_lacks_library(const struct initramfs *tree, char *path, size_t size)
{
	/* What each cannot do without, wherever it is. */
	bool python = has_name(tree, "encodings"), perl = has_name(tree, "strict.pm");

	for (const struct node *node = tree->first; node; node = node->next) {
		enum interpreter interpreter = interpreter_of(node->name);

		if (node->kind != NODE_HOST || node->followed != FOLLOWED_STRICT)
			continue;
		if ((interpreter == INTERPRETER_PYTHON && !python) ||
		    (interpreter == INTERPRETER_PERL && !perl)) {
			snprintf(path, size, "%s", node->text);
			return true;
		}
	}
	*path = '\0';
	return false;
}
