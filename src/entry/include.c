/* Which files go into the guest beside the payload? HOST[:GUEST], of an option or a directive. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../guest/protocol.h"
#include "entry/entry.h"
#include "util/interpreter.h"
#include "util/utf8.h"

/* Takes the strings of @include over, also on error. */
static int add(struct entry_include **includes, size_t *nr, const char *what,
	       struct entry_include include, bool has_guest, struct error *err)
{
	struct entry_include *grown = reallocarray(*includes, *nr + 1, sizeof(*grown));

	if (grown)
		*includes = grown;
	if (!grown || !include.host || (has_guest && !include.guest)) {
		free((char *)include.host);
		free((char *)include.guest);
		return error_set(err, -ENOMEM, "%s: out of memory", what);
	}
	grown[(*nr)++] = include;
	return 0;
}

int entry_include_add(struct entry_include **includes, size_t *nr, const char *what,
		      const char *text, struct error *err)
{
	const char *colon = strchr(text, ':');
	char shown[256];

	utf8_printable(shown, sizeof(shown), text, strlen(text));
	if (colon == text || !*text)
		return error_set(err, -EINVAL, "%s '%s': takes HOST or HOST:GUEST", what, shown);
	if (colon && colon[1] != '/')
		return error_set(err, -EINVAL, "%s '%s': the path in the guest must be absolute",
				 what, shown);
	return add(includes, nr, what,
		   (struct entry_include){
			   .host = strndup(text, colon ? (size_t)(colon - text) : strlen(text)),
			   .guest = colon ? strdup(colon + 1) : NULL,
		   },
		   colon, err);
}

/* Is @path in one of the folders where a payload's PATH looks? */
static bool is_usual(const char *path)
{
	const char *list = KTSTR_USUAL_PATH;
	size_t folder = (size_t)(strrchr(path, '/') - path);

	for (size_t length; *list; list += length + (list[length] == ':')) {
		length = strcspn(list, ":");
		if (length == folder && !memcmp(list, path, length))
			return true;
	}
	return false;
}

int entry_tool_add(struct entry_include **includes, size_t *nr, const char *what, const char *text,
		   bool *found, struct error *err)
{
	struct entry_include include = { 0 };
	char shown[256], *guest = NULL;

	utf8_printable(shown, sizeof(shown), text, strlen(text));
	if (!*text || strchr(text, '/') || strchr(text, ':'))
		return error_set(err, -EINVAL,
				 "%s '%s': takes a program's name, to be found in the host's PATH; "
				 "files by their paths go in by include",
				 what, shown);
	if (!found)
		return 0;
	include.host = entry_in_path(text);
	*found = include.host;
	if (!include.host)
		return 0;
	if (!is_usual(include.host)) {
		if (asprintf(&guest, "/usr/local/bin/%s", text) < 0)
			guest = NULL;
		include.guest = guest;
		return add(includes, nr, what, include, true, err);
	}
	return add(includes, nr, what, include, false, err);
}

int entry_with_add(struct entry_include **includes, size_t *nr, const char *what, const char *text,
		   struct error *err)
{
	char shown[256];

	utf8_printable(shown, sizeof(shown), text, strlen(text));
	if (interpreter_of(text) == INTERPRETER_NONE || (strchr(text, '/') && *text != '/'))
		return error_set(err, -EINVAL,
				 "%s '%s': takes python3, perl or bash, with a version or not, or "
				 "the absolute path of one; other programs go in by include",
				 what, shown);
	return add(includes, nr, what, (struct entry_include){ .host = strdup(text), .with = true },
		   false, err);
}

void entry_includes_free(struct entry_include *includes, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		free((char *)includes[i].host);
		free((char *)includes[i].guest);
	}
	free(includes);
}
