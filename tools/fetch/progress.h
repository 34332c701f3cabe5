/* What does a user see while it takes its time? Lines, and on a terminal one that moves. */
#ifndef KTSTR_FETCH_PROGRESS_H
#define KTSTR_FETCH_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	bool quiet;
	bool terminal;	  /* stderr is one */
	bool drawn;	  /* the line that moves stands there */
	int64_t shown_ms; /* when it was last drawn */
};

/* progress_now_ms - a clock that only runs forward. */
int64_t progress_now_ms(void);

/* progress_say - one line, now: what begins, ends or has to be known. Takes the moving line away.
 */
void progress_say(struct progress *progress, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* progress_show - draw the moving line. Only on a terminal; call it as often as you like. */
void progress_show(struct progress *progress, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* progress_clear - take the moving line away. */
void progress_clear(struct progress *progress);

/* progress_hide_secrets - what stands before a URL's @ becomes stars: many people read logs. */
void progress_hide_secrets(char *text);

#endif
