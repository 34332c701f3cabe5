/* What does a user see while it takes its time? A bar on a terminal, a few lines elsewhere. */
#ifndef KTSTR_FETCH_PROGRESS_H
#define KTSTR_FETCH_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	bool quiet;
	bool terminal;	   /* stderr is one */
	bool drawn;	   /* an unfinished line stands there */
	int64_t shown_ms;  /* when the last line or bar was shown */
	int64_t start_ms;  /* of this transfer */
	uint64_t start_at; /* its bytes that were there before */
};

void progress_init(struct progress *progress, bool quiet);

/* progress_step - one line, now: what begins, ends or has to be known. */
void progress_step(struct progress *progress, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* progress_hide_secrets - what stands before the @ of a URL becomes stars: logs are read by many.
 */
void progress_hide_secrets(char *text);

/* progress_start - a transfer begins, of which @have bytes are there already. */
void progress_start(struct progress *progress, uint64_t have);

/* progress_bytes - how far it is; @total is 0 when it is not known. Call it as often as you like.*/
void progress_bytes(struct progress *progress, const char *what, uint64_t done, uint64_t total);

/* progress_text - the same, in another program's words. */
void progress_text(struct progress *progress, const char *what, const char *text);

/* progress_clear - the bar goes away. */
void progress_clear(struct progress *progress);

#endif
