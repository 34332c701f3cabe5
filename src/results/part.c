/* Of which suite is a result file a shard? See part.h. */
#include "results/part.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "results/item.h"
#include "util/input.h"

static int take_planned(struct json_object *object, unsigned int shards,
			struct suite_planned *planned, struct error *err)
{
	const char *name =
		json_object_is_type(object, json_type_object) ? input_text(object, "name") : NULL;
	int ret;

	if (!name || !*name ||
	    strlen(name) !=
		    (size_t)json_object_get_string_len(json_object_object_get(object, "name")))
		return error_set(err, -EBADMSG, "a variant without a 'name'");
	ret = results_count(object, "shard", 1, &planned->shard, err);
	if (!ret && planned->shard > shards)
		ret = error_set(err, -EBADMSG, "its 'shard' is %u of %u", planned->shard, shards);
	if (ret)
		return ret;
	planned->name = strdup(name);
	return planned->name ? 0 : error_set(err, -ENOMEM, "out of memory");
}

static int take_plan(struct json_object *list, struct suite_part *part, struct error *err)
{
	size_t count = json_object_array_length(list);
	struct suite_planned *plan = calloc(count + 1, sizeof(*plan));
	int ret = 0;

	if (!plan)
		return error_set(err, -ENOMEM, "out of memory");
	part->plan = plan;
	for (size_t i = 0; !ret && i < count; i++) {
		ret = take_planned(json_object_array_get_idx(list, i), part->shards, &plan[i], err);
		if (ret)
			error_prefix(err, ret, "variant %zu of the plan", i + 1);
		else
			part->count++;
	}
	return ret;
}

int results_part_take(struct json_object *line, struct suite_part *part, struct error *err)
{
	struct json_object *shard = json_object_object_get(line, "shard"), *list;
	int ret;

	*part = (struct suite_part){ 0 };
	if (!shard)
		return 0;
	if (!json_object_is_type(shard, json_type_object))
		return error_set(err, -EBADMSG, "a plan whose 'shard' is no object");
	list = json_object_object_get(shard, "plan");
	if (!json_object_is_type(list, json_type_array))
		return error_set(err, -EBADMSG, "a shard without the 'plan' of its suite");
	ret = results_count(shard, "of", 1, &part->shards, err);
	if (!ret)
		ret = results_count(shard, "number", 0, &part->shard, err);
	if (!ret && part->shard > part->shards)
		ret = error_set(err, -EBADMSG, "it is shard %u of %u", part->shard, part->shards);
	if (!ret)
		ret = take_plan(list, part, err);
	if (ret)
		results_part_destroy(part);
	return ret;
}

void results_part_destroy(struct suite_part *part)
{
	for (size_t i = 0; i < part->count; i++)
		free((char *)part->plan[i].name);
	free((void *)part->plan);
	*part = (struct suite_part){ 0 };
}

int results_part_same(const struct suite_part *first, const struct suite_part *second,
		      struct error *err)
{
	if (first->shards != second->shards)
		return error_set(err, -EINVAL, "it is one of %u shards, not of %u", second->shards,
				 first->shards);
	if (first->count != second->count)
		return error_set(err, -EINVAL, "its suite has %zu variants, not %zu", second->count,
				 first->count);
	for (size_t i = 0; i < first->count; i++) {
		const struct suite_planned *a = &first->plan[i], *b = &second->plan[i];

		if (strcmp(a->name, b->name))
			return error_set(err, -EINVAL,
					 "its suite's variant %zu is '%.100s', not '%.100s'", i + 1,
					 b->name, a->name);
		if (a->shard != b->shard)
			return error_set(err, -EINVAL,
					 "its suite has '%.100s' in shard %u, not in shard %u",
					 b->name, b->shard, a->shard);
	}
	return 0;
}
