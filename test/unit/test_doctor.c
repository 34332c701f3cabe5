/* Does doctor find what is wrong, call it by its name, and say what to do? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <errno.h>

#include "doctor/findings.h"
#include "doctor/host.h"
#include "doctor/kernel.h"
#include "doctor/kernel_config.h"
#include "doctor/kvm.h"
#include "doctor/needs.h"
#include "kernel_samples.h"

/* What was found, as text. */
struct paper {
	struct findings findings;
	char *text;
	size_t size;
};

static void paper_begin(struct paper *paper)
{
	memset(paper, 0, sizeof(*paper));
	paper->findings.out = open_memstream(&paper->text, &paper->size);
	assert_non_null(paper->findings.out);
}

static void paper_end(struct paper *paper)
{
	assert_int_equal(fclose(paper->findings.out), 0);
}

static void expect_text(const struct paper *paper, const char *what)
{
	if (!strstr(paper->text, what))
		fail_msg("not there: %s\nin:\n%s", what, paper->text);
}

static void expect_no_text(const struct paper *paper, const char *what)
{
	if (strstr(paper->text, what))
		fail_msg("there: %s\nin:\n%s", what, paper->text);
}

static void expect_counts(const struct paper *paper, unsigned int failures, unsigned int warnings)
{
	if (paper->findings.failures != failures || paper->findings.warnings != warnings)
		fail_msg("%u failures and %u warnings, not %u and %u, in:\n%s",
			 paper->findings.failures, paper->findings.warnings, failures, warnings,
			 paper->text);
}

/* Configurations. */

static struct kernel_config config_of(const char *text)
{
	return (struct kernel_config){ .text = (char *)text, .size = strlen(text) };
}

static void has_value(const char *text, const char *option, const char *expected)
{
	/* Of its exact size, so that a read beyond it is seen. */
	struct kernel_config config = { .text = malloc(strlen(text)), .size = strlen(text) };
	char value[KERNEL_CONFIG_VALUE_SIZE] = "?";

	assert_non_null(config.text);
	memcpy(config.text, text, config.size);
	kernel_config_value(&config, option, value);
	if (strcmp(value, expected) != 0)
		fail_msg("%s in '%s' is '%s', not '%s'", option, text, value, expected);
	kernel_config_free(&config);
}

static void values_are_read(void **state)
{
	static const char text[] = "# Linux/x86 6.1.2 Kernel Configuration\n"
				   "CONFIG_ACPI_NUMA=y\n"
				   "# CONFIG_DEVMEM is not set\n"
				   "CONFIG_TMPFS=m\r\n"
				   "CONFIG_NR_CPUS=8192\n"
				   "CONFIG_LOCALVERSION=\"-x\"\n"
				   "# CONFIG_SMP=y\n"
				   "CONFIG_SYSFS is not set\n"
				   " CONFIG_KVM_GUEST=y\n"
				   "CONFIG_TWICE=y\nCONFIG_TWICE=n\n"
				   "CONFIG_LAST=y";

	(void)state;
	has_value(text, "ACPI_NUMA", "y");
	has_value(text, "ACPI", "");
	has_value(text, "NUMA", "");
	has_value(text, "DEVMEM", "n");
	has_value(text, "DEV", "");
	has_value(text, "TMPFS", "m");
	has_value(text, "NR_CPUS", "8192");
	has_value(text, "LOCALVERSION", "\"-x\"");
	has_value(text, "SMP", "");
	has_value(text, "SYSFS", "");
	has_value(text, "KVM_GUEST", "");
	has_value(text, "TWICE", "n");
	has_value(text, "LAST", "y");
	has_value("CONFIG_A=", "A", "");
	has_value("CONFIG_A", "A", "");
	has_value("# CONFIG_A is not se", "A", "");
	has_value("# ", "A", "");
}

static void long_values_are_cut(void **state)
{
	char text[256] = "CONFIG_A=", expected[KERNEL_CONFIG_VALUE_SIZE];

	(void)state;
	memset(text + 9, 'x', 200);
	memset(expected, 'x', sizeof(expected) - 1);
	expected[sizeof(expected) - 1] = '\0';
	has_value(text, "A", expected);
}

static void version_is_read(void **state)
{
	static const struct {
		const char *text, *version;
	} cases[] = {
		{ "#\n# Automatically generated\n# Linux/x86 6.12.117 Kernel Configuration\n",
		  "6.12.117" },
		{ "# Linux/x86_64 5.4.0-rc1 Kernel Configuration\n", "5.4.0-rc1" },
		{ "# Linux/x86", "" },
		{ "# Linux/x86 ", "" },
		{ "CONFIG_A=y\n", "" },
		{ "\n\n\n\n\n\n\n\n\n\n# Linux/x86 6.1.0 Kernel Configuration\n", "" },
	};
	char version[KERNEL_CONFIG_VALUE_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kernel_config config = config_of(cases[i].text);

		kernel_config_version(&config, version);
		assert_string_equal(version, cases[i].version);
	}
}

static void what_is_no_configuration(void **state)
{
	struct error err;

	(void)state;
	assert_int_equal(kernel_config_check("CONFIG_A=y\n", 11, &err), 0);
	assert_int_equal(kernel_config_check("#\nCONFIG_A=y", 12, &err), 0);
	assert_int_equal(kernel_config_check("", 0, &err), -EBADMSG);
	assert_int_equal(kernel_config_check("CONFIG_", 7, &err), -EBADMSG);
	assert_int_equal(kernel_config_check("[core]\n\tbare = false\n", 21, &err), -EBADMSG);
	assert_int_equal(kernel_config_check("CONFIG_A=y\n\0", 12, &err), -EBADMSG);
}

/* A kernel with one in it. */

static size_t pack(uint8_t *to, size_t room, const char *text, size_t size)
{
	z_stream stream = { .next_in = (Bytef *)text,
			    .avail_in = (uInt)size,
			    .next_out = to,
			    .avail_out = (uInt)room };

	assert_int_equal(
		deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 9, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	deflateEnd(&stream);
	return room - stream.avail_out;
}

#define IMAGE_SIZE 65536u
#define IMAGE_TEXT "#\nCONFIG_DEVMEM=y\nCONFIG_NR_CPUS=64\n"

/* Returns where it ends. */
static size_t put_config(uint8_t *image, size_t at, const char *text, const char *end)
{
	memcpy(image + at, "IKCFG_ST", 8);
	at += 8;
	at += pack(image + at, 4096, text, strlen(text));
	memcpy(image + at, end, strlen(end));
	return at + strlen(end);
}

static int embedded_ret(const uint8_t *image, size_t size, struct kernel_config *config)
{
	uint8_t *copy = malloc(size ? size : 1);
	struct error err = { "" };
	int ret;

	assert_non_null(copy);
	memcpy(copy, image, size);
	ret = kernel_config_embedded(copy, size, config, &err);
	assert_true(ret == 0 || (*err.text && !config->text));
	free(copy);
	return ret;
}

static void embedded_is_found(void **state)
{
	uint8_t *image = calloc(1, IMAGE_SIZE);
	struct kernel_config config;
	size_t end;

	(void)state;
	assert_non_null(image);
	assert_int_equal(embedded_ret(image, IMAGE_SIZE, &config), -ENOENT);
	assert_int_equal(embedded_ret(image, 0, &config), -ENOENT);
	/* The words alone, which the kernel's own code could have. */
	memcpy(image + 100, "IKCFG_STIKCFG_ED", 16);
	assert_int_equal(embedded_ret(image, IMAGE_SIZE, &config), -ENOENT);
	end = put_config(image, 1000, IMAGE_TEXT, "IKCFG_ED");
	assert_int_equal(embedded_ret(image, IMAGE_SIZE, &config), 0);
	assert_int_equal(config.size, strlen(IMAGE_TEXT));
	assert_memory_equal(config.text, IMAGE_TEXT, config.size);
	assert_string_equal(config.source, "");
	kernel_config_free(&config);
	assert_int_equal(embedded_ret(image, end, &config), 0);
	kernel_config_free(&config);
	/* Cut off anywhere. */
	for (size_t size = 1000; size < end; size++) {
		int ret = embedded_ret(image, size, &config);

		assert_true(ret == -ENOENT || ret == -EBADMSG);
	}
	free(image);
}

static void embedded_may_be_damaged(void **state)
{
	uint8_t *image = calloc(1, IMAGE_SIZE);
	struct kernel_config config;

	(void)state;
	assert_non_null(image);
	put_config(image, 100, IMAGE_TEXT, "IKCFG_EX");
	assert_int_equal(embedded_ret(image, IMAGE_SIZE, &config), -EBADMSG);
	put_config(image, 100, "nothing of the kind\n", "IKCFG_ED");
	assert_int_equal(embedded_ret(image, IMAGE_SIZE, &config), -EBADMSG);
	/* A later one is tried, but not any number of them. */
	put_config(image, 2000, IMAGE_TEXT, "IKCFG_ED");
	assert_int_equal(embedded_ret(image, IMAGE_SIZE, &config), 0);
	kernel_config_free(&config);
	for (size_t i = 0; i < 50; i++)
		memcpy(image + 200 + i * 16, "IKCFG_ST\x1f\x8b", 10);
	assert_int_equal(embedded_ret(image, IMAGE_SIZE, &config), -EBADMSG);
	free(image);
}

static void embedded_may_be_a_bomb(void **state)
{
	size_t size = KERNEL_CONFIG_MAX + 4096;
	char *text = malloc(size);
	uint8_t *image = calloc(1, IMAGE_SIZE);
	struct kernel_config config;
	size_t used;

	(void)state;
	assert_non_null(text);
	assert_non_null(image);
	memset(text, '\n', size);
	memcpy(text, "CONFIG_A=y", 10);
	memcpy(image, "IKCFG_ST", 8);
	used = 8 + pack(image + 8, IMAGE_SIZE - 16, text, size);
	memcpy(image + used, "IKCFG_ED", 8);
	assert_int_equal(embedded_ret(image, IMAGE_SIZE, &config), -EBADMSG);
	free(image);
	free(text);
}

/* Files beside an image, each with an option that is its name. */

static char folder[64];

static int make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/ktstr-doctor-XXXXXX");
	return mkdtemp(folder) ? chdir(folder) : -1;
}

static int remove_folder(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return chdir("/") || system(command);
}

static void write_text(const char *path, const char *text)
{
	char dirs[256];
	FILE *file;

	for (size_t i = 1; path[i]; i++) {
		if (path[i] != '/')
			continue;
		snprintf(dirs, sizeof(dirs), "%.*s", (int)i, path);
		assert_true(!mkdir(dirs, 0755) || errno == EEXIST);
	}
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static void expect_beside(const char *image, const char *release, const char *path)
{
	struct kernel_config config;
	struct error err = { "" };
	int ret = kernel_config_beside(image, release, folder, &config, &err);

	if (!path) {
		assert_int_not_equal(ret, 0);
		assert_null(config.text);
		assert_true(*err.text);
		return;
	}
	if (ret || strcmp(config.source, path) != 0)
		fail_msg("%s: '%s' (%d, %s), not '%s'", image, config.source, ret, err.text, path);
	kernel_config_free(&config);
}

static void beside_in_order(void **state)
{
	char path[256];

	(void)state;
	write_text("k/vmlinuz", "");
	expect_beside("k/vmlinuz", "6.1-x", NULL);
	write_text("lib/modules/6.1-x/build/.config", "CONFIG_A=y\n");
	snprintf(path, sizeof(path), "%s/lib/modules/6.1-x/build/.config", folder);
	expect_beside("k/vmlinuz", "6.1-x", path);
	expect_beside("k/vmlinuz", "", NULL);
	expect_beside("k/vmlinuz", "6.1-y", NULL);
	write_text("lib/modules/6.1-x/config", "CONFIG_A=y\n");
	snprintf(path, sizeof(path), "%s/lib/modules/6.1-x/config", folder);
	expect_beside("k/vmlinuz", "6.1-x", path);
	write_text("boot/config-6.1-x", "CONFIG_A=y\n");
	snprintf(path, sizeof(path), "%s/boot/config-6.1-x", folder);
	expect_beside("k/vmlinuz", "6.1-x", path);
	write_text("k/.config", "CONFIG_A=y\n");
	expect_beside("k/vmlinuz", "6.1-x", "k/.config");
	write_text("k/config-6.1-x", "CONFIG_A=y\n");
	expect_beside("k/vmlinuz", "6.1-x", "k/config-6.1-x");
	/* Some other program's is passed over. */
	write_text("k/config", "[core]\n");
	expect_beside("k/vmlinuz", "6.1-x", "k/config-6.1-x");
	write_text("k/config", "CONFIG_A=y\n");
	expect_beside("k/vmlinuz", "6.1-x", "k/config");
	expect_beside("k/vmlinuz", "", "k/config");
	assert_int_equal(chdir("k"), 0);
	expect_beside("vmlinuz", "", "./config");
	assert_int_equal(chdir(".."), 0);
	/* A link beside nothing, to an image beside its own. */
	assert_int_equal(mkdir("links", 0755), 0);
	assert_int_equal(symlink("../k/vmlinuz", "links/vmlinuz"), 0);
	snprintf(path, sizeof(path), "%s/k/config", folder);
	expect_beside("links/vmlinuz", "", path);
	/* Where make leaves it. */
	write_text("tree/arch/x86/boot/bzImage", "");
	write_text("tree/.config", "CONFIG_A=y\n");
	expect_beside("tree/arch/x86/boot/bzImage", "", "tree/.config");
}

static void beside_is_hostile(void **state)
{
	struct kernel_config config;
	struct error err = { "" };

	(void)state;
	write_text("h/vmlinuz", "");
	write_text("h/evil", "CONFIG_A=y\n");
	write_text("h/config-/x", "CONFIG_A=y\n");
	/* A release that would lead out of the folders. */
	expect_beside("h/vmlinuz", "/x", NULL);
	expect_beside("h/vmlinuz", "/../evil", NULL);
	/* A folder, a FIFO, a text that is none: said by name when there is nothing better. */
	assert_int_equal(mkfifo("h/config", 0600), 0);
	assert_int_equal(kernel_config_beside("h/vmlinuz", "", folder, &config, &err), -EINVAL);
	assert_non_null(strstr(err.text, "'h/config': not a regular file"));
	assert_int_equal(unlink("h/config"), 0);
	write_text("h/config", "nothing\n");
	assert_int_equal(kernel_config_beside("h/vmlinuz", "", folder, &config, &err), -EBADMSG);
	assert_non_null(strstr(err.text, "'h/config': no line"));
	assert_int_equal(truncate("h/config", KERNEL_CONFIG_MAX + 1), 0);
	assert_int_equal(kernel_config_beside("h/vmlinuz", "", folder, &config, &err), -EFBIG);
}

/* The table against a configuration: all that is needed, but for what a test changes. */

static void judge(struct paper *paper, const char *release, const char *but, const char *value)
{
	struct kernel_config config = { .text = NULL };
	FILE *out = open_memstream(&config.text, &config.size);

	for (size_t i = 0; i < nr_needs; i++) {
		const char *is = needs[i].want == NEED_OFF	   ? "n"
				 : needs[i].want == NEED_CPU_COUNT ? "252"
								   : "y";

		if (but && !strcmp(needs[i].option, but))
			is = value;
		if (!strcmp(is, "n"))
			fprintf(out, "# CONFIG_%s is not set\n", needs[i].option);
		else if (*is)
			fprintf(out, "CONFIG_%s=%s\n", needs[i].option, is);
	}
	fclose(out);
	paper_begin(paper);
	kernel_judge(&config, release, &paper->findings);
	paper_end(paper);
	free(config.text);
}

static void all_is_there(void **state)
{
	struct paper paper;

	(void)state;
	judge(&paper, "6.12.1", NULL, NULL);
	expect_counts(&paper, 0, 0);
	/* Every option is named, and so is every part. */
	for (size_t i = 0; i < nr_needs; i++) {
		expect_text(&paper, needs[i].option);
		expect_text(&paper, need_part_name(needs[i].part));
	}
	expect_no_text(&paper, "CONFIG_");
	free(paper.text);
}

static void each_that_lacks_is_named(void **state)
{
	static const char *const values[] = { "n", "", "m" };
	char name[64];

	(void)state;
	for (size_t i = 0; i < nr_needs; i++) {
		bool run = needs[i].part == NEED_RUN;

		for (size_t j = 0; j < 3 && needs[i].want == NEED_BUILT_IN; j++) {
			struct paper paper;

			judge(&paper, "6.12.1", needs[i].option, values[j]);
			expect_counts(&paper, run, !run);
			snprintf(name, sizeof(name), "CONFIG_%s is %s", needs[i].option,
				 *values[j] == 'm' ? "a module" : "not set");
			expect_text(&paper, name);
			expect_text(&paper, needs[i].without);
			snprintf(name, sizeof(name), "build the kernel with CONFIG_%s=y\n",
				 needs[i].option);
			expect_text(&paper, name);
			free(paper.text);
		}
	}
}

static void numbers_and_what_must_be_off(void **state)
{
	static const char *const few[] = { "251", "64", "1", "-1", "254x", "y", "" };
	struct paper paper;

	(void)state;
	for (size_t i = 0; i < sizeof(few) / sizeof(few[0]); i++) {
		judge(&paper, "6.12.1", "NR_CPUS", few[i]);
		expect_counts(&paper, 0, 1);
		expect_text(&paper, "CONFIG_NR_CPUS is ");
		free(paper.text);
	}
	judge(&paper, "6.12.1", "NR_CPUS", "8192");
	expect_counts(&paper, 0, 0);
	free(paper.text);
	judge(&paper, "6.12.1", "LOCK_DOWN_KERNEL_FORCE_INTEGRITY", "y");
	expect_counts(&paper, 1, 0);
	expect_text(&paper, "build the kernel without CONFIG_LOCK_DOWN_KERNEL_FORCE_INTEGRITY");
	free(paper.text);
	judge(&paper, "6.12.1", "LOCK_DOWN_KERNEL_FORCE_CONFIDENTIALITY", "");
	expect_counts(&paper, 0, 0);
	free(paper.text);
}

static void old_kernels_lack_the_option_only(void **state)
{
	struct paper paper;

	(void)state;
	/* /dev/mem was no option then; wprof is warned of for the version. */
	judge(&paper, "3.19.0-x", "DEVMEM", "");
	expect_counts(&paper, 0, 1);
	free(paper.text);
	judge(&paper, "4.0.0", "DEVMEM", "");
	expect_counts(&paper, 1, 1);
	free(paper.text);
	judge(&paper, "3.19.0", "DEVMEM", "n");
	expect_counts(&paper, 1, 1);
	free(paper.text);
	judge(&paper, "", "DEVMEM", "");
	expect_counts(&paper, 1, 0);
	free(paper.text);
	judge(&paper, "6.5.0", NULL, NULL);
	expect_counts(&paper, 0, 1);
	expect_text(&paper, "Linux 6.5 is older than the 6.6");
	free(paper.text);
	judge(&paper, "6.6.0", "SCHED_CLASS_EXT", "");
	expect_counts(&paper, 0, 1);
	expect_text(&paper, "CONFIG_SCHED_CLASS_EXT is of Linux 6.12 and newer");
	expect_text(&paper, "take a newer kernel");
	free(paper.text);
}

static void the_table_is_in_order(void **state)
{
	struct paper paper;

	(void)state;
	for (size_t i = 0; i < nr_needs; i++) {
		assert_true(*needs[i].without);
		assert_non_null(need_part_name(needs[i].part));
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(needs[i].option, needs[j].option);
	}
	paper_begin(&paper);
	needs_print(paper.findings.out);
	paper_end(&paper);
	expect_text(&paper, "| option | for | if not |\n|---|---|---|\n");
	expect_text(&paper, "| `CONFIG_DEVMEM` (always there before Linux 4.0) | any run | ");
	expect_text(&paper, "| `CONFIG_NR_CPUS` of at least the topology's CPUs | ");
	expect_text(&paper, "| `CONFIG_LOCK_DOWN_KERNEL_FORCE_INTEGRITY` off | any run |");
	free(paper.text);
}

/* Whole images, with their configuration inside. */

static void look_at(const char *path, const struct sample *image, struct paper *paper)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(image->data, 1, image->size, file), image->size);
	assert_int_equal(fclose(file), 0);
	paper_begin(paper);
	kernel_look(path, &paper->findings);
	paper_end(paper);
}

static void images_with_their_configuration(void **state)
{
	struct sample vmlinux = sample_vmlinux(8192);
	struct paper paper;

	(void)state;
	put_config(vmlinux.data, SAMPLE_DATA_AT + 1001, "CONFIG_64BIT=y\nCONFIG_DEVMEM=m\n",
		   "IKCFG_ED");
	look_at("vmlinux", &vmlinux, &paper);
	expect_text(&paper, "ok    uncompressed vmlinux, " SAMPLE_RELEASE "\n");
	expect_text(&paper, "in the image (CONFIG_IKCONFIG)");
	expect_text(&paper, "CONFIG_DEVMEM is a module");
	free(paper.text);
	for (int kind = 0; kind < SAMPLE_COMPRESSIONS; kind++) {
		struct sample payload = sample_payload(&vmlinux, (enum sample_compression)kind);
		struct sample bzimage = sample_bzimage(&payload);

		look_at("bzImage", &bzimage, &paper);
		expect_text(&paper, "ok    bzImage, " SAMPLE_RELEASE "\n");
		expect_text(&paper, "in the image (CONFIG_IKCONFIG)");
		expect_text(&paper, "CONFIG_DEVMEM is a module");
		free(paper.text);
		free(bzimage.data);
		free(payload.data);
	}
	free(vmlinux.data);
}

static void images_that_cannot_be_unpacked(void **state)
{
	struct sample bzimage = sample_packed(4096, SAMPLE_XZ);
	uint8_t *payload = bzimage.data + SAMPLE_SETUP_SIZE + SAMPLE_PAYLOAD_AT;
	struct paper paper;

	(void)state;
	/* Damaged: no run can succeed. Of a kind that we do not read: the guest may. */
	payload[100] ^= 0xff;
	look_at("bzImage", &bzimage, &paper);
	expect_counts(&paper, 1, 0);
	expect_text(&paper, "FAIL  kernel 'bzImage': damaged");
	free(paper.text);
	memcpy(payload, "BZh9", 4);
	look_at("bzImage", &bzimage, &paper);
	expect_counts(&paper, 0, 2);
	expect_text(&paper, "bzip2");
	expect_text(&paper, "configuration: there is none");
	free(paper.text);
	/* With one beside it, that is used. */
	write_text("config", "CONFIG_DEVMEM=m\n");
	look_at("bzImage", &bzimage, &paper);
	expect_text(&paper, "configuration: ./config");
	expect_text(&paper, "CONFIG_DEVMEM is a module");
	free(paper.text);
	free(bzimage.data);
}

/* Lines. */

static void lines_are_safe_and_split(void **state)
{
	struct error err;
	struct paper paper;

	(void)state;
	paper_begin(&paper);
	findings_add(&paper.findings, FINDING_OK, "a\033[31mb\nc");
	error_set(&err, -EINVAL, "'x': wrong; so wrong; do this");
	findings_add_error(&paper.findings, FINDING_FAIL, &err);
	error_set(&err, -EINVAL, "no advice");
	findings_add_error(&paper.findings, FINDING_WARN, &err);
	paper.findings.colour = true;
	findings_add(&paper.findings, FINDING_OK, "green");
	paper_end(&paper);
	assert_string_equal(paper.text, "ok    a?[31mb?c\n"
					"FAIL  'x': wrong; so wrong\n        do this\n"
					"warn  no advice\n"
					"\033[1;32mok    \033[0mgreen\n");
	expect_counts(&paper, 1, 1);
	free(paper.text);
}

/* The host: one that has everything, but for what a test changes. */

static const struct host_facts good_host = {
	.kvm = { .api_version = 12,
		 .run_size = 12288,
		 .max_vcpus = 1024,
		 .advised_vcpus = 8,
		 .max_vcpu_ids = 4096,
		 .x2apic_api = true,
		 .virtual = "vmx" },
	.memory = { .total_mib = 8192, .available_mib = 6000, .limit_mib = UINT64_MAX },
	.thp = "madvise",
	.memfd_policy = "0",
	.descriptors = 1024,
	.clocksource = "tsc",
	.cpus = { .online = 8, .allowed = 4, .usable = 4 },
	.out = { .path = "ktstr-out", .existing = ".", .free_mib = 5000 },
	.cache = { .path = "/c", .existing = "/c", .free_mib = 5000 },
};

static const char *judge_host(const struct host_facts *host, struct paper *paper)
{
	const char *against;

	paper_begin(paper);
	against = host_judge(host, &paper->findings);
	paper_end(paper);
	return against;
}

/* One thing is changed; it is found, alone, and named. */
#define EXPECT_HOST(fails, warns, what, field, value)                                              \
	do {                                                                                       \
		struct host_facts host_ = good_host;                                               \
		struct paper paper_;                                                               \
		host_.field = value;                                                               \
		judge_host(&host_, &paper_);                                                       \
		expect_counts(&paper_, fails, warns);                                              \
		expect_text(&paper_, what);                                                        \
		free(paper_.text);                                                                 \
	} while (0)

static void a_good_host(void **state)
{
	struct paper paper;

	(void)state;
	assert_null(judge_host(&good_host, &paper));
	expect_counts(&paper, 0, 0);
	expect_text(&paper, "KVM allows 1024 vCPUs and ids below 4096, advises at most 8");
	expect_text(&paper, "CPUs: 8 online, we may use 4");
	free(paper.text);
}

static void kvm_that_is_not(void **state)
{
	struct host_facts host = good_host;
	struct paper paper;

	(void)state;
	EXPECT_HOST(1, 0, "load kvm-intel or kvm-amd", kvm.open_error, ENOENT);
	EXPECT_HOST(1, 0, "join the group that owns it", kvm.open_error, EACCES);
	EXPECT_HOST(1, 0, "/dev/kvm: Device or resource busy", kvm.open_error, EBUSY);
	EXPECT_HOST(1, 0, "KVM_GET_API_VERSION answers 11", kvm.api_version, 11);
	EXPECT_HOST(1, 0, "lacks KVM_CAP_SPLIT_IRQCHIP", kvm.lacks, "KVM_CAP_SPLIT_IRQCHIP");
	EXPECT_HOST(1, 0, "lacks KVM_GET_VCPU_MMAP_SIZE", kvm.run_size, -1);
	EXPECT_HOST(1, 0, "KVM_CREATE_VM: Device or resource busy", kvm.create_error, EBUSY);
	EXPECT_HOST(0, 0, "KVM allows 288 vCPUs", kvm.max_vcpus, 288);
	EXPECT_HOST(0, 1, "topologies of more than 8 CPUs are refused", kvm.max_vcpus, 8);
	EXPECT_HOST(0, 1, "topologies of more than 128 CPUs are refused", kvm.max_vcpu_ids, 128);
	EXPECT_HOST(0, 1, "lacks KVM_CAP_X2APIC_API", kvm.x2apic_api, false);
	EXPECT_HOST(0, 0, "the CPU has vmx; this host is a guest itself (nested)", kvm.nested,
		    true);
	EXPECT_HOST(0, 1, "neither vmx nor svm", kvm.virtual, "");
	host.kvm.virtual = "";
	assert_string_equal(judge_host(&host, &paper), "the CPU shows neither vmx nor svm");
	free(paper.text);
	host.kvm.open_error = ENOENT;
	assert_string_equal(judge_host(&host, &paper), "there is no KVM");
	expect_text(&paper, "turn virtualization on in the firmware");
	free(paper.text);
}

static void the_rest_of_a_host(void **state)
{
	struct host_facts host = good_host;
	struct paper paper;

	(void)state;
	EXPECT_HOST(0, 0, "we may use 4, 2.5 at a time by our cgroup's quota", cpus.quota, 2.5);
	EXPECT_HOST(1, 0, "take a larger host, or give VMs less with --memory", memory.total_mib,
		    2047);
	EXPECT_HOST(1, 0, "raise that limit, or give VMs less", memory.limit_mib, 1024);
	EXPECT_HOST(0, 0, "of which we may use 4096", memory.limit_mib, 4096);
	EXPECT_HOST(0, 0, "memory: 8192 MiB, 6000 available", memory.limit_mib, 9000);
	EXPECT_HOST(0, 1, "only 2047 available now", memory.available_mib, 2047);
	EXPECT_HOST(0, 1, "/proc/meminfo does not say", memory.total_mib, 0);
	EXPECT_HOST(0, 0, "3 reserved ones, which guests do not use", memory.huge_pages, 3);
	EXPECT_HOST(1, 0, "memfd_create: Invalid argument", memfd_error, EINVAL);
	EXPECT_HOST(0, 1, "executable memfds: Permission denied", memfd_run_error, EACCES);
	EXPECT_HOST(0, 1, "enough for some 224 vCPUs only", descriptors, 256);
	EXPECT_HOST(0, 0, "enough for 992 vCPUs", descriptors, 1024);
	EXPECT_HOST(0, 0, "enough for 1024 vCPUs", descriptors, 1048576);
	EXPECT_HOST(1, 0, "too few for a VM", descriptors, 20);
	EXPECT_HOST(0, 1, "Landlock does not keep", rights_error, EOPNOTSUPP);
	EXPECT_HOST(1, 0, "output folder 'ktstr-out': '.': Permission denied", out.error, EACCES);
	EXPECT_HOST(0, 1, "a trace may not fit", out.free_mib, 5);
	EXPECT_HOST(0, 1, "'/c': Read-only file system", cache.error, EROFS);
	EXPECT_HOST(0, 1, "others may write to it", cache_shared, true);
	strcpy(host.thp, "never");
	strcpy(host.clocksource, "hpet");
	host.cache.path[0] = '\0';
	judge_host(&host, &paper);
	expect_counts(&paper, 0, 2);
	expect_text(&paper, "transparent huge pages: never");
	expect_text(&paper, "clocksource: hpet, so guests do not rely on the TSC");
	expect_text(&paper, "cache of unpacked kernels: off");
	free(paper.text);
}

static void a_host_is_read(void **state)
{
	static struct host_facts facts;

	(void)state;
	setenv("KTSTR_CACHE_DIR", "cache/deep", 1);
	host_look(folder, "nowhere/below", &facts);
	assert_int_equal(facts.kvm.open_error, ENOENT);
	assert_string_equal(facts.kvm.virtual, "");
	assert_int_equal(facts.memory.total_mib, 0);
	assert_string_equal(facts.clocksource, "");

	write_text("proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu svm hypervisor\n"
				   "vmx flags\t: vnmi\n\nflags\t\t: vmx\n");
	write_text("proc/meminfo", "MemTotal:       8388608 kB\nMemFree: 1 kB\n"
				   "MemAvailable:    2097152 kB\nHugePages_Total:       7\n");
	write_text("proc/self/cgroup", "0::/a\n");
	write_text("sys/fs/cgroup/a/memory.max", "1073741824\n");
	write_text("proc/sys/vm/memfd_noexec", "1\n");
	write_text("sys/kernel/mm/transparent_hugepage/enabled", "always madvise [never]\n");
	write_text("sys/devices/system/clocksource/clocksource0/current_clocksource", "hpet\n");
	write_text("dev/kvm", "");
	host_look(folder, "nowhere/below", &facts);
	assert_int_equal(facts.kvm.open_error, 0);
	assert_int_not_equal(facts.kvm.api_version, 12);
	assert_string_equal(facts.kvm.virtual, "svm");
	assert_true(facts.kvm.nested);
	assert_int_equal(facts.memory.total_mib, 8192);
	assert_int_equal(facts.memory.available_mib, 2048);
	assert_int_equal(facts.memory.huge_pages, 7);
	assert_int_equal(facts.memory.limit_mib, 1024);
	assert_string_equal(facts.memfd_policy, "1");
	assert_string_equal(facts.thp, "never");
	assert_string_equal(facts.clocksource, "hpet");
	assert_true(facts.cpus.online > 0 && facts.cpus.allowed > 0);
	assert_string_equal(facts.out.existing, ".");
	assert_int_equal(facts.out.error, 0);
	assert_true(facts.out.free_mib > 0);
	assert_string_equal(facts.cache.path, "cache/deep");
	/* Nothing is made by looking. */
	assert_int_equal(access("nowhere", F_OK), -1);
	assert_int_equal(access("cache", F_OK), -1);

	write_text("file", "");
	host_look(folder, "file/below", &facts);
	assert_int_equal(facts.out.error, ENOTDIR);
	host_look(folder, "file", &facts);
	assert_int_equal(facts.out.error, ENOTDIR);
	/* Root may write anywhere. */
	if (geteuid()) {
		assert_int_equal(mkdir("shut", 0500), 0);
		host_look(folder, "shut/below", &facts);
		assert_int_equal(facts.out.error, EACCES);
	}
	assert_int_equal(mkdir("cache", 0755), 0);
	assert_int_equal(mkdir("cache/deep", 0755), 0);
	assert_int_equal(chmod("cache/deep", 0777), 0);
	setenv("KTSTR_CACHE_DIR", "cache/deep", 1);
	host_look(folder, "/", &facts);
	assert_true(facts.cache_shared);
	assert_string_equal(facts.out.existing, "/");
	setenv("KTSTR_CACHE_DIR", "", 1);
	host_look(folder, ".", &facts);
	assert_string_equal(facts.cache.path, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_read),
		cmocka_unit_test(long_values_are_cut),
		cmocka_unit_test(version_is_read),
		cmocka_unit_test(what_is_no_configuration),
		cmocka_unit_test(embedded_is_found),
		cmocka_unit_test(embedded_may_be_damaged),
		cmocka_unit_test(embedded_may_be_a_bomb),
		cmocka_unit_test_setup_teardown(beside_in_order, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(beside_is_hostile, make_folder, remove_folder),
		cmocka_unit_test(all_is_there),
		cmocka_unit_test(each_that_lacks_is_named),
		cmocka_unit_test(numbers_and_what_must_be_off),
		cmocka_unit_test(old_kernels_lack_the_option_only),
		cmocka_unit_test(the_table_is_in_order),
		cmocka_unit_test_setup_teardown(images_with_their_configuration, make_folder,
						remove_folder),
		cmocka_unit_test_setup_teardown(images_that_cannot_be_unpacked, make_folder,
						remove_folder),
		cmocka_unit_test(lines_are_safe_and_split),
		cmocka_unit_test(a_good_host),
		cmocka_unit_test(kvm_that_is_not),
		cmocka_unit_test(the_rest_of_a_host),
		cmocka_unit_test_setup_teardown(a_host_is_read, make_folder, remove_folder),
	};

	return cmocka_run_group_tests_name("doctor", tests, NULL, NULL);
}
