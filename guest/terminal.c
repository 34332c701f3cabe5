/* The payload's terminal: see terminal.h. */
#include "terminal.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "clock.h"
#include "pty.h"

/*
 * How often to look at the inbox: while keys come, and for a while after, so often that no typist
 * sees it; else as often as nobody feels it at the first key. A look is one cache line.
 */
#define LOOK_OFTEN_NS  (5 * CLOCK_MS)
#define LOOK_SELDOM_NS (40 * CLOCK_MS)
#define ALERT_NS       (2 * CLOCK_S)

/* Most frames of one turn, so that the rest is not held up. */
#define FRAMES_AT_ONCE 16

/*
 * The most output on its way: all of it comes before the user sees what his Ctrl-C has done. And a
 * ring that is full would have init wait for room, and look for no keys.
 */
#define AHEAD_MAX (64 << 10)

static bool is_open(const struct session *session)
{
	return session->job->tty && session->out.fd >= 0;
}

/* What the terminal does not take now it is offered again: never wait for a payload to read. */
static void type_keys(struct session *session)
{
	struct terminal *terminal = &session->terminal;

	while (terminal->sent < terminal->used) {
		ssize_t count = write(session->out.fd, terminal->keys + terminal->sent,
				      terminal->used - terminal->sent);

		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0 && (count == 0 || errno == EAGAIN))
			return;
		if (count < 0) { /* nobody has the other end: the keys are for no one */
			terminal->sent = terminal->used;
			return;
		}
		terminal->sent += (uint32_t)count;
	}
}

static void resize(struct session *session, uint32_t length)
{
	struct terminal *terminal = &session->terminal;
	struct winsize size = { 0 };
	struct ktstr_resize asked;

	if (length != sizeof(asked))
		return;
	memcpy(&asked, terminal->keys, sizeof(asked));
	size.ws_row = asked.rows;
	size.ws_col = asked.columns;
	/* The kernel sends SIGWINCH to the foreground, if that is another size. */
	ioctl(session->out.fd, TIOCSWINSZ, &size);
}

/* One frame; false when there is none, or the terminal takes no more. */
static bool take_frame(struct session *session)
{
	struct terminal *terminal = &session->terminal;
	uint32_t length;
	uint16_t type;
	int ret;

	type_keys(session);
	if (terminal->sent < terminal->used)
		return false;
	/* Whatever it is, it is read into the place of the keys, of which there are none now. */
	terminal->used = terminal->sent = 0;
	ret = guest_channel_receive(session->channel, &type, terminal->keys, &length);
	if (ret < 0) {
		terminal->broken = true;
		guest_channel_log(session->channel,
				  "the channel's inbox was written by someone else: the terminal "
				  "takes no more input");
	}
	if (ret <= 0)
		return false;
	if (type == KTSTR_KEYS)
		terminal->used = length;
	else if (type == KTSTR_RESIZE)
		resize(session, length);
	type_keys(session);
	return true;
}

/* What is left when the payload has ended is not much, and nobody else stops it. */
bool terminal_is_ahead(const struct session *session)
{
	return is_open(session) && session->payload.running &&
	       guest_channel_unread(session->channel) >= AHEAD_MAX;
}

uint64_t terminal_due(const struct session *session)
{
	uint64_t soon = terminal_is_ahead(session) ? clock_boottime_ns() + LOOK_OFTEN_NS
						   : CLOCK_NEVER;

	if (!is_open(session) || session->terminal.broken || soon < session->terminal.look_ns)
		return soon;
	return session->terminal.look_ns;
}

void terminal_turn(struct session *session, uint64_t now)
{
	struct terminal *terminal = &session->terminal;

	if (!is_open(session) || terminal->broken || now < terminal->look_ns)
		return;
	for (int i = 0; i < FRAMES_AT_ONCE && take_frame(session); i++)
		terminal->alert_ns = now + ALERT_NS;
	terminal->look_ns = now + (now < terminal->alert_ns ? LOOK_OFTEN_NS : LOOK_SELDOM_NS);
}

int terminal_open(struct session *session, int *theirs)
{
	int ours = pty_open(theirs);

	if (ours < 0) {
		guest_channel_log(
			session->channel,
			"no terminal for the payload: %s; the guest kernel needs " PTY_NEEDS,
			strerror(-ours));
		return ours;
	}
	session->out.fd = ours;
	/* The size, which the host sends first; keys when there is somebody whom Ctrl-C can reach.
	 */
	take_frame(session);
	return 0;
}
