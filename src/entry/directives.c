/* Which directives does a test file carry? See directives.h. */
#include "entry/directives.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "entry/keys.h"
#include "entry/words.h"

static const char mark[] = "#ktstr:";
#define MARK_LENGTH (sizeof(mark) - 1)

struct line {
	const char *start, *end; /* without its newline */
};

/* The next line from *@at on, and *@at behind it. */
static struct line next_line(const char **at, const char *end)
{
	const char *start = *at, *newline = memchr(start, '\n', (size_t)(end - start));

	*at = newline ? newline + 1 : end;
	return (struct line){ start, newline ? newline : end };
}

static const char *skip_blanks(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	return p;
}

static bool is_marked(const struct line *line)
{
	return (size_t)(line->end - line->start) >= MARK_LENGTH &&
	       !memcmp(line->start, mark, MARK_LENGTH);
}

/*
 * A comment that was meant as a directive, by all appearances: "# ktstr:", "#KTSTR :" and, as it is
 * no English, "#ktstr topology=...".
 */
static bool is_nearly_marked(const struct line *line)
{
	const size_t length = MARK_LENGTH - 2; /* "ktstr" */
	const char *word, *after;

	if (line->start == line->end || *line->start != '#')
		return false;
	word = skip_blanks(line->start + 1, line->end);
	if ((size_t)(line->end - word) <= length || strncasecmp(word, mark + 1, length))
		return false;
	after = skip_blanks(word + length, line->end);
	if (after < line->end && *after == ':')
		return true;
	return word == line->start + 1 && after > word + length && after < line->end;
}

bool directives_are_meant(const char *text, size_t size, bool below)
{
	const char *at = text, *end = text + size;
	bool over = false;

	while (at < end && (below || !over)) {
		struct line line = next_line(&at, end);

		over |= skip_blanks(line.start, line.end) < line.end && *line.start != '#';
		if (is_marked(&line) ? below || !over : !over && is_nearly_marked(&line))
			return true;
	}
	return false;
}

/* @buffer: for the longest word that the line can hold. */
static int read_words(struct directives *read, const char *at, const char *end, char *buffer)
{
	unsigned int count = 0;
	int ret;

	while ((ret = words_next(&at, end, buffer, read->err)) > 0) {
		ret = key_apply(read, buffer);
		if (ret)
			return ret;
		count++;
	}
	if (!ret && !count)
		return error_set(read->err, -EINVAL,
				 "no directive behind '%s'; give one, for example "
				 "topology=1n2l4c2t, or remove the line",
				 mark);
	return ret;
}

/* Which of the lines count, and where the head ends. */
struct head {
	bool bare;
	bool cut;	     /* the last line that is read goes on */
	bool over;	     /* a line of the program has come */
	unsigned int code;   /* its number */
	unsigned int *found; /* lines of directives */
};

static int read_line(struct directives *read, struct head *head, const struct line *line, bool last,
		     char *buffer)
{
	const char *first = skip_blanks(line->start, line->end);
	bool marked = is_marked(line);
	bool blank = first == line->end;

	if (!head->over && !head->bare && !blank && *line->start != '#') {
		head->over = true;
		head->code = read->line;
	}
	if (!marked && !(head->bare && !blank && *first != '#'))
		return !head->over && is_nearly_marked(line)
			       ? error_set(
					 read->err, -EINVAL,
					 "looks like a directive but is not one; write '%s key=value'",
					 mark)
			       : 0;
	if (head->over)
		return error_set(read->err, -EINVAL,
				 "a directive below the program's first line (line %u) is not "
				 "read; move it above that",
				 head->code);
	if (read->line > DIRECTIVES_MAX_LINES)
		return error_set(read->err, -EINVAL,
				 "a directive below line %d is not read; move it further up",
				 DIRECTIVES_MAX_LINES);
	if (last && head->cut)
		return error_set(read->err, -EINVAL,
				 "a directive beyond the first %d bytes is not read; move it "
				 "further up",
				 DIRECTIVES_MAX_SIZE);
	++*head->found;
	return read_words(read, marked ? line->start + MARK_LENGTH : first, line->end, buffer);
}

int directives_parse(struct test *test, const char *file, const char *text, size_t size, bool bare,
		     unsigned int *found, struct error *err)
{
	struct directives read = { .test = test, .file = file, .err = err };
	unsigned int count = 0;
	struct head head = { .bare = bare, .found = &count };
	const char *at = text, *end;
	char *buffer;
	int ret = 0;

	/* A program may follow in a script; beside one there is nothing else to be large. */
	if (bare && size > DIRECTIVES_MAX_SIZE)
		return error_set(err, -EINVAL, "%s:1: the file has more than %d bytes; shorten it",
				 file, DIRECTIVES_MAX_SIZE);
	if (size > DIRECTIVES_MAX_SIZE) {
		size = DIRECTIVES_MAX_SIZE;
		head.cut = text[size] != '\n';
	}
	end = text + size;
	/* Allocated to the byte, so that a sanitizer sees a word that is too long. */
	buffer = malloc(size + 1);
	if (!buffer)
		return error_set(err, -ENOMEM, "%s: out of memory", file);
	while (!ret && at < end) {
		struct line line = next_line(&at, end);

		read.line++;
		ret = read_line(&read, &head, &line, line.end == end, buffer);
		if (ret)
			error_prefix(err, ret, "%s:%u", file, read.line);
	}
	free(buffer);
	if (!ret)
		ret = contradictions_find(&read);
	if (found)
		*found = count;
	return ret;
}
