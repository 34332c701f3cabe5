/* The kernel's log: see kmsg.h. */
#include "kmsg.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int kmsg_open(struct kmsg *kmsg, int fd)
{
	kmsg->fd = fd;
	kmsg->total = 0;
	kmsg->channel = NULL;
	kmsg->is_aside = false;
	kmsg->kept = malloc(KMSG_KEEP);
	return kmsg->kept ? 0 : -ENOMEM;
}

void kmsg_close(struct kmsg *kmsg)
{
	free(kmsg->kept);
	kmsg->kept = NULL;
	if (kmsg->fd >= 0)
		close(kmsg->fd);
	kmsg->fd = -1;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The byte at *@at, with \xHH decoded; *@at moves behind it. */
static unsigned char next_byte(const char **at, const char *end)
{
	const char *from = *at;

	if (end - from >= 4 && from[0] == '\\' && from[1] == 'x') {
		int high = hex_digit(from[2]), low = hex_digit(from[3]);

		if (high >= 0 && low >= 0) {
			*at = from + 4;
			return (unsigned char)(high << 4 | low);
		}
	}
	*at = from + 1;
	return (unsigned char)*from;
}

/* The third number of the head, microseconds; false when it is not made as it should. */
static bool parse_time(const char *head, size_t size, uint64_t *usec)
{
	unsigned int commas = 0;
	size_t digits = 0;

	*usec = 0;
	for (size_t i = 0; i < size; i++) {
		if (head[i] == ',') {
			if (++commas == 3)
				break;
			continue;
		}
		if (head[i] < '0' || head[i] > '9')
			return false;
		if (commas == 2) {
			if (++digits > 18) /* 10^18 - 1 fits */
				return false;
			*usec = *usec * 10 + (uint64_t)(head[i] - '0');
		}
	}
	return commas >= 2 && digits;
}

size_t kmsg_format(const char *record, size_t size, char *out)
{
	const char *end = record + size;
	const char *text = memchr(record, ';', size);
	const char *newline;
	uint64_t usec;
	size_t length;

	if (!text || !parse_time(record, (size_t)(text - record), &usec))
		return 0;
	text++;
	newline = memchr(text, '\n', (size_t)(end - text));
	if (newline)
		end = newline;
	/* Each byte of the text makes at most one of the line. */
	if (end - text > KMSG_RECORD_MAX)
		end = text + KMSG_RECORD_MAX;

	length = (size_t)snprintf(out, KMSG_LINE_MAX, "[%5llu.%06llu] ",
				  (unsigned long long)(usec / 1000000),
				  (unsigned long long)(usec % 1000000));
	while (text < end) {
		unsigned char byte = next_byte(&text, end);

		if (byte == '\n' || byte == '\t' || (byte >= ' ' && byte != 0x7f))
			out[length++] = (char)byte;
	}
	out[length++] = '\n';
	return length;
}

bool kmsg_is_kernel(const char *record, size_t size)
{
	unsigned int priority = 0;
	size_t i;

	/* Facility times 8, and the level (syslog's); the kernel's facility is 0. */
	for (i = 0; i < size && record[i] >= '0' && record[i] <= '9'; i++) {
		priority = priority * 10 + (unsigned int)(record[i] - '0');
		if (priority >= 8)
			return false;
	}
	return i && i < size && record[i] == ',';
}

static void send_window(struct kmsg *kmsg)
{
	if (kmsg->used)
		guest_channel_send(kmsg->channel, kmsg->type, kmsg->window, kmsg->used);
	kmsg->used = 0;
}

static void keep_in_window(struct kmsg *kmsg, const char *line, size_t length)
{
	if (!kmsg->channel)
		return;
	if (length > sizeof(kmsg->window) - kmsg->used)
		send_window(kmsg);
	memcpy(kmsg->window + kmsg->used, line, length);
	kmsg->used += length;
}

void kmsg_window_flush(struct kmsg *kmsg)
{
	kmsg_read(kmsg, KMSG_AT_END);
	if (kmsg->channel)
		send_window(kmsg);
}

void kmsg_window_open(struct kmsg *kmsg, struct guest_channel *channel, uint16_t type)
{
	kmsg_window_flush(kmsg);
	kmsg->used = 0;
	kmsg->lost = false;
	kmsg->channel = channel;
	kmsg->type = type;
}

void kmsg_window_close(struct kmsg *kmsg, bool send)
{
	if (send) {
		kmsg_read(kmsg, KMSG_AT_END);
		send_window(kmsg);
		if (kmsg->lost)
			guest_channel_log(kmsg->channel,
					  "some of the kernel's log was overwritten before it was "
					  "read: a warning of the kernel's may be missed");
	}
	kmsg->channel = NULL;
}

static void keep(struct kmsg *kmsg, const char *bytes, size_t count)
{
	size_t at = kmsg->total % KMSG_KEEP;
	size_t first = KMSG_KEEP - at < count ? KMSG_KEEP - at : count;

	memcpy(kmsg->kept + at, bytes, first);
	memcpy(kmsg->kept, bytes + first, count - first);
	kmsg->total += count;
}

void kmsg_read(struct kmsg *kmsg, unsigned int records)
{
	for (unsigned int i = 0; i < records && kmsg->fd >= 0; i++) {
		ssize_t count = read(kmsg->fd, kmsg->record, sizeof(kmsg->record));

		if (count > 0) {
			size_t length = kmsg_format(kmsg->record, (size_t)count, kmsg->line);

			if (!kmsg->is_aside)
				keep(kmsg, kmsg->line, length);
			if (kmsg_is_kernel(kmsg->record, (size_t)count))
				keep_in_window(kmsg, kmsg->line, length);
		} else if (count < 0 && errno == EAGAIN) {
			return;
		} else if (count < 0 && errno == EPIPE) {
			kmsg->lost = true;
		} else if (count == 0 || (errno != EINVAL && errno != EINTR)) {
			/* EPIPE: overwritten before we read it. EINVAL: larger than our buffer.
			 * Both go on with the next record; anything else would come back for ever.
			 */
			close(kmsg->fd);
			kmsg->fd = -1;
		}
	}
}

/* The line that ends before @end, which may be cut; *@start: where it begins. */
static size_t copy_line(const struct kmsg *kmsg, uint64_t end, uint64_t first, uint64_t *start,
			char *out, size_t size)
{
	uint64_t from = end;
	size_t length = 0;

	while (from > first && kmsg->kept[(from - 1) % KMSG_KEEP] != '\n')
		from--;
	*start = from;
	/* Behind its time, "[    1.234567] ". */
	for (uint64_t at = from; at + 1 < end; at++)
		if (kmsg->kept[at % KMSG_KEEP] == ']' && kmsg->kept[(at + 1) % KMSG_KEEP] == ' ') {
			from = at + 2;
			break;
		}
	while (from < end && length + 1 < size)
		out[length++] = kmsg->kept[from++ % KMSG_KEEP];
	out[length] = '\0';
	return length;
}

size_t kmsg_last_line(const struct kmsg *kmsg, uint64_t since, const char *word, char *out,
		      size_t size)
{
	uint64_t kept = kmsg->total > KMSG_KEEP ? kmsg->total - KMSG_KEEP : 0;
	uint64_t first = since > kept ? since : kept, end, start;
	size_t length = 0;

	/* Each line ends with a newline. */
	for (end = kmsg->total; end > first; end = start) {
		length = copy_line(kmsg, end - 1, first, &start, out, size);
		if (strstr(out, word))
			return length;
	}
	out[0] = '\0';
	return kmsg->total > first ? copy_line(kmsg, kmsg->total - 1, first, &start, out, size) : 0;
}

void kmsg_send(const struct kmsg *kmsg, struct guest_channel *channel)
{
	uint64_t at = kmsg->total > KMSG_KEEP ? kmsg->total - KMSG_KEEP : 0;

	/* What was written over has left half a line behind. */
	if (at)
		while (at < kmsg->total && kmsg->kept[at++ % KMSG_KEEP] != '\n')
			;
	while (at < kmsg->total) {
		size_t offset = at % KMSG_KEEP;
		size_t count = KTSTR_FRAME_MAX;

		if (count > kmsg->total - at)
			count = (size_t)(kmsg->total - at);
		if (count > KMSG_KEEP - offset)
			count = KMSG_KEEP - offset;
		guest_channel_send(channel, KTSTR_KMSG, kmsg->kept + offset, count);
		at += count;
	}
}
