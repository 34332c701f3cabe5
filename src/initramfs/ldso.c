/* Where does the loader find a library? See ldso.h. */
#include "initramfs/ldso.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "initramfs/ldconf.h"

#define CACHE_MAX (64u << 20)

struct ldso {
	struct host_paths paths;
	struct dir_list glibc;	 /* of ld.so.conf, then the defaults */
	struct dir_list builtin; /* those that the guest's loader searches without a cache */
	struct dir_list musl;
	const char *lib; /* what $LIB stands for */
	char *cache;	 /* bytes of ld.so.cache, NULL until wanted or when there is none */
	size_t cache_size;
	bool cache_read;
};

/* One search: what is wanted, and the folders that were looked in, for the message. */
struct search {
	struct ldso *ldso;
	const struct object *object;
	const char *name;
	bool musl;
	struct place *place;
	struct error *err;
	char looked[640];
	size_t used;
};

enum { FOUND = 1 };

void place_destroy(struct place *place)
{
	free(place->host);
	free(place->guest);
	memset(place, 0, sizeof(*place));
}

static int read_musl_path(struct ldso *ldso)
{
	FILE *file = fopen(ldso->paths.musl_path, "re");
	char *line = NULL, *word, *rest;
	size_t size = 0;
	int ret = 0;

	if (!file) {
		static const char *const defaults[] = { "/lib", "/usr/local/lib", "/usr/lib" };

		for (size_t i = 0; !ret && i < 3; i++)
			ret = dir_list_add(&ldso->musl, defaults[i], strlen(defaults[i]));
		return ret;
	}
	while (!ret && getline(&line, &size, file) >= 0) {
		rest = line;
		while (!ret && (word = strsep(&rest, ":\n")))
			if (*word == '/')
				ret = dir_list_add(&ldso->musl, word, strlen(word));
	}
	free(line);
	fclose(file);
	return ret;
}

struct ldso *ldso_create(const struct host_paths *paths)
{
	/* Which pair is built into the loader is the distribution's choice: libc tells which. */
	static const char *const multiarch[] = { "/lib/x86_64-linux-gnu",
						 "/usr/lib/x86_64-linux-gnu", "/lib", "/usr/lib" };
	static const char *const lib64[] = { "/lib64", "/usr/lib64", "/lib", "/usr/lib" };
	const char *const *builtin = multiarch, *const *other = lib64;
	struct ldso *ldso = calloc(1, sizeof(*ldso));
	int ret = 0;

	if (!ldso)
		return NULL;
	ldso->paths = *paths;
	ldso->lib = "lib/x86_64-linux-gnu";
	if (access("/lib/x86_64-linux-gnu/libc.so.6", F_OK)) {
		builtin = lib64;
		other = multiarch;
		ldso->lib = "lib64";
	}
	ret = ldconf_read(paths->ld_so_conf, &ldso->glibc);
	for (size_t i = 0; !ret && i < 4; i++) {
		ret = dir_list_add(&ldso->builtin, builtin[i], strlen(builtin[i]));
		if (!ret)
			ret = dir_list_add(&ldso->glibc, builtin[i], strlen(builtin[i]));
	}
	/* ldconfig looks there in any case, so the cache may lead there. */
	for (size_t i = 0; !ret && i < 4; i++)
		ret = dir_list_add(&ldso->glibc, other[i], strlen(other[i]));
	if (!ret)
		ret = read_musl_path(ldso);
	if (ret) {
		ldso_destroy(ldso);
		return NULL;
	}
	return ldso;
}

void ldso_destroy(struct ldso *ldso)
{
	if (!ldso)
		return;
	dir_list_destroy(&ldso->glibc);
	dir_list_destroy(&ldso->builtin);
	dir_list_destroy(&ldso->musl);
	free(ldso->cache);
	free(ldso);
}

bool ldso_is_musl(const char *interp)
{
	const char *slash = interp ? strrchr(interp, '/') : NULL;

	return slash && !strncmp(slash + 1, "ld-musl-", 8);
}

bool ldso_musl_has(const char *name)
{
	/* musl, ldso/dynlink.c, load_library: compared up to and with the dot. */
	static const char *const own[] = { "libc.",  "libpthread.", "librt.",  "libm.",
					   "libdl.", "libutil.",    "libxnet." };

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (!strncmp(name, own[i], strlen(own[i])))
			return true;
	return false;
}

static bool is_builtin(const struct ldso *ldso, const char *dir)
{
	for (size_t i = 0; i < ldso->builtin.count; i++)
		if (!strcmp(ldso->builtin.dirs[i], dir))
			return true;
	return false;
}

static void read_cache(struct ldso *ldso)
{
	struct stat st;
	size_t done = 0;
	int fd;

	if (ldso->cache_read)
		return;
	ldso->cache_read = true;
	fd = open(ldso->paths.ld_so_cache, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_size > 0 && st.st_size <= CACHE_MAX)
		ldso->cache = malloc((size_t)st.st_size);
	while (ldso->cache && done < (size_t)st.st_size) {
		ssize_t got = read(fd, ldso->cache + done, (size_t)st.st_size - done);

		if (got <= 0)
			break;
		done += (size_t)got;
	}
	ldso->cache_size = done;
	close(fd);
}

/* Its strings are NUL-terminated paths, so a path that it names stands in it with its NUL. */
static bool cache_names(struct ldso *ldso, const char *path)
{
	read_cache(ldso);
	return ldso->cache && memmem(ldso->cache, ldso->cache_size, path, strlen(path) + 1);
}

/* Notes a folder for the message; what does not fit is told by "...". */
static void looked(struct search *s, const char *dir, const char *remark)
{
	size_t room = sizeof(s->looked) - s->used;
	int n = snprintf(s->looked + s->used, room, "%s%s%s", s->used ? ", " : "", dir, remark);

	if (n > 0 && (size_t)n < room) {
		s->used += (size_t)n;
	} else {
		s->used = sizeof(s->looked) - 1;
		memcpy(s->looked + sizeof(s->looked) - 4, "...", 4);
	}
}

static int no_memory(struct search *s)
{
	return error_set(s->err, -ENOMEM, "out of memory while looking for the library '%s'",
			 s->name);
}

/* @host: a path that may be the library. FOUND, 0 to look on, or a negative errno. */
static int try_file(struct search *s, const char *host)
{
	char head[64];
	struct stat st;
	ssize_t got;
	int fd;

	fd = open(host, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return 0;
	got = fstat(fd, &st) || !S_ISREG(st.st_mode) ? -1 : pread(fd, head, sizeof(head), 0);
	close(fd);
	if (got < 0)
		return 0;
	switch (elf_fit(head, (size_t)got)) {
	case ELF_FITS:
		return FOUND;
	case ELF_FOREIGN:
		return 0;
	default:
		return error_set(
			s->err, -ENOEXEC,
			"'%s' wants the library '%s', and '%s' is not an ELF file; the loader "
			"would stop at it: remove it or install the library again",
			s->object->node->text, s->name, host);
	}
}

/* @host and @guest: the same folder as each side names it. */
static int try_dir(struct search *s, const char *host, const char *guest, bool system)
{
	struct place *place = s->place;
	int ret;

	if (asprintf(&place->host, "%s/%s", host, s->name) < 0) {
		place->host = NULL;
		return no_memory(s);
	}
	ret = try_file(s, place->host);
	place->cached = system && !s->musl && !is_builtin(s->ldso, host);
	if (ret == FOUND && place->cached && !cache_names(s->ldso, place->host)) {
		/* So would the loader: it reads no ld.so.conf. */
		looked(s, host,
		       s->ldso->cache ? " (it is there, but not in the loader's cache: run "
					"ldconfig)"
				      : " (it is there, but there is no loader's cache: run "
					"ldconfig)");
		place_destroy(place);
		return 0;
	}
	if (ret == FOUND && asprintf(&place->guest, "%s/%s", guest, s->name) < 0) {
		place->guest = NULL;
		ret = no_memory(s);
	}
	if (ret != FOUND)
		place_destroy(place);
	if (!ret)
		looked(s, host, "");
	return ret;
}

/* The length of a token such as ORIGIN or {ORIGIN} at @text, 0 when it is another. */
static size_t token(const char *text, const char *word)
{
	size_t length = strlen(word);
	bool curly = *text == '{';
	char after;

	if (strncmp(text + curly, word, length))
		return 0;
	after = text[curly + length];
	if (curly)
		return after == '}' ? length + 2 : 0;
	if ((after >= 'A' && after <= 'Z') || (after >= 'a' && after <= 'z') ||
	    (after >= '0' && after <= '9') || after == '_')
		return 0;
	return length;
}

/* $ORIGIN, $LIB and $PLATFORM replaced in the first @length bytes; NULL when memory is out. */
static char *expand(const struct ldso *ldso, const char *text, size_t length, const char *origin)
{
	char *out = NULL;
	size_t size = 0, n;
	FILE *stream = open_memstream(&out, &size);

	if (!stream)
		return NULL;
	for (const char *end = text + length; text < end;) {
		if (*text != '$') {
			fputc(*text++, stream);
		} else if ((n = token(text + 1, "ORIGIN"))) {
			fputs(origin, stream);
			text += n + 1;
		} else if ((n = token(text + 1, "LIB"))) {
			fputs(ldso->lib, stream);
			text += n + 1;
		} else if ((n = token(text + 1, "PLATFORM"))) {
			fputs("x86_64", stream);
			text += n + 1;
		} else {
			fputc(*text++, stream);
		}
	}
	if (fclose(stream)) {
		free(out);
		return NULL;
	}
	return out;
}

/* A DT_RPATH or DT_RUNPATH of @owner. */
static int try_path_list(struct search *s, const struct object *owner, const char *list)
{
	int ret = 0;

	for (const char *p = list; !ret && p && *p;) {
		size_t length = strcspn(p, ":");
		char *host = expand(s->ldso, p, length, owner->host_origin);
		char *guest = expand(s->ldso, p, length, owner->guest_origin);

		if (!host || !guest)
			ret = no_memory(s);
		else if (*host != '/')
			looked(s, *host ? host : ".",
			       " (passed over: it depends on the working folder)");
		else
			ret = try_dir(s, host, guest, false);
		free(host);
		free(guest);
		p += length + (p[length] == ':');
	}
	return ret;
}

/* A DT_NEEDED with a slash is a path, and nothing is searched. */
static int try_path(struct search *s)
{
	const struct object *object = s->object;
	struct place *place = s->place;
	int ret;

	place->host = expand(s->ldso, s->name, strlen(s->name), object->host_origin);
	place->guest = expand(s->ldso, s->name, strlen(s->name), object->guest_origin);
	if (!place->host || !place->guest)
		ret = no_memory(s);
	else if (*place->host != '/')
		ret = error_set(s->err, -ELIBACC,
				"'%s' wants the library '%s', a path that depends on the working "
				"folder; link it by its name and a RUNPATH",
				object->node->text, s->name);
	else
		ret = try_file(s, place->host);
	if (!ret)
		looked(s, place->host, "");
	if (ret != FOUND)
		place_destroy(place);
	return ret;
}

static int search_all(struct search *s)
{
	const struct object *object = s->object;
	const struct dir_list *dirs = s->musl ? &s->ldso->musl : &s->ldso->glibc;
	int ret = 0;

	if (strchr(s->name, '/'))
		return try_path(s);
	if (s->musl) {
		/* musl makes no difference between the two. */
		for (const struct object *o = object; !ret && o; o = o->loader)
			ret = try_path_list(s, o,
					    o->elf->runpath ? o->elf->runpath : o->elf->rpath);
	} else if (object->elf->runpath) {
		ret = try_path_list(s, object, object->elf->runpath);
	} else {
		for (const struct object *o = object; !ret && o; o = o->loader)
			ret = try_path_list(s, o, o->elf->rpath);
	}
	for (size_t i = 0; !ret && i < dirs->count; i++)
		ret = try_dir(s, dirs->dirs[i], dirs->dirs[i], true);
	return ret;
}

int ldso_find(struct ldso *ldso, const struct object *object, const char *name, bool musl,
	      struct place *place, struct error *err)
{
	struct search s = { .ldso = ldso,
			    .object = object,
			    .name = name,
			    .musl = musl,
			    .place = place,
			    .err = err };
	int ret;

	memset(place, 0, sizeof(*place));
	ret = search_all(&s);
	if (ret == FOUND)
		return 0;
	if (ret)
		return ret;
	return error_set(
		err, -ELIBACC,
		"'%s' wants the library '%s', which is not (for x86-64) in: %s; install it, "
		"or link with a RUNPATH to it (LD_LIBRARY_PATH is ignored)",
		object->node->text, name, s.looked);
}
