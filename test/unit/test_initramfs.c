/* Is the archive what the kernel unpacks, and does it hold what was added, links, modes and all? */
#include "initramfs_fixture.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <time.h>

#include "initramfs/script.h"

static void skeleton(void **state)
{
	static const struct {
		const char *name;
		uint32_t mode;
	} want[] = {
		{ "proc", S_IFDIR | 0555 },	   { "sys", S_IFDIR | 0555 },
		{ "dev", S_IFDIR | 0755 },	   { "tmp", S_IFDIR | 01777 },
		{ "run", S_IFDIR | 0755 },	   { "root", S_IFDIR | 0700 },
		{ "etc", S_IFDIR | 0755 },	   { "var", S_IFDIR | 0755 },
		{ "usr/bin", S_IFDIR | 0755 },	   { "usr/sbin", S_IFDIR | 0755 },
		{ "usr/lib", S_IFDIR | 0755 },	   { "usr/lib64", S_IFDIR | 0755 },
		{ "bin", S_IFLNK | 0777 },	   { "sbin", S_IFLNK | 0777 },
		{ "lib", S_IFLNK | 0777 },	   { "lib64", S_IFLNK | 0777 },
		{ "dev/console", S_IFCHR | 0600 },
	};
	struct fixture *f = *state;
	struct entry e;
	char path[64];

	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		snprintf(path, sizeof(path), "/%s", want[i].name);
		assert_int_equal(find(f, path, &e), 1);
		assert_int_equal(e.mode, want[i].mode);
	}
	assert_int_equal(e.rmajor, 5);
	assert_int_equal(e.rminor, 1);
}

/* Parents first, inode numbers unique, nothing of the machine in it. */
static void entries_in_order(void **state)
{
	struct fixture *f = *state;
	static char seen[64][PATH_MAX];
	uint32_t inodes[64];
	size_t size, at = 0, count = 0;
	struct entry e;
	uint8_t *archive;

	assert_int_equal(initramfs_add_data(f->tree, "/a/b/c/d", "x", 1, 0644, &f->err), 0);
	assert_int_equal(initramfs_add_dir(f->tree, "/a/e", &f->err), 0);
	archive = pack(f, &size);
	while (next_entry(archive, size, &at, &e)) {
		char parent[PATH_MAX];
		bool found;

		assert_true(count < 64);
		assert_int_equal(e.uid | e.gid | e.mtime, 0);
		strcpy(parent, e.name);
		found = !strrchr(parent, '/');
		if (!found)
			*strrchr(parent, '/') = '\0';
		for (size_t i = 0; i < count; i++) {
			assert_string_not_equal(seen[i], e.name);
			assert_int_not_equal(inodes[i], e.ino);
			found = found || !strcmp(seen[i], parent);
		}
		assert_true(found);
		strcpy(seen[count], e.name);
		inodes[count++] = e.ino;
	}
	assert_int_equal(count, 18 + 5);
	free(archive);
}

static void data_links_and_folders(void **state)
{
	struct fixture *f = *state;
	struct entry e;

	assert_int_equal(initramfs_add_data(f->tree, "/init", "#!", 2, 0755, &f->err), 0);
	assert_int_equal(find(f, "/init", &e), 1);
	assert_int_equal(e.mode, S_IFREG | 0755);
	assert_int_equal(e.size, 2);
	assert_int_equal(initramfs_add_data(f->tree, "/init", "no", 2, 0755, &f->err), -EEXIST);
	assert_int_equal(initramfs_add_link(f->tree, "/init", "x", &f->err), -EEXIST);
	assert_string_equal(f->err.text, "");

	/* Through the merged-/usr links, and through ".." */
	assert_int_equal(initramfs_add_data(f->tree, "/bin/x", NULL, 0, 04755, &f->err), 0);
	assert_int_equal(find(f, "/usr/bin/x", &e), 1);
	assert_int_equal(e.mode, S_IFREG | 04755);
	assert_int_equal(find(f, "/bin/x", NULL), 0);
	assert_int_equal(initramfs_add_data(f->tree, "/usr/./lib/../bin//x", "", 0, 0, &f->err),
			 -EEXIST);
	assert_int_equal(initramfs_add_link(f->tree, "/bin/sh", "x", &f->err), 0);
	assert_int_equal(find(f, "/usr/bin/sh", &e), 1);
	assert_int_equal(e.size, 1);

	/* A link to a folder that is not there yet makes it. */
	assert_int_equal(initramfs_add_link(f->tree, "/var/run", "../run/lock", &f->err), 0);
	assert_int_equal(initramfs_add_dir(f->tree, "/var/run/deep", &f->err), 0);
	assert_int_equal(initramfs_add_dir(f->tree, "/var/run/deep", &f->err), 0);
	assert_int_equal(find(f, "/run/lock/deep", NULL), 1);
	assert_int_equal(initramfs_add_dir(f->tree, "/../../up", &f->err), 0);
	assert_int_equal(find(f, "/up", NULL), 1);
}

static void refused_guest_paths(void **state)
{
	struct fixture *f = *state;
	char longest[PATH_MAX + 8], name[300];

	assert_int_equal(initramfs_add_data(f->tree, "x", "", 0, 0, &f->err), -EINVAL);
	assert_says(f, "not absolute");
	assert_int_equal(initramfs_add_dir(f->tree, "x", &f->err), -EINVAL);
	assert_int_equal(initramfs_add_data(f->tree, "/", "", 0, 0, &f->err), -EINVAL);
	assert_int_equal(initramfs_add_data(f->tree, "/a/..", "", 0, 0, &f->err), -EINVAL);
	assert_int_equal(initramfs_add_link(f->tree, "/a", "", &f->err), -EINVAL);
	assert_int_equal(initramfs_add_data(f->tree, "/f", "", 0, 0, &f->err), 0);
	assert_int_equal(initramfs_add_data(f->tree, "/f/g", "", 0, 0, &f->err), -ENOTDIR);
	assert_int_equal(initramfs_add_dir(f->tree, "/f", &f->err), -ENOTDIR);
	assert_int_equal(initramfs_add_dir(f->tree, "/f/g/h", &f->err), -ENOTDIR);
	assert_int_equal(initramfs_add_link(f->tree, "/l1", "l2", &f->err), 0);
	assert_int_equal(initramfs_add_link(f->tree, "/l2", "/l1", &f->err), 0);
	assert_int_equal(initramfs_add_dir(f->tree, "/l1/x", &f->err), -ELOOP);

	memset(name, 'n', sizeof(name));
	name[0] = '/';
	name[257] = '\0';
	assert_int_equal(initramfs_add_data(f->tree, name, "", 0, 0, &f->err), -ENAMETOOLONG);
	assert_int_equal(initramfs_add_dir(f->tree, name, &f->err), -ENAMETOOLONG);
	name[256] = '\0';
	assert_int_equal(initramfs_add_data(f->tree, name, "", 0, 0, &f->err), 0);

	/* With its NUL the name may have PATH_MAX bytes; the slash in front does not count. */
	for (size_t i = 0; i < sizeof(longest); i++)
		longest[i] = i % 100 ? 'p' : '/';
	longest[PATH_MAX + 1] = '\0';
	assert_int_equal(initramfs_add_dir(f->tree, longest, &f->err), -ENAMETOOLONG);
	longest[PATH_MAX] = '\0';
	assert_int_equal(initramfs_add_dir(f->tree, longest, &f->err), 0);
	assert_int_equal(find(f, longest, NULL), 1);
}

static void size_must_be_the_layout(void **state)
{
	struct fixture *f = *state;
	uint64_t size = initramfs_layout(f->tree);
	uint8_t *archive = malloc(size);

	assert_non_null(archive);
	assert_int_equal(initramfs_write(f->tree, archive, size - 1, &f->err), -EINVAL);
	assert_int_equal(initramfs_write(f->tree, archive, size, &f->err), 0);
	free(archive);
}

/* What comes out of cpio is what went in: bytes, modes, links. */
static void folder_round_trip(void **state)
{
	struct fixture *f = *state;
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	char bytes[100001];
	int fd;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i * 7 + i / 251);
	for (size_t size = 0; size < 6; size++) {
		char name[32];

		snprintf(name, sizeof(name), "top/size%zu", size);
		put(f, name, bytes, size, 0640);
	}
	put(f, "top/sub/deep/big", bytes, sizeof(bytes), 0600);
	put(f, "top/sub/setuid", "x", 1, 06755);
	put(f, "top/two words\nand a line", "x", 1, 0644);
	put(f, "elsewhere/target", "t", 1, 0644);
	put(f, "elsewhere/folder/in", "t", 1, 0644);
	assert_int_equal(
		run("cd '%s/top' && chmod 1770 sub && mkdir empty && mkfifo fifo &&"
		    "ln -s sub/deep/big relative && ln -s '%s/elsewhere/target' absolute &&"
		    "ln -s nowhere dangling && ln -s loop loop && ln -s . self &&"
		    "ln -s ../.. up && ln -s / root && ln -s /dev/null null &&"
		    "ln -s /etc/passwd/x notdir && ln -s /proc/self/exe magic &&"
		    "ln -s ../elsewhere/folder folder && ln size3 hard",
		    f->dir, f->dir),
		0);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/top/socket", f->dir);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	close(fd);

	assert_adds(f, "top");
	extract(f);
	assert_int_equal(run("cd '%s' && rm top/fifo top/socket && "
			     "diff -r --no-dereference top out%s/top",
			     f->dir, f->dir),
			 0);
	assert_int_equal(run("list() { find \"$1\" ! -type d -printf '%%P %%m %%y %%s %%l\\0' "
			     "-o -printf '%%P %%m %%y\\0' | sort -z; }; cd '%s' && "
			     "list top >a.list && list out%s/top >b.list && test -s a.list && "
			     "cmp a.list b.list",
			     f->dir, f->dir),
			 0);
	/* The targets outside came too; what lies around the folder did not. */
	assert_int_equal(has(f, "elsewhere/target"), 1);
	assert_int_equal(has(f, "elsewhere/folder/in"), 1);
	assert_int_equal(has(f, "archive.cpio"), 0);
	assert_int_equal(find(f, "/usr/bin", NULL), 1);
	assert_int_equal(find(f, "/etc/hostname", NULL), 0);
	assert_int_equal(find(f, "/dev/null", NULL), 0);
}

static void folder_modes(void **state)
{
	struct fixture *f = *state;
	struct entry e;

	put(f, "top/sub/x", "x", 1, 0444);
	assert_int_equal(chmod(in(f, "top/sub"), 01771), 0);
	assert_adds(f, "top");
	assert_int_equal(find(f, in(f, "top/sub"), &e), 1);
	assert_int_equal(e.mode, S_IFDIR | 01771);
	assert_int_equal(find(f, in(f, "top/sub/x"), &e), 1);
	assert_int_equal(e.mode, S_IFREG | 0444);
}

/* file -> link -> link through a folder that is a link: links stay, each file is there once. */
static void links_on_the_way(void **state)
{
	struct fixture *f = *state;
	struct entry e;

	put(f, "real/dir/file", "content", 7, 0644);
	assert_int_equal(run("cd '%s' && ln -s real/dir way && ln -s way/file one && "
			     "ln -s '%s/one' two && ln -s dir real/other",
			     f->dir, f->dir),
			 0);
	assert_adds(f, "two");
	assert_adds(f, "way/file");
	assert_adds(f, "real/other/../other/file");
	assert_adds(f, "real/dir");
	assert_int_equal(find(f, in(f, "two"), &e), 1);
	assert_int_equal(e.mode, S_IFLNK | 0777);
	assert_int_equal(find(f, in(f, "one"), &e), 1);
	assert_int_equal(e.mode, S_IFLNK | 0777);
	assert_int_equal(find(f, in(f, "way"), &e), 1);
	assert_int_equal(e.mode, S_IFLNK | 0777);
	assert_int_equal(has(f, "real/other"), 1);
	assert_int_equal(has(f, "real/dir/file"), 1);
	assert_int_equal(has(f, "way/file"), 0);
	extract(f);
	assert_int_equal(run("[ \"$(cat '%s/out%s/way/file')\" = content ]", f->dir, f->dir), 0);
}

static void links_that_lead_nowhere(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(run("cd '%s' && ln -s gone dangling && ln -s b a && ln -s a b && "
			     "mkfifo fifo && ln -s fifo pipe",
			     f->dir),
			 0);
	assert_int_equal(add(f, "dangling"), -ENOENT);
	assert_says(f, "dangling");
	assert_says(f, "gone");
	assert_int_equal(add(f, "a"), -ELOOP);
	assert_int_equal(add(f, "missing/x"), -ENOENT);
	assert_int_equal(add(f, "fifo"), -EINVAL);
	assert_int_equal(add(f, "pipe"), -EINVAL);
	assert_int_equal(initramfs_add_host(f->tree, "", NULL, &f->err), -ENOENT);
	put(f, "file", "x", 1, 0644);
	assert_int_equal(add(f, "file/x"), -ENOTDIR);
}

static void under_another_name(void **state)
{
	struct fixture *f = *state;
	struct entry e;

	put(f, "src/file", "abc", 3, 0640);
	put(f, "src/sub/other", "de", 2, 0644);
	assert_int_equal(
		run("cd '%s/src' && ln -s sub/other link && ln -s %s/src/file abs", f->dir, f->dir),
		0);
	assert_int_equal(initramfs_add_host(f->tree, in(f, "src/file"), "/bin/tool", &f->err), 0);
	assert_int_equal(find(f, "/usr/bin/tool", &e), 1);
	assert_int_equal(e.mode, S_IFREG | 0640);
	assert_int_equal(has(f, "src/file"), 0);
	/* Once more is no error, another file is. */
	assert_int_equal(initramfs_add_host(f->tree, in(f, "src/file"), "/bin/tool", &f->err), 0);
	assert_int_equal(initramfs_add_host(f->tree, in(f, "src/sub/other"), "/bin/tool", &f->err),
			 -EEXIST);
	assert_says(f, "src/file");
	assert_int_equal(initramfs_add_data(f->tree, "/init", "i", 1, 0755, &f->err), 0);
	assert_int_equal(initramfs_add_host(f->tree, in(f, "src/file"), "/init", &f->err), -EEXIST);

	/* A whole folder; a link in it leads to its target in the new place. */
	assert_int_equal(initramfs_add_host(f->tree, in(f, "src/."), "/data/", &f->err), 0);
	assert_int_equal(find(f, "/data/sub/other", NULL), 1);
	assert_int_equal(find(f, "/data/link", &e), 1);
	assert_int_equal(e.mode, S_IFLNK | 0777);
	assert_int_equal(has(f, "src/file"), 1); /* of the absolute link */

	/* A single link brings its target to where it leads from there. */
	assert_int_equal(initramfs_add_host(f->tree, in(f, "src/link"), "/opt/link", &f->err), 0);
	assert_int_equal(find(f, "/opt/link", NULL), 1);
	assert_int_equal(find(f, "/opt/sub/other", NULL), 1);

	assert_int_equal(initramfs_add_host(f->tree, in(f, "src/file"), "rel", &f->err), -EINVAL);
	assert_int_equal(initramfs_add_host(f->tree, in(f, "src/file"), "/", &f->err), -EISDIR);
	assert_int_equal(initramfs_add_host(f->tree, in(f, "src/file"), "/bin/tool/x", &f->err),
			 -ENOTDIR);
	assert_int_equal(initramfs_add_host(f->tree, in(f, "src/file"), "/data/sub", &f->err),
			 -EEXIST);
	assert_int_equal(initramfs_add_host(f->tree, in(f, "src"), "/bin/tool", &f->err), -EEXIST);
	assert_int_equal(initramfs_add_host(f->tree, in(f, "src"), "/", &f->err), 0);
	assert_int_equal(find(f, "/sub/other", NULL), 1);
}

static void relative_to_the_working_folder(void **state)
{
	struct fixture *f = *state;
	int cwd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(cwd >= 0);
	put(f, "wd/file", "x", 1, 0644);
	assert_int_equal(chdir(in(f, "wd")), 0);
	assert_int_equal(initramfs_add_host(f->tree, "../wd/./file", NULL, &f->err), 0);
	assert_int_equal(initramfs_add_host(f->tree, ".", "/here", &f->err), 0);
	assert_int_equal(fchdir(cwd), 0);
	close(cwd);
	assert_int_equal(has(f, "wd/file"), 1);
	assert_int_equal(find(f, "/here/file", NULL), 1);
}

/* A tree that has a folder where the host has a link, and the other way round, keeps its own. */
static void tree_and_host_differ(void **state)
{
	struct fixture *f = *state;
	struct entry e;

	put(f, "real/lib.so", "l", 1, 0644);
	put(f, "plain/file", "p", 1, 0644);
	assert_int_equal(run("cd '%s' && ln -s real lib", f->dir), 0);
	assert_int_equal(initramfs_add_dir(f->tree, in(f, "lib"), &f->err), 0);
	assert_int_equal(initramfs_add_link(f->tree, in(f, "plain"), "moved", &f->err), 0);
	assert_int_equal(initramfs_add_dir(f->tree, in(f, "moved"), &f->err), 0);
	assert_adds(f, "lib/lib.so");
	assert_adds(f, "plain/file");
	assert_int_equal(find(f, in(f, "lib"), &e), 1);
	assert_int_equal(e.mode, S_IFDIR | 0755);
	assert_int_equal(has(f, "lib/lib.so"), 1);
	assert_int_equal(has(f, "moved/file"), 1);
	assert_int_equal(has(f, "plain/file"), 0);

	assert_int_equal(initramfs_add_link(f->tree, in(f, "gone"), "nowhere", &f->err), 0);
	put(f, "gone/file", "p", 1, 0644);
	assert_int_equal(add(f, "gone/file"), -EEXIST);
}

static void kernel_file_systems(void **state)
{
	struct fixture *f = *state;
	char path[64];
	int fd;

	assert_int_equal(initramfs_add_host(f->tree, "/proc", NULL, &f->err), -EINVAL);
	assert_int_equal(initramfs_add_host(f->tree, "/proc/self/status", NULL, &f->err), -EINVAL);
	assert_says(f, "mounts its own /proc");
	assert_int_equal(initramfs_add_host(f->tree, "/proc/self/status", "/s", &f->err), -EINVAL);
	assert_int_equal(initramfs_add_host(f->tree, "/dev/null", "/null", &f->err), -EINVAL);
	put(f, "file", "file", 4, 0644);
	assert_int_equal(initramfs_add_host(f->tree, in(f, "file"), "/dev/shm/x", &f->err),
			 -EINVAL);

	/* A file without a name of its own, by the form in which the tracer is exported. */
	fd = memfd_create("blob", 0);
	assert_int_equal(write(fd, "blobs", 5), 5);
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)getpid(), fd);
	assert_int_equal(initramfs_add_host(f->tree, path, "/bin/wprof", &f->err), 0);
	extract(f);
	assert_int_equal(run("[ \"$(cat '%s/out/usr/bin/wprof')\" = blobs ]", f->dir), 0);
	close(fd);
}

static void same_files_same_bytes(void **state)
{
	struct fixture *f = *state;
	uint8_t *first, *second;
	size_t size1, size2;

	put(f, "top/b", "b", 1, 0644);
	put(f, "top/a", "a", 1, 0644);
	put(f, "top/c/d", "d", 1, 0644);
	assert_int_equal(run("touch -d @1000000 '%s'/top/[ab] '%s/top/c/d'", f->dir, f->dir), 0);
	assert_adds(f, "top");
	first = pack(f, &size1);
	fresh_tree(f);
	/* The same names and times, made in another order. Folders are as old as their making. */
	assert_int_equal(run("rm -r '%s/top'", f->dir), 0);
	put(f, "top/c/d", "d", 1, 0644);
	put(f, "top/a", "a", 1, 0644);
	put(f, "top/b", "b", 1, 0644);
	assert_int_equal(run("touch -d @1000000 '%s'/top/[ab] '%s/top/c/d'", f->dir, f->dir), 0);
	assert_int_equal(run("touch -d 2001-01-01 '%s/top' '%s/top/c'", f->dir, f->dir), 0);
	assert_adds(f, "top");
	second = pack(f, &size2);
	assert_int_equal(size1, size2);
	assert_memory_equal(first, second, size1);
	free(first);
	free(second);
}

static uint32_t mtime_of(struct fixture *f, const char *name)
{
	struct entry e = { 0 };

	assert_int_equal(find(f, in(f, name), &e), 1);
	return e.mtime;
}

/* What make and python go by in the guest; where the archive has no room for it, the nearest. */
static void files_keep_their_times(void **state)
{
	static const struct {
		const char *name;
		long long time;
		uint32_t want;
	} files[] = {
		{ "top/epoch", 0, 0 },
		{ "top/one", 1, 1 },
		{ "top/now", 1795574484, 1795574484 },
		{ "top/past-2038", 2147483648, 2147483648 },
		{ "top/last", UINT32_MAX, UINT32_MAX },
		{ "top/past-2106", UINT32_MAX + 1ll, UINT32_MAX },
		{ "top/far", 1ll << 33, UINT32_MAX },
		{ "top/before", -1, 0 },
		{ "top/long-before", -1000000, 0 },
	};
	const size_t count = sizeof(files) / sizeof(files[0]);
	struct fixture *f = *state;
	bool there[sizeof(files) / sizeof(files[0])];

	for (size_t i = 0; i < count; i++) {
		struct stat st;

		put(f, files[i].name, "x", 1, 0644);
		assert_int_equal(run("touch -d @%lld '%s'", files[i].time, in(f, files[i].name)),
				 0);
		/* Not every file system of a host has room for all of them. */
		assert_int_equal(stat(in(f, files[i].name), &st), 0);
		there[i] = st.st_mtim.tv_sec == files[i].time;
	}
	assert_true(there[2]);
	assert_int_equal(run("ln -s now '%s'", in(f, "top/link")), 0);
	assert_int_equal(run("ln '%s' '%s'", in(f, "top/now"), in(f, "top/same")), 0);
	assert_adds(f, "top");
	for (size_t i = 0; i < count; i++)
		if (there[i])
			assert_int_equal(mtime_of(f, files[i].name), files[i].want);
	assert_int_equal(mtime_of(f, "top/same"), 1795574484);
	/* Theirs change with what is not packed. */
	assert_int_equal(mtime_of(f, "top"), 0);
	assert_int_equal(mtime_of(f, "top/link"), 0);
}

/* By name, whatever the order in which the host's file system keeps them. */
static void folders_are_sorted(void **state)
{
	struct fixture *f = *state;
	char previous[PATH_MAX] = "";
	size_t size, at = 0, count = 0;
	struct entry e;
	uint8_t *archive;

	for (int i = 0; i < 60; i++) {
		char name[32];

		snprintf(name, sizeof(name), "top/%d", i * 7919 % 1000);
		put(f, name, "x", 1, 0644);
	}
	assert_adds(f, "top");
	archive = pack(f, &size);
	while (next_entry(archive, size, &at, &e)) {
		if (!strstr(e.name, "/top/"))
			continue;
		assert_true(strcmp(previous, e.name) < 0);
		strcpy(previous, e.name);
		count++;
	}
	assert_int_equal(count, 60);
	free(archive);
}

/* Folders whose links lead to each other are packed once each. */
static void folders_in_a_ring(void **state)
{
	struct fixture *f = *state;

	put(f, "a/in-a", "a", 1, 0644);
	put(f, "b/in-b", "b", 1, 0644);
	assert_int_equal(run("cd '%s' && ln -s ../b a/to-b && ln -s ../a b/to-a", f->dir), 0);
	assert_adds(f, "a");
	assert_int_equal(has(f, "a/in-a"), 1);
	assert_int_equal(has(f, "b/in-b"), 1);
}

static int write_archive(struct fixture *f)
{
	uint64_t size = initramfs_layout(f->tree);
	uint8_t *archive = malloc(size);
	int ret;

	assert_non_null(archive);
	ret = initramfs_write(f->tree, archive, size, &f->err);
	free(archive);
	return ret;
}

static void changed_files_are_stale(void **state)
{
	static const char *const changes[] = {
		"printf longer >'%s'", /* size */
		": >'%s'",
		"f='%s'; cp \"$f\" \"$f.new\" && mv \"$f.new\" \"$f\"", /* inode */
		"rm '%s'",
		"f='%s'; rm \"$f\"; mkfifo \"$f\"",
		"f='%s'; rm \"$f\"; mkdir \"$f\"",
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		const char *path = in(f, "dir/file");
		char command[512];

		fresh_tree(f);
		run("rm -rf '%s'", in(f, "dir"));
		put(f, "dir/file", "bytes", 5, 0644);
		assert_adds(f, "dir");
		assert_int_equal(write_archive(f), 0);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(command, sizeof(command), changes[i], path);
#pragma GCC diagnostic pop
		assert_int_equal(run("%s", command), 0);
		assert_int_equal(write_archive(f), -ESTALE);
		assert_says(f, "dir/file");
	}
}

static void too_large_a_file(void **state)
{
	struct fixture *f = *state;

	put(f, "sparse", "", 0, 0644);
	assert_int_equal(truncate(in(f, "sparse"), 4ll << 30), 0);
	assert_int_equal(add(f, "sparse"), -EFBIG);
	assert_says(f, "4 GiB");
	assert_int_equal(truncate(in(f, "sparse"), (4ll << 30) - 1), 0);
	assert_adds(f, "sparse");
	assert_true(initramfs_layout(f->tree) > (4ull << 30));
	assert_int_equal(initramfs_add_data(f->tree, "/x", "", 1ull << 32, 0, &f->err), -EFBIG);
}

static void script_lines(void **state)
{
	static const struct {
		const char *head, *interp, *program;
	} good[] = {
		{ "#!/bin/sh\n", "/bin/sh", "" },
		{ "#! \t/bin/sh -e  \nx", "/bin/sh", "" },
		{ "#!/bin/sh", "/bin/sh", "" },
		{ "#!/usr/bin/env python3\n", "/usr/bin/env", "python3" },
		{ "#!/usr/bin/env python3 -u\n", "/usr/bin/env", "python3 -u" },
		{ "#!/usr/bin/env -S python3 -u\n", "/usr/bin/env", "python3" },
		{ "#!/usr/bin/env -Spython3 -u\n", "/usr/bin/env", "python3" },
		{ "#!/usr/bin/env -ivS A=1 B=2 perl -w\n", "/usr/bin/env", "perl" },
		{ "#!/usr/bin/env -S -u X perl\n", "/usr/bin/env", "" },
		{ "#!/usr/bin/env -S \"a b\"\n", "/usr/bin/env", "" },
		{ "#!/usr/bin/env -S A=1\n", "/usr/bin/env", "" },
		{ "#!/usr/bin/env -i\n", "/usr/bin/env", "" },
		{ "#!/usr/bin/env A=1\n", "/usr/bin/env", "" },
		{ "#!/usr/bin/env\n", "/usr/bin/env", "" },
		{ "#!/usr/bin/envy x\n", "/usr/bin/envy", "" },
	};
	static const char *const bad[] = { "",		 "#",	   "#!", "#!\n", "#!  \t\n/bin/sh",
					   "# !/bin/sh", "\177ELF" };
	char head[SCRIPT_HEAD + 8];
	struct script s;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(script_parse(good[i].head, strlen(good[i].head), &s));
		assert_string_equal(s.interp, good[i].interp);
		assert_string_equal(s.program, good[i].program);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(script_parse(bad[i], strlen(bad[i]), &s));
	/* A path that reaches the end of what the kernel reads is cut off; an argument may be. */
	memset(head, 'x', sizeof(head));
	memcpy(head, "#!/", 3);
	assert_false(script_parse(head, sizeof(head), &s));
	head[200] = ' ';
	assert_true(script_parse(head, sizeof(head), &s));
	assert_int_equal(strlen(s.interp), 198);
	memcpy(head, "#!/bin/env ", 11);
	head[200] = 'x';
	assert_true(script_parse(head, sizeof(head), &s));
}

static void script_chain(void **state)
{
	struct fixture *f = *state;

	put_elf(f, "bin/elf", (struct elf_spec){ 0 });
	put_text(f, "s1", 0755, "#!%s/bin/elf\n", f->dir);
	for (int i = 2; i <= 6; i++) {
		char name[8];

		snprintf(name, sizeof(name), "s%d", i);
		put_text(f, name, 0755, "#!%s/s%d arg\n", f->dir, i - 1);
	}
	/* Linux runs five in a row: tried with the running kernel when it may. */
	assert_adds(f, "s5");
	assert_int_equal(has(f, "s1"), 1);
	assert_int_equal(has(f, "bin/elf"), 1);
	fresh_tree(f);
	assert_int_equal(add(f, "s6"), -ELOOP);
	assert_says(f, "s6");
	put_text(f, "own", 0755, "#!%s/own\n", f->dir);
	fresh_tree(f);
	assert_int_equal(add(f, "own"), -ELOOP);
}

static void script_programs(void **state)
{
	struct fixture *f = *state;

	put_elf(f, "bin/env", (struct elf_spec){ 0 });
	put_text(f, "path1/prog", 0644, "not executable\n");
	put_elf(f, "path2/prog", (struct elf_spec){ 0 });
	put_text(f, "script", 0755, "#!%s/bin/env prog\n", f->dir);
	assert_adds(f, "script");
	assert_int_equal(has(f, "bin/env"), 1);
	assert_int_equal(has(f, "path2/prog"), 1);
	assert_int_equal(has(f, "path1/prog"), 0);

	put_text(f, "lost", 0755, "#!%s/bin/env no-such-program\n", f->dir);
	assert_int_equal(add(f, "lost"), -ENOENT);
	assert_says(f, "no-such-program");
	put_text(f, "lost2", 0755, "#!/no/such/interpreter\n");
	assert_int_equal(add(f, "lost2"), -ENOENT);
	assert_says(f, "/no/such/interpreter");
	put_text(f, "lost3", 0755, "#!sh\n");
	assert_int_equal(add(f, "lost3"), -ENOENT);
}

/* In a folder what cannot run is data; what can brings its interpreter. */
static void scripts_in_a_folder(void **state)
{
	struct fixture *f = *state;

	put_elf(f, "bin/x", (struct elf_spec){ 0 });
	put_elf(f, "bin/y", (struct elf_spec){ 0 });
	put_text(f, "top/lost", 0755, "#!/no/such/interpreter\n");
	put_text(f, "top/run", 0755, "#!%s/bin/x\n", f->dir);
	put_text(f, "top/sourced", 0644, "#!%s/bin/y\n", f->dir);
	assert_adds(f, "top");
	assert_int_equal(has(f, "top/lost"), 1);
	assert_int_equal(has(f, "bin/x"), 1);
	assert_int_equal(has(f, "bin/y"), 0);
	/* By its own name the same file must be able to run. */
	assert_int_equal(add(f, "top/lost"), -ENOENT);
	assert_adds(f, "top/sourced");
	assert_int_equal(has(f, "bin/y"), 1);
}

static void many_files_in_linear_time(void **state)
{
	struct fixture *f = *state;
	struct timespec start, end;
	char path[64];

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
	for (int i = 0; i < 200000; i++) {
		snprintf(path, sizeof(path), "/many/%d/%d", i % 10, i);
		assert_int_equal(initramfs_add_data(f->tree, path, "", 0, 0644, &f->err), 0);
	}
	assert_true(initramfs_layout(f->tree) > 200000 * 120ull);
	assert_true(f->tree->nr_buckets >= f->tree->nr_nodes / 2);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
	/* It takes half a second; comparing each with each would take minutes. */
	assert_true(end.tv_sec - start.tv_sec < 20);
}

static void python_runs_from_it(void **state)
{
	struct fixture *f = *state;
	char path[64];
	FILE *list;

	if (geteuid() ||
	    run("ls -d /usr/bin/python3 /usr/lib/python3.*/json >'%s/list' 2>&1", f->dir))
		skip();
	initramfs_destroy(f->tree);
	f->tree = initramfs_create();
	assert_non_null(f->tree);
	list = fopen(in(f, "list"), "re");
	assert_non_null(list);
	while (fgets(path, sizeof(path), list)) {
		char *json = strstr(path, "/json");

		path[json ? (size_t)(json - path) : strcspn(path, "\n")] = '\0';
		if (initramfs_add_host(f->tree, path, NULL, &f->err))
			fail_msg("%s", f->err.text);
	}
	fclose(list);
	extract(f);
	assert_int_equal(run("chroot '%s/out' /usr/bin/python3 -c 'import json, ctypes, hashlib, "
			     "sys; sys.exit(json.loads(\"42\"))'",
			     f->dir),
			 42);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(skeleton),
		TEST(entries_in_order),
		TEST(data_links_and_folders),
		TEST(refused_guest_paths),
		TEST(size_must_be_the_layout),
		TEST(folder_round_trip),
		TEST(folder_modes),
		TEST(links_on_the_way),
		TEST(links_that_lead_nowhere),
		TEST(under_another_name),
		TEST(relative_to_the_working_folder),
		TEST(tree_and_host_differ),
		TEST(kernel_file_systems),
		TEST(same_files_same_bytes),
		TEST(files_keep_their_times),
		TEST(folders_are_sorted),
		TEST(folders_in_a_ring),
		TEST(changed_files_are_stale),
		TEST(too_large_a_file),
		cmocka_unit_test(script_lines),
		TEST(script_chain),
		TEST(script_programs),
		TEST(scripts_in_a_folder),
		TEST(many_files_in_linear_time),
		TEST(python_runs_from_it),
	};

	return cmocka_run_group_tests_name("initramfs", tests, NULL, NULL);
}
