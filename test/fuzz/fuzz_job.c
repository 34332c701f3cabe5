/*
 * What do init's parsers make of bytes that nobody meant for them? Job file, /dev/kmsg record,
 * ready line. The first byte chooses.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "../../guest/job.h"
#include "../../guest/kmsg.h"
#include "../../guest/tracer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_job(const char *text, size_t size)
{
	char why[64];
	struct job job;

	if (job_parse(&job, text, size, why, sizeof(why))) {
		if (job.text || job.argv || job.envp || !memchr(why, '\0', sizeof(why)))
			abort();
		return;
	}
	if (!job.argv[0] || !*job.argv[0] || job.timeout_ms > JOB_MAX_MS)
		abort();
	for (char **entry = job.envp; *entry; entry++)
		if (!strchr(*entry, '='))
			abort();
	job_destroy(&job);
}

static void fuzz_kmsg(const char *record, size_t size)
{
	char *line = malloc(KMSG_LINE_MAX);
	size_t length;

	if (!line)
		return;
	length = kmsg_format(record, size, line);
	if (length > KMSG_LINE_MAX || (length && (line[0] != '[' || line[length - 1] != '\n')))
		abort();
	if (memchr(line, 0x1b, length))
		abort();
	free(line);
}

/* The ready line is found or not, but never because of where the output was cut. */
static void fuzz_ready(char *text, size_t size)
{
	struct ready_scan whole = { 0 }, bytes = { 0 };

	tracer_scan(&whole,
		    (struct iovec[2]){ { text, size / 2 }, { text + size / 2, size - size / 2 } },
		    size);
	for (size_t i = 0; i < size; i++)
		tracer_scan(&bytes, (struct iovec[2]){ { text + i, 1 }, { NULL, 0 } }, 1);
	if (whole.ready != bytes.ready)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (!size)
		return 0;
	text = malloc(size);
	if (!text)
		return 0;
	memcpy(text, data + 1, size - 1);
	switch (data[0] % 3) {
	case 0:
		fuzz_job(text, size - 1);
		break;
	case 1:
		fuzz_kmsg(text, size - 1);
		break;
	default:
		fuzz_ready(text, size - 1);
	}
	free(text);
	return 0;
}
