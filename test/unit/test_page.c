/* Is a trace in its columns what it was, and does nothing in a page end what it stands in? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <json-c/json.h>
#include <nettle/base64.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "page/columns.h"
#include "page/page.h"
#include "trace_writer.h"
#include "util/input.h"

static char *escaped(const char *text, size_t size)
{
	char *out = NULL;
	size_t out_size;
	FILE *file = open_memstream(&out, &out_size);

	page_escape(text, size, file);
	assert_int_equal(fclose(file), 0);
	return out;
}

static void test_escape(void **state)
{
	static const struct {
		const char *text, *escaped;
	} cases[] = {
		{ "", "" },
		{ "plain \xc3\xa4", "plain \xc3\xa4" },
		{ "</script>", "\\u003c/script\\u003e" },
		{ "<!--", "\\u003c!--" },
		{ "a&b", "a\\u0026b" },
		{ "\xe2\x80\xa8\xe2\x80\xa9", "\\u2028\\u2029" },
		{ "\xe2\x80\xaa", "\xe2\x80\xaa" },
		{ "\xe2\x80", "\xe2\x80" },
		{ "x\xe2", "x\xe2" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		/* Of its very size, so that a sanitizer sees what is read behind it. */
		size_t size = strlen(cases[i].text);
		char *exact = malloc(size ? size : 1), *out;

		memcpy(exact, cases[i].text, size);
		out = escaped(exact, size);
		assert_string_equal(out, cases[i].escaped);
		free(out);
		free(exact);
	}
}

/* A number of a column that begins at *@at and has @count of them. */
static uint64_t number(const struct columns *columns, size_t at, size_t count, size_t i,
		       unsigned int planes)
{
	uint64_t value = 0;

	for (unsigned int plane = planes; plane-- > 0;)
		value = value << 8 | columns->bytes[at + plane * count + i];
	return value;
}

static int64_t meta(const struct columns *columns, const char *key)
{
	return json_object_get_int64(json_object_object_get(columns->meta, key));
}

static const char *listed(const struct columns *columns, const char *key, size_t i)
{
	return json_object_get_string(
		json_object_array_get_idx(json_object_object_get(columns->meta, key), i));
}

#define BASE UINT64_C(5000000000000)

static struct trace_writer writer;

static void read_events(struct trace_events *events)
{
	struct failure failure = { "" };

	assert_int_equal(trace_events_read(events, writer.bytes, writer.pb.used, &failure), 0);
}

static void test_columns(void **state)
{
	struct trace_events events;
	struct columns columns;
	struct error err = { "" };
	size_t at = 0;

	(void)state;
	writer_start(&writer);
	writer_cpu(&writer, 3);
	writer_switch(&writer, BASE + 70, "swapper/3", 0, 0, "b", 8);
	writer_cpu_end(&writer);
	writer_cpu(&writer, 0);
	writer_switch(&writer, BASE, "swapper/0", 0, 0, "a", 7);
	writer_wake(&writer, BASE + 50, 20, 7, "b", 8, 3);
	/* It has another name meanwhile, and leaves for good. */
	writer_switch(&writer, BASE + UINT64_C(0x123456789a), "a2", 7, 0x10, "swapper/0", 0);
	/* Not who came: events are missing. High bits of a state. */
	writer_switch(&writer, BASE + UINT64_C(0x123456789b), "b", 8, 0x10002, "a2", 7);
	writer_cpu_end(&writer);
	read_events(&events);
	assert_int_equal(columns_make(&events, COLUMNS_MAX_EVENTS, &columns, &err), 0);

	assert_int_equal(columns.size, 4 * 14 + 1 * 11);
	assert_int_equal(meta(&columns, "bytes"), columns.size);
	assert_int_equal(meta(&columns, "span_ns"), 0x123456789b);
	assert_int_equal(meta(&columns, "left_out"), 0);
	assert_string_equal(
		json_object_to_json_string_ext(json_object_object_get(columns.meta, "cpus"),
					       JSON_C_TO_STRING_PLAIN),
		"[[0,3,1],[3,1,0]]");
	/* idle, a, b, a2 */
	assert_string_equal(listed(&columns, "names", 0), "idle");
	assert_string_equal(listed(&columns, "names", 1), "a");
	assert_string_equal(listed(&columns, "names", 2), "b");
	assert_string_equal(listed(&columns, "names", 3), "a2");
	assert_string_equal(listed(&columns, "pids", 3), "7");
	/* CPU 0's three, then CPU 3's. */
	assert_int_equal(number(&columns, at, 4, 0, 6), 0);
	assert_int_equal(number(&columns, at, 4, 1, 6), 0x123456789a);
	assert_int_equal(number(&columns, at, 4, 2, 6), 1);
	assert_int_equal(number(&columns, at, 4, 3, 6), 70);
	at += 4 * 6;
	assert_int_equal(number(&columns, at, 4, 0, 3), 1);
	assert_int_equal(number(&columns, at, 4, 1, 3), 0);
	assert_int_equal(number(&columns, at, 4, 2, 3), 3);
	assert_int_equal(number(&columns, at, 4, 3, 3), 2);
	at += 4 * 3;
	assert_int_equal(number(&columns, at, 4, 1, 2), 0x10);
	assert_int_equal(number(&columns, at, 4, 2, 2), 0x8002);
	at += 4 * 2;
	assert_int_equal(number(&columns, at, 4, 0, 3), 1); /* 0 + 1: none came before */
	assert_int_equal(number(&columns, at, 4, 1, 3), 4); /* a came, a2 leaves */
	assert_int_equal(number(&columns, at, 4, 2, 3), 3); /* b, not idle */
	at += 4 * 3;
	assert_int_equal(number(&columns, at, 1, 0, 6), 50);
	assert_int_equal(number(&columns, at + 6, 1, 0, 3), 2);
	assert_int_equal(number(&columns, at + 9, 1, 0, 2), 3);
	columns_free(&columns);

	/* The last two only: time begins with them. */
	assert_int_equal(columns_make(&events, 2, &columns, &err), 0);
	assert_int_equal(meta(&columns, "left_out"), 3);
	assert_int_equal(meta(&columns, "span_ns"), 1);
	columns_free(&columns);
	trace_events_free(&events);
}

/* The last part of a trace, with what tells how things stood when it began. */
static void test_opening(void **state)
{
	struct trace_events events;
	struct columns whole, opening;
	struct error err = { "" };

	(void)state;
	writer_start(&writer);
	writer_cpu(&writer, 0);
	writer_switch(&writer, BASE, "swapper/0", 0, 0, "a", 7);
	writer_switch(&writer, BASE + 10, "a", 7, 1, "b", 8); /* a's last */
	writer_wake(&writer, BASE + 20, 20, 8, "a", 7, 0);    /* since when a waits */
	writer_wake(&writer, BASE + 30, 20, 8, "a", 7, 0);    /* changes nothing */
	writer_wake(&writer, BASE + 35, 17, 8, "a", 7, 0);    /* is no column beside those */
	writer_switch(&writer, BASE + 40, "b", 8, 1, "c", 9); /* b's last */
	writer_switch(&writer, BASE + 50, "c", 9, 1, "d", 10);
	writer_wake(&writer, BASE + 60, 20, 10, "c", 9, 0); /* c's, until: */
	writer_switch(&writer, BASE + 70, "d", 10, 1, "c", 9);
	writer_switch(&writer, BASE + 80, "c", 9, 1, "d", 10);
	/* The opening's own. */
	writer_switch(&writer, BASE + 90, "d", 10, 1, "c", 9);
	writer_switch(&writer, BASE + 95, "c", 9, 1, "d", 10);
	writer_cpu_end(&writer);
	read_events(&events);
	assert_int_equal(columns_make(&events, COLUMNS_MAX_EVENTS, &whole, &err), 0);
	assert_int_equal(columns_open(&events, &whole, 2, &opening, &err), 0);
	assert_int_equal(meta(&whole, "since_ns"), 0);
	assert_int_equal(meta(&opening, "since_ns"), 90);
	assert_int_equal(meta(&opening, "span_ns"), 95);
	/* At 10, 40, 80, 90, 95, and the wake-up at 20. */
	assert_string_equal(
		json_object_to_json_string_ext(json_object_object_get(opening.meta, "cpus"),
					       JSON_C_TO_STRING_PLAIN),
		"[[0,5,1]]");
	assert_int_equal(number(&opening, 0, 5, 0, 6), 10);
	assert_int_equal(number(&opening, 0, 5, 1, 6), 30);
	assert_int_equal(number(&opening, 0, 5, 2, 6), 40);
	assert_int_equal(number(&opening, (size_t)5 * 14, 1, 0, 6), 20);
	columns_free(&opening);

	/* Not twice as many: the whole is its own opening. */
	assert_int_equal(columns_open(&events, &whole, 6, &opening, &err), 0);
	assert_null(opening.bytes);
	columns_free(&opening);
	columns_free(&whole);
	trace_events_free(&events);
}

static void test_columns_refused(void **state)
{
	struct trace_events events;
	struct columns columns;
	struct error err = { "" };

	(void)state;
	writer_start(&writer);
	writer_cpu(&writer, 0);
	writer_wake(&writer, BASE, 20, 0, "a", 7, 0);
	writer_cpu_end(&writer);
	read_events(&events);
	assert_int_equal(columns_make(&events, COLUMNS_MAX_EVENTS, &columns, &err), -ENODATA);
	assert_string_equal(err.text, "no task switch is in it");
	columns_free(&columns);
	trace_events_free(&events);

	writer_start(&writer);
	writer_cpu(&writer, 0);
	writer_switch(&writer, 1, "a", 7, 0, "b", 8);
	writer_switch(&writer, 2 + COLUMNS_MAX_NS, "b", 8, 0, "a", 7);
	writer_cpu_end(&writer);
	read_events(&events);
	assert_int_equal(columns_make(&events, COLUMNS_MAX_EVENTS, &columns, &err), -ERANGE);
	columns_free(&columns);
	trace_events_free(&events);
}

/* A block is the bytes that went in, and the JSON is one object again. */
static void test_page(void **state)
{
	static const char begin[] = "<script type=\"text/plain\" id=\"block0\">";
	uint8_t data[3000], unpacked[sizeof(data)], bytes[8192];
	struct base64_decode_ctx base64;
	uLongf unpacked_size = sizeof(unpacked);
	struct page page;
	struct error err = { "" };
	char id[PAGE_ID_SIZE], *html = NULL, *block, *end;
	size_t size, bytes_size = sizeof(bytes);
	FILE *out = open_memstream(&html, &size);

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * i >> 3);
	assert_int_equal(page_begin(&page, &err), 0);
	assert_int_equal(page_add_block(&page, data, sizeof(data), false, id, &err), 0);
	assert_string_equal(id, "block0");
	json_object_array_add(page.failures, json_object_new_string("</script>"));
	assert_int_equal(page_write(&page, "<title>", NULL, out, &err), 0);
	assert_int_equal(fclose(out), 0);

	block = strstr(html, begin);
	assert_non_null(block);
	block += strlen(begin);
	end = strstr(block, "</script>");
	base64_decode_init(&base64);
	assert_true((size_t)(end - block) < sizeof(bytes));
	assert_int_equal(
		base64_decode_update(&base64, &bytes_size, bytes, (size_t)(end - block), block), 1);
	assert_int_equal(uncompress(unpacked, &unpacked_size, bytes, bytes_size), Z_OK);
	assert_int_equal(unpacked_size, sizeof(data));
	assert_memory_equal(unpacked, data, sizeof(data));
	assert_non_null(strstr(html, "\"title\":\"\\u003ctitle\\u003e\""));
	assert_non_null(strstr(html, "\"failures\":[\"\\u003c/script\\u003e\"]"));
	assert_null(strstr(html, "@DATA@"));
	assert_null(strstr(html, "@REST@"));
	free(html);
	page_end(&page);
}

static void test_json(void **state)
{
	static const struct {
		const char *text, *why; /* NULL: it is taken */
		int ret;
	} cases[] = {
		{ "{\"a\": 1}\n \t", NULL, 0 },
		{ "{\"a\": [1, 2]}", NULL, 0 },
		{ "{\"a\": 1", "cut off", -EBADMSG },
		{ "", "cut off", -EBADMSG },
		{ "{\"a\": \"", "cut off", -EBADMSG },
		{ "{\"a\": 1} x", "goes on behind its end", -EBADMSG },
		{ "{a: 1}", "no JSON", -EBADMSG },
		{ "{\"a\": \"\xff\"}", "no JSON", -EBADMSG },
		{ "{\"a\": NaN}", "no JSON", -EBADMSG },
		{ "{\"a\": [{\"b\": -Infinity}]}", "no JSON", -EBADMSG },
		{ "[1e999]", "not finite", -EBADMSG },
		{ "{\"a\": [1.5, null, -2e3]}", NULL, 0 },
		{ "[2e19, -1e19]", NULL, 0 },
		{ "[1, 20000000000000000000]", "64 bits", -ERANGE },
	};
	static const char nul[] = "{}\n\0";

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct json_object *value;
		struct error err = { "" };

		assert_int_equal(input_json(cases[i].text, strlen(cases[i].text), &value, &err),
				 cases[i].ret);
		if (cases[i].why && !strstr(err.text, cases[i].why))
			fail_msg("'%s': says '%s'", cases[i].text, err.text);
		json_object_put(value);
	}
	struct json_object *value;
	struct error err = { "" };

	/* A NUL is no white space. */
	assert_int_equal(input_json(nul, sizeof(nul) - 1, &value, &err), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_escape),	cmocka_unit_test(test_columns),
		cmocka_unit_test(test_opening), cmocka_unit_test(test_columns_refused),
		cmocka_unit_test(test_page),	cmocka_unit_test(test_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
