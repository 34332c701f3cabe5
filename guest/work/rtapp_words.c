/* Are the values of rt-app's JSON what they have to be? See rtapp_words.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "rtapp_words.h"

/* Numbers of the file are microseconds. */
#define US_MAX (24 * 3600 * WORK_S / WORK_US)

int rtapp_wants(struct rtapp_reading *r, const struct json_node *node, enum json_type type)
{
	if (node->type == type)
		return 0;
	return WRONG(r, node, "'%.64s' is %s, and has to be %s",
		     node->name ? node->name : "element", json_type_name(node->type),
		     json_type_name(type));
}

int rtapp_whole_number(struct rtapp_reading *r, const struct json_node *node, int64_t min,
		       int64_t max, int64_t *value)
{
	int ret = rtapp_wants(r, node, JSON_NUMBER);

	if (ret)
		return ret;
	if (node->number < (double)min || node->number > (double)max ||
	    node->number != (double)(int64_t)node->number)
		return WRONG(r, node, "'%.64s': %g is no whole number between %lld and %lld",
			     node->name ? node->name : "element", node->number, (long long)min,
			     (long long)max);
	*value = (int64_t)node->number;
	return 0;
}

/* Microseconds, as ns. */
int rtapp_duration(struct rtapp_reading *r, const struct json_node *node, uint64_t *ns)
{
	int64_t us = 0;
	int ret = rtapp_whole_number(r, node, 0, US_MAX, &us);

	*ns = (uint64_t)us * WORK_US;
	return ret;
}

/* -1: for ever. */
int rtapp_loops(struct rtapp_reading *r, const struct json_node *node, uint64_t *count)
{
	int64_t value = 1;
	int ret = rtapp_whole_number(r, node, -1, 1ll << 40, &value);

	*count = value < 0 ? UINT64_MAX : (uint64_t)value;
	return ret;
}

/* By name and type; made where it is new. */
int rtapp_resource_named(struct rtapp_reading *r, const struct json_node *node, const char *name,
			 enum rtapp_resource_type type, uint16_t *index)
{
	struct rtapp *rtapp = &r->plan->rtapp;
	struct rtapp_resource *made;

	if (!*name || strlen(name) > RTAPP_NAME_MAX)
		return WRONG(r, node, "the name '%.80s' has to have 1 to %d bytes", name,
			     RTAPP_NAME_MAX);
	for (*index = 0; *index < rtapp->nr_resources; (*index)++)
		if (rtapp->resources[*index].type == type &&
		    !strcmp(rtapp->resources[*index].name, name))
			return 0;
	if (*index == RTAPP_MAX_RESOURCES)
		return WRONG(r, node, "'%s': more than %d mutexes, conditions, timers and barriers",
			     name, RTAPP_MAX_RESOURCES);
	made = &rtapp->resources[rtapp->nr_resources++];
	*made = (struct rtapp_resource){ .type = type };
	made->own = type == RESOURCE_TIMER && !strncmp(name, "unique", 6);
	snprintf(made->name, sizeof(made->name), "%s", name);
	return 0;
}

int rtapp_resource(struct rtapp_reading *r, const struct json_node *node,
		   enum rtapp_resource_type type, uint16_t *index)
{
	int ret = rtapp_wants(r, node, JSON_STRING);

	return ret ? ret : rtapp_resource_named(r, node, node->text, type, index);
}

/* Exactly these members may an object have; the list ends in NULL. */
int rtapp_only(struct rtapp_reading *r, const struct json_node *node, const char *const *names)
{
	const struct json_node *member = json_child(r->json, node);

	for (; member; member = json_next(r->json, member)) {
		size_t i = 0;

		while (names[i] && strcmp(names[i], member->name))
			i++;
		if (!names[i])
			return WRONG(r, member, "'%.64s' of '%.64s' is not supported", member->name,
				     node->name);
	}
	return 0;
}

int rtapp_needed(struct rtapp_reading *r, const struct json_node *node, const char *name,
		 const struct json_node **member)
{
	*member = json_member(r->json, node, name);
	return *member ? 0 : WRONG(r, node, "'%.64s' lacks '%s'", node->name, name);
}
