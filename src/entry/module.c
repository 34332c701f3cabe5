/* Which kernel modules are loaded before the payload? NAME or FILE and parameters, in one text. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "entry/entry.h"
#include "util/utf8.h"

static const char blanks[] = " \t";

int entry_module_add(struct entry_module **modules, size_t *nr, const char *what, const char *text,
		     struct error *err)
{
	size_t length = strcspn(text, blanks);
	const char *params = text + length + strspn(text + length, blanks);
	struct entry_module *grown;
	char shown[256];

	utf8_printable(shown, sizeof(shown), text, strlen(text));
	if (!length || strpbrk(text, "\n\r"))
		return error_set(
			err, -EINVAL,
			"%s '%s': takes a module's name or file, and its parameters behind "
			"it, as in \"loop max_loop=8\"",
			what, shown);
	grown = reallocarray(*modules, *nr + 1, sizeof(*grown));
	if (!grown)
		return error_set(err, -ENOMEM, "%s: out of memory", what);
	*modules = grown;
	grown += *nr;
	grown->name = strndup(text, length);
	grown->params = strdup(params);
	if (!grown->name || !grown->params) {
		free((char *)grown->name);
		free((char *)grown->params);
		return error_set(err, -ENOMEM, "%s: out of memory", what);
	}
	++*nr;
	return 0;
}

bool entry_module_is_file(const struct entry_module *module)
{
	return strchr(module->name, '/') || strstr(module->name, ".ko");
}

void entry_modules_free(struct entry_module *modules, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		free((char *)modules[i].name);
		free((char *)modules[i].params);
	}
	free(modules);
}
