/* What does a user see while it takes its time? See progress.h. */
#include "tools/fetch/progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define BAR_EVERY_MS  100
#define LINE_EVERY_MS 5000
#define BAR_CELLS     20
#define MIB	      (1024.0 * 1024.0)

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

void progress_init(struct progress *progress, bool quiet)
{
	memset(progress, 0, sizeof(*progress));
	progress->quiet = quiet;
	progress->terminal = isatty(STDERR_FILENO);
	progress_start(progress, 0);
}

void progress_clear(struct progress *progress)
{
	if (progress->drawn)
		fputs("\r\033[K", stderr);
	progress->drawn = false;
}

void progress_hide_secrets(char *text)
{
	char *at = text;

	while ((at = strstr(at, "://"))) {
		size_t length;

		at += strlen("://");
		length = strcspn(at, "/@'\" \n");
		if (at[length] == '@')
			memset(at, '*', length);
	}
}

void progress_step(struct progress *progress, const char *fmt, ...)
{
	char line[2048];
	va_list ap;

	if (progress->quiet)
		return;
	progress_clear(progress);
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	progress_hide_secrets(line);
	fprintf(stderr, "fetch: %s\n", line);
	progress->shown_ms = now_ms();
}

void progress_start(struct progress *progress, uint64_t have)
{
	progress->start_ms = progress->shown_ms = now_ms();
	progress->start_at = have;
}

/* Is it time to show something again? */
static bool due(struct progress *progress)
{
	int64_t now = now_ms(), every = progress->terminal ? BAR_EVERY_MS : LINE_EVERY_MS;

	if (progress->quiet || now - progress->shown_ms < every)
		return false;
	progress->shown_ms = now;
	return true;
}

static void show(struct progress *progress, const char *line)
{
	struct winsize size;
	int width = 79;

	if (!progress->terminal) {
		fprintf(stderr, "%s\n", line);
		return;
	}
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1)
		width = size.ws_col - 1;
	fprintf(stderr, "\r\033[K%.*s", width, line);
	fflush(stderr);
	progress->drawn = true;
}

void progress_bytes(struct progress *progress, const char *what, uint64_t done, uint64_t total)
{
	char line[512], bar[BAR_CELLS + 1];
	double seconds, rate = 0;

	if (!due(progress))
		return;
	seconds = (double)(now_ms() - progress->start_ms) / 1000;
	if (seconds > 0 && done > progress->start_at)
		rate = (double)(done - progress->start_at) / MIB / seconds;
	if (!total || done > total) {
		snprintf(line, sizeof(line), "fetch: %s  %.1f MiB  %.1f MiB/s", what,
			 (double)done / MIB, rate);
	} else {
		int full = (int)(done * BAR_CELLS / total);

		memset(bar, '-', BAR_CELLS);
		memset(bar, '#', (size_t)full);
		bar[BAR_CELLS] = '\0';
		snprintf(line, sizeof(line), "fetch: %s %s%s%s%3d %%  %.1f of %.1f MiB  %.1f MiB/s",
			 what, progress->terminal ? "[" : "", progress->terminal ? bar : "",
			 progress->terminal ? "] " : "", (int)(done * 100 / total),
			 (double)done / MIB, (double)total / MIB, rate);
	}
	show(progress, line);
}

void progress_text(struct progress *progress, const char *what, const char *text)
{
	char line[512];

	if (!due(progress))
		return;
	snprintf(line, sizeof(line), "fetch: %s: %s", what, text);
	show(progress, line);
}
