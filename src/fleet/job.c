/* What does a suite on Slurm consist of? See job.h. */
#include "fleet/job.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fleet/arguments.h"
#include "fleet/script.h"
#include "fleet/slurm.h"
#include "util/file.h"

/* How the folders of jobs begin. */
#define FOLDER "fleet-"

/* The first line of what a program said, for a message. */
static const char *first_line(char *text)
{
	text[strcspn(text, "\n")] = '\0';
	return *text ? text : "it said nothing";
}

int job_nodes(unsigned int *nodes, struct error *err)
{
	const char *const argv[] = { "sinfo", "-h", "-N", "-o", "%N", NULL };
	struct tool_said said;
	const char *line, *before = "";
	int ret = slurm_run(argv, -1, &said, err);

	*nodes = 0;
	if (!ret && said.status)
		ret = error_set(err, -EIO, "sinfo: %.300s", first_line(said.errors));
	/* One that is in several partitions is there in lines that follow each other. */
	for (line = ret ? "" : said.out; *line; line += strcspn(line, "\n") + 1) {
		size_t length = strcspn(line, "\n");

		*nodes += strncmp(line, before, length + 1) != 0;
		before = line;
		if (!line[length])
			break;
	}
	if (!ret && !*nodes)
		ret = error_set(err, -ENODEV, "sinfo tells of no node");
	tool_said_destroy(&said);
	return ret == -ENOENT
		       ? error_set(err, ret,
				   "--slurm: there is no sinfo in PATH, and so no Slurm; install "
				   "Slurm's client commands (Debian: slurm-client)")
		       : ret;
}

static int write_file(const struct job *job, const char *name, const char *text, mode_t mode,
		      struct error *err)
{
	char path[PATH_MAX + 32];

	snprintf(path, sizeof(path), "%s/%s", job->folder, name);
	return file_write_new(path, text, strlen(text), mode, err);
}

/* As the first line of a result file, of no shard. */
static int write_plan(const struct job *job, const struct suite_part *part, struct error *err)
{
	char path[PATH_MAX + 32];
	struct suite_writer writer = { 0 };
	FILE *out;
	int ret;

	snprintf(path, sizeof(path), "%s/plan.json", job->folder);
	out = fopen(path, "wxe");
	if (!out)
		return error_set(err, -errno, "'%s': %s", path, strerror(errno));
	ret = suite_begin_part(&writer, &suite_json, out, (unsigned int)part->count, part, err);
	suite_abandon(&writer);
	fclose(out);
	return ret;
}

static int make_token(char token[33], struct error *err)
{
	uint64_t random[2];

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return error_set(err, -errno, "getrandom: %s", strerror(errno));
	snprintf(token, 33, "%016" PRIx64 "%016" PRIx64, random[0], random[1]);
	return 0;
}

int job_make(struct job *job, const char *out, const struct job_wish *wish, struct error *err)
{
	char token[33], *script;
	int ret = file_make_dirs(out, err);

	*job = (struct job){ 0 };
	if (ret)
		return ret;
	if (!realpath(out, job->folder) || strlen(job->folder) + 64 > sizeof(job->folder))
		return error_set(err, -errno, "'%s': %s", out, strerror(errno));
	strcat(job->folder, "/" FOLDER "XXXXXX");
	if (!mkdtemp(job->folder))
		return error_set(err, -errno, "a folder in '%s': %s", out, strerror(errno));
	ret = make_token(token, err);
	script = ret ? NULL : script_make(job, wish, token);
	if (!ret)
		ret = script ? write_file(job, "batch", script, 0755, err)
			     : error_set(err, -ENOMEM, "out of memory");
	free(script);
	if (!ret)
		ret = write_plan(job, wish->part, err);
	if (!ret)
		ret = write_file(job, "token", token, 0644, err);
	if (ret)
		job_remove(job);
	return ret;
}

/* "12", or "12;cluster". */
static int take_number(struct job *job, char *out, struct error *err)
{
	size_t digits = strspn(out, "0123456789");

	if (!digits || digits >= sizeof(job->number) || !strchr(";\n", out[digits]))
		return error_set(err, -EIO, "sbatch: no number of a job in what it said: %.200s",
				 first_line(out));
	snprintf(job->number, sizeof(job->number), "%.*s", (int)digits, out);
	return 0;
}

/* Returns 0, then with the job's number, or a negative errno: there is no job. */
static int call_sbatch(const char *const *argv, struct job *job, struct error *err)
{
	struct tool_said said;
	int ret = slurm_run(argv, -1, &said, err);

	if (ret == -ENOENT)
		error_set(
			err, ret,
			"--slurm: there is no sbatch in PATH; install Slurm's client commands (Debian: "
			"slurm-client)");
	if (!ret && said.status)
		ret = error_set(err, -EIO, "sbatch refused the job: %.600s",
				first_line(said.errors));
	if (!ret)
		ret = take_number(job, said.out, err);
	tool_said_destroy(&said);
	return ret;
}

int job_submit(const struct job_wish *wish, struct job *job, struct error *err)
{
	static const char *const words[] = { "sbatch",	  "--parsable",	       "--job-name=ktstr",
					     "--nodes=1", "--ntasks=1",	       "--exclusive",
					     "--requeue", "--output=/dev/null" };
	const size_t count = sizeof(words) / sizeof(words[0]);
	const char *argv[sizeof(words) / sizeof(words[0]) + ARGUMENTS_MOST + 3];
	char array[64], batch[PATH_MAX + 32];
	struct arguments arguments = { .count = 0 };
	size_t used = count;
	int ret = 0;

	if (wish->options->sbatch_args)
		ret = arguments_read(wish->options->sbatch_args, &arguments, err);
	if (ret)
		return ret;
	snprintf(array, sizeof(array), "--array=1-%u%%%u", wish->part->shards, wish->nodes);
	snprintf(batch, sizeof(batch), "%s/batch", job->folder);
	memcpy(argv, words, sizeof(words));
	for (size_t i = 0; i < arguments.count; i++)
		argv[used++] = arguments.words[i];
	argv[used++] = array;
	argv[used++] = batch;
	argv[used] = NULL;
	ret = call_sbatch(argv, job, err);
	arguments_destroy(&arguments);
	if (ret)
		return ret;
	ret = write_file(job, "job", job->number, 0644, err);
	/* A task that began before us has written it; without it --attach takes the folder alone.
	 */
	return ret && ret != -EEXIST ? error_prefix(err, ret,
						    "job %s was submitted, but could not be noted "
						    "(`scancel %s` ends it)",
						    job->number, job->number)
				     : 0;
}

void job_remove(const struct job *job)
{
	static const char *const names[] = { "plan.json", "token", "batch" };
	char path[PATH_MAX + 32];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", job->folder, names[i]);
		unlink(path);
	}
	rmdir(job->folder);
}

/* What a small file says, up to the end of its first line. */
static bool read_word(const char *path, char *word, size_t size)
{
	FILE *file = fopen(path, "re");

	*word = '\0';
	if (!file)
		return false;
	if (!fgets(word, (int)size, file))
		*word = '\0';
	word[strcspn(word, "\n")] = '\0';
	fclose(file);
	return *word;
}

static bool is_job(struct job *job, const char *folder)
{
	char path[PATH_MAX + 32];

	if (!realpath(folder, job->folder))
		return false;
	snprintf(path, sizeof(path), "%s/plan.json", job->folder);
	if (access(path, R_OK))
		return false;
	snprintf(path, sizeof(path), "%s/job", job->folder);
	return read_word(path, job->number, sizeof(job->number));
}

int job_find(struct job *job, const char *out, const char *which, struct error *err)
{
	DIR *folder = opendir(out);
	struct dirent *entry;
	bool found = false;

	*job = (struct job){ 0 };
	if (which[strspn(which, "0123456789")])
		found = is_job(job, which);
	while (!found && folder && (entry = readdir(folder))) {
		char path[PATH_MAX];

		if (!strncmp(entry->d_name, FOLDER, strlen(FOLDER)) &&
		    snprintf(path, sizeof(path), "%s/%s", out, entry->d_name) < PATH_MAX)
			found = is_job(job, path) && !strcmp(job->number, which);
	}
	if (folder)
		closedir(folder);
	return found ? 0
		     : error_set(
			       err, -ENOENT,
			       "--attach '%s': no folder of this job in '%s'; give --out as it was "
			       "submitted with, or the job's folder itself",
			       which, out);
}

void job_path(const struct job *job, unsigned int shard, unsigned int restart, const char *suffix,
	      char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%.4000s/shard-%u.%u%s", job->folder, shard, restart, suffix);
}

void job_node(const struct job *job, unsigned int shard, unsigned int restart, char node[64])
{
	char path[PATH_MAX];

	job_path(job, shard, restart, ".node", path);
	read_word(path, node, 64);
}
