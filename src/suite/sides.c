/* What are the two sides of `ktstr-launch ab`? See sides.h. */
#include "suite/sides.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "entry/words.h"

/* A word of a side, and the option that it is. */
static const struct key {
	const char *name, *option;
	unsigned int replaces; /* the options of this group that were said of both; 0: none */
	bool bare;	       /* its value may be left out, and is else joined to the option */
	bool is_line;	       /* its value is words itself, each one an option */
} keys[] = {
	{ "kernel", "--kernel", OPTIONS_KERNEL, false, false },
	{ "append", "--append", 0, false, false },
	{ "topology", "--topology", 0, false, false },
	{ "scheduler", "--scheduler", 0, false, false },
	{ "scheduler_args", "--scheduler-arg", 0, false, true },
	{ "wprof", "--wprof", 0, true, false },
	{ "wprof_args", "--wprof-args", 0, false, false },
};

/* @text is taken over, also on error; NULL: memory was out. */
static int add_word(struct side *side, char *text, struct error *err)
{
	char **grown = reallocarray(side->words, side->nr_words + 2, sizeof(*grown));

	if (grown)
		side->words = grown;
	if (!grown || !text) {
		free(text);
		return error_set(err, -ENOMEM, "out of memory");
	}
	grown[side->nr_words++] = text;
	grown[side->nr_words] = NULL;
	return 0;
}

static int add_option(struct side *side, const struct key *key, const char *value,
		      struct error *err)
{
	char *joined;
	int ret;

	if (key->bare && value) {
		if (asprintf(&joined, "%s=%s", key->option, value) < 0)
			joined = NULL;
		return add_word(side, joined, err);
	}
	ret = add_word(side, strdup(key->option), err);
	return ret || !value ? ret : add_word(side, strdup(value), err);
}

/* Each word of the value. */
static int add_line(struct side *side, const struct key *key, const char *value, struct error *err)
{
	const char *at = value, *end = value + strlen(value);
	char *word = malloc(strlen(value) + 1);
	int ret = 0;

	if (!word)
		return error_set(err, -ENOMEM, "out of memory");
	while (!ret && (ret = words_next(&at, end, word, err)) > 0)
		ret = add_option(side, key, word, err);
	free(word);
	return ret;
}

static const struct key *find_key(const char *word, size_t length)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strlen(keys[i].name) == length && !strncmp(keys[i].name, word, length))
			return &keys[i];
	return NULL;
}

/* @replaced: groups of options that count no more where they were said of both */
static int take_word(struct side *side, const char *word, unsigned int *replaced, struct error *err)
{
	const char *value = strchr(word, '=');
	const struct key *key = find_key(word, value ? (size_t)(value - word) : strlen(word));

	if (!key || (!value && !key->bare))
		return error_set(err, -EINVAL,
				 "'%s': takes kernel=IMG, append=\"PARAMS\", topology=NnNlNcNt, "
				 "scheduler=FILE, scheduler_args=\"ARGS\", wprof[=always] and "
				 "wprof_args=\"ARGS\"",
				 word);
	*replaced |= key->replaces;
	value += value ? 1 : 0;
	return key->is_line ? add_line(side, key, value, err) : add_option(side, key, value, err);
}

static int take_words(struct side *side, unsigned int *replaced, struct error *err)
{
	const char *at = side->said, *end = at + strlen(at);
	char *word = malloc(strlen(at) + 1);
	int ret = 0;

	if (!word)
		return error_set(err, -ENOMEM, "out of memory");
	while (!ret && (ret = words_next(&at, end, word, err)) > 0)
		ret = take_word(side, word, replaced, err);
	free(word);
	return ret;
}

/* The command line that this side alone would be: what was said of both, then its own. */
static int make_line(struct side *side, const struct run_options *both, char **argv,
		     struct error *err)
{
	unsigned int replaced = 0;
	int ret = take_words(side, &replaced, err), used = 0;

	if (ret)
		return ret;
	argv[used++] = (char *)"ab";
	for (size_t i = 0; i < both->nr_said; i++)
		if (!(both->said[i].groups & replaced))
			argv[used++] = both->said[i].text;
	for (size_t i = 0; i < side->nr_words; i++)
		argv[used++] = side->words[i];
	argv[used] = NULL;
	return used;
}

int side_parse(struct side *side, const char *what, const char *said,
	       const struct run_options *both, unsigned int groups, struct error *err)
{
	/* No more words than there are characters, twice as an option and its value. */
	char **argv = calloc(both->nr_said + 2 * strlen(said) + 4, sizeof(*argv));
	int ret;

	*side = (struct side){ .said = said };
	if (!argv)
		return error_set(err, -ENOMEM, "out of memory");
	ret = make_line(side, both, argv, err);
	if (ret > 0) {
		ret = options_parse(&side->options, groups, true, ret, argv, err);
		side->options.operands = NULL; /* a word that was none would be one */
	}
	free(argv);
	if (!ret && side->options.kernels.count > 1)
		ret = error_set(err, -EINVAL, "a side has one kernel, and not %zu",
				side->options.kernels.count);
	return ret ? error_prefix(err, ret, "%s", what) : 0;
}

void side_destroy(struct side *side)
{
	variants_destroy(&side->variants);
	kernels_close(&side->kernels);
	options_destroy(&side->options);
	for (size_t i = 0; i < side->nr_words; i++)
		free(side->words[i]);
	free(side->words);
	*side = (struct side){ 0 };
}

int sides_interleave(const struct side sides[2], struct variants *all, struct error *err)
{
	size_t count = sides[0].variants.count;

	*all = (struct variants){ .list = calloc(2 * count + 1, sizeof(*all->list)) };
	if (!all->list)
		return error_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < count; i++) {
		const struct variant *a = &sides[0].variants.list[i];
		const struct variant *b = &sides[1].variants.list[i];
		bool a_first = a->round % 2;

		if (count != sides[1].variants.count || strcmp(a->name, b->name) ||
		    a->round != b->round)
			return error_set(err, -EINVAL,
					 "the sides have not the same variants, '%s' for one",
					 a->name);
		all->list[all->count++] = a_first ? *a : *b;
		all->list[all->count++] = a_first ? *b : *a;
	}
	return 0;
}
