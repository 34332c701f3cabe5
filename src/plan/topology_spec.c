/* How is a topology written, and read back? See topology.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "plan/topology.h"

/* Far above every limit, and far below what could overflow: where counting digits may stop. */
#define COUNT_MAX 1000000u

#define GIVE "give NnNlNcNt, for example 1n2l4c2t"

/* Where reading stands. */
struct reader {
	const char *spec; /* the whole */
	const char *p;
	struct error *err;
};

/* Reads the digits at *@p, which is moved behind them. Returns false when there are none. */
static bool read_number(const char **p, unsigned int *out)
{
	const char *start = *p;

	*out = 0;
	for (; **p >= '0' && **p <= '9'; (*p)++) {
		*out = *out * 10 + (unsigned int)(**p - '0');
		if (*out > COUNT_MAX)
			*out = COUNT_MAX;
	}
	return *p > start;
}

/* Read a number that ends with @letter. */
static int take(struct reader *reader, char letter, const char *name, unsigned int *out)
{
	const char *start = reader->p;

	if (!read_number(&reader->p, out) || *reader->p != letter)
		return error_set(reader->err, -EINVAL,
				 "topology '%s': expected a number and '%c' (%s) at '%s'; " GIVE,
				 reader->spec, letter, name, start);
	reader->p++;
	return 0;
}

/* The letter behind the number that comes next; NUL: there is no such number. */
static char letter_ahead(const struct reader *reader)
{
	const char *p = reader->p;
	unsigned int number;

	return read_number(&p, &number) ? *p : '\0';
}

static int take_part(struct reader *reader, bool llcs_may_miss, struct topology *topology)
{
	struct topology_part *part = &topology->parts[topology->nr_parts];
	int ret = 0;

	if (topology->nr_parts == TOPOLOGY_MAX_PARTS)
		return error_set(reader->err, -EINVAL,
				 "topology '%s': '%s' is one kind of LLCs too many; at most %d are "
				 "taken, and those that are alike are one, as in 2l4c2t",
				 reader->spec, reader->p, TOPOLOGY_MAX_PARTS);
	part->llcs = 1;
	if (!llcs_may_miss || letter_ahead(reader) == 'l')
		ret = take(reader, 'l', "LLCs", &part->llcs);
	if (!ret)
		ret = take(reader, 'c', "cores per LLC", &part->cores);
	if (!ret)
		ret = take(reader, 't', "threads per core", &part->threads);
	topology->nr_parts++;
	return ret;
}

/* Neighbours that are alike are one part: so each machine has one spec. */
static void join_alike(struct topology *topology)
{
	unsigned int nr = 1;

	for (unsigned int i = 1; i < topology->nr_parts; i++) {
		struct topology_part *last = &topology->parts[nr - 1], *part = &topology->parts[i];

		if (last->cores == part->cores && last->threads == part->threads)
			last->llcs += part->llcs;
		else
			topology->parts[nr++] = *part;
	}
	for (unsigned int i = nr; i < topology->nr_parts; i++)
		topology->parts[i] = (struct topology_part){ 0 };
	topology->nr_parts = nr;
}

static int take_parts(struct reader *reader, struct topology *topology)
{
	bool list;
	int ret = take(reader, 'n', "NUMA nodes", &topology->numa_nodes);

	if (ret)
		return ret;
	list = *reader->p == ':';
	if (list)
		reader->p++;
	ret = take_part(reader, list, topology);
	while (!ret && *reader->p == '+') {
		reader->p++;
		if (letter_ahead(reader) == 'm' || !list) {
			ret = take(reader, 'm', "memory-only nodes", &topology->memory_nodes);
			if (!ret && !topology->memory_nodes)
				ret = error_set(reader->err, -EINVAL,
						"topology '%s': the number of memory-only nodes "
						"('m') is 0; give 1 or more",
						reader->spec);
			break;
		}
		ret = take_part(reader, true, topology);
	}
	return ret;
}

static int too_many(struct error *err)
{
	return error_set(err, -EINVAL, "distances: at most %d pairs of nodes are taken",
			 TOPOLOGY_MAX_DISTANCES);
}

static int add_distance(struct topology_distances *to, struct topology_distance new,
			struct error *err)
{
	unsigned int at = 0;

	while (at < to->count &&
	       (to->list[at].a < new.a || (to->list[at].a == new.a && to->list[at].b < new.b)))
		at++;
	if (at == to->count || to->list[at].a != new.a || to->list[at].b != new.b) {
		if (to->count == TOPOLOGY_MAX_DISTANCES)
			return too_many(err);
		memmove(&to->list[at + 1], &to->list[at], (to->count - at) * sizeof(new));
		to->count++;
	}
	to->list[at] = new;
	return 0;
}

int topology_parse_distances(const char *text, struct topology_distances *out, struct error *err)
{
	struct topology_distances read = *out;
	const char *p = text;
	int ret;

	do {
		const char *start = p;
		struct topology_distance new;
		unsigned int other;

		if (!read_number(&p, &new.a) || *p++ != '-' || !read_number(&p, &other) ||
		    *p++ != '=' || !read_number(&p, &new.distance) || (*p && *p != ','))
			return error_set(err, -EINVAL,
					 "distances '%s': expected NODE-NODE=DISTANCE at '%s', for "
					 "example 0-1=15,0-2=40",
					 text, start);
		if (new.a == other)
			return error_set(err, -EINVAL,
					 "distances '%s': node %u from itself, which is 10 always; "
					 "give two nodes",
					 text, other);
		if (new.distance < TOPOLOGY_DISTANCE_MIN || new.distance > TOPOLOGY_DISTANCE_MAX)
			return error_set(err, -EINVAL,
					 "distances '%s': %u is none; give %d to %d (a node is at "
					 "10 from itself, and at 20 from others by default)",
					 text, new.distance, TOPOLOGY_DISTANCE_MIN,
					 TOPOLOGY_DISTANCE_MAX);
		new.b = new.a > other ? new.a : other;
		new.a = new.a > other ? other : new.a;
		ret = add_distance(&read, new, err);
		if (ret)
			return ret;
	} while (*p++ == ',');
	*out = read;
	return 0;
}

int topology_add_distances(struct topology *topology, const struct topology_distances *more,
			   struct error *err)
{
	int ret = 0;

	for (unsigned int i = 0; !ret && i < more->count; i++)
		ret = add_distance(&topology->distances, more->list[i], err);
	return ret;
}

int topology_parse(const char *spec, struct topology *out, struct error *err)
{
	struct reader reader = { .spec = spec, .p = spec, .err = err };
	struct topology topology = { 0 };
	int ret = take_parts(&reader, &topology);

	if (ret)
		return ret;
	if (*reader.p == '@') {
		ret = topology_parse_distances(reader.p + 1, &topology.distances, err);
		if (ret)
			return error_prefix(err, ret, "topology '%s'", spec);
	} else if (*reader.p) {
		return error_set(
			err, -EINVAL, "topology '%s': '%s' is left over after the %s; " GIVE, spec,
			reader.p, topology.memory_nodes ? "memory-only nodes" : "threads per core");
	}
	join_alike(&topology);
	ret = topology_check(&topology, err);
	if (ret)
		return ret;
	*out = topology;
	return 0;
}

/* What has been written, and where more goes. */
struct writer {
	char *at;
	size_t room;
};

__attribute__((format(printf, 2, 3))) static void put(struct writer *writer, const char *format,
						      ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(writer->at, writer->room, format, args);
	va_end(args);
	if (length < 0 || (size_t)length >= writer->room)
		length = (int)writer->room - 1;
	writer->at += length;
	writer->room -= (size_t)length;
}

void topology_format(const struct topology *topology, char out[TOPOLOGY_SPEC_SIZE])
{
	const struct topology_distances *distances = &topology->distances;
	struct writer writer = { .at = out, .room = TOPOLOGY_SPEC_SIZE };

	put(&writer, topology->nr_parts > 1 ? "%un:" : "%un", topology->numa_nodes);
	for (unsigned int i = 0; i < topology->nr_parts; i++) {
		const struct topology_part *part = &topology->parts[i];

		if (i > 0)
			put(&writer, "+");
		if (topology->nr_parts == 1 || part->llcs != 1)
			put(&writer, "%ul", part->llcs);
		put(&writer, "%uc%ut", part->cores, part->threads);
	}
	if (topology->memory_nodes)
		put(&writer, "+%um", topology->memory_nodes);
	for (unsigned int i = 0; i < distances->count; i++)
		put(&writer, "%c%u-%u=%u", i ? ',' : '@', distances->list[i].a,
		    distances->list[i].b, distances->list[i].distance);
}
