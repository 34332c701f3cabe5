/* What do the tracer's arguments ask for? See args.h. */
#include "wprof/args.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* wprof's own defaults (v0.4), where an option is absent. */
#define DEFAULT_RING_KB	    16384
#define LEAST_DEFAULT_RINGS 4
#define CPUS_A_RING	    8
/* The size of a BPF ring buffer is a power of two in 32 bits (union bpf_attr, max_entries). */
#define RING_KB_MAX	    2097152
/* wprof keeps it as nanoseconds in a signed number of 64 bits. */
#define DURATION_MS_MAX	    (INT64_MAX / 1000000)

/* Letters of wprof's options that take a value, in the same word or in the next. */
#define LETTERS_WITH_VALUE     "dDTJpPnNefUMC"
/* Those whose value, if there is one, is in the same word. */
#define LETTERS_WITH_OWN_VALUE "SF"

enum kind { DURATION, TRACE, RING_KB, RING_COUNT, OTHER };

struct word {
	const char *text; /* NULL: there is none */
	size_t length;
};

struct option {
	enum kind kind;
	struct word spelled; /* the word with the option in it */
	struct word value;
};

/* Long options, and how far each can be shortened and be no other one of wprof's. */
static const struct {
	const char *name;
	size_t least;
	enum kind kind;
} long_options[] = {
	{ "dur-ms", 2, DURATION },	  { "trace", 2, TRACE },
	{ "json-trace", 6, TRACE },	  { "ringbuf-size", 9, RING_KB },
	{ "ringbuf-cnt", 9, RING_COUNT },
};

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

const char *wprof_args_word(const char **text, size_t *length)
{
	const char *start = *text, *end;

	while (is_space(*start))
		start++;
	for (end = start; *end && !is_space(*end); end++)
		;
	*text = end;
	*length = (size_t)(end - start);
	return *length ? start : NULL;
}

static struct word next_word(const char **text)
{
	struct word word;

	word.text = wprof_args_word(text, &word.length);
	return word;
}

static struct word part(struct word word, size_t from)
{
	return (struct word){ word.text + from, word.length - from };
}

static struct option parse_long(struct word word, const char **rest)
{
	struct option option = { .kind = OTHER, .spelled = word, .value = { "", 0 } };
	const char *equals = memchr(word.text, '=', word.length);
	size_t length = (equals ? (size_t)(equals - word.text) : word.length) - 2;

	for (size_t i = 0; i < sizeof(long_options) / sizeof(long_options[0]); i++) {
		const char *name = long_options[i].name;

		if (length < long_options[i].least || length > strlen(name) ||
		    memcmp(word.text + 2, name, length))
			continue;
		option.kind = long_options[i].kind;
		option.value = equals ? part(word, length + 3) : next_word(rest);
	}
	return option;
}

/* Several letters may share a word; the first that takes a value has the rest of it. */
static struct option parse_short(struct word word, const char **rest)
{
	struct option option = { .kind = OTHER, .spelled = word, .value = { "", 0 } };

	for (size_t i = 1; i < word.length; i++) {
		char letter = word.text[i];

		if (strchr(LETTERS_WITH_OWN_VALUE, letter))
			break;
		if (!strchr(LETTERS_WITH_VALUE, letter))
			continue;
		option.kind = letter == 'd'		       ? DURATION
			      : letter == 'T' || letter == 'J' ? TRACE
							       : OTHER;
		option.value = i + 1 < word.length ? part(word, i + 1) : next_word(rest);
		break;
	}
	return option;
}

/* The next option of @rest; words that are none are passed over. */
static bool next_option(const char **rest, struct option *option)
{
	for (;;) {
		struct word word = next_word(rest);

		if (!word.text || (word.length == 2 && !memcmp(word.text, "--", 2)))
			return false;
		if (word.length < 2 || word.text[0] != '-')
			continue;
		*option = word.text[1] == '-' ? parse_long(word, rest) : parse_short(word, rest);
		return true;
	}
}

/* A plain number above 0; one that is too large for 64 bits is UINT64_MAX. */
static bool parse_number(struct word word, uint64_t *out)
{
	uint64_t value = 0;

	for (size_t i = 0; i < word.length; i++) {
		char c = word.text[i];

		if (c < '0' || c > '9' || (i == 0 && c == '0'))
			return false;
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(c - '0'), &value))
			value = UINT64_MAX;
	}
	if (!word.length)
		return false;
	*out = value;
	return true;
}

static uint64_t round_up_to_power_of_two(uint64_t value)
{
	uint64_t power = 1;

	while (power < value)
		if (__builtin_mul_overflow(power, 2, &power))
			return UINT64_MAX;
	return power;
}

uint64_t wprof_args_rings_mib(const char *args, unsigned int cpus)
{
	const char *rest = args ? args : WPROF_DEFAULT_ARGS;
	uint64_t kb = DEFAULT_RING_KB, count = (cpus + CPUS_A_RING - 1) / CPUS_A_RING;
	struct option option;

	if (count < LEAST_DEFAULT_RINGS)
		count = LEAST_DEFAULT_RINGS;
	while (next_option(&rest, &option)) {
		if (option.kind == RING_KB)
			parse_number(option.value, &kb);
		else if (option.kind == RING_COUNT)
			parse_number(option.value, &count);
	}
	if (count > cpus)
		count = cpus;
	if (__builtin_mul_overflow(round_up_to_power_of_two(kb), count, &kb))
		return UINT64_MAX;
	return kb / 1024 + (kb % 1024 != 0);
}

static int refuse(const struct option *option, struct error *err, const char *why)
{
	struct word value = option->value;
	/* A value in a word of its own follows the option. */
	bool apart = value.length && (value.text < option->spelled.text ||
				      value.text > option->spelled.text + option->spelled.length);

	return error_set(err, -EINVAL, "tracer argument '%.*s%s%.*s': %s",
			 (int)option->spelled.length, option->spelled.text, apart ? " " : "",
			 apart ? (int)value.length : 0, apart ? value.text : "", why);
}

static int check_number(const struct option *option, uint64_t max, struct error *err,
			const char *why)
{
	uint64_t value;

	return parse_number(option->value, &value) && value <= max ? 0 : refuse(option, err, why);
}

int wprof_args_check(const char *args, struct error *err)
{
	const char *rest = args ? args : WPROF_DEFAULT_ARGS;
	struct option option;
	int ret = 0;

	while (!ret && next_option(&rest, &option)) {
		if (option.kind == TRACE)
			ret = refuse(&option, err,
				     "wprof writes one trace, and the launcher says where; leave "
				     "this out");
		else if (!option.value.text)
			ret = refuse(&option, err, "it needs a value");
		else if (option.kind == DURATION)
			ret = check_number(&option, DURATION_MS_MAX, err,
					   "a plain number of milliseconds is wanted, as in '-d "
					   "5000': wprof v0.4 reads 5s as 5 ms");
		else if (option.kind == RING_KB)
			ret = check_number(
				&option, RING_KB_MAX, err,
				"a plain number of KB is wanted, 1 to 2097152, as in "
				"'--ringbuf-size 65536': wprof v0.4 reads 64mb as 64 KB");
		else if (option.kind == RING_COUNT)
			ret = check_number(&option, UINT64_MAX, err,
					   "a plain number of ring buffers is wanted, 1 or more");
	}
	return ret;
}
