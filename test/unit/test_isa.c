/* Is a program for newer CPUs than the guest's told from others, whatever its notes hold? */
#include "initramfs_fixture.h"

#include "initramfs/elf_property.h"
#include "vmm/x86/cpuid.h"
#include "vmm/x86/isa.h"

#define NEEDED	0xc0008002u /* psABI x86-64, "Program Property" */
#define USED	0xc0010002u
#define FEATURE 0xc0000002u

#define UP_TO_V3 7u

struct notes {
	uint32_t words[64];
	size_t count;
};

static void add_words(struct notes *n, size_t count, ...)
{
	va_list ap;

	va_start(ap, count);
	while (count--)
		n->words[n->count++] = va_arg(ap, uint32_t);
	va_end(ap);
}

#define WORDS(n, ...)                                                                              \
	add_words(n, sizeof((uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t), __VA_ARGS__)
#define GNU 0x00554e47u

static uint32_t isa_of(const struct notes *n)
{
	/* To the byte, so that a sanitizer sees what is read behind it. */
	void *copy = malloc(n->count * 4);
	uint32_t isa;

	assert_non_null(copy);
	memcpy(copy, n->words, n->count * 4);
	isa = elf_property_isa(copy, n->count * 4, 8);
	for (size_t size = 0; size < n->count * 4; size++) {
		void *shorter = malloc(size + !size);

		assert_non_null(shorter);
		memcpy(shorter, n->words, size);
		elf_property_isa(shorter, size, 8);
		free(shorter);
	}
	free(copy);
	return isa;
}

static void notes_with_a_level(void **state)
{
	struct notes n = { .count = 0 };

	(void)state;
	/* As ld writes it: other properties around it. */
	WORDS(&n, 4u, 48u, 5u, GNU);
	WORDS(&n, FEATURE, 4u, 3u, 0u, NEEDED, 4u, UP_TO_V3, 0u, USED, 4u, 0xfu, 0u);
	assert_int_equal(isa_of(&n), UP_TO_V3);
	assert_int_equal(elf_property_isa(n.words, n.count * 4, 4), 0);

	/* Behind another note, whose name and bytes are padded. */
	n.count = 0;
	WORDS(&n, 5u, 3u, 1u, GNU, 0x41u, 0u, 0x414141u, 0u);
	WORDS(&n, 4u, 16u, 5u, GNU, NEEDED, 4u, 8u, 0u);
	assert_int_equal(isa_of(&n), 8);
}

static void notes_without(void **state)
{
	static const uint32_t bad[][8] = {
		{ 4, 16, 6, GNU, NEEDED, 4, 7, 0 },	     /* another type of note */
		{ 4, 16, 5, 0x554e48, NEEDED, 4, 7, 0 },     /* another name */
		{ 3, 16, 5, GNU, NEEDED, 4, 7, 0 },	     /* a shorter one */
		{ 4, 16, 5, GNU, USED, 4, 7, 0 },	     /* another property */
		{ 4, 16, 5, GNU, NEEDED, 8, 7, 0 },	     /* of another size */
		{ 4, 16, 5, GNU, NEEDED, 0xffffffff, 7, 0 }, /* that leaves the note */
		{ 4, 16, 5, GNU, USED, 0xfffffff9, NEEDED, 4 },
		{ 4, 7, 5, GNU, NEEDED, 4, 7, 0 },  /* the note ends before it */
		{ 4, 17, 5, GNU, NEEDED, 4, 7, 0 }, /* and leaves the segment */
		{ 4, 0xffffffff, 5, GNU, NEEDED, 4, 7, 0 },
		{ 0xffffffff, 16, 5, GNU, NEEDED, 4, 7, 0 },
		{ 0xfffffff4, 16, 5, GNU, NEEDED, 4, 7, 0 },
		{ 0, 0xfffffff0, 5, 0, 0, 0, 0, 0 },
	};
	struct notes n;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memcpy(n.words, bad[i], sizeof(bad[i]));
		n.count = 8;
		if (isa_of(&n))
			fail_msg("note %zu", i);
	}
	n.count = 0;
	assert_int_equal(isa_of(&n), 0);
}

static void levels_of_cpus(void **state)
{
	static const char *const v3[ISA_LEVELS] = { "/base", NULL, "/prog", NULL };
	static const char *const all[ISA_LEVELS] = { "/base", "/v2", "/v3", "/v4" };
	struct error err = { "" };
	char text[256];
	union {
		struct kvm_cpuid2 head;
		char room[sizeof(struct kvm_cpuid2) + 4 * sizeof(struct kvm_cpuid_entry2)];
	} cpuid = { .head.nent = 4 };
	struct kvm_cpuid_entry2 *entries = cpuid.head.entries;

	(void)state;
	entries[0] = (struct kvm_cpuid_entry2){ .function = 1, .ecx = 0x00882201u };
	entries[1] = (struct kvm_cpuid_entry2){ .function = 0x80000001, .ecx = 1 };
	entries[2] = (struct kvm_cpuid_entry2){ .function = 7 };
	/* Not subleaf 0. */
	entries[3] = (struct kvm_cpuid_entry2){ .function = 7, .index = 1, .ebx = ~0u };
	isa_lacking(&cpuid.head, 1, text, sizeof(text));
	assert_string_equal(text, "SSE4.2");
	entries[0].ecx |= 1u << 20;
	isa_lacking(&cpuid.head, 1, text, sizeof(text));
	assert_string_equal(text, "");
	isa_lacking(&cpuid.head, 2, text, sizeof(text));
	assert_string_equal(text, "XSAVE AVX AVX2 BMI1 BMI2 F16C FMA LZCNT MOVBE");
	isa_lacking(&cpuid.head, 2, text, 8);
	assert_string_equal(text, "XSAVE A");

	assert_int_equal(isa_check(&cpuid.head, v3, &err), -ENOEXEC);
	assert_string_equal(err.text,
			    "'/prog' is built for CPUs of x86-64-v3 or newer, and this host's KVM "
			    "does not offer XSAVE AVX AVX2 BMI1 BMI2 F16C FMA LZCNT MOVBE; build "
			    "it for x86-64-v2, or use a host that has them");
	entries[0].ecx = entries[1].ecx = ~0u;
	entries[2].ebx = 1u << 3 | 1u << 5 | 1u << 8;
	assert_int_equal(isa_check(&cpuid.head, v3, &err), 0);
	assert_int_equal(isa_check(&cpuid.head, all, &err), -ENOEXEC);
	assert_non_null(strstr(err.text, "'/v4' is built for CPUs of x86-64-v4"));
	entries[2].ebx = ~0u;
	assert_int_equal(isa_check(&cpuid.head, all, &err), 0);
}

/* Of what the user named and of all that is loaded for it, but of nothing in a folder. */
static void files_of_a_level(void **state)
{
	struct fixture *f = *state;

	if (run("cd '%s' && mkdir folder && echo 'int f(void) { return 1; }' >lib.c && "
		"echo 'int f(void); int main(void) { return f(); }' >main.c && "
		"cc -shared -fPIC -Wl,-z,x86-64-v3 -o libv3.so lib.c && cc -shared -fPIC -o "
		"libbase.so lib.c && cc -o uses main.c libv3.so -Wl,-rpath,'%s' && cc -static -o "
		"static -Wl,-z,x86-64-v2 main.c lib.c && cc -o plain main.c libbase.so "
		"-Wl,-rpath,'%s' && cp libv3.so folder",
		f->dir, f->dir, f->dir))
		skip();
	assert_adds(f, "plain");
	assert_adds(f, "folder");
	assert_null(initramfs_isa_file(f->tree, 1));
	assert_null(initramfs_isa_file(f->tree, 2));
	assert_adds(f, "uses");
	assert_string_equal(initramfs_isa_file(f->tree, 2), in(f, "libv3.so"));
	assert_null(initramfs_isa_file(f->tree, 3));
	fresh_tree(f);
	assert_adds(f, "static");
	assert_string_equal(initramfs_isa_file(f->tree, 1), in(f, "static"));
	assert_null(initramfs_isa_file(f->tree, 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(notes_with_a_level),
		cmocka_unit_test(notes_without),
		cmocka_unit_test(levels_of_cpus),
		cmocka_unit_test_setup_teardown(files_of_a_level, setup, teardown),
	};

	return cmocka_run_group_tests_name("isa", tests, NULL, NULL);
}
