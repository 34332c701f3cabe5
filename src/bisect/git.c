/* How is git asked, and what does the user's repository call a commit? See git.h. */
#include "bisect/git.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bisect/git_run.h"
#include "util/tool.h"

#define MAX_WORDS 16

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

int git_run(const struct git *git, const char *folder, const char *const *words, char **out,
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

int git_ask(const struct git *git, const char *folder, const char *const *words, char **out,
	    struct error *err)
{
	int ret = git_run(git, folder, words, out, err);

	return ret > 0 ? -EIO : ret;
}

int git_take_line(char *text, char *line, size_t size, struct error *err)
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
	ret = git_ask(git, folder, words, &text, err);
	if (ret)
		return ret == -EINTR ? ret : error_prefix(err, ret, "repository '%s'", folder);
	ret = git_take_line(text, git->common, sizeof(git->common), err);
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
	ret = git_run(git, git->folder, words, &text, err);
	if (ret > 0)
		return error_set(err, -ENOENT, "'%s': no commit of the repository '%s'", revision,
				 git->folder);
	return ret ? ret : git_take_line(text, name, GIT_NAME_SIZE, err);
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
	if (git_ask(&quiet, git->folder, words, &text, &err))
		return;
	snprintf(subject, size, "%.*s", (int)strcspn(text, "\n"), text);
	free(text);
}
