/* Which kernels does a suite run under, and what are they called in names and reports? */
#ifndef KTSTR_SUITE_KERNELS_H
#define KTSTR_SUITE_KERNELS_H

#include <stddef.h>

#include "run/kernel_find.h"
#include "util/error.h"

struct kernels {
	char **given;  /* as the user named them, for a replay; or the path of the default */
	char **images; /* their paths */
	char **names;  /* one each: letters, digits and "._+-" */
	size_t count;
};

/*
 * kernels_open - finds them (kernel_find) and names them (kernels_name) by their releases, or where
 * an image does not tell it by its file's name. @given: @count names; none: the default's, which is
 * an error where there is no default
 * Returns 0, the errors of kernel_find, kernel_image_open and kernels_name. @kernels: to be closed
 * in either case
 */
int kernels_open(const struct kernel_source *source, const char *const *given, size_t count,
		 struct kernels *kernels, struct error *err);
void kernels_close(struct kernels *kernels);

/*
 * kernels_name - from releases in @names, owned, to names: what is no part of a name becomes '_',
 * and those that are the same get what differs in their paths behind it: "a/bzImage" and
 * "b/bzImage" of 6.12.1 are "6.12.1-a" and "6.12.1-b". Returns 0; -EINVAL: one is given twice, or
 * two would be called the same; -ENOMEM.
 */
int kernels_name(char **names, char *const *given, size_t count, struct error *err);

#endif
