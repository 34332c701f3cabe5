/*
 * Is the interpreter that a script wants found again in the guest, is it the real one, and does
 * --with bring its library?
 */
#include "initramfs_fixture.h"

#include "initramfs/ask.h"
#include "initramfs/shim.h"
#include "util/interpreter.h"

#define USUAL "/usr/local/bin:/usr/bin:/bin"

static void expect_path(struct fixture *f, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static void expect_path(struct fixture *f, const char *fmt, ...)
{
	char want[1024], *path;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(want, sizeof(want), fmt, ap);
	va_end(ap);
	assert_int_equal(initramfs_search_path(f->tree, USUAL, &path, &f->err), 0);
	assert_string_equal(path, want);
	free(path);
}

/* The guest's PATH leads to what env was answered on the host. */
static void found_by_env(void **state)
{
	struct fixture *f = *state;

	expect_path(f, USUAL);
	put_text(f, "path1/one", 0755, "#!/bin/sh\n");
	put_text(f, "path2/two", 0755, "#!/bin/sh\n");
	put_text(f, "plain", 0755, "#!/usr/bin/env two\n");
	put_text(f, "split", 0755, "#!/usr/bin/env -S A=b two -x\n");
	put_text(f, "other", 0755, "#!/usr/bin/env one\n");
	assert_adds(f, "plain");
	expect_path(f, "%s/path2:" USUAL, f->dir);
	assert_adds(f, "split");
	expect_path(f, "%s/path2:" USUAL, f->dir);
	assert_adds(f, "other");
	expect_path(f, "%s/path2:%s/path1:" USUAL, f->dir, f->dir);

	/* What is in the usual folders anyway, or has a path, adds none. */
	fresh_tree(f);
	f->tree->paths.search_path = "/usr/bin:/bin";
	put_text(f, "usual", 0755, "#!/usr/bin/env sh\n");
	assert_adds(f, "usual");
	expect_path(f, USUAL);
	put_text(f, "direct", 0755, "#!/usr/bin/env %s\n", in(f, "path1/one"));
	assert_adds(f, "direct");
}

static void shims(void **state)
{
	static const struct {
		const char *name, *text, *manager;
	} all[] = {
		{ "pyenv/shims/python3",
		  "#!/usr/bin/env bash\nset -e\nprogram=\"${0##*/}\"\n"
		  "export PYENV_ROOT=\"/root/.pyenv\"\n"
		  "exec \"/root/.pyenv/libexec/pyenv\" exec \"$program\" \"$@\"\n",
		  "`pyenv which python3`" },
		{ ".asdf/shims/node",
		  "#!/usr/bin/env bash\n# asdf-plugin: nodejs 20\n"
		  "exec /root/.asdf/bin/asdf exec \"node\" \"$@\" # asdf_allow: ' asdf '\n",
		  "`asdf which node`" },
		{ ".rbenv/shims/ruby", "#!/bin/sh\n  exec '/opt/rb env/rbenv' exec ruby",
		  "`rbenv which ruby`" },
		{ "shims/mine", "#!/bin/sh\nexec ./real \"$@\"\n", NULL },
		{ "shims/unended", "#!/bin/sh\nexec \"/x", NULL },
		{ "shims/no-script", "exec /x/pyenv exec y\n", NULL },
		{ "elsewhere/python3", "#!/bin/sh\nexec /x/pyenv exec python3\n", NULL },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		put_text(f, all[i].name, 0755, "%s", all[i].text);
		f->err.text[0] = '\0';
		if (shim_check(in(f, all[i].name), &f->err) != (all[i].manager ? -ENOEXEC : 0))
			fail_msg("%s: %s", all[i].name, f->err.text);
		if (!all[i].manager)
			continue;
		assert_says(f, in(f, all[i].name));
		assert_says(f, "version manager's shim");
		assert_says(f, all[i].manager);
	}

	/* By a link, and as a link to the manager itself. */
	assert_int_equal(run("cd '%s' && mkdir bin path1 && ln -s ../pyenv/shims/python3 "
			     "bin/python3 && cp /bin/true bin/mise && ln -s ../bin/mise path1/node",
			     f->dir),
			 0);
	assert_int_equal(shim_check(in(f, "bin/python3"), &f->err), -ENOEXEC);
	assert_int_equal(shim_check(in(f, "path1/node"), &f->err), -ENOEXEC);
	assert_says(f, "`mise which node`");
	assert_int_equal(shim_check(in(f, "bin/mise"), &f->err), 0);

	/* As a payload and as a payload's interpreter, but not as a part of a folder. */
	assert_int_equal(initramfs_add_program(f->tree, in(f, "bin/python3"), &f->err), -ENOEXEC);
	put_text(f, "script", 0755, "#!/usr/bin/env node\n");
	assert_int_equal(add(f, "script"), -ENOEXEC);
	assert_says(f, "script '");
	assert_says(f, "path1/node' is a version manager's shim");
	put_text(f, "direct", 0755, "#!%s\n", in(f, "bin/python3"));
	assert_int_equal(add(f, "direct"), -ENOEXEC);
	put_text(f, "folder/script", 0755, "#!/usr/bin/env node\n");
	assert_adds(f, "folder");
}

static void names(void **state)
{
	(void)state;
	assert_int_equal(interpreter_of("/usr/bin/python3.11"), INTERPRETER_PYTHON);
	assert_int_equal(interpreter_of("python"), INTERPRETER_PYTHON);
	assert_int_equal(interpreter_of("perl5.36.0"), INTERPRETER_PERL);
	assert_int_equal(interpreter_of("/bin/bash"), INTERPRETER_BASH);
	assert_int_equal(interpreter_of("python3-config"), INTERPRETER_NONE);
	assert_int_equal(interpreter_of("perldoc"), INTERPRETER_NONE);
	assert_int_equal(interpreter_of("/python3/sh"), INTERPRETER_NONE);
	assert_int_equal(interpreter_of(""), INTERPRETER_NONE);
}

/* What it answers goes in, but for others' packages; what is not there is passed over. */
static void library(void **state)
{
	struct fixture *f = *state;
	char path[512];

	put_text(f, "path2/python3", 0755,
		 "#!/bin/sh\n[ -z \"$SECRET\" ] || exit 1\n"
		 "printf '\\0relative\\0%s/nowhere\\0%s/lib\\0/\\0'\n",
		 f->dir, f->dir);
	put_text(f, "lib/os.py", 0644, "x");
	put_text(f, "lib/encodings/__init__.py", 0644, "x");
	put_text(f, "lib/test/big", 0644, "x");
	put_text(f, "lib/unittest/test/small", 0644, "x");
	put_text(f, "lib/site-packages/numpy", 0644, "x");
	put_text(f, "lib/config-3.11-x86_64-linux-gnu/libpython.a", 0644, "x");
	put_elf(f, "lib/lib-dynload/_ssl.so",
		(struct elf_spec){ .runpath = in(f, "deep"), .needed = { "libssl.so.3" } });
	put_elf(f, "deep/libssl.so.3", (struct elf_spec){ 0 });
	setenv("SECRET", "ours", 1);
	if (initramfs_add_with(f->tree, "python3", &f->err))
		fail_msg("%s", f->err.text);
	unsetenv("SECRET");
	assert_int_equal(has(f, "path2/python3"), 1);
	assert_int_equal(has(f, "lib/os.py"), 1);
	assert_int_equal(has(f, "lib/unittest/test/small"), 1);
	assert_int_equal(has(f, "deep/libssl.so.3"), 1);
	assert_int_equal(has(f, "lib/test"), 0);
	assert_int_equal(has(f, "lib/site-packages"), 0);
	assert_int_equal(has(f, "lib/config-3.11-x86_64-linux-gnu"), 0);
	expect_path(f, "%s/path2:" USUAL, f->dir);
	assert_false(initramfs_lacks_library(f->tree, path, sizeof(path)));
}

static void no_library(void **state)
{
	struct fixture *f = *state;
	char path[512];

	assert_int_equal(initramfs_add_with(f->tree, "python3", &f->err), -ENOENT);
	assert_says(f, "--with python3: it is in no folder of PATH");
	put_text(f, "path1/python3", 0755, "#!/bin/sh\necho broken; exit 3\n");
	assert_int_equal(initramfs_add_with(f->tree, "python3", &f->err), -EIO);
	assert_says(f, "--with python3: ");
	assert_says(f, "exits with status 3");
	put_text(f, "path1/python3", 0755, "#!/bin/sh\nprintf '/nowhere\\0'\n");
	assert_int_equal(initramfs_add_with(f->tree, "python3", &f->err), -ENOENT);
	assert_says(f, "names no folder of a standard library");
	put_text(f, "path1/python3", 0755, "#!/bin/sh\nexec cat /dev/zero\n");
	assert_int_equal(initramfs_add_with(f->tree, "python3", &f->err), -EFBIG);
	put_text(f, "path1/shims/perl", 0755, "#!/bin/sh\nexec /x/plenv exec perl\n");
	assert_int_equal(initramfs_add_with(f->tree, in(f, "path1/shims/perl"), &f->err), -ENOEXEC);
	assert_says(f, "`plenv which perl`");

	/* A run that fails says so of what was named, not of what is somewhere in a folder. */
	fresh_tree(f);
	put_text(f, "folder/python3", 0755, "#!/bin/sh\n");
	assert_adds(f, "folder");
	assert_false(initramfs_lacks_library(f->tree, path, sizeof(path)));
	put_text(f, "script", 0755, "#!/usr/bin/env perl\n");
	put_text(f, "path1/perl", 0755, "#!/bin/sh\n");
	assert_adds(f, "script");
	assert_true(initramfs_lacks_library(f->tree, path, sizeof(path)));
	assert_string_equal(path, in(f, "path1/perl"));
	put_text(f, "perl-lib/strict.pm", 0644, "1;\n");
	assert_adds(f, "perl-lib");
	assert_false(initramfs_lacks_library(f->tree, path, sizeof(path)));
}

/* One that does not end, with its output open and closed, is ended with all that it started. */
static void bounded(void **state)
{
	static const char *const forms[] = { "sleep 1000 & sleep 1000", "exec >&-; sleep 1000",
					     "printf answer; kill -9 $$" };
	const char *argv[] = { "/bin/sh", "-c", NULL, NULL };
	struct fixture *f = *state;
	char *out;
	size_t size;

	for (size_t i = 0; i < 3; i++) {
		argv[2] = forms[i];
		assert_int_equal(ask(argv, -1, 200, &out, &size, &f->err), i < 2 ? -ETIME : -EIO);
		assert_says(f, i < 2 ? "does not come to an end" : "ended by signal 9");
	}
	argv[2] = "printf answer; read line || printf %s \"$line\"";
	assert_int_equal(ask(argv, -1, 60000, &out, &size, &f->err), 0);
	assert_int_equal(size, 6);
	assert_string_equal(out, "answer");
	free(out);
	argv[0] = "/nowhere/sh";
	assert_int_equal(ask(argv, -1, 60000, &out, &size, &f->err), -ENOENT);
}

static void real_ones(void **state)
{
	static const struct {
		const char *name, *test;
	} all[] = {
		{ "python3", "-c 'import json, ctypes, hashlib, sys; sys.exit(42)'" },
		{ "perl", "-e 'use strict; use POSIX; use Time::HiRes; exit 42'" },
		{ "bash", "-c 'a=(42); exit ${a[0]}'" },
	};
	struct fixture *f = *state;

	if (geteuid())
		skip();
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (run("ls /usr/bin/%s >'%s/list' 2>&1", all[i].name, f->dir))
			continue;
		initramfs_destroy(f->tree);
		f->tree = initramfs_create();
		f->tree->paths.search_path = "/usr/bin";
		if (initramfs_add_with(f->tree, all[i].name, &f->err))
			fail_msg("%s", f->err.text);
		extract(f);
		assert_int_equal(
			run("cd '%s/out' && : >dev/null && LC_ALL=C chroot . /usr/bin/%s %s",
			    f->dir, all[i].name, all[i].test),
			42);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(found_by_env), TEST(shims),   cmocka_unit_test(names), TEST(library),
		TEST(no_library),   TEST(bounded), TEST(real_ones),
	};

	return cmocka_run_group_tests_name("interpreters", tests, NULL, NULL);
}
