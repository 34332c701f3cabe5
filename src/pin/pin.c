/* vCPUs on CPUs of the host that mirror the guest's topology. See pin.h. */
#include "pin/pin.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "host/cpus.h"
#include "pin/lock.h"
#include "util/cancel.h"
#include "util/clock.h"

/* Between two looks at what others hold. */
#define WAIT_MS 200

static bool is_ours(const struct pin_plan *plan, unsigned int cpu)
{
	for (unsigned int i = 0; i < plan->nr_cpus; i++)
		if (plan->cpus[i] == cpu)
			return true;
	return false;
}

/* Where the core ends that begins there. @ours: has the plan one of its CPUs? */
static size_t core_end(const struct pin_plan *plan, const struct pin_host *host, size_t begin,
		       bool *ours)
{
	size_t end = begin;

	*ours = false;
	for (; end < host->nr_cpus && host->cpus[end].core == host->cpus[begin].core; end++)
		*ours |= is_ours(plan, host->cpus[end].id);
	return end;
}

unsigned int pin_cpus_taken(const struct pin_plan *plan, const struct pin_host *host)
{
	size_t taken = 0;
	bool ours;

	for (size_t begin = 0, end; begin < host->nr_cpus; begin = end) {
		end = core_end(plan, host, begin, &ours);
		taken += ours ? end - begin : 0;
	}
	return (unsigned int)taken;
}

/*
 * The cores that the plan has, each with all its threads. The order is the same in all launchers,
 * so that one of those that want the same at the same time gets it.
 */
static int lock_cores(struct pin *pin, const struct pin_host *host, struct error *err)
{
	bool ours;

	for (size_t begin = 0, end; begin < host->nr_cpus; begin = end) {
		int ret = 0;

		end = core_end(&pin->plan, host, begin, &ours);
		/* By the core's name, which is the same where a mask hides some of its threads. */
		if (ours)
			ret = pin_lock_take(pin->lock_fd, host->cpus[begin].core, err);
		if (ret) {
			pin_lock_give_back(pin->lock_fd);
			return ret;
		}
	}
	return 0;
}

/* Returns 0; -ENOSPC or -EAGAIN: others have too much of it; or another negative errno. */
static int try(struct pin *pin, const struct topology *topology, uint64_t memory_mib,
	       const struct pin_host *host, struct error *err)
{
	bool *taken = calloc(host->nr_cpus + 1, sizeof(*taken));
	int ret;

	if (!taken)
		return error_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < host->nr_cpus; i++)
		taken[i] = pin_lock_is_taken(pin->lock_fd, host->cpus[i].core);
	ret = pin_plan_make(topology, memory_mib, host, taken, &pin->plan, err);
	free(taken);
	return ret ? ret : lock_cores(pin, host, err);
}

/* @whole: not those either that share a core with one of the plan */
static bool add_others(const struct pin_plan *plan, const struct pin_host *host, bool whole,
		       cpu_set_t *others)
{
	size_t size = CPU_ALLOC_SIZE(PIN_MAX_CPUS);
	bool ours;

	CPU_ZERO_S(size, others);
	for (size_t begin = 0, end; begin < host->nr_cpus; begin = end) {
		end = core_end(plan, host, begin, &ours);
		for (size_t i = begin; i < end; i++)
			if (whole ? !ours : !is_ours(plan, host->cpus[i].id))
				CPU_SET_S(host->cpus[i].id, size, others);
	}
	return CPU_COUNT_S(size, others) > 0;
}

bool pin_others(const struct pin_plan *plan, const struct pin_host *host, cpu_set_t *others)
{
	return add_others(plan, host, true, others) || add_others(plan, host, false, others);
}

static void leave(const struct pin_plan *plan, const struct pin_host *host)
{
	cpu_set_t *others = CPU_ALLOC(PIN_MAX_CPUS);

	/* The kernel may say no; all stays as it is then. */
	if (others && pin_others(plan, host, others))
		(void)sched_setaffinity(0, CPU_ALLOC_SIZE(PIN_MAX_CPUS), others);
	CPU_FREE(others);
}

/* For messages. */
static void lock_path(const struct pin *pin, char path[PATH_MAX])
{
	char link[32];
	ssize_t count;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", pin->lock_fd);
	count = readlink(link, path, PATH_MAX - 1);
	path[count > 0 ? count : 0] = '\0';
}

static int take(struct pin *pin, const struct topology *topology, uint64_t memory_mib,
		const struct pin_host *host, const struct pin_wait *wait, struct error *err)
{
	bool said = false;
	char path[PATH_MAX], line[ERROR_TEXT_SIZE + PATH_MAX + 128];
	struct pollfd cancel = { .fd = wait->cancel_fd, .events = POLLIN };
	struct error busy = { "" };
	uint64_t begin = now_ns();
	int ret;

	lock_path(pin, path);
	for (;;) {
		ret = try(pin, topology, memory_mib, host, &busy);
		if (ret != -ENOSPC && ret != -EAGAIN)
			break;
		if (wait->say && ret == -ENOSPC && !said) {
			snprintf(line, sizeof(line),
				 "waiting for CPUs that other launchers have, as '%s' says: %s",
				 path, busy.text);
			wait->say(wait->say_data, line);
			said = true;
		}
		if ((now_ns() - begin) / 1000000 >= wait->limit_ms) {
			struct error why = busy;

			ret = error_set(&busy, -EBUSY,
					"pinning: after %.10g s other launchers still had CPUs, as "
					"'%s' says: %s; end them, or wait longer with --pin-wait",
					(double)wait->limit_ms / 1000, path,
					ret == -ENOSPC ? why.text : "one was faster");
			break;
		}
		/* Who comes after those that all wanted the same waits no longer than they. */
		poll(&cancel, 1, WAIT_MS);
		ret = cancel_check(wait->cancel_fd, &busy);
		if (ret)
			break;
	}
	return ret ? error_set(err, ret, "%s", busy.text) : 0;
}

int pin_read_host(struct pin_host *host, struct error *err)
{
	int count, ret;
	cpu_set_t *allowed = host_cpus_affinity(&count);

	*host = (struct pin_host){ 0 };
	if (!allowed)
		return error_set(err, -EIO,
				 "pinning: the host does not tell which CPUs we may use");
	ret = pin_host_read("", allowed, count, host, err);
	CPU_FREE(allowed);
	return ret;
}

static int open_locks(struct pin *pin, const struct pin_host *host, struct error *err)
{
	pin->one_node = host->nr_nodes <= 1;
	pin->lock_fd = pin_lock_open(err);
	return pin->lock_fd < 0 ? pin->lock_fd : 0;
}

int pin_take(struct pin *pin, const struct topology *topology, uint64_t memory_mib,
	     const struct pin_wait *wait, struct error *err)
{
	struct pin_host host;
	int ret = pin_read_host(&host, err);

	pin->lock_fd = -1;
	if (!ret) {
		ret = pin_plan_make(topology, memory_mib, &host, NULL, &pin->plan, err);
		if (ret)
			error_prefix(err, ret, "pinning: this host cannot mirror the guest");
	}
	if (!ret)
		ret = open_locks(pin, &host, err);
	if (!ret)
		ret = take(pin, topology, memory_mib, &host, wait, err);
	if (ret)
		pin_give_back(pin);
	else
		leave(&pin->plan, &host);
	pin_host_free(&host);
	return ret;
}

int pin_try(struct pin *pin, const struct pin_host *host, const struct topology *topology,
	    uint64_t memory_mib, struct error *err)
{
	int ret = open_locks(pin, host, err);

	if (!ret)
		ret = try(pin, topology, memory_mib, host, err);
	if (ret)
		pin_give_back(pin);
	return ret;
}

int pin_adopt(struct pin *pin, const struct pin *taken, struct error *err)
{
	struct pin_host host;
	int ret = pin_read_host(&host, err);

	*pin = *taken;
	if (!ret)
		leave(&pin->plan, &host);
	pin_host_free(&host);
	return ret;
}

void pin_give_back(struct pin *pin)
{
	if (pin->lock_fd >= 0)
		close(pin->lock_fd);
	pin->lock_fd = -1;
}
