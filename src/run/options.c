/* What did the user ask for? See options.h. */
#include "run/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/options_table.h"
#include "util/nearest.h"

#define DEFAULT_MEMORY_WAIT_MS 60000
/* Other variants of a suite, which may be long, are waited for as well. */
#define DEFAULT_PIN_WAIT_MS    3600000
#define DEFAULT_CONFIDENCE     0.95
#define DEFAULT_MAX_RUNS       2000
#define DEFAULT_RATE_WIDTH     0.1
#define DEFAULT_MAX_REPEAT     500

/* What getopt returns for an option of the table: its index and this, above all letters. */
#define FIRST_ID 256

static bool takes(unsigned int groups, const struct option_definition *definition)
{
	return definition->groups & (groups | OPTIONS_COMMON);
}

bool options_next(unsigned int groups, size_t *position, struct option_info *out)
{
	while (*position < nr_option_definitions) {
		const struct option_definition *definition = &option_definitions[(*position)++];

		if (!takes(groups, definition))
			continue;
		*out = (struct option_info){ definition->name, definition->letter,
					     definition->value, definition->variable,
					     definition->help };
		return true;
	}
	return false;
}

static int set(struct run_options *options, const struct option_definition *definition,
	       const char *what, const char *value, struct error *err)
{
	const struct option_said said = { options, (char *)options + definition->offset, what,
					  value, err };

	return definition->set(&said);
}

static struct option_list *list_of(struct run_options *options,
				   const struct option_definition *definition)
{
	return (struct option_list *)((char *)options + definition->offset);
}

/* @text: owned by the list, also on error; NULL: memory was out. */
static int add_word(struct option_word **words, size_t *count, char *text, unsigned int groups,
		    struct error *err)
{
	struct option_word *grown = reallocarray(*words, *count + 1, sizeof(*grown));

	if (grown)
		*words = grown;
	if (!grown || !text) {
		free(text);
		return error_set(err, -ENOMEM, "out of memory");
	}
	grown[(*count)++] = (struct option_word){ text, groups };
	return 0;
}

static int parse_environment(struct run_options *options, unsigned int groups, struct error *err)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < nr_option_definitions; i++) {
		const struct option_definition *definition = &option_definitions[i];
		const char *name = definition->variable;
		const char *value = name ? getenv(name) : NULL;
		char *word;

		if (!value || !*value || !takes(groups, definition))
			continue;
		if (asprintf(&word, "%s=%s", name, value) < 0)
			word = NULL;
		ret = add_word(&options->from_environment, &options->nr_from_environment, word,
			       definition->groups, err);
		if (!ret)
			ret = set(options, definition, name, value, err);
		if (option_is_list(definition))
			list_of(options, definition)->of_environment = true;
	}
	return ret;
}

/* What getopt is given: the groups' options in their long and their short form. */
struct getopt_table {
	struct option *options; /* owned */
	char letters[128];
};

static int make_getopt(struct getopt_table *table, unsigned int groups, bool mixed,
		       struct error *err)
{
	size_t used = 0;
	char *letter;

	table->options = calloc(nr_option_definitions + 1, sizeof(*table->options));
	if (!table->options)
		return error_set(err, -ENOMEM, "out of memory");
	/* '+': what follows the payload's name is the payload's; ':': the messages are ours. */
	letter = stpcpy(table->letters, mixed ? ":" : "+:");
	for (size_t i = 0; i < nr_option_definitions; i++) {
		const struct option_definition *definition = &option_definitions[i];
		const char *value = definition->value;

		if (!takes(groups, definition))
			continue;
		table->options[used++] = (struct option){
			.name = definition->name,
			.has_arg = !value	   ? no_argument
				   : *value == '[' ? optional_argument
						   : required_argument,
			.val = FIRST_ID + (int)i,
		};
		if (!definition->letter)
			continue;
		*letter++ = definition->letter;
		letter = stpcpy(letter, !value ? "" : *value == '[' ? "::" : ":");
	}
	return 0;
}

/* The option that getopt found; NULL for ':' and '?'. */
static const struct option_definition *find(unsigned int groups, int id)
{
	if (id >= FIRST_ID)
		return &option_definitions[id - FIRST_ID];
	for (size_t i = 0; id != ':' && i < nr_option_definitions; i++)
		if (option_definitions[i].letter == id && takes(groups, &option_definitions[i]))
			return &option_definitions[i];
	return NULL;
}

/* For nearest_name; @data: the getopt_table. */
static const char *name_of(const void *data, size_t i)
{
	return ((const struct getopt_table *)data)->options[i].name;
}

/* A long option that is none: two may begin so, or one may be meant. */
static int refuse_long(const struct getopt_table *table, const char *word, struct error *err)
{
	const char *name = word + strlen("--"), *first = NULL, *meant;
	size_t length = strcspn(name, "=");

	for (const struct option *option = table->options; length && option->name; option++) {
		if (strncmp(option->name, name, length) != 0)
			continue;
		if (first)
			return error_set(err, -EINVAL,
					 "option '%s': it may be --%s or --%s; give more of it",
					 word, first, option->name);
		first = option->name;
	}
	meant = nearest_name(name, length, name_of, table);
	if (meant)
		return error_set(err, -EINVAL, "option '%s': not known (did you mean '--%s'?)",
				 word, meant);
	return error_set(err, -EINVAL, "option '%s': not known", word);
}

/* Why getopt did not like it: ':' for a value that is missing, '?' for all else. */
static int refuse(const struct getopt_table *table, int id, const char *word, struct error *err)
{
	char letter[] = { '-', (char)optopt, '\0' };

	if (!optopt && !strncmp(word, "--", strlen("--")))
		return refuse_long(table, word, err);
	if (optopt > 0 && optopt < FIRST_ID)
		word = letter;
	if (id == ':')
		return error_set(err, -EINVAL, "option '%s' needs a value", word);
	if (optopt >= FIRST_ID)
		return error_set(err, -EINVAL, "option '%s': takes no value", word);
	return error_set(err, -EINVAL, "option '%s': not known", word);
}

/* For the replay line; each option as one or two words. */
static int remember(struct run_options *options, const struct option_definition *definition,
		    const char *value, struct error *err)
{
	bool joined = definition->value && *definition->value == '[' && value;
	char *word;
	int ret;

	if (asprintf(&word, "--%s%s%s", definition->name, joined ? "=" : "", joined ? value : "") <
	    0)
		word = NULL;
	ret = add_word(&options->said, &options->nr_said, word, definition->groups, err);
	if (ret || !value || joined)
		return ret;
	return add_word(&options->said, &options->nr_said, strdup(value), definition->groups, err);
}

static int parse_words(struct run_options *options, unsigned int groups,
		       const struct getopt_table *table, int argc, char **argv, struct error *err)
{
	int id, ret = 0;

	/* 0: getopt forgets what it may have begun with other words. */
	optind = 0;
	while (!ret && (id = getopt_long(argc, argv, table->letters, table->options, NULL)) != -1) {
		const struct option_definition *definition = find(groups, id);
		char what[64];

		if (!definition)
			return refuse(table, id, argv[optind - 1], err);
		/* What is said here replaces the variable's. */
		if (option_is_list(definition) && list_of(options, definition)->of_environment)
			*list_of(options, definition) =
				(struct option_list){ .items =
							      list_of(options, definition)->items };
		snprintf(what, sizeof(what), "--%s", definition->name);
		ret = set(options, definition, what, optarg, err);
		if (!ret && !option_makes_file(definition))
			ret = remember(options, definition, optarg, err);
	}
	return ret;
}

int options_parse(struct run_options *options, unsigned int groups, bool mixed, int argc,
		  char **argv, struct error *err)
{
	struct getopt_table table = { 0 };
	int ret;

	*options = (struct run_options){ .timeout_scale = 1,
					 .memory_wait_ms = DEFAULT_MEMORY_WAIT_MS,
					 .pin_wait_ms = DEFAULT_PIN_WAIT_MS,
					 .repeat = 1,
					 .rate_width = DEFAULT_RATE_WIDTH,
					 .max_repeat = DEFAULT_MAX_REPEAT,
					 .confidence = DEFAULT_CONFIDENCE,
					 .build_cost = -1,
					 .max_runs = DEFAULT_MAX_RUNS };
	ret = make_getopt(&table, groups, mixed, err);
	if (!ret)
		ret = parse_environment(options, groups, err);
	if (!ret)
		ret = parse_words(options, groups, &table, argc, argv, err);
	free(table.options);
	if (!ret && optind < argc)
		options->operands = (const char *const *)argv + optind;
	if (options->kernels.count)
		options->kernel = options->kernels.items[options->kernels.count - 1];
	return ret;
}

static void free_words(struct option_word *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(words[i].text);
	free(words);
}

void options_destroy(struct run_options *options)
{
	free_words(options->from_environment, options->nr_from_environment);
	free_words(options->said, options->nr_said);
	entry_includes_free(options->includes, options->nr_includes);
	entry_modules_free(options->modules, options->nr_modules);
	patterns_free(&options->allow_splat);
	free(options->kernels.items);
	free(options->scheduler_args.items);
	free(options->setup.items);
	free(options->env.items);
	free(options->filters.items);
	free(options->excludes.items);
	*options = (struct run_options){ 0 };
}
