/* What does a JSON text hold? See json.h. */
#include "json.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct reader {
	const char *what;
	char *at; /* into json->text, which ends in a NUL; strings are unescaped in place */
	uint32_t line;
	struct json *json;
	struct failure *failure;
};

const char *json_type_name(enum json_type type)
{
	static const char *const names[] = { "null",	 "true or false", "a number",
					     "a string", "an array",	  "an object" };

	return names[type];
}

const struct json_node *json_child(const struct json *json, const struct json_node *node)
{
	return node->child ? &json->nodes[node->child] : NULL;
}

const struct json_node *json_next(const struct json *json, const struct json_node *node)
{
	return node->next ? &json->nodes[node->next] : NULL;
}

const struct json_node *json_member(const struct json *json, const struct json_node *node,
				    const char *name)
{
	const struct json_node *member = node->type == JSON_OBJECT ? json_child(json, node) : NULL;

	while (member && strcmp(member->name, name))
		member = json_next(json, member);
	return member;
}

static int wrong(struct reader *r, const char *why)
{
	return failure_set(r->failure, -EINVAL, "%s: line %u: %s", r->what, r->line, why);
}

/* Blanks and comments. */
static int skip(struct reader *r)
{
	for (;; r->at++) {
		if (*r->at == '\n') {
			r->line++;
		} else if (r->at[0] == '/' && r->at[1] == '/') {
			while (r->at[1] && r->at[1] != '\n')
				r->at++;
		} else if (r->at[0] == '/' && r->at[1] == '*') {
			for (r->at += 2; strncmp(r->at, "*/", 2); r->at++) {
				if (!*r->at)
					return wrong(r, "a comment without an end");
				r->line += *r->at == '\n';
			}
			r->at++;
		} else if (*r->at != ' ' && *r->at != '\t' && *r->at != '\r') {
			return 0;
		}
	}
}

/* The character that stands for an escape; 0: none that we know. */
static char unescape(char c)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *at = c ? strchr(from, c) : NULL;

	return at ? to[at - from] : '\0';
}

static int read_string(struct reader *r, const char **text)
{
	char *to, c;

	if (*r->at != '"')
		return wrong(r, "a string in double quotes is missing");
	*text = to = ++r->at;
	while (*r->at != '"') {
		if ((unsigned char)*r->at < ' ')
			return wrong(r, "a string without an end");
		c = *r->at++;
		if (c == '\\') {
			c = unescape(*r->at++);
			if (!c)
				return wrong(r,
					     "in a string a backslash before something else than "
					     "\" \\ / b f n r t");
		}
		*to++ = c;
	}
	*to = '\0';
	r->at++;
	return 0;
}

static int new_node(struct reader *r, uint32_t *index)
{
	struct json *json = r->json;

	if (json->nr_nodes == JSON_MAX_NODES)
		return wrong(r, "more values than we take (16384)");
	*index = json->nr_nodes++;
	json->nodes[*index] = (struct json_node){ .line = r->line };
	return 0;
}

static int read_number(struct reader *r, struct json_node *node)
{
	const char *digits = r->at + (*r->at == '-');
	char *end;

	/* strtod takes more than JSON has: 0x1, inf, nan. */
	if (digits[0] < '0' || digits[0] > '9' || (digits[0] == '0' && (digits[1] | 32) == 'x'))
		return wrong(r, "no value");
	node->type = JSON_NUMBER;
	node->number = strtod(r->at, &end);
	if (node->number - node->number != 0)
		return wrong(r, "a number without bounds");
	r->at = end;
	return 0;
}

static bool read_word(struct reader *r, const char *word)
{
	size_t length = strlen(word);

	if (strncmp(r->at, word, length))
		return false;
	r->at += length;
	return true;
}

static int read_value(struct reader *r, unsigned int depth, uint32_t index);

/* Behind the opening bracket. */
static int read_elements(struct reader *r, unsigned int depth, uint32_t index, char closing)
{
	uint32_t last = 0, at = 0;
	int ret = 0;

	if (depth == JSON_MAX_DEPTH)
		return wrong(r, "nested deeper than 16");
	while (!ret) {
		const char *name = NULL;
		bool alone = false;

		ret = skip(r);
		if (ret || *r->at == closing)
			break;
		if (closing == '}') {
			ret = read_string(r, &name);
			if (!ret)
				ret = skip(r);
			/* A name alone, as rt-app's files have it, is null. */
			alone = !ret && (*r->at == ',' || *r->at == closing);
			if (!ret && !alone && *r->at++ != ':')
				ret = wrong(r, "behind a name comes a colon");
		}
		if (!ret)
			ret = new_node(r, &at);
		if (ret)
			break;
		r->json->nodes[at].name = name;
		*(last ? &r->json->nodes[last].next : &r->json->nodes[index].child) = at;
		last = at;
		ret = alone ? 0 : read_value(r, depth + 1, at);
		if (!ret)
			ret = skip(r);
		if (!ret && *r->at != closing && *r->at++ != ',')
			ret = wrong(r, closing == '}' ? "behind a member comes a comma or }"
						      : "behind an element comes a comma or ]");
	}
	if (!ret)
		r->at++;
	return ret;
}

static int read_value(struct reader *r, unsigned int depth, uint32_t index)
{
	struct json_node *node = &r->json->nodes[index];
	int ret = skip(r);

	node->line = r->line;
	if (ret)
		return ret;
	if (*r->at == '{' || *r->at == '[') {
		node->type = *r->at == '{' ? JSON_OBJECT : JSON_ARRAY;
		return read_elements(r, depth, index, *r->at++ == '{' ? '}' : ']');
	}
	if (*r->at == '"') {
		node->type = JSON_STRING;
		return read_string(r, &node->text);
	}
	if (read_word(r, "null"))
		return 0;
	node->type = JSON_BOOL;
	/* As Python writes them, too: the files' users do. */
	node->number = read_word(r, "true") || read_word(r, "True");
	if (node->number > 0 || read_word(r, "false") || read_word(r, "False"))
		return 0;
	return read_number(r, node);
}

int json_read(const char *what, const char *text, size_t size, struct json *json,
	      struct failure *failure)
{
	struct reader r = { .what = what, .line = 1, .json = json, .failure = failure };
	uint32_t first;
	int ret;

	*json = (struct json){ 0 };
	if (size > JSON_MAX_BYTES)
		return failure_set(failure, -EINVAL, "%s: larger than 1 MiB", what);
	if (memchr(text, '\0', size))
		return failure_set(failure, -EINVAL, "%s: a NUL byte: no JSON", what);
	json->text = malloc(size + 1);
	json->nodes = calloc(JSON_MAX_NODES, sizeof(*json->nodes));
	if (!json->text || !json->nodes)
		return failure_set(failure, -ENOMEM, "%s: no memory to read it", what);
	memcpy(json->text, text, size);
	json->text[size] = '\0';
	r.at = json->text;
	ret = new_node(&r, &first);
	if (!ret)
		ret = read_value(&r, 0, first);
	if (!ret)
		ret = skip(&r);
	if (!ret && *r.at)
		ret = wrong(&r, "more text behind the end");
	return ret;
}

void json_free(struct json *json)
{
	free(json->text);
	free(json->nodes);
	*json = (struct json){ 0 };
}
