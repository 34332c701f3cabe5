/* What is in a kernel file, and how does it get into guest memory? See kernel_image.h. */
#include "vmm/kernel_image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/decompress.h"
#include "vmm/vmlinux.h"
#include "vmm/x86/bzimage.h"
#include "vmm/x86/layout.h"

/* Larger than any kernel, and also than any vmlinux without its debug information. */
#define IMAGE_MAX	   (512ull << 20)
/* Enough of a file's beginning to find an ELF's program headers in. */
#define HEAD_SIZE	   4096u
/* The 64-bit entry point of a bzImage (boot.rst, "64-bit Boot Protocol"). */
#define BZIMAGE_ENTRY	   0x200u
/* A vmlinux has no initrd_addr_max; this is what every x86-64 bzImage states (header.S). */
#define VMLINUX_INITRD_MAX 0x7fffffffull

struct kernel_image {
	char *name;
	const uint8_t *data;
	size_t size;
	void *mapping; /* @data, where it is ours; else NULL */
	/*
	 * An ELF file, whose segments are read straight into guest memory: @data then has only the
	 * first HEAD_SIZE of the @size bytes. Else -1.
	 */
	int fd;
	bool is_bzimage;
	struct bzimage bzimage; /* stays when unpacked: its setup header and release still hold */
	struct vmlinux vmlinux; /* where !is_bzimage */
	char release[KERNEL_RELEASE_SIZE];
};

/* Files that are taken for a kernel by mistake, or that other machines boot. */
static const struct {
	size_t offset;
	const char *magic;
	size_t size;
	const char *what;
} known_others[] = {
	{ 4, "zimg", 4, "an EFI zboot image, which only a UEFI firmware can start" },
	{ 0x38, "ARM\x64", 4, "an arm64 Image, for another machine" },
	{ 0x38, "RSC\x05", 4, "a RISC-V Image, for another machine" },
	{ 0, "\x27\x05\x19\x56", 4, "a uImage, which U-Boot starts" },
	{ 0, "070701", 6, "a cpio archive (an initramfs)" },
	{ 0, "!<arch>\n", 8, "an ar archive (a Debian package, or a static library)" },
	{ 0, "\x1f\x8b", 2, "compressed as a whole with gzip" },
	{ 0, "\3757zXZ", 6, "compressed as a whole with xz" },
	{ 0, "BZh", 3, "compressed as a whole with bzip2" },
	{ 0, "\x28\xb5\x2f\xfd", 4, "compressed as a whole with zstd" },
	{ 0, "\x02\x21\x4c\x18", 4, "compressed as a whole with lz4" },
};

static int not_a_kernel(const struct kernel_image *image, struct error *err)
{
	for (size_t i = 0; i < sizeof(known_others) / sizeof(known_others[0]); i++) {
		size_t offset = known_others[i].offset;

		if (image->size >= offset + known_others[i].size &&
		    memcmp(image->data + offset, known_others[i].magic, known_others[i].size) == 0)
			return error_set(err, -ENOEXEC,
					 "kernel '%s': %s; give a bzImage or an uncompressed "
					 "vmlinux",
					 image->name, known_others[i].what);
	}
	return error_set(
		err, -ENOEXEC,
		"kernel '%s': not a bzImage (no \"HdrS\" at 0x202) and not an ELF file; give a "
		"bzImage or an uncompressed vmlinux",
		image->name);
}

static int parse(struct kernel_image *image, struct error *err)
{
	int ret;

	if (image->size == 0)
		return error_set(err, -ENOEXEC,
				 "kernel '%s': empty; give a bzImage or an uncompressed vmlinux",
				 image->name);
	if (bzimage_probe(image->data, image->size)) {
		image->is_bzimage = true;
		ret = bzimage_parse(image->name, image->data, image->size, &image->bzimage, err);
		if (!ret)
			memcpy(image->release, image->bzimage.release, sizeof(image->release));
		return ret;
	}
	if (!vmlinux_probe(image->data, image->size))
		return not_a_kernel(image, err);
	ret = vmlinux_parse(image->name, image->data, image->size, &image->vmlinux, err);
	return ret;
}

static struct kernel_image *image_new(const char *name, struct error *err)
{
	struct kernel_image *image = calloc(1, sizeof(*image));

	if (image) {
		image->fd = -1;
		image->name = strdup(name);
	}
	if (!image || !image->name) {
		free(image);
		error_set(err, -ENOMEM, "kernel '%s': out of memory", name);
		return NULL;
	}
	return image;
}

/* Let go of the bytes, not of what they told. */
static void drop_data(struct kernel_image *image)
{
	if (image->mapping)
		munmap(image->mapping, image->fd < 0 ? image->size : HEAD_SIZE);
	if (image->fd >= 0)
		close(image->fd);
	image->fd = -1;
	image->mapping = NULL;
	image->data = NULL;
	image->size = 0;
}

int kernel_image_from_memory(const char *name, const void *data, size_t size,
			     struct kernel_image **out, struct error *err)
{
	struct kernel_image *image = image_new(name, err);
	int ret;

	*out = NULL;
	if (!image)
		return -ENOMEM;
	image->data = data;
	image->size = size;
	ret = parse(image, err);
	if (ret) {
		kernel_image_close(image);
		return ret;
	}
	*out = image;
	return 0;
}

/* Fill @buffer from @offset on. A file that others make shorter meanwhile is an error, not a
 * SIGBUS. */
static int read_at(const char *path, int fd, uint64_t offset, uint8_t *buffer, size_t size,
		   struct error *err)
{
	size_t done = 0;

	while (done < size) {
		ssize_t count = pread(fd, buffer + done, size - done, (off_t)(offset + done));

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0) {
			int ret = -errno;

			return error_set(err, ret, "kernel '%s': reading it: %s", path,
					 strerror(-ret));
		}
		if (count == 0)
			return error_set(err, -ENOEXEC,
					 "kernel '%s': became shorter while it was read (%zu of "
					 "%zu bytes); try again once nothing writes to it",
					 path, done, size);
		done += (size_t)count;
	}
	return 0;
}

/* How many bytes of the file are worth reading. */
static int wanted_size(const char *path, int fd, size_t *wanted, struct error *err)
{
	uint8_t head[HEAD_SIZE];
	size_t head_size;
	struct stat st;
	uint64_t size;
	int ret;

	if (fstat(fd, &st) < 0) {
		ret = -errno;
		return error_set(err, ret, "kernel '%s': looking at it: %s", path, strerror(-ret));
	}
	if (S_ISDIR(st.st_mode))
		return error_set(err, -EISDIR,
				 "kernel '%s': a directory; give the bzImage or vmlinux file in it",
				 path);
	if (!S_ISREG(st.st_mode))
		return error_set(err, -EINVAL,
				 "kernel '%s': not a regular file; give a bzImage or an "
				 "uncompressed vmlinux",
				 path);
	size = (uint64_t)st.st_size;
	head_size = size < sizeof(head) ? (size_t)size : sizeof(head);
	ret = read_at(path, fd, 0, head, head_size, err);
	if (ret)
		return ret;
	if (vmlinux_probe(head, head_size))
		size = vmlinux_loaded_size(head, head_size, size);
	if (size > IMAGE_MAX)
		return error_set(err, -EFBIG,
				 "kernel '%s': %llu MiB to read, more than any kernel has (%llu "
				 "MiB); give a bzImage or an uncompressed vmlinux",
				 path, (unsigned long long)(size >> 20), IMAGE_MAX >> 20);
	*wanted = (size_t)size;
	return 0;
}

/* The first @size bytes of the file become the image's. */
static int read_bytes(struct kernel_image *image, int fd, size_t size, struct error *err)
{
	image->mapping =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (image->mapping == MAP_FAILED) {
		image->mapping = NULL;
		return error_set(err, -ENOMEM, "kernel '%s': no memory for its %zu bytes",
				 image->name, size);
	}
	image->data = image->mapping;
	image->size = size;
	return read_at(image->name, fd, 0, image->mapping, size, err);
}

static int read_file(struct kernel_image *image, int fd, struct error *err)
{
	size_t size = 0;
	int ret = wanted_size(image->name, fd, &size, err);

	if (ret || size == 0)
		return ret;
	if (size > HEAD_SIZE) {
		ret = read_bytes(image, fd, HEAD_SIZE, err);
		if (ret)
			return ret;
		if (vmlinux_headers_in(image->data, HEAD_SIZE)) {
			image->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
			if (image->fd >= 0) {
				image->size = size;
				return 0;
			}
		}
		drop_data(image);
	}
	return read_bytes(image, fd, size, err);
}

int kernel_image_open(const char *path, struct kernel_image **out, struct error *err)
{
	struct kernel_image *image = image_new(path, err);
	int fd, ret;

	*out = NULL;
	if (!image)
		return -ENOMEM;
	/* O_NONBLOCK: a FIFO must not hold us up before we see what it is. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		ret = -errno;
		error_set(err, ret,
			  "kernel '%s': opening it: %s; give a bzImage or an uncompressed vmlinux",
			  path, strerror(-ret));
		goto fail;
	}
	ret = read_file(image, fd, err);
	close(fd);
	if (!ret)
		ret = parse(image, err);
	if (ret)
		goto fail;
	*out = image;
	return 0;
fail:
	kernel_image_close(image);
	return ret;
}

int kernel_image_unpack(struct kernel_image *image, int cancel_fd, struct error *err)
{
	struct vmlinux vmlinux;
	uint8_t *data;
	size_t size;
	int ret;

	if (!image->is_bzimage)
		return 0;
	ret = decompress_payload(image->name, image->data + image->bzimage.payload_offset,
				 image->bzimage.payload_size, cancel_fd, &data, &size, err);
	if (ret)
		return ret;
	ret = vmlinux_parse(image->name, data, size, &vmlinux, err);
	if (ret) {
		munmap(data, size);
		return error_prefix(err, ret, "unpacked payload");
	}
	drop_data(image);
	image->mapping = data;
	image->data = data;
	image->size = size;
	image->vmlinux = vmlinux;
	image->is_bzimage = false;
	return 0;
}

/* Only now: a whole file is to be searched for it, and few callers ask. */
static void find_release(struct kernel_image *image)
{
	uint8_t *bytes;

	if (image->fd >= 0) {
		bytes = mmap(NULL, image->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			     -1, 0);
		if (bytes == MAP_FAILED)
			return;
		if (read_at(image->name, image->fd, 0, bytes, image->size, NULL) == 0)
			vmlinux_release(&image->vmlinux, bytes, image->release,
					sizeof(image->release));
		munmap(bytes, image->size);
	} else {
		vmlinux_release(&image->vmlinux, image->data, image->release,
				sizeof(image->release));
	}
}

const char *kernel_image_release(struct kernel_image *image)
{
	if (!image->is_bzimage && !*image->release)
		find_release(image);
	return image->release;
}

bool kernel_image_is_bzimage(const struct kernel_image *image)
{
	return image->is_bzimage;
}

int kernel_image_set_name(struct kernel_image *image, const char *name)
{
	char *copy = strdup(name);

	if (!copy)
		return -ENOMEM;
	free(image->name);
	image->name = copy;
	return 0;
}

const void *kernel_image_bytes(const struct kernel_image *image, size_t *size)
{
	*size = image->size;
	return image->data;
}

uint64_t kernel_image_end(const struct kernel_image *image)
{
	return image->is_bzimage ? image->bzimage.end : image->vmlinux.end;
}

static void load_bzimage(const struct kernel_image *image, const struct guest_memory *memory,
			 struct kernel_entry *entry)
{
	const struct bzimage *bzimage = &image->bzimage;

	memcpy(guest_memory_at(memory, bzimage->load, bzimage->kernel_size),
	       image->data + bzimage->kernel_offset, bzimage->kernel_size);
	entry->rip = bzimage->load + BZIMAGE_ENTRY;
}

/* What a segment has beyond its bytes in the file is zero: guest RAM is fresh. */
static int load_vmlinux(const struct kernel_image *image, const struct guest_memory *memory,
			struct kernel_entry *entry, struct error *err)
{
	for (size_t i = 0; i < image->vmlinux.nr_segments; i++) {
		const struct vmlinux_segment *segment = &image->vmlinux.segments[i];
		void *to = guest_memory_at(memory, segment->gpa, segment->memory_size);
		int ret = 0;

		if (image->fd >= 0)
			ret = read_at(image->name, image->fd, segment->offset, to,
				      segment->file_size, err);
		else
			memcpy(to, image->data + segment->offset, segment->file_size);
		if (ret)
			return ret;
	}
	entry->rip = image->vmlinux.entry;
	return 0;
}

int kernel_image_load(const struct kernel_image *image, const struct guest_memory *memory,
		      struct kernel_entry *entry, struct error *err)
{
	uint64_t end = kernel_image_end(image);
	int ret = 0;

	memset(entry, 0, sizeof(*entry));
	/* Everything was found to lie between 1 MiB and the hole when it was parsed. */
	if (end > memory->low_size)
		return error_set(err, -ENOSPC,
				 "kernel '%s': it takes guest memory up to %llu MiB, the guest has "
				 "%llu MiB; give more with --memory",
				 image->name, (unsigned long long)((end + (1 << 20) - 1) >> 20),
				 (unsigned long long)(memory->size >> 20));
	if (image->is_bzimage)
		load_bzimage(image, memory, entry);
	else
		ret = load_vmlinux(image, memory, entry, err);
	if (ret)
		return ret;
	entry->end = end;
	entry->initrd_max = VMLINUX_INITRD_MAX;
	if (image->bzimage.setup_header_size) {
		entry->initrd_max = image->bzimage.initrd_max;
		entry->setup_header_size = image->bzimage.setup_header_size;
		memcpy(entry->setup_header, image->bzimage.setup_header, entry->setup_header_size);
	}
	return 0;
}

void kernel_image_close(struct kernel_image *image)
{
	if (!image)
		return;
	drop_data(image);
	free(image->name);
	free(image);
}
