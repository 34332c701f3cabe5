/* Which words stand in a line of directives? See words.h. */
#include "entry/words.h"

#include <errno.h>
#include <stdbool.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static int check_byte(char c, struct error *err)
{
	unsigned char byte = (unsigned char)c;

	if (c == '\r')
		return error_set(err, -EINVAL, "a carriage return (0x0d); use Unix line ends");
	if ((byte < ' ' && c != '\t') || byte == 0x7f)
		return error_set(err, -EINVAL, "a control character (0x%02x); leave it out", byte);
	return 0;
}

int words_next(const char **at, const char *end, char *word, struct error *err)
{
	const char *p = *at;
	bool quoted = false;
	int ret;

	while (p < end && is_blank(*p))
		p++;
	*at = p;
	if (p == end)
		return 0;
	for (; p < end && (quoted || !is_blank(*p)); p++) {
		ret = check_byte(*p, err);
		if (ret)
			return ret;
		if (*p == '"') {
			quoted = !quoted;
			continue;
		}
		if (quoted && *p == '\\' && end - p > 1 && (p[1] == '"' || p[1] == '\\'))
			p++;
		*word++ = *p;
	}
	if (quoted)
		return error_set(err, -EINVAL, "a double quote is not closed in its line");
	*word = '\0';
	*at = p;
	return 1;
}
