/* What is a base? See base.h. Here it becomes bytes, and these a base again. */
#include "base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/file.h"
#include "util/memfd.h"

static const char magic[8] = "ktstrbs";

/* Read by the very build that wrote it: no byte order, no older versions. */
struct packed {
	char magic[8];
	/* Of all, this and what follows: extents, what is touched, state, init's log, console. */
	uint64_t size;
	uint64_t ram_size;
	uint64_t nr_extents;
	uint64_t nr_touched;
	uint64_t state_size;
	uint64_t init_log_size;
	uint64_t console_size;
	uint64_t boot_ns;
	uint32_t cpus_online;
	uint32_t nodes_online;
	char release[72]; /* NUL-terminated */
};

void base_close(struct base *base)
{
	if (base->ram_fd >= 0)
		close(base->ram_fd);
	extents_free(&base->extents);
	free(base->state);
	touched_free(base->touched);
	free(base->facts.init_log.bytes);
	free(base->facts.console.bytes);
	*base = (struct base){ .ram_fd = -1 };
}

uint64_t base_held_mib(const struct base *base)
{
	/* What can be sealed lies in memory. */
	if (fcntl(base->ram_fd, F_GET_SEALS) < 0)
		return 0;
	return (extents_total(&base->extents) + (1 << 20) - 1) >> 20;
}

static bool is_within_limits(const struct packed *packed)
{
	return packed->nr_extents <= EXTENTS_MAX && packed->nr_touched <= TOUCHED_MAX_RUNS &&
	       packed->state_size <= BASE_MAX_STATE && packed->init_log_size <= BASE_MAX_TEXT &&
	       packed->console_size <= BASE_MAX_TEXT;
}

/* Of numbers that are within the limits: no sum of them overflows. */
static uint64_t size_of(const struct packed *packed)
{
	return sizeof(*packed) + packed->nr_extents * sizeof(struct extent) +
	       packed->nr_touched * sizeof(struct touched_run) + packed->state_size +
	       packed->init_log_size + packed->console_size;
}

static uint8_t *put(uint8_t *at, const void *bytes, size_t size)
{
	if (size)
		memcpy(at, bytes, size);
	return at + size;
}

int base_to_bytes(const struct base *base, void **bytes, size_t *size, struct error *err)
{
	const struct base_facts *facts = &base->facts;
	struct packed packed = { .ram_size = base->ram_size,
				 .nr_extents = base->extents.count,
				 .nr_touched = touched_is_known(base->touched)
						       ? base->touched->nr_runs
						       : 0,
				 .state_size = base->state_size,
				 .init_log_size = facts->init_log.size,
				 .console_size = facts->console.size,
				 .boot_ns = facts->boot_ns,
				 .cpus_online = facts->cpus_online,
				 .nodes_online = facts->nodes_online };
	uint8_t *at;

	if (!is_within_limits(&packed))
		return error_set(err, -EFBIG, "a base with %zu bytes of state is too large",
				 base->state_size);
	memcpy(packed.magic, magic, sizeof(magic));
	memcpy(packed.release, facts->release, sizeof(facts->release));
	packed.size = size_of(&packed);
	at = malloc(packed.size);
	if (!at)
		return error_set(err, -ENOMEM, "no memory for the state of a base");
	*bytes = at;
	*size = packed.size;
	at = put(at, &packed, sizeof(packed));
	at = put(at, base->extents.list, packed.nr_extents * sizeof(struct extent));
	at = put(at, packed.nr_touched ? base->touched->runs : NULL,
		 packed.nr_touched * sizeof(struct touched_run));
	at = put(at, base->state, packed.state_size);
	at = put(at, facts->init_log.bytes, packed.init_log_size);
	put(at, facts->console.bytes, packed.console_size);
	return 0;
}

/* A copy of the next @size bytes; false: no memory. */
static bool take(const uint8_t **at, size_t size, void **out)
{
	*out = malloc(size + !size);
	if (*out)
		memcpy(*out, *at, size);
	*at += size;
	return *out;
}

static bool take_text(const uint8_t **at, size_t size, struct base_text *text)
{
	text->size = size;
	return take(at, size, (void **)&text->bytes);
}

static bool take_extents(const uint8_t **at, size_t count, struct extents *extents)
{
	extents->count = count;
	return take(at, count * sizeof(struct extent), (void **)&extents->list);
}

/* Where there is none, it can still be noted. */
static int take_touched(const uint8_t **at, size_t count, struct base *base)
{
	const struct touched_run *runs = (const struct touched_run *)*at;

	*at += count * sizeof(*runs);
	base->touched = touched_new();
	return base->touched && count ? touched_set(base->touched, runs, count, base->ram_size) : 0;
}

static int from_bytes(const uint8_t *at, size_t size, struct base *base, struct error *err)
{
	struct packed packed;

	if (size < sizeof(packed))
		return error_set(err, -EPROTO, "a base is damaged: cut off");
	memcpy(&packed, at, sizeof(packed));
	if (memcmp(packed.magic, magic, sizeof(magic)) != 0 || packed.size != size ||
	    !is_within_limits(&packed) || size_of(&packed) != size)
		return error_set(err, -EPROTO, "a base is damaged: its sizes are not right");
	if (packed.release[sizeof(base->facts.release) - 1])
		return error_set(err, -EPROTO, "a base is damaged: its release has no end");
	base->ram_size = packed.ram_size;
	base->state_size = packed.state_size;
	base->facts.boot_ns = packed.boot_ns;
	base->facts.cpus_online = packed.cpus_online;
	base->facts.nodes_online = packed.nodes_online;
	memcpy(base->facts.release, packed.release, sizeof(base->facts.release));
	at += sizeof(packed);
	if (!take_extents(&at, packed.nr_extents, &base->extents))
		return error_set(err, -ENOMEM, "no memory for the state of a base");
	if (take_touched(&at, packed.nr_touched, base))
		return error_set(err, -EPROTO,
				 "a base is damaged: what its forks touch is not within RAM");
	if (!take(&at, packed.state_size, &base->state) ||
	    !take_text(&at, packed.init_log_size, &base->facts.init_log) ||
	    !take_text(&at, packed.console_size, &base->facts.console))
		return error_set(err, -ENOMEM, "no memory for the state of a base");
	/* Sound as offsets in a file as well: they are off_t there. */
	if (base->ram_size > INT64_MAX - base->ram_offset ||
	    !extents_are_sound(&base->extents, base->ram_size))
		return error_set(err, -EPROTO, "a base is damaged: its memory is not within RAM");
	return 0;
}

int base_from_bytes(int ram_fd, uint64_t ram_offset, const void *bytes, size_t size,
		    struct base *base, struct error *err)
{
	int ret;

	*base = (struct base){ .ram_fd = ram_fd, .ram_offset = ram_offset };
	ret = from_bytes(bytes, size, base, err);
	if (ret)
		base_close(base);
	return ret;
}

int base_pack(const struct base *base, int *fd, struct error *err)
{
	void *bytes;
	size_t size;
	int ret = base_to_bytes(base, &bytes, &size, err);

	if (ret)
		return ret;
	*fd = ret = memfd_new("ktstr-base", MFD_CLOEXEC, NULL);
	if (ret >= 0)
		ret = file_write_all(*fd, bytes, size);
	free(bytes);
	if (!ret)
		return 0;
	if (*fd >= 0)
		close(*fd);
	return error_set(err, ret, "writing %zu bytes of a base to a memfd: %s", size,
			 strerror(-ret));
}

int base_unpack(int ram_fd, int fd, struct base *base, struct error *err)
{
	struct stat ram, rest;
	int own = -1, ret;
	void *bytes;

	*base = (struct base){ .ram_fd = -1 };
	if (fstat(ram_fd, &ram) || fstat(fd, &rest))
		return error_set(err, -errno, "a base's files: %s", strerror(errno));
	if (rest.st_size > 2 * (off_t)BASE_MAX_STATE)
		return error_set(err, -EPROTO, "a base is damaged: %lld bytes beside its memory",
				 (long long)rest.st_size);
	bytes = malloc((size_t)rest.st_size + 1);
	if (!bytes)
		return error_set(err, -ENOMEM, "no memory for the state of a base");
	if (pread(fd, bytes, (size_t)rest.st_size, 0) != rest.st_size)
		ret = error_set(err, -EIO, "a base's file cannot be read");
	else if ((own = fcntl(ram_fd, F_DUPFD_CLOEXEC, 0)) < 0)
		ret = error_set(err, -errno, "a base's memory: %s", strerror(errno));
	else
		ret = base_from_bytes(own, 0, bytes, (size_t)rest.st_size, base, err);
	free(bytes);
	if (!ret && base->ram_size > (uint64_t)ram.st_size) {
		base_close(base);
		ret = error_set(err, -EPROTO, "a base is damaged: its memory is cut off");
	}
	return ret;
}
