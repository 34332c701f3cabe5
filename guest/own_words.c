/* What can only a guest that lives say of its failure? See own_words.h. */
#include "own_words.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/klog.h>
#include <unistd.h>

#include "clock.h"
#include "kmsg.h"
#include "scheduler.h"

/* Of syslog(2), which no header has: nothing but a panic goes to the console, and as before. */
#define SYSLOG_CONSOLE_OFF 6
#define SYSLOG_CONSOLE_ON  7

/* A part on its way: head and text as they are sent. */
struct part {
	struct ktstr_own_words head;
	char text[KTSTR_OWN_WORDS_MAX];
	size_t used;
};

static size_t room(const struct part *part)
{
	return sizeof(part->text) - part->used;
}

static void add_file(struct part *part, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t count = -1;

	while (fd >= 0 && room(part) && (count = read(fd, part->text + part->used, room(part))) > 0)
		part->used += (size_t)count;
	if (count < 0 && !part->used)
		part->head.error = (uint32_t)errno;
	if (fd >= 0)
		close(fd);
}

static void add_line(struct part *part, const char *record, size_t size)
{
	char line[KMSG_LINE_MAX];
	size_t length = kmsg_format(record, size, line);

	if (length > room(part))
		length = room(part);
	memcpy(part->text + part->used, line, length);
	part->used += length;
}

/* What the kernel's log has more when @letter was written to it; the log has it as well. */
static void add_sysrq(struct part *part, const char *letter, uint64_t limit)
{
	int log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	int trigger = open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC);
	char record[KMSG_RECORD_MAX];
	ssize_t count;

	if (log < 0 || trigger < 0 || lseek(log, 0, SEEK_END) < 0 || write(trigger, letter, 1) < 0)
		part->head.error = (uint32_t)errno;
	else
		while (room(part) && clock_boottime_ns() < limit &&
		       ((count = read(log, record, sizeof(record))) > 0 || errno == EPIPE))
			add_line(part, record, count > 0 ? (size_t)count : 0);
	if (log >= 0)
		close(log);
	if (trigger >= 0)
		close(trigger);
}

static void add_scheduler(struct part *part, struct session *session)
{
	ssize_t count = scheduler_dump(session, part->text, sizeof(part->text));

	if (count < 0)
		part->head.error = (uint32_t)-count;
	else
		part->used = (size_t)count;
}

void own_words_send(struct session *session)
{
	uint32_t asked = guest_channel_asked(session->channel);
	uint64_t limit = clock_boottime_ns() + KTSTR_OWN_WORDS_MS * CLOCK_MS;
	struct part part;

	if (session->own_words_said)
		return;
	session->own_words_said = true;
	/* The ends of the console and of the kernel's log are the failure's, not what it is asked
	 * for. */
	kmsg_read(session->kmsg, KMSG_AT_END);
	session->kmsg->is_aside = true;
	klogctl(SYSLOG_CONSOLE_OFF, NULL, 0);
	for (uint32_t i = 0; i < KTSTR_WORDS_NR; i++) {
		part.head = (struct ktstr_own_words){ .part = i };
		part.used = 0;
		if (!(asked & KTSTR_ASK(i))) {
			part.head.error = ECANCELED;
		} else if (clock_boottime_ns() >= limit) {
			part.head.error = ETIMEDOUT;
		} else if (i == KTSTR_WORDS_MEMORY) {
			add_file(&part, "/proc/meminfo");
		} else if (i == KTSTR_WORDS_PRESSURE) {
			add_file(&part, "/proc/pressure/cpu");
			add_file(&part, "/proc/pressure/memory");
			add_file(&part, "/proc/pressure/io");
		} else if (i == KTSTR_WORDS_SCHEDSTAT) {
			add_file(&part, "/proc/schedstat");
		} else if (i == KTSTR_WORDS_SCHED_EXT) {
			add_scheduler(&part, session);
		} else {
			add_sysrq(&part, "w", limit);
		}
		/* The text lies right behind the head. */
		guest_channel_send(session->channel, KTSTR_OWN_WORDS, &part.head,
				   sizeof(part.head) + part.used);
	}
	klogctl(SYSLOG_CONSOLE_ON, NULL, 0);
	kmsg_read(session->kmsg, KMSG_AT_END);
	session->kmsg->is_aside = false;
}
