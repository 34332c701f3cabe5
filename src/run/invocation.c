/* What the commands that run one VM for one user share: see invocation.h. */
#include "run/invocation.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "util/shell_quote.h"
#include "wprof/wprof.h"

int invocation_signals(sigset_t *old_mask, struct error *err)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	struct sigaction now;
	sigset_t set;
	int fd;

	sigemptyset(&set);
	/* What our parent had us ignore (nohup, a shell's background jobs) stays ignored. */
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (sigaction(signals[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
			sigaddset(&set, signals[i]);
	sigprocmask(SIG_BLOCK, &set, old_mask);
	/* A reader that went away is dealt with where we write. */
	signal(SIGPIPE, SIG_IGN);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd >= 0 ? fd : error_set(err, -errno, "signalfd: %s", strerror(errno));
}

static size_t add_words(const char **words, const struct option_word *said, size_t count,
			unsigned int groups)
{
	size_t used = 0;

	for (size_t i = 0; i < count; i++)
		if (said[i].groups & groups)
			words[used++] = said[i].text;
	return used;
}

char *invocation_replay(const struct run_options *options, const struct replay *replay)
{
	char self[PATH_MAX] = "ktstr-launch", tracer[PATH_MAX + 32];
	size_t used = 0, tail = 0;
	const char **words;
	char *line;
	ssize_t length;

	while (replay->tail && replay->tail[tail])
		tail++;
	/* env, the tracer, the launcher, the command and the end. */
	words = calloc(options->nr_from_environment + options->nr_said + tail + 5, sizeof(*words));
	if (!words)
		return NULL;
	length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (length > 0)
		self[length] = '\0';
	words[used++] = "env";
	if (replay->own_tracer) {
		snprintf(tracer, sizeof(tracer), "%s=%s", WPROF_PATH_VARIABLE,
			 getenv(WPROF_PATH_VARIABLE));
		words[used++] = tracer;
	}
	used += add_words(words + used, options->from_environment, options->nr_from_environment,
			  replay->groups);
	if (used == 1)
		used = 0;
	words[used++] = self;
	words[used++] = replay->command;
	used += add_words(words + used, options->said, options->nr_said, replay->groups);
	for (size_t i = 0; i < tail; i++)
		words[used++] = replay->tail[i];
	line = shell_quote(words);
	free(words);
	return line;
}

void invocation_close(struct artefacts *artefacts, const char *out_dir)
{
	bool opened = *artefacts->dir;

	artefacts_close(artefacts);
	/* Where nobody named a folder, an empty one is litter; fails, rightly, when it is not. */
	if (opened && !out_dir)
		rmdir(ARTEFACTS_DEFAULT_OUT);
}
