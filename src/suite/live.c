/* The one line on a terminal that tells where a suite stands. See live.h. */
#include "suite/live.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "util/terminal.h"

bool live_wanted(void)
{
	return isatty(STDERR_FILENO);
}

void live_show(const struct suite_progress *progress)
{
	struct winsize window = { 0 };
	char line[256];
	size_t size = sizeof(line);

	/* A line that wraps could not be cleared. */
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 20 &&
	    window.ws_col < size)
		size = window.ws_col;
	suite_live(line, size, progress);
	fprintf(stderr, TERMINAL_CLEAR_LINE "%s", line);
	fflush(stderr);
}

void live_clear(bool shown)
{
	if (shown)
		fputs(TERMINAL_CLEAR_LINE, stderr);
}
