/* ktstr-launch blobs: what is embedded in this file, is it whole, and how to get it out. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "embed/embed.h"
#include "util/file.h"

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

int cmd_blobs(const struct run_options *options)
{
	int status = 0;

	if (options->operands)
		return command_misused("blobs", "argument '%s': not known", *options->operands);
	if (!options->verify && !options->extract_dir)
		list();
	if (options->verify)
		status = verify();
	if (!status && options->extract_dir)
		status = extract(options->extract_dir);
	return status;
}
