/* Do records give back what was put in, and bear any damage? */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "vmm/records.h"

static void fill(struct records *records)
{
	uint8_t big[10000];

	memset(big, 0x5a, sizeof(big));
	records_add(records, 1, 0, "abc", 3);
	records_add(records, 2, 7, big, sizeof(big));
	records_add(records, 3, 0xffffffff, NULL, 0);
	records_add(records, 1, 0, "12345678", 8);
	assert_int_equal(records_end(records, NULL), 0);
}

static void gives_back(void **state)
{
	static const struct record expected[] = {
		{ 1, 0, 3, "abc" },
		{ 2, 7, 10000, NULL },
		{ 3, 0xffffffff, 0, NULL },
		{ 1, 0, 8, "12345678" },
	};
	struct records records = { 0 };
	struct record_reader reader;
	struct record record;

	(void)state;
	fill(&records);
	assert_int_equal(records_read(&reader, records.bytes, records.size, NULL), 0);
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		assert_int_equal(records_next(&reader, &record, NULL), 1);
		assert_int_equal(record.type, expected[i].type);
		assert_int_equal(record.index, expected[i].index);
		assert_int_equal(record.size, expected[i].size);
		assert_int_equal(((const uint8_t *)record.bytes - records.bytes) % 8, 0);
		if (expected[i].bytes)
			assert_memory_equal(record.bytes, expected[i].bytes, record.size);
		for (uint32_t j = 0; i == 1 && j < record.size; j++)
			assert_int_equal(((const uint8_t *)record.bytes)[j], 0x5a);
	}
	assert_int_equal(records_next(&reader, &record, NULL), 0);
	assert_int_equal(records_next(&reader, &record, NULL), 0);
	records_free(&records);
	assert_null(records.bytes);
}

static void may_be_empty(void **state)
{
	struct records records = { 0 };
	struct record_reader reader;
	struct record record;

	(void)state;
	assert_int_equal(records_end(&records, NULL), 0);
	assert_int_equal(records_read(&reader, records.bytes, records.size, NULL), 0);
	assert_int_equal(records_next(&reader, &record, NULL), 0);
	records_free(&records);
}

/* How many nr_found are read until it ends, or until damage is found. */
static int count(const void *bytes, size_t size, int *nr_found)
{
	struct record_reader reader;
	struct record record;
	int ret = records_read(&reader, bytes, size, NULL);

	*nr_found = 0;
	while (!ret && (ret = records_next(&reader, &record, NULL)) == 1) {
		++*nr_found;
		ret = 0;
	}
	return ret;
}

static void damage_is_found(void **state)
{
	struct records records = { 0 };
	int nr_found;

	(void)state;
	fill(&records);
	assert_int_equal(count(records.bytes, records.size, &nr_found), 0);
	assert_int_equal(nr_found, 4);
	/* Cut off anywhere, in a buffer of that very size. */
	for (size_t size = 0; size < records.size; size += size < 200 ? 1 : 97) {
		void *copy = malloc(size + !size);

		assert_non_null(copy);
		memcpy(copy, records.bytes, size);
		assert_int_equal(count(copy, size, &nr_found), -EPROTO);
		free(copy);
	}
	/* The header: its magic, version, reserved word, size. */
	for (size_t at = 0; at < 24; at++) {
		records.bytes[at] ^= 0x10;
		assert_int_equal(count(records.bytes, records.size, &nr_found), -EPROTO);
		records.bytes[at] ^= 0x10;
	}
	/* A record's size, and its reserved word. */
	for (size_t at = 24 + 8; at < 24 + 16; at++) {
		records.bytes[at] ^= 0x80;
		assert_int_equal(count(records.bytes, records.size, &nr_found), -EPROTO);
		records.bytes[at] ^= 0x80;
	}
	/* A size that overflows when it is rounded up. */
	memset(records.bytes + 24 + 8, 0xff, 4);
	assert_int_equal(count(records.bytes, records.size, &nr_found), -EPROTO);
	assert_int_equal(nr_found, 0);
	records_free(&records);
}

static void finds_by_type_index_and_size(void **state)
{
	struct records records = { 0 };
	char out[8];

	(void)state;
	fill(&records);
	assert_int_equal(records_find(records.bytes, records.size, 1, 0, out, 3, NULL), 0);
	assert_memory_equal(out, "abc", 3);
	assert_int_equal(records_find(records.bytes, records.size, 1, 0, out, 8, NULL), -EPROTO);
	assert_int_equal(records_find(records.bytes, records.size, 2, 6, out, 3, NULL), -EPROTO);
	assert_int_equal(records_find(records.bytes, records.size - 1, 1, 0, out, 3, NULL),
			 -EPROTO);
	records_free(&records);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_by_type_index_and_size),
		cmocka_unit_test(gives_back),
		cmocka_unit_test(may_be_empty),
		cmocka_unit_test(damage_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
