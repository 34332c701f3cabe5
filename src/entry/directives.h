/*
 * Which directives does a test file carry? Lines "#ktstr: key=value key ..." among its first lines,
 * and, for a program that has no such comments, the lines of FILE.ktstr beside it, there with or
 * without "#ktstr:".
 *
 *	#!/bin/sh
 *	#ktstr: topology=1n2l4c2t memory_mib=512 wprof timeout_s=30
 *	#ktstr: append="isolcpus=1 nohz_full=1" env=MODE=fast include=data.txt:/data.txt
 *
 * Words are split at blanks (words.h). A flag alone means true; flags take true, false, 1, 0, yes,
 * no. The keys are in keys.c.
 *
 * Read: the first DIRECTIVES_MAX_LINES lines within DIRECTIVES_MAX_SIZE bytes, and only up to the
 * first line that is neither empty nor begins with '#'. What looks like a directive and would not
 *be read is an error, not ignored: "#ktstr:" further down in these bytes, "# ktstr:", "#ktstr " at
 * the head.
 */
#ifndef KTSTR_ENTRY_DIRECTIVES_H
#define KTSTR_ENTRY_DIRECTIVES_H

#include <stdbool.h>

#include "entry/test.h"

#define DIRECTIVES_MAX_LINES 64
#define DIRECTIVES_MAX_SIZE  (16 * 1024)

/*
 * directives_parse - the directives in @text (@size bytes, hostile: may hold NULs, no newline at
 * the end) into @test, which holds the defaults and, where includes are to be looked for, its path.
 * @file names it in messages, "tests/fair.sh:3:
 * ...".
 * @bare: every line that is not empty and no comment is a directive line (FILE.ktstr)
 * @found: how many lines of directives there were; may be NULL
 * Returns 0, or -EINVAL with file, line, what is wrong and what would be right: an unknown key
 * (with the nearest known one), a value out of range, a key that is there twice (env, include and
 * append may be), an include that is not there or whose place in the guest is taken, topology
 * together with its parts, min over max, the test's own topology against the constraints that the
 * file names, host_only with what only a VM has, expect_err with ignore; -ENOMEM. On error @test is
 * to be destroyed as it is on success.
 */
int directives_parse(struct test *test, const char *file, const char *text, size_t size, bool bare,
		     unsigned int *found, struct error *err);

/*
 * directives_are_meant - does a line at the head of @text (hostile) look like a directive, whether
 * or not it is right? @below: one further down that is right counts as well. For who looks for
 * tests: what was meant as one must get to directives_parse, or its error is never told.
 */
bool directives_are_meant(const char *text, size_t size, bool below);

/*
 * test_load - the test in the file @path: name, path, directives from it or from @path.ktstr, HOST
 * paths of its includes made absolute. @test is not yet initialised; after an error it is empty
 * (test_destroy does no harm).
 * Returns 0; -ENOENT, -EACCES (a folder, not executable, not readable), -ENOEXEC (neither a script
 * nor an ELF), -EINVAL (a directive, a name, directives in both files), -ENOMEM with messages; what
 * open and read return.
 */
int test_load(struct test *test, const char *path, struct error *err);

/*
 * test_load_directives - of a program that need be no test: the defaults and what its file or
 * @path.ktstr says. Its name is not set; test->path is NULL where neither says anything. @path:
 * absolute. Returns 0, or -EINVAL and -ENOMEM as test_load does.
 */
int test_load_directives(struct test *test, const char *path, struct error *err);

#endif
