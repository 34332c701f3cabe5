/* Is all that the kernel said read, in order and whole, and no word that it did not say? */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "inspect/printk.h"
#include "test/unit/btf_writer.h"
#include "test/unit/guest_sample.h"

#define ALL SIZE_MAX

struct fixture {
	struct guest_sample *guest;
	struct inspect *inspect;
	struct printk_log log;
	struct error err;
};

/* The kernel is found once; what a test then does to the ring, it does before reading. */
static void open_it(struct fixture *fixture)
{
	*fixture = (struct fixture){ .guest = guest_new(GUEST_6_4, false) };
	assert_int_equal(
		inspect_open(&fixture->guest->source, 60000, &fixture->inspect, &fixture->err), 0);
}

static void close_it(struct fixture *fixture)
{
	printk_free(&fixture->log);
	inspect_close(fixture->inspect);
	guest_free(fixture->guest);
}

static void read_it(struct fixture *fixture, size_t max_text)
{
	printk_free(&fixture->log);
	if (printk_read(fixture->inspect, NULL, max_text, &fixture->log, &fixture->err))
		fail_msg("%s", fixture->err.text);
}

static void say(struct fixture *fixture, unsigned int number)
{
	char text[32];

	snprintf(text, sizeof(text), "line %u%.*s", number, (int)(number % 11), "xxxxxxxxxx");
	guest_say(fixture->guest, text, number % 8, number * 1000ull, number);
}

static void assert_line(const struct printk_record *record, unsigned int number)
{
	char text[32];

	snprintf(text, sizeof(text), "line %u%.*s", number, (int)(number % 11), "xxxxxxxxxx");
	assert_string_equal(record->text, text);
	assert_int_equal(record->size, strlen(text));
	assert_int_equal(record->level, number % 8);
	assert_int_equal(record->ts_ns, number * 1000ull);
	assert_int_equal(record->caller, number);
}

static void the_first_words(void **state)
{
	struct fixture fixture;
	char prefix[PRINTK_PREFIX_SIZE];

	(void)state;
	open_it(&fixture);
	/* Nothing was said: one descriptor that was never used. */
	guest_put(fixture.guest, GUEST_DESCS, 3ull << 62, 8);
	read_it(&fixture, ALL);
	assert_int_equal(fixture.log.nr, 0);
	assert_int_equal(fixture.log.broken, 0);
	guest_say(fixture.guest, "Linux version", 5, 0, 0);
	guest_say(fixture.guest, "two\nlines", 6, 12345678901, 0x80000003);
	read_it(&fixture, ALL);
	assert_int_equal(fixture.log.nr, 2);
	assert_string_equal(fixture.log.records[0].text, "Linux version");
	assert_int_equal(fixture.log.records[0].level, 5);
	assert_int_equal(fixture.log.records[0].seq, 0);
	assert_false(fixture.log.records[0].caller_is_cpu);
	assert_string_equal(fixture.log.records[1].text, "two\nlines");
	assert_int_equal(fixture.log.records[1].seq, 1);
	printk_prefix(&fixture.log.records[0], prefix);
	assert_string_equal(prefix, "[    0.000000] [T0] ");
	printk_prefix(&fixture.log.records[1], prefix);
	assert_string_equal(prefix, "[   12.345678] [C3] ");
	close_it(&fixture);
}

/* Both rings go round many times, with texts of all lengths. */
static void round_and_round(void **state)
{
	struct fixture fixture;

	(void)state;
	open_it(&fixture);
	for (unsigned int i = 0; i < 500; i++) {
		size_t nr;

		say(&fixture, i);
		read_it(&fixture, ALL);
		nr = fixture.log.nr;
		/* Text that was written over is not shown; the newest eight fit in any case. */
		assert_true(nr >= (i < 8 ? i + 1 : 8) && nr <= 16);
		for (size_t j = 0; j < nr; j++)
			assert_line(&fixture.log.records[j], i + 1 - (unsigned int)(nr - j));
	}
	close_it(&fixture);
}

/* A record says that it is longer than its block, which begins again at the ring's start. */
static void no_longer_than_its_block(void **state)
{
	const uint64_t whole = 1u << GUEST_SIZE_BITS;
	struct fixture fixture;
	uint64_t before;

	(void)state;
	open_it(&fixture);
	do {
		before = fixture.guest->begin;
		say(&fixture, 3);
	} while (before / whole == fixture.guest->begin / whole);
	assert_int_not_equal(before % whole, 0);
	guest_put(fixture.guest,
		  GUEST_INFOS + (uint32_t)(fixture.guest->head % 16) * GUEST_INFO_SIZE + 16, 0xffff,
		  2);
	read_it(&fixture, ALL);
	assert_int_equal(fixture.log.records[fixture.log.nr - 1].size,
			 fixture.guest->begin % whole - 8);
	close_it(&fixture);
}

static void only_the_newest(void **state)
{
	struct fixture fixture;

	(void)state;
	open_it(&fixture);
	for (unsigned int i = 0; i < 10; i++)
		say(&fixture, i);
	read_it(&fixture, 50);
	assert_int_equal(fixture.log.nr, 2);
	assert_int_equal(fixture.log.older, 8);
	assert_line(&fixture.log.records[1], 9);
	read_it(&fixture, 0);
	assert_int_equal(fixture.log.nr, 0);
	assert_int_equal(fixture.log.older, 10);
	close_it(&fixture);
}

/* Each is left out and counted, and the others are there. */
static void broken_records(void **state)
{
	static const struct {
		uint32_t at; /* of the third record */
		uint64_t value;
	} breaks[] = {
		{ 0, 4 | 2ull << 62 }, /* another one's id */
		{ 8, 0x7000 },	       /* begin: not where its block is */
		{ 8, ~7ull },	       /* nowhere near next */
		{ 16, 0 },	       /* next: before begin */
		{ 16, ~7ull },
	};
	struct fixture fixture;

	(void)state;
	for (size_t i = 0; i < sizeof(breaks) / sizeof(*breaks); i++) {
		open_it(&fixture);
		for (unsigned int j = 0; j < 5; j++)
			say(&fixture, j);
		guest_put(fixture.guest, guest_desc(3) + breaks[i].at, breaks[i].value, 8);
		read_it(&fixture, ALL);
		assert_int_equal(fixture.log.nr, 4);
		assert_int_equal(fixture.log.broken, 1);
		assert_line(&fixture.log.records[1], 1);
		assert_line(&fixture.log.records[2], 3);
		close_it(&fixture);
	}
}

static void states_of_records(void **state)
{
	struct fixture fixture;

	(void)state;
	open_it(&fixture);
	for (unsigned int i = 0; i < 4; i++)
		say(&fixture, i);
	/* Being written, committed, left for the next one. */
	guest_put(fixture.guest, guest_desc(1), 1, 8);
	guest_put(fixture.guest, guest_desc(2), 2 | 1ull << 62, 8);
	guest_put(fixture.guest, guest_desc(3), 3 | 3ull << 62, 8);
	/* Without text, and one whose length is more than its block. */
	guest_put(fixture.guest, guest_desc(4) + 8, 3, 8);
	guest_put(fixture.guest, GUEST_INFOS + 2 * GUEST_INFO_SIZE + 16, 0xffff, 2);
	read_it(&fixture, ALL);
	assert_int_equal(fixture.log.unfinished, 1);
	assert_int_equal(fixture.log.broken, 0);
	assert_int_equal(fixture.log.nr, 2);
	assert_memory_equal(fixture.log.records[0].text, "line 1x", 7);
	assert_int_equal(fixture.log.records[0].size, 8);
	assert_string_equal(fixture.log.records[1].text, "");
	close_it(&fixture);
}

static void assert_refused(struct fixture *fixture, int code, const char *words)
{
	assert_int_equal(printk_read(fixture->inspect, NULL, ALL, &fixture->log, &fixture->err),
			 code);
	if (!strstr(fixture->err.text, words))
		fail_msg("'%s' is not in '%s'", words, fixture->err.text);
}

static void broken_rings(void **state)
{
	static const struct {
		uint32_t at; /* of the ring */
		uint64_t value;
		const char *words;
	} breaks[] = {
		{ 0, 63, "2^63 records" },
		{ 40, 32, "in 2^32 bytes" },
		{ 24, 1000, "is said to hold" },
		{ 32, 1ull << 61, "is said to hold" },
	};
	struct fixture fixture;

	(void)state;
	for (size_t i = 0; i < sizeof(breaks) / sizeof(*breaks); i++) {
		open_it(&fixture);
		say(&fixture, 0);
		guest_put(fixture.guest, GUEST_DATA + 0x300 + breaks[i].at, breaks[i].value, 8);
		assert_refused(&fixture, -EINVAL, breaks[i].words);
		close_it(&fixture);
	}
	open_it(&fixture);
	guest_put(fixture.guest, GUEST_DATA + 0x200, 0, 8);
	assert_refused(&fixture, -EINVAL, "leads to what is not memory");
	close_it(&fixture);
	/* Its arrays are nowhere: each record is broken. */
	open_it(&fixture);
	say(&fixture, 0);
	guest_put(fixture.guest, GUEST_DATA + 0x300 + 8, ~0xfffull, 8);
	read_it(&fixture, ALL);
	assert_int_equal(fixture.log.nr, 0);
	assert_int_equal(fixture.log.broken, 1);
	close_it(&fixture);
}

/* What the note does not say is not guessed. */
static void broken_notes(void **state)
{
	static const char *const lines[][2] = {
		{ "SIZE(prb_desc)=24", "SIZE(prb_desc)=9000000" },
		{ "SIZE(printk_info)=88", "SIZE(printk_info)=-1" },
		{ "OFFSET(printk_info.caller_id)=20", "OFFSET(printk_info.caller_id)=86" },
		{ "OFFSET(prb_desc.text_blk_lpos)=8", "OFFSET(prb_desc.text_blk_lpos)=12" },
		{ "OFFSET(prb_desc_ring.infos)=16", "OFFSET(prb_desc_ring.infos)=1x" },
		{ "OFFSET(prb_desc_ring.infos)=16", "OFFSET(prb_desc_ring.info_)=16" },
		{ "OFFSET(printk_info.seq)=0", "OFFSET(printk_info.seq)=9223372036854775807" },
		{ "OFFSET(printk_info.seq)=0",
		  "OFFSET(printk_info.seq)=99999999999999999999999999" },
	};
	struct fixture fixture;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		char *text, *line, rest[4096];

		fixture = (struct fixture){ .guest = guest_new(GUEST_6_4, false) };
		text = (char *)fixture.guest->ram + GUEST_VMCOREINFO;
		line = strstr(text, lines[i][0]);
		assert_non_null(line);
		snprintf(rest, sizeof(rest), "%s%s", lines[i][1], line + strlen(lines[i][0]));
		strcpy(line, rest);
		guest_put(fixture.guest, GUEST_DATA, strlen(text), 8);
		assert_int_equal(
			inspect_open(&fixture.guest->source, 60000, &fixture.inspect, &fixture.err),
			0);
		assert_refused(&fixture, -ENOENT, "VMCOREINFO has no ");
		close_it(&fixture);
	}
	fixture = (struct fixture){ .guest = guest_new(GUEST_6_4, false) };
	guest_put(fixture.guest, GUEST_DATA + 8, 0, 8);
	assert_int_equal(
		inspect_open(&fixture.guest->source, 60000, &fixture.inspect, &fixture.err), 0);
	assert_refused(&fixture, -ENOENT, "had not written VMCOREINFO yet");
	close_it(&fixture);
}

/* The ring's structs as the guest has them; @level: where a record's level is. */
static struct btf *types_with_level(uint32_t level)
{
	struct btf_writer *w = calloc(1, sizeof(*w));
	uint32_t u16, u32, u64, state, lpos, data_ring, desc_ring;
	struct error err = { "" };
	struct btf *btf;
	uint8_t *bytes;
	size_t size;

	u16 = w_int(w, 2);
	u32 = w_int(w, 4);
	u64 = w_int(w, 8);
	state = w_int(w, 1);
	lpos = w_struct(w, W_STRUCT, "prb_data_blk_lpos", 16,
			(struct btf_writer_member[]){
				{ "begin", u64, 0, 0, 0 }, { "next", u64, 8, 0, 0 }, { NULL } });
	w_struct(w, W_STRUCT, "prb_desc", 24,
		 (struct btf_writer_member[]){ { "state_var", u64, 0, 0, 0 },
					       { "text_blk_lpos", lpos, 8, 0, 0 },
					       { NULL } });
	w_struct(w, W_STRUCT, "printk_info", GUEST_INFO_SIZE,
		 (struct btf_writer_member[]){ { "seq", u64, 0, 0, 0 },
					       { "ts_nsec", u64, 8, 0, 0 },
					       { "text_len", u16, 16, 0, 0 },
					       { "level", state, level, 5, 3 },
					       { "caller_id", u32, 20, 0, 0 },
					       { NULL } });
	data_ring = w_struct(w, W_STRUCT, "prb_data_ring", 32,
			     (struct btf_writer_member[]){ { "size_bits", u32, 0, 0, 0 },
							   { "data", u64, 8, 0, 0 },
							   { NULL } });
	desc_ring = w_struct(w, W_STRUCT, "prb_desc_ring", 40,
			     (struct btf_writer_member[]){ { "count_bits", u32, 0, 0, 0 },
							   { "descs", u64, 8, 0, 0 },
							   { "infos", u64, 16, 0, 0 },
							   { "head_id", u64, 24, 0, 0 },
							   { "tail_id", u64, 32, 0, 0 },
							   { NULL } });
	w_struct(w, W_STRUCT, "printk_ringbuffer", 80,
		 (struct btf_writer_member[]){ { "desc_ring", desc_ring, 0, 0, 0 },
					       { "text_data_ring", data_ring, 40, 0, 0 },
					       { NULL } });
	bytes = w_end(w, &size);
	if (btf_parse(bytes, size, &btf, &err))
		fail_msg("%s", err.text);
	free(w);
	return btf;
}

/* Early in the boot there is only BTF, and it knows where the level is. */
static void before_there_is_a_note(void **state)
{
	struct btf *btf = types_with_level(19), *elsewhere = types_with_level(40);
	struct fixture fixture = { .guest = guest_new(GUEST_6_4, false) };

	(void)state;
	guest_put(fixture.guest, GUEST_DATA + 8, 0, 8);
	assert_int_equal(
		inspect_open(&fixture.guest->source, 60000, &fixture.inspect, &fixture.err), 0);
	for (unsigned int i = 0; i < 5; i++)
		say(&fixture, i);
	assert_int_equal(printk_read(fixture.inspect, btf, ALL, &fixture.log, &fixture.err), 0);
	assert_int_equal(fixture.log.nr, 5);
	for (unsigned int i = 0; i < 5; i++)
		assert_line(&fixture.log.records[i], i);
	printk_free(&fixture.log);
	guest_put(fixture.guest, GUEST_INFOS + 3 * GUEST_INFO_SIZE + 40, 7 << 5, 1);
	assert_int_equal(printk_read(fixture.inspect, elsewhere, ALL, &fixture.log, &fixture.err),
			 0);
	assert_int_equal(fixture.log.records[2].level, 7);
	close_it(&fixture);
	btf_close(btf);
	btf_close(elsewhere);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_words),
		cmocka_unit_test(round_and_round),
		cmocka_unit_test(no_longer_than_its_block),
		cmocka_unit_test(only_the_newest),
		cmocka_unit_test(broken_records),
		cmocka_unit_test(states_of_records),
		cmocka_unit_test(broken_rings),
		cmocka_unit_test(broken_notes),
		cmocka_unit_test(before_there_is_a_note),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
