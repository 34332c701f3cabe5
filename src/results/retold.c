/* How is a result told again that another process has told? See retold.h. */
#include "results/retold.h"

#include <errno.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/input.h"
#include "util/utf8.h"

char *retold_relative(const char *path, const char *folder)
{
	char *whole = realpath(path, NULL), *up = NULL, *relative = NULL;
	size_t at = 0, common = 0, size, levels = 0;
	FILE *out;

	if (!whole)
		return strdup(path);
	/* Up to the last slash, or end, that both have. */
	for (; whole[at] && whole[at] == folder[at]; at++)
		if (whole[at] == '/')
			common = at;
	if ((!whole[at] || whole[at] == '/') && (!folder[at] || folder[at] == '/'))
		common = at;
	if (!common)
		return whole;
	for (const char *c = folder + common; *c; c++)
		levels += c[0] == '/' && c[1];
	out = open_memstream(&up, &size);
	if (out) {
		/* A folder above is "..", the folder itself ".". */
		if (!levels && !whole[common])
			fputc('.', out);
		for (; levels; levels--)
			fputs(levels > 1 || whole[common] ? "../" : "..", out);
		fputs(whole[common] ? whole + common + 1 : "", out);
		if (!fclose(out))
			relative = up;
		else
			free(up);
	}
	free(whole);
	return relative;
}

/* The last @parts of @said. */
static const char *tail(const char *said, int parts)
{
	const char *at = said + strlen(said);

	while (at > said && (at[-1] != '/' || --parts))
		at--;
	return at;
}

char *retold_locate(const char *said, const char *path)
{
	const char *slash = strrchr(path, '/');
	int length = slash ? (int)(slash + 1 - path) : 0;
	char found[2 * PATH_MAX];

	if (*said == '/')
		return strdup(said);
	for (int parts = INT_MAX; parts; parts = parts == INT_MAX ? 2 : parts - 1)
		if (snprintf(found, sizeof(found), "%.*s%s", length, path, tail(said, parts)) <
			    (int)sizeof(found) &&
		    !access(found, F_OK))
			return strdup(found);
	return strdup(said);
}

/* One path of the line, and of the result. */
static int take_path(struct retold *retold, const char *key, const char *path,
		     const char *json_folder, char **out)
{
	const char *said = input_text(retold->line, key);
	char *from_json;
	int ret = 0;

	*out = NULL;
	if (!said || !*said)
		return 0;
	*out = retold_locate(said, path);
	from_json = *out ? retold_relative(*out, json_folder) : NULL;
	if (!from_json ||
	    json_object_object_add(retold->line, key, json_object_new_string(from_json)))
		ret = -ENOMEM;
	free(from_json);
	return ret;
}

static int take_metrics(const struct results_item *item, struct retold *retold)
{
	struct json_object *warnings = json_object_object_get(retold->line, "metrics_warnings");
	struct metrics *metrics = &retold->metrics;
	size_t count = json_object_is_type(warnings, json_type_array)
			       ? json_object_array_length(warnings)
			       : 0;

	metrics->list = calloc(item->nr_metrics + 1, sizeof(*metrics->list));
	if (!metrics->list)
		return -ENOMEM;
	for (; metrics->count < item->nr_metrics; metrics->count++)
		metrics->list[metrics->count] = item->metrics[metrics->count];
	for (size_t i = 0; i < count && i < METRICS_WARNINGS; i++) {
		const char *text = json_object_get_string(json_object_array_get_idx(warnings, i));

		if (text)
			utf8_printable(metrics->warnings[metrics->nr_warnings++],
				       METRICS_WARNING_SIZE, text, strlen(text));
	}
	metrics->warned = count;
	return 0;
}

int retold_make(const struct results_item *item, const char *path, const char *json_folder,
		struct retold *retold, struct error *err)
{
	struct json_object *memory;
	int ret = results_line(item, &retold->line, err);

	if (ret)
		return ret;
	ret = take_path(retold, "folder", path, json_folder, &retold->folder);
	if (!ret)
		ret = take_path(retold, "dump", path, json_folder, &retold->dump);
	if (!ret)
		ret = take_path(retold, "trace", path, json_folder, &retold->trace);
	if (!ret)
		ret = take_metrics(item, retold);
	if (ret)
		return error_set(err, ret, "out of memory");
	memory = json_object_object_get(retold->line, "memory_mib");
	retold->result = (struct suite_result){
		.name = item->name,
		.number = item->number,
		.test = item->test,
		.preset = item->preset,
		.round = item->round,
		.outcome = item->outcome,
		.cause = input_text(retold->line, "cause"),
		.detail = input_text(retold->line, "detail"),
		.output = input_text(retold->line, "output"),
		.topology = item->topology,
		.kernel = item->kernel,
		.metrics = &retold->metrics,
		.memory_mib = memory ? json_object_get_uint64(memory) : 0,
		.start = input_text(retold->line, "start"),
		.seconds = item->seconds,
		.folder = retold->folder,
		.dump = retold->dump,
		.trace = retold->trace,
		.replay = input_text(retold->line, "replay"),
		.line = retold->line,
	};
	return 0;
}

void retold_destroy(struct retold *retold)
{
	json_object_put(retold->line);
	free(retold->metrics.list);
	free(retold->folder);
	free(retold->dump);
	free(retold->trace);
	*retold = (struct retold){ 0 };
}
