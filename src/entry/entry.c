/* What is to be run in the guest? See entry.h. */
#include "entry/entry.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* 0 for an executable regular file, else a negative errno. */
static int check_executable(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (!S_ISREG(st.st_mode) || !(st.st_mode & 0111))
		return -EACCES;
	return 0;
}

static int find_by_path(struct entry *entry, const char *file, struct error *err)
{
	int ret = check_executable(file);

	if (ret == -EISDIR)
		return error_set(err, -EACCES, "payload '%s': a folder, not a program", file);
	if (ret == -EACCES)
		return error_set(
			err, -EACCES,
			"payload '%s': not an executable file; chmod +x it, or run it by its "
			"interpreter",
			file);
	if (ret)
		return error_set(err, -ENOENT, "payload '%s': %s", file, strerror(-ret));
	entry->on_host = true;
	/* Its own name, not where links lead: what it sees as argv[0] is what the user typed. */
	if (file[0] == '/')
		entry->program = strdup(file);
	else if (asprintf(&entry->program, "%s/%s", entry->cwd, file) < 0)
		entry->program = NULL;
	return entry->program ? 0 : error_set(err, -ENOMEM, "payload '%s': out of memory", file);
}

/* execvp's way: the first executable file of that name; a file that is not one is passed over. */
char *entry_in_path(const char *name)
{
	const char *path = getenv("PATH");
	char *candidate;

	if (!path)
		path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	for (const char *end; *path; path = *end ? end + 1 : end) {
		end = strchrnul(path, ':');
		if (asprintf(&candidate, "%.*s/%s", (int)(end - path), end == path ? "." : path,
			     name) < 0)
			return NULL;
		if (candidate[0] == '/' && !check_executable(candidate))
			return candidate;
		free(candidate);
	}
	return NULL;
}

static bool find_in_path(struct entry *entry, const char *name)
{
	entry->program = entry_in_path(name);
	entry->on_host = entry->program;
	return entry->program;
}

/* One path a line, without the leading slash. */
static bool find_applet(struct entry *entry, const char *name, const char *applets, size_t size)
{
	const char *end = applets + size;

	for (const char *line = applets, *next; line < end; line = next) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));
		const char *stop = newline ? newline : end;
		const char *slash = memrchr(line, '/', (size_t)(stop - line));
		const char *base = slash ? slash + 1 : line;

		next = stop + 1;
		if ((size_t)(stop - base) != strlen(name) || memcmp(base, name, strlen(name)))
			continue;
		return asprintf(&entry->program, "/%.*s", (int)(stop - line), line) >= 0;
	}
	return false;
}

int entry_find_program(struct entry *entry, const char *applets, size_t applets_size,
		       struct error *err)
{
	const char *file = entry->argv[0];
	const char *slash = strrchr(file, '/');

	entry->cwd = getcwd(NULL, 0);
	if (!entry->cwd) {
		int ret = -errno;

		return error_set(err, ret, "the working folder: %s", strerror(-ret));
	}
	snprintf(entry->name, sizeof(entry->name), "%s", slash ? slash + 1 : file);
	if (slash)
		return find_by_path(entry, file, err);
	if (find_in_path(entry, file) || find_applet(entry, file, applets, applets_size))
		return 0;
	return error_set(
		err, -ENOENT,
		"payload '%s': found neither in PATH nor among the guest's busybox applets; "
		"give its path",
		file);
}

char *entry_path_from(const char *folder, size_t length, const char *path)
{
	char *whole;

	if (!folder || *path == '/')
		return strdup(path);
	return asprintf(&whole, "%.*s/%s", (int)length, folder, path) < 0 ? NULL : whole;
}

int entry_find_busybox(struct entry *entry, struct error *err)
{
	snprintf(entry->name, sizeof(entry->name), "%s", entry->argv[0]);
	entry->cwd = strdup("/");
	if (asprintf(&entry->program, "/bin/%s", entry->argv[0]) < 0)
		entry->program = NULL;
	return entry->cwd && entry->program ? 0 : error_set(err, -ENOMEM, "out of memory");
}

int entry_job(const struct entry *entry, const struct entry_tracer *tracer, const char *path,
	      const struct entry_load *loads, size_t nr_loads, char **job, size_t *size,
	      struct error *err)
{
	FILE *out = open_memstream(job, size);
	bool has_path = false, failed;

	if (!out)
		return error_set(err, -ENOMEM, "job file: out of memory");
	fprintf(out, "arg=%s%c", entry->program, 0);
	for (size_t i = 1; entry->argv[i]; i++)
		fprintf(out, "arg=%s%c", entry->argv[i], 0);
	for (size_t i = 0; i < entry->nr_env; i++) {
		fprintf(out, "env=%s%c", entry->env[i], 0);
		has_path |= !strncmp(entry->env[i], "PATH=", strlen("PATH="));
	}
	if (!has_path)
		fprintf(out, "env=PATH=%s%c", path, 0);
	fprintf(out, "cwd=%s%c", entry->cwd, 0);
	fprintf(out, "timeout_ms=%" PRIu64 "%c", entry->timeout_ms, 0);
	for (size_t i = 0; i < nr_loads; i++)
		fprintf(out, "%s=%s %s%c", loads[i].optional ? "try_module" : "module",
			loads[i].path, loads[i].params, 0);
	for (size_t i = 0; i < entry->scheduler.nr_setup; i++)
		fprintf(out, "setup=%s%c", entry->scheduler.setup[i], 0);
	if (entry->scheduler.nr_setup)
		fprintf(out, "setup_ms=%" PRIu64 "%c", entry->setup_ms, 0);
	if (entry->scheduler.file)
		fprintf(out, "scheduler=%s%c", entry->scheduler.file, 0);
	for (size_t i = 0; entry->scheduler.file && i < entry->scheduler.nr_args; i++)
		fprintf(out, "scheduler_arg=%s%c", entry->scheduler.args[i], 0);
	if (entry->tty)
		fprintf(out, "tty=1%c", 0);
	if (entry->feed)
		fprintf(out, "stdin=1%c", 0);
	if (entry->metrics)
		fprintf(out, "metrics=1%c", 0);
	if (tracer->on)
		fprintf(out, "tracer=1%ctracer_args=%s%c", 0, tracer->args, 0);
	if (tracer->on && tracer->bpf)
		fprintf(out, "tracer_bpf=1%c", 0);
	if (tracer->on && tracer->window_ms)
		fprintf(out, "tracer_window_ms=%" PRIu64 "%c", tracer->window_ms, 0);
	failed = ferror(out);
	if (fclose(out) || failed) {
		free(*job);
		*job = NULL;
		return error_set(err, -ENOMEM, "job file: out of memory");
	}
	return 0;
}

void entry_destroy(struct entry *entry)
{
	free(entry->program);
	free(entry->cwd);
	entry_scheduler_free(&entry->scheduler);
	entry->program = entry->cwd = NULL;
}
