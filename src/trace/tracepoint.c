/* Which tracepoints, where are their fields, how do they become FtraceEvents? See tracepoint.h. */
#include "trace/tracepoint.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Numbers: protos/perfetto/trace/ftrace/{ftrace_event,sched,task}.proto of Perfetto. */
const struct event_type event_types[TRACEPOINT_TYPES] = {
	{ "sched",
	  "sched_switch",
	  4,
	  true,
	  { { "prev_comm", 1, FIELD_STRING },
	    { "prev_pid", 2, FIELD_INT },
	    { "prev_prio", 3, FIELD_INT },
	    { "prev_state", 4, FIELD_INT },
	    { "next_comm", 5, FIELD_STRING },
	    { "next_pid", 6, FIELD_INT },
	    { "next_prio", 7, FIELD_INT } } },
	{ "sched",
	  "sched_waking",
	  20,
	  false,
	  { { "comm", 1, FIELD_STRING },
	    { "pid", 2, FIELD_INT },
	    { "prio", 3, FIELD_INT },
	    { "target_cpu", 5, FIELD_INT } } },
	{ "sched",
	  "sched_wakeup_new",
	  114,
	  false,
	  { { "comm", 1, FIELD_STRING },
	    { "pid", 2, FIELD_INT },
	    { "prio", 3, FIELD_INT },
	    { "target_cpu", 5, FIELD_INT } } },
	{ "sched",
	  "sched_migrate_task",
	  491,
	  false,
	  { { "comm", 1, FIELD_STRING },
	    { "pid", 2, FIELD_INT },
	    { "prio", 3, FIELD_INT },
	    { "orig_cpu", 4, FIELD_INT },
	    { "dest_cpu", 5, FIELD_INT } } },
	{ "sched",
	  "sched_process_fork",
	  239,
	  false,
	  { { "parent_comm", 1, FIELD_STRING },
	    { "parent_pid", 2, FIELD_INT },
	    { "child_comm", 3, FIELD_STRING },
	    { "child_pid", 4, FIELD_INT } } },
	{ "sched",
	  "sched_process_exec",
	  237,
	  false,
	  { { "filename", 1, FIELD_STRING },
	    { "pid", 2, FIELD_INT },
	    { "old_pid", 3, FIELD_INT } } },
	{ "sched",
	  "sched_process_exit",
	  238,
	  false,
	  { { "comm", 1, FIELD_STRING }, { "pid", 2, FIELD_INT }, { "prio", 4, FIELD_INT } } },
	{ "sched",
	  "sched_process_free",
	  240,
	  false,
	  { { "comm", 1, FIELD_STRING }, { "pid", 2, FIELD_INT }, { "prio", 3, FIELD_INT } } },
	/* Says whether a new task is a thread or a process, which sched_process_fork does not. */
	{ "task",
	  "task_newtask",
	  235,
	  false,
	  { { "pid", 1, FIELD_INT },
	    { "comm", 2, FIELD_STRING },
	    { "clone_flags", 3, FIELD_INT },
	    { "oom_score_adj", 4, FIELD_INT } } },
	{ "task",
	  "task_rename",
	  236,
	  false,
	  { { "pid", 1, FIELD_INT_OR_COMMON_PID },
	    { "oldcomm", 2, FIELD_STRING },
	    { "newcomm", 3, FIELD_STRING },
	    { "oom_score_adj", 4, FIELD_INT } } },
};

/* Fields of FtraceEventBundle and FtraceEvent. */
enum { BUNDLE_EVENT = 2, EVENT_TIMESTAMP = 1, EVENT_PID = 2 };

/* A number that stands behind @key in @line. */
static int number_after(const char *line, const char *key, unsigned long max, unsigned long *out)
{
	const char *at = strstr(line, key);
	char *end;

	if (!at)
		return -EBADMSG;
	at += strlen(key);
	if (*at < '0' || *at > '9')
		return -EBADMSG;
	errno = 0;
	*out = strtoul(at, &end, 10);
	return errno || *out > max ? -EBADMSG : 0;
}

/*
 * One line, as "\tfield:char prev_comm[16];\toffset:8;\tsize:16;\tsigned:0;". It is changed: the
 * name is cut out of it. -ENOENT when the line is none that describes a field.
 */
static int parse_field(char *line, struct field_place *place, const char **name)
{
	unsigned long offset, size, is_signed;
	char *declaration, *end, *bracket;

	line += strspn(line, " \t");
	if (strncmp(line, "field:", 6))
		return -ENOENT;
	declaration = line + 6;
	end = strchr(declaration, ';');
	if (!end)
		return -EBADMSG;
	*end++ = '\0';
	if (number_after(end, "offset:", UINT16_MAX, &offset) ||
	    number_after(end, "size:", UINT16_MAX, &size) ||
	    number_after(end, "signed:", 1, &is_signed) || offset + size > UINT16_MAX)
		return -EBADMSG;

	*place = (struct field_place){
		.offset = (uint16_t)offset,
		.size = (uint16_t)size,
		.is_signed = is_signed,
		.data_loc = !strncmp(declaration, "__data_loc ", 11),
		.rel_loc = !strncmp(declaration, "__rel_loc ", 10),
	};
	end = strrchr(declaration, ' ');
	if (!end)
		return -EBADMSG;
	*name = end + 1;
	/* "char[] name" is a __data_loc's type; "char name[16]" lies in the record. */
	bracket = strchr(*name, '[');
	if (bracket) {
		*bracket = '\0';
		place->is_array = !strncmp(declaration, "char ", 5);
	}
	return **name ? 0 : -EBADMSG;
}

static bool fits(const struct field_place *place, enum field_kind kind)
{
	bool loc = place->data_loc || place->rel_loc;

	if (kind == FIELD_STRING)
		return loc ? place->size == 4 : place->is_array && place->size > 0;
	return !loc && !place->is_array &&
	       (place->size == 1 || place->size == 2 || place->size == 4 || place->size == 8);
}

/* The place in @tp for the field called @name; NULL: not one that we want. */
static struct field_place *wanted(struct tracepoint *tp, const char *name)
{
	size_t i;

	if (!strcmp(name, "common_pid"))
		return &tp->common_pid;
	for (i = 0; i < TRACEPOINT_MAX_FIELDS && tp->type->fields[i].kind; i++)
		if (!strcmp(name, tp->type->fields[i].name))
			return &tp->fields[i];
	return NULL;
}

static int check_places(const struct tracepoint *tp, const struct field_place *common_type,
			struct failure *failure)
{
	const char *bad = NULL;
	size_t i;

	/* The records are told apart by it before anything else is known of them. */
	if (common_type->offset != 0 || common_type->size != 2)
		bad = "common_type";
	else if (!fits(&tp->common_pid, FIELD_INT))
		bad = "common_pid";
	for (i = 0; !bad && i < TRACEPOINT_MAX_FIELDS && tp->type->fields[i].kind; i++) {
		enum field_kind kind = tp->type->fields[i].kind;

		if (kind == FIELD_INT_OR_COMMON_PID && !tp->fields[i].size)
			continue;
		if (!fits(&tp->fields[i], kind))
			bad = tp->type->fields[i].name;
	}
	if (!bad)
		return 0;
	return failure_set(failure, -EBADMSG,
			   "tracepoint %s:%s: this kernel's format has no field '%s' of the kind "
			   "that the tracer knows",
			   tp->type->system, tp->type->name, bad);
}

int tracepoint_parse_format(const char *text, const struct event_type *type, struct tracepoint *tp,
			    struct failure *failure)
{
	struct field_place common_type = { 0 };
	unsigned long id = 0;
	size_t length;

	*tp = (struct tracepoint){ .type = type };
	for (; *text; text += length + (text[length] == '\n')) {
		struct field_place place = { 0 }, *slot;
		const char *name = NULL;
		char line[256];

		length = strcspn(text, "\n");
		if (length >= sizeof(line))
			continue; /* "print fmt:" is long; no field that we want is */
		memcpy(line, text, length);
		line[length] = '\0';
		if (!strncmp(line, "ID: ", 4)) {
			if (number_after(line, "ID: ", UINT16_MAX, &id))
				id = 0;
			continue;
		}
		if (parse_field(line, &place, &name))
			continue;
		slot = strcmp(name, "common_type") ? wanted(tp, name) : &common_type;
		if (slot)
			*slot = place;
	}
	if (!id)
		return failure_set(failure, -EBADMSG, "tracepoint %s:%s: its format gives no ID",
				   type->system, type->name);
	tp->id = (uint16_t)id;
	return check_places(tp, &common_type, failure);
}

int tracepoint_read_format(const char *tracefs, const struct event_type *type,
			   char text[TRACEPOINT_FORMAT_SIZE], struct failure *failure)
{
	char path[256];
	ssize_t got = 0;
	size_t used = 0;
	int fd, ret = 0;

	snprintf(path, sizeof(path), "%s/events/%s/%s/format", tracefs, type->system, type->name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return failure_set(failure, -errno, "tracepoint %s:%s: cannot open '%s': %s",
				   type->system, type->name, path, strerror(errno));
	while (used < TRACEPOINT_FORMAT_SIZE - 1 &&
	       (got = read(fd, text + used, TRACEPOINT_FORMAT_SIZE - 1 - used)) > 0)
		used += (size_t)got;
	if (got < 0)
		ret = failure_set(failure, -errno, "tracepoint %s:%s: cannot read '%s': %s",
				  type->system, type->name, path, strerror(errno));
	close(fd);
	text[used] = '\0';
	return ret;
}

int tracepoint_load(const char *tracefs, const struct event_type *type, struct tracepoint *tp,
		    struct failure *failure)
{
	char text[TRACEPOINT_FORMAT_SIZE];
	int ret = tracepoint_read_format(tracefs, type, text, failure);

	return ret ? ret : tracepoint_parse_format(text, type, tp, failure);
}

/* An integer, sign-extended as protobuf wants it. */
static int load_int(const struct field_place *place, const uint8_t *raw, size_t raw_size,
		    uint64_t *out)
{
	unsigned int unused_bits;
	uint64_t value = 0;

	if (raw_size < (size_t)place->offset + place->size)
		return -EBADMSG;
	memcpy(&value, raw + place->offset, place->size); /* little-endian */
	if (place->is_signed) {
		unused_bits = 64 - 8 * place->size;
		value = (uint64_t)((int64_t)(value << unused_bits) >> unused_bits);
	}
	*out = value;
	return 0;
}

static int load_string(const struct field_place *place, const uint8_t *raw, size_t raw_size,
		       const char **text, size_t *length)
{
	size_t offset = place->offset, size = place->size;
	uint32_t loc;

	if (raw_size < offset + size)
		return -EBADMSG;
	if (!place->is_array) {
		memcpy(&loc, raw + offset, sizeof(loc));
		offset = (loc & 0xffff) + (place->rel_loc ? offset + size : 0);
		size = loc >> 16;
		if (raw_size < offset + size)
			return -EBADMSG;
	}
	*text = (const char *)raw + offset;
	*length = strnlen(*text, size);
	return 0;
}

static int encode_fields(const struct tracepoint *tp, const uint8_t *raw, size_t raw_size,
			 struct pb *out)
{
	const struct event_field *field = tp->type->fields;
	const struct field_place *place = tp->fields;
	const char *text;
	uint64_t value;
	size_t length;

	for (; field < tp->type->fields + TRACEPOINT_MAX_FIELDS && field->kind; field++, place++) {
		if (field->kind == FIELD_STRING) {
			if (load_string(place, raw, raw_size, &text, &length))
				return -EBADMSG;
			pb_string(out, field->number, text, length);
		} else {
			if (load_int(place->size ? place : &tp->common_pid, raw, raw_size, &value))
				return -EBADMSG;
			pb_uint(out, field->number, value);
		}
	}
	return 0;
}

int tracepoint_encode(const struct tracepoint *tps, size_t nr_tps, const uint8_t *raw,
		      size_t raw_size, uint64_t time, struct pb *out)
{
	const struct tracepoint *tp = tps;
	const size_t before = out->used;
	size_t event, message;
	uint64_t pid;
	uint16_t id;

	if (raw_size < sizeof(id))
		return -EBADMSG;
	memcpy(&id, raw, sizeof(id));
	while (tp < tps + nr_tps && tp->id != id)
		tp++;
	if (tp == tps + nr_tps || load_int(&tp->common_pid, raw, raw_size, &pid))
		return -EBADMSG;

	event = pb_begin(out, BUNDLE_EVENT);
	pb_uint(out, EVENT_TIMESTAMP, time);
	pb_uint(out, EVENT_PID, (uint32_t)pid);
	message = pb_begin(out, tp->type->number);
	if (encode_fields(tp, raw, raw_size, out)) {
		out->used = before;
		out->full = false;
		return -EBADMSG;
	}
	pb_end(out, message);
	pb_end(out, event);
	if (out->full) {
		out->used = before;
		out->full = false;
		return -ENOSPC;
	}
	return 0;
}
