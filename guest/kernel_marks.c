/* What has the kernel done that a payload's exit status does not tell? See kernel_marks.h. */
#include "kernel_marks.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* /proc/vmstat has some 200 lines of less than 50 bytes. */
#define TEXT_SIZE 32768

uint64_t kernel_marks_find(const char *text, const char *name)
{
	size_t length = strlen(name);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, name, length) && line[length] == ' ')
			return strtoull(line + length, NULL, 10);
	}
	return 0;
}

/* From the start of the file, whose contents are made anew for each such read. */
static void read_all(int fd, char text[TEXT_SIZE])
{
	size_t used = 0;
	ssize_t count;

	while (fd >= 0 && used < TEXT_SIZE - 1 &&
	       (count = pread(fd, text + used, TEXT_SIZE - 1 - used, (off_t)used)) > 0)
		used += (size_t)count;
	text[used] = '\0';
}

static void read_now(const struct kernel_marks *marks, uint64_t *tainted, uint64_t *oom_kills)
{
	char text[TEXT_SIZE];

	read_all(marks->taint_fd, text);
	*tainted = strtoull(text, NULL, 10);
	read_all(marks->vmstat_fd, text);
	*oom_kills = kernel_marks_find(text, "oom_kill");
}

void kernel_marks_open(struct kernel_marks *marks, int proc)
{
	marks->taint_fd = openat(proc, "sys/kernel/tainted", O_RDONLY | O_CLOEXEC);
	marks->vmstat_fd = openat(proc, "vmstat", O_RDONLY | O_CLOEXEC);
	read_now(marks, &marks->tainted, &marks->oom_kills);
}

void kernel_marks_close(struct kernel_marks *marks)
{
	if (marks->taint_fd >= 0)
		close(marks->taint_fd);
	if (marks->vmstat_fd >= 0)
		close(marks->vmstat_fd);
}

void kernel_marks_read(const struct kernel_marks *marks, uint64_t *tainted, uint64_t *oom_kills)
{
	uint64_t tainted_now, kills_now;

	read_now(marks, &tainted_now, &kills_now);
	*tainted = tainted_now & ~marks->tainted;
	*oom_kills = kills_now > marks->oom_kills ? kills_now - marks->oom_kills : 0;
}
