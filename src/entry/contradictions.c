/* May all that a test's directives say stand together? See keys.h. */
#include <errno.h>
#include <stdio.h>

#include "entry/keys.h"

/* Where the later of the two stands; the reader goes there first. */
static unsigned int later(const struct directives *read, enum key a, enum key b)
{
	return read->lines[a] > read->lines[b] ? read->lines[a] : read->lines[b];
}

static bool both(const struct directives *read, enum key a, enum key b)
{
	return read->lines[a] && read->lines[b];
}

static int refuse(const struct directives *read, enum key a, enum key b, const char *why)
{
	return error_set(read->err, -EINVAL, "%s:%u: '%s' (line %u) and '%s' (line %u): %s",
			 read->file, later(read, a, b), key_name(a), read->lines[a], key_name(b),
			 read->lines[b], why);
}

static int check_names(const struct directives *read)
{
	for (enum key key = KEY_NUMA_NODES; key <= KEY_THREADS; key++)
		if (both(read, KEY_TOPOLOGY, key))
			return refuse(read, KEY_TOPOLOGY, key,
				      "the topology is given twice; keep one of them");
	if (both(read, KEY_TIMEOUT_S, KEY_DURATION_S))
		return refuse(read, KEY_TIMEOUT_S, KEY_DURATION_S,
			      "two names of the same limit; keep one of them");
	if (both(read, KEY_MEMORY, KEY_MEMORY_MIB))
		return refuse(read, KEY_MEMORY, KEY_MEMORY_MIB,
			      "two names of the same size; keep one of them");
	return 0;
}

/* The parts were looked at one by one only. */
static int check_topology(const struct directives *read)
{
	struct test *test = read->test;
	unsigned int line = 0;
	int ret;

	for (enum key key = KEY_NUMA_NODES; key <= KEY_DISTANCE; key++)
		if (read->lines[key] > line)
			line = read->lines[key];
	ret = topology_add_distances(&test->topology, &test->distances, read->err);
	if (!ret && line)
		ret = topology_check(&test->topology, read->err);
	return ret ? error_prefix(read->err, ret, "%s:%u", read->file, line) : 0;
}

static int check_flags(const struct directives *read)
{
	const struct test *test = read->test;

	for (int key = 0; test->host_only && key < NR_KEYS; key++)
		if (read->lines[key] && key_is_of_vm((enum key)key))
			return refuse(read, KEY_HOST_ONLY, (enum key)key,
				      "the latter is about a VM, and a host_only test has none; "
				      "leave one of them out");
	if (test->host_only && test->expect.kind == EXPECT_SCX)
		return refuse(read, KEY_HOST_ONLY, KEY_EXPECT_ERR,
			      "scx: is about a scheduler in a VM, and a host_only test has none; "
			      "leave one of them out");
	if (read->lines[KEY_SCHEDULER_ARGS] && !test->scheduler.file)
		return error_set(read->err, -EINVAL,
				 "%s:%u: 'scheduler_args' without a scheduler; give scheduler=FILE",
				 read->file, read->lines[KEY_SCHEDULER_ARGS]);
	if (test->expect.kind != EXPECT_PASS && test->ignore)
		return refuse(read,
			      read->lines[KEY_EXPECT_STATUS] ? KEY_EXPECT_STATUS : KEY_EXPECT_ERR,
			      KEY_IGNORE,
			      "a test that is not run cannot fail as expected; leave one of them "
			      "out");
	return 0;
}

static int check_range(const struct directives *read, enum key min_key, unsigned int min,
		       enum key max_key, unsigned int max)
{
	char why[128];

	if (!max || min <= max)
		return 0;
	if (both(read, min_key, max_key)) {
		snprintf(why, sizeof(why), "the least, %u, is over the most, %u", min, max);
		return refuse(read, min_key, max_key, why);
	}
	if (read->lines[min_key])
		return error_set(read->err, -EINVAL,
				 "%s:%u: '%s' is %u, and '%s' is %u by default; "
				 "set it too (0: no limit)",
				 read->file, read->lines[min_key], key_name(min_key), min,
				 key_name(max_key), max);
	return error_set(read->err, -EINVAL, "%s:%u: '%s' is %u, and '%s' is %u by default",
			 read->file, read->lines[max_key], key_name(max_key), max,
			 key_name(min_key), min);
}

static int check_ranges(const struct directives *read)
{
	const struct test_constraints *takes = &read->test->constraints;
	int ret;

	ret = check_range(read, KEY_MIN_LLCS, takes->min_llcs, KEY_MAX_LLCS, takes->max_llcs);
	if (!ret)
		ret = check_range(read, KEY_MIN_CPUS, takes->min_cpus, KEY_MAX_CPUS,
				  takes->max_cpus);
	if (!ret)
		ret = check_range(read, KEY_MIN_NUMA_NODES, takes->min_nodes, KEY_MAX_NUMA_NODES,
				  takes->max_nodes);
	return ret;
}

/* The key, of those from @from to @to and the topology as a whole, that was said; NR_KEYS: none. */
static enum key said_of(const struct directives *read, enum key from, enum key to)
{
	if (read->lines[KEY_TOPOLOGY])
		return KEY_TOPOLOGY;
	for (enum key key = from; key <= to; key++)
		if (read->lines[key])
			return key;
	return NR_KEYS;
}

/*
 * A test's own topology against what its own file says that it takes. The defaults do not count:
 * they are the gauntlet's, and an author who asks for two nodes has said enough.
 */
static int check_own_topology(const struct directives *read)
{
	const struct test_constraints *takes = &read->test->constraints;
	/* Each on its own, and the first and last of the parts that it counts. */
	const struct {
		enum key key, from, to;
		struct test_constraints alone;
	} said[] = {
		{ KEY_MIN_LLCS, KEY_LLCS, KEY_LLCS, { .min_llcs = takes->min_llcs } },
		{ KEY_MAX_LLCS, KEY_LLCS, KEY_LLCS, { .max_llcs = takes->max_llcs } },
		{ KEY_MIN_CPUS, KEY_LLCS, KEY_THREADS, { .min_cpus = takes->min_cpus } },
		{ KEY_MAX_CPUS, KEY_LLCS, KEY_THREADS, { .max_cpus = takes->max_cpus } },
		{ KEY_MIN_NUMA_NODES,
		  KEY_NUMA_NODES,
		  KEY_NUMA_NODES,
		  { .min_nodes = takes->min_nodes } },
		{ KEY_MAX_NUMA_NODES,
		  KEY_NUMA_NODES,
		  KEY_NUMA_NODES,
		  { .max_nodes = takes->max_nodes } },
		{ KEY_REQUIRES_SMT,
		  KEY_THREADS,
		  KEY_THREADS,
		  { .requires_smt = takes->requires_smt } },
	};
	char spec[TOPOLOGY_SPEC_SIZE], reason[128], why[TOPOLOGY_SPEC_SIZE + 256];

	topology_format(&read->test->topology, spec);
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		enum key other;

		if (!read->lines[said[i].key] ||
		    !constraints_reason(&said[i].alone, &read->test->topology, reason,
					sizeof(reason)))
			continue;
		other = said_of(read, said[i].from, said[i].to);
		if (other != NR_KEYS) {
			snprintf(why, sizeof(why), "the test's own topology, %s, has %s", spec,
				 reason);
			return refuse(read, said[i].key, other, why);
		}
		return error_set(read->err, -EINVAL,
				 "%s:%u: '%s': the test's own topology, %s by default, has %s; "
				 "give a topology",
				 read->file, read->lines[said[i].key], key_name(said[i].key), spec,
				 reason);
	}
	return 0;
}

int contradictions_find(const struct directives *read)
{
	static int (*const checks[])(const struct directives *) = {
		check_names, check_topology, check_flags, check_ranges, check_own_topology,
	};
	int ret = 0;

	for (size_t i = 0; !ret && i < sizeof(checks) / sizeof(checks[0]); i++)
		ret = checks[i](read);
	return ret;
}
