/* Does what a stopped machine's rings hold become a trace, oldest first, and does no lie do harm?
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/perf_event.h>

#include <cmocka.h>

#include "flight/flight.h"
#include "tracer_samples.h"

#define RAM	      (1u << 20)
#define RING	      16384u
#define ADDRESS	      0x7f0000200000ull /* of the first ring, in init */
#define RING_SPACE    0x10000u		/* from one ring to the next */
#define TABLES	      0x1000u
#define RINGS_GPA     0x80000u
/* Of the tracepoints' formats, as many pages as are needed. */
#define FORMATS	      (ADDRESS + 0x100000)
#define FORMATS_GPA   0xc0000u
#define FORMATS_PAGES 8u

struct bench {
	uint8_t ram[RAM];
	struct inspect_regs regs[2];
	struct inspect_source source;
	struct flight flight;
	struct flight_read read;
	uint8_t trace[1 << 20];
	size_t size;
	struct trace_sink sink;
	uint64_t head[2];
	uint32_t formats_size;
	struct error err;
	char *text; /* what protoc makes of the trace */
};

static bool read_ram(void *data, uint64_t gpa, void *dst, size_t size)
{
	struct bench *bench = data;

	if (gpa >= RAM || size > RAM - gpa)
		return false;
	memcpy(dst, bench->ram + gpa, size);
	return true;
}

static bool read_regs(void *data, unsigned int vcpu, struct inspect_regs *regs)
{
	*regs = ((struct bench *)data)->regs[vcpu];
	return true;
}

static int keep(void *data, const void *bytes, size_t size, struct failure *failure)
{
	struct bench *bench = data;

	(void)failure;
	assert_true(size <= sizeof(bench->trace) - bench->size);
	memcpy(bench->trace + bench->size, bytes, size);
	bench->size += size;
	return 0;
}

static void put_entry(struct bench *bench, uint64_t table, unsigned int level, uint64_t address,
		      uint64_t entry)
{
	memcpy(bench->ram + table + (address >> (12 + 9 * (level - 1)) & 511) * 8, &entry, 8);
}

/* In init @address is mapped, page by page, in an order of its own. */
static void map_ring(struct bench *bench, unsigned int ring)
{
	const uint64_t base = ADDRESS + ring * RING_SPACE;

	for (uint64_t page = 0; page <= RING / 4096; page++)
		put_entry(bench, TABLES + 0x3000, 1, base + page * 4096,
			  (RINGS_GPA + ring * RING_SPACE + (page ^ 1) * 4096) | 0x27);
}

static uint8_t *at_ring(struct bench *bench, unsigned int ring, uint64_t offset)
{
	return bench->ram + RINGS_GPA + ring * RING_SPACE + ((offset / 4096) ^ 1) * 4096 +
	       offset % 4096;
}

static void put_head(struct bench *bench, unsigned int ring)
{
	memcpy(at_ring(bench, ring, offsetof(struct perf_event_mmap_page, data_head)),
	       &bench->head[ring], 8);
}

/* As the kernel does: the next record lies before the one before. */
static void put_record(struct bench *bench, unsigned int ring, const void *record, size_t size)
{
	bench->head[ring] -= size;
	for (size_t i = 0; i < size; i++)
		*at_ring(bench, ring, 4096 + ((bench->head[ring] + i) & (RING - 1))) =
			((const uint8_t *)record)[i];
	put_head(bench, ring);
}

/* A sched_switch of 6.1 to task @pid. */
static void put_switch(struct bench *bench, unsigned int ring, uint64_t time, int pid)
{
	struct {
		struct perf_event_header header;
		uint64_t time;
		uint32_t raw_size;
		uint8_t raw[68];
	} __attribute__((packed)) record = {
		.header = { .type = PERF_RECORD_SAMPLE, .size = sizeof(record) },
		.time = time,
		.raw_size = sizeof(record.raw),
	};
	const uint16_t id = 314;

	_Static_assert(sizeof(record) % 8 == 0, "perf's records are");
	memcpy(record.raw, &id, 2);
	memcpy(record.raw + 56, &pid, 4);
	put_record(bench, ring, &record, sizeof(record));
}

/* @length: of @text, or a lie. */
static void put_format(struct bench *bench, uint32_t type, const char *text, size_t length)
{
	const struct ktstr_record_format head = { .type = type, .length = (uint32_t)length };
	uint8_t *to = bench->ram + FORMATS_GPA + bench->formats_size;

	assert_true(bench->formats_size + sizeof(head) + strlen(text) <= FORMATS_PAGES * 4096);
	memcpy(to, &head, sizeof(head));
	memcpy(to + sizeof(head), text, strlen(text));
	bench->formats_size += (uint32_t)(sizeof(head) + strlen(text));
}

static int take_rings(struct bench *bench, uint64_t size, uint32_t nr, uint32_t first_cpu,
		      uint64_t address)
{
	struct {
		struct ktstr_record facts;
		struct ktstr_record_ring rings[4];
	} frame = { .facts = { .data_size = size,
			       .boottime_ns = 5000,
			       .monotonic_ns = 1000,
			       .realtime_ns = 9000,
			       .formats = FORMATS,
			       .formats_size = bench->formats_size,
			       .nr_rings = nr } };

	for (uint32_t i = 0; i < nr && i < 4; i++)
		frame.rings[i] = (struct ktstr_record_ring){ .address = address + i * RING_SPACE,
							     .cpu = first_cpu + i };
	return flight_take(&bench->flight, &frame,
			   (uint32_t)(sizeof(frame.facts) + nr * sizeof(frame.rings[0])),
			   &bench->err);
}

static int setup(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	assert_non_null(bench);
	*state = bench;
	put_entry(bench, TABLES, 4, ADDRESS, (TABLES + 0x1000) | 0x27);
	put_entry(bench, TABLES + 0x1000, 3, ADDRESS, (TABLES + 0x2000) | 0x27);
	put_entry(bench, TABLES + 0x2000, 2, ADDRESS, (TABLES + 0x3000) | 0x27);
	map_ring(bench, 0);
	map_ring(bench, 1);
	/* Of two vCPUs the second one is in user space. */
	for (unsigned int i = 0; i < 2; i++)
		bench->regs[i] = (struct inspect_regs){ .cr0 = 0x80000001,
							.cr3 = i ? TABLES : 0x70000,
							.cr4 = 0x20,
							.efer = 0xd01,
							.cs = i ? 0x33 : 0x10 };
	bench->source = (struct inspect_source){
		.data = bench, .read = read_ram, .regs = read_regs, .nr_vcpus = 2, .ram_end = RAM
	};
	bench->sink = (struct trace_sink){ bench, keep };
	bench->read.release = "6.1.0";
	flight_init(&bench->flight, RING, 2);
	flight_find_init(&bench->flight, &bench->source);
	for (uint64_t page = 0; page < FORMATS_PAGES; page++)
		put_entry(bench, TABLES + 0x3000, 1, FORMATS + page * 4096,
			  (FORMATS_GPA + page * 4096) | 0x27);
	put_format(bench, 0, format_6_1_sched_switch, strlen(format_6_1_sched_switch));
	return 0;
}

static int teardown(void **state)
{
	struct bench *bench = *state;

	flight_destroy(&bench->flight);
	free(bench->text);
	free(bench);
	return 0;
}

static int write_trace(struct bench *bench)
{
	bench->size = 0;
	return flight_write(&bench->flight, &bench->source, &bench->read, &bench->sink,
			    &bench->err);
}

/* The trace as protoc reads it. */
static const char *decoded(struct bench *bench)
{
	char path[] = "/tmp/flight.XXXXXX", command[64];
	int fd = mkstemp(path);
	const size_t size = 16 << 20;
	FILE *out;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bench->trace, bench->size), bench->size);
	close(fd);
	snprintf(command, sizeof(command), "protoc --decode_raw <%s", path);
	out = popen(command, "r");
	assert_non_null(out);
	bench->text = malloc(size);
	assert_non_null(bench->text);
	bench->text[fread(bench->text, 1, size - 1, out)] = '\0';
	assert_int_equal(pclose(out), 0);
	unlink(path);
	return bench->text;
}

static void events_come_oldest_first(void **state)
{
	struct bench *bench = *state;
	const char *text, *first, *second;

	for (int i = 0; i < 3; i++)
		put_switch(bench, 0, 2000 + (uint64_t)i, 100 + i);
	put_switch(bench, 1, 2001, 200);
	assert_int_equal(take_rings(bench, RING, 2, 0, ADDRESS), 0);
	assert_int_equal(write_trace(bench), 0);
	assert_int_equal(bench->read.events, 4);
	assert_int_equal(bench->read.cpus, 2);
	assert_int_equal(bench->read.unreadable, 0);
	assert_false(bench->read.wrapped);
	/* The guest's boottime is ahead of its monotonic clock by 4000 ns. */
	assert_int_equal(bench->read.first_ns, 6000);
	assert_int_equal(bench->read.last_ns, 6002);
	text = decoded(bench);
	first = strstr(text, "6: 100\n");
	second = strstr(text, "6: 102\n");
	assert_non_null(first);
	assert_true(second > first);
	assert_non_null(strstr(text, "    1: 6000\n"));
	assert_null(strstr(text, "    3: 1\n  }\n  10"));
}

static void of_a_ring_that_wrapped_the_newest_is_there(void **state)
{
	struct bench *bench = *state;
	const unsigned int many = 4 * RING / 88;

	for (unsigned int i = 0; i < many; i++)
		put_switch(bench, 0, 2000 + i, (int)i + 1);
	put_head(bench, 1);
	assert_int_equal(take_rings(bench, RING, 2, 0, ADDRESS), 0);
	assert_int_equal(write_trace(bench), 0);
	assert_true(bench->read.wrapped);
	assert_int_equal(bench->read.last_ns, 6000 + many - 1);
	/* All but what a CPU may be writing over, and a record that is cut. */
	assert_int_equal(bench->read.events, (RING - 4096) / 88);
	assert_int_equal(bench->read.first_ns, bench->read.last_ns + 1 - bench->read.events);
	bench->read.from_ns = bench->read.last_ns - 9;
	bench->read.events = 0;
	assert_int_equal(write_trace(bench), 0);
	assert_int_equal(bench->read.events, 10);
	/* "lost_events": there were more. */
	assert_non_null(strstr(decoded(bench), "    3: 1\n  }\n  10: 1\n"));
}

static void what_may_be_written_over_is_lost_before_it_wraps(void **state)
{
	struct bench *bench = *state;
	const unsigned int fit = (RING - 4096) / 88;

	for (unsigned int i = 0; i < fit; i++)
		put_switch(bench, 0, 2000 + i, (int)i + 1);
	put_head(bench, 1);
	assert_int_equal(take_rings(bench, RING, 2, 0, ADDRESS), 0);
	assert_int_equal(write_trace(bench), 0);
	assert_int_equal(bench->read.events, fit);
	assert_false(bench->read.wrapped);
	put_switch(bench, 0, 2000 + fit, (int)fit + 1);
	bench->read.events = 0;
	assert_int_equal(write_trace(bench), 0);
	assert_int_equal(bench->read.events, fit);
	assert_true(bench->read.wrapped);
	assert_non_null(strstr(decoded(bench), "    3: 1\n  }\n  10: 1\n"));
}

static void a_record_that_is_none_ends_its_ring(void **state)
{
	static const uint16_t sizes[] = { 0, 7, 8192, 65535 };
	struct bench *bench = *state;

	assert_int_equal(take_rings(bench, RING, 2, 0, ADDRESS), 0);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		const struct perf_event_header bad = { .type = PERF_RECORD_SAMPLE,
						       .size = sizes[i] };

		memset(bench->ram + RINGS_GPA, 0, 2 * RING_SPACE);
		bench->head[0] = bench->head[1] = 0;
		put_switch(bench, 0, 2000, 1);
		put_record(bench, 0, &bad, sizeof(bad));
		put_switch(bench, 0, 2001, 2);
		put_head(bench, 1);
		bench->read.events = 0;
		assert_int_equal(write_trace(bench), 0);
		assert_int_equal(bench->read.events, 1);
		assert_int_equal(bench->read.last_ns, 6001);
	}
}

static void what_is_not_mapped_is_told(void **state)
{
	struct bench *bench = *state;

	put_switch(bench, 0, 2000, 1);
	put_entry(bench, TABLES + 0x3000, 1, ADDRESS + RING_SPACE + 8192, 0);
	assert_int_equal(take_rings(bench, RING, 2, 0, ADDRESS), 0);
	assert_int_equal(write_trace(bench), 0);
	assert_int_equal(bench->read.cpus, 1);
	assert_int_equal(bench->read.unreadable, 1);
	/* A page that is no RAM. */
	put_entry(bench, TABLES + 0x3000, 1, ADDRESS + 4096, 0x7ffffffff000ull | 0x27);
	bench->read.cpus = 0;
	assert_int_equal(write_trace(bench), -ENODATA);
	assert_non_null(strstr(bench->err.text, "could not be read"));
}

static void what_no_honest_init_says_is_refused(void **state)
{
	struct bench *bench = *state;
	uint8_t frame[64] = { 0 };

	assert_int_equal(write_trace(bench), -ENODATA);
	assert_int_equal(take_rings(bench, 2 * RING, 2, 0, ADDRESS), -EPROTO);
	assert_int_equal(take_rings(bench, RING, 3, 0, ADDRESS), -EPROTO);
	assert_int_equal(take_rings(bench, RING, 2, 1, ADDRESS), -EPROTO);
	assert_int_equal(flight_take(&bench->flight, frame, 3, &bench->err), -EPROTO);
	bench->formats_size = KTSTR_RECORD_FORMATS_MAX + 1;
	assert_int_equal(take_rings(bench, RING, 2, 0, ADDRESS), -EPROTO);
	bench->formats_size--;
	assert_int_equal(take_rings(bench, RING, 2, 0, ADDRESS), 0);
	assert_int_equal(take_rings(bench, RING, 2, 0, ADDRESS), -EPROTO);
	flight_destroy(&bench->flight);
	flight_init(&bench->flight, 0, 2);
	assert_int_equal(take_rings(bench, 0, 0, 0, 0), -EPROTO);
}

/* Its formats lie in its memory, too, and there is no trace without them. */
static void refuse_formats(struct bench *bench, const char *why)
{
	flight_destroy(&bench->flight);
	flight_init(&bench->flight, RING, 2);
	flight_find_init(&bench->flight, &bench->source);
	assert_int_equal(take_rings(bench, RING, 2, 0, ADDRESS), 0);
	assert_int_equal(write_trace(bench), -ENODATA);
	assert_non_null(strstr(bench->err.text, why));
}

static void formats_are_read_within_their_bounds(void **state)
{
	const size_t length = strlen(format_6_1_sched_switch);
	struct bench *bench = *state;
	uint32_t size;

	put_switch(bench, 0, 2000, 1);
	put_head(bench, 1);
	/* One that does not parse is done without. */
	put_format(bench, 1, "ID: none", 8);
	assert_int_equal(take_rings(bench, RING, 2, 0, ADDRESS), 0);
	assert_int_equal(write_trace(bench), 0);
	assert_int_equal(bench->read.events, 1);
	size = bench->formats_size;
	put_format(bench, TRACEPOINT_TYPES, "", 0);
	refuse_formats(bench, "are damaged");
	bench->formats_size = size;
	put_format(bench, 1, "text", 5);
	refuse_formats(bench, "are damaged");
	bench->formats_size = size + 3;
	refuse_formats(bench, "are damaged");
	bench->formats_size = size;
	for (int i = 1; i < TRACEPOINT_TYPES; i++)
		put_format(bench, 0, format_6_1_sched_switch, length);
	put_format(bench, 0, "", 0);
	refuse_formats(bench, "are damaged");
	put_entry(bench, TABLES + 0x3000, 1, FORMATS, 0);
	refuse_formats(bench, "formats of its tracepoints could not be read");
}

static void where_init_was_not_found_that_is_said(void **state)
{
	struct bench *bench = *state;

	flight_destroy(&bench->flight);
	flight_init(&bench->flight, RING, 2);
	bench->regs[1].cs = 0x10;
	flight_find_init(&bench->flight, &bench->source);
	assert_int_equal(take_rings(bench, RING, 2, 0, ADDRESS), 0);
	assert_int_equal(write_trace(bench), -ENODATA);
	assert_non_null(strstr(bench->err.text, "init was not found"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(events_come_oldest_first),
		TEST(of_a_ring_that_wrapped_the_newest_is_there),
		TEST(what_may_be_written_over_is_lost_before_it_wraps),
		TEST(a_record_that_is_none_ends_its_ring),
		TEST(what_is_not_mapped_is_told),
		TEST(what_no_honest_init_says_is_refused),
		TEST(formats_are_read_within_their_bounds),
		TEST(where_init_was_not_found_that_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
