/* What do the result files of a suite's shards say together? See merge.h. */
#include "results/merge.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "results/part.h"

const struct suite_part *merge_plan(const struct merge *merge)
{
	return merge->count ? &merge->files[0]->part : NULL;
}

static bool is_whole(const struct merge_file *file)
{
	return !*file->results.cut_off;
}

static int check(const struct merge *merge, const struct merge_file *file, struct error *err)
{
	const struct suite_part *part = &file->part;
	int ret;

	if (!part->shards)
		return error_set(err, -EINVAL,
				 "it is no shard of a suite: it was made without --shard");
	ret = merge->count ? results_part_same(merge_plan(merge), part, err) : 0;
	if (ret)
		return error_prefix(err, ret, "it is of another suite than '%.200s'",
				    merge->files[0]->path);
	for (size_t i = 0; i < file->results.count; i++) {
		const struct results_item *item = &file->results.list[i];
		const struct suite_planned *planned;

		if (item->number > part->count)
			return error_set(err, -EINVAL,
					 "line %u: result %u, of a plan of %zu variants",
					 item->line_number, item->number, part->count);
		planned = &part->plan[item->number - 1];
		if (strcmp(planned->name, item->name))
			return error_set(err, -EINVAL,
					 "line %u: result %u is '%.100s', and '%.100s' in its plan",
					 item->line_number, item->number, item->name,
					 planned->name);
		if (planned->shard != part->shard)
			return error_set(err, -EINVAL,
					 "line %u: '%.100s' belongs to shard %u, and this is the "
					 "file of shard %u",
					 item->line_number, item->name, planned->shard,
					 part->shard);
	}
	return 0;
}

static int read_file(const struct merge *merge, struct merge_file *file, struct error *err)
{
	struct json_object *plan;
	int ret = results_read(file->path, &file->results, err);

	if (ret)
		return ret;
	ret = results_plan(&file->results, &plan, err);
	if (!ret) {
		ret = results_part_take(plan, &file->part, err);
		json_object_put(plan);
	}
	if (!ret)
		ret = check(merge, file, err);
	return ret ? error_prefix(err, ret, "'%.500s'", file->path) : 0;
}

static void close_file(struct merge_file *file)
{
	results_part_destroy(&file->part);
	results_destroy(&file->results);
	free(file->path);
	free(file);
}

int merge_add(struct merge *merge, const char *path, struct error *err)
{
	struct merge_file **grown =
		reallocarray(merge->files, merge->count + 1, sizeof(struct merge_file *));
	struct merge_file *file = calloc(1, sizeof(*file));
	int ret;

	if (grown)
		merge->files = grown;
	if (file)
		file->path = strdup(path);
	if (!grown || !file || !file->path) {
		free(file);
		return error_set(err, -ENOMEM, "out of memory");
	}
	ret = read_file(merge, file, err);
	if (ret) {
		close_file(file);
		return ret;
	}
	merge->files[merge->count++] = file;
	return 0;
}

/* Is @item of @file to be taken in place of @old? It comes behind it. */
static bool is_better(const struct merge_choice *old, const struct merge_file *file,
		      const struct results_item *item)
{
	bool had_turn = item->outcome != OUTCOME_NOT_RUN;

	if (had_turn != (old->item->outcome != OUTCOME_NOT_RUN))
		return had_turn;
	return is_whole(file) >= is_whole(old->file);
}

struct loss {
	size_t count;
	const struct merge_file *to; /* the last one */
};

static void say_loss(const struct merge_file *file, const struct loss *loss,
		     void (*note)(void *data, const char *line), void *data)
{
	const struct results *results = &file->results;
	char line[1024];

	if (!is_whole(file) && !loss->count) {
		snprintf(line, sizeof(line), "'%.400s' is %s", file->path, results->cut_off);
		note(data, line);
	} else if (loss->count) {
		snprintf(line, sizeof(line),
			 "%zu variant%s of shard %u ran twice: of '%.300s'%s%s%s the results in "
			 "'%.300s' are taken",
			 loss->count, loss->count == 1 ? "" : "s", file->part.shard, file->path,
			 is_whole(file) ? "" : " (", results->cut_off, is_whole(file) ? "" : ")",
			 loss->to->path);
		note(data, line);
	}
}

int merge_choose(struct merge *merge, void (*note)(void *data, const char *line), void *data,
		 struct error *err)
{
	struct loss *losses = calloc(merge->count + 1, sizeof(*losses));
	/* By variant: the place of the file that was chosen. */
	size_t *from;

	if (!merge->count) {
		free(losses);
		return error_set(err, -ENODATA, "no result file");
	}
	merge->planned = merge_plan(merge)->count;
	free(merge->chosen);
	merge->chosen = calloc(merge->planned + 1, sizeof(*merge->chosen));
	from = calloc(merge->planned + 1, sizeof(*from));
	if (!losses || !merge->chosen || !from) {
		free(losses);
		free(from);
		return error_set(err, -ENOMEM, "out of memory");
	}
	for (size_t f = 0; f < merge->count; f++) {
		const struct merge_file *file = merge->files[f];

		for (size_t i = 0; i < file->results.count; i++) {
			const struct results_item *item = &file->results.list[i];
			struct merge_choice *choice = &merge->chosen[item->number - 1];
			size_t *place = &from[item->number - 1];

			if (choice->item && !is_better(choice, file, item)) {
				losses[f].count++;
				losses[f].to = choice->file;
				continue;
			}
			if (choice->item) {
				losses[*place].count++;
				losses[*place].to = file;
			}
			*choice = (struct merge_choice){ item, file };
			*place = f;
		}
	}
	for (size_t f = 0; f < merge->count; f++)
		/* The plan alone has no results, and lacks none. */
		if (merge->files[f]->part.shard)
			say_loss(merge->files[f], &losses[f], note, data);
	free(losses);
	free(from);
	return 0;
}

void merge_why_missing(const struct merge *merge, size_t index, char reason[MERGE_REASON_SIZE])
{
	const struct suite_part *plan = merge_plan(merge);
	unsigned int shard = plan->plan[index].shard;
	const struct merge_file *last = NULL;

	for (size_t f = 0; f < merge->count; f++)
		if (merge->files[f]->part.shard == shard)
			last = merge->files[f];
	if (!last)
		snprintf(reason, MERGE_REASON_SIZE, "there is no result file of shard %u/%u", shard,
			 plan->shards);
	else if (is_whole(last))
		snprintf(reason, MERGE_REASON_SIZE,
			 "the result file of shard %u/%u, '%.300s', does not have it", shard,
			 plan->shards, last->path);
	else
		snprintf(reason, MERGE_REASON_SIZE,
			 "the result file of shard %u/%u, '%.300s', was cut off before it", shard,
			 plan->shards, last->path);
}

void merge_destroy(struct merge *merge)
{
	for (size_t f = 0; f < merge->count; f++)
		close_file(merge->files[f]);
	free(merge->files);
	free(merge->chosen);
	*merge = (struct merge){ 0 };
}
