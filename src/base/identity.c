/* What tells two bases apart? See identity.h. */
#include "base/identity.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nettle/sha2.h>

#include "embed/embed.h"
#include "version.h"

/* All that we read has its place in the first page of a file. */
#define READ_SIZE 4096

/* Returns the bytes that were read, behind which there is a NUL; -errno. */
static ssize_t read_start(const char *root, const char *path, char bytes[READ_SIZE])
{
	char whole[PATH_MAX];
	ssize_t count;
	int fd;

	bytes[0] = '\0';
	if (snprintf(whole, sizeof(whole), "%s%s", root, path) >= (int)sizeof(whole))
		return -ENAMETOOLONG;
	fd = open(whole, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	count = read(fd, bytes, READ_SIZE - 1);
	if (count < 0)
		count = -errno;
	close(fd);
	bytes[count > 0 ? count : 0] = '\0';
	return count;
}

/* One value is one line, whatever is in it; and no two values give the same line. */
static void put_text(FILE *out, const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c < 0x20 || c == 0x7f || c == '\\')
			fprintf(out, "\\x%02x", c);
		else
			fputc(c, out);
	}
}

static void put_hex(FILE *out, const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		fprintf(out, "%02x", bytes[i]);
}

/* Who changes a file's content cannot help changing its ctime. */
static void put_file(FILE *out, const struct stat *st)
{
	fprintf(out,
		"device %" PRIx64 ", inode %" PRIu64 ", %" PRIu64 " bytes, modified %" PRId64
		".%09ld, changed %" PRId64 ".%09ld",
		(uint64_t)st->st_dev, (uint64_t)st->st_ino, (uint64_t)st->st_size,
		(int64_t)st->st_mtim.tv_sec, st->st_mtim.tv_nsec, (int64_t)st->st_ctim.tv_sec,
		st->st_ctim.tv_nsec);
}

static int put_kernel(FILE *out, const char *path, struct error *err)
{
	struct stat st;

	if (stat(path, &st))
		return error_set(err, -errno, "kernel '%s': %s", path, strerror(errno));
	fputs("kernel: ", out);
	put_file(out, &st);
	fputc('\n', out);
	return 0;
}

/* A build that is not committed has no number of its own; the file that we are has. */
static int put_launcher(FILE *out, const char *root, struct error *err)
{
	char path[PATH_MAX];
	struct stat st;

	if (snprintf(path, sizeof(path), "%s/proc/self/exe", root) >= (int)sizeof(path))
		return error_set(err, -ENAMETOOLONG, "'%s/proc/self/exe': too long", root);
	if (stat(path, &st))
		return error_set(err, -errno, "'%s': %s", path, strerror(errno));
	fprintf(out, "launcher: %s, ", version_text);
	put_file(out, &st);
	fputc('\n', out);
	return 0;
}

/* What the initramfs of a base is made of. */
static void put_guest(FILE *out)
{
	static const char *const names[] = { "init", "work", "busybox", "applets" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct blob *blob = embed_find(names[i]);

		fprintf(out, "guest %s: %s\n", names[i], blob ? blob->sha256 : "none");
	}
}

bool identity_boot(const char *root, char *value, size_t size)
{
	char bytes[READ_SIZE];
	size_t length;

	if (read_start(root, "/proc/sys/kernel/random/boot_id", bytes) < 0)
		return false;
	length = strcspn(bytes, "\n");
	return length && snprintf(value, size, "%.*s", (int)length, bytes) < (int)size;
}

static int put_boot(FILE *out, const char *root, struct error *err)
{
	char boot[64];

	if (!identity_boot(root, boot, sizeof(boot)))
		return error_set(err, -ENODATA,
				 "%s/proc/sys/kernel/random/boot_id does not tell which boot of "
				 "the host this is",
				 root);
	fputs(IDENTITY_BOOT ": ", out);
	put_text(out, boot);
	fputc('\n', out);
	return 0;
}

static void put_module(FILE *out, const char *root, const char *name)
{
	char path[PATH_MAX], bytes[READ_SIZE];
	ssize_t count;

	snprintf(path, sizeof(path), "/sys/module/%s/srcversion", name);
	read_start(root, path, bytes);
	bytes[strcspn(bytes, "\n")] = '\0';
	fprintf(out, "module %s: source ", name);
	put_text(out, *bytes ? bytes : "not told");
	snprintf(path, sizeof(path), "/sys/module/%s/notes/.note.gnu.build-id", name);
	count = read_start(root, path, bytes);
	fputs(", build ", out);
	if (count > 0)
		put_hex(out, (const uint8_t *)bytes, (size_t)count);
	else
		fputs("not told", out);
	fputc('\n', out);
}

static int is_kvm(const struct dirent *entry)
{
	return !strncmp(entry->d_name, "kvm", 3);
}

/*
 * Modules can be loaded anew while the host runs. Which one it is tell a digest of its source,
 * where the kernel was configured for that, and the linker's digest of its code; one that is built
 * in has neither, and goes with the boot.
 */
static void put_modules(FILE *out, const char *root)
{
	struct dirent **names;
	char path[PATH_MAX];
	int count = -1;

	if (snprintf(path, sizeof(path), "%s/sys/module", root) < (int)sizeof(path))
		count = scandir(path, &names, is_kvm, alphasort);
	for (int i = 0; i < count; i++) {
		put_module(out, root, names[i]->d_name);
		free(names[i]);
	}
	if (count >= 0)
		free(names);
}

/* The first CPU's; new microcode may change what a CPU can do at any time. */
static void put_cpu(FILE *out, const char *root)
{
	static const char *const names[] = { "vendor_id", "cpu family", "model",
					     "stepping",  "microcode",	"model name" };
	char bytes[READ_SIZE];

	read_start(root, "/proc/cpuinfo", bytes);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t length = strlen(names[i]);
		const char *line = bytes;
		char value[256] = "";

		while (line && *line && *line != '\n') {
			const char *colon = line + length + strspn(line + length, "\t ");

			/* "model" is not "model name" */
			if (!strncmp(line, names[i], length) && *colon == ':') {
				snprintf(value, sizeof(value), "%.*s", (int)strcspn(colon, "\n"),
					 colon);
				break;
			}
			line = strchr(line, '\n');
			line += !!line;
		}
		fprintf(out, "cpu %s", names[i]);
		put_text(out, *value ? value : ": not told");
		fputc('\n', out);
	}
}

static void put_offers(FILE *out, const struct identity_parts *parts)
{
	uint8_t digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx sha;

	sha256_init(&sha);
	sha256_update(&sha, parts->offers_size, parts->offers);
	sha256_digest(&sha, sizeof(digest), digest);
	fputs("kvm offers: ", out);
	put_hex(out, digest, sizeof(digest));
	fprintf(out, ", %zu bytes\n", parts->offers_size);
}

static int put_all(FILE *out, const char *root, const struct identity_parts *parts,
		   struct error *err)
{
	char topology[TOPOLOGY_SPEC_SIZE];
	int ret;

	topology_format(parts->topology, topology);
	fprintf(out, "topology: %s\nmemory: %" PRIu64 " MiB\ncommand line: ", topology,
		parts->memory_mib);
	put_text(out, parts->cmdline);
	fprintf(out, "\ntsc: %s\n", parts->tsc_reliable ? "reliable" : "not reliable");
	ret = put_kernel(out, parts->kernel, err);
	if (!ret)
		ret = put_launcher(out, root, err);
	if (!ret)
		ret = put_boot(out, root, err);
	put_guest(out);
	put_modules(out, root);
	put_cpu(out, root);
	put_offers(out, parts);
	return ret;
}

void identity_digest(const char *text, uint8_t digest[IDENTITY_DIGEST_SIZE])
{
	struct sha256_ctx sha;

	sha256_init(&sha);
	sha256_update(&sha, strlen(text), (const uint8_t *)text);
	sha256_digest(&sha, IDENTITY_DIGEST_SIZE, digest);
}

int identity_make(const char *root, const struct identity_parts *parts,
		  struct base_identity *identity, struct error *err)
{
	size_t size;
	FILE *out;
	bool bad;
	int ret;

	*identity = (struct base_identity){ .text = NULL };
	out = open_memstream(&identity->text, &size);
	if (!out)
		return error_set(err, -ENOMEM, "no memory for what a base is made of");
	ret = put_all(out, root, parts, err);
	bad = ferror(out);
	if ((fclose(out) || bad) && !ret)
		ret = error_set(err, -ENOMEM, "no memory for what a base is made of");
	if (ret)
		identity_free(identity);
	else
		identity_digest(identity->text, identity->digest);
	return ret;
}

void identity_free(struct base_identity *identity)
{
	free(identity->text);
	identity->text = NULL;
}

bool identity_value(const char *text, const char *name, char *value, size_t size)
{
	size_t length = strlen(name);

	while (text && *text) {
		if (!strncmp(text, name, length) && !strncmp(text + length, ": ", 2)) {
			text += length + 2;
			snprintf(value, size, "%.*s", (int)strcspn(text, "\n"), text);
			return true;
		}
		text = strchr(text, '\n');
		text += !!text;
	}
	value[0] = '\0';
	return false;
}
