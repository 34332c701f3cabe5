/*
 * How does the tree of one commit, with its submodules, come out of git? See git.h.
 *
 * A commit's id is a digest of its whole tree, its .gitmodules and the ids of its submodules, and
 * git checks it: who has chosen the commit has chosen all of that.
 */
#include "tools/fetch/git.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/fetch/child.h"

#define MAX_ARGS 40
/* Whatever it failed of: git has no code that tells a slow network from a wrong name. */
#define TRIES	 2

/* What names another repository than ours, or takes a check away. */
static const char dropped[] =
	"GIT_DIR\0GIT_WORK_TREE\0GIT_INDEX_FILE\0GIT_OBJECT_DIRECTORY\0GIT_COMMON_DIR\0"
	"GIT_ALTERNATE_OBJECT_DIRECTORIES\0GIT_NAMESPACE\0GIT_PREFIX\0GIT_CONFIG\0"
	"GIT_CONFIG_PARAMETERS\0GIT_SHALLOW_FILE\0GIT_GRAFT_FILE\0GIT_ATTR_SOURCE\0"
	"GIT_REPLACE_REF_BASE\0GIT_DEFAULT_HASH\0GIT_SSL_NO_VERIFY\0LANGUAGE\0";

static void clean_environment(void)
{
	for (const char *name = dropped; *name; name += strlen(name) + 1)
		unsetenv(name);
	setenv("LC_ALL", "C", 1);
	setenv("GIT_NO_REPLACE_OBJECTS", "1", 1);
	setenv("GIT_TERMINAL_PROMPT", "0", 1);
	/* No window that asks for a password; a program that the user named may answer. */
	setenv("GIT_ASKPASS", "false", 0);
	/* No name of a user is needed; git would look for one in files and daemons. */
	setenv("GIT_COMMITTER_NAME", "fetch", 1);
	setenv("GIT_COMMITTER_EMAIL", "fetch@localhost", 1);
}

/* The user's own settings help to reach a server; nothing else is to depend on them. */
static const char *const env_local[] = { "GIT_CONFIG_NOSYSTEM=1",   "GIT_CONFIG_GLOBAL=/dev/null",
					 "GIT_CONFIG_COUNT=0",	    "GIT_ATTR_NOSYSTEM=1",
					 "GIT_ALLOW_PROTOCOL=none", NULL };
static const char *const env_online[] = { "GIT_ALLOW_PROTOCOL=https:http:ssh:file", NULL };
static const char *const env_offline[] = { "GIT_ALLOW_PROTOCOL=file", NULL };

/* git in the folder @dir. -EIO and its own words when it fails. */
static int run_git(struct run *run, struct child *child, const char *dir, const char *const *args,
		   struct error *err)
{
	char stall[64];
	const char *const settings[] = { "core.hooksPath=/dev/null",	  "core.fsmonitor=false",
					 "core.attributesFile=/dev/null", "gc.auto=0",
					 "maintenance.auto=false",	  "submodule.recurse=false",
					 "init.defaultBranch=main",	  "http.sslVerify=true",
					 "http.lowSpeedLimit=1",	  stall };
	const char *argv[MAX_ARGS] = { "git" };
	size_t count = 1;
	int ret;

	snprintf(stall, sizeof(stall), "http.lowSpeedTime=%ld", run->stall_s);
	for (size_t i = 0; i < sizeof(settings) / sizeof(*settings); i++) {
		argv[count++] = "-c";
		argv[count++] = settings[i];
	}
	argv[count++] = "-C";
	argv[count++] = dir;
	for (size_t i = 0; args[i] && count < MAX_ARGS - 1; i++)
		argv[count++] = args[i];
	argv[count] = NULL;
	child->argv = argv;
	ret = child_run(run, child, err);
	if (ret || !child->status)
		return ret;
	free(child->output);
	child->output = NULL;
	return error_set(err, -EIO, "git failed: %s%s",
			 child->words[0] ? child->words : "it did not say why",
			 child->status == 127 ? "; is the package git installed?" : "");
}

/*
 * A call that reaches no server. Of its output the first line or, of what -z makes, all of it; the
 * caller frees it.
 */
static int local_args(struct run *run, const char *dir, struct child *child,
		      const char *const *args, struct error *err)
{
	int ret;

	*child = (struct child){ .env = env_local };
	ret = run_git(run, child, dir, args, err);
	if (ret)
		return ret;
	if (strlen(child->output) == child->output_size)
		child->output[strcspn(child->output, "\n")] = '\0';
	return 0;
}

#define LOCAL(run, dir, child, err, ...)                                                           \
	local_args(run, dir, child, (const char *const[]){ __VA_ARGS__, NULL }, err)

static int fetch_once(struct run *run, const char *url, const char *id, const char *dir,
		      const char *label, struct error *err)
{
	const char *args[] = { "fetch",
			       "--progress",
			       "--depth=1",
			       "--no-tags",
			       "--no-recurse-submodules",
			       "--no-write-fetch-head",
			       "--",
			       url,
			       id,
			       NULL };
	struct child child = { .env = run->offline ? env_offline : env_online,
			       .what = label,
			       .first_word_s = run->connect_s };
	int ret = run_git(run, &child, dir, args, err);

	free(child.output);
	if (ret == -ETIMEDOUT)
		error_set(err, ret,
			  "no word from the server within %ld s; is this machine's network up, and "
			  "do https_proxy, http_proxy and no_proxy say the way out? A slow network "
			  "gets more time by KTSTR_FETCH_CONNECT_S",
			  run->connect_s);
	if (ret && ret != -EINTR)
		error_prefix(err, ret, "fetching commit %s of '%s'", id, url);
	return ret;
}

static int fetch_commit(struct run *run, const char *url, const char *id, const char *dir,
			const char *label, struct error *err)
{
	unsigned int done = 0;
	int ret;

	if (!run->offline)
		progress_say(&run->progress, "fetching %s at %.12s from %s", label, id, url);
	do {
		ret = fetch_once(run, url, id, dir, label, err);
	} while (ret && !(ret = run_again(run, ++done, run->offline ? 1 : TRIES, ret, err)));
	return ret;
}

static int source_at(struct run *run, const char *url, const char *id, const char *dir,
		     const char *label, struct error *err);

/* @setting: "submodule.NAME.url\nURL", of the repository in @dir. */
static int source_submodule(struct run *run, const char *dir, const char *setting,
			    struct error *err)
{
	const char *url = strchr(setting, '\n') + 1;
	char key[PATH_MAX], object[PATH_MAX], below[PATH_MAX], label[256];
	struct child path = { 0 }, id = { 0 };
	int ret;

	snprintf(key, sizeof(key), "%.*s.path", (int)(url - setting) - (int)strlen(".url\n"),
		 setting);
	ret = LOCAL(run, dir, &path, err, "config", "--blob", "HEAD:.gitmodules", key);
	if (ret)
		goto out;
	snprintf(label, sizeof(label), "submodule %.200s", path.output);
	if (snprintf(object, sizeof(object), "HEAD:%s", path.output) >= (int)sizeof(object) ||
	    snprintf(below, sizeof(below), "%s/%s", dir, path.output) >= (int)sizeof(below))
		ret = error_set(err, -ENAMETOOLONG, "%s: its path is too long", label);
	if (!ret)
		ret = LOCAL(run, dir, &id, err, "rev-parse", "--verify", object);
	if (!ret)
		ret = source_at(run, url, id.output, below, label, err);
out:
	free(path.output);
	free(id.output);
	return ret;
}

static int source_submodules(struct run *run, const char *url, const char *dir, struct error *err)
{
	char origin[PATH_MAX];
	struct child init = { 0 }, list = { 0 };
	int ret = 0;

	/* git writes down the URL of each that is in the tree, relative ones from where this one
	 * came. */
	if (snprintf(origin, sizeof(origin), "remote.origin.url=%s", url) >= (int)sizeof(origin))
		return error_set(err, -ENAMETOOLONG, "'%s': it is too long", url);
	ret = LOCAL(run, dir, &init, err, "-c", origin, "submodule", "--quiet", "init");
	free(init.output);
	if (!ret)
		ret = LOCAL(run, dir, &list, err, "config", "-z", "--local", "--get-regexp",
			    "^(submodule\\..*\\.url|core\\.bare)$");
	for (size_t at = 0; !ret && at < list.output_size; at += strlen(list.output + at) + 1) {
		/* core.bare is there always; without a match git config would fail. */
		if (!strncmp(list.output + at, "submodule.", strlen("submodule.")))
			ret = source_submodule(run, dir, list.output + at, err);
	}
	free(list.output);
	return ret;
}

static int source_at(struct run *run, const char *url, const char *id, const char *dir,
		     const char *label, struct error *err)
{
	struct child child;
	int ret = LOCAL(run, "/", &child, err, "init", "--quiet",
			"--template=", "--object-format=sha1", dir);

	free(child.output);
	if (!ret)
		ret = fetch_commit(run, url, id, dir, label, err);
	if (ret)
		return ret;
	ret = LOCAL(run, dir, &child, err, "checkout", "--force", "--detach", "--quiet", id, "--");
	free(child.output);
	if (!ret)
		ret = source_submodules(run, url, dir, err);
	return ret ? error_prefix(err, ret, "commit %s of '%s'", id, url) : 0;
}

int git_source(struct run *run, const char *url, const char *commit, const char *dir,
	       struct error *err)
{
	const char *end = url + strlen(url), *name;
	char label[256];

	clean_environment();
	while (end > url && end[-1] == '/')
		end--;
	for (name = end; name > url && name[-1] != '/';)
		name--;
	snprintf(label, sizeof(label), "%.*s", (int)(end - name), name);
	return source_at(run, url, commit, dir, label, err);
}
