/*
 * What must a guest's kernel be built with? See needs.h.
 *
 * Not in the table: CONFIG_STRICT_DEVMEM and CONFIG_IO_STRICT_DEVMEM, which Debian sets. They
 * refuse RAM and what a driver has claimed, and the channel is neither (guest/channel.c).
 */
#include "doctor/needs.h"

#include <stdbool.h>

const struct need needs[] = {
	{ "64BIT", "the launcher boots 64-bit kernels only", NEED_RUN, NEED_BUILT_IN, 0, 0 },
	{ "ACPI", "nothing else describes the machine to it: CPUs, NUMA nodes, interrupts",
	  NEED_RUN, NEED_BUILT_IN, 0, 0 },
	{ "BLK_DEV_INITRD", "init and the payload come as an initramfs", NEED_RUN, NEED_BUILT_IN, 0,
	  0 },
	{ "BINFMT_ELF", "init is an ELF file", NEED_RUN, NEED_BUILT_IN, 0, 0 },
	{ "DEVMEM", "there is no channel: no output, no exit status, no trace", NEED_RUN,
	  NEED_BUILT_IN, NEED_VERSION(4, 0), 0 },
	{ "SIGNALFD", "init does not see how the payload ends", NEED_RUN, NEED_BUILT_IN, 0, 0 },
	/* No parameter undoes these two; lockdown by Secure Boot does not concern a guest. */
	{ "LOCK_DOWN_KERNEL_FORCE_INTEGRITY", "/dev/mem is refused, and so the channel", NEED_RUN,
	  NEED_OFF, 0, 0 },
	{ "LOCK_DOWN_KERNEL_FORCE_CONFIDENTIALITY", "/dev/mem is refused, and so the channel",
	  NEED_RUN, NEED_OFF, 0, 0 },
	{ "SMP", "topologies of more than one CPU come up with one, which is an error", NEED_CPUS,
	  NEED_BUILT_IN, 0, 0 },
	{ "NR_CPUS", "larger topologies come up with fewer CPUs, which is an error", NEED_CPUS,
	  NEED_CPU_COUNT, 0, 0 },
	{ "KVM_GUEST",
	  "no APIC ids over 254; no kvmclock: slow clock where the host's TSC cannot be relied on, none before Linux 5.8",
	  NEED_CPUS, NEED_BUILT_IN, 0, 0 },
	{ "ACPI_NUMA", "topologies of several nodes come up with one, which is an error", NEED_NUMA,
	  NEED_BUILT_IN, 0, 0 },
	{ "SERIAL_8250_CONSOLE", "the kernel's own words are lost, a panic's among them",
	  NEED_CONSOLE, NEED_BUILT_IN, 0, 0 },
	{ "BINFMT_SCRIPT", "a payload must be an ELF file, scripts cannot be executed",
	  NEED_PAYLOAD, NEED_BUILT_IN, 0, 0 },
	{ "DEVTMPFS", "/dev holds no more than its eleven usual nodes", NEED_PAYLOAD, NEED_BUILT_IN,
	  0, 0 },
	{ "PROC_FS", "no /proc: what a payload leaves running is not found, ps and mount fail",
	  NEED_PAYLOAD, NEED_BUILT_IN, 0, 0 },
	{ "SYSFS", "no /sys: no cgroups, no topology, no tracefs to look at", NEED_PAYLOAD,
	  NEED_BUILT_IN, 0, 0 },
	{ "TMPFS", "/tmp, /run and /dev/shm may be plain folders of the root", NEED_PAYLOAD,
	  NEED_BUILT_IN, 0, 0 },
	{ "INITRAMFS_PRESERVE_MTIME", "the payload's files have the time of the boot", NEED_PAYLOAD,
	  NEED_BUILT_IN, NEED_VERSION(5, 19), 0 },
	{ "MODULES", "--module finds nothing that loads it", NEED_PAYLOAD, NEED_BUILT_IN, 0, 0 },
	{ "PERF_EVENTS", "no perf ring buffers, which it records with", NEED_TRACER, NEED_BUILT_IN,
	  0, 0 },
	{ "FTRACE", "no tracepoints to record", NEED_TRACER, NEED_BUILT_IN, 0, 0 },
	{ "EVENT_TRACING", "no formats of tracepoints in tracefs", NEED_TRACER, NEED_BUILT_IN, 0,
	  0 },
	{ "UNIX98_PTYS",
	  "a tracer that fills its buffer before it writes is heard too late; `shell` has no terminal",
	  NEED_TRACER, NEED_BUILT_IN, 0, 0 },
	{ "BPF_SYSCALL", "its BPF programs cannot be loaded", NEED_WPROF, NEED_BUILT_IN, 0, 0 },
	{ "BPF_EVENTS", "its BPF programs cannot be attached to tracepoints", NEED_WPROF,
	  NEED_BUILT_IN, 0, 0 },
	{ "DEBUG_INFO_BTF", "its BPF programs cannot be fitted to the kernel", NEED_WPROF,
	  NEED_BUILT_IN, 0, NEED_VERSION(5, 2) },
	{ "SCHED_CLASS_EXT", "no scheduler written in BPF can be loaded", NEED_SCHED_EXT,
	  NEED_BUILT_IN, 0, NEED_VERSION(6, 12) },
};

const size_t nr_needs = sizeof(needs) / sizeof(needs[0]);

const char *need_part_name(enum need_part part)
{
	static const char *const names[NEED_PARTS] = {
		[NEED_RUN] = "any run",	     [NEED_CPUS] = "more than one CPU",
		[NEED_NUMA] = "NUMA nodes",  [NEED_CONSOLE] = "the console",
		[NEED_PAYLOAD] = "payloads", [NEED_TRACER] = "the built-in tracer",
		[NEED_WPROF] = "wprof",	     [NEED_SCHED_EXT] = "sched_ext",
	};

	return names[part];
}

static void print_want(FILE *out, const struct need *need)
{
	static const char *const wants[] = { [NEED_BUILT_IN] = "",
					     [NEED_OFF] = " off",
					     [NEED_CPU_COUNT] =
						     " of at least the topology's CPUs" };

	fprintf(out, "| `CONFIG_%s`%s", need->option, wants[need->want]);
	if (need->since)
		fprintf(out, " (Linux %u.%u)", need->since >> 8, need->since & 0xff);
	if (need->always_before)
		fprintf(out, " (always there before Linux %u.%u)", need->always_before >> 8,
			need->always_before & 0xff);
}

void needs_print(FILE *out)
{
	fputs("| option | for | if not |\n|---|---|---|\n", out);
	for (size_t i = 0; i < nr_needs; i++) {
		print_want(out, &needs[i]);
		fprintf(out, " | %s | %s |\n", need_part_name(needs[i].part), needs[i].without);
	}
}
