/* Was this run asked to end? See interrupt.h. */
#include "tools/fetch/interrupt.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>

static const int watched[] = { SIGINT, SIGTERM, SIGHUP };

static volatile sig_atomic_t caught;

static void note(int number)
{
	caught = number;
}

void interrupt_watch(void)
{
	struct sigaction action = { .sa_handler = note }, old;

	for (size_t i = 0; i < sizeof(watched) / sizeof(*watched); i++) {
		/* What a parent such as nohup has set to be ignored stays so. */
		if (sigaction(watched[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			sigaction(watched[i], &action, NULL);
	}
	signal(SIGPIPE, SIG_IGN);
}

int interrupt_signal(void)
{
	return caught;
}

int interrupt_check(struct error *err)
{
	if (!caught)
		return 0;
	return error_set(err, -EINTR, "ended by signal %d (%s)", (int)caught, strsignal(caught));
}

void interrupt_reset(void)
{
	/* Handlers go away by exec; what is ignored does not. */
	signal(SIGPIPE, SIG_DFL);
}
