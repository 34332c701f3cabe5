/* Does init turn the kernel's records into text lines, whatever they hold, and keep the newest? */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../guest/channel.h"
#include "../../guest/crc32.h"
#include "../../guest/kmsg.h"
#include "vmm/channel.h"

/* A literal without its NUL, from a block of exactly its size. */
#define FORMAT(record, out) format(record, sizeof(record) - 1, out)

static size_t format(const char *record, size_t size, char *out)
{
	char *exact = malloc(size ? size : 1);
	char *line = malloc(KMSG_LINE_MAX);
	size_t length;

	assert_non_null(exact);
	assert_non_null(line);
	memcpy(exact, record, size);
	length = kmsg_format(exact, size, line);
	assert_true(length <= KMSG_LINE_MAX);
	memcpy(out, line, length);
	out[length] = '\0';
	free(exact);
	free(line);
	return length;
}

static void records(void **state)
{
	static const struct {
		const char *record, *line;
	} cases[] = {
		{ "6,339,5140900,-;NET: Registered protocol family 10\n",
		  "[    5.140900] NET: Registered protocol family 10\n" },
		{ "30,340,5690716,-,caller=T1;udevd[80]: starting version 181\n",
		  "[    5.690716] udevd[80]: starting version 181\n" },
		{ "7,160,424069,-;pci_root PNP0A03:00: host bridge window\n SUBSYSTEM=acpi\n "
		  "DEVICE=+acpi:PNP0A03:00\n",
		  "[    0.424069] pci_root PNP0A03:00: host bridge window\n" },
		{ "4,1,123456789012345,c;late\n", "[123456789.012345] late\n" },
		{ "4,1,1,-;a\\x09b\\x0ac\\x5cd\\xc3\\xa4\n",
		  "[    0.000001] a\tb\nc\\d\xc3\xa4\n" },
		{ "4,1,1,-;\\x1b[31mred\\x00\\x07\\x7f\n", "[    0.000001] [31mred\n" },
		{ "4,1,1,-;half \\x4\n", "[    0.000001] half \\x4\n" },
		{ "4,1,1,-;not \\xzz\\\n", "[    0.000001] not \\xzz\\\n" },
		{ "4,1,1,-;", "[    0.000001] \n" },
		{ "4,1,1,-;semi;colon", "[    0.000001] semi;colon\n" },
	};
	char line[256];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t length = format(cases[i].record, strlen(cases[i].record), line);

		assert_string_equal(line, cases[i].line);
		assert_int_equal(length, strlen(cases[i].line));
	}
}

static void no_records(void **state)
{
	char line[256];

	(void)state;
	assert_int_equal(FORMAT("", line), 0);
	assert_int_equal(FORMAT("\n", line), 0);
	assert_int_equal(FORMAT("no head", line), 0);
	assert_int_equal(FORMAT(";text", line), 0);
	assert_int_equal(FORMAT("6,1;text", line), 0);
	assert_int_equal(FORMAT("6,1,,-;text", line), 0);
	assert_int_equal(FORMAT("6,1,-5,-;text", line), 0);
	assert_int_equal(FORMAT("6,x,5,-;text", line), 0);
	assert_int_equal(FORMAT("6,1,99999999999999999999,-;text", line), 0);
}

static void longest(void **state)
{
	char *record = malloc(2 * KMSG_RECORD_MAX);
	char *line = malloc(KMSG_LINE_MAX + 1);

	(void)state;
	assert_non_null(record);
	assert_non_null(line);
	memset(record, 'y', 2 * KMSG_RECORD_MAX);
	memcpy(record, "6,1,999999999999999999,-;", 25);
	assert_int_equal(format(record, 2 * KMSG_RECORD_MAX, line),
			 strlen("[999999999999.999999] ") + KMSG_RECORD_MAX + 1);
	free(record);
	free(line);
}

static void who_wrote_a_record(void **state)
{
	static const struct {
		const char *record;
		bool kernel;
	} cases[] = {
		{ "6,339,5140900,-;text\n", true },
		{ "0,1,1,-;text\n", true },
		{ "4,1,1,-,caller=T1;text\n", true },
		/* A process, by /dev/kmsg; its own facility never is the kernel's. */
		{ "8,1,1,-;WARNING: CPU: 0 PID: 1 at a.c:1\n", false },
		{ "12,1,1,-;text\n", false },
		{ "30,1,1,-;text\n", false },
		{ "4294967296,1,1,-;text\n", false },
		{ "", false },
		{ ",1,1,-;text\n", false },
		{ "6", false },
		{ "-1,1,1,-;text\n", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(kmsg_is_kernel(cases[i].record, strlen(cases[i].record)),
				 cases[i].kernel);
}

static void silent(const struct guest_channel *unused)
{
	(void)unused;
}

struct collected {
	char *text;
	size_t size;
	unsigned int others;
};

static int collect(void *owner, uint16_t type, const void *payload, uint32_t length,
		   struct error *err)
{
	struct collected *collected = owner;

	(void)err;
	assert_int_equal(type, KTSTR_KMSG);
	assert_true(collected->size + length <= KMSG_KEEP);
	memcpy(collected->text + collected->size, payload, length);
	collected->size += length;
	return 0;
}

static int collect_window(void *owner, uint16_t type, const void *payload, uint32_t length,
			  struct error *err)
{
	(void)err;
	if (type == KTSTR_SCHED_KERNEL) {
		assert_non_null(memmem(payload, length, "the scheduler's\n", 16));
		((struct collected *)owner)->others++;
		return 0;
	}
	assert_int_equal(type, KTSTR_KERNEL);
	memcpy(((struct collected *)owner)->text + ((struct collected *)owner)->size, payload,
	       length);
	((struct collected *)owner)->size += length;
	return 0;
}

/* Only the kernel's own records, from one point on, however many: none is pushed out by others. */
static void a_window(void **state)
{
	void *region = aligned_alloc(4096, KTSTR_CHANNEL_SIZE);
	struct kmsg *kmsg = malloc(sizeof(*kmsg));
	struct collected collected = { .text = malloc(KMSG_KEEP) };
	struct guest_channel guest;
	struct channel host;
	char record[1100], why[256], *at;
	int fds[2], numbers = 0;

	(void)state;
	assert_non_null(region);
	assert_non_null(kmsg);
	assert_non_null(collected.text);
	assert_int_equal(channel_init(&host, region, NULL), 0);
	assert_int_equal(guest_channel_init(&guest, region, silent, why, sizeof(why)), 0);
	assert_int_equal(pipe2(fds, O_NONBLOCK | O_DIRECT), 0);
	assert_int_equal(kmsg_open(kmsg, fds[0]), 0);
#define PUT(...)                                                                                   \
	do {                                                                                       \
		int length = snprintf(record, sizeof(record), __VA_ARGS__);                        \
                                                                                                   \
		assert_int_equal(write(fds[1], record, (size_t)length), length);                   \
	} while (0)
	PUT("4,1,1,-;before\n");
	/* What is there at the change is the first one's. */
	kmsg_window_open(kmsg, &guest, KTSTR_SCHED_KERNEL);
	PUT("4,1,1,-;the scheduler's\n");
	kmsg_window_open(kmsg, &guest, KTSTR_KERNEL);
	for (int i = 0; i < 200; i++) {
		PUT("4,1,%d,-;%0900d\n", i, i);
		PUT("12,1,%d,-;a process says %0900d\n", i, i);
		kmsg_read(kmsg, 64);
	}
	PUT("4,1,1,-;the last one\n");
	kmsg_window_close(kmsg, true);
	PUT("4,1,1,-;after\n");
	kmsg_read(kmsg, 64);
#undef PUT
	assert_int_equal(channel_drain(&host, collect_window, &collected, NULL), 0);
	collected.text[collected.size] = '\0';
	assert_int_equal(collected.others, 1);
	at = collected.text;
	for (; at[15] == '0'; at = strchr(at, '\n') + 1)
		assert_int_equal(atoi(at + 900 + 15 - 8), numbers++);
	assert_int_equal(numbers, 200);
	assert_string_equal(at, "[    0.000001] the last one\n");
	kmsg_close(kmsg);
	close(fds[1]);
	channel_destroy(&host);
	free(collected.text);
	free(kmsg);
	free(region);
}

/* Through a pipe in the place of /dev/kmsg: what it gives in one read is one record. */
static void newest_are_kept(void **state)
{
	void *region = aligned_alloc(4096, KTSTR_CHANNEL_SIZE);
	struct kmsg *kmsg = malloc(sizeof(*kmsg));
	struct collected collected = { .text = malloc(KMSG_KEEP + 1) };
	struct guest_channel guest;
	struct channel host;
	char record[1100], why[256];
	uint64_t total;
	int fds[2];

	(void)state;
	assert_non_null(region);
	assert_non_null(kmsg);
	assert_non_null(collected.text);
	assert_int_equal(channel_init(&host, region, NULL), 0);
	assert_int_equal(guest_channel_init(&guest, region, silent, why, sizeof(why)), 0);
	assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
	assert_int_equal(kmsg_open(kmsg, fds[0]), 0);

	for (int i = 0; i < 3000; i++) {
		int length = snprintf(record, sizeof(record), "6,%d,%d,-;%01000d\n", i, i, i);

		assert_int_equal(write(fds[1], record, (size_t)length), length);
		kmsg_read(kmsg, 64);
	}
	assert_true(kmsg->total > 2 * KMSG_KEEP);
	assert_true(kmsg->fd >= 0);
	kmsg_send(kmsg, &guest);
	assert_int_equal(channel_drain(&host, collect, &collected, NULL), 0);
	collected.text[collected.size] = '\0';
	assert_true(collected.size > KMSG_KEEP - 1100);
	assert_memory_equal(collected.text, "[    0.00", 9);
	assert_string_equal(collected.text + collected.size - 6, "02999\n");
	assert_memory_equal(collected.text + collected.size - 1016, "[    0.002999] 0", 16);

	/* What init asked the kernel for pushes nothing out. */
	kmsg->is_aside = true;
	total = kmsg->total;
	assert_int_equal(write(fds[1], "6,1,1,-;aside\n", 14), 14);
	kmsg_read(kmsg, 64);
	assert_int_equal(kmsg->total, total);
	kmsg->is_aside = false;

	/* An end where there should be none is not read for ever. */
	close(fds[1]);
	kmsg_read(kmsg, 64);
	assert_int_equal(kmsg->fd, -1);
	kmsg_close(kmsg);
	channel_destroy(&host);
	free(collected.text);
	free(kmsg);
	free(region);
}

/* A module's name, or what else came last, and nothing of what was there before. */
static void last_line(void **state)
{
	struct kmsg *kmsg = malloc(sizeof(*kmsg));
	char out[32], record[1100];
	uint64_t before;
	int fds[2];

	(void)state;
	assert_non_null(kmsg);
	assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
	assert_int_equal(kmsg_open(kmsg, fds[0]), 0);
	assert_int_equal(kmsg_last_line(kmsg, 0, "x", out, sizeof(out)), 0);
	assert_string_equal(out, "");
#define SAY(text)                                                                                  \
	do {                                                                                       \
		assert_int_equal(write(fds[1], text, strlen(text)), strlen(text));                 \
		kmsg_read(kmsg, 1);                                                                \
	} while (0)
	SAY("6,1,1,-;loop: of old\n");
	before = kmsg->total;
	assert_int_equal(kmsg_last_line(kmsg, before, "loop", out, sizeof(out)), 0);
	SAY("6,2,2,-;loop: first\n");
	SAY("6,3,3,-;loop: [x] second\n");
	SAY("6,4,4,-;another\n");
	assert_int_equal(kmsg_last_line(kmsg, before, "loop", out, sizeof(out)), 16);
	assert_string_equal(out, "loop: [x] second");
	assert_int_equal(kmsg_last_line(kmsg, before, "dummy", out, sizeof(out)), 7);
	assert_string_equal(out, "another");
	SAY("6,5,5,-;loop: a line that is longer than its reader has room for\n");
	assert_int_equal(kmsg_last_line(kmsg, before, "loop", out, sizeof(out)), 31);
	assert_string_equal(out, "loop: a line that is longer tha");
	SAY("6,6,6,-;\n");
	kmsg_last_line(kmsg, before, "nowhere", out, sizeof(out));
	assert_string_equal(out, "");
	/* Written over since. */
	for (int i = 0; i < 1100; i++) {
		snprintf(record, sizeof(record), "6,%d,%d,-;%01000d\n", i, i, i);
		SAY(record);
	}
	assert_int_equal(kmsg_last_line(kmsg, before, "loop", out, sizeof(out)), 31);
	assert_memory_equal(out, "0000000", 7);
#undef SAY
	close(fds[1]);
	kmsg_close(kmsg);
	free(kmsg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_wrote_a_record),
		cmocka_unit_test(a_window),
		cmocka_unit_test(records),
		cmocka_unit_test(no_records),
		cmocka_unit_test(longest),
		cmocka_unit_test(newest_are_kept),
		cmocka_unit_test(last_line),
	};

	return cmocka_run_group_tests_name("guest kmsg", tests, NULL, NULL);
}
