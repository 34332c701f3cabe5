/* Which interpreter is a program, by its name? See interpreter.h. */
#include "util/interpreter.h"

#include <string.h>

enum interpreter interpreter_of(const char *path)
{
	static const struct {
		const char *name;
		enum interpreter interpreter;
	} names[] = {
		{ "python", INTERPRETER_PYTHON },
		{ "perl", INTERPRETER_PERL },
		{ "bash", INTERPRETER_BASH },
	};
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t length = strlen(names[i].name);

		/* Behind it a version. */
		if (!strncmp(base, names[i].name, length) &&
		    !base[length + strspn(base + length, "0123456789.")])
			return names[i].interpreter;
	}
	return INTERPRETER_NONE;
}
