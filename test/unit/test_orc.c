/* Are the kernel's ORC tables read as each format means them, and other formats refused? */
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
#include "inspect/orc.h"
#include "inspect_fake.h"
#include "orc_sample.h"

#define TEXT 0xffffffff81000000ull

/* struct orc_entry of a kernel without a hash; @flag: its last bit's name. */
static struct btf *types_with(const char *flag)
{
	static struct btf_writer w;
	struct btf *btf;
	uint32_t u32;
	size_t size;
	uint8_t *bytes;

	memset(&w, 0, sizeof(w));
	u32 = w_int(&w, 4);
	w_struct(&w, W_STRUCT, "orc_entry", 6,
		 (struct btf_writer_member[]){
			 { "type", u32, 4, 8, 2 }, { flag, u32, 4, 10, 1 }, { 0 } });
	bytes = w_end(&w, &size);
	assert_int_equal(btf_parse(bytes, size, &btf, NULL), 0);
	return btf;
}

static struct orc_entry find(struct inspect *fake, const struct orc *orc, uint64_t address)
{
	struct orc_entry entry;

	assert_true(orc_find(fake, orc, &orc->kernel, address, &entry));
	return entry;
}

static void oldest_format(void **state)
{
	struct btf *btf = types_with("end"), *other = types_with("signal");
	struct orc_sample sample = { 0 };
	struct inspect fake = { 0 };
	struct error err = { "" };
	struct orc_entry entry;
	struct orc orc;

	(void)state;
	orc_add(&sample, 2, (struct orc_row){ TEXT, 0, 0, 0, 0, 0, 1 });
	orc_add(&sample, 2, (struct orc_row){ TEXT + 16, 8, 0, 5, 0, 0, 0 });
	orc_add(&sample, 2, (struct orc_row){ TEXT + 32, 16, -16, 4, 1, 0, 0 });
	orc_add(&sample, 2, (struct orc_row){ TEXT + 48, -8, 8, 9, 4, 1, 0 });
	orc_add(&sample, 2, (struct orc_row){ TEXT + 64, 24, 0, 8, 0, 2, 0 });
	orc_add(&sample, 2, (struct orc_row){ TEXT + 80, 0, 0, 0, 0, 0, 0 });
	orc_add(&sample, 2, (struct orc_row){ TEXT + 96, 0, 0, 2, 0, 0, 0 });
	orc_add(&sample, 2, (struct orc_row){ TEXT + 112, 0, 0, 3, 0, 0, 0 });
	orc_map(&fake, &sample, NULL);
	/* Only its types tell it from those that came after it. */
	assert_int_equal(orc_open(&fake, NULL, &orc, &err), -EPROTO);
	assert_int_equal(orc_open(&fake, other, &orc, &err), -EPROTO);
	assert_int_equal(orc_open(&fake, btf, &orc, &err), 0);
	assert_int_equal(find(&fake, &orc, TEXT + 15).type, ORC_END);
	entry = find(&fake, &orc, TEXT + 16);
	assert_int_equal(entry.type, ORC_CALL);
	assert_int_equal(entry.sp_register, ORC_REG_SP);
	assert_int_equal(entry.sp_offset, 8);
	assert_int_equal(entry.bp_register, ORC_REG_UNDEFINED);
	assert_false(entry.signal);
	entry = find(&fake, &orc, TEXT + 47);
	assert_int_equal(entry.sp_register, ORC_REG_BP);
	assert_int_equal(entry.bp_register, ORC_REG_PREV_SP);
	assert_int_equal(entry.bp_offset, -16);
	entry = find(&fake, &orc, TEXT + 48);
	assert_int_equal(entry.type, ORC_REGS);
	assert_int_equal(entry.sp_register, ORC_REG_SP_INDIRECT);
	assert_int_equal(entry.bp_register, ORC_REG_BP);
	assert_true(entry.signal);
	entry = find(&fake, &orc, TEXT + 64);
	assert_int_equal(entry.type, ORC_PARTIAL);
	assert_int_equal(entry.sp_register, ORC_REG_BP_INDIRECT);
	assert_int_equal(find(&fake, &orc, TEXT + 80).type, ORC_UNDEFINED);
	assert_int_equal(find(&fake, &orc, TEXT + 96).sp_register, ORC_REG_DX);
	assert_int_equal(find(&fake, &orc, TEXT + 112).sp_register, ORC_REG_DI);
	/* Before the first row there is nothing, and the last one has no end. */
	assert_false(orc_find(&fake, &orc, &orc.kernel, TEXT - 1, &entry));
	assert_int_equal(find(&fake, &orc, TEXT + 4096).sp_register, ORC_REG_DI);
	btf_close(btf);
	btf_close(other);
}

static void format_with_signal(void **state)
{
	struct orc_sample sample = { 0 };
	struct inspect fake = { 0 };
	struct error err = { "" };
	struct orc_entry entry;
	struct orc orc;

	(void)state;
	orc_add(&sample, 3, (struct orc_row){ TEXT, 0, 0, 0, 0, 0, 0 });
	orc_add(&sample, 3, (struct orc_row){ TEXT + 16, 0, 0, 0, 0, 1, 0 });
	orc_add(&sample, 3, (struct orc_row){ TEXT + 32, 8, 0, 5, 4, 2, 0 });
	orc_add(&sample, 3, (struct orc_row){ TEXT + 48, 8, 0, 8, 1, 3, 1 });
	orc_add(&sample, 3, (struct orc_row){ TEXT + 64, 8, 0, 9, 1, 4, 1 });
	orc_add(&sample, 3, (struct orc_row){ TEXT + 80, 8, 0, 6, 1, 2, 1 });
	orc_add(&sample, 3, (struct orc_row){ TEXT + 96, 8, 0, 6, 1, 7, 0 });
	orc_map(&fake, &sample, orc_hash_6_12);
	assert_int_equal(orc_open(&fake, NULL, &orc, &err), 0);
	assert_int_equal(find(&fake, &orc, TEXT).type, ORC_UNDEFINED);
	assert_int_equal(find(&fake, &orc, TEXT + 16).type, ORC_END);
	entry = find(&fake, &orc, TEXT + 32);
	assert_int_equal(entry.type, ORC_CALL);
	assert_int_equal(entry.sp_register, ORC_REG_SP);
	assert_int_equal(entry.bp_register, ORC_REG_BP);
	assert_false(entry.signal);
	entry = find(&fake, &orc, TEXT + 48);
	assert_int_equal(entry.type, ORC_REGS);
	assert_int_equal(entry.sp_register, ORC_REG_BP_INDIRECT);
	assert_int_equal(entry.bp_register, ORC_REG_PREV_SP);
	assert_true(entry.signal);
	assert_int_equal(find(&fake, &orc, TEXT + 64).type, ORC_PARTIAL);
	assert_int_equal(find(&fake, &orc, TEXT + 64).sp_register, ORC_REG_SP_INDIRECT);
	/* A call that was interrupted as it were. */
	entry = find(&fake, &orc, TEXT + 80);
	assert_true(entry.type == ORC_CALL && entry.signal);
	/* A type that there is not. */
	assert_false(orc_find(&fake, &orc, &orc.kernel, TEXT + 96, &entry));
}

static void format_of_7_1(void **state)
{
	static const enum orc_register order[] = {
		ORC_REG_UNDEFINED, ORC_REG_AX,		ORC_REG_DX,	     ORC_REG_SP,
		ORC_REG_BP,	   ORC_REG_DI,		ORC_REG_R10,	     ORC_REG_R13,
		ORC_REG_PREV_SP,   ORC_REG_SP_INDIRECT, ORC_REG_BP_INDIRECT, ORC_REG_UNDEFINED,
	};
	struct orc_sample sample = { 0 };
	struct inspect fake = { 0 };
	struct error err = { "" };
	struct orc orc;

	(void)state;
	for (uint8_t i = 0; i < 12; i++)
		orc_add(&sample, 3, (struct orc_row){ TEXT + 16 * i, 8, 0, i, i, 2, 0 });
	orc_map(&fake, &sample, orc_hash_7_1);
	assert_int_equal(orc_open(&fake, NULL, &orc, &err), 0);
	for (unsigned int i = 0; i < 12; i++) {
		assert_int_equal(find(&fake, &orc, TEXT + 16 * i).sp_register, order[i]);
		assert_int_equal(find(&fake, &orc, TEXT + 16 * i).bp_register, order[i]);
	}
}

static void others_are_refused(void **state)
{
	struct orc_sample sample = { 0 };
	struct inspect fake = { 0 }, empty = { 0 };
	struct error err = { "" };
	uint8_t hash[20];
	struct btf *btf;
	struct orc orc;

	(void)state;
	assert_int_equal(orc_open(&empty, NULL, &orc, &err), -ENOENT);
	assert_non_null(strstr(err.text, "CONFIG_UNWINDER_ORC"));
	/* What nobody had the time to look for may be there. */
	empty.reads = empty.reads_left = 1;
	assert_int_equal(orc_open(&empty, NULL, &orc, &err), -ETIMEDOUT);
	assert_non_null(strstr(err.text, "no time left"));
	assert_int_equal(btf_open(&empty, &btf, &err), -ETIMEDOUT);
	assert_non_null(strstr(err.text, "no time left"));
	memcpy(hash, orc_hash_7_1, sizeof(hash));
	hash[19] ^= 1;
	orc_add(&sample, 3, (struct orc_row){ TEXT, 8, 0, 5, 0, 2, 0 });
	orc_map(&fake, &sample, hash);
	assert_int_equal(orc_open(&fake, NULL, &orc, &err), -EPROTO);
	assert_non_null(strstr(err.text, "137c36ad"));
	/* Both tables have as many rows. */
	for (unsigned int i = 0; i < fake.nr_symbols; i++)
		if (!strcmp(fake.symbols[i].name, "__stop_orc_unwind"))
			fake.symbols[i].at -= 6;
	assert_int_equal(orc_open(&fake, NULL, &orc, &err), -EPROTO);
	assert_non_null(strstr(err.text, "do not match"));
}

static void unreadable_is_nothing(void **state)
{
	struct orc_sample sample = { 0 };
	struct inspect fake = { 0 };
	struct error err = { "" };
	struct orc_entry entry;
	struct orc orc;

	(void)state;
	orc_add(&sample, 3, (struct orc_row){ TEXT, 8, 0, 5, 0, 2, 0 });
	orc_map(&fake, &sample, orc_hash_6_12);
	assert_int_equal(orc_open(&fake, NULL, &orc, &err), 0);
	assert_true(orc_find(&fake, &orc, &orc.kernel, TEXT, &entry));
	fake.nr_memory--; /* the entries */
	assert_false(orc_find(&fake, &orc, &orc.kernel, TEXT, &entry));
	fake.nr_memory--; /* the addresses */
	assert_false(orc_find(&fake, &orc, &orc.kernel, TEXT, &entry));
	orc.kernel.nr = 0;
	assert_false(orc_find(&fake, &orc, &orc.kernel, TEXT, &entry));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(oldest_format),	 cmocka_unit_test(format_with_signal),
		cmocka_unit_test(format_of_7_1),	 cmocka_unit_test(others_are_refused),
		cmocka_unit_test(unreadable_is_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
