/* How is git run, so that nothing but what was asked for takes part? See git_run.h. */
#include "tools/fetch/git_run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/fetch/child.h"
#include "tools/fetch/http.h"

#define MAX_ARGS 64

/*
 * How the settings begin that git may see, all others being dropped: what names another repository,
 * changes what git does with ours, or takes a check away. LC_ALL is our own.
 */
static const char *const kept[] = { "PATH=",	      "HOME=",	   "USER=",  "LOGNAME=",
				    "TMPDIR=",	      "XDG_",	   "LD_",    "NIX_",
				    "GIT_EXEC_PATH=", "GIT_TRACE", "KTSTR_", NULL };

/* And these, in calls that reach a server. */
static const char *const kept_to_reach[] = { "http_proxy=",
					     "https_proxy=",
					     "all_proxy=",
					     "no_proxy=",
					     "HTTP_PROXY=",
					     "HTTPS_PROXY=",
					     "ALL_PROXY=",
					     "NO_PROXY=",
					     "SSL_CERT_",
					     "CURL_CA_BUNDLE=",
					     "GIT_SSL_C",
					     "GIT_SSL_KEY=",
					     "GIT_SSL_VERSION=",
					     "GIT_PROXY_SSL_",
					     "GIT_CONFIG_",
					     "GIT_ASKPASS=",
					     "GIT_HTTP_PROXY_",
					     "GIT_SSH",
					     "GIT_CURL_VERBOSE=",
					     "SSH_",
					     "KRB5",
					     "DBUS_SESSION_BUS_ADDRESS=",
					     NULL };

static bool begins_like_one(const char *setting, const char *const *beginnings)
{
	while (*beginnings && strncmp(setting, *beginnings, strlen(*beginnings)) != 0)
		beginnings++;
	return *beginnings != NULL;
}

struct environment {
	char **settings;
	size_t count;
	bool complete; /* false: memory is out */
};

static void add(struct environment *env, const char *name, const char *value)
{
	if (asprintf(&env->settings[env->count], "%s=%s", name, value) < 0) {
		env->settings[env->count] = NULL;
		env->complete = false;
		return;
	}
	env->count++;
}

static void environment_free(struct environment *env)
{
	for (size_t i = 0; i < env->count; i++)
		free(env->settings[i]);
	free(env->settings);
}

static void environment_make(struct environment *env, const struct git *git,
			     const struct git_call *call)
{
	size_t had = 0;

	while (environ[had])
		had++;
	env->count = 0;
	env->settings = calloc(had + 16, sizeof(*env->settings));
	env->complete = env->settings != NULL;
	if (!env->complete)
		return;
	for (size_t i = 0; i < had; i++) {
		if (!begins_like_one(environ[i], kept) &&
		    !(call->protocols && begins_like_one(environ[i], kept_to_reach)))
			continue;
		env->settings[env->count] = strdup(environ[i]);
		env->complete = env->complete && env->settings[env->count];
		env->count += env->settings[env->count] != NULL;
	}
	add(env, "GIT_DIR", git->repo);
	add(env, "GIT_WORK_TREE", git->tree);
	add(env, "GIT_NO_REPLACE_OBJECTS", "1");
	add(env, "GIT_TERMINAL_PROMPT", "0");
	add(env, "GIT_ALLOW_PROTOCOL", call->protocols ? call->protocols : "none");
	add(env, "LC_ALL", "C");
	/* Nobody's name is needed; git would look for one in files, daemons and the network. */
	add(env, "GIT_COMMITTER_NAME", "fetch");
	add(env, "GIT_COMMITTER_EMAIL", "fetch@localhost");
	if (!call->protocols) {
		add(env, "GIT_CONFIG_NOSYSTEM", "1");
		add(env, "GIT_CONFIG_GLOBAL", "/dev/null");
		add(env, "GIT_ATTR_NOSYSTEM", "1");
		return;
	}
	/* No window that asks for a password; a program that the user named may answer. */
	if (!getenv("GIT_ASKPASS"))
		add(env, "GIT_ASKPASS", "false");
	if (!getenv("GIT_SSL_CAINFO") && http_ca_bundle())
		add(env, "GIT_SSL_CAINFO", http_ca_bundle());
}

int git_run(const struct git *git, struct git_call *call, const char *const *args,
	    struct error *err)
{
	/* One pack whatever its size, so that the cache has one file to keep. */
	static const char *const fixed[] = {
		"git",
		"-c",
		"core.hooksPath=/dev/null",
		"-c",
		"core.fsmonitor=false",
		"-c",
		"core.attributesFile=/dev/null",
		"-c",
		"core.bare=false",
		"-c",
		"gc.auto=0",
		"-c",
		"maintenance.auto=false",
		"-c",
		"fetch.unpackLimit=1",
		"-c",
		"transfer.unpackLimit=1",
		"-c",
		"fetch.writeCommitGraph=false",
		"-c",
		"fetch.recurseSubmodules=false",
		"-c",
		"submodule.recurse=false",
		"-c",
		"advice.detachedHead=false",
		"-c",
		"init.defaultBranch=main",
		"-c",
		"http.sslVerify=true",
		"-c",
		"http.lowSpeedLimit=1",
	};
	const char *argv[MAX_ARGS];
	char stall[64];
	struct environment env;
	struct child child = { .argv = argv, .input = call->input, .what = call->what };
	size_t count = sizeof(fixed) / sizeof(*fixed);
	int status = 0, ret;

	snprintf(stall, sizeof(stall), "http.lowSpeedTime=%ld", git->fetch->stall_s);
	memcpy(argv, fixed, sizeof(fixed));
	argv[count++] = "-c";
	argv[count++] = stall;
	for (size_t i = 0; args[i] && count < MAX_ARGS - 1; i++)
		argv[count++] = args[i];
	argv[count] = NULL;
	environment_make(&env, git, call);
	if (!env.complete) {
		ret = error_set(err, -ENOMEM, "running git: out of memory");
		goto out;
	}
	child.envp = env.settings;
	child.progress = call->what ? &git->fetch->progress : NULL;
	ret = child_run(&child, &status, err);
	call->output = child.output;
	call->output_size = child.output_size;
	if (!ret && status) {
		free(call->output);
		call->output = NULL;
		ret = error_set(err, -EIO, "git %s: %s%s", args[0],
				child.words[0] ? child.words : "it failed without a word",
				status == 127 ? "; is the package git installed?" : "");
	}
out:
	environment_free(&env);
	return ret;
}
