/* The file of ktstr-work's words, of any bytes: what comes of it is bounded and can be shown. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "util/utf8.h"
#include "verdict/work_said.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *line, size_t size)
{
	char again[WORK_SAID_SIZE];

	if (!memchr(line, '\0', size))
		abort();
	utf8_printable(again, sizeof(again), line, strlen(line));
	if (strcmp(again, line))
		abort();
}

static void check(const char *line)
{
	check_text(line, WORK_SAID_SIZE);
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
	if (said.nr_checks > WORK_SAID_CHECKS)
		abort();
	for (size_t i = 0; i < said.nr_checks; i++) {
		check_text(said.checks[i].name, sizeof(said.checks[i].name));
		check_text(said.checks[i].unit, sizeof(said.checks[i].unit));
		if (!isfinite(said.checks[i].limit) || !isfinite(said.checks[i].value))
			abort();
	}
	return 0;
}
