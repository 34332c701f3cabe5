/* How does the tree of one commit, with its submodules, come out of git? See git.h. */
#include "tools/fetch/git.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/fetch/cache.h"
#include "tools/fetch/git_run.h"
#include "tools/fetch/http.h"
#include "tools/fetch/submodule.h"
#include "tools/fetch/workspace.h"

#define REACHED_SIZE 512

/* The trees of one call, and how many they may still become. */
struct source {
	struct fetch *fetch;
	unsigned int submodules;
	char reached[REACHED_SIZE]; /* SCHEME://HOST of the last server that a connection came to */
};

/* One commit on its way from a server or the cache to its folder. */
struct commit {
	struct fetch *fetch;
	const char *url, *id, *label;
	struct git git;
	char *reached;	     /* as in the source */
	char pack[PATH_MAX]; /* its place in the cache */
};

#define RUN(commit, call, err, ...)                                                                \
	git_run(&(commit)->git, call, (const char *const[]){ __VA_ARGS__, NULL }, err)

/* A call whose output does not matter. */
#define RUN_QUIETLY(commit, err, ...)                                                              \
	run_quietly(commit, (const char *const[]){ __VA_ARGS__, NULL }, err)

static int run_quietly(const struct commit *commit, const char *const *args, struct error *err)
{
	struct git_call call = { .input = -1 };
	int ret = git_run(&commit->git, &call, args, err);

	free(call.output);
	return ret;
}

/* All that the commit's tree needs is there; git has computed each id from what it names. */
static int check_complete(const struct commit *commit, struct error *err)
{
	char tree[64];

	snprintf(tree, sizeof(tree), "%s^{tree}", commit->id);
	return RUN_QUIETLY(commit, err, "rev-list", "--objects", "--quiet", tree, "--");
}

/* -ENOENT: it is not there, or it was damaged and is out of the way. */
static int take_from_cache(const struct commit *commit, struct error *err)
{
	struct git_call call = { .input = open(commit->pack, O_RDONLY | O_CLOEXEC) };
	int ret;

	if (call.input < 0)
		return errno == ENOENT ? -ENOENT
				       : cache_failed(error_set(err, -errno, "opening '%s': %s",
								commit->pack, strerror(errno)),
						      err);
	/* It has no ids in it: they are computed from the content, here and now. */
	ret = RUN(commit, &call, err, "index-pack", "--stdin");
	free(call.output);
	close(call.input);
	if (!ret)
		ret = check_complete(commit, err);
	if (ret != -EIO)
		return ret;
	ret = cache_set_aside(commit->fetch, commit->pack, err->text, err);
	return ret ? ret : -ENOENT;
}

/*
 * How many tries is it worth? Many when it is the network's fault, or the server's of just now. By
 * git's own words, in the C locale.
 */
static unsigned int tries_after(const char *words)
{
	static const char *const some[] = {
		"unexpected disconnect",
		"early EOF",
		"RPC failed",
		"timed out",
		"Connection refused",
		"Connection reset",
		"hung up unexpectedly",
		"returned error: 5",
		"returned error: 429",
		"Operation too slow",
		"Empty reply",
		"transfer closed",
		"bad line length",
		"the remote end hung up",
	};

	/* By another way than ours: a redirect, or names of its own. */
	if (strstr(words, "Failed to connect") || strstr(words, "Could not resolve"))
		return FETCH_CONNECT_TRIES;
	for (size_t i = 0; i < sizeof(some) / sizeof(*some); i++) {
		if (strstr(words, some[i]))
			return FETCH_TRIES;
	}
	return 1;
}

/* Where git goes for a URL, after the user's own url.*.insteadOf. */
struct server {
	char *url;
	const char *protocols; /* that this takes */
};

static int find_server(const struct commit *commit, struct server *server, struct error *err)
{
	struct git_call call = { .input = -1, .protocols = "none" };
	int ret = RUN(commit, &call, err, "ls-remote", "--get-url", commit->url);
	char *url = call.output;

	if (ret)
		return ret;
	url[strcspn(url, "\n")] = '\0';
	server->url = url;
	if (!strncasecmp(url, "https://", 8))
		server->protocols = "https";
	else if (!strncasecmp(url, "http://", 7))
		server->protocols = "http:https";
	else if (!strncasecmp(url, "file://", 7) || url[0] == '/')
		server->protocols = "file";
	else if (!strncasecmp(url, "ssh://", 6) || !strstr(url, "://"))
		server->protocols = "ssh";
	else
		ret = error_set(err, -EPROTONOSUPPORT,
				"fetching '%s': git's url.*.insteadOf makes it '%s', of which only "
				"https, http, ssh and file are supported",
				commit->url, url);
	return ret;
}

/*
 * git itself waits for a connection as long as the kernel does, which is minutes where packets are
 * dropped. Once for each server, and again after a failure.
 */
static int reach(const struct commit *commit, const struct server *server, struct error *err)
{
	struct git_call call = { .input = -1, .protocols = "none" };
	size_t length = strcspn(server->url, ":") + strlen("://");
	const char *proxy = NULL;
	bool resolved = false;
	int ret;

	length += strcspn(server->url + length, "/");
	if (!strncmp(commit->reached, server->url, length) && !commit->reached[length])
		return 0;
	/* Something matches always: git_run sets http.* itself. */
	ret = RUN(commit, &call, err, "config", "-z", "--get-urlmatch", "http", server->url);
	for (const char *at = call.output; !ret && at < call.output + call.output_size;
	     at += strlen(at) + 1) {
		if (!strncmp(at, "http.proxy\n", 11))
			proxy = at + 11;
		resolved = resolved || !strncmp(at, "http.curloptresolve\n", 20);
	}
	/* With names that git resolves for itself we would end elsewhere. */
	if (!ret && !resolved)
		ret = http_reach(commit->fetch, server->url, proxy, err);
	free(call.output);
	if (!ret)
		snprintf(commit->reached, REACHED_SIZE, "%.*s", (int)length, server->url);
	return ret;
}

static int fetch_once(const struct commit *commit, const struct server *server, unsigned int *tries,
		      struct error *err)
{
	struct git_call call = { .input = -1,
				 .protocols = server->protocols,
				 .what = commit->label };
	int ret = 0;

	*tries = 1;
	if (!strncmp(server->protocols, "http", 4))
		ret = reach(commit, server, err);
	if (ret == -EHOSTUNREACH)
		*tries = FETCH_CONNECT_TRIES;
	if (ret)
		return ret;
	progress_start(&commit->fetch->progress, 0);
	ret = RUN(commit, &call, err, "fetch", "--progress", "--depth=1", "--no-tags",
		  "--no-recurse-submodules", "--no-auto-maintenance", "--no-write-fetch-head", "--",
		  commit->url, commit->id);
	free(call.output);
	if (ret != -EIO)
		return ret;
	commit->reached[0] = '\0';
	*tries = tries_after(err->text);
	return error_prefix(err, ret, "fetching commit %s of '%s'", commit->id, commit->url);
}

/* Hard links: the pack is in the cache at once and whole, and stays where we need it. */
static int keep_in_cache(const struct commit *commit, struct error *err)
{
	char pattern[PATH_MAX];
	glob_t found;
	int ret = 0;

	snprintf(pattern, sizeof(pattern), "%s/objects/pack/pack-*.pack", commit->git.repo);
	if (glob(pattern, 0, NULL, &found))
		return error_set(err, -EIO, "fetching '%s': git left no pack in '%s'", commit->url,
				 commit->git.repo);
	/* A second one would be a git that fetches otherwise than ours: then it is not kept. */
	if (found.gl_pathc == 1 && link(found.gl_pathv[0], commit->pack) < 0 && errno != EEXIST)
		ret = cache_failed(
			error_set(err, -errno, "keeping '%s': %s", commit->pack, strerror(errno)),
			err);
	globfree(&found);
	return ret;
}

static int take_from_server(const struct commit *commit, struct error *err)
{
	struct server server = { 0 };
	unsigned int tries;
	int ret;

	ret = find_server(commit, &server, err);
	if (!ret && commit->fetch->offline && strcmp(server.protocols, "file") != 0)
		ret = error_set(err, -ENETUNREACH,
				"commit %s of '%s' is not in the cache '%s', and --offline forbids "
				"to fetch it; run once without --offline",
				commit->id, commit->url, commit->fetch->cache);
	if (ret)
		goto out;
	progress_step(&commit->fetch->progress, "fetching %s at %.12s from %s", commit->label,
		      commit->id, commit->url);
	for (unsigned int done = 1;; done++) {
		ret = fetch_once(commit, &server, &tries, err);
		if (!ret)
			break;
		ret = fetch_again(commit->fetch, done, tries, ret, err);
		if (ret)
			break;
	}
	if (!ret)
		ret = check_complete(commit, err);
	if (!ret)
		ret = keep_in_cache(commit, err);
out:
	free(server.url);
	return ret;
}

/* The commit's objects into our repository; one process a commit at a time. */
static int obtain(struct commit *commit, struct error *err)
{
	int lock, ret;

	ret = cache_path(commit->fetch, commit->pack, "git", commit->id, ".pack", err);
	if (ret)
		return ret;
	lock = cache_lock(commit->fetch, commit->id, err);
	if (lock < 0)
		return lock;
	ret = take_from_cache(commit, err);
	if (ret == -ENOENT)
		ret = take_from_server(commit, err);
	close(lock);
	return ret;
}

static int check_out(const struct commit *commit, struct error *err)
{
	struct git_call call = { .input = -1 };
	int ret;

	ret = RUN_QUIETLY(commit, err, "checkout", "--force", "--detach", "--quiet", commit->id,
			  "--");
	if (ret)
		return error_prefix(err, ret, "checking out commit %s of '%s'", commit->id,
				    commit->url);
	ret = RUN(commit, &call, err, "rev-parse", "--verify", "HEAD");
	if (ret)
		return ret;
	if (strncmp(call.output, commit->id, strlen(commit->id)) != 0)
		ret = error_set(err, -EIO,
				"'%s': %s is no commit, its checkout gave commit %.40s; give the "
				"commit's own id",
				commit->url, commit->id, call.output);
	free(call.output);
	return ret;
}

static int list_submodules(const struct commit *commit, struct submodules *list, struct error *err)
{
	struct git_call tree = { .input = -1 }, settings = { .input = -1 };
	char blob[64];
	int ret;

	ret = RUN(commit, &tree, err, "ls-tree", "-r", "-z", "--full-tree", commit->id);
	if (!ret)
		ret = submodules_read_tree(list, tree.output, tree.output_size, err);
	free(tree.output);
	if (ret || !list->count)
		return ret;
	snprintf(blob, sizeof(blob), "%s:.gitmodules", commit->id);
	if (list->has_settings)
		ret = RUN(commit, &settings, err, "config", "-z", "--no-includes", "--blob", blob,
			  "--get-regexp", "^submodule\\..*\\.(path|url)$");
	if (!ret)
		ret = submodules_read_settings(list, settings.output, settings.output_size, err);
	free(settings.output);
	return ret;
}

static int source_at(struct source *source, const char *url, const char *id, const char *label,
		     const char *dir, unsigned int depth, struct error *err);

static int source_submodules(struct source *source, const char *url, const char *dir,
			     const struct submodules *list, unsigned int depth, struct error *err)
{
	int ret = 0;

	if (list->count && depth == GIT_MAX_DEPTH)
		return error_set(err, -ELOOP, "'%s': submodules are nested deeper than %d", url,
				 GIT_MAX_DEPTH);
	for (size_t i = 0; i < list->count && !ret; i++) {
		const struct submodule *one = &list->all[i];
		char path[PATH_MAX], label[256], *resolved = NULL;

		if (++source->submodules > GIT_MAX_SUBMODULES)
			return error_set(err, -E2BIG, "'%s': more than %d submodules in all", url,
					 GIT_MAX_SUBMODULES);
		snprintf(label, sizeof(label), "submodule %.200s", one->path);
		if (snprintf(path, sizeof(path), "%s/%s", dir, one->path) >= (int)sizeof(path))
			ret = error_set(err, -ENAMETOOLONG, "submodule '%s': its path is too long",
					one->path);
		if (!ret)
			ret = submodule_url(one, url, &resolved, err);
		if (!ret)
			ret = submodule_check_folder(dir, one->path, err);
		if (!ret)
			ret = source_at(source, resolved, one->id, label, path, depth + 1, err);
		free(resolved);
	}
	return ret;
}

static int source_at(struct source *source, const char *url, const char *id, const char *label,
		     const char *dir, unsigned int depth, struct error *err)
{
	struct commit commit = { .fetch = source->fetch,
				 .url = url,
				 .id = id,
				 .label = label,
				 .reached = source->reached };
	struct submodules list = { 0 };
	char repo[PATH_MAX], tmp[PATH_MAX];
	struct workspace room;
	int ret;

	ret = cache_path(source->fetch, tmp, "tmp", "", "", err);
	if (!ret)
		ret = workspace_make(&room, tmp, "git-", err);
	if (ret)
		return cache_failed(ret, err);
	if (snprintf(repo, sizeof(repo), "%s/repo", room.path) >= (int)sizeof(repo) - 64)
		ret = error_set(err, -ENAMETOOLONG, "'%s': too long", room.path);
	commit.git = (struct git){ .fetch = source->fetch, .repo = repo, .tree = dir };
	if (!ret)
		ret = RUN_QUIETLY(&commit, err, "init", "--quiet",
				  "--template=", "--object-format=sha1");
	if (!ret)
		ret = obtain(&commit, err);
	if (!ret)
		ret = check_out(&commit, err);
	if (!ret)
		ret = list_submodules(&commit, &list, err);
	/* Before the submodules have theirs: two are never needed at once. */
	workspace_remove(&room);
	if (!ret)
		ret = source_submodules(source, url, dir, &list, depth, err);
	submodules_free(&list);
	return ret;
}

int git_source(struct fetch *fetch, const char *url, const char *commit, const char *dir,
	       struct error *err)
{
	struct source source = { .fetch = fetch };
	const char *name = url + strlen(url);
	char label[256], absolute[PATH_MAX];

	if (!realpath(dir, absolute))
		return error_set(err, -errno, "'%s': %s", dir, strerror(errno));
	while (name > url && name[-1] == '/')
		name--;
	snprintf(label, sizeof(label), "%.*s", (int)(name - url), url);
	name = strrchr(label, '/');
	memmove(label, name ? name + 1 : label, strlen(name ? name + 1 : label) + 1);
	return source_at(&source, url, commit, label, absolute, 0, err);
}
