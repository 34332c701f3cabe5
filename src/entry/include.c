/* Which files go into the guest beside the payload? HOST[:GUEST], of an option or a directive. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

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
