/* What does the kernel's VMCOREINFO note say? (vmcoreinfo.h) */
#include "inspect/vmcoreinfo.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char start[] = "OSRELEASE=";

bool vmcoreinfo_take(struct vmcoreinfo *info, const char *bytes, size_t size)
{
	size_t length = strnlen(bytes, size < VMCOREINFO_SIZE ? size : VMCOREINFO_SIZE);

	info->size = 0;
	if (length < sizeof(start) || memcmp(bytes, start, sizeof(start) - 1) != 0 ||
	    !isdigit((unsigned char)bytes[sizeof(start) - 1]))
		return false;
	memcpy(info->text, bytes, length);
	info->text[length] = '\0';
	info->size = length;
	return true;
}

/* Where the value of @key begins, or NULL. */
static const char *value_of(const struct vmcoreinfo *info, const char *key)
{
	size_t length = strlen(key);

	if (!info->size)
		return NULL;
	for (const char *line = info->text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, length) == 0 && line[length] == '=')
			return line + length + 1;
	}
	return NULL;
}

static bool is_whole(const char *value, const char *end)
{
	return end != value && (*end == '\n' || *end == '\0') && errno == 0;
}

bool vmcoreinfo_number(const struct vmcoreinfo *info, const char *key, int64_t *value)
{
	const char *text = value_of(info, key);
	char *end;

	if (!text || (*text != '-' && !isdigit((unsigned char)*text)))
		return false;
	errno = 0;
	*value = strtoll(text, &end, 10);
	return is_whole(text, end);
}

bool vmcoreinfo_hex(const struct vmcoreinfo *info, const char *key, uint64_t *value)
{
	const char *text = value_of(info, key);
	char *end;

	if (!text || !isxdigit((unsigned char)*text))
		return false;
	errno = 0;
	*value = strtoull(text, &end, 16);
	return is_whole(text, end);
}
