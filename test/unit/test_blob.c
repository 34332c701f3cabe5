/* Does a blob give back what was put in, and bear any damage? */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "vmm/blob.h"

static void fill(struct blob *blob)
{
	uint8_t big[10000];

	memset(big, 0x5a, sizeof(big));
	blob_add(blob, 1, 0, "abc", 3);
	blob_add(blob, 2, 7, big, sizeof(big));
	blob_add(blob, 3, 0xffffffff, NULL, 0);
	blob_add(blob, 1, 0, "12345678", 8);
	assert_int_equal(blob_end(blob, NULL), 0);
}

static void gives_back(void **state)
{
	static const struct blob_record expected[] = {
		{ 1, 0, 3, "abc" },
		{ 2, 7, 10000, NULL },
		{ 3, 0xffffffff, 0, NULL },
		{ 1, 0, 8, "12345678" },
	};
	struct blob blob = { 0 };
	struct blob_reader reader;
	struct blob_record record;

	(void)state;
	fill(&blob);
	assert_int_equal(blob_read(&reader, blob.bytes, blob.size, NULL), 0);
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		assert_int_equal(blob_next(&reader, &record, NULL), 1);
		assert_int_equal(record.type, expected[i].type);
		assert_int_equal(record.index, expected[i].index);
		assert_int_equal(record.size, expected[i].size);
		assert_int_equal(((const uint8_t *)record.bytes - blob.bytes) % 8, 0);
		if (expected[i].bytes)
			assert_memory_equal(record.bytes, expected[i].bytes, record.size);
		for (uint32_t j = 0; i == 1 && j < record.size; j++)
			assert_int_equal(((const uint8_t *)record.bytes)[j], 0x5a);
	}
	assert_int_equal(blob_next(&reader, &record, NULL), 0);
	assert_int_equal(blob_next(&reader, &record, NULL), 0);
	blob_free(&blob);
	assert_null(blob.bytes);
}

static void may_be_empty(void **state)
{
	struct blob blob = { 0 };
	struct blob_reader reader;
	struct blob_record record;

	(void)state;
	assert_int_equal(blob_end(&blob, NULL), 0);
	assert_int_equal(blob_read(&reader, blob.bytes, blob.size, NULL), 0);
	assert_int_equal(blob_next(&reader, &record, NULL), 0);
	blob_free(&blob);
}

/* How many records are read until it ends, or until damage is found. */
static int count(const void *bytes, size_t size, int *records)
{
	struct blob_reader reader;
	struct blob_record record;
	int ret = blob_read(&reader, bytes, size, NULL);

	*records = 0;
	while (!ret && (ret = blob_next(&reader, &record, NULL)) == 1) {
		++*records;
		ret = 0;
	}
	return ret;
}

static void damage_is_found(void **state)
{
	struct blob blob = { 0 };
	int records;

	(void)state;
	fill(&blob);
	assert_int_equal(count(blob.bytes, blob.size, &records), 0);
	assert_int_equal(records, 4);
	/* Cut off anywhere, in a buffer of that very size. */
	for (size_t size = 0; size < blob.size; size += size < 200 ? 1 : 97) {
		void *copy = malloc(size + !size);

		assert_non_null(copy);
		memcpy(copy, blob.bytes, size);
		assert_int_equal(count(copy, size, &records), -EPROTO);
		free(copy);
	}
	/* The header: its magic, version, reserved word, size. */
	for (size_t at = 0; at < 24; at++) {
		blob.bytes[at] ^= 0x10;
		assert_int_equal(count(blob.bytes, blob.size, &records), -EPROTO);
		blob.bytes[at] ^= 0x10;
	}
	/* A record's size, and its reserved word. */
	for (size_t at = 24 + 8; at < 24 + 16; at++) {
		blob.bytes[at] ^= 0x80;
		assert_int_equal(count(blob.bytes, blob.size, &records), -EPROTO);
		blob.bytes[at] ^= 0x80;
	}
	/* A size that overflows when it is rounded up. */
	memset(blob.bytes + 24 + 8, 0xff, 4);
	assert_int_equal(count(blob.bytes, blob.size, &records), -EPROTO);
	assert_int_equal(records, 0);
	blob_free(&blob);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_back),
		cmocka_unit_test(may_be_empty),
		cmocka_unit_test(damage_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
