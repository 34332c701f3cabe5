/* Are fields found where the kernel says, and events encoded from there, whatever the bytes are? */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "trace/tracepoint.h"
#include "tracer_samples.h"

static struct failure failure;

static const struct event_type *type_of(const char *name)
{
	size_t i;

	for (i = 0; i < TRACEPOINT_TYPES; i++)
		if (!strcmp(event_types[i].name, name))
			return &event_types[i];
	fail_msg("no event '%s'", name);
	return NULL;
}

static void parse(struct tracepoint *tp, const char *text, const char *name)
{
	failure.text[0] = '\0';
	if (tracepoint_parse_format(text, type_of(name), tp, &failure))
		fail_msg("%s: %s", name, failure.text);
}

static void sched_switch_first(void **state)
{
	(void)state;
	assert_string_equal(event_types[0].name, "sched_switch");
	assert_true(event_types[0].required);
}

static void places(void **state)
{
	struct tracepoint tp;

	(void)state;
	parse(&tp, format_6_1_sched_switch, "sched_switch");
	assert_int_equal(tp.id, 314);
	assert_int_equal(tp.common_pid.offset, 4);
	assert_int_equal(tp.fields[0].offset, 8);
	assert_int_equal(tp.fields[0].size, 16);
	assert_true(tp.fields[0].is_array);
	assert_int_equal(tp.fields[3].offset, 32);
	assert_int_equal(tp.fields[3].size, 8);
	assert_true(tp.fields[3].is_signed);
	assert_int_equal(tp.fields[6].offset, 60);

	parse(&tp, format_6_12_sched_process_fork, "sched_process_fork");
	assert_true(tp.fields[0].is_array && !tp.fields[0].data_loc);
	assert_int_equal(tp.fields[3].offset, 44);
	parse(&tp, format_6_17_sched_process_fork, "sched_process_fork");
	assert_true(tp.fields[0].data_loc && !tp.fields[0].is_array);
	assert_int_equal(tp.fields[3].offset, 20);
	parse(&tp, format_6_12_sched_process_exec, "sched_process_exec");
	parse(&tp, format_6_12_sched_waking, "sched_waking");
	parse(&tp, format_6_12_task_newtask, "task_newtask");
	parse(&tp, format_6_17_sched_switch, "sched_switch");

	/* 6.17 has no pid in task_rename, 6.12 and 7.3 do. */
	parse(&tp, format_6_17_task_rename, "task_rename");
	assert_int_equal(tp.fields[0].size, 0);
	parse(&tp, format_7_3_task_rename, "task_rename");
	assert_int_equal(tp.fields[0].offset, 8);
}

/* A format text with one string replaced; the caller frees it. */
static char *changed(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);
	char *out = malloc(strlen(text) + strlen(to) + 1);

	assert_non_null(at);
	assert_non_null(out);
	sprintf(out, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
	return out;
}

static void hostile_formats(void **state)
{
	static const char *const changes[][3] = {
		/* what, by what, what the message names */
		{ "ID: 314", "ID: 0", "ID" },
		{ "ID: 314", "ID: 65536", "ID" },
		{ "ID: 314", "ID: -1", "ID" },
		{ "ID: 314", "IDX", "ID" },
		{ "prev_pid;", "prev_pidx;", "'prev_pid'" },
		{ "next_prio;", ";", "'next_prio'" },
		{ "next_pid;\toffset:56;", "next_pid;\toffset:65533;", "'next_pid'" },
		{ "next_pid;\toffset:56;", "next_pid;\toffset:99999999999999999999;",
		  "'next_pid'" },
		{ "next_pid;\toffset:56;", "next_pid;\toffset:-4;", "'next_pid'" },
		{ "next_pid;\toffset:56;\tsize:4;", "next_pid;\toffset:56;\tsize:3;",
		  "'next_pid'" },
		{ "next_pid;\toffset:56;\tsize:4;", "next_pid;\toffset:56;\tsize:0;",
		  "'next_pid'" },
		{ "next_pid;\toffset:56;\tsize:4;", "next_pid;\toffset:56;", "'next_pid'" },
		{ "pid_t next_pid", "__data_loc char[] next_pid", "'next_pid'" },
		{ "pid_t next_pid;", "char next_pid[4];", "'next_pid'" },
		{ "char prev_comm[16]", "int prev_comm", "'prev_comm'" },
		{ "char prev_comm[16]", "int prev_comm[4]", "'prev_comm'" },
		{ "char prev_comm[16]", "__data_loc char[] prev_comm", "'prev_comm'" },
		{ "common_type;\toffset:0;", "common_type;\toffset:2;", "'common_type'" },
		{ "common_type;\toffset:0;\tsize:2;", "common_type;\toffset:0;\tsize:4;",
		  "'common_type'" },
		{ "int common_pid", "int no_pid", "'common_pid'" },
	};
	struct tracepoint tp;
	char *text;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		text = changed(format_6_1_sched_switch, changes[i][0], changes[i][1]);
		if (tracepoint_parse_format(text, &event_types[0], &tp, &failure) != -EBADMSG)
			fail_msg("'%s' for '%s' was taken", changes[i][1], changes[i][0]);
		if (!strstr(failure.text, changes[i][2]))
			fail_msg("'%s' does not name %s", failure.text, changes[i][2]);
		free(text);
	}
	assert_int_equal(tracepoint_parse_format("", &event_types[0], &tp, &failure), -EBADMSG);
	assert_int_equal(tracepoint_parse_format("\n\n\tfield:;\n\tfield: ;\n\tfield",
						 &event_types[0], &tp, &failure),
			 -EBADMSG);
}

/* What we do not want may look as it likes; also "print fmt:", which is longer than any field. */
static void other_lines(void **state)
{
	char text[4096], filler[600];
	struct tracepoint tp;

	(void)state;
	memset(filler, 'x', sizeof(filler) - 1);
	filler[sizeof(filler) - 1] = '\0';
	snprintf(text, sizeof(text), "%s\tfield:struct foo bar;\toffset:x\n\tfield:nothing\n%s\n",
		 format_6_1_sched_switch, filler);
	parse(&tp, text, "sched_switch");
	assert_int_equal(tp.fields[6].offset, 60);
}

static void every_prefix(void **state)
{
	const size_t length = strlen(format_6_17_sched_process_fork);
	struct tracepoint tp;
	size_t i;

	(void)state;
	for (i = 0; i < length; i++) {
		char *text = strndup(format_6_17_sched_process_fork, i);
		int ret;

		assert_non_null(text);
		ret = tracepoint_parse_format(text, type_of("sched_process_fork"), &tp, NULL);
		/* Only "\n" and "signed:1;\n" are not needed to know the last field. */
		assert_int_equal(ret, i < length - 2 ? -EBADMSG : 0);
		free(text);
	}
}

static void load(void **state)
{
	char root[] = "/tmp/tracefs.XXXXXX", path[128];
	struct tracepoint tp;
	FILE *file;

	(void)state;
	assert_non_null(mkdtemp(root));
	assert_int_equal(tracepoint_load(root, &event_types[0], &tp, &failure), -ENOENT);
	assert_non_null(strstr(failure.text, "sched:sched_switch"));

	snprintf(path, sizeof(path), "%s/events", root);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/events/sched", root);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/events/sched/sched_switch", root);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/events/sched/sched_switch/format", root);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(format_6_1_sched_switch, file);
	fclose(file);
	assert_int_equal(tracepoint_load(root, &event_types[0], &tp, &failure), 0);
	assert_int_equal(tp.id, 314);

	unlink(path);
	snprintf(path, sizeof(path), "%s/events/sched/sched_switch", root);
	rmdir(path);
	snprintf(path, sizeof(path), "%s/events/sched", root);
	rmdir(path);
	snprintf(path, sizeof(path), "%s/events", root);
	rmdir(path);
	assert_int_equal(rmdir(root), 0);
}

/* A raw record, from parts. */
struct raw {
	uint8_t bytes[128];
	size_t size;
};

static void put(struct raw *raw, size_t offset, const void *value, size_t size)
{
	memcpy(raw->bytes + offset, value, size);
	if (raw->size < offset + size)
		raw->size = offset + size;
}

static void put_u16(struct raw *raw, size_t offset, uint16_t value)
{
	put(raw, offset, &value, sizeof(value));
}

static void put_u32(struct raw *raw, size_t offset, uint32_t value)
{
	put(raw, offset, &value, sizeof(value));
}

static struct raw switch_record(void)
{
	struct raw raw = { .size = 0 };

	put_u16(&raw, 0, 314);
	put_u32(&raw, 4, 77);
	put(&raw, 8, "bash\0garbage", 13);
	put_u32(&raw, 24, 77);
	put_u32(&raw, 28, (uint32_t)-1);
	put(&raw, 32, &(int64_t){ 256 }, 8);
	put(&raw, 40, "sixteen-letters!", 16);
	put_u32(&raw, 56, 300);
	put_u32(&raw, 60, 120);
	return raw;
}

/* Encode from a block of exactly the record's size, so that ASan sees a read beyond it. */
static int encode(const struct tracepoint *tp, const struct raw *raw, size_t size, struct pb *pb)
{
	uint8_t *exact = malloc(size ? size : 1);
	int ret;

	assert_non_null(exact);
	memcpy(exact, raw->bytes, size);
	ret = tracepoint_encode(tp, 1, exact, size, 1000000, pb);
	free(exact);
	return ret;
}

static void encode_switch(void **state)
{
	static const uint8_t expected[] = {
		0x12, 53,			   /* event */
		0x08, 0xc0, 0x84, 0x3d,		   /* timestamp 1000000 */
		0x10, 77,			   /* pid */
		0x22, 45,			   /* sched_switch */
		0x0a, 4,    'b',  'a',	's',  'h', /* prev_comm */
		0x10, 77,			   /* prev_pid */
		0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, /* prio -1 */
		0x20, 0x80, 0x02, /* prev_state 256 */
		0x2a, 16,   's',  'i',	'x',  't',  'e',  'e',	'n',  '-',  'l',
		'e',  't',  't',  'e',	'r',  's',  '!', /* next_comm */
		0x30, 0xac, 0x02,			 /* next_pid 300 */
		0x38, 120,				 /* next_prio */
	};
	const struct raw raw = switch_record();
	struct tracepoint tp;
	uint8_t out[128] = { 0xee };
	struct pb pb = { .data = out, .size = sizeof(out) };
	size_t size;

	(void)state;
	parse(&tp, format_6_1_sched_switch, "sched_switch");
	assert_int_equal(encode(&tp, &raw, raw.size, &pb), 0);
	assert_int_equal(pb.used, sizeof(expected));
	assert_memory_equal(out, expected, sizeof(expected));

	/* Cut anywhere: refused, and what was there before stays. */
	for (size = 0; size < raw.size; size++) {
		pb.used = 3;
		assert_int_equal(encode(&tp, &raw, size, &pb), -EBADMSG);
		assert_int_equal(pb.used, 3);
		assert_false(pb.full);
	}
	/* Too little room: likewise. */
	for (size = 0; size < sizeof(expected); size++) {
		uint8_t *room = malloc(size ? size : 1);

		pb = (struct pb){ .data = room, .size = size };
		assert_int_equal(encode(&tp, &raw, raw.size, &pb), -ENOSPC);
		assert_int_equal(pb.used, 0);
		assert_false(pb.full);
		free(room);
	}
}

static void unknown_record(void **state)
{
	struct raw raw = switch_record();
	struct tracepoint tp;
	uint8_t out[128];
	struct pb pb = { .data = out, .size = sizeof(out) };

	(void)state;
	parse(&tp, format_6_1_sched_switch, "sched_switch");
	put_u16(&raw, 0, 315);
	assert_int_equal(encode(&tp, &raw, raw.size, &pb), -EBADMSG);
	assert_int_equal(pb.used, 0);
}

static struct raw exec_record(uint32_t loc)
{
	struct raw raw = { .size = 0 };
	struct tracepoint tp;

	parse(&tp, format_6_12_sched_process_exec, "sched_process_exec");
	put_u16(&raw, 0, tp.id);
	put_u32(&raw, 4, 9);
	put_u32(&raw, 8, loc);
	put_u32(&raw, 12, 9);
	put_u32(&raw, 16, 9);
	put(&raw, 20, "/bin/true\0\0", 12);
	return raw;
}

static void data_loc(void **state)
{
	static const uint32_t hostile[] = {
		20 | 13u << 16,	   32 | 1u << 16, 0xffff,
		0xffff | 1u << 16, 0xffffffff,	  20 | 0xffffu << 16,
	};
	struct raw raw = exec_record(20 | 10u << 16);
	struct tracepoint tp;
	uint8_t out[128];
	struct pb pb = { .data = out, .size = sizeof(out) };
	size_t i;

	(void)state;
	parse(&tp, format_6_12_sched_process_exec, "sched_process_exec");
	assert_int_equal(encode(&tp, &raw, raw.size, &pb), 0);
	/* event, timestamp (4), pid (2), sched_process_exec: its tag is two bytes; then filename */
	assert_memory_equal(out + 2 + 4 + 2 + 3, "\x0a\x09/bin/true\x10\x09\x18\x09", 15);

	/* No NUL within its length: its length ends it. */
	raw = exec_record(20 | 4u << 16);
	pb.used = 0;
	assert_int_equal(encode(&tp, &raw, raw.size, &pb), 0);
	assert_memory_equal(out + 2 + 4 + 2 + 3, "\x0a\x04/bin\x10\x09\x18\x09", 10);

	for (i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
		raw = exec_record(hostile[i]);
		pb.used = 0;
		assert_int_equal(encode(&tp, &raw, raw.size, &pb), -EBADMSG);
		assert_int_equal(pb.used, 0);
	}
}

/* __rel_loc counts from behind the field: 20 - 12 there is 20 here. */
static void rel_loc(void **state)
{
	char *text = changed(format_6_12_sched_process_exec, "__data_loc", "__rel_loc");
	struct raw raw = exec_record(8 | 10u << 16);
	struct tracepoint tp;
	uint8_t out[128];
	struct pb pb = { .data = out, .size = sizeof(out) };

	(void)state;
	parse(&tp, text, "sched_process_exec");
	assert_int_equal(encode(&tp, &raw, raw.size, &pb), 0);
	assert_memory_equal(out + 2 + 4 + 2 + 3, "\x0a\x09/bin/true", 11);
	raw = exec_record(0xffff | 0xffffu << 16);
	pb.used = 0;
	assert_int_equal(encode(&tp, &raw, raw.size, &pb), -EBADMSG);
	free(text);
}

/* Where the kernel does not say who was renamed, it was who ran. */
static void rename_without_pid(void **state)
{
	struct raw raw = { .size = 0 };
	struct tracepoint tp;
	uint8_t out[128];
	struct pb pb = { .data = out, .size = sizeof(out) };

	(void)state;
	parse(&tp, format_6_17_task_rename, "task_rename");
	put_u16(&raw, 0, tp.id);
	put_u32(&raw, 4, 55);
	put(&raw, 8, "old", 4);
	put(&raw, 24, "new", 4);
	put_u16(&raw, 40, (uint16_t)-1000);
	assert_int_equal(encode(&tp, &raw, raw.size, &pb), 0);
	assert_memory_equal(
		out + 2 + 4 + 2 + 3,
		"\x08\x37\x12\x03old\x1a\x03new\x20\x98\xf8\xff\xff\xff\xff\xff\xff\xff\x01", 23);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sched_switch_first), cmocka_unit_test(places),
		cmocka_unit_test(hostile_formats),    cmocka_unit_test(other_lines),
		cmocka_unit_test(every_prefix),	      cmocka_unit_test(load),
		cmocka_unit_test(encode_switch),      cmocka_unit_test(unknown_record),
		cmocka_unit_test(data_loc),	      cmocka_unit_test(rel_loc),
		cmocka_unit_test(rename_without_pid),
	};

	return cmocka_run_group_tests_name("tracer tracepoints", tests, NULL, NULL);
}
