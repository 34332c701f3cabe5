/* Does a program find in the guest what it finds on the host: its loader and its libraries? */
#include "initramfs_fixture.h"

#include <sys/mman.h>

#include "initramfs/elf_deps.h"
#include "initramfs/ldconf.h"

#define NEEDS(...)                                                                                 \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}

/* "<fixture>/..." in a DT_RUNPATH; good for eight calls. */
#define IN(name) in(f, name)

static void runpath_and_rpath(void **state)
{
	struct fixture *f = *state;

	put_elf(f, "a/liba.so", (struct elf_spec){ .needed = NEEDS("libb.so") });
	put_elf(f, "a/libb.so", (struct elf_spec){ 0 });

	/* DT_RPATH is inherited by what the program loads. */
	put_elf(f, "rpath", (struct elf_spec){ .rpath = IN("a"), .needed = NEEDS("liba.so") });
	assert_adds(f, "rpath");
	assert_int_equal(has(f, "a/liba.so"), 1);
	assert_int_equal(has(f, "a/libb.so"), 1);

	/* DT_RUNPATH is not. */
	fresh_tree(f);
	put_elf(f, "runpath", (struct elf_spec){ .runpath = IN("a"), .needed = NEEDS("liba.so") });
	assert_int_equal(add(f, "runpath"), -ELIBACC);
	assert_says(f, "a/liba.so' wants the library 'libb.so'");

	/* But a library that is loaded already is found by its name. */
	fresh_tree(f);
	put_elf(f, "both",
		(struct elf_spec){ .runpath = IN("a"), .needed = NEEDS("liba.so", "libb.so") });
	assert_adds(f, "both");

	/* An object with a DT_RUNPATH has no DT_RPATH, neither its own nor its loaders'. */
	put_elf(f, "b/libc1.so",
		(struct elf_spec){ .runpath = "/nowhere", .needed = NEEDS("libb.so") });
	put_elf(f, "own",
		(struct elf_spec){
			.rpath = IN("a"), .runpath = "/nowhere", .needed = NEEDS("libb.so") });
	put_elf(f, "loader",
		(struct elf_spec){ .rpath = in(f, "a:/x"), .needed = NEEDS("libc1.so") });
	fresh_tree(f);
	assert_int_equal(add(f, "own"), -ELIBACC);
	put_elf(f, "a/libc1.so",
		(struct elf_spec){ .runpath = "/nowhere", .needed = NEEDS("libb.so") });
	fresh_tree(f);
	assert_int_equal(add(f, "loader"), -ELIBACC);
	assert_says(f, "a/libc1.so' wants the library 'libb.so'");
	assert_says(f, "/nowhere");

	/* A loader with a DT_RUNPATH in between passes on what is above it. */
	put_elf(f, "c/libd.so", (struct elf_spec){ .needed = NEEDS("libb.so") });
	put_elf(f, "a/libe.so",
		(struct elf_spec){ .runpath = IN("c"), .needed = NEEDS("libd.so") });
	put_elf(f, "chain", (struct elf_spec){ .rpath = IN("a"), .needed = NEEDS("libe.so") });
	fresh_tree(f);
	assert_adds(f, "chain");
	assert_int_equal(has(f, "c/libd.so"), 1);
	assert_int_equal(has(f, "a/libb.so"), 1);
}

static void tokens(void **state)
{
	static const char *const paths[] = {
		"$ORIGIN/../lib1",
		"/nowhere:${ORIGIN}/../lib1",
		"$ORIGIN/$ORIGINAL:$ORIGIN/../lib1",
		"relative:$ORIGIN/../lib1/",
		"::$ORIGIN//../lib1",
	};
	static const char *const bad[] = { "$ORIGINAL/../lib1", "${ORIGIN/../lib1",
					   "${ORIGINx/../lib1", "$/../lib1",
					   "../lib1",		"" };
	struct fixture *f = *state;
	int cwd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	put_elf(f, "lib1/libx.so", (struct elf_spec){ 0 });
	/* So that a relative path would find it. */
	assert_true(cwd >= 0);
	assert_int_equal(run("mkdir '%s' && ln -s bin/prog '%s'", in(f, "bin"), in(f, "link")), 0);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		fresh_tree(f);
		put_elf(f, "bin/prog",
			(struct elf_spec){ .runpath = paths[i], .needed = NEEDS("libx.so") });
		/* $ORIGIN is where the program is, not where the link to it is. */
		assert_adds(f, "link");
		assert_int_equal(has(f, "lib1/libx.so"), 1);
	}
	assert_int_equal(chdir(in(f, "bin")), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		fresh_tree(f);
		put_elf(f, "bin/prog",
			(struct elf_spec){ .runpath = bad[i], .needed = NEEDS("libx.so") });
		assert_int_equal(add(f, "bin/prog"), -ELIBACC);
	}
	assert_int_equal(fchdir(cwd), 0);
	close(cwd);
	/* $LIB as this host's loader has it. */
	fresh_tree(f);
	put_elf(f,
		access("/lib/x86_64-linux-gnu/libc.so.6", F_OK)
			? "lib64/p-x86_64/liby.so"
			: "lib/x86_64-linux-gnu/p-x86_64/liby.so",
		(struct elf_spec){ 0 });
	put_elf(f, "bin/prog",
		(struct elf_spec){ .runpath = "$ORIGIN/../$LIB/p-${PLATFORM}",
				   .needed = NEEDS("liby.so") });
	assert_adds(f, "bin/prog");
}

/* A program that is put elsewhere looks there: its libraries move with it. */
static void origin_moves(void **state)
{
	struct fixture *f = *state;
	struct entry e;

	put_elf(f, "app/lib/libx.so.1.2",
		(struct elf_spec){ .needed = NEEDS("liby.so"), .runpath = "$ORIGIN/more" });
	put_elf(f, "app/lib/more/liby.so", (struct elf_spec){ 0 });
	assert_int_equal(symlink("libx.so.1.2", in(f, "app/lib/libx.so.1")), 0);
	put_elf(f, "app/bin/prog",
		(struct elf_spec){ .runpath = "$ORIGIN/../lib", .needed = NEEDS("libx.so.1") });
	assert_int_equal(initramfs_add_host(f->tree, in(f, "app/bin/prog"), "/t/b/p", &f->err), 0);
	assert_int_equal(find(f, "/t/lib/libx.so.1", &e), 1);
	assert_int_equal(e.mode, S_IFLNK | 0777);
	assert_int_equal(find(f, "/t/lib/libx.so.1.2", NULL), 1);
	assert_int_equal(find(f, "/t/lib/more/liby.so", NULL), 1);
	assert_int_equal(has(f, "app/lib/libx.so.1"), 0);
}

static void passes_over_foreign_files(void **state)
{
	struct fixture *f = *state;

	put_elf(f, "i386/libx.so", (struct elf_spec){ .class = ELFCLASS32, .machine = EM_386 });
	put_elf(f, "class/libx.so", (struct elf_spec){ .class = ELFCLASS32 });
	put_elf(f, "arm/libx.so", (struct elf_spec){ .machine = EM_AARCH64 });
	put_elf(f, "good/libx.so", (struct elf_spec){ 0 });
	assert_int_equal(run("mkdir -p '%s'", in(f, "folder/libx.so")), 0);
	put_elf(f, "prog",
		(struct elf_spec){ .runpath = "$ORIGIN/i386:$ORIGIN/class:$ORIGIN/arm:"
					      "$ORIGIN/folder:$ORIGIN/good",
				   .needed = NEEDS("libx.so") });
	assert_adds(f, "prog");
	assert_int_equal(has(f, "good/libx.so"), 1);
	assert_int_equal(has(f, "i386/libx.so") + has(f, "class/libx.so") + has(f, "arm/libx.so"),
			 0);

	put_elf(f, "prog2",
		(struct elf_spec){ .runpath = "$ORIGIN/i386:$ORIGIN/arm",
				   .needed = NEEDS("libx.so") });
	assert_int_equal(add(f, "prog2"), -ELIBACC);

	/* At a file that is no ELF the loader gives up. */
	put_text(f, "text/libx.so", 0644, "INPUT(libx.so.6)\n");
	put_elf(f, "prog3",
		(struct elf_spec){ .runpath = "$ORIGIN/text:$ORIGIN/good",
				   .needed = NEEDS("libx.so") });
	assert_int_equal(add(f, "prog3"), -ENOEXEC);
	assert_says(f, "text/libx.so");
	assert_says(f, "prog3");
}

static void missing_library(void **state)
{
	struct fixture *f = *state;
	char many[1500] = "$ORIGIN/first";

	put_elf(f, "prog",
		(struct elf_spec){ .runpath = "/opt/one:$ORIGIN/two",
				   .needed = NEEDS("libmissing.so.3") });
	assert_int_equal(add(f, "prog"), -ELIBACC);
	assert_says(f, "prog' wants the library 'libmissing.so.3'");
	assert_says(f, "/opt/one, ");
	assert_says(f, IN("two"));
	assert_says(f, "/lib/x86_64-linux-gnu");
	assert_says(f, "/usr/lib64");
	assert_says(f, "LD_LIBRARY_PATH");

	while (strlen(many) < sizeof(many) - 20)
		strcat(many, ":/opt/longish");
	fresh_tree(f);
	put_elf(f, "prog", (struct elf_spec){ .runpath = many, .needed = NEEDS("libmissing.so") });
	assert_int_equal(add(f, "prog"), -ELIBACC);
	assert_says(f, "first");
	assert_says(f, "...");
	assert_says(f, "LD_LIBRARY_PATH");

	/* As a part of a folder it is data. */
	fresh_tree(f);
	put_elf(f, "top/prog", (struct elf_spec){ .needed = NEEDS("libmissing.so") });
	put_elf(f, "top/arm", (struct elf_spec){ .machine = EM_AARCH64 });
	put(f, "top/short", "\177ELF\2\1\1", 7, 0755);
	assert_adds(f, "top");
	assert_int_equal(has(f, "top/prog"), 1);
	assert_int_equal(has(f, "top/arm"), 1);
	assert_int_equal(has(f, "top/short"), 1);
	assert_int_equal(add(f, "top/prog"), -ELIBACC);
	assert_int_equal(add(f, "top/prog"), -ELIBACC);

	put_elf(f, "prog", (struct elf_spec){ .interp = "/lib/ld-none.so.1" });
	assert_int_equal(add(f, "prog"), -ELIBACC);
	assert_says(f, "/lib/ld-none.so.1");
}

static void needed_paths(void **state)
{
	struct fixture *f = *state;

	put_elf(f, "some/libx.so", (struct elf_spec){ 0 });
	put_elf(f, "prog", (struct elf_spec){ .needed = NEEDS(IN("some/libx.so")) });
	assert_adds(f, "prog");
	assert_int_equal(has(f, "some/libx.so"), 1);
	fresh_tree(f);
	put_elf(f, "prog", (struct elf_spec){ .needed = NEEDS("$ORIGIN/some/libx.so") });
	assert_adds(f, "prog");
	assert_int_equal(has(f, "some/libx.so"), 1);
	put_elf(f, "prog", (struct elf_spec){ .needed = NEEDS("some/libx.so") });
	fresh_tree(f);
	assert_int_equal(add(f, "prog"), -ELIBACC);
	assert_says(f, "working folder");
	fresh_tree(f);
	put_elf(f, "prog", (struct elf_spec){ .needed = NEEDS("/no/libx.so") });
	assert_int_equal(add(f, "prog"), -ELIBACC);
	assert_says(f, "/no/libx.so");
}

/* Libraries that need each other, and one that is known by its DT_SONAME. */
static void each_once(void **state)
{
	struct fixture *f = *state;

	put_elf(f, "l/liba.so",
		(struct elf_spec){ .soname = "liba.so.1", .needed = NEEDS("libb.so", "libc1.so") });
	put_elf(f, "l/libb.so", (struct elf_spec){ .needed = NEEDS("liba.so.1", "libc1.so") });
	put_elf(f, "l/libc1.so", (struct elf_spec){ .needed = NEEDS("liba.so", "libc1.so") });
	put_elf(f, "prog",
		(struct elf_spec){ .rpath = "$ORIGIN/l", .needed = NEEDS("liba.so", "libb.so") });
	assert_adds(f, "prog");
	assert_adds(f, "prog");
	assert_adds(f, "l");
	assert_int_equal(has(f, "l/liba.so"), 1);
	assert_int_equal(has(f, "l/libb.so"), 1);
	assert_int_equal(has(f, "l/libc1.so"), 1);
	assert_int_equal(has(f, "prog"), 1);
}

static void conf_syntax(void **state)
{
	struct fixture *f = *state;
	struct dir_list list = { 0 };

	put_text(f, "ld.so.conf", 0644,
		 "# comment\n\n  /one  # more\ninclude conf.d/*.conf\n/two///\nrelative\n"
		 "include %s/ld.so.conf\ninclude\tnone*.conf ./ld.so.conf\nhwcap 0 nosegneg\n"
		 "/old=libc6\n/one\n/last",
		 f->dir);
	put_text(f, "conf.d/b.conf", 0644, "/b\ninclude ../ld.so.conf\ninclude *.conf sub/c\n");
	put_text(f, "conf.d/a.conf", 0644, "/a1\n/a2\n");
	put_text(f, "conf.d/sub/c", 0644, "/c\n");
	put_text(f, "conf.d/other", 0644, "/other\n");
	assert_int_equal(ldconf_read(f->conf, &list), 0);
	assert_int_equal(list.count, 8);
	for (size_t i = 0; i < list.count; i++) {
		static const char *const want[] = { "/one", "/a1",  "/a2",  "/b",
						    "/c",   "/two", "/old", "/last" };

		assert_string_equal(list.dirs[i], want[i]);
	}
	dir_list_destroy(&list);
	assert_int_equal(ldconf_read("/no/such/file", &list), 0);
	assert_int_equal(list.count, 0);

	/* Deeper than ldconfig goes, and no end of it. */
	for (int i = 0; i < 40; i++) {
		char name[32];

		snprintf(name, sizeof(name), "deep/%d", i);
		put_text(f, name, 0644, "/deep%d\ninclude %d\n", i, i + 1);
	}
	assert_int_equal(ldconf_read(in(f, "deep/0"), &list), 0);
	assert_int_equal(list.count, 11);
	dir_list_destroy(&list);
}

/* The loader knows ld.so.conf only by the cache: so must the guest. */
static void conf_and_cache(void **state)
{
	struct fixture *f = *state;

	put_elf(f, "opt/lib/libx.so", (struct elf_spec){ 0 });
	put_elf(f, "prog", (struct elf_spec){ .needed = NEEDS("libx.so") });
	put_text(f, "ld.so.conf", 0644, "include conf.d/*\n");
	put_text(f, "conf.d/x", 0644, "%s/opt/lib\n", f->dir);
	assert_int_equal(add(f, "prog"), -ELIBACC);
	assert_says(f, "no loader's cache: run ldconfig");

	fresh_tree(f);
	put_text(f, "ld.so.cache", 0644, "%s/opt/lib/libx.so.1", f->dir);
	assert_int_equal(add(f, "prog"), -ELIBACC);
	assert_says(f, "not in the loader's cache: run ldconfig");

	fresh_tree(f);
	put_text(f, "cache.text", 0644, "glibc-ld.so.cache1.1 libx.so %s/opt/lib/libx.so", f->dir);
	assert_int_equal(run("cd '%s' && tr ' ' '\\0' <cache.text >ld.so.cache && "
			     "printf '\\0' >>ld.so.cache",
			     f->dir),
			 0);
	assert_adds(f, "prog");
	assert_int_equal(has(f, "opt/lib/libx.so"), 1);
	assert_int_equal(find(f, "/etc/ld.so.cache", NULL), 1);

	/* Only then: libraries in the loader's own folders, or by DT_RUNPATH, do without. */
	fresh_tree(f);
	put_elf(f, "prog",
		(struct elf_spec){ .needed = NEEDS("libx.so", "libc.so.6"),
				   .runpath = "$ORIGIN/opt/lib" });
	assert_adds(f, "prog");
	assert_int_equal(find(f, "/etc/ld.so.cache", NULL), 0);
}

static int read_bytes(const struct fixture *f, const void *bytes, size_t size,
		      struct elf_deps **deps, struct error *err)
{
	int fd = memfd_create("elf", 0);
	int ret;

	(void)f;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	ret = elf_deps_read(fd, size, deps, err);
	close(fd);
	return ret;
}

static void read_what_is_there(void **state)
{
	struct fixture *f = *state;
	struct elf_spec spec = { .interp = "/lib/ld.so",
				 .soname = "me.so",
				 .rpath = "/r",
				 .needed = NEEDS("one", "two") };
	struct elf_deps *deps;
	struct made_elf e;

	make_elf(&e, &spec);
	assert_int_equal(read_bytes(f, e.bytes, e.size, &deps, &f->err), 0);
	assert_string_equal(deps->interp, "/lib/ld.so");
	assert_string_equal(deps->soname, "me.so");
	assert_string_equal(deps->rpath, "/r");
	assert_null(deps->runpath);
	assert_int_equal(deps->nr_needed, 2);
	assert_string_equal(deps->needed[0], "one");
	assert_string_equal(deps->needed[1], "two");
	elf_deps_free(deps);
	spec.runpath = "/run";
	make_elf(&e, &spec);
	assert_int_equal(read_bytes(f, e.bytes, e.size, &deps, &f->err), 0);
	assert_null(deps->rpath);
	assert_string_equal(deps->runpath, "/run");
	elf_deps_free(deps);
}

static void foreign_programs(void **state)
{
	static const struct {
		struct elf_spec spec;
		const char *says;
	} cases[] = {
		{ { .machine = EM_AARCH64 }, "for aarch64" },
		{ { .machine = EM_RISCV, .type = ET_EXEC }, "for riscv" },
		{ { .machine = 4711 }, "machine number 4711" },
		{ { .machine = EM_ARM, .class = ELFCLASS32 }, "for arm" },
		{ { .machine = EM_386, .class = ELFCLASS32 }, "32-bit ELF program (i386)" },
		{ { .machine = EM_X86_64, .class = ELFCLASS32 }, "32-bit ELF program (x32)" },
		{ { .class = 7 }, "damaged or truncated" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		/* libelf must see 32-bit fields in a 32-bit file: type and machine are the same. */
		put_elf(f, "prog", cases[i].spec);
		fresh_tree(f);
		assert_int_equal(add(f, "prog"), -ENOEXEC);
		assert_says(f, cases[i].says);
		assert_says(f, IN("prog"));
	}
	/* No loader loads these: a BPF object is data. */
	fresh_tree(f);
	put_elf(f, "x.bpf.o", (struct elf_spec){ .machine = EM_BPF, .type = ET_REL });
	put_elf(f, "core", (struct elf_spec){ .machine = EM_AARCH64, .type = ET_CORE });
	assert_adds(f, "x.bpf.o");
	assert_adds(f, "core");
}

/* Every cut and each damaged field ends in an error or in a sane answer, never beyond the file. */
static void damaged_files(void **state)
{
	uint64_t filesz;
	struct fixture *f = *state;
	struct elf_spec spec = { .interp = "/lib/ld.so",
				 .runpath = "$ORIGIN",
				 .needed = NEEDS("one.so", "two.so") };
	static const uint64_t values[] = { 0, 1, 0x7fff, UINT32_MAX, INT64_MAX, UINT64_MAX };
	struct elf_deps *deps;
	struct made_elf e, bad;

	make_elf(&e, &spec);
	for (size_t size = 4; size < e.size; size++) {
		assert_int_equal(read_bytes(f, e.bytes, size, &deps, &f->err), -ENOEXEC);
		assert_says(f, "damaged or truncated");
	}
	/* All that is read is there, and yet a segment is cut off. */
	bad = e;
	filesz = bad.size + 1;
	memcpy(bad.bytes + sizeof(Elf64_Ehdr) + offsetof(Elf64_Phdr, p_filesz), &filesz, 8);
	assert_int_equal(read_bytes(f, bad.bytes, bad.size, &deps, &f->err), -ENOEXEC);
	assert_says(f, "beyond the end");
	/* The first DT_NEEDED, by the dynamic section's place, names what follows the strings. */
	bad = e;
	memcpy(bad.bytes + sizeof(Elf64_Ehdr) + 3 * sizeof(Elf64_Phdr) + 8,
	       &(uint64_t){ strlen("one.so") + strlen("two.so") + strlen("$ORIGIN") + 4 }, 8);
	assert_int_equal(read_bytes(f, bad.bytes, bad.size, &deps, &f->err), -ENOEXEC);
	assert_says(f, "outside the dynamic string table");
	for (size_t at = 16; at + 8 <= e.size; at += 4) {
		for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
			int ret;

			bad = e;
			memcpy(bad.bytes + at, &values[v], 8);
			ret = read_bytes(f, bad.bytes, bad.size, &deps, &f->err);
			assert_true(ret == 0 || ret == -ENOEXEC);
			if (!ret)
				elf_deps_free(deps);
		}
	}
}

static const char hello[] = "#include <stdio.h>\n"
			    "int low(void);\n"
			    "int main(void) { puts(\"hello\"); return low(); }\n";

static bool is_missing(const char *program)
{
	return run("command -v %s >/dev/null", program) != 0;
}

/* The exit status of a program in what was unpacked; the loader needs /proc to know its $ORIGIN. */
static int run_in_guest(const struct fixture *f, const char *program)
{
	return run("unshare -m sh -c \"mount -t proc proc '%s/out/proc' && exec chroot '%s/out' "
		   "'%s'\" "
		   ">/dev/null 2>&1",
		   f->dir, f->dir, program);
}

/* Real programs, real loaders: the guest's root is a chroot here. */
static void real_loader_finds_them(void **state)
{
	struct fixture *f = *state;

	if (geteuid() || is_missing("cc") || is_missing("ldconfig") ||
	    run("unshare -m true 2>/dev/null"))
		skip();
	put_text(f, "prog.c", 0644, "%s", hello);
	put_text(f, "high.c", 0644, "int lower(void); int low(void) { return lower(); }\n");
	put_text(f, "lower.c", 0644, "int lower(void) { return 42; }\n");
	assert_int_equal(
		run("cd '%s' && mkdir -p lib/deep opt bin && "
		    "so() { cc -shared -fPIC -Wl,-soname,\"$(basename \"$1\")\" -o \"$@\"; } && "
		    "so lib/deep/liblower.so.1 lower.c && cd lib/deep && "
		    "mv liblower.so.1 liblower.so.1.0 && ln -s liblower.so.1.0 liblower.so.1 && "
		    "cd ../.. && "
		    "so lib/libhigh.so high.c lib/deep/liblower.so.1 -Wl,-rpath,'$ORIGIN/deep' && "
		    "cc -o bin/runpath prog.c lib/libhigh.so -Wl,--enable-new-dtags "
		    "-Wl,-rpath,'$ORIGIN/../lib' && "
		    /* whose need only the program's DT_RPATH answers */
		    "so lib/libhigh2.so high.c lib/deep/liblower.so.1 && "
		    "cc -o bin/rpath prog.c lib/libhigh2.so -Wl,--disable-new-dtags "
		    "-Wl,-rpath,'$ORIGIN/../lib:$ORIGIN/../lib/deep' && "
		    /* in a folder that only ld.so.conf names */
		    "so opt/libhigh3.so high.c lib/deep/liblower.so.1 && "
		    "cp lib/deep/liblower.so.1 opt && "
		    "cc -o bin/cache prog.c opt/libhigh3.so -Wl,-rpath-link,opt && "
		    "echo '%s/opt' >ld.so.conf && ldconfig -X -f ld.so.conf -C ld.so.cache",
		    f->dir, f->dir),
		0);
	assert_int_equal(
		initramfs_add_host(f->tree, in(f, "bin/runpath"), "/moved/bin/runpath", &f->err),
		0);
	assert_adds(f, "bin/rpath");
	assert_int_equal(initramfs_add_host(f->tree, in(f, "bin/cache"), "/bin/cache", &f->err), 0);
	extract(f);
	assert_int_equal(run_in_guest(f, "/moved/bin/runpath"), 42);
	assert_int_equal(run_in_guest(f, in(f, "bin/rpath")), 42);
	assert_int_equal(run_in_guest(f, "/bin/cache"), 42);
	/* That it is the cache that leads there. */
	assert_int_equal(run("rm '%s/out/etc/ld.so.cache'", f->dir), 0);
	assert_int_equal(run_in_guest(f, "/bin/cache"), 127);
}

/* glibc's libc opens it by name; without it pthread_exit aborts. */
static void libgcc_comes_with_libc(void **state)
{
	static const char program[] = "#include <pthread.h>\n"
				      "static void *end(void *x) { pthread_exit(x); }\n"
				      "int main(void) { pthread_t t; void *x = NULL;\n"
				      "pthread_create(&t, NULL, end, &t); pthread_join(t, &x);\n"
				      "return x == &t ? 42 : 1; }\n";
	struct fixture *f = *state;

	if (geteuid() || is_missing("cc") ||
	    run("ls /lib*/*/libc.so.6 /lib*/libc.so.6 >'%s/list' "
		"2>/dev/null; test -s '%s/list'",
		f->dir, f->dir))
		skip();
	put_text(f, "prog.c", 0644, "%s", program);
	assert_int_equal(run("cd '%s' && cc -pthread -o prog prog.c", f->dir), 0);
	assert_adds(f, "prog");
	assert_string_equal(f->err.text, "");
	extract(f);
	assert_int_equal(run_in_guest(f, in(f, "prog")), 42);
}

/* Found as the loader would, with its own needs, and no error where that cannot be. */
static void what_libc_opens(void **state)
{
	struct fixture *f = *state;

	put_elf(f, "a/libc.so.6", (struct elf_spec){ 0 });
	put_elf(f, "prog", (struct elf_spec){ .rpath = IN("a"), .needed = NEEDS("libc.so.6") });
	put_elf(f, "a/libgcc_s.so.1", (struct elf_spec){ .needed = NEEDS("libdeep.so") });
	put_elf(f, "a/libdeep.so", (struct elf_spec){ 0 });
	assert_adds(f, "prog");
	assert_int_equal(has(f, "a/libgcc_s.so.1"), 1);
	assert_int_equal(has(f, "a/libdeep.so"), 1);

	/* One that cannot be loaded is as good as none. */
	fresh_tree(f);
	put_elf(f, "a/libgcc_s.so.1", (struct elf_spec){ .needed = NEEDS("libmissing.so") });
	assert_adds(f, "prog");
	assert_string_equal(f->err.text, "");
	fresh_tree(f);
	put_text(f, "a/libgcc_s.so.1", 0644, "no ELF");
	assert_adds(f, "prog");
	assert_int_equal(has(f, "a/libgcc_s.so.1"), 0);

	/* Who has no libc has no use for it. */
	fresh_tree(f);
	put_elf(f, "a/libgcc_s.so.1", (struct elf_spec){ 0 });
	put_elf(f, "other", (struct elf_spec){ .rpath = IN("a"), .needed = NEEDS("libdeep.so") });
	assert_adds(f, "other");
	assert_int_equal(has(f, "a/libgcc_s.so.1"), 0);
}

static void musl_program(void **state)
{
	struct fixture *f = *state;

	if (geteuid() || is_missing("musl-gcc"))
		skip();
	put_text(f, "prog.c", 0644, "%s", hello);
	put_text(f, "low.c", 0644, "int low(void) { return 42; }\n");
	put_text(f, "ld-musl.path", 0644, "/nowhere:%s/lib\n/usr/lib\n", f->dir);
	assert_int_equal(run("cd '%s' && mkdir lib && musl-gcc -shared -fPIC -Wl,-soname,liblow.so "
			     "-o lib/liblow.so low.c && musl-gcc -o prog prog.c lib/liblow.so",
			     f->dir),
			 0);
	assert_adds(f, "prog");
	assert_int_equal(has(f, "lib/liblow.so"), 1);
	assert_int_equal(find(f, "/etc/ld-musl-x86_64.path", NULL), 1);
	extract(f);
	assert_int_equal(run("chroot '%s/out' '%s/prog' >/dev/null", f->dir, f->dir), 42);
}

/* With this machine's own configuration: what ldd names is what is packed. */
static void system_programs(void **state)
{
	struct fixture *f = *state;

	if (is_missing("ldd"))
		skip();
	initramfs_destroy(f->tree);
	f->tree = initramfs_create();
	assert_non_null(f->tree);
	assert_int_equal(initramfs_add_host(f->tree, "/bin/ls", NULL, &f->err), 0);
	assert_int_equal(initramfs_add_host(f->tree, "/usr/bin/env", NULL, &f->err), 0);
	extract(f);
	assert_int_equal(run("set -e; ldd /bin/ls /usr/bin/env | grep -o '/[^ :]*' | sort -u "
			     ">'%s/ldd'; test -s '%s/ldd'; while read -r lib; do "
			     "[ -e '%s/out'\"$(readlink -f \"$lib\")\" ] || exit 1; done <'%s/ldd'",
			     f->dir, f->dir, f->dir, f->dir),
			 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(runpath_and_rpath),
		TEST(tokens),
		TEST(origin_moves),
		TEST(passes_over_foreign_files),
		TEST(missing_library),
		TEST(needed_paths),
		TEST(each_once),
		TEST(conf_syntax),
		TEST(conf_and_cache),
		TEST(read_what_is_there),
		TEST(foreign_programs),
		TEST(damaged_files),
		TEST(real_loader_finds_them),
		TEST(libgcc_comes_with_libc),
		TEST(what_libc_opens),
		TEST(musl_program),
		TEST(system_programs),
	};

	return cmocka_run_group_tests_name("elf closure", tests, NULL, NULL);
}
