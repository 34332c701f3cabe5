/* Does a report for strangers have all of a host that matters, and nothing that names anybody? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "doctor/report.h"
#include "doctor/scrub.h"
#include "util/file.h"

static void scrubs_to(const char *text, const char *expected)
{
	struct scrub scrub = { .nr_names = 0 };
	char *shown = NULL;
	size_t size;
	FILE *out = open_memstream(&shown, &size);

	scrub_name(&scrub, "alice");
	scrub_name(&scrub, "box7.lab.example");
	scrub_name(&scrub, "box7");
	scrub_name(&scrub, "root");
	scrub_name(&scrub, "x");
	scrub_name(&scrub, NULL);
	assert_int_equal(scrub.nr_names, 3);
	scrub_write(&scrub, text, out);
	fclose(out);
	assert_string_equal(shown, expected);
	free(shown);
}

static void names_are_taken_out(void **state)
{
	(void)state;
	scrubs_to("", "");
	scrubs_to("alice", "<name>");
	scrubs_to("6.12.0-alice+ on box7.lab.example", "6.12.0-<name>+ on <name>");
	scrubs_to("box7: malice, alices, root, alice_7", "<name>: malice, alices, root, <name>_7");
	scrubs_to("x.alice.alice", "x.<name>.<name>");
	/* What the kernel calls so is nobody's name. */
	scrubs_to("/proc/sys/box7/alice: box7", "/proc/sys/box7/alice: <name>");
}

static void paths_are_taken_out_but_the_systems(void **state)
{
	(void)state;
	scrubs_to("Kernel /home/bob/bzImage\n", "Kernel <path>\n");
	scrubs_to("Kernel work/bob/bzImage\n", "Kernel <path>\n");
	scrubs_to("output folder 'my own/out put': 5 MiB", "output folder '<path>': 5 MiB");
	scrubs_to("cache '/home/bob/.cache/ktstr', full", "cache '<path>', full");
	scrubs_to("memory ('/sys/fs/cgroup/user.slice/user-1000.slice/memory.max')",
		  "memory ('<path>')");
	scrubs_to("configuration: /boot/config-6.12", "configuration: /boot/config-6.12");
	scrubs_to("/dev/kvm: No such file", "/dev/kvm: No such file");
	scrubs_to("/sys/module/kvm/parameters/halt_poll_ns: 200000",
		  "/sys/module/kvm/parameters/halt_poll_ns: 200000");
	scrubs_to("tools/on-kvm and tools/kvm-lab", "tools/on-kvm and tools/kvm-lab");
	scrubs_to("\"Debian GNU/Linux 12 (bookworm)\" / it's",
		  "\"Debian GNU/Linux 12 (bookworm)\" / it's");
	scrubs_to("KTSTR_OUT=/srv/x;y=/srv", "KTSTR_OUT=<path>;y=<path>");
	/* A quote that is never closed, and one on another line. */
	scrubs_to("don't a/b\nc'd", "don't <path>\nc'd");
}

static char folder[] = "/tmp/test_doctor_report-XXXXXX";

static void put(const char *name, const char *text)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	*strrchr(path, '/') = '\0';
	assert_int_equal(file_make_dirs(path, NULL), 0);
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_int_equal(file_write_new(path, text, strlen(text), 0600, NULL), 0);
}

static void has(const char *text, const char *what)
{
	if (!strstr(text, what))
		fail_msg("no '%s' in: %s", what, text);
}

static void has_not(const char *text, const char *what)
{
	if (strstr(text, what))
		fail_msg("'%s' in: %s", what, text);
}

static void a_host_is_reported(void **state)
{
	static const struct topology topology = TOPOLOGY(1, 1, 2, 1);
	struct doctor_report report = { .root = folder,
					.topology = &topology,
					.findings = "ok    all is well in '/home/bob'\n" };
	char *text = NULL, command[64];
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	assert_non_null(mkdtemp(folder));
	put("proc/cmdline",
	    "BOOT_IMAGE=/vmlinuz root=UUID=12-34 kvm.halt_poll_ns=0 mitigations=off "
	    "isolcpus=1-3 kvmx=1 ip=10.0.0.7 systemd.hostname=secret tsc=reliable\n");
	put("proc/cpuinfo", "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: Xeon(R)\n"
			    "microcode\t: 0x2b\nflags\t\t: fpu vmx\nvmx flags\t: ept\n"
			    "cpu MHz\t\t: 2900.1\n\nprocessor\t: 1\nflags\t\t: second\n");
	put("proc/meminfo", "MemTotal: 8388608 kB\nMemAvailable: 4194304 kB\n");
	put("proc/self/cgroup", "0::/user.slice\n");
	put("sys/fs/cgroup/user.slice/memory.max", "1073741824\n");
	put("sys/module/kvm/parameters/tdp_mmu", "Y\n");
	put("sys/module/kvm_intel/parameters/ept", "N\n");
	put("sys/kernel/security/lsm", "lockdown,landlock\n");
	put("etc/os-release", "NAME=x\nPRETTY_NAME=\"Debian GNU/Linux 12\"\n");
	assert_int_equal(doctor_report_write(&report, out), 0);
	fclose(out);
	has(text, "ktstr-launch 0.");
	has(text, "blob wprof: ");
	has(text, "kernel: Linux ");
	has(text, "distribution: \"Debian GNU/Linux 12\"\n");
	has(text,
	    "command line: kvm.halt_poll_ns=0 mitigations=off isolcpus=1-3 tsc=reliable (and 5 "
	    "others)\n");
	has(text, "vendor_id: GenuineIntel\n");
	has(text, "model name: Xeon(R)\n");
	has(text, "microcode: 0x2b\n");
	has(text, "flags: fpu vmx\nvmx flags: ept\n");
	has_not(text, "2900.1");
	has_not(text, "second");
	has(text, "limit open files: ");
	has(text, "memory: 8192 MiB, 4096 available");
	has(text, "cgroup: 1024 MiB at most");
	has(text, "/sys/module/kvm/parameters/tdp_mmu: Y\n");
	has(text, "/sys/module/kvm_intel/parameters/ept: N\n");
	has(text, "/sys/kernel/security/lsm: lockdown,landlock\n");
	has(text, "/dev/kvm: No such file");
	has(text, "== findings\nok    all is well in '<path>'\n");
	has_not(text, "10.0.0.7");
	has_not(text, "UUID");
	has_not(text, "secret");
	has_not(text, "user.slice");
	free(text);
	snprintf(command, sizeof(command), "rm -r '%s'", folder);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_taken_out),
		cmocka_unit_test(paths_are_taken_out_but_the_systems),
		cmocka_unit_test(a_host_is_reported),
	};

	return cmocka_run_group_tests_name("doctor_report", tests, NULL, NULL);
}
