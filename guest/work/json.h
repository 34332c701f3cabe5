/*
 * What does a JSON text hold? A small reader for files that people wrote: a tree of nodes, members
 * of an object in their order, the same name as often as it is there. Beyond RFC 8259 it takes what
 * such files hold in practice: comments of C, and a comma behind the last element.
 */
#ifndef KTSTR_WORK_JSON_H
#define KTSTR_WORK_JSON_H

#include <stddef.h>
#include <stdint.h>

#include "trace/failure.h"

#define JSON_MAX_BYTES (1u << 20)
#define JSON_MAX_NODES 16384
#define JSON_MAX_DEPTH 16

enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json_node {
	enum json_type type;
	uint32_t line;
	const char *name;     /* of a member of an object, else NULL */
	const char *text;     /* of a string */
	double number;	      /* of a number; of a bool 0 or 1 */
	uint32_t child, next; /* indices; 0: none */
};

struct json {
	char *text; /* what names and strings point into */
	struct json_node *nodes;
	uint32_t nr_nodes; /* the first is the whole */
};

/*
 * json_read - @size bytes of @text. @what begins the sentence of a failure.
 * Returns 0, -EINVAL with the line, or -ENOMEM; json_free in every case.
 */
int json_read(const char *what, const char *text, size_t size, struct json *json,
	      struct failure *failure);
void json_free(struct json *json);

/* json_child, json_next - the first element, the one behind; NULL where there is none. */
const struct json_node *json_child(const struct json *json, const struct json_node *node);
const struct json_node *json_next(const struct json *json, const struct json_node *node);

/* json_member - the first member of an object with that name, or NULL. */
const struct json_node *json_member(const struct json *json, const struct json_node *node,
				    const char *name);

/* json_type_name - for a sentence: "an object". */
const char *json_type_name(enum json_type type);

#endif
