/* How is a page put together? See page.h. */
#include "page/page.h"

#include <errno.h>
#include <json-c/json.h>
#include <nettle/base64.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "embed/embed.h"
#include "version.h"

/* Where the data go in the template: before the script, and behind it. */
static const char *const places[] = { "@DATA@\n", "@REST@\n" };

int page_begin(struct page *page, struct error *err)
{
	*page = (struct page){ .failures = json_object_new_array() };
	return page->failures ? 0 : error_set(err, -ENOMEM, "page: out of memory");
}

void page_end(struct page *page)
{
	json_object_put(page->failures);
	for (size_t i = 0; i < page->nr_blocks; i++)
		free(page->blocks[i].text);
	free(page->blocks);
	*page = (struct page){ 0 };
}

/* As base64; owned by the caller; NULL: no memory. */
static char *packed(const void *data, size_t size, size_t *text_size)
{
	uLongf packed_size = compressBound(size);
	uint8_t *bytes = malloc(packed_size);
	char *text = NULL;

	if (bytes && compress2(bytes, &packed_size, data, size, Z_BEST_COMPRESSION) == Z_OK)
		text = malloc(BASE64_ENCODE_RAW_LENGTH(packed_size));
	if (text) {
		base64_encode_raw(text, packed_size, bytes);
		*text_size = BASE64_ENCODE_RAW_LENGTH(packed_size);
	}
	free(bytes);
	return text;
}

int page_add_block(struct page *page, const void *data, size_t size, bool first, char *id,
		   struct error *err)
{
	struct page_block *grown =
		reallocarray(page->blocks, page->nr_blocks + 1, sizeof(*page->blocks));
	struct page_block block = { .first = first };

	if (grown) {
		page->blocks = grown;
		block.text = packed(data, size, &block.size);
	}
	if (!block.text)
		return error_set(err, -ENOMEM, "page: out of memory for %zu bytes", size);
	snprintf(id, PAGE_ID_SIZE, "block%zu", page->nr_blocks);
	page->blocks[page->nr_blocks++] = block;
	page->size += block.size;
	return 0;
}

/* How the character at @text, of which @left bytes are there, is written; NULL: as it is. */
static const char *escape_of(const char *text, size_t left, size_t *size)
{
	*size = 1;
	switch (*text) {
	case '<':
		return "\\u003c";
	case '>':
		return "\\u003e";
	case '&':
		return "\\u0026";
	case '\xe2': /* U+2028 and U+2029 are e2 80 a8 and e2 80 a9 */
		if (left < 3 || text[1] != '\x80' || (text[2] != '\xa8' && text[2] != '\xa9'))
			return NULL;
		*size = 3;
		return text[2] == '\xa8' ? "\\u2028" : "\\u2029";
	default:
		return NULL;
	}
}

void page_escape(const char *text, size_t size, FILE *out)
{
	size_t from = 0, length;

	for (size_t at = 0; at < size; at += length) {
		const char *escape = escape_of(text + at, size - at, &length);

		if (!escape)
			continue;
		fwrite(text + from, 1, at - from, out);
		fputs(escape, out);
		from = at + length;
	}
	fwrite(text + from, 1, size - from, out);
}

/* The JSON object as text; NULL: no memory. */
static char *data_text(struct page *page, const char *title, struct json_object *suite,
		       size_t *size)
{
	struct json json = json_begin();

	json_put_number(&json, "format", PAGE_FORMAT);
	json_put_text(&json, "version", version_text);
	json_put_text(&json, "title", title);
	json_put(&json, "failures", json_object_get(page->failures));
	if (suite)
		json_put(&json, "suite", json_object_get(suite));
	else
		json_put_null(&json, "suite");
	return json_text(json_end(&json), false, size);
}

static void put_data(const char *text, size_t size, FILE *out)
{
	fputs("<script type=\"application/json\" id=\"page-data\">", out);
	/* Without its line feed. */
	page_escape(text, size - 1, out);
	fputs("</script>\n", out);
}

/* In pieces, between which a browser's parser lets a page's frames have their turn. */
static void put_block(const struct page_block *block, size_t number, FILE *out)
{
	for (size_t at = 0; at < block->size; at += PAGE_PIECE) {
		size_t left = block->size - at;

		fprintf(out, "<script type=\"text/plain\" id=\"block%zu", number);
		if (at)
			fprintf(out, ".%zu", at / PAGE_PIECE);
		fputs("\">", out);
		fwrite(block->text + at, 1, left < PAGE_PIECE ? left : PAGE_PIECE, out);
		fputs("</script>\n", out);
	}
}

static void put_blocks(const struct page *page, bool first, FILE *out)
{
	for (size_t i = 0; i < page->nr_blocks; i++)
		if (page->blocks[i].first == first)
			put_block(&page->blocks[i], i, out);
}

bool page_begins(const char *text, size_t size)
{
	static const char mark[] = "<meta name=\"generator\" content=\"ktstr-launch\">";

	return memmem(text, size, mark, strlen(mark));
}

int page_write(struct page *page, const char *title, struct json_object *suite, FILE *out,
	       struct error *err)
{
	const struct blob *blob = embed_find("page");
	uint8_t *html = NULL, *data = NULL, *rest = NULL;
	size_t size = 0;
	char *text = data_text(page, title, suite, &size);
	int ret = 0;

	if (!text)
		return error_set(err, -ENOMEM, "page: out of memory");
	if (blob)
		ret = embed_load(blob, &html, err);
	if (!ret && html)
		data = memmem(html, blob->size, places[0], strlen(places[0]));
	if (data)
		rest = memmem(data, blob->size - (size_t)(data - html), places[1],
			      strlen(places[1]));
	if (!ret && !rest)
		ret = error_set(err, -EIO, "page: this launcher carries no template; rebuild it");
	if (!ret) {
		fwrite(html, 1, (size_t)(data - html), out);
		put_data(text, size, out);
		put_blocks(page, true, out);
		data += strlen(places[0]);
		fwrite(data, 1, (size_t)(rest - data), out);
		put_blocks(page, false, out);
		rest += strlen(places[1]);
		fwrite(rest, 1, blob->size - (size_t)(rest - html), out);
	}
	free(html);
	free(text);
	return ret;
}
