/* How is a text made fit to be handed to strangers? See scrub.h. */
#include "doctor/scrub.h"

#include <ctype.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

/* What may stand there although there is a slash in it. */
static const char *const of_the_system[] = {
	"/boot/", "/dev/", "/lib/modules/", "/proc/", "/sys/", "/usr/", "tools/", "GNU/Linux",
};

static const char cgroups[] = "/sys/fs/cgroup/";

void scrub_name(struct scrub *scrub, const char *name)
{
	if (!name || strlen(name) < 2 || !strcmp(name, "root") || !strcmp(name, "localhost") ||
	    scrub->nr_names == SCRUB_MAX_NAMES)
		return;
	snprintf(scrub->names[scrub->nr_names++], sizeof(scrub->names[0]), "%s", name);
}

/* Not by getpwuid, which is none for a static program: plain files only. */
static void scrub_user_of(struct scrub *scrub, uid_t uid)
{
	FILE *file = fopen("/etc/passwd", "re");
	struct passwd *user;

	while (file && (user = fgetpwent(file)))
		if (user->pw_uid == uid)
			scrub_name(scrub, user->pw_name);
	if (file)
		fclose(file);
}

void scrub_names_of_this_host(struct scrub *scrub)
{
	static const char *const variables[] = { "USER", "LOGNAME", "SUDO_USER" };
	struct utsname host;

	*scrub = (struct scrub){ .nr_names = 0 };
	if (uname(&host) == 0) {
		scrub_name(scrub, host.nodename);
		host.nodename[strcspn(host.nodename, ".")] = '\0';
		scrub_name(scrub, host.nodename);
	}
	scrub_user_of(scrub, getuid());
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
		scrub_name(scrub, getenv(variables[i]));
}

static bool is_path(const char *token, size_t length)
{
	if (length < 2 || !memchr(token, '/', length))
		return false;
	for (size_t i = 0; i < sizeof(of_the_system) / sizeof(of_the_system[0]); i++)
		if (!strncmp(token, of_the_system[i], strlen(of_the_system[i])))
			return !strncmp(token, cgroups, strlen(cgroups));
	return true;
}

/* The length of a name at @at, which begins a word there, and ends with it. 0: none. */
static size_t name_at(const struct scrub *scrub, const char *text, const char *at)
{
	if (at > text && isalnum((unsigned char)at[-1]))
		return 0;
	for (size_t i = 0; i < scrub->nr_names; i++) {
		size_t length = strlen(scrub->names[i]);

		if (!strncmp(at, scrub->names[i], length) && !isalnum((unsigned char)at[length]))
			return length;
	}
	return 0;
}

/* A path with blanks in it stands in quotes, as all messages put it. */
static size_t token_at(const char *text, const char *at)
{
	if (at > text && at[-1] == '\'') {
		size_t length = strcspn(at, "'\n");

		if (at[length] == '\'' && is_path(at, length))
			return length;
	}
	return strcspn(at, " \t\n'\"(),;=");
}

void scrub_write(const struct scrub *scrub, const char *text, FILE *out)
{
	const char *at = text, *token_end = text;

	while (*at) {
		size_t length;

		if (at >= token_end) {
			length = token_at(text, at);
			if (is_path(at, length)) {
				fputs("<path>", out);
				at += length;
				continue;
			}
			token_end = at + length;
			/* The kernel's own names, whatever this host is called. */
			if (!strncmp(at, "/proc/", 6) || !strncmp(at, "/sys/", 5)) {
				fwrite(at, 1, length, out);
				at += length;
				continue;
			}
		}
		length = name_at(scrub, text, at);
		if (length) {
			fputs("<name>", out);
			at += length;
		} else {
			fputc(*at++, out);
		}
	}
}
