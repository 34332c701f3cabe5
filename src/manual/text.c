/* Where are the hand-written texts? See text.h. The blob: "\f<name>\n" before each file. */
#include "manual/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "embed/embed.h"

int text_load(const char *name, char **text, struct error *err)
{
	const struct blob *blob = embed_find("doc");
	size_t length = strlen(name);
	uint8_t *data;
	char *all, *at;
	int ret;

	if (!blob)
		return error_set(err, -ENOENT, "this launcher carries no texts; rebuild it");
	ret = embed_load(blob, &data, err);
	if (ret)
		return ret;
	all = strndup((char *)data, blob->size);
	free(data);
	if (!all)
		return error_set(err, -ENOMEM, "out of memory");
	ret = error_set(err, -ENOENT, "no text '%s' in this launcher; rebuild it", name);
	for (at = strchr(all, '\f'); at; at = strchr(at + 1, '\f')) {
		if (strncmp(at + 1, name, length) || at[1 + length] != '\n')
			continue;
		at += length + 2;
		*text = strndup(at, strcspn(at, "\f"));
		ret = *text ? 0 : error_set(err, -ENOMEM, "out of memory");
		break;
	}
	free(all);
	return ret;
}

const char *text_section(const char *text, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = text; at; at = strchr(at, '\n')) {
		at += *at == '\n';
		if (!strncmp(at, "# ", 2) && !strncmp(at + 2, name, length) &&
		    at[2 + length] == '\n')
			return at + 3 + length;
	}
	return NULL;
}
