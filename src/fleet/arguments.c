/* Which words for sbatch does a user give? See arguments.h. */
#include "fleet/arguments.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "entry/words.h"

/* sbatch's options whose value, if they have one, is in the same word; all others take the next. */
static const char short_flags[] = "HIOQVWhkisv";
static const char *const long_flags[] = {
	"contiguous", "exclusive", "get-user-env",  "help",	  "hold",	   "ignore-pbs",
	"nice",	      "no-kill",   "no-requeue",    "overcommit", "oversubscribe", "parsable",
	"propagate",  "quiet",	   "reboot",	    "requeue",	  "share",	   "spread-job",
	"test-only",  "usage",	   "use-min-nodes", "verbose",	  "version",	   "wait",
};

static int refuse_array(const char *word, struct error *err)
{
	return error_set(err, -EINVAL,
			 "--sbatch-args: '%.100s' makes another job array, and the shards are one; "
			 "leave it out",
			 word);
}

static int refuse_cluster(const char *word, struct error *err)
{
	return error_set(err, -EINVAL,
			 "--sbatch-args: '%.100s' sends the job to another cluster, which would "
			 "then not be asked for it; leave it out, and submit on that cluster",
			 word);
}

/* Is @name, as getopt_long takes it, one of @full's first letters, and enough of them? */
static bool is_short_for(const char *name, size_t length, const char *full)
{
	return length >= 2 && length <= strlen(full) && !strncmp(name, full, length);
}

/* "--name" or "--name=value". */
static int check_long(const char *word, bool *takes_next, struct error *err)
{
	const char *name = word + 2;
	size_t length = strcspn(name, "=");

	if (is_short_for(name, length, "array"))
		return refuse_array(word, err);
	if (is_short_for(name, length, "clusters"))
		return refuse_cluster(word, err);
	*takes_next = !name[length];
	for (size_t i = 0; i < sizeof(long_flags) / sizeof(long_flags[0]); i++)
		if (is_short_for(name, length, long_flags[i]))
			*takes_next = false;
	return 0;
}

/* "-x", "-xvalue", or several: "-Hp". */
static int check_short(const char *word, bool *takes_next, struct error *err)
{
	const char *at = word + 1;

	at += strspn(at, short_flags);
	if (*at == 'a')
		return refuse_array(word, err);
	if (*at == 'M')
		return refuse_cluster(word, err);
	*takes_next = *at && !at[1];
	return 0;
}

static int check(const struct arguments *arguments, struct error *err)
{
	bool takes_next = false;

	for (size_t i = 0; i < arguments->count; i++) {
		const char *word = arguments->words[i];
		int ret;

		if (takes_next) {
			takes_next = false;
			continue;
		}
		if (*word != '-' || !word[1] || !strcmp(word, "--"))
			return error_set(err, -EINVAL,
					 "--sbatch-args: '%.100s' is no option, and sbatch would "
					 "take it for the script; leave it out",
					 word);
		ret = word[1] == '-' ? check_long(word, &takes_next, err)
				     : check_short(word, &takes_next, err);
		if (ret)
			return ret;
	}
	if (takes_next)
		return error_set(err, -EINVAL, "--sbatch-args: '%.100s' takes a value",
				 arguments->words[arguments->count - 1]);
	return 0;
}

int arguments_read(const char *line, struct arguments *arguments, struct error *err)
{
	const char *end = line + strlen(line);
	char *word;
	int ret;

	*arguments = (struct arguments){ .text = malloc(2 * strlen(line) + 2) };
	word = arguments->text;
	if (!word)
		return error_set(err, -ENOMEM, "out of memory");
	while ((ret = words_next(&line, end, word, err)) > 0) {
		if (arguments->count == ARGUMENTS_MOST) {
			ret = error_set(err, -EINVAL, "more than %d words", ARGUMENTS_MOST);
			break;
		}
		arguments->words[arguments->count++] = word;
		word += strlen(word) + 1;
	}
	ret = ret ? error_prefix(err, ret, "--sbatch-args") : check(arguments, err);
	if (ret)
		arguments_destroy(arguments);
	return ret;
}

void arguments_destroy(struct arguments *arguments)
{
	free(arguments->text);
	*arguments = (struct arguments){ .count = 0 };
}
