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
	assert_int_equal(t.llcs, 4);
	assert_int_equal(t.cores, 3);
	assert_int_equal(t.threads, 2);
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
		{ "2n1l1c1t", "multiple" },
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
		struct topology t = { 7, 7, 7, 7 };
		struct error err = { "" };

		assert_int_equal(topology_parse(bad[i].spec, &t, &err), -EINVAL);
		if (!strstr(err.text, bad[i].says))
			fail_msg("'%s': no '%s' in: %s", bad[i].spec, bad[i].says, err.text);
		assert_int_equal(t.llcs, 7); /* untouched */
	}
}

static void formats_the_largest_numbers(void **state)
{
	const struct topology t = { UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX };
	char spec[TOPOLOGY_SPEC_SIZE];

	(void)state;
	topology_format(&t, spec);
	assert_string_equal(spec, "4294967295n4294967295l4294967295c4294967295t");
	assert_int_equal(topology_check(&t, NULL), -EINVAL);
}

static void places(void **state)
{
	const struct topology t = { .numa_nodes = 2, .llcs = 4, .cores = 3, .threads = 2 };

	(void)state;
	assert_int_equal(topology_thread_bits(&t), 1);
	assert_int_equal(topology_core_bits(&t), 2);
	/* cpu 17 = LLC 2, core 2, thread 1; a core field of 2 bits leaves holes at core 3. */
	assert_int_equal(topology_llc_of(&t, 17), 2);
	assert_int_equal(topology_node_of(&t, 17), 1);
	assert_int_equal(topology_apic_id(&t, 17), 2 << 3 | 2 << 1 | 1);
	assert_int_equal(topology_apic_id(&t, 5), 5);
	assert_int_equal(topology_apic_id(&t, 6), 8);
	assert_int_equal(topology_node_of(&t, 11), 0);
	assert_int_equal(topology_node_of(&t, 12), 1);
}

/*
 * All that are accepted: APIC ids rise with the CPU's number (Linux numbers CPUs by the MADT, which
 * stands in that order), they say who shares what, and none is as great as KVM_MAX_VCPU_IDS.
 */
static void every_topology_is_sound(void **state)
{
	struct topology t;
	unsigned int seen = 0;
	uint32_t greatest = 0;

	(void)state;
	for (t.llcs = 1; t.llcs <= TOPOLOGY_MAX_CPUS; t.llcs++)
		for (t.cores = 1; t.llcs * t.cores <= TOPOLOGY_MAX_CPUS; t.cores++)
			for (t.threads = 1; t.llcs * t.cores * t.threads <= TOPOLOGY_MAX_CPUS;
			     t.threads++) {
				unsigned int tb = topology_thread_bits(&t),
					     cb = topology_core_bits(&t);
				uint32_t last = 0;

				t.numa_nodes = t.llcs % 2 ? t.llcs : t.llcs / 2;
				assert_int_equal(topology_check(&t, NULL), 0);
				assert_true(t.threads <= 1u << tb &&
					    (tb == 0 || t.threads > 1u << (tb - 1)));
				assert_true(t.cores <= 1u << cb &&
					    (cb == 0 || t.cores > 1u << (cb - 1)));
				for (unsigned int cpu = 0; cpu < topology_cpus(&t); cpu++) {
					uint32_t id = topology_apic_id(&t, cpu);

					assert_true(cpu == 0 ? id == 0 : id > last);
					assert_true(id >> (tb + cb) == topology_llc_of(&t, cpu));
					assert_true(topology_node_of(&t, cpu) < t.numa_nodes);
					/* So the byte-wide fields of ACPI hold both of them. */
					assert_true(cpu <= id && topology_node_of(&t, cpu) <= id);
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
		cmocka_unit_test(every_topology_is_sound),
	};

	return cmocka_run_group_tests_name("topology", tests, NULL, NULL);
}
