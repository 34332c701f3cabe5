/* Which interpreter is a program, by its name? For its standard library's sake. */
#ifndef KTSTR_UTIL_INTERPRETER_H
#define KTSTR_UTIL_INTERPRETER_H

enum interpreter {
	INTERPRETER_NONE,
	INTERPRETER_PYTHON,
	INTERPRETER_PERL,
	INTERPRETER_BASH, /* without a library */
};

/* interpreter_of - @path: "python3", "/usr/bin/perl5.36" */
enum interpreter interpreter_of(const char *path);

#endif
