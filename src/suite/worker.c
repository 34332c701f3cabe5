/* How is one variant run, in a process of its own? See worker.h. */
#include "suite/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "embed/embed.h"
#include "run/configure.h"
#include "run/invocation.h"
#include "suite/host_job.h"
#include "util/clock.h"
#include "util/file.h"
#include "util/utf8.h"

/* Of each stream of the payload, for reports; the whole is in the variant's folder. */
#define OUTPUT_SIZE 8192
/* Of each stream, where the reason tends to stand, below a bad result. */
#define SHOWN_LINES 5
/* Most bytes of each such line. */
#define SHOWN_SIZE  256

/* The order of the strings in the socket; each ends with a NUL. The first is the outcome's number.
 */
enum {
	OUTCOME,
	CAUSE,
	DETAIL,
	OUTPUT,
	RELEASE,
	START,
	FOLDER,
	DUMP,
	TRACE,
	REPLAY,
	METRICS,
	BISECT,
	HOST_TOOK,
	NR_STRINGS
};

struct reply {
	enum outcome_kind outcome;
	int bisect;
	const char *strings[NR_STRINGS];
};

/* Before a line for the user, which comes before the reply; that begins with a digit. */
#define NOTE '!'

static void send_reply(int fd, struct reply *reply)
{
	char number[16], bisect[16];

	snprintf(number, sizeof(number), "%d", (int)reply->outcome);
	reply->strings[OUTCOME] = number;
	snprintf(bisect, sizeof(bisect), "%d", reply->bisect);
	reply->strings[BISECT] = bisect;
	for (size_t i = 0; i < NR_STRINGS; i++) {
		const char *text = reply->strings[i] ? reply->strings[i] : "";

		if (file_write_all(fd, text, strlen(text) + 1))
			return; /* nobody is there any more */
	}
}

/*
 * The command that runs this variant, and no other, again. It names one file, whose name is then
 * without the folders that the suite knew.
 */
static char *make_replay(const struct worker_settings *settings, const struct variant *variant)
{
	const struct run_options *options = worker_options(settings, variant);
	const char *name = strrchr(variant->test->name, '/');
	const char *words[8];
	struct replay replay = { .command = "test",
				 .groups = OPTIONS_MACHINE | OPTIONS_TRACER | OPTIONS_PAYLOAD |
					   OPTIONS_OUTPUT,
				 .own_tracer = settings->own_tracer,
				 .tail = words };
	char *line, *filter = NULL;
	size_t used = 0;

	name = name ? name + 1 : variant->test->name;
	if (variant->kernel) {
		words[used++] = "--kernel";
		words[used++] = variant->kernel;
	}
	if (options->gauntlet)
		words[used++] = "--gauntlet";
	if (variant->preset) {
		if (asprintf(&filter, "gauntlet/%s/%s", name, variant->preset) < 0)
			return NULL;
		words[used++] = "--filter";
		words[used++] = filter;
	}
	words[used++] = variant->test->path;
	words[used] = NULL;
	line = invocation_replay(options, &replay);
	free(filter);
	return line;
}

/* The end of a file, from the start of a line. */
static char *read_end(int fd)
{
	char *text = calloc(1, OUTPUT_SIZE + 1);
	off_t size = lseek(fd, 0, SEEK_END), from = size > OUTPUT_SIZE ? size - OUTPUT_SIZE : 0;
	ssize_t count;
	char *line;

	if (!text || size < 0)
		return text;
	count = pread(fd, text, OUTPUT_SIZE, from);
	text[count > 0 ? count : 0] = '\0';
	/* A payload may write any byte; what stands behind this one is wanted, too. */
	for (ssize_t i = 0; i < count; i++)
		if (!text[i])
			text[i] = '?';
	line = from ? strchr(text, '\n') : NULL;
	if (line)
		memmove(text, line + 1, strlen(line + 1) + 1);
	return text;
}

/* The last lines of one stream, each with its origin. */
static void put_end(FILE *out, const char *label, const char *text)
{
	const char *at = text + strlen(text);

	for (int lines = 0; at > text; at--)
		if (at[-1] == '\n' && at[0] && ++lines == SHOWN_LINES)
			break;
	while (*at) {
		size_t length = strcspn(at, "\n");
		char shown[SHOWN_SIZE];

		utf8_printable(shown, sizeof(shown), at, length);
		fprintf(out, "  %s: %s\n", label, shown);
		at += length + (at[length] == '\n');
	}
}

/* The ends of what a payload printed, after @detail; the reason comes last, on standard error. */
static char *add_ends(const char *detail, const char *output, const char *errors)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	fputs(detail ? detail : "", out);
	put_end(out, "stdout", output ? output : "");
	put_end(out, "stderr", errors ? errors : "");
	fclose(out);
	return text;
}

/* A file of the variant's folder, which is removed again when nothing is kept. */
static int open_output(const struct artefacts *artefacts, const char *suffix, char *path,
		       size_t size, struct error *err)
{
	int fd;

	snprintf(path, size, "%s/%s%s", artefacts->dir, artefacts->stem, suffix);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	return fd >= 0 ? fd : error_set(err, -errno, "file '%s': %s", path, strerror(errno));
}

/* Everything of one variant that is to be cleaned up. */
struct job {
	const struct worker_settings *settings;
	const struct variant *variant;
	const struct base *base; /* or NULL */
	const struct pin *pin;	 /* or NULL */
	int reply_fd, signal_fd, out_fd, err_fd;
	struct configuration configuration;
	struct artefacts artefacts;
	char out_path[PATH_MAX + 256], err_path[PATH_MAX + 256];
	char *replay;
};

/* Why a test skipped itself: the last line of its standard error, where there is one. */
static const char *skip_reason(const char *errors)
{
	const char *end = errors ? errors + strlen(errors) : NULL, *line;
	char *reason;

	while (end > errors && strchr(" \t\r\n", end[-1]))
		end--;
	for (line = end; line > errors && line[-1] != '\n';)
		line--;
	reason = line < end ? strndup(line, (size_t)(end - line)) : NULL;
	return reason ? reason
		      : "the test skipped itself (exit status 4) and gave no reason on standard error";
}

/* The ends of both streams, and their last lines once more where a reader looks for the reason. */
static void take_output(const struct job *job, struct reply *reply)
{
	char *output = read_end(job->out_fd), *errors = read_end(job->err_fd), *both = NULL;
	size_t length = output ? strlen(output) : 0;
	bool whole = !length || output[length - 1] == '\n';

	if (outcome_is_bad(reply->outcome))
		reply->strings[DETAIL] = add_ends(reply->strings[DETAIL], output, errors);
	if (asprintf(&both, "%s%s%s", output ? output : "", whole ? "" : "\n",
		     errors ? errors : "") >= 0)
		reply->strings[OUTPUT] = both;
	if (reply->outcome == OUTCOME_SKIP)
		reply->strings[CAUSE] = skip_reason(errors);
	free(output);
	free(errors);
}

static int prepare(struct job *job, struct error *err)
{
	const struct run_options *options = worker_options(job->settings, job->variant);
	const struct test *test = job->variant->test;
	char spec[TOPOLOGY_SPEC_SIZE], memory[32];
	const char *strings[] = { job->variant->name, spec, memory,
				  options->append ? options->append : "" };
	int ret;

	topology_format(&job->variant->plan.topology, spec);
	snprintf(memory, sizeof(memory), "%" PRIu64, job->variant->plan.memory_mib);
	job->replay = make_replay(job->settings, job->variant);
	if (!job->replay)
		return error_set(err, -ENOMEM, "out of memory");
	ret = artefacts_open(&job->artefacts, options->out_dir, test->name,
			     artefacts_variant(strings, sizeof(strings) / sizeof(strings[0])), err);
	if (ret)
		return ret;
	job->out_fd =
		open_output(&job->artefacts, ".stdout", job->out_path, sizeof(job->out_path), err);
	if (job->out_fd < 0)
		return job->out_fd;
	job->err_fd =
		open_output(&job->artefacts, ".stderr", job->err_path, sizeof(job->err_path), err);
	if (job->err_fd < 0)
		return job->err_fd;
	/* For who wants to read along: they may lose their names before anybody looks. */
	if (options->verbose)
		child_send_files(job->reply_fd, job->out_fd, job->err_fd);
	return 0;
}

/* What could not be written is said, and makes a pass none: as `run` ends with a status of its own.
 */
static void add_losses(const struct run_result *result, struct reply *reply)
{
	int code = result->first.seen.output_error;
	char *text = NULL;
	size_t size;
	FILE *out;

	if (run_result_is_whole(result))
		return;
	if (reply->outcome == OUTCOME_PASS || reply->outcome == OUTCOME_XFAIL) {
		reply->outcome = OUTCOME_ERROR;
		reply->bisect = BISECT_SKIP;
		reply->strings[CAUSE] = "the test went well, but some of its output or artefacts "
					"could not be written; see below";
	}
	out = open_memstream(&text, &size);
	if (!out)
		return;
	fputs(reply->strings[DETAIL] ? reply->strings[DETAIL] : "", out);
	for (size_t i = 0; i < sizeof(result->lost) / sizeof(result->lost[0]); i++)
		if (*result->lost[i])
			fprintf(out, "  %s\n", result->lost[i]);
	if (code)
		fprintf(out,
			"  writing the payload's standard output or error: %s; some of it is "
			"lost\n",
			strerror(code));
	fclose(out);
	reply->strings[DETAIL] = text;
}

static void send_note(void *data, const char *line)
{
	const struct job *job = data;
	char *text = NULL;
	int length = asprintf(&text, "%c%s: %s", NOTE, job->variant->name, line);

	if (length >= 0)
		file_write_all(job->reply_fd, text, (size_t)length + 1);
	free(text);
}

static int run_in_vm(struct job *job, struct reply *reply, struct error *err)
{
	const struct test *test = job->variant->test;
	const char *const argv[] = { test->path, NULL };
	const struct configure_from from = { .options = worker_options(job->settings, job->variant),
					     .test = test,
					     .kernel = job->variant->image,
					     .plan = &job->variant->plan,
					     .own_tracer = job->settings->own_tracer };
	struct configuration *configuration = &job->configuration;
	struct run_config *config = &configuration->run;
	char host_took[HOST_TOOK_TEXT_SIZE];
	struct run_result *result;
	int ret;

	configuration->entry.argv = argv;
	ret = entry_find_program(&configuration->entry, "", 0, err);
	if (!ret)
		ret = configure(&from, configuration, err);
	if (ret)
		return ret;
	config->out_fd = job->out_fd;
	config->err_fd = job->err_fd;
	config->cancel_fd = job->signal_fd;
	config->artefacts = &job->artefacts;
	config->replay = job->replay;
	config->say_wait = send_note;
	config->say_data = job;
	/* A base of its own would be of no use to others. */
	config->base = job->base;
	config->fresh = !job->base;
	config->pin_taken = job->pin;
	ret = run_execute(config, &result, err);
	if (ret)
		return ret;
	reply->outcome = outcome_of(&result->first.verdict, &test->expect);
	reply->bisect = bisect_status(&result->first.verdict, reply->outcome,
				      result->first.seen.started,
				      worker_options(job->settings, job->variant)->bisect);
	reply->strings[CAUSE] = result->first.verdict.cause;
	reply->strings[DETAIL] = run_result_detail(config, result);
	reply->strings[RELEASE] = result->first.seen.release;
	reply->strings[START] = observation_start(&result->first.seen);
	reply->strings[METRICS] = metrics_text(&result->first.seen.metrics);
	reply->strings[DUMP] = result->dump;
	reply->strings[TRACE] = *result->repro.trace_path   ? result->repro.trace_path
				: *result->first.trace_path ? result->first.trace_path
							    : result->look.trace.path;
	add_losses(result, reply);
	host_took_text(&result->first.seen.host_took, host_took);
	reply->strings[HOST_TOOK] = strdup(host_took);
	return 0; /* the process ends soon: what the reply points to is not freed */
}

/* With files for its metrics and more, by their whole paths: the test runs in its own folder. */
static int run_on_host(struct job *job, struct host_job *host, struct error *err)
{
	char *folder = realpath(job->artefacts.dir, NULL), *path = NULL, *work = NULL;
	int ret;

	if (!folder || asprintf(&path, "%s/%s.metrics", folder, job->artefacts.stem) < 0 ||
	    asprintf(&work, "%s/%s.work", folder, job->artefacts.stem) < 0) {
		ret = error_set(err, -errno, "folder '%s': %s", job->artefacts.dir,
				strerror(errno));
		free(folder);
		return ret;
	}
	host->metrics_path = path;
	host->work_path = work;
	ret = host_job_run(host, err);
	unlink(path);
	unlink(work);
	free(work);
	free(path);
	free(folder);
	return ret;
}

static int run_variant(struct job *job, struct reply *reply, struct error *err)
{
	bool keep;
	int ret = prepare(job, err);

	if (!ret && job->variant->test->host_only) {
		const struct run_options *options = worker_options(job->settings, job->variant);
		struct host_job host = { .test = job->variant->test,
					 .env = options->env.items,
					 .timeout_ms =
						 configure_timeout_ms(options, job->variant->test),
					 .out_fd = job->out_fd,
					 .err_fd = job->err_fd,
					 .cancel_fd = job->signal_fd };

		ret = run_on_host(job, &host, err);
		reply->outcome = host.outcome;
		reply->bisect = host.bisect;
		reply->strings[CAUSE] = strdup(host.cause);
		reply->strings[METRICS] = metrics_text(&host.metrics);
	} else if (!ret) {
		ret = run_in_vm(job, reply, err);
	}
	reply->strings[REPLAY] = job->replay;
	if (ret)
		return ret;
	take_output(job, reply);
	/* A variant that went as it should leaves nothing behind unless it was told where to. */
	keep = outcome_is_bad(reply->outcome) ||
	       worker_options(job->settings, job->variant)->out_dir ||
	       (job->settings->keep_good && reply->outcome != OUTCOME_SKIP);
	if (!keep) {
		unlink(job->out_path);
		unlink(job->err_path);
	} else {
		job->artefacts.keep = true;
	}
	return 0;
}

struct work {
	const struct worker_settings *settings;
	const struct variant *variant;
	struct made *made;
	size_t base;
	const struct pin *pin;
};

/* The process. */
static void work(int reply_fd, int signal_fd, const void *data)
{
	const struct work *work = data;
	struct job job = { .settings = work->settings,
			   .variant = work->variant,
			   .base = made_keep(work->made, work->base),
			   .pin = work->pin,
			   .reply_fd = reply_fd,
			   .signal_fd = signal_fd,
			   .out_fd = -1,
			   .err_fd = -1 };
	struct reply reply = { .outcome = OUTCOME_ERROR, .bisect = BISECT_SKIP };
	struct error err = { "" };

	if (run_variant(&job, &reply, &err)) {
		reply.outcome = OUTCOME_ERROR;
		reply.bisect = BISECT_SKIP;
		reply.strings[CAUSE] = err.text;
		/* Only what was said is of use. */
		unlink(job.out_path);
		unlink(job.err_path);
	}
	if (job.artefacts.keep)
		reply.strings[FOLDER] = job.artefacts.dir;
	/* First: closing forgets the folder's name. */
	send_reply(reply_fd, &reply);
	artefacts_close(&job.artefacts);
}

int worker_start(struct child *child, const struct worker_settings *settings,
		 const struct variant *variant, struct made *made, size_t base,
		 const struct pin *pin, struct error *err)
{
	const struct work of = { settings, variant, made, base, pin };

	return child_start(child, "a variant", work, &of, err);
}

bool worker_take_note(struct child *child, char *text, size_t size)
{
	size_t length = child->used && *child->bytes == NOTE ? strlen(child->bytes) : 0;

	/* Its NUL may not be here yet. */
	if (!length || length == child->used)
		return false;
	snprintf(text, size, "%s", child->bytes + 1);
	child->used -= length + 1;
	memmove(child->bytes, child->bytes + length + 1, child->used + 1);
	return true;
}

/* The strings of a whole reply; false when it is none. */
static bool split(const struct child *child, const char *strings[NR_STRINGS])
{
	const char *at = child->bytes, *end = at + child->used;

	for (size_t i = 0; i < NR_STRINGS; i++) {
		if (!at || at >= end)
			return false;
		strings[i] = at;
		at = memchr(at, '\0', (size_t)(end - at));
		if (!at)
			return false;
		at++;
	}
	return at == end;
}

/* NULL, which reads as nothing, where memory is out. */
static char *copy(const char *text)
{
	return strdup(text ? text : "");
}

static char *why_lost(int status)
{
	char text[128];

	if (WIFSIGNALED(status))
		snprintf(text, sizeof(text), "the process that ran it was killed by signal %d%s",
			 WTERMSIG(status), WTERMSIG(status) == SIGKILL ? " (out of memory?)" : "");
	else
		snprintf(text, sizeof(text),
			 "the process that ran it ended with status %d and no result",
			 WEXITSTATUS(status));
	return strdup(text);
}

void worker_finish(struct child *child, struct worker_result *result)
{
	const char *strings[NR_STRINGS] = { NULL };
	bool whole = split(child, strings);
	int status;

	if (!whole)
		memset(strings, 0, sizeof(strings));
	*result = (struct worker_result){
		.outcome = whole ? (enum outcome_kind)atoi(strings[OUTCOME]) : OUTCOME_ERROR,
		.bisect = whole ? atoi(strings[BISECT]) : BISECT_SKIP,
		.lost = !whole,
		.detail = copy(strings[DETAIL]),
		.output = copy(strings[OUTPUT]),
		.release = copy(strings[RELEASE]),
		.start = copy(strings[START]),
		.folder = copy(strings[FOLDER]),
		.dump = copy(strings[DUMP]),
		.trace = copy(strings[TRACE]),
		.replay = copy(strings[REPLAY]),
		.seconds = (double)(now_ns() - child->begin_ns) / 1e9,
	};
	if (whole) {
		result->cause = copy(strings[CAUSE]);
		metrics_read(&result->metrics, strings[METRICS]);
		host_took_read(&result->host_took, strings[HOST_TOOK]);
	}
	status = child_end(child);
	if (!whole)
		result->cause = why_lost(status);
}

void worker_result_destroy(struct worker_result *result)
{
	metrics_destroy(&result->metrics);
	free(result->cause);
	free(result->detail);
	free(result->output);
	free(result->release);
	free(result->start);
	free(result->folder);
	free(result->dump);
	free(result->trace);
	free(result->replay);
	*result = (struct worker_result){ 0 };
}
