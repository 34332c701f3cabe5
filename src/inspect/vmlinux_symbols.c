/* Which symbols does a vmlinux have? (vmlinux_symbols.h) */
#include "inspect/vmlinux_symbols.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_STRINGS (256u << 20)
#define MAX_SYMBOLS (1u << 22)

/* The file, and in it what is asked for; all that is pointed at lies in it. */
struct file {
	const uint8_t *bytes;
	size_t size;
	const Elf64_Shdr *sections;
	unsigned int nr_sections;
};

static const void *bytes_at(const struct file *file, uint64_t at, uint64_t size)
{
	return at <= file->size && size <= file->size - at ? file->bytes + at : NULL;
}

static bool find_sections(struct file *file)
{
	const Elf64_Ehdr *head = bytes_at(file, 0, sizeof(*head));

	if (!head || memcmp(head->e_ident, ELFMAG, SELFMAG) != 0 ||
	    head->e_ident[EI_CLASS] != ELFCLASS64 || head->e_ident[EI_DATA] != ELFDATA2LSB ||
	    head->e_machine != EM_X86_64 || head->e_shentsize != sizeof(Elf64_Shdr) ||
	    head->e_shoff % _Alignof(Elf64_Shdr))
		return false;
	file->nr_sections = head->e_shnum;
	file->sections =
		bytes_at(file, head->e_shoff, (uint64_t)head->e_shnum * sizeof(*file->sections));
	return file->sections;
}

/* The symbol table and its strings, of which the last byte is NUL. */
static bool find_table(const struct file *file, const Elf64_Sym **table, uint32_t *nr,
		       const char **strings, size_t *strings_size)
{
	for (unsigned int i = 0; i < file->nr_sections; i++) {
		const Elf64_Shdr *section = &file->sections[i], *names;

		if (section->sh_type != SHT_SYMTAB || section->sh_link >= file->nr_sections)
			continue;
		names = &file->sections[section->sh_link];
		*table = bytes_at(file, section->sh_offset, section->sh_size);
		*strings = bytes_at(file, names->sh_offset, names->sh_size);
		if (!*table || !*strings || !names->sh_size || names->sh_size > MAX_STRINGS ||
		    section->sh_offset % _Alignof(Elf64_Sym) ||
		    section->sh_size / sizeof(Elf64_Sym) > MAX_SYMBOLS ||
		    (*strings)[names->sh_size - 1])
			return false;
		*nr = (uint32_t)(section->sh_size / sizeof(Elf64_Sym));
		*strings_size = names->sh_size;
		return true;
	}
	return false;
}

/* Code and data by name: no sections, files, nor what is defined elsewhere. */
static bool is_wanted(const Elf64_Sym *symbol, const char *strings, size_t strings_size)
{
	return symbol->st_shndx != SHN_UNDEF && ELF64_ST_TYPE(symbol->st_info) != STT_SECTION &&
	       ELF64_ST_TYPE(symbol->st_info) != STT_FILE && symbol->st_name < strings_size &&
	       strings[symbol->st_name];
}

static int take_symbols(const struct file *file, struct symbols *symbols)
{
	const char *strings;
	const Elf64_Sym *table;
	struct symbols_plain *list;
	uint32_t nr, kept = 0;
	size_t strings_size;
	uint8_t *bytes;
	int ret;

	if (!find_table(file, &table, &nr, &strings, &strings_size))
		return -EINVAL;
	list = calloc(nr + 1, sizeof(*list));
	bytes = malloc(strings_size);
	if (!list || !bytes) {
		free(list);
		free(bytes);
		return -ENOMEM;
	}
	memcpy(bytes, strings, strings_size);
	for (uint32_t i = 0; i < nr; i++)
		if (is_wanted(&table[i], strings, strings_size)) {
			list[kept].address = table[i].st_value;
			list[kept++].name_at = table[i].st_name;
		}
	ret = symbols_make_plain(symbols, bytes, list, kept);
	free(list);
	return ret;
}

static bool take_banner(const struct file *file, struct vmlinux_symbols *elf)
{
	if (!symbols_find(&elf->symbols, "linux_banner", &elf->banner_at))
		return false;
	for (unsigned int i = 0; i < file->nr_sections; i++) {
		const Elf64_Shdr *section = &file->sections[i];
		uint64_t offset = elf->banner_at - section->sh_addr, left;
		const char *text;

		if (section->sh_type != SHT_PROGBITS || elf->banner_at < section->sh_addr ||
		    offset >= section->sh_size)
			continue;
		left = section->sh_size - offset;
		if (left > VMLINUX_BANNER_SIZE - 1)
			left = VMLINUX_BANNER_SIZE - 1;
		text = bytes_at(file, section->sh_offset + offset, left);
		if (!text)
			return false;
		memcpy(elf->banner, text, left);
		elf->banner[left] = '\0';
		return *elf->banner;
	}
	return false;
}

static int read_file(const struct file *bytes, const char *path, struct vmlinux_symbols *out,
		     struct error *err)
{
	struct file file = *bytes;
	int ret;

	if (!find_sections(&file))
		return error_set(err, -EINVAL,
				 "vmlinux '%s': not an ELF file of x86-64 with sections; give the "
				 "vmlinux of the kernel's build, no bzImage",
				 path);
	ret = take_symbols(&file, &out->symbols);
	if (ret == -ENOMEM)
		return error_set(err, ret, "vmlinux '%s': no memory left for its symbols", path);
	if (ret || !take_banner(&file, out))
		return error_set(
			err, -EINVAL,
			"vmlinux '%s': it has no symbol table with _text and linux_banner; "
			"give one that is not stripped",
			path);
	return 0;
}

int vmlinux_symbols_read(const char *path, struct vmlinux_symbols *out, struct error *err)
{
	struct file file = { .bytes = MAP_FAILED };
	struct stat stat;
	int fd, ret;

	memset(out, 0, sizeof(*out));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &stat) < 0 || !S_ISREG(stat.st_mode) || stat.st_size == 0) {
		ret = fd < 0 ? -errno : -EINVAL;
	} else {
		file.size = (size_t)stat.st_size;
		file.bytes = mmap(NULL, file.size, PROT_READ, MAP_PRIVATE, fd, 0);
		ret = file.bytes == MAP_FAILED ? -errno : 0;
	}
	if (fd >= 0)
		close(fd);
	if (ret)
		return error_set(err, ret, "vmlinux '%s': cannot be read: %s", path,
				 ret == -EINVAL ? "not a regular file with content"
						: strerror(-ret));
	ret = read_file(&file, path, out, err);
	if (ret)
		vmlinux_symbols_destroy(out);
	munmap((void *)file.bytes, file.size);
	return ret;
}

void vmlinux_symbols_destroy(struct vmlinux_symbols *elf)
{
	symbols_destroy(&elf->symbols);
	memset(elf, 0, sizeof(*elf));
}
