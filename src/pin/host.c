/* What CPUs, caches and nodes does this host have, of those that we may use? See host.h. */
#include "pin/host.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of a file in sysfs: a list of every other CPU of 8192 is 20 KiB. */
#define TEXT_SIZE  (64 << 10)
/* Caches of a CPU that are looked at, with gaps; four are usual. */
#define MAX_CACHES 16

/* One bit each, the lowest first; nodes are fewer. */
struct list {
	unsigned int first; /* the lowest; only where there is one */
	unsigned int count;
	uint8_t has[PIN_MAX_CPUS];
};

struct reader {
	const char *root;
	struct pin_host *host;
	struct error *err;
	char path[PATH_MAX]; /* of the file that was read last */
	char text[TEXT_SIZE];
	struct list list; /* that was read last */
};

/* The kernel gives a page at a time. Returns 0 or -errno; -EPROTO: more than any of them has. */
static int read_all(int fd, char *text, size_t size)
{
	ssize_t count = 1;
	size_t used = 0;

	while (count > 0 && used < size) {
		count = read(fd, text + used, size - used);
		if (count < 0)
			return -errno;
		used += (size_t)count;
	}
	if (used == size)
		return -EPROTO;
	text[used] = '\0';
	return 0;
}

/* The file's text. Returns 0 or -errno, without a message. */
__attribute__((format(printf, 2, 3))) static int read_text(struct reader *reader, const char *fmt,
							   ...)
{
	size_t used = strlen(reader->root);
	va_list ap;
	int fd, ret;

	if (used >= sizeof(reader->path) - NAME_MAX)
		return -ENAMETOOLONG;
	memcpy(reader->path, reader->root, used);
	va_start(ap, fmt);
	vsnprintf(reader->path + used, sizeof(reader->path) - used, fmt, ap);
	va_end(ap);
	fd = open(reader->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	ret = read_all(fd, reader->text, sizeof(reader->text));
	close(fd);
	return ret;
}

static int fail(struct reader *reader, int ret)
{
	return error_set(reader->err, ret, "pinning: '%s': %s", reader->path,
			 ret == -EPROTO ? "is no list of numbers that this host can have"
					: strerror(-ret));
}

static bool take_number(const char **at, unsigned int end, unsigned int *number)
{
	const char *from = *at;

	*number = 0;
	while (**at >= '0' && **at <= '9' && *number < end)
		*number = *number * 10 + (unsigned int)(*(*at)++ - '0');
	return *at > from && *number < end;
}

/* "0-3,8" in the first line, or nothing at all, which a node without CPUs has. */
static int parse_list(struct reader *reader, unsigned int end)
{
	struct list *list = &reader->list;
	const char *at = reader->text;
	unsigned int first, last;

	memset(list, 0, sizeof(*list));
	reader->text[strcspn(reader->text, "\n")] = '\0';
	while (*at) {
		if (!take_number(&at, end, &first))
			return fail(reader, -EPROTO);
		last = first;
		if (*at == '-' && (at++, !take_number(&at, end, &last) || last < first))
			return fail(reader, -EPROTO);
		if (!list->count || first < list->first)
			list->first = first;
		for (unsigned int i = first; i <= last; i++) {
			list->count += !list->has[i];
			list->has[i] = 1;
		}
		if (*at && *at++ != ',')
			return fail(reader, -EPROTO);
	}
	return 0;
}

/* The list in the file that was read, which has to have CPU @cpu in it. */
static int parse_group(struct reader *reader, unsigned int cpu, unsigned int *group)
{
	int ret = parse_list(reader, PIN_MAX_CPUS);

	if (!ret && !reader->list.has[cpu])
		ret = fail(reader, -EPROTO);
	if (!ret)
		*group = reader->list.first;
	return ret;
}

static int read_core(struct reader *reader, struct pin_cpu *cpu)
{
	int ret = read_text(reader, "/sys/devices/system/cpu/cpu%u/topology/thread_siblings_list",
			    cpu->id);

	return ret ? fail(reader, ret) : parse_group(reader, cpu->id, &cpu->core);
}

static int read_llc(struct reader *reader, struct pin_cpu *cpu)
{
	unsigned int highest = 0, llc = 0;
	int ret;

	for (unsigned int i = 0; i < MAX_CACHES; i++) {
		unsigned long level;
		char *end;

		if (read_text(reader, "/sys/devices/system/cpu/cpu%u/cache/index%u/level", cpu->id,
			      i))
			break;
		level = strtoul(reader->text, &end, 10);
		if (end == reader->text || (*end && *end != '\n') || level > MAX_CACHES)
			return fail(reader, -EPROTO);
		if (level > highest) {
			highest = (unsigned int)level;
			llc = i;
		}
	}
	ret = highest ? read_text(reader,
				  "/sys/devices/system/cpu/cpu%u/cache/index%u/shared_cpu_list",
				  cpu->id, llc)
		      : read_text(reader,
				  "/sys/devices/system/cpu/cpu%u/topology/core_siblings_list",
				  cpu->id);
	return ret ? fail(reader, ret) : parse_group(reader, cpu->id, &cpu->llc);
}

static int read_cpus(struct reader *reader, const cpu_set_t *allowed, int count)
{
	struct pin_host *host = reader->host;
	int ret = read_text(reader, "/sys/devices/system/cpu/online");

	ret = ret ? fail(reader, ret) : parse_list(reader, PIN_MAX_CPUS);
	if (ret)
		return ret;
	host->cpus = calloc(reader->list.count + 1, sizeof(*host->cpus));
	if (!host->cpus)
		return error_set(reader->err, -ENOMEM, "out of memory");
	for (unsigned int i = 0; i < PIN_MAX_CPUS; i++)
		if (i < (unsigned int)count && reader->list.has[i] &&
		    CPU_ISSET_S(i, CPU_ALLOC_SIZE(count), allowed))
			host->cpus[host->nr_cpus++].id = i;
	for (size_t i = 0; !ret && i < host->nr_cpus; i++) {
		ret = read_core(reader, &host->cpus[i]);
		if (!ret)
			ret = read_llc(reader, &host->cpus[i]);
	}
	return ret;
}

/* "Node 1 MemTotal:  16384 kB", the first line. */
static void read_size(struct reader *reader, struct pin_node *node)
{
	unsigned long long kib;
	const char *at;

	if (read_text(reader, "/sys/devices/system/node/node%u/meminfo", node->id))
		return;
	at = strstr(reader->text, "MemTotal:");
	if (!at || sscanf(at, "MemTotal: %19llu kB", &kib) != 1)
		return;
	node->mib = kib >> 10;
	node->has_memory &= node->mib > 0;
}

/* The list in the text names those with memory. */
static int parse_memory(struct reader *reader)
{
	struct pin_host *host = reader->host;
	int ret = parse_list(reader, PIN_MAX_NODES);

	for (size_t i = 0; !ret && i < host->nr_nodes; i++)
		host->nodes[i].has_memory &= reader->list.has[host->nodes[i].id];
	return ret;
}

/* Where the host does not tell, all nodes have some that is ours. */
static int read_memory(struct reader *reader)
{
	static const char label[] = "\nMems_allowed_list:\t";
	int ret = read_text(reader, "/sys/devices/system/node/has_memory");
	const char *at;

	if (ret && ret != -ENOENT)
		return fail(reader, ret);
	if (!ret)
		ret = parse_memory(reader);
	if (ret && ret != -ENOENT)
		return ret;
	ret = read_text(reader, "/proc/self/status");
	if (ret)
		return ret == -ENOENT ? 0 : fail(reader, ret);
	at = strstr(reader->text, label);
	if (!at)
		return 0;
	at += strlen(label);
	memmove(reader->text, at, strlen(at) + 1);
	return parse_memory(reader);
}

static int read_node(struct reader *reader, struct pin_node *node)
{
	struct pin_host *host = reader->host;
	int ret = read_text(reader, "/sys/devices/system/node/node%u/cpulist", node->id);

	ret = ret ? fail(reader, ret) : parse_list(reader, PIN_MAX_CPUS);
	if (ret)
		return ret;
	node->has_cpus = reader->list.count > 0;
	for (size_t i = 0; i < host->nr_cpus; i++)
		if (reader->list.has[host->cpus[i].id])
			host->cpus[i].node = node->id;
	read_size(reader, node);
	return 0;
}

static int read_nodes(struct reader *reader)
{
	struct pin_host *host = reader->host;
	int ret = read_text(reader, "/sys/devices/system/node/online");

	if (ret == -ENOENT)
		strcpy(reader->text, "0");
	else if (ret)
		return fail(reader, ret);
	if (parse_list(reader, PIN_MAX_NODES))
		return -EPROTO;
	host->nodes = calloc(reader->list.count + 1, sizeof(*host->nodes));
	if (!host->nodes)
		return error_set(reader->err, -ENOMEM, "out of memory");
	for (unsigned int i = 0; i < PIN_MAX_NODES; i++)
		if (reader->list.has[i])
			host->nodes[host->nr_nodes++] =
				(struct pin_node){ .id = i, .has_memory = true, .has_cpus = true };
	if (ret == -ENOENT)
		return 0;
	for (size_t i = 0; i < host->nr_cpus; i++)
		host->cpus[i].node = PIN_MAX_NODES;
	ret = 0;
	for (size_t i = 0; !ret && i < host->nr_nodes; i++)
		ret = read_node(reader, &host->nodes[i]);
	for (size_t i = 0; !ret && i < host->nr_cpus; i++)
		if (host->cpus[i].node == PIN_MAX_NODES)
			ret = error_set(reader->err, -EPROTO,
					"pinning: this host's CPU %u is in no NUMA node",
					host->cpus[i].id);
	return ret ? ret : read_memory(reader);
}

static int order(unsigned int a, unsigned int b)
{
	return (a > b) - (a < b);
}

static int compare(const void *left, const void *right)
{
	const struct pin_cpu *a = left, *b = right;

	if (a->node != b->node)
		return order(a->node, b->node);
	if (a->llc != b->llc)
		return order(a->llc, b->llc);
	return a->core != b->core ? order(a->core, b->core) : order(a->id, b->id);
}

/* In this order the threads of a core are neighbours; else nothing of it is to be relied on. */
static int check_cores(struct reader *reader)
{
	const struct pin_cpu *cpus = reader->host->cpus;
	uint8_t *seen = reader->list.has;

	memset(seen, 0, sizeof(reader->list.has));
	for (size_t i = 0; i < reader->host->nr_cpus; i++) {
		bool goes_on = i && cpus[i].core == cpus[i - 1].core &&
			       cpus[i].llc == cpus[i - 1].llc && cpus[i].node == cpus[i - 1].node;

		if (!goes_on && seen[cpus[i].core])
			return error_set(reader->err, -EPROTO,
					 "pinning: this host says that the core of CPU %u reaches "
					 "over several caches or nodes",
					 cpus[i].id);
		seen[cpus[i].core] = 1;
	}
	return 0;
}

int pin_host_read(const char *root, const cpu_set_t *allowed, int count, struct pin_host *host,
		  struct error *err)
{
	struct reader *reader = malloc(sizeof(*reader));
	int ret;

	*host = (struct pin_host){ 0 };
	if (!reader)
		return error_set(err, -ENOMEM, "out of memory");
	reader->root = root;
	reader->host = host;
	reader->err = err;
	ret = read_cpus(reader, allowed, count);
	if (!ret)
		ret = read_nodes(reader);
	if (!ret) {
		qsort(host->cpus, host->nr_cpus, sizeof(*host->cpus), compare);
		ret = check_cores(reader);
	}
	free(reader);
	return ret;
}

void pin_host_free(struct pin_host *host)
{
	free(host->cpus);
	free(host->nodes);
	*host = (struct pin_host){ 0 };
}
