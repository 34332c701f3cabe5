/*
 * Which CPU of the host is each vCPU's? See plan.h. What is to be placed are cells: the cores that
 * are behind one LLC and of one node, most often a whole LLC. Each goes to a cell of the host.
 */
#include "pin/plan.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>

/* Hosts that are regular need a few; after so many nothing is to be expected. */
#define MAX_STEPS (1u << 18)

/* Cores of the guest's. */
struct want {
	unsigned int node, llc; /* its numbers */
	unsigned int cores, threads;
	unsigned int first; /* vCPU */
};

/* CPUs of the host's, by index in its list. */
struct cell {
	unsigned int node, llc; /* its names */
	size_t begin, end;
	bool used;
};

struct search {
	const struct pin_host *host;
	const bool *taken;
	struct cell *cells;
	size_t nr_cells;
	struct want *wants;
	unsigned int nr_wants;
	struct cell **chosen; /* by want */
	uint64_t share_mib;   /* of a node's memory; 0: it does not count */
	unsigned int steps;
};

static bool is_taken(const struct search *search, size_t begin, size_t end)
{
	for (size_t i = begin; search->taken && i < end; i++)
		if (search->taken[i])
			return true;
	return false;
}

/* The core that ends at @end: where it begins. */
static size_t core_begin(const struct search *search, const struct cell *cell, size_t end)
{
	const struct pin_cpu *cpus = search->host->cpus;
	size_t begin = end - 1;

	while (begin > cell->begin && cpus[begin - 1].core == cpus[end - 1].core)
		begin--;
	return begin;
}

/* From the last core on; @cores: NULL, or room for the places of at most @most of them. */
static unsigned int free_cores(const struct search *search, const struct cell *cell,
			       unsigned int threads, size_t *cores, unsigned int most)
{
	unsigned int count = 0;

	for (size_t end = cell->end, begin; end > cell->begin && count < most; end = begin) {
		begin = core_begin(search, cell, end);
		if (end - begin < threads || is_taken(search, begin, end))
			continue;
		if (cores)
			cores[count] = begin;
		count++;
	}
	return count;
}

/* Of two cells of the guest's: is what they share, and only that, shared by these of the host's? */
static bool agrees(const struct want *a, const struct cell *at_a, const struct want *b,
		   const struct cell *at_b)
{
	return at_a != at_b && (a->node == b->node) == (at_a->node == at_b->node) &&
	       (a->llc == b->llc) == (at_a->llc == at_b->llc);
}

/* Has it so much memory for us? Where the host does not tell how much, it has. */
static bool holds(const struct pin_node *node, uint64_t mib)
{
	return node->has_memory && (!node->mib || node->mib >= mib);
}

/* Each node of a CPU is one of those. */
static const struct pin_node *find_node(const struct pin_host *host, unsigned int id)
{
	size_t i = 0;

	while (host->nodes[i].id != id)
		i++;
	return &host->nodes[i];
}

static bool can_have(struct search *search, unsigned int number, struct cell *cell)
{
	const struct want *want = &search->wants[number];

	if (cell->used ||
	    (search->share_mib && !holds(find_node(search->host, cell->node), search->share_mib)) ||
	    free_cores(search, cell, want->threads, NULL, want->cores) < want->cores)
		return false;
	for (unsigned int i = 0; i < number; i++)
		if (!agrees(&search->wants[i], search->chosen[i], want, cell))
			return false;
	return true;
}

/* Of wants that are alike the order says nothing: each begins behind the one before. */
static size_t first_cell(const struct search *search, unsigned int number)
{
	const struct want *want = &search->wants[number];

	if (!number || number >= search->nr_wants || want->node != want[-1].node ||
	    want->cores != want[-1].cores || want->threads != want[-1].threads)
		return 0;
	return (size_t)(search->chosen[number - 1] - search->cells) + 1;
}

/* The first way there is, in the cells' order; those that were chosen are taken back one by one. */
static bool place(struct search *search)
{
	unsigned int number = 0;
	size_t next = 0;

	search->steps = 0;
	for (size_t i = 0; i < search->nr_cells; i++)
		search->cells[i].used = false;
	while (number < search->nr_wants) {
		while (next < search->nr_cells && !can_have(search, number, &search->cells[next]) &&
		       search->steps++ < MAX_STEPS)
			next++;
		if (search->steps >= MAX_STEPS)
			return false;
		if (next < search->nr_cells) {
			search->chosen[number] = &search->cells[next];
			search->chosen[number++]->used = true;
			next = first_cell(search, number);
		} else if (number) {
			search->chosen[--number]->used = false;
			next = (size_t)(search->chosen[number] - search->cells) + 1;
		} else {
			return false;
		}
	}
	return true;
}

/* The last of the host's first, see above. */
static int find_cells(struct search *search)
{
	const struct pin_cpu *cpus = search->host->cpus;
	size_t end = search->host->nr_cpus;

	search->cells = calloc(end + 1, sizeof(*search->cells));
	if (!search->cells)
		return -ENOMEM;
	while (end > 0) {
		const struct pin_cpu *last = &cpus[end - 1];
		size_t begin = end - 1;

		while (begin > 0 && cpus[begin - 1].node == last->node &&
		       cpus[begin - 1].llc == last->llc)
			begin--;
		search->cells[search->nr_cells++] = (struct cell){
			.node = last->node, .llc = last->llc, .begin = begin, .end = end
		};
		end = begin;
	}
	return 0;
}

static int find_wants(struct search *search, const struct topology *topology)
{
	unsigned int nr_vcpus = topology_cpus(topology);

	search->wants = calloc(nr_vcpus, sizeof(*search->wants));
	search->chosen = calloc(nr_vcpus, sizeof(*search->chosen));
	if (!search->wants || !search->chosen)
		return -ENOMEM;
	for (unsigned int cpu = 0; cpu < nr_vcpus; cpu++) {
		const struct topology_place at = topology_place(topology, cpu);
		struct want *want = search->nr_wants ? &search->wants[search->nr_wants - 1] : NULL;

		if (!want || want->node != at.node || want->llc != at.llc) {
			want = &search->wants[search->nr_wants++];
			*want = (struct want){ .node = at.node,
					       .llc = at.llc,
					       .threads = at.part->threads,
					       .first = cpu };
		}
		want->cores += at.thread == 0;
	}
	return 0;
}

/* How many cells have room for it, and how many such cores has the one with the most? */
static unsigned int count_rooms(const struct search *search, const struct want *want,
				unsigned int *most)
{
	unsigned int rooms = 0;

	*most = 0;
	for (size_t i = 0; i < search->nr_cells; i++) {
		unsigned int cores =
			free_cores(search, &search->cells[i], want->threads, NULL, UINT_MAX);

		rooms += cores >= want->cores;
		*most = cores > *most ? cores : *most;
	}
	return rooms;
}

static unsigned int count_alike(const struct search *search, const struct want *want)
{
	unsigned int alike = 0;

	for (unsigned int i = 0; i < search->nr_wants; i++)
		alike += search->wants[i].cores == want->cores &&
			 search->wants[i].threads == want->threads;
	return alike;
}

/* Their list is ordered by node. */
static unsigned int count_nodes(const struct pin_host *host)
{
	unsigned int nodes = 0;

	for (size_t i = 0; i < host->nr_cpus; i++)
		nodes += !i || host->cpus[i].node != host->cpus[i - 1].node;
	return nodes;
}

static const char *plural(unsigned int count)
{
	return count == 1 ? "" : "s";
}

/* The reason, as exact as it can be told. */
static int refuse(const struct search *search, const struct topology *topology, struct error *err)
{
	unsigned int nodes = count_nodes(search->host), most;

	if (topology->numa_nodes > nodes)
		return error_set(err, -ENOSPC,
				 "the guest has %u NUMA node%s with CPUs, the host has %u that we "
				 "may use",
				 topology->numa_nodes, plural(topology->numa_nodes), nodes);
	for (unsigned int i = 0; i < search->nr_wants; i++) {
		const struct want *want = &search->wants[i];
		unsigned int rooms = count_rooms(search, want, &most);
		unsigned int alike = count_alike(search, want);

		if (rooms < alike)
			return error_set(err, -ENOSPC,
					 "the guest has %u LLC%s of %u core%s with %u thread%s, "
					 "the host has room for %u: the largest LLC that %s has %u "
					 "such core%s",
					 alike, plural(alike), want->cores, plural(want->cores),
					 want->threads, plural(want->threads), rooms,
					 search->taken ? "is free now" : "we may use", most,
					 plural(most));
	}
	if (search->steps >= MAX_STEPS)
		return error_set(err, -ENOSPC,
				 "%u steps found no place for its %u LLCs among the host's that "
				 "%s, and there may be one; make those of a node more alike",
				 MAX_STEPS, search->nr_wants,
				 search->taken ? "are free now" : "we may use");
	return error_set(err, -ENOSPC,
			 "the host's LLCs and NUMA nodes that %s do not hold the guest's all at "
			 "once",
			 search->taken ? "are free now" : "we may use");
}

static int assign_cpus(const struct search *search, struct pin_plan *plan)
{
	size_t *cores = calloc(TOPOLOGY_MAX_CPUS, sizeof(*cores));

	if (!cores)
		return -ENOMEM;
	for (unsigned int i = 0; i < search->nr_wants; i++) {
		const struct want *want = &search->wants[i];

		free_cores(search, search->chosen[i], want->threads, cores, want->cores);
		/* The last core comes first, and so to the last vCPUs. */
		for (unsigned int cpu = 0; cpu < want->cores * want->threads; cpu++) {
			unsigned int core = want->cores - 1 - cpu / want->threads;

			plan->cpus[want->first + cpu] =
				search->host->cpus[cores[core] + cpu % want->threads].id;
		}
		plan->nodes[want->node] = search->chosen[i]->node;
	}
	free(cores);
	return 0;
}

static bool is_used(const struct pin_plan *plan, unsigned int nr_nodes, unsigned int node)
{
	for (unsigned int i = 0; i < nr_nodes; i++)
		if (plan->nodes[i] == node)
			return true;
	return false;
}

/* Those of the host without CPUs first, then others that the guest has not. */
static int assign_memory_nodes(const struct topology *topology, const struct pin_host *host,
			       uint64_t share, struct pin_plan *plan, struct error *err)
{
	unsigned int count = topology->numa_nodes, able = 0;

	for (int with_cpus = 0; with_cpus <= 1; with_cpus++)
		for (size_t i = 0; i < host->nr_nodes; i++) {
			const struct pin_node *node = &host->nodes[i];

			if (node->has_cpus != with_cpus || !holds(node, share))
				continue;
			able++;
			if (count < plan->nr_nodes && !is_used(plan, count, node->id))
				plan->nodes[count++] = node->id;
		}
	if (count < plan->nr_nodes)
		return error_set(err, -ENOSPC,
				 "the guest has %u NUMA nodes, those with memory only among them, "
				 "the host has %u with %" PRIu64 " MiB that we may use",
				 plan->nr_nodes, able, share);
	return 0;
}

static int check_memory(const struct topology *topology, const struct pin_host *host,
			uint64_t share, const struct pin_plan *plan, struct error *err)
{
	for (unsigned int i = 0; i < topology->numa_nodes; i++) {
		const struct pin_node *node = find_node(host, plan->nodes[i]);

		if (!holds(node, share))
			return error_set(err, -ENOSPC,
					 "each NUMA node of the guest has %" PRIu64
					 " MiB, node %u of the host has %" PRIu64
					 " that we may use",
					 share, node->id, node->has_memory ? node->mib : 0);
	}
	return 0;
}

int pin_plan_make(const struct topology *topology, uint64_t memory_mib, const struct pin_host *host,
		  const bool *taken, struct pin_plan *plan, struct error *err)
{
	uint64_t share = memory_mib / topology_nodes(topology);
	struct search search = { .host = host, .taken = taken, .share_mib = share };
	int ret = find_cells(&search);

	*plan = (struct pin_plan){ .nr_cpus = topology_cpus(topology),
				   .nr_nodes = topology_nodes(topology) };
	if (!ret)
		ret = find_wants(&search, topology);
	if (!ret && !place(&search)) {
		/* Is it for memory alone? Then check_memory says so. */
		search.share_mib = 0;
		ret = search.steps < MAX_STEPS && place(&search) ? 0
								 : refuse(&search, topology, err);
	}
	if (!ret)
		ret = assign_cpus(&search, plan);
	if (ret == -ENOMEM)
		error_set(err, ret, "out of memory");
	if (!ret)
		ret = check_memory(topology, host, share, plan, err);
	if (!ret)
		ret = assign_memory_nodes(topology, host, share, plan, err);
	free(search.cells);
	free(search.wants);
	free(search.chosen);
	return ret;
}
