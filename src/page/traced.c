/* How does a trace get onto a page? See traced.h. */
#include "page/traced.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "page/columns.h"
#include "page/failure.h"
#include "trace/events.h"
#include "util/input.h"

/* The columns' object with their block; NULL: no memory. */
static struct json_object *put_columns(struct page *page, struct columns *columns, bool first,
				       struct error *err)
{
	struct json_object *meta = columns->meta;
	char id[PAGE_ID_SIZE];

	if (page_add_block(page, columns->bytes, columns->size, first, id, err))
		return NULL;
	if (json_object_object_add(meta, "block", json_object_new_string(id))) {
		error_set(err, -ENOMEM, "out of memory");
		return NULL;
	}
	columns->meta = NULL;
	return meta;
}

/*
 * As put_columns, with the opening: where there is one, and the page is of this trace. A suite's
 * page, whose @room has an end, opens with its matrix.
 */
static struct json_object *put_whole(struct page *page, const struct trace_events *events,
				     struct columns *columns, size_t room, struct error *why)
{
	struct json_object *opening = NULL, *meta;
	struct columns first = { 0 };

	if (room == SIZE_MAX && columns_open(events, columns, COLUMNS_OPENING_EVENTS, &first, why))
		goto fail;
	if (first.bytes && !(opening = put_columns(page, &first, true, why)))
		goto fail;
	meta = put_columns(page, columns, false, why);
	if (!meta)
		goto fail;
	columns_free(&first);
	if (!json_object_object_add(meta, "opening", opening))
		return meta;
	error_set(why, -ENOMEM, "out of memory");
	json_object_put(meta);
	json_object_put(opening);
	return NULL;
fail:
	json_object_put(opening);
	columns_free(&first);
	return NULL;
}

/* A ring has the last of a long run: its payload may have started a day before. */
#define MOMENT_BEFORE_NS (86400 * UINT64_C(1000000000))
/*
 * Behind a trace's end comes what a failure waits for: a watchdog, a time limit. What is much
 * later would stretch the timeline until nothing of the trace is to be seen.
 */
#define MOMENT_BEHIND_NS (600 * UINT64_C(1000000000))

/* A moment of @dump's that is near the trace. */
static bool moment_of(const struct trace_events *events, struct json_object *dump, const char *key,
		      uint64_t *ns)
{
	struct json_object *moments = NULL, *value = NULL;

	if (!json_object_object_get_ex(dump, "moments", &moments) ||
	    !json_object_is_type(moments, json_type_object))
		return false;
	json_object_object_get_ex(moments, key, &value);
	if (!json_object_is_type(value, json_type_int) || json_object_get_int64(value) <= 0)
		return false;
	*ns = json_object_get_uint64(value);
	return *ns + MOMENT_BEFORE_NS >= events->first_ns &&
	       *ns <= events->last_ns + MOMENT_BEHIND_NS;
}

/*
 * A tracer knows nothing of the payload and of the failure; @dump does, on the guest's
 * CLOCK_BOOTTIME. Of a trace that does not say that its times are of that clock (wprof's are from
 * its own start on) nothing is known.
 */
static int put_marks(struct trace_events *events, struct json_object *dump, struct failure *failure)
{
	const char *said = dump ? input_text(dump, "cause") : NULL;
	char cause[1024];
	const struct {
		const char *key, *name;
	} moments[] = { { "payload_start_ns", "payload starts" },
			{ "payload_end_ns", "payload ends" },
			{ "failure_ns", cause } };
	int ret = 0;

	if (!dump || events->nr_marks || !events->clocks.boottime_ns)
		return 0;
	snprintf(cause, sizeof(cause), "failure: %.1000s", said ? said : "?");
	for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]) && !ret; i++) {
		uint64_t ns;

		if (moment_of(events, dump, moments[i].key, &ns))
			ret = trace_events_mark(events, ns, moments[i].name, failure);
		/* The trace can be shown without it. */
		if (ret == -EBADMSG)
			ret = 0;
	}
	return ret;
}

struct json_object *traced_add(struct page *page, const char *path, size_t room,
			       struct json_object *dump, struct error *why)
{
	struct json_object *meta = NULL;
	struct failure failure = { "" };
	struct trace_events *events = calloc(1, sizeof(*events));
	struct columns columns = { 0 };
	char *data = NULL;
	size_t size;
	int ret, read;
	bool cut;

	if (!events) {
		error_set(why, -ENOMEM, "out of memory");
		return NULL;
	}
	ret = input_read(path, FAILURE_MAX_TRACE, &data, &size, why);
	read = ret ? ret : trace_events_read(events, data, size, &failure);
	cut = read == -ENODATA && events->nr_events;
	if (!ret && read && !cut)
		ret = error_set(why, -EBADMSG, "'%s': %s", path, failure.text);
	free(data);
	if (!ret && put_marks(events, dump, &failure))
		ret = error_set(why, -ENOMEM, "'%s': %s", path, failure.text);
	if (!ret) {
		ret = columns_make(events, COLUMNS_MAX_EVENTS, &columns, why);
		if (ret)
			error_prefix(why, ret, "'%s'", path);
	}
	/* What is packed is a third or less of the columns; the room is for what comes of it. */
	if (!ret && page->size + columns.size / 3 > room)
		ret = error_set(why, -EFBIG,
				"left out to keep the page small; ktstr-launch report %s shows it",
				path);
	if (!ret)
		meta = put_whole(page, events, &columns, room, why);
	if (meta && json_object_object_add(meta, "cut_off", json_object_new_boolean(cut))) {
		json_object_put(meta);
		meta = NULL;
		error_set(why, -ENOMEM, "out of memory");
	}
	columns_free(&columns);
	trace_events_free(events);
	free(events);
	return meta;
}
