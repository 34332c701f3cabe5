/* How is the tracer configured, and what does it cost in memory? See wprof.h. */
#include "wprof/wprof.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guest/protocol.h"
#include "wprof/args.h"

uint64_t apply_wprof_memory_floor(uint64_t raw_mib, bool wprof)
{
	return wprof && raw_mib < WPROF_MIN_MEMORY_MIB ? WPROF_MIN_MEMORY_MIB : raw_mib;
}

/*
 * Only what would not arrive as it was written is refused. The kernel gives double quotes a meaning
 * of its own and takes byte 0xa0 for white space (lib/ctype.c: its table is Latin-1); control
 * characters end a line of a boot log or, as 0x1f, separate our arguments. Single quotes would
 * arrive, but nothing here or in the guest groups words by them, so who writes one is mistaken.
 */
static int check_arg(const char *arg, size_t length, struct error *err)
{
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)arg[i];
		const char *why = NULL;

		if (c < 0x20 || c == 0x7f)
			why = "a control character";
		else if (c == '"' || c == '\'')
			why = "a quote, and arguments are split at white space without quoting";
		else if (c == 0xa0)
			why = "white space to the kernel";
		if (why)
			return error_set(err, -EINVAL,
					 "tracer argument '%.*s': byte 0x%02x at offset %zu is %s, "
					 "so it cannot pass the kernel command line; leave it out",
					 length > 80 ? 80 : (int)length, arg, c, i, why);
	}
	return 0;
}

static int add_arg(struct wprof_config *config, const char *arg, size_t length, struct error *err)
{
	char *copy;
	int ret;

	ret = check_arg(arg, length, err);
	if (ret)
		return ret;
	if (config->nr_args == WPROF_MAX_ARGS)
		return error_set(err, -EINVAL, "tracer arguments: more than %d of them; give fewer",
				 WPROF_MAX_ARGS);
	copy = strndup(arg, length);
	if (!copy)
		return error_set(err, -ENOMEM, "tracer arguments: out of memory");
	config->args[config->nr_args++] = copy;
	return 0;
}

static int split_args(struct wprof_config *config, const char *text, struct error *err)
{
	const char *word;
	size_t length;
	int ret = 0;

	while (!ret && (word = wprof_args_word(&text, &length)))
		ret = add_arg(config, word, length, err);
	return ret;
}

/*
 * Opened, not only asked about by access(2): what counts is that its bytes can be had. Returns its
 * descriptor.
 */
static int open_binary(const char *path, struct error *err)
{
	static const char what_to_do[] =
		"make it name a readable wprof binary, or unset it to use the one that is built in";
	struct stat st;
	int ret = 0;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		ret = -errno;
		return error_set(err, ret, "%s='%s': cannot read it: %s; %s", WPROF_PATH_VARIABLE,
				 path, strerror(-ret), what_to_do);
	}
	if (fstat(fd, &st) < 0) {
		ret = -errno;
		error_set(err, ret, "%s='%s': fstat: %s; %s", WPROF_PATH_VARIABLE, path,
			  strerror(-ret), what_to_do);
	} else if (!S_ISREG(st.st_mode)) {
		ret = S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
		error_set(err, ret, "%s='%s': it is %s; %s", WPROF_PATH_VARIABLE, path,
			  S_ISDIR(st.st_mode) ? "a directory" : "not a regular file", what_to_do);
	}
	if (!ret)
		return fd;
	close(fd);
	return ret;
}

int wprof_config_from_env(struct wprof_config *config, bool embedded, const char *args_text,
			  struct error *err)
{
	const char *path = getenv(WPROF_PATH_VARIABLE);
	int ret = 0;

	memset(config, 0, sizeof(*config));
	config->fd = -1;
	if (!path || !*path)
		return error_set(err, -ENOENT,
				 "%s is %s, so there is no tracer to put into the guest; run this "
				 "under 'ktstr-launch exec -- ...', or set it to the path of a "
				 "wprof binary",
				 WPROF_PATH_VARIABLE, path ? "empty" : "not set");
	if (!embedded) {
		config->fd = open_binary(path, err);
		if (config->fd < 0)
			return config->fd;
		if (strncmp(path, "/proc/", strlen("/proc/")) != 0 ||
		    !isdigit((unsigned char)path[strlen("/proc/")])) {
			close(config->fd);
			config->fd = -1;
			config->path = strdup(path);
		} else if (asprintf(&config->path, "/proc/self/fd/%d", config->fd) < 0) {
			config->path = NULL;
		}
		if (!config->path) {
			ret = error_set(err, -ENOMEM, "tracer configuration: out of memory");
			goto fail;
		}
	}
	config->default_args = !args_text;
	ret = split_args(config, args_text ? args_text : WPROF_DEFAULT_ARGS, err);
	if (ret)
		goto fail;
	return 0;

fail:
	wprof_config_destroy(config);
	return ret;
}

void wprof_config_destroy(struct wprof_config *config)
{
	for (size_t i = 0; i < config->nr_args; i++)
		free(config->args[i]);
	/* One that was never made is all zero. */
	if (config->path && config->fd >= 0)
		close(config->fd);
	free(config->path);
	memset(config, 0, sizeof(*config));
}

int wprof_render_args(const struct wprof_config *config, char *out, size_t size, struct error *err)
{
	static const char prefix[] = KTSTR_WPROF_ARGS_PARAM "=";
	size_t length = sizeof(prefix) - 1;
	char *p = out;

	for (size_t i = 0; i < config->nr_args; i++)
		length += strlen(config->args[i]) + (i > 0);
	if (length >= size)
		return error_set(err, -E2BIG,
				 "tracer arguments: they take %zu bytes of the kernel command "
				 "line, and %zu are left for them; give fewer or shorter ones",
				 length, size ? size - 1 : 0);

	p = mempcpy(p, prefix, sizeof(prefix) - 1);
	for (size_t i = 0; i < config->nr_args; i++) {
		if (i > 0)
			*p++ = KTSTR_WPROF_ARGS_SEPARATOR;
		p = mempcpy(p, config->args[i], strlen(config->args[i]));
	}
	*p = '\0';
	return 0;
}
