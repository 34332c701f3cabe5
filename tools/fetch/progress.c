/* What does a user see while it takes its time? See progress.h. */
#include "tools/fetch/progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define DRAW_EVERY_MS 100

int64_t progress_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
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

void progress_clear(struct progress *progress)
{
	if (progress->drawn)
		fputs("\r\033[K", stderr);
	progress->drawn = false;
}

void progress_say(struct progress *progress, const char *fmt, ...)
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
}

void progress_show(struct progress *progress, const char *fmt, ...)
{
	int64_t now = progress_now_ms();
	struct winsize size;
	char line[512];
	int width = 79;
	va_list ap;

	if (progress->quiet || !progress->terminal || now - progress->shown_ms < DRAW_EVERY_MS)
		return;
	progress->shown_ms = now;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	progress_hide_secrets(line);
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 8)
		width = size.ws_col - 1;
	fprintf(stderr, "\r\033[Kfetch: %.*s", width - 7, line);
	fflush(stderr);
	progress->drawn = true;
}
