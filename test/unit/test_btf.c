/* Is it found where members of the kernel's structs lie, and is what is damaged refused? */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "btf_writer.h"
#include "inspect/btf.h"
#include "inspect/layout.h"
#include "inspect_fake.h"

/* Types as a kernel has them: nested, anonymous, arrays, bit fields, two of one name, a circle. */
static uint8_t *sample(size_t *size)
{
	static struct btf_writer w;
	uint32_t u8, u32, u64, array, inner, anonymous, thread, constant, again, bits, matrix;

	memset(&w, 0, sizeof(w));
	u8 = w_int(&w, 1);
	u32 = w_int(&w, 4);
	u64 = w_int(&w, 8);
	array = w_array(&w, u8, 16);
	inner = w_struct(&w, W_STRUCT, "", 16,
			 (struct btf_writer_member[]){ { "deep", u64, 8, 0, 0 }, { 0 } });
	anonymous = w_struct(&w, W_UNION, "", 16,
			     (struct btf_writer_member[]){
				     { "first", u32, 0, 0, 0 }, { "", inner, 0, 0, 0 }, { 0 } });
	thread = w_struct(&w, W_STRUCT, "thread_struct", 32,
			  (struct btf_writer_member[]){ { "sp", u64, 24, 0, 0 }, { 0 } });
	constant = w_type(&w, W_CONST, "", 0, thread);
	again = w_type(&w, W_TYPEDEF, "thread_t", 0, constant);
	bits = w_array(&w, thread, 3);
	matrix = w_array(&w, bits, 2);
	w_struct(&w, W_STRUCT, "other", 4,
		 (struct btf_writer_member[]){ { "x", u32, 0, 0, 0 }, { 0 } });
	w_struct(&w, W_STRUCT, "task_struct", 300,
		 (struct btf_writer_member[]){ { "pid", u32, 4, 0, 0 },
					       { "", anonymous, 16, 0, 0 },
					       { "comm", array, 40, 0, 0 },
					       { "thread", again, 64, 0, 0 },
					       { "three", u32, 96, 5, 3 },
					       { "across", u32, 100, 6, 4 },
					       { "stacks", bits, 104, 0, 0 },
					       { "grid", matrix, 104, 0, 0 },
					       { 0 } });
	w_struct(&w, W_STRUCT, "other", 8,
		 (struct btf_writer_member[]){ { "y", u32, 4, 0, 0 }, { 0 } });
	/* A typedef of itself, and a struct in itself. */
	w_type(&w, W_TYPEDEF, "circle", 0, w.nr + 1);
	w_struct(&w, W_STRUCT, "snake", 8,
		 (struct btf_writer_member[]){ { "", w.nr + 1, 0, 0, 0 },
					       { "", w.nr + 1, 0, 0, 0 },
					       { "tail", w.nr, 0, 0, 0 },
					       { 0 } });
	w_type(&w, W_ENUM | 0x80, "signed", 1, 4);
	w_u32(&w, w_string(&w, "MINUS_ONE"));
	w_u32(&w, 0xffffffff);
	w_type(&w, W_ENUM64, "large", 2, 8);
	w_u32(&w, w_string(&w, "SMALL"));
	w_u32(&w, 7);
	w_u32(&w, 0);
	w_u32(&w, w_string(&w, "LARGE"));
	w_u32(&w, 2);
	w_u32(&w, 0x80000000);
	return w_end(&w, size);
}

static struct btf *open_sample(void)
{
	struct error err = { "" };
	struct btf *btf;
	size_t size;
	uint8_t *bytes = sample(&size);

	assert_int_equal(btf_parse(bytes, size, &btf, &err), 0);
	return btf;
}

static void finds_members(void **state)
{
	struct btf *btf = open_sample();
	struct btf_field field;

	(void)state;
	assert_true(btf_member(btf, "task_struct", "pid", &field));
	assert_int_equal(field.offset, 4);
	assert_int_equal(field.size, 4);
	assert_int_equal(field.count, 1);
	assert_int_equal(field.bits, 0);
	/* Through two members without a name, and through a typedef of a const. */
	assert_true(btf_member(btf, "task_struct", "deep", &field));
	assert_int_equal(field.offset, 16 + 8);
	assert_int_equal(field.size, 8);
	assert_true(btf_member(btf, "task_struct", "thread.sp", &field));
	assert_int_equal(field.offset, 64 + 24);
	assert_true(btf_member(btf, "task_struct", "comm", &field));
	assert_int_equal(field.size, 16);
	assert_int_equal(field.count, 16);
	assert_int_equal(field.stride, 1);
	/* An array's first element, also of an array in an array. */
	assert_true(btf_member(btf, "task_struct", "stacks.sp", &field));
	assert_int_equal(field.offset, 104 + 24);
	assert_true(btf_member(btf, "task_struct", "grid.sp", &field));
	assert_int_equal(field.offset, 104 + 24);
	assert_true(btf_member(btf, "task_struct", "grid", &field));
	assert_int_equal(field.size, 6 * 32);
	assert_int_equal(field.count, 2);
	assert_int_equal(field.stride, 3 * 32);
	assert_int_equal(btf_size(btf, "task_struct"), 300);
	btf_close(btf);
}

static void reads_bit_fields(void **state)
{
	uint8_t bytes[300] = { [96] = 0xa0 | 0x1f, [100] = 0xc0, [101] = 0x01 };
	struct btf *btf = open_sample();
	struct inspect fake = { 0 };
	struct btf_field field;
	uint64_t value;

	(void)state;
	fake_map(&fake, 0x1000, bytes, sizeof(bytes));
	assert_true(btf_member(btf, "task_struct", "three", &field));
	assert_int_equal(field.bits, 3);
	assert_true(layout_read(&fake, 0x1000, &field, &value));
	assert_int_equal(value, 5);
	assert_true(btf_member(btf, "task_struct", "across", &field));
	assert_int_equal(field.size, 2);
	assert_true(layout_read(&fake, 0x1000, &field, &value));
	assert_int_equal(value, 7);
	assert_false(layout_read(&fake, 0x2000, &field, &value));
	btf_close(btf);
}

static void absent_is_absent(void **state)
{
	struct btf *btf = open_sample();
	struct btf_field field;
	char longest[300];

	(void)state;
	memset(longest, 'a', sizeof(longest));
	longest[sizeof(longest) - 1] = 0;
	assert_false(btf_member(btf, "task_struct", "nothing", &field));
	assert_false(field.found);
	assert_false(btf_member(btf, "task_struct", "pid.x", &field));
	assert_false(btf_member(btf, "task_struct", "", &field));
	assert_false(btf_member(btf, "task_struct", ".pid", &field));
	assert_false(btf_member(btf, "task_struct", longest, &field));
	assert_false(btf_member(btf, "nothing", "pid", &field));
	assert_int_equal(btf_size(btf, "nothing"), 0);
	/* Both types of that name are looked at. */
	assert_true(btf_member(btf, "other", "x", &field));
	assert_true(btf_member(btf, "other", "y", &field));
	assert_int_equal(field.offset, 4);
	/* Circles end. */
	assert_false(btf_member(btf, "snake", "nothing", &field));
	assert_false(btf_member(btf, "snake", "tail", &field));
	btf_close(btf);
}

static void knows_enumerators(void **state)
{
	struct btf *btf = open_sample();
	uint64_t value;

	(void)state;
	assert_true(btf_enumerator(btf, "MINUS_ONE", &value));
	assert_true(value == UINT64_MAX);
	assert_true(btf_enumerator(btf, "LARGE", &value));
	assert_true(value == 0x8000000000000002ull);
	assert_false(btf_enumerator(btf, "NOTHING", &value));
	btf_close(btf);
}

struct part {
	struct btf_field pid, moved;
};

static void layout_tries_names_in_order(void **state)
{
	static const struct layout_want both[] = {
		{ "task_struct", "pid", offsetof(struct part, pid), false },
		{ "task_struct", "is_new", offsetof(struct part, moved), false },
		{ "task_struct", "deep", offsetof(struct part, moved), false },
	};
	static const struct layout_want none[] = {
		{ "task_struct", "pid", offsetof(struct part, pid), false },
		{ "task_struct", "is_new", offsetof(struct part, moved), true },
		{ "rq", "clock", offsetof(struct part, moved), false },
	};
	struct btf *btf = open_sample();
	char why[INSPECT_WHY_SIZE];
	struct part part;

	(void)state;
	assert_int_equal(layout_resolve(btf, both, 3, &part, why), 0);
	assert_int_equal(part.moved.offset, 24);
	assert_int_equal(layout_resolve(btf, none, 2, &part, why), 0);
	assert_false(part.moved.found);
	assert_int_equal(layout_resolve(btf, none, 3, &part, why), -ENOENT);
	assert_non_null(strstr(why, "rq.clock"));
	btf_close(btf);
}

static void damaged_is_refused(void **state)
{
	struct error err = { "" };
	struct btf *btf;
	size_t size;
	uint8_t *bytes = sample(&size), *copy;

	(void)state;
	/* Cut off anywhere, and with each byte of the header wrong. */
	for (size_t i = 0; i < size; i++) {
		copy = malloc(size);
		memcpy(copy, bytes, size);
		assert_int_equal(btf_parse(copy, i, &btf, &err), -EPROTO);
		assert_null(btf);
	}
	for (size_t i = 0; i < 24; i++) {
		copy = malloc(size);
		memcpy(copy, bytes, size);
		copy[i] ^= 0x80;
		if (!btf_parse(copy, size, &btf, &err))
			btf_close(btf);
	}
	/* The last type reaches over its section's end. */
	copy = malloc(size);
	memcpy(copy, bytes, size);
	copy[12] -= 4;
	assert_int_equal(btf_parse(copy, size, &btf, &err), -EPROTO);
	/* A kind that nobody knows: what follows it cannot be skipped. */
	copy = malloc(size);
	memcpy(copy, bytes, size);
	copy[24 + 7] = 31;
	assert_int_equal(btf_parse(copy, size, &btf, &err), -EPROTO);
	assert_non_null(strstr(err.text, "BTF"));
	free(bytes);
}

static void opens_what_the_kernel_has(void **state)
{
	struct inspect fake = { 0 };
	struct error err = { "" };
	struct btf *btf;
	size_t size;
	uint8_t *bytes = sample(&size);

	(void)state;
	assert_int_equal(btf_open(&fake, &btf, &err), -ENOENT);
	assert_non_null(strstr(err.text, "CONFIG_DEBUG_INFO_BTF"));
	fake_symbol(&fake, "__start_BTF", 0xffffffff82000001);
	fake_symbol(&fake, "__stop_BTF", 0xffffffff82000001 + size);
	assert_int_equal(btf_open(&fake, &btf, &err), -EIO);
	fake_map(&fake, 0xffffffff82000001, bytes, size);
	assert_int_equal(btf_open(&fake, &btf, &err), 0);
	btf_close(btf);
	fake.symbols[1].at = 0xffffffff90000000;
	assert_int_equal(btf_open(&fake, &btf, &err), -EPROTO);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_members),
		cmocka_unit_test(reads_bit_fields),
		cmocka_unit_test(absent_is_absent),
		cmocka_unit_test(knows_enumerators),
		cmocka_unit_test(layout_tries_names_in_order),
		cmocka_unit_test(damaged_is_refused),
		cmocka_unit_test(opens_what_the_kernel_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
