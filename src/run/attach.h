/*
 * How is the user's terminal attached to a guest? While the payload runs it is in raw mode: all
 * keys, Ctrl-C among them, go to the guest, but for the escape sequence. Whatever becomes of the
 * launcher, the terminal is as it was afterwards.
 */
#ifndef KTSTR_RUN_ATTACH_H
#define KTSTR_RUN_ATTACH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <termios.h>

#include "util/error.h"
#include "vmm/vmm.h"

/* Where in an escape sequence are we? As ssh has it: only at the start of a line. */
enum escape_state {
	ESCAPE_LINE_START,
	ESCAPE_TILDE,  /* a '~' there, which is held back */
	ESCAPE_ESC,    /* an ESC there: the terminal's own word, or a key such as an arrow? */
	ESCAPE_REPORT, /* and a '[' */
	ESCAPE_IN_LINE,
};

/* Bytes of one read; with what attach_escape may add they fit into one frame. */
#define ATTACH_READ_SIZE 1024

struct attach {
	struct vmm_input input; /* for the VMM; ready is the caller's */

	/* Private. */
	int fd; /* the terminal; the caller's */
	struct termios saved, raw;
	bool begun;
	pid_t restorer;
	int restorer_fd;
	uint16_t rows, columns; /* what the guest was told */
	enum escape_state escape;
	uint8_t keys[ATTACH_READ_SIZE + 1]; /* what the guest had no room for */
	size_t nr_keys;
	bool lost; /* and the user was told that more is lost */
};

/*
 * attach_open - of the terminal @fd, once we are in its foreground. Forks a process that restores
 * the terminal should we be killed, so it is to be called before there are threads. Returns 0,
 * -ENOTTY when that is no terminal, or another negative errno, with a message.
 */
int attach_open(struct attach *attach, int fd, struct error *err);

/*
 * From now on keys go to the guest, while we are in the terminal's foreground. Those typed before
 * wait in the terminal, and go first.
 */
void attach_begin(struct attach *attach);

/*
 * attach_turn - take the terminal, if we are in its foreground again; tell the guest its size if
 * that is new, and when @readable what was typed. Returns 0, or why the user is to be let go:
 * SIGINT for the escape sequence, SIGHUP when the terminal is gone.
 */
int attach_turn(struct attach *attach, struct vmm *vmm, bool readable);

/* The terminal is as it was, unless somebody else has set its modes; may be called again. */
void attach_end(struct attach *attach);

/* attach_end, and the end of the restoring process. */
void attach_close(struct attach *attach);

/*
 * attach_escape - take escape sequences out of @count typed bytes. Enter ~ . leaves, Enter ~ ~ is
 * one '~', all else is passed on as it is. What a terminal sends by itself (ESC [ 24 ; 5 R: where
 * its cursor is, which busybox asks at each prompt) leaves us at the start of the line.
 * @out: @count + 1 bytes. Returns whether to leave; *@used: how many bytes to pass on.
 */
bool attach_escape(enum escape_state *state, const uint8_t *typed, size_t count, uint8_t *out,
		   size_t *used);

#endif
