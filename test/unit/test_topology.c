/* Does a topology spec parse strictly, and does every CPU stand where the header says? */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "plan/topology.h"

static void parses(void **state)
{
	char spec[TOPOLOGY_SPEC_SIZE];
	struct topology t;

	(void)state;
	assert_int_equal(topology_parse("2n4l3c2t", &t, NULL), 0);
	assert_int_equal(t.numa_nodes, 2);
	assert_int_equal(t.parts[0].llcs, 4);
	assert_int_equal(t.parts[0].cores, 3);
	assert_int_equal(t.parts[0].threads, 2);
	assert_int_equal(topology_cpus(&t), 24);
	topology_format(&t, spec);
	assert_string_equal(spec, "2n4l3c2t");
	assert_int_equal(topology_parse("1n14l9c2t", &t, NULL), 0);
	assert_int_equal(topology_cpus(&t), 252);
	assert_int_equal(topology_parse("1024n1024l1c1t", &t, NULL), 0);
	assert_int_equal(topology_parse("1n1l1024c1t", &t, NULL), 0);
	assert_int_equal(topology_parse("1n1l1c1024t", &t, NULL), 0);
	assert_int_equal(topology_parse("1n1l1c255t", &t, NULL), 0);
}

static void refuses(void **state)
{
	static const struct {
		const char *spec, *says;
	} bad[] = {
		{ "", "NUMA nodes" },
		{ "1n", "LLCs" },
		{ "1n1l", "cores per LLC" },
		{ "1n1l1c", "threads per core" },
		{ "1n1l1c1", "threads per core" },
		{ "n1l1c1t", "expected a number and 'n' (NUMA nodes)" },
		{ "1l1n1c1t", "NUMA nodes" },
		{ "1N1L1C1T", "NUMA nodes" },
		{ "-1n1l1c1t", "NUMA nodes" },
		{ "+1n1l1c1t", "NUMA nodes" },
		{ " 1n1l1c1t", "NUMA nodes" },
		{ "1n 1l1c1t", "LLCs" },
		{ "1n1l1c1t ", "left over" },
		{ "1n1l1c1t1n", "left over" },
		{ "0n1l1c1t", "NUMA nodes ('n') is 0" },
		{ "1n0l1c1t", "LLCs ('l') is 0" },
		{ "1n1l0c1t", "cores per LLC ('c') is 0" },
		{ "1n1l1c0t", "threads per core ('t') is 0" },
		{ "2n3l1c1t", "multiple" },
		{ "2n1l1c1t", "an LLC that spans 2 NUMA nodes" },
		{ "1n1025l1c1t", "at most 1024" },
		{ "1n5l205c1t", "1025 CPUs" },
		{ "1n1l513c2t", "1026 CPUs" },
		{ "1n1024l1024c1024t", "1073741824 CPUs" },
		{ "1n4294967297l1c1t", "too many LLCs" },
		{ "1n18446744073709551617l1c1t", "too many LLCs" },
		{ "99999999999999999999999n1l1c1t", "too many NUMA nodes" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct topology t = TOPOLOGY(7, 7, 7, 7);
		struct error err = { "" };

		assert_int_equal(topology_parse(bad[i].spec, &t, &err), -EINVAL);
		if (!strstr(err.text, bad[i].says))
			fail_msg("'%s': no '%s' in: %s", bad[i].spec, bad[i].says, err.text);
		assert_int_equal(t.parts[0].llcs, 7); /* untouched */
	}
}

static void formats_the_largest_numbers(void **state)
{
	const struct topology t = TOPOLOGY(UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX);
	char spec[TOPOLOGY_SPEC_SIZE];

	(void)state;
	topology_format(&t, spec);
	assert_string_equal(spec, "4294967295n4294967295l4294967295c4294967295t");
	assert_int_equal(topology_check(&t, NULL), -EINVAL);
}

static void places(void **state)
{
	const struct topology t = TOPOLOGY(2, 4, 3, 2);

	(void)state;
	assert_int_equal(topology_thread_bits(&t), 1);
	assert_int_equal(topology_core_bits(&t), 2);
	/* cpu 17 = LLC 2, core 2, thread 1; a core field of 2 bits leaves holes at core 3. */
	assert_int_equal(topology_place(&t, 17).llc, 2);
	assert_int_equal(topology_place(&t, 17).node, 1);
	assert_int_equal(topology_apic_id(&t, 17), 2 << 3 | 2 << 1 | 1);
	assert_int_equal(topology_apic_id(&t, 5), 5);
	assert_int_equal(topology_apic_id(&t, 6), 8);
	assert_int_equal(topology_place(&t, 11).node, 0);
	assert_int_equal(topology_place(&t, 12).node, 1);
}

/* LLCs that differ: what stands where, node by node. */
static void places_where_llcs_differ(void **state)
{
	static const struct {
		const char *spec;
		unsigned int cpu, node, llc, core, thread;
		uint32_t apic_id; /* by the greatest LLC's bits */
	} cases[] = {
		{ "1n:4c2t+2l2c1t", 0, 0, 0, 0, 0, 0 },	  { "1n:4c2t+2l2c1t", 7, 0, 0, 3, 1, 7 },
		{ "1n:4c2t+2l2c1t", 8, 0, 1, 0, 0, 8 },	  { "1n:4c2t+2l2c1t", 9, 0, 1, 1, 0, 10 },
		{ "1n:4c2t+2l2c1t", 11, 0, 2, 1, 0, 18 }, { "2n:2c1t+3c2t", 1, 0, 0, 1, 0, 2 },
		{ "2n:2c1t+3c2t", 2, 1, 1, 0, 0, 8 },	  { "2n:2c1t+3c2t", 7, 1, 1, 2, 1, 13 },
		{ "4n2l6c2t", 5, 0, 0, 2, 1, 5 },	  { "4n2l6c2t", 6, 1, 0, 3, 0, 6 },
		{ "4n2l6c2t", 12, 2, 1, 0, 0, 16 },	  { "4n2l6c2t", 23, 3, 1, 5, 1, 27 },
		{ "2n:4c1t+4c1t+1m", 4, 1, 1, 0, 0, 4 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct topology_place place;
		struct topology t;

		assert_int_equal(topology_parse(cases[i].spec, &t, NULL), 0);
		place = topology_place(&t, cases[i].cpu);
		assert_int_equal(place.node, cases[i].node);
		assert_int_equal(place.llc, cases[i].llc);
		assert_int_equal(place.core, cases[i].core);
		assert_int_equal(place.thread, cases[i].thread);
		assert_int_equal(topology_apic_id(&t, cases[i].cpu), cases[i].apic_id);
	}
}

/* What is read is written in one form, which reads the same. */
static void has_one_form(void **state)
{
	static const struct {
		const char *spec, *form;
		unsigned int llcs, cpus, nodes, threads;
	} cases[] = {
		{ "1n:4c2t+2c1t", "1n:4c2t+2c1t", 2, 10, 1, 2 },
		{ "1n:1l4c2t+2l2c1t", "1n:4c2t+2l2c1t", 3, 12, 1, 2 },
		{ "1n:4c2t+4c2t", "1n2l4c2t", 2, 16, 1, 2 },
		{ "1n:4c2t+2l4c2t+1c1t", "1n:3l4c2t+1c1t", 4, 25, 1, 2 },
		{ "2n:2l1c1t+2l2c1t", "2n:2l1c1t+2l2c1t", 4, 6, 2, 1 },
		{ "2n1l8c1t", "2n1l8c1t", 1, 8, 2, 1 },
		{ "1n2l4c2t+1m", "1n2l4c2t+1m", 2, 16, 2, 2 },
		{ "1n:2c1t+1c2t+2m@1-2=40,0-1=11", "1n:2c1t+1c2t+2m@0-1=11,1-2=40", 2, 4, 3, 2 },
		{ "2n2l1c1t@1-0=254", "2n2l1c1t@0-1=254", 2, 2, 2, 1 },
		{ "2n2l1c1t@0-1=11,0-1=30", "2n2l1c1t@0-1=30", 2, 2, 2, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error err = { "" };
		struct topology t, again;
		char spec[TOPOLOGY_SPEC_SIZE];

		if (topology_parse(cases[i].spec, &t, &err))
			fail_msg("%s", err.text);
		topology_format(&t, spec);
		assert_string_equal(spec, cases[i].form);
		assert_int_equal(topology_parse(spec, &again, NULL), 0);
		assert_memory_equal(&t, &again, sizeof(t));
		assert_int_equal(topology_llcs(&t), cases[i].llcs);
		assert_int_equal(topology_cpus(&t), cases[i].cpus);
		assert_int_equal(topology_nodes(&t), cases[i].nodes);
		assert_int_equal(topology_max_threads(&t), cases[i].threads);
	}
}

static void refuses_what_differs_wrongly(void **state)
{
	static const struct {
		const char *spec, *says;
	} bad[] = {
		{ "1n:", "cores per LLC" },
		{ "1n:4c", "threads per core" },
		{ "1n:4c2t+", "cores per LLC" },
		{ "1n:4c2t2c1t", "left over after the threads" },
		{ "1n:4c2t+2c1t+0m", "memory-only nodes ('m') is 0" },
		{ "1n1l4c2t+0m", "memory-only nodes ('m') is 0" },
		{ "1n1l4c2t+2c1t", "'m' (memory-only nodes) at '2c1t'" },
		{ "1n1l4c2t+1m+1m", "left over after the memory-only nodes" },
		{ "1n:4c2t+1m+2c1t", "left over after the memory-only nodes" },
		{ "1n1l4c2t+1024m", "1025 NUMA nodes" },
		{ "1n1l4c2t+9999999999m", "too many memory-only nodes" },
		{ "1n:0l4c2t+1c1t", "LLCs ('l') is 0" },
		{ "1n:4c0t+1c1t", "threads per core ('t') is 0" },
		{ "1n:1000c1t+25c1t", "1025 CPUs" },
		{ "1n:512c1t+512l1c1t", "512 APIC ids" },
		{ "1n:1c1t+1c2t+1c1t+1c2t+1c1t+1c2t+1c1t+1c2t+1c1t", "one kind of LLCs too many" },
		{ "2n:1c1t+1c2t+1c1t", "3 LLCs do not divide among 2 NUMA nodes" },
		{ "4n:4c1t+3c1t", "3 ('c') do not divide" },
		{ "2n2l1c1t@", "NODE-NODE=DISTANCE at ''" },
		{ "2n2l1c1t@0-1", "NODE-NODE=DISTANCE at '0-1'" },
		{ "2n2l1c1t@0-1=15,", "NODE-NODE=DISTANCE at ''" },
		{ "2n2l1c1t@0-1=15x", "NODE-NODE=DISTANCE at '0-1=15x'" },
		{ "2n2l1c1t@0=1-15", "NODE-NODE=DISTANCE at '0=1-15'" },
		{ "2n2l1c1t@1-1=15", "node 1 from itself" },
		{ "2n2l1c1t@0-1=10", "10 is none; give 11 to 254" },
		{ "2n2l1c1t@0-1=255", "255 is none" },
		{ "2n2l1c1t@0-2=15", "from node 0 to node 2, and the last one is node 1" },
		{ "256n256l1c1t@0-1=15", "at most 255 NUMA nodes" },
		{ "9n9l1c1t@0-1=11,0-2=11,0-3=11,0-4=11,0-5=11,0-6=11,0-7=11,0-8=11,1-2=11,1-3=11,"
		  "1-4=11,1-5=11,1-6=11,1-7=11,1-8=11,2-3=11,2-4=11,2-5=11,2-6=11,2-7=11,2-8=11,"
		  "3-4=11,3-5=11,3-6=11,3-7=11,3-8=11,4-5=11,4-6=11,4-7=11",
		  "at most 28 pairs" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct error err = { "" };
		struct topology t = TOPOLOGY(7, 7, 7, 7);

		assert_int_equal(topology_parse(bad[i].spec, &t, &err), -EINVAL);
		if (!strstr(err.text, bad[i].says))
			fail_msg("'%s': no '%s' in: %s", bad[i].spec, bad[i].says, err.text);
		assert_int_equal(topology_llcs(&t), 7); /* untouched */
	}
}

static void distances(void **state)
{
	struct topology_distances more = { 0 };
	struct topology t;

	(void)state;
	assert_int_equal(topology_parse("4n4l1c1t@0-1=15,2-3=40", &t, NULL), 0);
	assert_int_equal(topology_parse_distances("3-0=33,1-0=16", &more, NULL), 0);
	assert_int_equal(topology_add_distances(&t, &more, NULL), 0);
	assert_int_equal(topology_distance(&t, 0, 0), 10);
	assert_int_equal(topology_distance(&t, 0, 1), 16);
	assert_int_equal(topology_distance(&t, 1, 0), 16);
	assert_int_equal(topology_distance(&t, 3, 2), 40);
	assert_int_equal(topology_distance(&t, 0, 3), 33);
	assert_int_equal(topology_distance(&t, 1, 3), 20);
}

/* The longest that is taken has room. */
static void formats_the_longest(void **state)
{
	struct topology t = { .numa_nodes = 8,
			      .memory_nodes = 200,
			      .nr_parts = TOPOLOGY_MAX_PARTS };
	char spec[TOPOLOGY_SPEC_SIZE];
	struct topology again;

	(void)state;
	for (unsigned int i = 0; i < TOPOLOGY_MAX_PARTS; i++)
		t.parts[i] = (struct topology_part){ 2, 16, 1 + i % 2 };
	for (unsigned int i = 0; i < TOPOLOGY_MAX_DISTANCES; i++)
		t.distances.list[t.distances.count++] =
			(struct topology_distance){ 100 + i, 200, 254 };
	topology_format(&t, spec);
	assert_int_equal(topology_parse(spec, &again, NULL), 0);
	assert_memory_equal(&t, &again, sizeof(t));
}

/*
 * All that are accepted: APIC ids rise with the CPU's number (Linux numbers CPUs by the MADT, which
 * stands in that order), they say who shares what, and none is as great as KVM_MAX_VCPU_IDS.
 */
static void every_topology_is_sound(void **state)
{
	struct topology t = TOPOLOGY(1, 1, 1, 1);
	unsigned int seen = 0;
	uint32_t greatest = 0;

	(void)state;
	for (t.parts[0].llcs = 1; t.parts[0].llcs <= TOPOLOGY_MAX_CPUS; t.parts[0].llcs++)
		for (t.parts[0].cores = 1; t.parts[0].llcs * t.parts[0].cores <= TOPOLOGY_MAX_CPUS;
		     t.parts[0].cores++)
			for (t.parts[0].threads = 1;
			     t.parts[0].llcs * t.parts[0].cores * t.parts[0].threads <=
			     TOPOLOGY_MAX_CPUS;
			     t.parts[0].threads++) {
				unsigned int tb = topology_thread_bits(&t),
					     cb = topology_core_bits(&t);
				uint32_t last = 0;

				t.numa_nodes = t.parts[0].llcs % 2 ? t.parts[0].llcs
								   : t.parts[0].llcs / 2;
				assert_int_equal(topology_check(&t, NULL), 0);
				assert_true(t.parts[0].threads <= 1u << tb &&
					    (tb == 0 || t.parts[0].threads > 1u << (tb - 1)));
				assert_true(t.parts[0].cores <= 1u << cb &&
					    (cb == 0 || t.parts[0].cores > 1u << (cb - 1)));
				for (unsigned int cpu = 0; cpu < topology_cpus(&t); cpu++) {
					uint32_t id = topology_apic_id(&t, cpu);

					assert_true(cpu == 0 ? id == 0 : id > last);
					assert_true(id >> (tb + cb) == topology_place(&t, cpu).llc);
					assert_true(topology_place(&t, cpu).node < t.numa_nodes);
					/* So the byte-wide fields of ACPI hold both of them. */
					assert_true(cpu <= id &&
						    topology_place(&t, cpu).node <= id);
					last = id;
					seen++;
				}
				if (last > greatest)
					greatest = last;
			}
	assert_true(seen > 100000);
	assert_true(greatest > 2900 && greatest < 4096);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses),
		cmocka_unit_test(refuses),
		cmocka_unit_test(formats_the_largest_numbers),
		cmocka_unit_test(places),
		cmocka_unit_test(places_where_llcs_differ),
		cmocka_unit_test(has_one_form),
		cmocka_unit_test(refuses_what_differs_wrongly),
		cmocka_unit_test(distances),
		cmocka_unit_test(formats_the_longest),
		cmocka_unit_test(every_topology_is_sound),
	};

	return cmocka_run_group_tests_name("topology", tests, NULL, NULL);
}
