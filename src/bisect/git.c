/* What does the user's repository hold? See git.h. */
#include "bisect/git.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/tool.h"

#define MAX_WORDS 16

/* In a working tree's folder of the repository: it is one of ours. */
#define MARKER "ktstr-bisect"

/* Why git failed: its first line that says so, which advice follows; or else its last one. */
static const char *reason_in(char *text)
{
	static const char fatal[] = "fatal: ";
	char *save, *line = NULL;

	for (char *next = strtok_r(text, "\n", &save); next; next = strtok_r(NULL, "\n", &save)) {
		line = next;
		if (!strncmp(line, fatal, strlen(fatal)))
			break;
	}
	return line ? line : "it does not say why";
}

/*
 * Run git in @folder with these words. @out: what it printed, owned by the caller; or NULL.
 * Returns its exit status, or a negative errno with a message.
 */
static int run_git(const struct git *git, const char *folder, const char *const *words, char **out,
		   struct error *err)
{
	/* is_ours knows absolute paths. */
	static const char *const always[] = { "git",
					      "-c",
					      "core.hooksPath=/dev/null",
					      "-c",
					      "advice.detachedHead=false",
					      "-c",
					      "worktree.useRelativePaths=false" };
	const size_t nr_always = sizeof(always) / sizeof(always[0]);
	const char *argv[sizeof(always) / sizeof(always[0]) + MAX_WORDS + 1] = { NULL };
	const struct tool tool = {
		.argv = argv, .folder = folder, .cancel_fd = git->cancel_fd, .most = SIZE_MAX - 1
	};
	struct tool_said said;
	int ret;

	memcpy(argv, always, sizeof(always));
	for (size_t i = 0; i < MAX_WORDS && words[i]; i++)
		argv[nr_always + i] = words[i];
	ret = tool_run(&tool, &said, err);
	if (ret == -ENOENT)
		error_set(err, ret, "'git' in '%s': %s; is it installed, and the folder there?",
			  folder, strerror(ENOENT));
	if (!ret && said.status) {
		error_set(err, -EIO, "git %s: %.299s", words[0], reason_in(said.errors));
		ret = said.status;
	}
	if (!ret && out) {
		*out = said.out;
		said.out = NULL;
	}
	tool_said_destroy(&said);
	return ret;
}

/* The same, where any status but 0 is an error. */
static int ask_git(const struct git *git, const char *folder, const char *const *words, char **out,
		   struct error *err)
{
	int ret = run_git(git, folder, words, out, err);

	return ret > 0 ? -EIO : ret;
}

/* The one line that git is to have printed. */
static int take_line(char *text, char *line, size_t size, struct error *err)
{
	size_t length = strcspn(text, "\n");
	int ret = 0;

	if (!length || length >= size)
		ret = error_set(err, -EPROTO, "git's answer '%.60s' is not what was asked for",
				text);
	else
		snprintf(line, size, "%.*s", (int)length, text);
	free(text);
	return ret;
}

int git_open(struct git *git, const char *folder, int cancel_fd, struct error *err)
{
	const char *const words[] = { "rev-parse", "--path-format=absolute", "--git-common-dir",
				      NULL };
	char *text;
	int ret;

	*git = (struct git){ .folder = folder, .cancel_fd = cancel_fd };
	ret = ask_git(git, folder, words, &text, err);
	if (ret)
		return ret == -EINTR ? ret : error_prefix(err, ret, "repository '%s'", folder);
	ret = take_line(text, git->common, sizeof(git->common), err);
	/* An older git repeats the option that it does not know. */
	if (!ret && git->common[0] != '/')
		ret = error_set(err, -ENOSYS,
				"git does not tell where the repository '%s' lies: 2.31 or a newer "
				"one is needed; see git --version",
				folder);
	return ret;
}

int git_resolve(const struct git *git, const char *revision, char name[GIT_NAME_SIZE],
		struct error *err)
{
	char commit[512], *text;
	const char *const words[] = { "rev-parse",	  "--verify", "--quiet",
				      "--end-of-options", commit,     NULL };
	int ret;

	if (snprintf(commit, sizeof(commit), "%s^{commit}", revision) >= (int)sizeof(commit))
		return error_set(err, -EINVAL, "'%.60s...': too long for a commit's name",
				 revision);
	ret = run_git(git, git->folder, words, &text, err);
	if (ret > 0)
		return error_set(err, -ENOENT, "'%s': no commit of the repository '%s'", revision,
				 git->folder);
	return ret ? ret : take_line(text, name, GIT_NAME_SIZE, err);
}

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
	int ret = run_git(git, git->folder, words, NULL, err);

	if (ret != 1)
		return ret > 0 ? -EIO : ret;
	ret = run_git(git, git->folder, base, &text, err);
	if (ret > 0)
		return error_set(err, -EINVAL,
				 "the good commit %.12s and the bad one %.12s have "
				 "no history in common",
				 good, bad);
	if (!ret)
		ret = take_line(text, name, sizeof(name), err);
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
		ret = ask_git(git, git->folder, words, &text, err);
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

void git_subject(const struct git *git, const char *name, char *subject, size_t size)
{
	const char *const words[] = {
		"log", "-1", "--no-show-signature", "--format=%s", name, NULL
	};
	struct git quiet = *git;
	struct error err;
	char *text;

	*subject = '\0';
	/* The last words are said also to one who has pressed Ctrl-C. */
	quiet.cancel_fd = -1;
	if (ask_git(&quiet, git->folder, words, &text, &err))
		return;
	snprintf(subject, size, "%.*s", (int)strcspn(text, "\n"), text);
	free(text);
}

/* What @tree has of its own in the repository, where its .git leads. */
static int find_own_folder(const struct git *git, const char *tree, char own[PATH_MAX],
			   struct error *err)
{
	char path[PATH_MAX + 8], link[PATH_MAX + 16] = "", expected[PATH_MAX + 32];
	FILE *file;

	snprintf(path, sizeof(path), "%s/.git", tree);
	snprintf(expected, sizeof(expected), "gitdir: %s/worktrees/", git->common);
	file = fopen(path, "re");
	if (file) {
		if (!fgets(link, sizeof(link), file))
			*link = '\0';
		fclose(file);
	}
	link[strcspn(link, "\n")] = '\0';
	if (strncmp(link, expected, strlen(expected)) != 0 ||
	    snprintf(own, PATH_MAX, "%s", link + strlen("gitdir: ")) >= PATH_MAX - NAME_MAX)
		return error_set(err, -EEXIST,
				 "folder '%s': no working tree that was added to '%s'; remove it, "
				 "or give another --state",
				 tree, git->common);
	return 0;
}

/*
 * Is @tree one that we have made? In any other folder git would look further up for a repository,
 * and change the user's own working tree; and another one that was added to the repository is the
 * user's as well. Returns 1, 0: it is not there, or a negative errno.
 */
static int is_ours(const struct git *git, const char *tree, char own[PATH_MAX], struct error *err)
{
	char path[PATH_MAX + NAME_MAX];
	int ret;

	if (access(tree, F_OK))
		return 0;
	ret = find_own_folder(git, tree, own, err);
	if (ret)
		return ret;
	snprintf(path, sizeof(path), "%s/" MARKER, own);
	if (access(path, F_OK))
		return error_set(err, -EEXIST,
				 "folder '%s': a working tree that no bisection has made; give "
				 "another --state, or have git remove it: git worktree remove '%s'",
				 tree, tree);
	return 1;
}

/* An empty one, which git's checkout fills. */
static int add_tree(const struct git *git, const char *tree, const char *name, char own[PATH_MAX],
		    struct error *err)
{
	/* Twice: the folder of an earlier one may be gone, and git remembers it. */
	const char *const add[] = { "worktree", "add",	   "--no-checkout",
				    "--detach", "--force", "--force",
				    tree,	name,	   NULL };
	char path[PATH_MAX + NAME_MAX];
	int ret = ask_git(git, git->folder, add, NULL, err), fd;

	if (!ret)
		ret = find_own_folder(git, tree, own, err);
	if (ret)
		return ret;
	snprintf(path, sizeof(path), "%s/" MARKER, own);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0)
		return error_set(err, -errno, "'%s': %s", path, strerror(errno));
	close(fd);
	return 0;
}

/* What a git that was killed has left: no other one works there, as the state folder is locked. */
static void remove_stale_locks(const char *own)
{
	static const char *const locks[] = { "index.lock", "HEAD.lock" };
	char path[PATH_MAX + NAME_MAX];

	for (size_t i = 0; i < sizeof(locks) / sizeof(locks[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", own, locks[i]);
		unlink(path);
	}
}

int git_checkout(const struct git *git, const char *tree, const char *name, struct error *err)
{
	const char *const move[] = { "checkout", "--detach", "--force", "--quiet", name, NULL };
	char own[PATH_MAX];
	int there = is_ours(git, tree, own, err);

	if (!there)
		there = add_tree(git, tree, name, own, err);
	if (there < 0)
		return there;
	remove_stale_locks(own);
	return ask_git(git, tree, move, NULL, err);
}
