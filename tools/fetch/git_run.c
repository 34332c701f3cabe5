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

/* These name another repository, or change what git does with ours. */
static const char *const dropped[] = {
	"GIT_DIR",
	"GIT_WORK_TREE",
	"GIT_INDEX_FILE",
	"GIT_OBJECT_DIRECTORY",
	"GIT_ALTERNATE_OBJECT_DIRECTORIES",
	"GIT_COMMON_DIR",
	"GIT_NAMESPACE",
	"GIT_PREFIX",
	"GIT_CONFIG",
	"GIT_GRAFT_FILE",
	"GIT_SHALLOW_FILE",
	"GIT_REPLACE_REF_BASE",
	"GIT_NO_REPLACE_OBJECTS",
	"GIT_IMPLICIT_WORK_TREE",
	"GIT_INTERNAL_SUPER_PREFIX",
	"GIT_TEMPLATE_DIR",
	"GIT_DEFAULT_HASH",
	"GIT_DEFAULT_REF_FORMAT",
	"GIT_LITERAL_PATHSPECS",
	"GIT_GLOB_PATHSPECS",
	"GIT_NOGLOB_PATHSPECS",
	"GIT_ICASE_PATHSPECS",
	"GIT_ALLOW_PROTOCOL",
	"GIT_PROTOCOL_FROM_USER",
	"GIT_SSL_NO_VERIFY",
	"GIT_HTTP_LOW_SPEED_LIMIT",
	"GIT_HTTP_LOW_SPEED_TIME",
	"GIT_TERMINAL_PROMPT",
	"GIT_ATTR_SOURCE",
	"GIT_COMMITTER_NAME",
	"GIT_COMMITTER_EMAIL",
	"LC_ALL",
	"LANGUAGE",
};

/* These are settings of the user's, for calls that reach a server only. */
static const char *const dropped_local[] = {
	"GIT_CONFIG_PARAMETERS", "GIT_CONFIG_COUNT",	"GIT_CONFIG_GLOBAL",
	"GIT_CONFIG_SYSTEM",	 "GIT_CONFIG_NOSYSTEM", "GIT_ATTR_NOSYSTEM",
};

static bool is_one_of(const char *setting, const char *const *names, size_t count)
{
	size_t length = strcspn(setting, "=");

	for (size_t i = 0; i < count; i++) {
		if (strlen(names[i]) == length && !strncmp(setting, names[i], length))
			return true;
	}
	return false;
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
		char *equals = strchr(environ[i], '=');

		if (!equals || is_one_of(environ[i], dropped, sizeof(dropped) / sizeof(*dropped)) ||
		    (!call->protocols && is_one_of(environ[i], dropped_local,
						   sizeof(dropped_local) / sizeof(*dropped_local))))
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
