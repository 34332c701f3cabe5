/* Is text from a guest told apart into what is well-formed and what is not, and made harmless? */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "util/utf8.h"

static void decodes_what_is_well_formed(void **state)
{
	static const struct {
		const char *bytes;
		size_t size, length;
		uint32_t code;
	} cases[] = {
		{ "a", 1, 1, 'a' },
		{ "\0", 1, 1, 0 },
		{ "\x7f", 1, 1, 0x7f },
		{ "\xc2\x80", 2, 2, 0x80 },
		{ "\xdf\xbf", 2, 2, 0x7ff },
		{ "\xe0\xa0\x80", 3, 3, 0x800 },
		{ "\xed\x9f\xbf", 3, 3, 0xd7ff },
		{ "\xee\x80\x80", 3, 3, 0xe000 },
		{ "\xef\xbf\xbf", 3, 3, 0xffff },
		{ "\xf0\x90\x80\x80", 4, 4, 0x10000 },
		{ "\xf4\x8f\xbf\xbf", 4, 4, 0x10ffff },
		/* None of these is a sequence. */
		{ "", 0, 0, 0 },
		{ "\x80", 1, 0, 0 },
		{ "\xc0\x80", 2, 0, 0 },	     /* overlong NUL */
		{ "\xc1\xbf", 2, 0, 0 },	     /* overlong */
		{ "\xe0\x9f\xbf", 3, 0, 0 },	     /* overlong */
		{ "\xf0\x8f\xbf\xbf", 4, 0, 0 },     /* overlong */
		{ "\xed\xa0\x80", 3, 0, 0 },	     /* surrogate */
		{ "\xed\xbf\xbf", 3, 0, 0 },	     /* surrogate */
		{ "\xf4\x90\x80\x80", 4, 0, 0 },     /* above U+10FFFF */
		{ "\xf8\x88\x80\x80\x80", 5, 0, 0 }, /* five bytes */
		{ "\xff", 1, 0, 0 },
		{ "\xc3", 1, 0, 0 },	     /* cut off */
		{ "\xe2\x82", 2, 0, 0 },     /* cut off */
		{ "\xe2\x82\x41", 3, 0, 0 }, /* a letter where a continuation must be */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t code = 0;

		assert_int_equal(utf8_decode(cases[i].bytes, cases[i].size, &code),
				 cases[i].length);
		assert_int_equal(code, cases[i].code);
	}
}

static void printable_is_one_harmless_line(void **state)
{
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{ "", "" },
		{ "plain text", "plain text" },
		{ "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f" },
		{ "a\tb", "a b" },
		{ "a\nb\rc", "a?b?c" },
		{ "\033[2Jgone", "?[2Jgone" },
		{ "\xc2\x9b\x32Jgone", "?2Jgone" },	  /* CSI as one C1 character */
		{ "\xe2\x80\xaetxt.exe", "?txt.exe" },	  /* right-to-left override */
		{ "\xe2\x81\xa6x\xe2\x80\xa8y", "?x?y" }, /* isolate, line separator */
		{ "\xff\xfe\x80", "???" },
		{ "\x7f", "?" },
	};
	char out[64];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		utf8_printable(out, sizeof(out), cases[i].text, strlen(cases[i].text));
		assert_string_equal(out, cases[i].expected);
	}
	utf8_printable(out, sizeof(out), "a\0b", 3);
	assert_string_equal(out, "a?b");
}

static void what_does_not_fit_is_cut_between_characters(void **state)
{
	char out[16];

	(void)state;
	memset(out, 'x', sizeof(out));
	utf8_printable(out, 8, "1234567", 7);
	assert_string_equal(out, "1234567");
	utf8_printable(out, 8, "12345678", 8);
	assert_string_equal(out, "1234...");
	/* The dots would begin in the middle of a character. */
	utf8_printable(out, 8, "123\xc3\xbc\xc3\xbc\xc3\xbc", 9);
	assert_string_equal(out, "123...");
	utf8_printable(out, 8, "\xf0\x9f\x98\x80\xf0\x9f\x98\x80", 8);
	assert_string_equal(out, "\xf0\x9f\x98\x80...");
	utf8_printable(out, 4, "\xf0\x9f\x98\x80", 4);
	assert_string_equal(out, "...");
	assert_int_equal(out[8], 'x');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes_what_is_well_formed),
		cmocka_unit_test(printable_is_one_harmless_line),
		cmocka_unit_test(what_does_not_fit_is_cut_between_characters),
	};

	return cmocka_run_group_tests_name("utf8", tests, NULL, NULL);
}
