/* What was a kernel built with? See kernel_config.h. */
#include "doctor/kernel_config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

/* Each with the magic number of gzip, so that the words alone, in a kernel's own text, do not
 * count. */
#define MARK_START "IKCFG_ST\x1f\x8b"
#define MARK_END   "IKCFG_ED"
#define MARK_SIZE  8u
/* Marks that are tried: who puts in more of them wants to keep us busy. */
#define MARKS_MAX  8

/* The lines at the top that say of which kernel the configuration is. */
#define HEAD_LINES 10

#define PREFIX	"CONFIG_"
#define NOT_SET " is not set"

static int out_of_memory(struct error *err)
{
	return error_set(err, -ENOMEM, "no memory for the kernel's configuration");
}

int kernel_config_check(const char *text, size_t size, struct error *err)
{
	const char *at = text, *end = text + size;

	if (memchr(text, '\0', size))
		return error_set(err, -EBADMSG, "not a text");
	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));

		if ((size_t)(end - at) > strlen(PREFIX) && !memcmp(at, PREFIX, strlen(PREFIX)))
			return 0;
		if (!newline)
			break;
		at = newline + 1;
	}
	return error_set(err, -EBADMSG, "no line in it begins with \"CONFIG_\"");
}

/* One gzip stream and the mark behind it, to a text that is checked. */
static int unpack(const uint8_t *gzip, size_t size, struct kernel_config *out, struct error *err)
{
	z_stream stream = { 0 };
	char *text = malloc(KERNEL_CONFIG_MAX);
	size_t used, left;
	int ret;

	if (!text || inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK) {
		free(text);
		return out_of_memory(err);
	}
	/* What packs into it is no larger than that either. */
	if (size > KERNEL_CONFIG_MAX)
		size = KERNEL_CONFIG_MAX;
	stream.next_in = (Bytef *)gzip;
	stream.avail_in = (uInt)size;
	stream.next_out = (Bytef *)text;
	stream.avail_out = KERNEL_CONFIG_MAX;
	ret = inflate(&stream, Z_FINISH);
	used = KERNEL_CONFIG_MAX - stream.avail_out;
	left = stream.avail_in;
	gzip += size - left;
	inflateEnd(&stream);
	if (ret != Z_STREAM_END) {
		free(text);
		return error_set(err, -EBADMSG, "its gzip stream is damaged");
	}
	if (left < MARK_SIZE || memcmp(gzip, MARK_END, MARK_SIZE) != 0) {
		free(text);
		return error_set(err, -EBADMSG, "no \"" MARK_END "\" behind it");
	}
	ret = kernel_config_check(text, used, err);
	if (ret) {
		free(text);
		return ret;
	}
	out->text = realloc(text, used); /* not empty: it has a line */
	if (!out->text)
		out->text = text;
	out->size = used;
	return 0;
}

int kernel_config_embedded(const uint8_t *vmlinux, size_t size, struct kernel_config *out,
			   struct error *err)
{
	const uint8_t *at = vmlinux, *end = vmlinux + size;
	int ret = error_set(err, -ENOENT, "no \"IKCFG_ST\" in it");

	memset(out, 0, sizeof(*out));
	for (int mark = 0; mark < MARKS_MAX; mark++) {
		at = memmem(at, (size_t)(end - at), MARK_START, strlen(MARK_START));
		if (!at)
			break;
		at += MARK_SIZE;
		ret = unpack(at, (size_t)(end - at), out, err);
		if (ret != -EBADMSG)
			break;
	}
	return ret;
}

/* -ENOENT, without a message, where there is none. */
static int read_file(const char *path, struct kernel_config *out, struct error *err)
{
	/* O_NONBLOCK: a FIFO must not hold us up before we see what it is. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int ret = fd < 0 ? -errno : 0;
	size_t room, used = 0;
	struct stat st;
	char *text;

	if (ret == -ENOENT || ret == -ENOTDIR)
		return -ENOENT;
	if (ret)
		return error_set(err, ret, "configuration '%s': opening it: %s", path,
				 strerror(-ret));
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return error_set(err, -EINVAL, "configuration '%s': not a regular file", path);
	}
	if (st.st_size > KERNEL_CONFIG_MAX) {
		close(fd);
		return error_set(err, -EFBIG, "configuration '%s': more than %u MiB", path,
				 KERNEL_CONFIG_MAX >> 20);
	}
	/* No more than it had just now, whoever writes to it. */
	room = (size_t)st.st_size;
	text = malloc(room + 1);
	while (text && used < room) {
		ssize_t count = read(fd, text + used, room - used);

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			ret = -errno;
		if (count <= 0)
			break;
		used += (size_t)count;
	}
	close(fd);
	if (!text)
		return out_of_memory(err);
	if (ret)
		error_set(err, ret, "%s", strerror(-ret));
	else
		ret = kernel_config_check(text, used, err);
	if (ret) {
		free(text);
		return error_prefix(err, ret, "configuration '%s'", path);
	}
	out->text = text;
	out->size = used;
	snprintf(out->source, sizeof(out->source), "%s", path);
	return 0;
}

/* Paths to try, and what came of it so far. */
struct search {
	struct kernel_config *out;
	struct error *err;
	int ret; /* -ENOENT until there was something */
};

static void try_file(struct search *search, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static void try_file(struct search *search, const char *fmt, ...)
{
	struct error err = { "" };
	char path[PATH_MAX + 128];
	va_list ap;
	int length, ret;

	if (!search->ret)
		return;
	va_start(ap, fmt);
	length = vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	if (length < 0 || (size_t)length >= sizeof(path))
		return;
	ret = read_file(path, search->out, &err);
	/* The first that is of no use is what the user wants to hear of, if none is of any. */
	if (ret == 0 || (ret != -ENOENT && search->ret == -ENOENT)) {
		search->ret = ret;
		if (ret)
			error_set(search->err, ret, "%s", err.text);
	}
}

/* The folder of @path, without the last slash. */
static void folder_of(const char *path, char folder[PATH_MAX])
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		snprintf(folder, PATH_MAX, ".");
	else
		snprintf(folder, PATH_MAX, "%.*s", (int)(slash - path), path);
}

static void try_folder(struct search *search, const char *folder, const char *release)
{
	/* Where make leaves a bzImage (arch/x86/boot), seen from the tree's top. */
	static const char in_tree[] = "/arch/x86/boot";
	size_t length = strlen(folder), tail = strlen(in_tree);

	try_file(search, "%s/config", folder);
	if (*release)
		try_file(search, "%s/config-%s", folder, release);
	try_file(search, "%s/.config", folder);
	if (length >= tail && !strcmp(folder + length - tail, in_tree))
		try_file(search, "%.*s/.config", (int)(length - tail), folder);
}

int kernel_config_beside(const char *image, const char *release, const char *root,
			 struct kernel_config *out, struct error *err)
{
	struct search search = { .out = out, .err = err, .ret = -ENOENT };
	char folder[PATH_MAX], *real;

	memset(out, 0, sizeof(*out));
	error_set(err, -ENOENT,
		  "there is none in the image, in its folder, in /boot and in "
		  "/lib/modules");
	/* Of a release that was made to lead elsewhere, nothing is opened. */
	if (strchr(release, '/'))
		release = "";
	folder_of(image, folder);
	try_folder(&search, folder, release);
	/* arch/x86/boot of a tree that was built. */
	try_file(&search, "%s/../../../.config", folder);
	/* What a link like /vmlinuz points to has its configuration there. */
	real = realpath(image, NULL);
	if (real) {
		folder_of(real, folder);
		try_folder(&search, folder, release);
		free(real);
	}
	if (*release) {
		try_file(&search, "%s/boot/config-%s", root, release);
		try_file(&search, "%s/lib/modules/%s/config", root, release);
		try_file(&search, "%s/lib/modules/%s/build/.config", root, release);
	}
	return search.ret;
}

/* The next line from @at on, without its end; false at the end. */
static bool next_line(const char **at, const char *end, const char **line, size_t *length)
{
	const char *newline;

	if (*at >= end)
		return false;
	*line = *at;
	newline = memchr(*at, '\n', (size_t)(end - *at));
	*length = (size_t)((newline ? newline : end) - *at);
	*at = newline ? newline + 1 : end;
	if (*length && (*line)[*length - 1] == '\r')
		(*length)--;
	return true;
}

/* Does the line begin with @word? Then it is taken off. */
static bool take(const char **line, size_t *length, const char *word)
{
	size_t size = strlen(word);

	if (*length < size || memcmp(*line, word, size) != 0)
		return false;
	*line += size;
	*length -= size;
	return true;
}

static void keep(char value[KERNEL_CONFIG_VALUE_SIZE], const char *text, size_t length)
{
	if (length > KERNEL_CONFIG_VALUE_SIZE - 1)
		length = KERNEL_CONFIG_VALUE_SIZE - 1;
	memcpy(value, text, length);
	value[length] = '\0';
}

void kernel_config_value(const struct kernel_config *config, const char *option,
			 char value[KERNEL_CONFIG_VALUE_SIZE])
{
	const char *at = config->text, *end = config->text + config->size, *line;
	size_t length;

	value[0] = '\0';
	while (next_line(&at, end, &line, &length)) {
		bool off = take(&line, &length, "# ");

		if (!take(&line, &length, PREFIX) || !take(&line, &length, option))
			continue;
		if (off && length == strlen(NOT_SET) && take(&line, &length, NOT_SET))
			keep(value, "n", 1);
		else if (!off && take(&line, &length, "="))
			keep(value, line, length);
	}
}

void kernel_config_version(const struct kernel_config *config,
			   char version[KERNEL_CONFIG_VALUE_SIZE])
{
	const char *at = config->text, *end = config->text + config->size, *line;
	size_t length;

	version[0] = '\0';
	for (int i = 0; i < HEAD_LINES && next_line(&at, end, &line, &length); i++) {
		size_t digits = 0;

		if (!take(&line, &length, "# Linux/"))
			continue;
		/* The architecture, then the version. */
		while (length && *line != ' ') {
			line++;
			length--;
		}
		if (!take(&line, &length, " "))
			continue;
		while (digits < length && line[digits] > ' ' && line[digits] < 0x7f)
			digits++;
		keep(version, line, digits);
		return;
	}
}

void kernel_config_free(struct kernel_config *config)
{
	free(config->text);
	memset(config, 0, sizeof(*config));
}
