/* What does a first bug report from a machine need? See report.h. */
#include "doctor/report.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include "doctor/host.h"
#include "doctor/report_kvm.h"
#include "doctor/scrub.h"
#include "embed/embed.h"
#include "host/memory.h"
#include "util/utf8.h"
#include "version.h"

/* Parameters of a host's kernel that change how it runs guests; each also as a module's, "kvm.". */
static const char *const known_parameters[] = {
	"amd_iommu",
	"cgroup_disable",
	"clocksource",
	"default_hugepagesz",
	"hugepages",
	"hugepagesz",
	"idle",
	"intel_idle.max_cstate",
	"intel_iommu",
	"iommu",
	"isolcpus",
	"kvm",
	"kvm-amd",
	"kvm-intel",
	"kvm_amd",
	"kvm_intel",
	"l1tf",
	"lockdown",
	"lsm",
	"maxcpus",
	"mem",
	"mem_encrypt",
	"mitigations",
	"nmi_watchdog",
	"noapic",
	"nohz_full",
	"nosmt",
	"nox2apic",
	"nr_cpus",
	"numa",
	"numa_balancing",
	"preempt",
	"processor.max_cstate",
	"rcu_nocbs",
	"security",
	"spectre_v2",
	"transparent_hugepage",
	"tsc",
	"tsx",
	"x2apic_phys",
};

/* Small files whose first line says something of how guests run. */
static const char *const lines[] = {
	"/sys/devices/system/clocksource/clocksource0/current_clocksource",
	"/sys/devices/system/clocksource/clocksource0/available_clocksource",
	"/sys/devices/system/cpu/online",
	"/sys/devices/system/node/online",
	"/sys/devices/system/cpu/smt/control",
	"/sys/devices/system/cpu/vulnerabilities/l1tf",
	"/sys/kernel/mm/transparent_hugepage/enabled",
	"/sys/kernel/security/lsm",
	"/sys/kernel/security/lockdown",
	"/proc/sys/kernel/pid_max",
	"/proc/sys/kernel/threads-max",
	"/proc/sys/vm/max_map_count",
	"/proc/sys/vm/memfd_noexec",
	"/proc/sys/vm/overcommit_memory",
};

/* Of /proc/cpuinfo, for the first processor; none of it differs from one piece to the next. */
static const char *const cpu_lines[] = {
	"vendor_id", "cpu family", "model",	"model name", "stepping",
	"microcode", "flags",	   "vmx flags", "bugs",	      "address sizes",
};

static void put_first_line(const char *root, const char *path, FILE *out)
{
	FILE *file = host_open(root, path);
	char line[512];

	if (!file)
		return;
	if (fgets(line, sizeof(line), file))
		fprintf(out, "%s: %.*s\n", path, (int)strcspn(line, "\n"), line);
	fclose(file);
}

static void put_launcher(FILE *out)
{
	fprintf(out, "ktstr-launch %s\n", version_text);
	for (const struct blob *blob = embed_blobs; blob->name; blob++)
		fprintf(out, "blob %s: %s %s, %" PRIu64 " bytes, %.16s\n", blob->name,
			blob->provider, blob->version, blob->size, blob->sha256);
}

static bool is_known(const char *word)
{
	size_t length = strcspn(word, "=");

	for (size_t i = 0; i < sizeof(known_parameters) / sizeof(known_parameters[0]); i++) {
		size_t known = strlen(known_parameters[i]);

		if (!strncmp(word, known_parameters[i], known) &&
		    (length == known || (length > known && word[known] == '.')))
			return true;
	}
	return false;
}

static void put_command_line(const char *root, FILE *out)
{
	FILE *file = host_open(root, "/proc/cmdline");
	unsigned int left_out = 0;
	char *line = NULL, *rest;
	size_t room = 0;

	if (file && getline(&line, &room, file) > 0) {
		fputs("command line:", out);
		for (char *word = strtok_r(line, " \n", &rest); word;
		     word = strtok_r(NULL, " \n", &rest)) {
			if (is_known(word))
				fprintf(out, " %s", word);
			else
				left_out++;
		}
		fprintf(out, " (and %u others)\n", left_out);
	}
	free(line);
	if (file)
		fclose(file);
}

/* Distribution and version, which stand in quotes or not (os-release(5)). */
static void put_distribution(const char *root, FILE *out)
{
	FILE *file = host_open(root, "/etc/os-release");
	char line[256];

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, "PRETTY_NAME=", strlen("PRETTY_NAME=")))
			fprintf(out, "distribution: %.*s\n", (int)strcspn(line + 12, "\n"),
				line + 12);
	if (file)
		fclose(file);
}

static void put_host(const char *root, FILE *out)
{
	struct utsname host;

	if (uname(&host) == 0)
		fprintf(out, "kernel: %s %s %s %s\n", host.sysname, host.release, host.version,
			host.machine);
	put_distribution(root, out);
	put_command_line(root, out);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		put_first_line(root, lines[i], out);
}

static void put_cpu(const char *root, FILE *out)
{
	FILE *file = host_open(root, "/proc/cpuinfo");
	char *line = NULL;
	size_t room = 0;

	/* An empty line ends the first processor. */
	while (file && getline(&line, &room, file) > 0 && *line != '\n') {
		size_t length = strcspn(line, "\t:");

		for (size_t i = 0; i < sizeof(cpu_lines) / sizeof(cpu_lines[0]); i++)
			if (strlen(cpu_lines[i]) == length && !strncmp(line, cpu_lines[i], length))
				fprintf(out, "%s%s", cpu_lines[i],
					strchr(line, ':') ? strchr(line, ':') : "\n");
	}
	free(line);
	if (file)
		fclose(file);
}

static void put_limit(const char *name, rlim_t soft, rlim_t hard, FILE *out)
{
	const rlim_t values[] = { soft, hard };

	fprintf(out, "limit %s:", name);
	for (int i = 0; i < 2; i++) {
		if (values[i] == RLIM_INFINITY)
			fputs(" unlimited", out);
		else
			fprintf(out, " %" PRIu64, (uint64_t)values[i]);
	}
	fputc('\n', out);
}

static void put_limits(const char *root, FILE *out)
{
	static const struct {
		const char *name;
		int resource;
	} limits[] = {
		{ "open files", RLIMIT_NOFILE },     { "processes", RLIMIT_NPROC },
		{ "locked memory", RLIMIT_MEMLOCK }, { "address space", RLIMIT_AS },
		{ "file size", RLIMIT_FSIZE },
	};
	struct host_memory memory;
	struct rlimit limit;

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		if (getrlimit((__rlimit_resource_t)limits[i].resource, &limit) == 0)
			put_limit(limits[i].name, limit.rlim_cur, limit.rlim_max, out);
	host_memory_read(root, &memory);
	fprintf(out,
		"memory: %" PRIu64 " MiB, %" PRIu64 " available, %" PRIu64 " reserved huge pages\n",
		memory.total_mib, memory.available_mib, memory.huge_pages);
	if (memory.limit_mib == UINT64_MAX)
		fputs("cgroup: no limit of memory\n", out);
	else
		fprintf(out, "cgroup: %" PRIu64 " MiB at most, %" PRIu64 " left\n",
			memory.limit_mib, memory.left_mib);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void put_module(const char *root, const char *module, FILE *out)
{
	char folder[64], whole[PATH_MAX], path[512];
	struct dirent **entries;
	int count;

	snprintf(folder, sizeof(folder), "/sys/module/%s/parameters", module);
	if (snprintf(whole, sizeof(whole), "%s%s", root, folder) >= (int)sizeof(whole))
		return;
	count = scandir(whole, &entries, NULL, by_name);
	for (int i = 0; i < count; i++) {
		if (entries[i]->d_name[0] != '.') {
			snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
			put_first_line(root, path, out);
		}
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
}

static void put_all(const struct doctor_report *report, FILE *out)
{
	fputs("== launcher\n", out);
	put_launcher(out);
	fputs("\n== host\n", out);
	put_host(report->root, out);
	fputs("\n== CPU\n", out);
	put_cpu(report->root, out);
	fputs("\n== memory and limits\n", out);
	put_limits(report->root, out);
	fputs("\n== KVM: parameters\n", out);
	put_module(report->root, "kvm", out);
	put_module(report->root, "kvm_intel", out);
	put_module(report->root, "kvm_amd", out);
	report_kvm_write(report->root, report->topology, report->tsc_reliable, out);
	fprintf(out, "\n== findings\n%s", report->findings);
}

int doctor_report_write(const struct doctor_report *report, FILE *out)
{
	char *text = NULL, *shown = NULL;
	struct scrub scrub;
	size_t size;
	FILE *all = open_memstream(&text, &size);

	if (!all)
		return -ENOMEM;
	put_all(report, all);
	if (fclose(all)) {
		free(text);
		return -ENOMEM;
	}
	/* Line by line, since what is not printable would hide the line feeds. */
	scrub_names_of_this_host(&scrub);
	for (char *line = text; line && *line; line = shown) {
		char safe[8192];
		size_t length = strcspn(line, "\n");

		shown = line + length + (line[length] == '\n');
		line[length] = '\0';
		utf8_printable(safe, sizeof(safe), line, length);
		scrub_write(&scrub, safe, out);
		fputc('\n', out);
	}
	free(text);
	return 0;
}
