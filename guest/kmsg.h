/*
 * What did the kernel say? /dev/kmsg (Documentation/ABI/testing/dev-kmsg), from the start, as text
 * lines, of which the newest are kept until the end.
 */
#ifndef KTSTR_GUEST_KMSG_H
#define KTSTR_GUEST_KMSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "channel.h"

#define KMSG_KEEP	(1u << 20)
/* More records than are kept, and an end also where the kernel prints faster than we read. */
#define KMSG_AT_END	65536
#define KMSG_RECORD_MAX 8192 /* a read of the kernel's never gives more */
/* Longest line that kmsg_format makes: the text, its time before it and a newline behind. */
#define KMSG_LINE_MAX	(KMSG_RECORD_MAX + 64)

struct kmsg {
	int fd;			       /* -1: there is none */
	char *kept;		       /* ring of KMSG_KEEP bytes; owned */
	uint64_t total;		       /* bytes ever put in */
	struct guest_channel *channel; /* while the window is open, else NULL */
	uint16_t type;		       /* of the window's frames */
	size_t used;		       /* of the window's bytes */
	bool is_aside; /* what is taken now is for the window alone, and not kept; the caller's */
	bool lost;     /* records were overwritten while it was open */
	char window[KTSTR_FRAME_MAX];
	char record[KMSG_RECORD_MAX];
	char line[KMSG_LINE_MAX];
};

/* kmsg_open - @fd: /dev/kmsg, O_NONBLOCK, owned from here on; may be -1. Returns 0 or -ENOMEM. */
int kmsg_open(struct kmsg *kmsg, int fd);

/* Take what is there, at most @records of them, so that a talkative kernel cannot hold us up. */
void kmsg_read(struct kmsg *kmsg, unsigned int records);

/*
 * kmsg_last_line - the last line that was taken since kmsg->total was @since and has @word in it;
 * without one, the last line of all; without its time and newline. Returns its length, 0 when there
 * is none.
 */
size_t kmsg_last_line(const struct kmsg *kmsg, uint64_t since, const char *word, char *out,
		      size_t size);

/* Send what is kept as KTSTR_KMSG frames; its first line is whole. */
void kmsg_send(const struct kmsg *kmsg, struct guest_channel *channel);

void kmsg_close(struct kmsg *kmsg);

/*
 * kmsg_window_open - from the next record on, those of the kernel itself go to the host as frames
 * of @type (KTSTR_KERNEL, KTSTR_SCHED_KERNEL) as well: when a frame is full, and at the end. What
 * is there already is taken first; it is the former window's, when that is still open.
 * @channel: needed until kmsg_window_close
 */
void kmsg_window_open(struct kmsg *kmsg, struct guest_channel *channel, uint16_t type);

/* What an open window has by now goes to the host: before a frame that is to be read with it. */
void kmsg_window_flush(struct kmsg *kmsg);

/* @send: false drops what has not been sent yet. What is there now still belongs to the window. */
void kmsg_window_close(struct kmsg *kmsg, bool send);

/* Was this record written by the kernel itself? What comes by /dev/kmsg never has its facility. */
bool kmsg_is_kernel(const char *record, size_t size);

/*
 * kmsg_format - "[    1.234567] text\n" from one record, "<6>,seq,usec,flags;text\n KEY=value\n".
 * \xHH is decoded; what a terminal would act on is dropped, and so are the KEY=value lines.
 * @out: KMSG_LINE_MAX bytes. Returns the line's length; 0 when that is no record.
 */
size_t kmsg_format(const char *record, size_t size, char *out);

#endif
