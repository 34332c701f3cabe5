/* ktstr-launch cache: what is kept for the next run, and how to get rid of it. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/identity.h"
#include "base/store.h"
#include "command.h"
#include "run/kernel_cache.h"
#include "run/kernel_package.h"
#include "util/cache_folder.h"

#define MIB (1ull << 20)

struct list {
	const char *kind;
	unsigned int count;  /* of all kinds */
	uint64_t disk_bytes; /* likewise */
	time_t now;
	char boot[64]; /* the host's; "": not known */
};

static uint64_t in_mib(uint64_t bytes)
{
	return (bytes + MIB - 1) / MIB;
}

/* "3 min ago", in the largest unit of which there are two. */
static void put_age(char *text, size_t size, time_t seconds)
{
	static const struct {
		const char *name;
		time_t seconds;
	} units[] = { { "days", 86400 }, { "h", 3600 }, { "min", 60 } };

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (seconds < 2 * units[i].seconds)
			continue;
		snprintf(text, size, "%" PRId64 " %s ago", (int64_t)(seconds / units[i].seconds),
			 units[i].name);
		return;
	}
	snprintf(text, size, "just now");
}

/* A guest has said it, or a file: nothing in it may move the cursor. */
static void put_plain(char *text, size_t size, const char *from)
{
	size_t i = 0;

	for (; i < size - 1 && from[i]; i++)
		text[i] = from[i] > ' ' && from[i] <= '~' ? from[i] : '?';
	text[i] = '\0';
}

static void show(void *data, const struct cache_entry *entry)
{
	struct list *list = data;
	char release[65], topology[64] = "", memory[64] = "", boot[64] = "", age[64];
	const char *remark = "";

	if (!list->count++)
		printf("%-7s  %-28s  %-12s  %-10s  %9s  %s\n", "KIND", "KERNEL", "TOPOLOGY",
		       "MEMORY", "ON DISK", "LAST USED");
	list->disk_bytes += entry->disk_bytes;
	put_plain(release, sizeof(release), !entry->release ? "damaged" : entry->release);
	if (entry->identity) {
		identity_value(entry->identity, "topology", topology, sizeof(topology));
		identity_value(entry->identity, "memory", memory, sizeof(memory));
		identity_value(entry->identity, IDENTITY_BOOT, boot, sizeof(boot));
		if (*list->boot && strcmp(boot, list->boot) != 0)
			remark = ", before the host booted";
	}
	put_age(age, sizeof(age), list->now - entry->used);
	printf("%-7s  %-28s  %-12s  %-10s  %5" PRIu64 " MiB  %s%s\n", list->kind,
	       *release ? release : "?", *topology ? topology : "-", *memory ? memory : "-",
	       in_mib(entry->disk_bytes), age, remark);
}

static int list_all(void)
{
	struct list list = { .kind = "base", .now = time(NULL) };
	struct error err = { "" };
	int ret;

	identity_boot("", list.boot, sizeof(list.boot));
	ret = store_list(show, &list, &err);
	list.kind = "kernel";
	kernel_cache_list(show, &list);
	list.kind = "package";
	kernel_package_list(show, &list);
	if (list.count)
		printf("%" PRIu64 " MiB in all\n", in_mib(list.disk_bytes));
	else if (!ret)
		printf("nothing is kept\n");
	if (!ret)
		return 0;
	command_complain("cache: %s", err.text);
	return COMMAND_CANNOT;
}

static void put_count(const struct cache_cleared *cleared, const char *what)
{
	printf("%u %s%s, ", cleared->count, what, cleared->count == 1 ? "" : "s");
}

static int clear_all(void)
{
	struct cache_cleared bases, kernels, packages;
	struct error errors[3] = { { "" }, { "" }, { "" } };
	const int ret[] = { store_clear(&bases, &errors[0]),
			    kernel_cache_clear(&kernels, &errors[1]),
			    kernel_package_clear(&packages, &errors[2]) };
	int status = 0;

	printf("removed ");
	put_count(&bases, "base");
	put_count(&kernels, "kernel");
	put_count(&packages, "package");
	printf("%" PRIu64 " MiB in all\n",
	       in_mib(bases.disk_bytes + kernels.disk_bytes + packages.disk_bytes));
	if (packages.kept)
		printf("packages in use, which stay: %u\n", packages.kept);
	for (size_t i = 0; i < sizeof(ret) / sizeof(ret[0]); i++) {
		if (!ret[i])
			continue;
		command_complain("cache: %s", errors[i].text);
		status = COMMAND_CANNOT;
	}
	return status;
}

int cmd_cache(const struct run_options *options)
{
	const char *const *operands = options->operands;
	char folder[PATH_MAX];
	int ret;

	if (operands && (strcmp(operands[0], "clear") != 0 || operands[1]))
		return command_misused("cache", "argument '%s': takes nothing, or 'clear'",
				       strcmp(operands[0], "clear") ? operands[0] : operands[1]);
	ret = cache_folder(folder);
	if (ret == -ENAMETOOLONG) {
		command_complain("cache: the path of the cache folder is too long");
		return COMMAND_CANNOT;
	}
	if (ret) {
		printf("no cache: %s\n",
		       ret == -ENODATA ? "KTSTR_CACHE_DIR is empty"
				       : "none of KTSTR_CACHE_DIR, XDG_CACHE_HOME and HOME names a "
					 "folder for it");
		return 0;
	}
	printf("folder: %s\n", folder);
	return operands ? clear_all() : list_all();
}
