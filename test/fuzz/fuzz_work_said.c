/* The file of ktstr-work's words, of any bytes: what comes of it is bounded and can be shown. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "util/utf8.h"
#include "verdict/work_said.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *line)
{
	char again[WORK_SAID_SIZE];

	if (!memchr(line, '\0', WORK_SAID_SIZE))
		abort();
	utf8_printable(again, sizeof(again), line, strlen(line));
	if (strcmp(again, line))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct work_said said = { .error = "" };

	work_said_take(&said, (const char *)data, size);
	check(said.error);
	check(said.inconclusive);
	check(said.failed);
	if (!memchr(said.task.name, '\0', sizeof(said.task.name)) || said.task.pid < 0)
		abort();
	return 0;
}
