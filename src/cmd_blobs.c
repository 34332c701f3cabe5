/* ktstr-launch blobs: what is embedded in this file, is it whole, and how to get it out. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "embed/embed.h"
#include "util/file.h"

static const char usage[] =
	"Usage: ktstr-launch blobs [--verify] [--extract DIR]\n\n"
	"Lists what is embedded in this file: name, provider, version, size, stored size, "
	"SHA-256.\n\n"
	"  --verify        recompute each SHA-256 and compare it with the one of build time\n"
	"  --extract DIR   write each into DIR, which is made when missing; nothing is "
	"overwritten\n\n"
	"Exit status: 0, or 125 when something is damaged or cannot be written.\n";

static void list(void)
{
	printf("%-8s %-9s %-24s %9s %9s  %s\n", "NAME", "PROVIDER", "VERSION", "SIZE", "STORED",
	       "SHA-256");
	for (const struct blob *blob = embed_blobs; blob->name; blob++)
		printf("%-8s %-9s %-24s %9" PRIu64 " %9" PRIu64 "  %s\n", blob->name,
		       blob->provider, blob->version, blob->size, blob->stored_size, blob->sha256);
}

/* All of them, also after one that is damaged. */
static int verify(void)
{
	int status = 0;

	for (const struct blob *blob = embed_blobs; blob->name; blob++) {
		struct error err = { "" };

		if (embed_verify(blob, &err)) {
			command_complain("blobs: %s", err.text);
			status = COMMAND_CANNOT;
		} else {
			printf("%s: OK\n", blob->name);
		}
	}
	return status;
}

static int extract_one(const char *folder, const struct blob *blob, struct error *err)
{
	char path[PATH_MAX];
	uint8_t *data;
	int ret;

	if (snprintf(path, sizeof(path), "%s/%s", folder, blob->name) >= (int)sizeof(path))
		return error_set(err, -ENAMETOOLONG, "folder '%s': its path is too long", folder);
	ret = embed_verify(blob, err);
	if (!ret)
		ret = embed_load(blob, &data, err);
	if (ret)
		return ret;
	ret = file_write_new(path, data, blob->size, 0555, err);
	free(data);
	if (!ret)
		puts(path);
	return ret;
}

static int extract(const char *folder)
{
	struct error err = { "" };
	int ret = file_make_dirs(folder, &err);

	for (const struct blob *blob = embed_blobs; !ret && blob->name; blob++)
		ret = extract_one(folder, blob, &err);
	if (!ret)
		return 0;
	command_complain("blobs: %s", err.text);
	return COMMAND_CANNOT;
}

int cmd_blobs(int argc, char **argv)
{
	static const struct option options[] = {
		{ "extract", required_argument, NULL, 'x' },
		{ "help", no_argument, NULL, 'h' },
		{ "verify", no_argument, NULL, 'v' },
		{ 0 },
	};
	const char *folder = NULL;
	bool want_verify = false;
	int option, status = 0;

	while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		switch (option) {
		case 'x':
			folder = optarg;
			break;
		case 'v':
			want_verify = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		case ':':
			command_complain("blobs: option '%s': it needs a value; see ktstr-launch "
					 "blobs --help",
					 argv[optind - 1]);
			return COMMAND_CANNOT;
		default:
			command_complain("blobs: option '%s': not known; see ktstr-launch blobs "
					 "--help",
					 argv[optind - 1]);
			return COMMAND_CANNOT;
		}
	}
	if (optind < argc) {
		command_complain("blobs: argument '%s': not known; see ktstr-launch blobs --help",
				 argv[optind]);
		return COMMAND_CANNOT;
	}

	if (!want_verify && !folder)
		list();
	if (want_verify)
		status = verify();
	if (!status && folder)
		status = extract(folder);
	return status;
}
