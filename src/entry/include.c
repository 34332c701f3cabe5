/* Which files go into the guest beside the payload? HOST[:GUEST], of an option or a directive. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "entry/entry.h"
#include "util/utf8.h"

int entry_include_add(struct entry_include **includes, size_t *nr, const char *what,
		      const char *text, struct error *err)
{
	const char *colon = strchr(text, ':');
	struct entry_include *grown;
	char shown[256];

	utf8_printable(shown, sizeof(shown), text, strlen(text));
	if (colon == text || !*text)
		return error_set(err, -EINVAL, "%s '%s': takes HOST or HOST:GUEST", what, shown);
	if (colon && colon[1] != '/')
		return error_set(err, -EINVAL, "%s '%s': the path in the guest must be absolute",
				 what, shown);
	grown = reallocarray(*includes, *nr + 1, sizeof(*grown));
	if (!grown)
		return error_set(err, -ENOMEM, "%s: out of memory", what);
	*includes = grown;
	grown += *nr;
	grown->host = strndup(text, colon ? (size_t)(colon - text) : strlen(text));
	grown->guest = colon ? strdup(colon + 1) : NULL;
	if (!grown->host || (colon && !grown->guest)) {
		free((char *)grown->host);
		free((char *)grown->guest);
		return error_set(err, -ENOMEM, "%s: out of memory", what);
	}
	++*nr;
	return 0;
}

void entry_includes_free(struct entry_include *includes, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		free((char *)includes[i].host);
		free((char *)includes[i].guest);
	}
	free(includes);
}
