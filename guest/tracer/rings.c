/* How do the kernel's events reach us? See rings.h. */
#include "rings.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

static const char *hint(int error)
{
	switch (error) {
	case EACCES:
	case EPERM:
		return "; run as root (CAP_PERFMON), on a kernel that is not locked down";
	case ENOSYS:
		return "; the kernel needs CONFIG_PERF_EVENTS";
	case ENOENT:
		return "; the kernel needs CONFIG_PERF_EVENTS and CONFIG_EVENT_TRACING";
	case EMFILE:
	case ENFILE:
		return "; raise the limit of open files (ulimit -n)";
	default:
		return "";
	}
}

static int open_event(const struct tracepoint *tp, int cpu, int leader, size_t data_size)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
		.config = tp->id,
		.sample_period = 1,
		/* The ring says the CPU, and common_pid in the raw record the task, also a dead
		   one. */
		.sample_type = PERF_SAMPLE_TIME | PERF_SAMPLE_RAW,
		.read_format = PERF_FORMAT_LOST,
		.disabled = leader < 0, /* the group goes with its leader */
		.watermark = 1,
		.wakeup_watermark = (uint32_t)(data_size / 4),
		.use_clockid = 1,
		.clockid = CLOCK_MONOTONIC,
	};
	long fd = syscall(SYS_perf_event_open, &attr, -1, cpu, leader, PERF_FLAG_FD_CLOEXEC);

	if (fd < 0 && errno == EINVAL) { /* before 6.0 */
		attr.read_format = 0;
		fd = syscall(SYS_perf_event_open, &attr, -1, cpu, leader, PERF_FLAG_FD_CLOEXEC);
	}
	return fd < 0 ? -errno : (int)fd;
}

static void close_ring(const struct rings *rings, struct ring *ring)
{
	size_t i;

	if (ring->page)
		munmap(ring->page, page_size() + rings->data_size);
	ring->page = NULL;
	for (i = TRACEPOINT_TYPES; i-- > 0;) {
		if (ring->fds[i] >= 0)
			close(ring->fds[i]);
		ring->fds[i] = -1;
	}
}

static int open_ring(const struct rings *rings, struct ring *ring, struct failure *failure)
{
	const size_t size = page_size() + rings->data_size;
	const struct tracepoint *tps = rings->tps;
	const int cpu = ring->cpu;
	size_t i;
	void *map;
	int fd, ret;

	for (i = 0; i < rings->nr_tps; i++) {
		fd = open_event(&tps[i], cpu, ring->fds[0], rings->data_size);
		if (fd < 0) {
			ret = failure_set(failure, fd,
					  "tracepoint %s:%s on CPU %d: cannot open it: %s%s",
					  tps[i].type->system, tps[i].type->name, cpu,
					  strerror(-fd), hint(-fd));
			goto fail;
		}
		ring->fds[i] = fd;
		if (i && ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, ring->fds[0])) {
			ret = failure_set(failure, -errno,
					  "tracepoint %s:%s on CPU %d: cannot join its ring: %s",
					  tps[i].type->system, tps[i].type->name, cpu,
					  strerror(errno));
			goto fail;
		}
		if (i)
			continue;
		map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (map == MAP_FAILED) {
			ret = failure_set(failure, -errno,
					  "ring of CPU %d: cannot map %zu KB: %s%s", cpu,
					  rings->data_size >> 10, strerror(errno), hint(errno));
			goto fail;
		}
		ring->page = map;
	}
	return 0;

fail:
	close_ring(rings, ring);
	return ret;
}

int rings_open(struct rings *rings, const struct tracepoint *tps, size_t nr_tps,
	       const uint16_t *cpus, size_t nr_cpus, size_t data_size, struct failure *failure)
{
	bool any = false;
	int ret = -ENODEV;

	*rings = (struct rings){ .tps = tps, .nr_tps = nr_tps, .data_size = data_size };
	rings->ring = calloc(nr_cpus, sizeof(*rings->ring));
	rings->scratch = malloc(RECORD_MAX_SIZE);
	if (!rings->ring || !rings->scratch) {
		ret = failure_set(failure, -ENOMEM, "rings: no memory for those of %zu CPUs",
				  nr_cpus);
		goto fail;
	}
	for (; rings->nr < nr_cpus; rings->nr++) {
		struct ring *ring = &rings->ring[rings->nr];

		*ring = (struct ring){ .cpu = cpus[rings->nr] };
		for (size_t i = 0; i < TRACEPOINT_TYPES; i++)
			ring->fds[i] = -1;
		ret = open_ring(rings, ring, failure);
		if (ret && ret != -ENODEV)
			goto fail;
		any = any || !ret;
	}
	if (any)
		return 0;
	/* With the last CPU's words. */
fail:
	rings_close(rings);
	return ret;
}

struct ring *rings_find(const struct rings *rings, uint16_t cpu)
{
	for (size_t i = 0; i < rings->nr; i++)
		if (rings->ring[i].cpu == cpu)
			return &rings->ring[i];
	return NULL;
}

int rings_reopen(struct rings *rings, struct ring *ring, struct failure *failure)
{
	int ret = open_ring(rings, ring, failure);

	if (ret || !ioctl(ring->fds[0], PERF_EVENT_IOC_ENABLE, 0))
		return ret;
	ret = failure_set(failure, -errno, "CPU %d: cannot start its events: %s", ring->cpu,
			  strerror(errno));
	close_ring(rings, ring);
	return ret;
}

void rings_retire(struct rings *rings, struct ring *ring)
{
	close_ring(rings, ring);
	ring->lost_before += ring->lost;
	ring->lost = 0;
}

void rings_close(struct rings *rings)
{
	while (rings->nr)
		close_ring(rings, &rings->ring[--rings->nr]);
	free(rings->scratch);
	free(rings->ring);
	*rings = (struct rings){ 0 };
}

int rings_enable(struct rings *rings, struct failure *failure)
{
	size_t i;

	for (i = 0; i < rings->nr; i++)
		if (rings->ring[i].page && ioctl(rings->ring[i].fds[0], PERF_EVENT_IOC_ENABLE, 0))
			return failure_set(failure, -errno, "CPU %d: cannot start its events: %s",
					   rings->ring[i].cpu, strerror(errno));
	return 0;
}

void rings_disable(struct rings *rings)
{
	size_t i;

	for (i = 0; i < rings->nr; i++)
		if (rings->ring[i].page)
			(void)ioctl(rings->ring[i].fds[0], PERF_EVENT_IOC_DISABLE, 0);
}

int rings_drain(struct rings *rings, struct ring *ring, record_sink sink, void *context)
{
	const uint8_t *data;
	uint64_t head, tail;
	int ret;

	if (!ring->page)
		return 0;
	/* Pairs with the barriers in perf_output_put_handle: the records before the head. */
	head = __atomic_load_n(&ring->page->data_head, __ATOMIC_ACQUIRE);
	tail = ring->page->data_tail;
	data = (const uint8_t *)ring->page + page_size();
	ret = records_walk(data, rings->data_size, head, &tail, rings->scratch, sink, context);
	if (ret == -EBADMSG) {
		ring->unreadable++;
		ret = 0;
	}
	__atomic_store_n(&ring->page->data_tail, tail, __ATOMIC_RELEASE);
	return ret;
}

bool ring_count_lost(struct ring *ring)
{
	uint64_t counted = 0, values[2]; /* an event's count, then how many of it were lost */
	size_t i;

	for (i = 0; i < TRACEPOINT_TYPES && ring->fds[i] >= 0; i++)
		if (read(ring->fds[i], values, sizeof(values)) == sizeof(values))
			counted += values[1];
	if (counted <= ring->lost)
		return false;
	ring->lost = counted;
	return true;
}
