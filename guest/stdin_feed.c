/* The payload's standard input: see stdin_feed.h. */
#include "stdin_feed.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "clock.h"

/* How often to look at the inbox: while bytes come, and for a while after; else more seldom. */
#define LOOK_OFTEN_NS  (2 * CLOCK_MS)
#define LOOK_SELDOM_NS (40 * CLOCK_MS)
#define ALERT_NS       (200 * CLOCK_MS)

/* Most frames of one turn, so that the rest is not held up: all that the inbox holds. */
#define FRAMES_AT_ONCE (KTSTR_INBOX_SIZE / KTSTR_INBOX_FRAME_MAX)

int stdin_feed_open(struct session *session, int *theirs)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC))
		return -errno;
	/* Our end does not block, the payload's does. */
	fcntl(fds[1], F_SETFL, O_NONBLOCK);
	session->feed.fd = fds[1];
	*theirs = fds[0];
	return 0;
}

void stdin_feed_close(struct session *session)
{
	if (session->feed.fd >= 0)
		close(session->feed.fd);
	session->feed.fd = -1;
}

bool stdin_feed_is_full(const struct session *session)
{
	return session->feed.fd >= 0 && session->feed.sent < session->feed.used;
}

uint64_t stdin_feed_due(const struct session *session)
{
	/* A pipe that is full tells itself when it has room. */
	if (session->feed.fd < 0 || stdin_feed_is_full(session))
		return CLOCK_NEVER;
	return session->feed.look_ns;
}

/* Returns false when the pipe takes no more for now, or for ever. */
static bool pass_on(struct session *session)
{
	struct stdin_feed *feed = &session->feed;

	while (feed->sent < feed->used) {
		ssize_t count = write(feed->fd, feed->bytes + feed->sent, feed->used - feed->sent);

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0 && errno != EAGAIN) /* EPIPE: nobody has the other end */
			stdin_feed_close(session);
		if (count <= 0)
			return false;
		feed->sent += (uint32_t)count;
	}
	return true;
}

/* One frame; false when there is none, or there is no more to be done. */
static bool take_frame(struct session *session)
{
	struct stdin_feed *feed = &session->feed;
	uint32_t length;
	uint16_t type;
	int ret = guest_channel_receive(session->channel, &type, feed->bytes, &length);

	if (ret < 0)
		guest_channel_log(session->channel,
				  "the channel's inbox was written by someone else: the payload's "
				  "standard input ends here");
	if (ret < 0 || (ret > 0 && type == KTSTR_STDIN && !length))
		stdin_feed_close(session);
	if (ret <= 0 || session->feed.fd < 0)
		return false;
	feed->sent = 0;
	feed->used = type == KTSTR_STDIN ? length : 0;
	return true;
}

void stdin_feed_turn(struct session *session, uint64_t now, bool room)
{
	struct stdin_feed *feed = &session->feed;
	bool taken = false;

	if (feed->fd < 0 || (now < feed->look_ns && !room))
		return;
	for (unsigned int i = 0; i < FRAMES_AT_ONCE && pass_on(session); i++) {
		if (!take_frame(session))
			break;
		taken = true;
	}
	/* The host waits for room. */
	if (taken) {
		feed->alert_ns = now + ALERT_NS;
		session->channel->doorbell(session->channel);
	}
	feed->look_ns = now + (now < feed->alert_ns ? LOOK_OFTEN_NS : LOOK_SELDOM_NS);
}
