/* Which commits lie between a good one and a bad one, and whose children are they? See git.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bisect/git_run.h"

static bool is_name(const char *word)
{
	size_t length = strspn(word, "0123456789abcdef");

	return !word[length] && (length == 40 || length == 64);
}

/* For bsearch over names in their order. */
struct place {
	const char *name;
	size_t index;
};

static int compare_places(const void *a, const void *b)
{
	return strcmp(((const struct place *)a)->name, ((const struct place *)b)->name);
}

/* A line of `git rev-list --parents`: the commit, then its parents. */
static int take_commit(struct git_commit *commit, char *line, const struct place *places,
		       size_t nr_places, size_t index, struct error *err)
{
	char *save, *word = strtok_r(line, " ", &save);

	while ((word = strtok_r(NULL, " ", &save))) {
		const struct place key = { word, 0 };
		const struct place *place =
			bsearch(&key, places, nr_places, sizeof(key), compare_places);
		size_t *grown;

		if (!place)
			continue; /* it is good */
		if (place->index >= index)
			return error_set(err, -EPROTO, "git lists '%s' before its parent",
					 commit->name);
		grown = reallocarray(commit->parents, commit->nr_parents + 1, sizeof(*grown));
		if (!grown)
			return error_set(err, -ENOMEM, "out of memory");
		commit->parents = grown;
		grown[commit->nr_parents++] = place->index;
	}
	return 0;
}

static size_t count_lines(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		count += *text == '\n';
	return count;
}

static int take_history(struct git_history *history, char *text, struct error *err)
{
	size_t count = count_lines(text);
	struct place *places = calloc(count + 1, sizeof(*places));
	char **lines = calloc(count + 1, sizeof(*lines)), *save;
	int ret = 0;

	history->list = calloc(count + 1, sizeof(*history->list));
	if (!places || !lines || !history->list)
		ret = error_set(err, -ENOMEM, "out of memory");
	for (char *line = ret ? NULL : strtok_r(text, "\n", &save); line && !ret;
	     line = strtok_r(NULL, "\n", &save)) {
		struct git_commit *commit = &history->list[history->count];

		snprintf(commit->name, sizeof(commit->name), "%.*s", (int)strcspn(line, " "), line);
		if (!is_name(commit->name))
			ret = error_set(err, -EPROTO, "git lists '%.60s', which is no commit",
					line);
		places[history->count] = (struct place){ commit->name, history->count };
		lines[history->count++] = line;
	}
	if (!ret)
		qsort(places, history->count, sizeof(*places), compare_places);
	for (size_t i = 0; !ret && i < history->count; i++)
		ret = take_commit(&history->list[i], lines[i], places, history->count, i, err);
	free(places);
	free(lines);
	return ret;
}

static int check_ancestor(const struct git *git, const char *good, const char *bad,
			  struct error *err)
{
	const char *const words[] = { "merge-base", "--is-ancestor", good, bad, NULL };
	const char *const base[] = { "merge-base", good, bad, NULL };
	char name[GIT_NAME_SIZE], *text;
	int ret = git_run(git, git->folder, words, NULL, err);

	if (ret != 1)
		return ret > 0 ? -EIO : ret;
	ret = git_run(git, git->folder, base, &text, err);
	if (ret > 0)
		return error_set(err, -EINVAL,
				 "the good commit %.12s and the bad one %.12s have "
				 "no history in common",
				 good, bad);
	if (!ret)
		ret = git_take_line(text, name, sizeof(name), err);
	return ret ? ret
		   : error_set(err, -EINVAL,
			       "the good commit %.12s is no ancestor of the bad one %.12s; if "
			       "their merge base is good, give --good %.12s",
			       good, bad, name);
}

int git_history_read(const struct git *git, const char *good, const char *bad, bool first_parent,
		     size_t most, struct git_history *history, struct error *err)
{
	char range[2 * GIT_NAME_SIZE + 2], *text;
	const char *const words[] = {
		"rev-list",  "--reverse", "--topo-order",
		"--parents", range,	  first_parent ? "--first-parent" : NULL,
		NULL
	};
	int ret;

	*history = (struct git_history){ 0 };
	snprintf(range, sizeof(range), "%s..%s", good, bad);
	ret = check_ancestor(git, good, bad, err);
	if (!ret)
		ret = git_ask(git, git->folder, words, &text, err);
	if (ret)
		return ret;
	if (!*text)
		ret = error_set(err, -ENODATA,
				"no commit lies between the good one %.12s and the "
				"bad one %.12s",
				good, bad);
	else if (count_lines(text) > most)
		ret = error_set(err, -E2BIG,
				"%zu commits lie between the good one and the bad one, the limit "
				"is %zu; begin with --first-parent, or with ends that are nearer",
				count_lines(text), most);
	else
		ret = take_history(history, text, err);
	free(text);
	if (ret)
		git_history_free(history);
	return ret;
}

void git_history_free(struct git_history *history)
{
	for (size_t i = 0; history->list && i < history->count; i++)
		free(history->list[i].parents);
	free(history->list);
	*history = (struct git_history){ 0 };
}
