/* Where do a run's files go, and what are they called? See artefacts.h. */
#include "report/artefacts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/file.h"
#include "util/fnv.h"

#define TEST_NAME_MAX 100

/* Run numbers have at most nine digits, so that they fit and so that the search for one ends. */
#define RUN_DIGITS 9
#define RUN_MAX	   999999999ul

/*
 * What the path of OUT may take with its NUL: "/<test>-<number>/.<stem><suffix>.partial" must fit
 * behind it, so that too long a path is an error before the run and not after it.
 */
#define OUT_DIR_SIZE (PATH_MAX - (1 + TEST_NAME_MAX + 1 + RUN_DIGITS) - 192)

static const char *advice(int code)
{
	switch (code) {
	case -ENOSPC:
	case -EDQUOT:
		return "free some space or choose another folder with --out";
	case -EACCES:
	case -EPERM:
	case -EROFS:
		return "choose a folder that you may write to with --out";
	}
	return "choose another folder with --out";
}

static int make_out_dir(const char *path, struct error *err)
{
	struct error why = { "" };
	int ret = file_make_dirs(path, &why);

	return ret ? error_set(err, ret, "output folder: %s; %s", why.text, advice(ret)) : 0;
}

static void clean_test_name(char out[TEST_NAME_MAX + 1], const char *test)
{
	size_t length = strnlen(test, TEST_NAME_MAX);

	for (size_t i = 0; i < length; i++) {
		char c = test[i];
		bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			    (c >= '0' && c <= '9') || (c && strchr("._-", c));

		/* Neither hidden nor taken for an option. */
		if (i == 0 && (c == '.' || c == '-'))
			fits = false;
		out[i] = fits ? c : '_';
	}
	if (!length)
		out[length++] = '_';
	out[length] = '\0';
}

/* The number in "<test>-<digits>"; 0 for any other name. */
static unsigned long run_number(const char *name, const char *test)
{
	size_t length = strlen(test), digits;

	if (strncmp(name, test, length) || name[length] != '-')
		return 0;
	name += length + 1;
	digits = strspn(name, "0123456789");
	if (digits < 4 || digits > RUN_DIGITS || name[digits])
		return 0;
	return strtoul(name, NULL, 10);
}

static int highest_run(const char *out_dir, const char *test, unsigned long *highest,
		       struct error *err)
{
	struct dirent *entry;
	DIR *dir = opendir(out_dir);
	int code;

	*highest = 0;
	if (!dir) {
		code = -errno;
		return error_set(err, code, "output folder '%s': cannot read it: %s; %s", out_dir,
				 strerror(-code), advice(code));
	}
	while (errno = 0, (entry = readdir(dir))) {
		unsigned long number = run_number(entry->d_name, test);

		if (number > *highest)
			*highest = number;
	}
	code = -errno;
	closedir(dir);
	if (code)
		return error_set(err, code, "output folder '%s': cannot read it: %s; %s", out_dir,
				 strerror(-code), advice(code));
	return 0;
}

int artefacts_open(struct artefacts *artefacts, const char *out_dir, const char *test,
		   uint64_t variant, struct error *err)
{
	char name[TEST_NAME_MAX + 1];
	unsigned long number;
	unsigned int retries = 0;
	size_t length;
	int ret;

	memset(artefacts, 0, sizeof(*artefacts));
	if (!out_dir)
		out_dir = ARTEFACTS_DEFAULT_OUT;
	length = strlen(out_dir);
	if (!length)
		return error_set(err, -EINVAL,
				 "output folder: its name is empty; name a folder with "
				 "--out or leave the option out");
	clean_test_name(name, test);
	if (length >= OUT_DIR_SIZE)
		return error_set(err, -ENAMETOOLONG,
				 "output folder: its path has %zu bytes, and the files in it leave "
				 "it at most %zu; choose a shorter one with --out",
				 length, (size_t)OUT_DIR_SIZE - 1);
	ret = make_out_dir(out_dir, err);
	if (ret)
		return ret;
	ret = highest_run(out_dir, name, &number, err);
	if (ret)
		return ret;
	while (++number <= RUN_MAX) {
		snprintf(artefacts->dir, sizeof(artefacts->dir), "%s/%s-%04lu", out_dir, name,
			 number);
		if (!mkdir(artefacts->dir, 0777)) {
			snprintf(artefacts->stem, sizeof(artefacts->stem), "%s-%016llx", name,
				 (unsigned long long)variant);
			return 0;
		}
		ret = -errno;
		/* Someone else took this number since we looked. */
		if (ret == -EEXIST)
			continue;
		/* Another launcher has just removed the folder, since it was empty. */
		if (ret == -ENOENT && retries++ < 100) {
			ret = make_out_dir(out_dir, err);
			if (ret)
				return ret;
			number--;
			continue;
		}
		error_set(err, ret, "output folder: cannot make '%s': %s; %s", artefacts->dir,
			  strerror(-ret), advice(ret));
		artefacts->dir[0] = '\0';
		return ret;
	}
	artefacts->dir[0] = '\0';
	return error_set(err, -EEXIST, "output folder '%s': no run number is left for '%s'; %s",
			 out_dir, name, advice(-EEXIST));
}

void artefacts_close(struct artefacts *artefacts)
{
	if (artefacts->dir[0] && !artefacts->keep)
		rmdir(artefacts->dir); /* fails, rightly, when something is in it after all */
	artefacts->dir[0] = '\0';
}

void artefacts_remove(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	/* Not a folder: unlinkat takes no such. */
	while (dir && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
	rmdir(path);
}

uint64_t artefacts_variant(const char *const *strings, size_t count)
{
	uint64_t hash = FNV_START;

	/* The NUL counts: {"ab", "c"} is not {"a", "bc"}. */
	for (size_t i = 0; i < count; i++)
		hash = fnv_add(hash, strings[i], strlen(strings[i]) + 1);
	return hash;
}

int artefact_begin(struct artefacts *artefacts, const char *suffix, struct artefact_file *file,
		   struct error *err)
{
	int path, temporary, code;

	file->fd = -1;
	path = snprintf(file->path, sizeof(file->path), "%s/%s%s", artefacts->dir, artefacts->stem,
			suffix);
	temporary = snprintf(file->temporary, sizeof(file->temporary), "%s/.%s%s.partial",
			     artefacts->dir, artefacts->stem, suffix);
	if (path < 0 || temporary < 0 || (size_t)temporary >= sizeof(file->temporary)) {
		file->temporary[0] = '\0';
		return error_set(err, -ENAMETOOLONG,
				 "output folder '%s': its path is too long for the file in it; "
				 "choose a shorter one with --out",
				 artefacts->dir);
	}
	file->fd = open(file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (file->fd < 0) {
		code = -errno;
		error_set(err, code, "cannot create '%s': %s; %s", file->temporary, strerror(-code),
			  advice(code));
		file->temporary[0] = '\0';
		return code;
	}
	return 0;
}

static int write_error(const struct artefact_file *file, int code, struct error *err)
{
	return error_set(err, code, "cannot write '%s': %s; %s", file->path, strerror(-code),
			 advice(code));
}

int artefact_write(struct artefact_file *file, const void *data, size_t size, struct error *err)
{
	int ret = file_write_all(file->fd, data, size);

	return ret ? write_error(file, ret, err) : 0;
}

/* Some file systems (9p, older network ones) know no RENAME_NOREPLACE: a hard link never replaces.
 */
static int rename_noreplace(const char *from, const char *to)
{
	if (!renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE))
		return 0;
	if (errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP)
		return -errno;
	if (link(from, to))
		return -errno;
	if (unlink(from)) {
		int code = -errno;

		unlink(to);
		return code;
	}
	return 0;
}

static int sync_dir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int code = 0;

	if (fd < 0)
		return -errno;
	/* EINVAL: a file system that has nothing to sync for a folder. */
	if (fsync(fd) && errno != EINVAL)
		code = -errno;
	close(fd);
	return code;
}

int artefact_commit(struct artefacts *artefacts, struct artefact_file *file, struct error *err)
{
	int code = 0;

	if (fsync(file->fd))
		code = -errno;
	/* The descriptor is gone whatever close returns; ENOSPC can show only here (NFS). */
	if (close(file->fd) && !code)
		code = -errno;
	file->fd = -1;
	if (!code)
		code = rename_noreplace(file->temporary, file->path);
	if (code) {
		unlink(file->temporary);
		file->temporary[0] = '\0';
		if (code == -EEXIST)
			return error_set(err, code,
					 "'%s' is there already and is not overwritten; %s",
					 file->path, advice(code));
		return write_error(file, code, err);
	}
	file->temporary[0] = '\0';
	code = sync_dir(artefacts->dir);
	if (code) {
		unlink(file->path);
		return write_error(file, code, err);
	}
	artefacts->keep = true;
	return 0;
}

void artefact_abandon(struct artefact_file *file)
{
	if (file->fd < 0)
		return;
	close(file->fd);
	file->fd = -1;
	unlink(file->temporary);
	file->temporary[0] = '\0';
}
