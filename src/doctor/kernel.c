/* Can a kernel image be booted, and which parts will work in it? See kernel.h. */
#include "doctor/kernel.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "doctor/needs.h"
#include "plan/presets.h"
#include "vmm/kernel_image.h"
#include "vmm/vmlinux.h"

/* Columns of a part's name and of its options' names, behind the indentation. */
#define PART_WIDTH  22
#define NAMES_WIDTH 72
/* Enough of an ELF file to see how much of it is loaded. */
#define HEAD_SIZE   4096u

/* 0 when @text does not begin with a version. */
static unsigned int parse_version(const char *text)
{
	unsigned int major, minor;

	if (sscanf(text, "%3u.%3u", &major, &minor) != 2 || major > 0xff || minor > 0xff)
		return 0;
	return NEED_VERSION(major, minor);
}

/* Why it is not met, into @why; true when it is. */
static bool is_met(const struct need *need, const char *value, unsigned int version, char *why,
		   size_t size)
{
	char *end;
	unsigned long number;

	if (need->want == NEED_OFF) {
		snprintf(why, size, "is set");
		return strcmp(value, "y") != 0;
	}
	/* Not the kernel's to choose yet: it says nothing of what it always has. */
	if (!*value && version && version < need->always_before)
		return true;
	if (need->want == NEED_CPU_COUNT && *value) {
		snprintf(why, size, "is %s", value);
		number = strtoul(value, &end, 10);
		return isdigit((unsigned char)*value) && !*end && number >= PRESETS_MAX_CPUS;
	}
	if (!strcmp(value, "m"))
		snprintf(why, size, "is a module, and nothing loads modules");
	else if (version && version < need->since)
		snprintf(why, size, "is of Linux %u.%u and newer", need->since >> 8,
			 need->since & 0xff);
	else
		snprintf(why, size, "is not set");
	return !strcmp(value, "y");
}

static void advise(const struct need *need, unsigned int version, struct findings *findings)
{
	if (version && version < need->since)
		findings_more(findings, "take a newer kernel for it");
	else if (need->want == NEED_OFF)
		findings_more(findings, "build the kernel without CONFIG_%s", need->option);
	else if (need->want == NEED_CPU_COUNT)
		findings_more(findings, "build the kernel with CONFIG_%s=%d for all topologies",
			      need->option, TOPOLOGY_MAX_CPUS);
	else
		findings_more(findings, "build the kernel with CONFIG_%s=y", need->option);
}

/* The options of a part that are as they should be, in lines of their own. */
struct names {
	enum need_part part;
	char line[NAMES_WIDTH + 1];
	size_t used;
	bool first;
};

static void put_names(struct names *names, struct findings *findings)
{
	if (!names->used)
		return;
	if (names->first)
		findings_add(findings, FINDING_OK, "%-*s%s", PART_WIDTH,
			     need_part_name(names->part), names->line);
	else
		findings_more(findings, "%*s%s", PART_WIDTH - 2, "", names->line);
	names->first = false;
	names->used = 0;
}

static void add_name(struct names *names, const struct need *need, struct findings *findings)
{
	char name[NAMES_WIDTH];
	int length = snprintf(name, sizeof(name), "%s%s", need->want == NEED_OFF ? "no " : "",
			      need->option);

	if (names->used + 1 + (size_t)length > NAMES_WIDTH)
		put_names(names, findings);
	names->used += (size_t)snprintf(names->line + names->used,
					sizeof(names->line) - names->used, "%s%s",
					names->used ? " " : "", name);
}

/* What is well with a part, and then two lines for each option that is not. */
static void judge_part(enum need_part part, const struct kernel_config *config,
		       unsigned int version, struct findings *findings)
{
	struct names names = { .part = part, .first = true };
	char value[KERNEL_CONFIG_VALUE_SIZE], why[KERNEL_CONFIG_VALUE_SIZE + 64];

	for (int met = 1; met >= 0; met--) {
		for (size_t i = 0; i < nr_needs; i++) {
			const struct need *need = &needs[i];

			if (need->part != part)
				continue;
			kernel_config_value(config, need->option, value);
			if (is_met(need, value, version, why, sizeof(why)) != met)
				continue;
			if (met) {
				add_name(&names, need, findings);
				continue;
			}
			findings_add(findings, part == NEED_RUN ? FINDING_FAIL : FINDING_WARN,
				     "%-*sCONFIG_%s %s: %s", PART_WIDTH, need_part_name(part),
				     need->option, why, need->without);
			advise(need, version, findings);
		}
		put_names(&names, findings);
	}
}

void kernel_judge(const struct kernel_config *config, const char *release,
		  struct findings *findings)
{
	unsigned int version = parse_version(release);

	for (int part = 0; part < NEED_PARTS; part++) {
		judge_part((enum need_part)part, config, version, findings);
		if (part == NEED_WPROF && version && version < NEED_WPROF_VERSION) {
			findings_add(findings, FINDING_WARN,
				     "%-*sLinux %u.%u is older than the %u.%u that it needs",
				     PART_WIDTH, need_part_name(NEED_WPROF), version >> 8,
				     version & 0xff, NEED_WPROF_VERSION >> 8,
				     NEED_WPROF_VERSION & 0xff);
			findings_more(findings, "take a newer kernel, or the built-in tracer");
		}
	}
}

/*
 * What a vmlinux file loads, in memory of our own: a mapping of the file would end us when others
 * make it shorter. Its size was bounded when it was opened as a kernel. NULL when it cannot be
 * read; munmap.
 */
static uint8_t *read_vmlinux(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	off_t length = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);
	uint8_t head[HEAD_SIZE], *bytes = MAP_FAILED;
	ssize_t count = length > 0 ? pread(fd, head, sizeof(head), 0) : -1;
	size_t used = 0;
	uint64_t wanted;

	if (count > 0) {
		wanted = vmlinux_loaded_size(head, (size_t)count, (uint64_t)length);
		if (wanted && wanted <= (uint64_t)length && wanted <= (512ull << 20)) {
			*size = (size_t)wanted;
			bytes = mmap(NULL, *size, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		}
	}
	while (bytes != MAP_FAILED && used < *size) {
		count = pread(fd, bytes + used, *size - used, (off_t)used);
		if (count < 0 && errno == EINTR)
			continue;
		/* The rest of a file that became shorter is zero. */
		if (count <= 0)
			break;
		used += (size_t)count;
	}
	if (fd >= 0)
		close(fd);
	return bytes == MAP_FAILED ? NULL : bytes;
}

/* From the kernel itself first: what lies beside it may be of another one. */
static int find_config(const char *path, struct kernel_image *image, bool was_bzimage,
		       const char *release, struct kernel_config *config, struct error *err)
{
	struct error beside;
	int ret = -ENOENT;
	size_t size;

	memset(config, 0, sizeof(*config));
	if (was_bzimage && !kernel_image_is_bzimage(image)) {
		const void *bytes = kernel_image_bytes(image, &size);

		ret = kernel_config_embedded(bytes, size, config, err);
	} else if (!was_bzimage) {
		uint8_t *bytes = read_vmlinux(path, &size);

		if (bytes) {
			ret = kernel_config_embedded(bytes, size, config, err);
			munmap(bytes, size);
		}
	}
	if (!ret)
		return 0;
	if (ret != -ENOENT)
		error_prefix(err, ret, "the configuration in the image");
	if (kernel_config_beside(path, release, "", config, &beside) == 0)
		return 0;
	/* What is there and of no use tells more than what is not there. */
	return ret == -ENOENT ? error_set(err, -ENOENT, "%s", beside.text) : ret;
}

static void look_at_config(const struct kernel_config *config, const char *release,
			   struct findings *findings)
{
	char version[KERNEL_CONFIG_VALUE_SIZE];
	unsigned int ours = parse_version(release), its;

	kernel_config_version(config, version);
	its = parse_version(version);
	findings_add(findings, FINDING_OK, "configuration: %s",
		     *config->source ? config->source : "in the image (CONFIG_IKCONFIG)");
	if (ours && its && ours != its) {
		findings_add(findings, FINDING_WARN,
			     "that configuration is of Linux %s, the image of %s", version,
			     release);
		findings_more(findings, "put the image's own beside it, as 'config'");
	}
	kernel_judge(config, *release ? release : version, findings);
}

void kernel_look(const char *path, struct findings *findings)
{
	struct kernel_config config;
	struct kernel_image *image;
	struct error err = { "" };
	const char *release;
	bool was_bzimage;

	findings_title(findings, "Kernel %s", path);
	if (kernel_image_open(path, &image, &err)) {
		findings_add_error(findings, FINDING_FAIL, &err);
		return;
	}
	was_bzimage = kernel_image_is_bzimage(image);
	release = kernel_image_release(image);
	findings_add(findings, FINDING_OK, "%s, %s",
		     was_bzimage ? "bzImage" : "uncompressed vmlinux",
		     *release ? release : "of a release that it does not tell");
	if (was_bzimage) {
		int ret = kernel_image_unpack(image, -1, &err);

		if (ret == -ENOTSUP) {
			findings_add_error(findings, FINDING_WARN, &err);
		} else if (ret) {
			findings_add_error(findings, FINDING_FAIL, &err);
			goto out;
		}
	}
	if (find_config(path, image, was_bzimage, kernel_image_release(image), &config, &err)) {
		findings_add(findings, FINDING_WARN, "configuration: %s", err.text);
		findings_more(findings, "what the kernel has is not known: put its configuration "
					"beside the image, as 'config'");
		goto out;
	}
	look_at_config(&config, kernel_image_release(image), findings);
	kernel_config_free(&config);
out:
	kernel_image_close(image);
}
