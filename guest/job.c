/* The parser of the job file: see job.h. */
#include "job.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "protocol.h"

char *const job_default_env[] = {
	"PATH=" KTSTR_USUAL_PATH,
	"HOME=/root",
	"TERM=dumb",
	NULL,
};

static char *const files_env[] = {
	KTSTR_METRICS_VARIABLE "=" KTSTR_METRICS_PATH,
	KTSTR_WORK_VARIABLE "=" KTSTR_WORK_PATH,
};

#define NR_FILES_ENV (sizeof(files_env) / sizeof(files_env[0]))

#define NR_DEFAULT_ENV (sizeof(job_default_env) / sizeof(job_default_env[0]) - 1)

struct parser {
	struct job *job;
	size_t argc, envc, nr_setup, nr_scheduler;
	bool has_timeout;
	char *why;
	size_t why_size;
};

static int bad(struct parser *parser, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static int bad(struct parser *parser, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(parser->why, parser->why_size, fmt, args);
	va_end(args);
	return -EINVAL;
}

/* Decimal digits only, 0 to JOB_MAX_MS. */
static int parse_ms(struct parser *parser, const char *key, const char *text, uint64_t *out)
{
	uint64_t value = 0;

	if (!*text)
		return bad(parser, "job: %s has no number", key);
	for (const char *c = text; *c; c++) {
		if (*c < '0' || *c > '9')
			return bad(parser, "job: %s=%.40s is not a number", key, text);
		value = value * 10 + (uint64_t)(*c - '0');
		if (value > JOB_MAX_MS)
			return bad(parser, "job: %s=%.40s is over %llu", key, text, JOB_MAX_MS);
	}
	*out = value;
	return 0;
}

/* A key that is there once with the value 1, or not at all. */
static int parse_flag(struct parser *parser, const char *key, const char *text, bool *out)
{
	if (*out || strcmp(text, "1"))
		return bad(parser, "job: %s is not 1, once", key);
	*out = true;
	return 0;
}

/* Where the variable that @entry ("K=V") sets stands in envp; envc when it does not. */
static size_t find_env(const struct parser *parser, const char *entry)
{
	size_t name = (size_t)(strchr(entry, '=') + 1 - entry);
	size_t i;

	for (i = 0; i < parser->envc; i++)
		if (!strncmp(parser->job->envp[i], entry, name))
			break;
	return i;
}

static int add_env(struct parser *parser, char *entry)
{
	const char *equals = strchr(entry, '=');
	size_t at;

	if (!equals || equals == entry)
		return bad(parser, "job: env=%.40s is not NAME=VALUE", entry);
	/* Given twice, the later one counts: programs do not agree on which they would take. */
	at = find_env(parser, entry);
	if (at == JOB_MAX_ENV)
		return bad(parser, "job: more than %d environment variables", JOB_MAX_ENV);
	parser->job->envp[at] = entry;
	if (at == parser->envc)
		parser->envc++;
	return 0;
}

/* "PATH PARAMS" */
static int add_module(struct parser *parser, char *value, bool optional)
{
	char *params = strchr(value, ' ');

	if (*value != '/' || !params)
		return bad(parser, "job: module=%.40s is not PATH PARAMS", value);
	*params++ = '\0';
	parser->job->modules[parser->job->nr_modules++] =
		(struct job_module){ value, params, optional };
	return 0;
}

static int parse_entry(struct parser *parser, char *entry)
{
	struct job *job = parser->job;
	char *value = strchr(entry, '=');
	int ret;

	if (!value)
		return bad(parser, "job: '%.40s' is not key=value", entry);
	*value++ = '\0';

	if (!strcmp(entry, "arg")) {
		if (!parser->argc && !*value)
			return bad(parser, "job: the payload's path is empty");
		job->argv[parser->argc++] = value;
		return 0;
	}
	if (!strcmp(entry, "env"))
		return add_env(parser, value);
	if (!strcmp(entry, "module") || !strcmp(entry, "try_module"))
		return add_module(parser, value, *entry == 't');
	if (!strcmp(entry, "setup_ms"))
		return parse_ms(parser, entry, value, &job->setup_ms);
	if (!strcmp(entry, "setup")) {
		job->setup[parser->nr_setup++] = value;
		return 0;
	}
	if (!strcmp(entry, "scheduler")) {
		if (job->scheduler[0] || *value != '/')
			return bad(parser, "job: scheduler is not one absolute path");
		job->scheduler[0] = value;
		return 0;
	}
	if (!strcmp(entry, "scheduler_arg")) {
		job->scheduler[++parser->nr_scheduler] = value;
		return 0;
	}
	if (!strcmp(entry, "cwd")) {
		if (job->cwd || *value != '/')
			return bad(parser, "job: cwd is not one absolute path");
		job->cwd = value;
		return 0;
	}
	if (!strcmp(entry, "timeout_ms")) {
		if (parser->has_timeout)
			return bad(parser, "job: timeout_ms is there twice");
		parser->has_timeout = true;
		return parse_ms(parser, entry, value, &job->timeout_ms);
	}
	if (!strcmp(entry, "tty"))
		return parse_flag(parser, entry, value, &job->tty);
	if (!strcmp(entry, "stdin"))
		return parse_flag(parser, entry, value, &job->feed);
	if (!strcmp(entry, "metrics"))
		return parse_flag(parser, entry, value, &job->metrics);
	if (!strcmp(entry, "tracer"))
		return parse_flag(parser, entry, value, &job->tracer);
	if (!strcmp(entry, "tracer_bpf"))
		return parse_flag(parser, entry, value, &job->tracer_bpf);
	if (!strcmp(entry, "tracer_args")) {
		if (job->tracer_args)
			return bad(parser, "job: tracer_args is there twice");
		job->tracer_args = value;
		return 0;
	}
	if (!strcmp(entry, "tracer_window_ms")) {
		if (job->tracer_window_ms)
			return bad(parser, "job: tracer_window_ms is there twice");
		ret = parse_ms(parser, entry, value, &job->tracer_window_ms);
		if (!ret && !job->tracer_window_ms)
			return bad(parser, "job: tracer_window_ms is 0");
		return ret;
	}
	return bad(parser, "job: unknown key '%.40s': launcher and init are not of one build",
		   entry);
}

int job_parse(struct job *job, const char *text, size_t size, char *why, size_t why_size)
{
	struct parser parser = { .job = job, .why = why, .why_size = why_size };
	size_t entries = 0;
	int ret;

	*job = (struct job){ 0 };
	if (!size)
		return bad(&parser, "job: empty");
	if (size > JOB_MAX_SIZE) {
		bad(&parser, "job: %zu bytes, the most is %u", size, JOB_MAX_SIZE);
		return -E2BIG;
	}
	if (text[size - 1])
		return bad(&parser, "job: cut off (no NUL at its end)");
	for (size_t i = 0; i < size; i++)
		entries += !text[i];

	job->text = malloc(size);
	job->argv = calloc(entries + 1, sizeof(*job->argv));
	job->modules = calloc(entries + 1, sizeof(*job->modules));
	job->envp = calloc(JOB_MAX_ENV + NR_DEFAULT_ENV + NR_FILES_ENV + 1, sizeof(*job->envp));
	job->setup = calloc(entries + 1, sizeof(*job->setup));
	job->scheduler = calloc(entries + 2, sizeof(*job->scheduler));
	if (!job->text || !job->argv || !job->envp || !job->modules || !job->setup ||
	    !job->scheduler) {
		bad(&parser, "job: no memory for %zu bytes", size);
		ret = -ENOMEM;
		goto fail;
	}
	memcpy(job->text, text, size);
	for (char *entry = job->text, *next; entry < job->text + size; entry = next) {
		next = entry + strlen(entry) + 1;
		ret = parse_entry(&parser, entry);
		if (ret)
			goto fail;
	}
	if (!parser.argc) {
		ret = bad(&parser, "job: no arg, so nothing to run");
		goto fail;
	}
	if (parser.nr_scheduler && !job->scheduler[0]) {
		ret = bad(&parser, "job: scheduler_arg without a scheduler");
		goto fail;
	}
	if (job->tty && job->feed) {
		ret = bad(&parser, "job: tty and stdin both want the inbox");
		goto fail;
	}
	for (size_t i = 0; i < NR_DEFAULT_ENV; i++)
		if (find_env(&parser, job_default_env[i]) == parser.envc)
			job->envp[parser.envc++] = job_default_env[i];
	for (size_t i = 0; job->metrics && i < NR_FILES_ENV; i++)
		if (find_env(&parser, files_env[i]) == parser.envc)
			job->envp[parser.envc++] = files_env[i];
	return 0;
fail:
	job_destroy(job);
	return ret;
}

int job_load(struct job *job, const char *path, char *why, size_t why_size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t size = 0;
	char *text = NULL;
	struct stat st;
	int ret;

	*job = (struct job){ 0 };
	if (fd < 0 || fstat(fd, &st)) {
		ret = -errno;
		snprintf(why, why_size, "job: cannot open %s: %s", path, strerror(-ret));
		goto out;
	}
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size > JOB_MAX_SIZE) {
		ret = -E2BIG;
		snprintf(why, why_size, "job: %s is not a file of at most %u bytes", path,
			 JOB_MAX_SIZE);
		goto out;
	}
	text = malloc((size_t)st.st_size + 1);
	if (!text) {
		ret = -ENOMEM;
		snprintf(why, why_size, "job: no memory for %lld bytes", (long long)st.st_size);
		goto out;
	}
	while (size < (size_t)st.st_size) {
		ssize_t count = read(fd, text + size, (size_t)st.st_size - size);

		if (count <= 0) {
			ret = count ? -errno : -EIO;
			snprintf(why, why_size, "job: cannot read %s: %s", path, strerror(-ret));
			goto out;
		}
		size += (size_t)count;
	}
	ret = job_parse(job, text, size, why, why_size);
out:
	free(text);
	if (fd >= 0)
		close(fd);
	return ret;
}

void job_destroy(struct job *job)
{
	free(job->scheduler);
	free(job->setup);
	free(job->modules);
	free(job->envp);
	free(job->argv);
	free(job->text);
	*job = (struct job){ 0 };
}
