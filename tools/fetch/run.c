/* What was this run told, and may it go on? See run.h. */
#include "tools/fetch/run.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#define SLICE_MS 50

static volatile sig_atomic_t caught;

static void note(int number)
{
	caught = number;
}

void run_watch_signals(void)
{
	static const int watched[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action = { .sa_handler = note }, old;

	for (size_t i = 0; i < sizeof(watched) / sizeof(*watched); i++) {
		/* What a parent such as nohup has set to be ignored stays so. */
		if (sigaction(watched[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			sigaction(watched[i], &action, NULL);
	}
	signal(SIGPIPE, SIG_IGN);
}

int run_signal(void)
{
	return caught;
}

int run_check(struct error *err)
{
	if (!caught)
		return 0;
	return error_set(err, -EINTR, "ended by signal %d (%s)", (int)caught, strsignal(caught));
}

int run_again(struct run *run, unsigned int done, unsigned int tries, int ret, struct error *err)
{
	static const struct timespec slice = { .tv_nsec = SLICE_MS * 1000000L };
	long ms = run->backoff_ms << (done - 1);
	int stopped = run_check(err);

	if (stopped || tries <= 1)
		return stopped ? stopped : ret;
	if (done >= tries)
		return error_prefix(err, ret, "given up after %u tries", done);
	progress_say(&run->progress, "%s; try %u of %u in %.1f s", err->text, done + 1, tries,
		     (double)ms / 1000);
	for (; ms > 0 && !stopped; ms -= SLICE_MS) {
		nanosleep(&slice, NULL);
		stopped = run_check(err);
	}
	return stopped;
}
