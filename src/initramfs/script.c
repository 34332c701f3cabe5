/* Which program does a script ask for in its first line? See script.h. */
#include "initramfs/script.h"

#include <string.h>

#define BLANK " \t"

/*
 * The program in env's arguments: without -S they are one word, as the kernel passes them; with -S
 * (alone or behind -i and -v) env splits them, and assignments may stand before the program. What
 * needs more of env's own syntax is left alone.
 */
static void find_program(const char *args, char *program)
{
	const char *word = args;
	size_t length = strlen(word);

	if (*word == '-') {
		word++;
		word += strspn(word, "iv");
		if (*word++ != 'S' || strpbrk(word, "\"'\\$"))
			return;
		do {
			word += strspn(word, BLANK);
			length = strcspn(word, BLANK);
			if (!memchr(word, '=', length))
				break;
			word += length;
		} while (length);
	}
	if (*word == '-' || memchr(word, '=', length))
		return;
	memcpy(program, word, length);
	program[length] = '\0';
}

bool script_parse(const char *head, size_t size, struct script *script)
{
	char line[SCRIPT_HEAD];
	const char *newline, *args, *base;
	char *interp;
	size_t length;

	if (size > SCRIPT_HEAD)
		size = SCRIPT_HEAD;
	if (size < 2 || head[0] != '#' || head[1] != '!')
		return false;
	newline = memchr(head, '\n', size);
	length = (newline ? (size_t)(newline - head) : size) - 2;
	if (length == sizeof(line) - 2 && !newline)
		length--;
	memcpy(line, head + 2, length);
	line[length] = '\0';
	while (length && strchr(BLANK, line[length - 1]))
		line[--length] = '\0';

	interp = line + strspn(line, BLANK);
	length = strcspn(interp, BLANK);
	/* A path that was cut off at the end of what the kernel reads is not guessed at. */
	if (!length || (!newline && size == SCRIPT_HEAD && !interp[length]))
		return false;
	args = interp + length + strspn(interp + length, BLANK);
	memcpy(script->interp, interp, length);
	script->interp[length] = '\0';
	script->program[0] = '\0';
	base = strrchr(script->interp, '/');
	if (base && !strcmp(base, "/env"))
		find_program(args, script->program);
	return true;
}
