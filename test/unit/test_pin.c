/* Do pinned vCPUs share on the host what they share in the guest, and never a CPU with others? */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "pin/host.h"
#include "pin/lock.h"
#include "pin/pin.h"
#include "pin/plan.h"
#include "util/file.h"

#define SYS "sys/devices/system/"

static char folder[] = "/tmp/test_pin-XXXXXX";

static int make_folder(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/test_pin-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	return setenv("XDG_RUNTIME_DIR", folder, 1);
}

static int remove_folder(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -r '%s'", folder);
	return system(command);
}

/* A file below the folder of this test; @text NULL: none of that name. */
static void put(const char *text, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void put(const char *text, const char *fmt, ...)
{
	char path[512], *slash;
	size_t used = (size_t)snprintf(path, sizeof(path), "%s/" SYS, folder);
	va_list ap;
	FILE *file;

	va_start(ap, fmt);
	vsnprintf(path + used, sizeof(path) - used, fmt, ap);
	va_end(ap);
	unlink(path);
	if (!text)
		return;
	slash = strrchr(path, '/');
	*slash = '\0';
	assert_int_equal(file_make_dirs(path, NULL), 0);
	*slash = '/';
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

/* "0-3,32-35": @count CPUs from @first on, of each of the threads. */
static const char *list(char text[256], unsigned int first, unsigned int count,
			unsigned int threads, unsigned int stride)
{
	size_t used = 0;

	for (unsigned int i = 0; i < threads; i++)
		used += (size_t)snprintf(text + used, 256 - used, "%s%u-%u", i ? "," : "",
					 first + i * stride, first + i * stride + count - 1);
	strcat(text, "\n");
	return text;
}

/* Numbered as Linux numbers them most often: the second threads of all cores behind all first. */
static void build(unsigned int nodes, unsigned int llcs, unsigned int cores, unsigned int threads)
{
	unsigned int of_node = llcs * cores, stride = nodes * of_node;
	char text[256], meminfo[64];

	put(list(text, 0, stride * threads, 1, 0), "cpu/online");
	put(list(text, 0, nodes, 1, 0), "node/online");
	for (unsigned int node = 0; node < nodes; node++) {
		put(list(text, node * of_node, of_node, threads, stride), "node/node%u/cpulist",
		    node);
		snprintf(meminfo, sizeof(meminfo), "Node %u MemTotal:   4194304 kB\nNode 0\n",
			 node);
		put(meminfo, "node/node%u/meminfo", node);
	}
	for (unsigned int cpu = 0; cpu < stride * threads; cpu++) {
		unsigned int core = cpu % stride, llc = core / cores;

		put(list(text, core, 1, threads, stride), "cpu/cpu%u/topology/thread_siblings_list",
		    cpu);
		put(list(text, core / of_node * of_node, of_node, threads, stride),
		    "cpu/cpu%u/topology/core_siblings_list", cpu);
		put("1\n", "cpu/cpu%u/cache/index0/level", cpu);
		put(list(text, core, 1, threads, stride), "cpu/cpu%u/cache/index0/shared_cpu_list",
		    cpu);
		put("3\n", "cpu/cpu%u/cache/index1/level", cpu);
		put(list(text, llc * cores, cores, threads, stride),
		    "cpu/cpu%u/cache/index1/shared_cpu_list", cpu);
		put("2\n", "cpu/cpu%u/cache/index2/level", cpu);
		put(list(text, core, 1, threads, stride), "cpu/cpu%u/cache/index2/shared_cpu_list",
		    cpu);
	}
}

static int read_allowed(struct pin_host *host, const char *hidden, struct error *err)
{
	cpu_set_t allowed;

	memset(&allowed, 0xff, sizeof(allowed));
	for (; hidden && *hidden; hidden += strspn(hidden, " "))
		CPU_CLR(strtoul(hidden, (char **)&hidden, 10), &allowed);
	return pin_host_read(folder, &allowed, CPU_SETSIZE, host, err);
}

static void read_host(struct pin_host *host, const char *hidden)
{
	struct error err = { "" };

	if (read_allowed(host, hidden, &err))
		fail_msg("%s", err.text);
}

static const struct pin_cpu *find(const struct pin_host *host, unsigned int id)
{
	for (size_t i = 0; i < host->nr_cpus; i++)
		if (host->cpus[i].id == id)
			return &host->cpus[i];
	fail_msg("CPU %u is not to be had", id);
	return NULL;
}

/* The promise, pair by pair. */
static void check_mirrors(const struct topology *topology, const struct pin_host *host,
			  const bool *taken, const struct pin_plan *plan)
{
	unsigned int count = topology_cpus(topology);

	assert_int_equal(plan->nr_cpus, count);
	for (unsigned int i = 0; i < count; i++) {
		struct topology_place a = topology_place(topology, i);
		const struct pin_cpu *at_a = find(host, plan->cpus[i]);

		assert_false(taken && taken[at_a - host->cpus]);
		assert_int_equal(plan->nodes[a.node], at_a->node);
		for (unsigned int j = 0; j < i; j++) {
			struct topology_place b = topology_place(topology, j);
			const struct pin_cpu *at_b = find(host, plan->cpus[j]);

			assert_int_not_equal(at_a->id, at_b->id);
			assert_int_equal(a.node == b.node, at_a->node == at_b->node);
			assert_int_equal(a.llc == b.llc, at_a->llc == at_b->llc);
			assert_int_equal(a.llc == b.llc && a.node == b.node && a.core == b.core,
					 at_a->core == at_b->core);
		}
	}
	for (unsigned int i = 0; i < plan->nr_nodes; i++)
		for (unsigned int j = 0; j < i; j++)
			assert_int_not_equal(plan->nodes[i], plan->nodes[j]);
}

static int try_plan(const char *spec, const struct pin_host *host, const bool *taken,
		    struct pin_plan *plan, struct error *err)
{
	struct topology topology;
	int ret;

	if (topology_parse(spec, &topology, err))
		fail_msg("%s", err->text);
	ret = pin_plan_make(&topology, 1024, host, taken, plan, err);
	if (!ret)
		check_mirrors(&topology, host, taken, plan);
	return ret;
}

static void plans(const char *spec, const struct pin_host *host, const bool *taken,
		  struct pin_plan *plan)
{
	struct error err = { "" };

	if (try_plan(spec, host, taken, plan, &err))
		fail_msg("%s: %s", spec, err.text);
}

static void refuses(const char *spec, const struct pin_host *host, const bool *taken,
		    const char *message)
{
	struct error err = { "" };
	struct pin_plan plan;

	assert_int_equal(try_plan(spec, host, taken, &plan, &err), -ENOSPC);
	assert_string_equal(err.text, message);
}

static void a_large_host(void **state)
{
	struct pin_host host;
	struct pin_plan plan;

	(void)state;
	build(2, 2, 4, 2);
	read_host(&host, NULL);
	assert_int_equal(host.nr_cpus, 32);
	assert_int_equal(host.nr_nodes, 2);
	assert_int_equal(host.nodes[1].mib, 4096);
	/* By node, LLC, core and id. */
	assert_memory_equal(&host.cpus[0], (&(struct pin_cpu){ 0, 0, 0, 0 }), sizeof(*host.cpus));
	assert_memory_equal(&host.cpus[1], (&(struct pin_cpu){ 16, 0, 0, 0 }), sizeof(*host.cpus));
	assert_memory_equal(&host.cpus[31], (&(struct pin_cpu){ 31, 1, 12, 15 }),
			    sizeof(*host.cpus));

	plans("2n4l4c2t", &host, NULL, &plan);
	/* From the end, where CPU 0 is not, and upwards there. */
	plans("1n1l2c2t", &host, NULL, &plan);
	assert_memory_equal(plan.cpus, ((const unsigned int[]){ 14, 30, 15, 31 }), 16);
	assert_int_equal(plan.nodes[0], 1);
	/* Threads that the guest has not stay idle. */
	plans("1n1l4c1t", &host, NULL, &plan);
	assert_memory_equal(plan.cpus, ((const unsigned int[]){ 12, 13, 14, 15 }), 16);
	plans("1n:4c2t+1l2c1t", &host, NULL, &plan);
	plans("2n:4c2t+2c1t", &host, NULL, &plan);
	plans("1n2l4c2t+1m", &host, NULL, &plan);
	assert_int_equal(plan.nodes[1], 0);

	refuses("1n3l1c1t", &host, NULL,
		"the host's LLCs and NUMA nodes that we may use do not hold the guest's all at "
		"once");
	refuses("1n1l5c1t", &host, NULL,
		"the guest has 1 LLC of 5 cores with 1 thread, the host has room for 0: the largest LLC that we may use has 4 such cores");
	refuses("4n4l1c1t", &host, NULL,
		"the guest has 4 NUMA nodes with CPUs, the host has 2 that we may use");
	refuses("1n8l1c1t", &host, NULL,
		"the guest has 8 LLCs of 1 core with 1 thread, the host has room for 4: the largest LLC that we may use has 4 such cores");
	refuses("2n2l4c2t+1m", &host, NULL,
		"the guest has 3 NUMA nodes, those with memory only among them, the host has 2 with 341 MiB that we may use");
	/* One LLC over two nodes, which these are not. */
	refuses("2n1l8c1t", &host, NULL,
		"the host's LLCs and NUMA nodes that we may use do not hold the guest's all at "
		"once");
	pin_host_free(&host);
}

static void what_others_have(void **state)
{
	struct pin_host host;
	struct pin_plan plan;
	bool taken[32] = { false };

	(void)state;
	build(2, 2, 4, 2);
	read_host(&host, NULL);
	/* One thread of the last core: the core is not to be had. */
	taken[31] = true;
	plans("1n1l1c1t", &host, taken, &plan);
	assert_int_equal(plan.cpus[0], 14);
	plans("1n1l4c2t", &host, taken, &plan);
	assert_int_equal(plan.cpus[0], 8);
	for (size_t i = 7; i < 32; i += 8)
		taken[i] = true;
	refuses("1n1l4c1t", &host, taken,
		"the guest has 1 LLC of 4 cores with 1 thread, the host has room for 0: the largest LLC that is free now has 3 such cores");
	plans("2n4l3c2t", &host, taken, &plan);
	memset(taken, true, sizeof(taken));
	refuses("1n1l1c1t", &host, taken,
		"the guest has 1 LLC of 1 core with 1 thread, the host has room for 0: the largest LLC that is free now has 0 such cores");
	pin_host_free(&host);
}

/* Whatever is taken: what comes out mirrors, and what must be possible is. */
static void any_mask(void **state)
{
	static const char *const specs[] = { "1n1l1c1t",     "1n1l2c2t",   "1n2l2c1t",
					     "2n2l3c2t",     "2n4l1c1t",   "1n:3c2t+1l1c1t",
					     "2n:2c1t+1c2t", "1n1l4c2t+1m" };
	struct pin_host host;
	struct pin_plan plan;
	bool taken[32];

	(void)state;
	srand(7);
	build(2, 2, 4, 2);
	read_host(&host, NULL);
	for (unsigned int round = 0; round < 4000; round++) {
		unsigned int cores = 0;

		for (unsigned int i = 0; i < 32; i++)
			taken[i] = rand() % 8 < (int)(round % 8);
		for (unsigned int i = 0; i < 32; i += 2)
			cores += !taken[i] && !taken[i + 1];
		for (size_t i = 0; i < sizeof(specs) / sizeof(*specs); i++) {
			int ret = try_plan(specs[i], &host, taken, &plan, NULL);

			assert_true(ret == 0 || ret == -ENOSPC);
			assert_true(i || (ret == 0) == (cores > 0));
		}
	}
	pin_host_free(&host);
}

static bool core_is_free(const struct pin_host *host, const bool *taken, size_t begin,
			 unsigned int threads)
{
	unsigned int count = 0;

	for (size_t i = begin; i < host->nr_cpus && host->cpus[i].core == host->cpus[begin].core;
	     i++) {
		if (taken[i])
			return false;
		count++;
	}
	return count >= threads;
}

/* Every core of the guest's on every core of the host's: from vCPU @cpu on, is there a way? */
static bool any_way(const struct topology *topology, const struct pin_host *host, const bool *taken,
		    const struct pin_cpu **at, unsigned int cpu)
{
	const struct topology_place place = topology_place(topology, cpu);

	for (size_t i = 0; i < host->nr_cpus; i++) {
		const struct pin_cpu *try = &host->cpus[i];
		bool agrees = (!i || try[-1].core != try->core) &&
			      core_is_free(host, taken, i, place.part->threads);

		for (unsigned int j = 0; agrees && j < cpu; j++) {
			const struct topology_place other = topology_place(topology, j);

			agrees = other.thread ||
				 (at[j]->core != try->core &&
				  (at[j]->node == try->node) == (other.node == place.node) &&
				  (at[j]->llc == try->llc) == (other.llc == place.llc));
		}
		if (!agrees)
			continue;
		at[cpu] = try;
		if (cpu + place.part->threads >= topology_cpus(topology) ||
		    any_way(topology, host, taken, at, cpu + place.part->threads))
			return true;
	}
	return false;
}

/* There is a plan where there is one of all that can be, and only there. */
static void brute_force(void **state)
{
	static const char *const specs[] = { "1n1l2c1t",     "1n1l2c2t",     "1n2l1c1t",
					     "1n2l2c2t",     "2n2l2c1t",     "2n4l1c1t",
					     "1n:2c2t+1c1t", "2n:2c1t+1c2t", "1n:1c2t+2l1c1t",
					     "1n:1c1t+2c1t" };
	const struct pin_cpu *at[16];
	unsigned int ways[2] = { 0 };
	struct topology topology;
	struct pin_host host;
	struct pin_plan plan;
	bool taken[16];

	(void)state;
	srand(11);
	build(2, 2, 2, 2);
	read_host(&host, NULL);
	for (unsigned int round = 0; round < 800; round++) {
		for (unsigned int i = 0; i < 16; i++)
			taken[i] = rand() % 16 < (int)(round % 8);
		for (size_t i = 0; i < sizeof(specs) / sizeof(*specs); i++) {
			bool way;

			assert_int_equal(topology_parse(specs[i], &topology, NULL), 0);
			way = any_way(&topology, &host, taken, at, 0);
			if (way != (try_plan(specs[i], &host, taken, &plan, NULL) == 0))
				fail_msg("%s, round %u: there is %s way", specs[i], round,
					 way ? "a" : "no");
			ways[way]++;
		}
	}
	assert_true(ways[0] > 1000 && ways[1] > 1000);
	pin_host_free(&host);
}

/* What cannot be decided is not called impossible. */
static void too_many_steps(void **state)
{
	bool taken[80] = { false };
	struct pin_host host;

	(void)state;
	build(2, 20, 2, 1);
	read_host(&host, NULL);
	/* Of each node, three LLCs have two cores and the others have one. */
	for (size_t i = 0; i < 80; i += 2)
		taken[i] = i % 40 >= 6;
	refuses("1n:2c1t+1c1t+2c1t+1c1t+2c1t+1c1t+2c1t", &host, taken,
		"262144 steps found no place for its 7 LLCs among the host's that are free now, "
		"and there may be one; make those of a node more alike");
	pin_host_free(&host);
}

/* LLCs that are alike are not tried in all their orders. */
static void many_llcs(void **state)
{
	struct pin_host host;
	struct pin_plan plan;
	bool taken[48] = { false };

	(void)state;
	build(2, 12, 2, 1);
	read_host(&host, NULL);
	taken[47] = taken[45] = taken[43] = taken[41] = true;
	plans("1n9l2c1t", &host, taken, &plan);
	assert_int_equal(plan.nodes[0], 0);
	plans("1n12l1c1t", &host, taken, &plan);
	pin_host_free(&host);
}

static void without_smt(void **state)
{
	struct pin_host host;
	struct pin_plan plan;

	(void)state;
	build(1, 1, 4, 1);
	read_host(&host, NULL);
	plans("1n1l3c1t", &host, NULL, &plan);
	assert_memory_equal(plan.cpus, ((const unsigned int[]){ 1, 2, 3 }), 12);
	refuses("1n1l1c2t", &host, NULL,
		"the guest has 1 LLC of 1 core with 2 threads, the host has room for 0: the largest LLC that we may use has 0 such cores");
	pin_host_free(&host);
	/* No caches, as in many a virtual machine: a package is one; and no nodes. */
	for (unsigned int cpu = 0; cpu < 4; cpu++)
		put(NULL, "cpu/cpu%u/cache/index0/level", cpu);
	put(NULL, "node/online");
	read_host(&host, NULL);
	assert_int_equal(host.nr_nodes, 1);
	assert_int_equal(host.nodes[0].mib, 0);
	plans("1n1l4c1t", &host, NULL, &plan);
	pin_host_free(&host);
}

static void holes(void **state)
{
	struct pin_host host;
	struct pin_plan plan;

	(void)state;
	build(1, 2, 2, 2);
	/* CPU 1 and the second thread of CPU 2 are offline: not in any list. */
	put("0,2-5,7\n", "cpu/online");
	put("0,2-5,7\n", "node/node0/cpulist");
	put("5\n", "cpu/cpu5/topology/thread_siblings_list");
	put("2\n", "cpu/cpu2/topology/thread_siblings_list");
	for (unsigned int cpu = 0; cpu < 8; cpu++)
		put(cpu % 4 < 2 ? "0,4-5\n" : "2-3,7\n", "cpu/cpu%u/cache/index1/shared_cpu_list",
		    cpu);
	read_host(&host, NULL);
	assert_int_equal(host.nr_cpus, 6);
	plans("1n2l1c2t", &host, NULL, &plan);
	plans("1n2l2c1t", &host, NULL, &plan);
	refuses("1n1l2c2t", &host, NULL,
		"the guest has 1 LLC of 2 cores with 2 threads, the host has room for 0: the largest LLC that we may use has 1 such core");
	pin_host_free(&host);
	/* And taskset hides the rest of the second LLC but for one thread. */
	read_host(&host, "2 7 600");
	assert_int_equal(host.nr_cpus, 4);
	plans("1n2l1c1t", &host, NULL, &plan);
	refuses("1n2l1c2t", &host, NULL,
		"the guest has 2 LLCs of 1 core with 2 threads, the host has room for 1: the largest LLC that we may use has 1 such core");
	pin_host_free(&host);
}

static void memory(void **state)
{
	struct topology topology = TOPOLOGY(2, 2, 1, 1);
	struct error err = { "" };
	struct pin_host host;
	struct pin_plan plan;

	(void)state;
	build(2, 1, 1, 1);
	read_host(&host, NULL);
	assert_int_equal(pin_plan_make(&topology, 8192, &host, NULL, &plan, &err), 0);
	assert_int_equal(pin_plan_make(&topology, 8194, &host, NULL, &plan, &err), -ENOSPC);
	assert_string_equal(err.text, "each NUMA node of the guest has 4097 MiB, node 1 of the "
				      "host has 4096 that we may use");
	/* One of them is larger. */
	host.nodes[0].mib = 9000;
	topology = (struct topology)TOPOLOGY(1, 1, 1, 1);
	assert_int_equal(pin_plan_make(&topology, 9000, &host, NULL, &plan, &err), 0);
	assert_int_equal(plan.nodes[0], 0);
	pin_host_free(&host);
}

/* Nodes without memory, and those that a cpuset keeps from us, are never bound to. */
static void nodes_without_memory(void **state)
{
	static const char status[] = "../../../proc/self/status";
	struct pin_host host;
	struct pin_plan plan;

	(void)state;
	build(4, 1, 2, 1);
	put("Node 3 MemTotal:   0 kB\n", "node/node3/meminfo");
	read_host(&host, NULL);
	plans("1n1l1c1t", &host, NULL, &plan);
	assert_int_equal(plan.nodes[0], 2);
	pin_host_free(&host);
	put("0-1,3\n", "node/has_memory");
	read_host(&host, NULL);
	plans("1n1l1c1t", &host, NULL, &plan);
	assert_int_equal(plan.nodes[0], 1);
	pin_host_free(&host);
	put("Name:\tx\nMems_allowed:\t1\nMems_allowed_list:\t0,2-1023\nNo:\t1\n", "%s", status);
	read_host(&host, NULL);
	plans("1n1l1c1t", &host, NULL, &plan);
	assert_int_equal(plan.nodes[0], 0);
	refuses("2n2l1c1t", &host, NULL,
		"each NUMA node of the guest has 512 MiB, node 3 of the host has 0 that we may "
		"use");
	refuses("1n1l1c1t+1m", &host, NULL,
		"the guest has 2 NUMA nodes, those with memory only among them, the host has 1 with 512 MiB that we may use");
	pin_host_free(&host);
	put("Mems_allowed_list:\tx\n", "%s", status);
	read_host(&host, NULL);
	pin_host_free(&host);
	put("Name:\tx\nMems_allowed_list:\tx\n", "%s", status);
	assert_int_equal(read_allowed(&host, NULL, NULL), -EPROTO);
	pin_host_free(&host);
	put("Name:\tx\n", "%s", status);
	/* A node whose CPUs are hidden has some; one without any goes to memory first. */
	put("0-3\n", "node/has_memory");
	put("\n", "node/node1/cpulist");
	put("0-1,4-7\n", "cpu/online");
	put("Node 3 MemTotal:   4194304 kB\n", "node/node3/meminfo");
	read_host(&host, "0 1");
	plans("1n1l1c1t+1m", &host, NULL, &plan);
	assert_int_equal(plan.nodes[0], 3);
	assert_int_equal(plan.nodes[1], 1);
	plans("1n1l1c1t+2m", &host, NULL, &plan);
	assert_int_equal(plan.nodes[2], 0);
	/* And one that is too small is no place for memory alone. */
	host.nodes[1].mib = 100;
	plans("1n1l1c1t+1m", &host, NULL, &plan);
	assert_int_equal(plan.nodes[1], 0);
	pin_host_free(&host);
	/* No node has it. */
	put("0\n", "node/node0/cpulist");
	assert_int_equal(read_allowed(&host, NULL, NULL), -EPROTO);
	pin_host_free(&host);
}

static void garbage(void **state)
{
	static const char *const names[] = { "cpu/online", "node/online", "node/node1/cpulist",
					     "cpu/cpu1/topology/thread_siblings_list",
					     "cpu/cpu1/cache/index1/shared_cpu_list" };
	static const char *const texts[] = { "x",
					     "-",
					     "0-",
					     "1-0",
					     "0,,1",
					     ",0",
					     "0-1-2",
					     "0 1",
					     "0-8192",
					     "8192",
					     "1x",
					     "-1",
					     "99999999999999999999" };
	static char large[70000];
	struct pin_host host;
	struct error err;

	(void)state;
	memset(large, '1', sizeof(large) - 1);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		for (size_t j = 0; j <= sizeof(texts) / sizeof(*texts); j++) {
			build(2, 1, 1, 1);
			put(j < sizeof(texts) / sizeof(*texts) ? texts[j] : large, "%s", names[i]);
			assert_int_equal(read_allowed(&host, NULL, &err), -EPROTO);
			assert_non_null(strstr(err.text, names[i]));
			pin_host_free(&host);
		}
		put(NULL, "%s", names[i]);
		/* Where no node is told of, there is one. */
		assert_int_equal(read_allowed(&host, NULL, &err), i == 1 ? 0 : -ENOENT);
		pin_host_free(&host);
	}
	build(2, 1, 1, 1);
	put("three", "cpu/cpu0/cache/index1/level");
	assert_int_equal(read_allowed(&host, NULL, &err), -EPROTO);
	pin_host_free(&host);
	/* Lists that the CPU itself is not in, and a core in two places. */
	build(2, 1, 1, 1);
	put("0", "cpu/cpu1/cache/index1/shared_cpu_list");
	assert_int_equal(read_allowed(&host, NULL, &err), -EPROTO);
	pin_host_free(&host);
	build(2, 1, 1, 1);
	put("0-1", "cpu/cpu1/topology/thread_siblings_list");
	assert_int_equal(read_allowed(&host, NULL, &err), -EPROTO);
	assert_string_equal(err.text, "pinning: this host says that the core of CPU 1 reaches over "
				      "several caches or nodes");
	pin_host_free(&host);
	/* Nothing is online, or nothing ours. */
	build(2, 1, 1, 1);
	read_host(&host, "0 1");
	refuses("1n1l1c1t", &host, NULL,
		"the guest has 1 NUMA node with CPUs, the host has 0 that we may use");
	pin_host_free(&host);
}

/* Another launcher, which has these CPUs until it is killed. */
static pid_t start_holder(unsigned int first, unsigned int count)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		int fd = pin_lock_open(NULL);

		/* A test that fails leaves it to this. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (unsigned int i = 0; i < count; i++)
			if (pin_lock_take(fd, first + i, NULL))
				_exit(1);
		if (write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static void end_holder(pid_t pid)
{
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void locks(void **state)
{
	int fd = pin_lock_open(NULL), other;
	pid_t pid;

	(void)state;
	assert_true(fd >= 0);
	pid = start_holder(4, 2);
	assert_false(pin_lock_is_taken(fd, 3));
	assert_true(pin_lock_is_taken(fd, 4));
	assert_int_equal(pin_lock_take(fd, 3, NULL), 0);
	assert_int_equal(pin_lock_take(fd, 5, NULL), -EAGAIN);
	/* What one has itself is not another's, and within a process descriptors are two. */
	assert_false(pin_lock_is_taken(fd, 3));
	other = pin_lock_open(NULL);
	assert_true(pin_lock_is_taken(other, 3));
	end_holder(pid);
	assert_false(pin_lock_is_taken(other, 4));
	assert_int_equal(pin_lock_take(other, 5, NULL), 0);
	pin_lock_give_back(fd);
	assert_int_equal(pin_lock_take(other, 3, NULL), 0);
	close(other);
	assert_int_equal(pin_lock_take(fd, 5, NULL), 0);
	close(fd);
}

static void a_folder_of_others(void **state)
{
	char path[128];
	struct error err = { "" };
	struct stat st;
	int fd;

	(void)state;
	snprintf(path, sizeof(path), "%s/ktstr-launch", folder);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(chmod(path, 0777), 0);
	fd = pin_lock_open(&err);
	assert_int_equal(fd, -EPERM);
	assert_non_null(strstr(err.text, path));
	assert_non_null(strstr(err.text, "': is another user's, or others may write to it; remove "
					 "it, or name a folder of your own as XDG_RUNTIME_DIR"));
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(symlink("/tmp", path), 0);
	assert_true(pin_lock_open(&err) < 0);
	assert_non_null(strstr(err.text, path));
	assert_int_equal(unlink(path), 0);
	/* Not the folder is at fault, but what is in it. */
	assert_int_equal(mkdir(path, 0700), 0);
	strcat(path, "/cpus.lock");
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(pin_lock_open(&err), -EISDIR);
	assert_non_null(strstr(err.text, "/ktstr-launch/cpus.lock': Is a directory"));
	assert_int_equal(rmdir(path), 0);
	*strrchr(path, '/') = '\0';
	assert_int_equal(rmdir(path), 0);
	/* A runtime folder that is no folder, or anybody's, is none. */
	assert_int_equal(chmod(folder, 0777), 0);
	fd = pin_lock_open(&err);
	assert_true(fd >= 0);
	assert_int_equal(stat(path, &st), -1);
	close(fd);
	assert_int_equal(chmod(folder, 0700), 0);
}

struct waiting {
	pid_t holder;
	unsigned int said;
	int cancel[2];
};

static void end_the_holder(void *data, const char *line)
{
	struct waiting *waiting = data;

	assert_non_null(
		strstr(line, "waiting for CPUs that other launchers have, as '/tmp/test_pin-"));
	assert_non_null(strstr(line, "/ktstr-launch/cpus.lock' says: the guest has "));
	waiting->said++;
	if (waiting->cancel[1] >= 0)
		assert_int_equal(write(waiting->cancel[1], "x", 1), 1);
	else
		end_holder(waiting->holder);
}

/* On the machine that this runs on. */
static void taken_and_given_back(void **state)
{
	struct topology one = TOPOLOGY(1, 1, 1, 1), many = TOPOLOGY(1, 1, 1024, 1);
	struct waiting waiting = { .cancel = { -1, -1 } };
	struct pin_wait wait = {
		.limit_ms = 60000, .cancel_fd = -1, .say = end_the_holder, .say_data = &waiting
	};
	struct error err = { "" };
	struct pin pin, second;
	cpu_set_t before, after;
	int fd;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	waiting.holder = start_holder(0, CPU_SETSIZE);
	if (pin_take(&pin, &one, 64, &wait, &err))
		fail_msg("%s", err.text);
	assert_int_equal(waiting.said, 1);
	assert_true(CPU_ISSET(pin.plan.cpus[0], &before));
	fd = pin_lock_open(NULL);
	assert_true(pin_lock_is_taken(fd, pin.plan.cpus[0]));
	/* This thread leaves it, where there is another. */
	assert_int_equal(sched_getaffinity(0, sizeof(after), &after), 0);
	if (CPU_COUNT(&before) > 1)
		assert_false(CPU_ISSET(pin.plan.cpus[0], &after));
	pin_give_back(&pin);
	assert_false(pin_lock_is_taken(fd, pin.plan.cpus[0]));
	close(fd);
	assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);

	/* The user does not want to wait. */
	waiting.holder = start_holder(0, CPU_SETSIZE);
	assert_int_equal(pipe(waiting.cancel), 0);
	wait.cancel_fd = waiting.cancel[0];
	assert_int_equal(pin_take(&second, &one, 64, &wait, &err), -EINTR);
	assert_int_equal(second.lock_fd, -1);
	assert_int_equal(waiting.said, 2);
	/* It waits no longer than it is told to. */
	wait = (struct pin_wait){ .limit_ms = 300, .cancel_fd = -1 };
	assert_int_equal(pin_take(&second, &one, 64, &wait, &err), -EBUSY);
	assert_int_equal(second.lock_fd, -1);
	assert_non_null(
		strstr(err.text, "pinning: after 0.3 s other launchers still had CPUs, as '/tmp/"));
	assert_non_null(strstr(err.text, "/ktstr-launch/cpus.lock' says: the guest has 1 LLC of "));
	assert_non_null(strstr(err.text, " cores; end them, or wait longer with --pin-wait"));
	/* What can never be is refused at once, whoever has what. */
	wait.limit_ms = 60000;
	assert_int_equal(pin_take(&second, &many, 64, &wait, &err), -ENOSPC);
	assert_non_null(strstr(err.text, "pinning: this host cannot mirror the guest: the guest "
					 "has 1 LLC of 1024 cores with 1 thread, "));
	end_holder(waiting.holder);
	close(waiting.cancel[0]);
	close(waiting.cancel[1]);
}

/* For the processes of a suite: none waits, and each has what was taken for it. */
static void tried_and_handed_over(void **state)
{
	struct topology wide = TOPOLOGY(1, 1, 2, 1), one = TOPOLOGY(1, 1, 1, 1);
	struct pin first, second, third, adopted;
	cpu_set_t before;
	struct pin_host host;
	struct error err = { "" };
	int status, fd;
	pid_t pid;

	(void)state;
	build(1, 2, 2, 2);
	read_host(&host, NULL);
	if (pin_try(&first, &host, &wide, 64, &err))
		fail_msg("%s", err.text);
	/* Two vCPUs, two cores, and so four CPUs. */
	assert_int_equal(pin_cpus_taken(&first.plan, &host), 4);
	assert_int_equal(pin_try(&second, &host, &one, 64, &err), 0);
	assert_int_equal(pin_cpus_taken(&second.plan, &host), 2);
	assert_int_equal(pin_try(&third, &host, &wide, 64, &err), -ENOSPC);
	assert_int_equal(third.lock_fd, -1);
	assert_string_equal(err.text, "the guest has 1 LLC of 2 cores with 1 thread, the host has "
				      "room for 0: the largest LLC that is free now has 1 such "
				      "core");
	/* The process has them, also when we have given them back. */
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		pause();
		_exit(1);
	}
	pin_give_back(&first);
	assert_int_equal(pin_try(&third, &host, &wide, 64, &err), -ENOSPC);
	end_holder(pid);
	assert_int_equal(pin_try(&third, &host, &wide, 64, &err), 0);
	pin_give_back(&third);
	pin_give_back(&second);
	pin_host_free(&host);

	/* On the machine that this runs on. */
	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	assert_int_equal(pin_read_host(&host, &err), 0);
	assert_int_equal(pin_try(&first, &host, &one, 64, &err), 0);
	pin_host_free(&host);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		cpu_set_t after;

		_exit(pin_adopt(&adopted, &first, NULL) ||
		      sched_getaffinity(0, sizeof(after), &after) ||
		      (CPU_COUNT(&before) > 1 && CPU_ISSET(first.plan.cpus[0], &after)));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	fd = pin_lock_open(NULL);
	assert_true(pin_lock_is_taken(fd, first.plan.cpus[0]));
	pin_give_back(&first);
	assert_false(pin_lock_is_taken(fd, first.plan.cpus[0]));
	close(fd);
}

/* A core is left whole, also by a plan that has one of its threads; but somewhere we have to be. */
static void left_to_others(void **state)
{
	cpu_set_t *others = CPU_ALLOC(PIN_MAX_CPUS);
	size_t size = CPU_ALLOC_SIZE(PIN_MAX_CPUS);
	struct pin_host host;
	struct pin_plan plan;

	(void)state;
	build(1, 2, 2, 2);
	read_host(&host, NULL);
	plans("1n1l1c1t", &host, NULL, &plan);
	assert_int_equal(plan.cpus[0], 3);
	assert_true(pin_others(&plan, &host, others));
	assert_int_equal(CPU_COUNT_S(size, others), 6);
	assert_false(CPU_ISSET_S(3, size, others) || CPU_ISSET_S(7, size, others));
	plans("1n2l2c1t", &host, NULL, &plan);
	assert_true(pin_others(&plan, &host, others));
	assert_int_equal(CPU_COUNT_S(size, others), 4);
	for (unsigned int i = 0; i < 4; i++)
		assert_false(CPU_ISSET_S(plan.cpus[i], size, others));
	plans("1n2l2c2t", &host, NULL, &plan);
	assert_false(pin_others(&plan, &host, others));
	CPU_FREE(others);
	pin_host_free(&host);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_large_host, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(what_others_have, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(any_mask, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(brute_force, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(too_many_steps, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(many_llcs, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(without_smt, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(holes, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(memory, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(nodes_without_memory, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(garbage, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(locks, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(a_folder_of_others, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(left_to_others, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(tried_and_handed_over, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(taken_and_given_back, make_folder, remove_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
