/* Is what a BPF tracer misses in a kernel named, and nothing where nothing is missing? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../guest/bpf_needs.h"

static void named(void **state)
{
	/* Any file that can be read passes for BTF here. */
	static const char there[] = "/proc/self/maps", absent[] = "/nowhere/btf";
	static const struct {
		const char *btf, *release, *missing;
	} cases[] = {
		{ there, "6.12.117+deb12-cloud-amd64", "" },
		{ there, "6.6.0", "" },
		{ there, "7.0.1", "" },
		{ there, "10.1", "" },
		{ there, "", "" },
		{ there, "next", "" },
		{ there, "6.5.13", "kernel 6.5 is older than the 6.6 that it needs" },
		{ there, "6.1.0-56-cloud-amd64", "kernel 6.1 is older than the 6.6 that it needs" },
		{ there, "5.19.999", "kernel 5.19 is older than the 6.6 that it needs" },
		{ absent, "6.12.0", "this kernel has no BTF (CONFIG_DEBUG_INFO_BTF=y)" },
		{ absent, "5.4.0", "this kernel has no BTF (CONFIG_DEBUG_INFO_BTF=y)" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char out[96];

		memset(out, 'x', sizeof(out));
		bpf_needs_missing(cases[i].btf, cases[i].release, out, sizeof(out));
		assert_string_equal(out, cases[i].missing);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
