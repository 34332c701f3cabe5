/* Is this host one that a VM can be run on? See host.h. */
#include "doctor/host.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "host/tsc.h"
#include "plan/plan.h"
#include "plan/presets.h"
#include "run/rights.h"
#include "util/cache_folder.h"
#include "util/memfd.h"

/* What a run has open beside its vCPUs: KVM, eventfds, kernel, tracer, artefacts, three streams. */
#define OTHER_DESCRIPTORS 32
/* A trace and a dump, and an unpacked kernel: what a folder should have room for. */
#define OUT_MIN_MIB	  64
#define CACHE_MIN_MIB	  128

FILE *host_open(const char *root, const char *path)
{
	char whole[PATH_MAX];

	if (snprintf(whole, sizeof(whole), "%s%s", root, path) >= (int)sizeof(whole))
		return NULL;
	return fopen(whole, "re");
}

/* The first line of a small file; "" when there is none. */
static void read_line(const char *root, const char *path, char *line, int size)
{
	FILE *file = host_open(root, path);

	line[0] = '\0';
	if (!file)
		return;
	if (!fgets(line, size, file))
		line[0] = '\0';
	line[strcspn(line, "\n")] = '\0';
	fclose(file);
}

/* The first processor's flags speak for all. */
static void look_at_cpu(const char *root, struct kvm_facts *facts)
{
	FILE *file = host_open(root, "/proc/cpuinfo");
	char *line = NULL, *word, *rest;
	size_t room = 0;

	facts->virtual = "";
	if (!file)
		return;
	while (getline(&line, &room, file) > 0) {
		if (strncmp(line, "flags", strlen("flags")) != 0)
			continue;
		for (word = strtok_r(line, " \t\n", &rest); word;
		     word = strtok_r(NULL, " \t\n", &rest)) {
			if (!strcmp(word, "vmx"))
				facts->virtual = "vmx";
			else if (!strcmp(word, "svm"))
				facts->virtual = "svm";
			else if (!strcmp(word, "hypervisor"))
				facts->nested = true;
		}
		break;
	}
	free(line);
	fclose(file);
}

static void look_at_memory(const char *root, struct host_facts *facts)
{
	static const char thp[] = "/sys/kernel/mm/transparent_hugepage/enabled";
	char line[128], *chosen;

	host_memory_read(root, &facts->memory);
	/* "always [madvise] never" */
	read_line(root, thp, line, sizeof(line));
	chosen = strchr(line, '[');
	if (chosen)
		snprintf(facts->thp, sizeof(facts->thp), "%.*s", (int)strcspn(chosen + 1, "]"),
			 chosen + 1);
}

/* Tried rather than worked out: what a policy forbids differs between kernels. */
static void look_at_memfds(const char *root, struct host_facts *facts)
{
	bool executable = true;
	int fd;

	read_line(root, "/proc/sys/vm/memfd_noexec", facts->memfd_policy,
		  sizeof(facts->memfd_policy));
	fd = memfd_new("ktstr-doctor", MFD_CLOEXEC, NULL);
	facts->memfd_error = fd < 0 ? -fd : 0;
	if (fd >= 0)
		close(fd);
	fd = memfd_new("ktstr-doctor", MFD_CLOEXEC, &executable);
	facts->memfd_run_error = fd < 0 ? -fd : executable ? 0 : EACCES;
	if (fd >= 0)
		close(fd);
}

/* @path of the folder is set. What is not there yet would be made below what is. */
static void look_at_folder(struct host_folder *folder)
{
	struct statvfs fs;
	struct stat st;

	snprintf(folder->existing, sizeof(folder->existing), "%s", folder->path);
	while (stat(folder->existing, &st) < 0) {
		char *slash = strrchr(folder->existing, '/');

		if (errno != ENOENT) {
			folder->error = errno;
			return;
		}
		if (!slash)
			snprintf(folder->existing, sizeof(folder->existing), ".");
		else if (slash == folder->existing)
			slash[1] = '\0';
		else
			*slash = '\0';
	}
	if (!S_ISDIR(st.st_mode))
		folder->error = ENOTDIR;
	else if (access(folder->existing, W_OK | X_OK) < 0)
		folder->error = errno;
	if (statvfs(folder->existing, &fs) == 0)
		folder->free_mib = (uint64_t)fs.f_bavail * fs.f_frsize >> 20;
}

/* Where src/run/kernel_cache.c would make its folder; here it is only looked at. */
static void look_at_cache(struct host_facts *facts)
{
	struct stat st;

	if (cache_folder(facts->cache.path))
		return;
	look_at_folder(&facts->cache);
	facts->cache_shared = stat(facts->cache.path, &st) == 0 && S_ISDIR(st.st_mode) &&
			      (st.st_uid != geteuid() || st.st_mode & 022);
}

void host_look(const char *root, const char *out_dir, struct host_facts *facts)
{
	char path[PATH_MAX];
	struct rlimit limit;

	memset(facts, 0, sizeof(*facts));
	if (snprintf(path, sizeof(path), "%s/dev/kvm", root) < (int)sizeof(path))
		kvm_look(path, &facts->kvm);
	look_at_cpu(root, &facts->kvm);
	look_at_memory(root, facts);
	look_at_memfds(root, facts);
	facts->rights_error = -rights_try();
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
		facts->descriptors = limit.rlim_max;
	read_line(root, "/sys/devices/system/clocksource/clocksource0/current_clocksource",
		  facts->clocksource, sizeof(facts->clocksource));
	host_cpus_read(root, &facts->cpus);
	if (snprintf(facts->out.path, PATH_MAX, "%s", out_dir) >= PATH_MAX)
		facts->out.error = ENAMETOOLONG;
	else
		look_at_folder(&facts->out);
	look_at_cache(facts);
}

static void judge_memory(const struct host_facts *facts, struct findings *findings)
{
	const struct host_memory *memory = &facts->memory;
	const uint64_t wanted = host_memory_of_guest(PLAN_DEFAULT_MEMORY_MIB, PLAN_DEFAULT_CPUS);
	uint64_t most = memory->total_mib;
	bool limited = memory->limit_mib < most;
	char limit[PATH_MAX + 64] = "";

	if (limited) {
		most = memory->limit_mib;
		snprintf(limit, sizeof(limit), ", of which we may use %" PRIu64 " ('%s')", most,
			 memory->limit_path);
	}
	if (!memory->total_mib) {
		findings_add(findings, FINDING_WARN, "memory: /proc/meminfo does not say");
	} else if (most < wanted) {
		findings_add(findings, FINDING_FAIL,
			     "memory: %" PRIu64 " MiB%s, a VM takes %" PRIu64
			     " unless told otherwise",
			     memory->total_mib, limit, wanted);
		findings_more(findings, "%s, or give VMs less with --memory MIB",
			      limited ? "raise that limit" : "take a larger host");
	} else if (memory->available_mib < wanted) {
		findings_add(findings, FINDING_WARN,
			     "memory: %" PRIu64 " MiB%s, but only %" PRIu64 " available now",
			     memory->total_mib, limit, memory->available_mib);
		findings_more(findings,
			      "a VM takes %" PRIu64
			      " unless told otherwise: end what takes the rest, or give --memory "
			      "MIB",
			      wanted);
	} else {
		findings_add(findings, FINDING_OK,
			     "memory: %" PRIu64 " MiB%s, %" PRIu64 " available", memory->total_mib,
			     limit, memory->available_mib);
	}
}

static void judge_huge_pages(const struct host_facts *facts, struct findings *findings)
{
	bool used = !strcmp(facts->thp, "always") || !strcmp(facts->thp, "madvise");
	char reserved[64] = "";

	if (facts->memory.huge_pages)
		snprintf(reserved, sizeof(reserved),
			 "; %" PRIu64 " reserved ones, which guests do not use",
			 facts->memory.huge_pages);
	findings_add(findings, used ? FINDING_OK : FINDING_WARN, "transparent huge pages: %s%s",
		     *facts->thp ? facts->thp : "none", reserved);
	if (!used)
		findings_more(findings, "guests run slower: write madvise to "
					"/sys/kernel/mm/transparent_hugepage/enabled");
}

static void judge_memfds(const struct host_facts *facts, struct findings *findings)
{
	const char *policy = *facts->memfd_policy ? facts->memfd_policy : "not there";

	if (facts->memfd_error) {
		findings_add(findings, FINDING_FAIL, "memfd_create: %s (vm.memfd_noexec: %s)",
			     strerror(facts->memfd_error), policy);
		findings_more(findings,
			      "the channel needs one: sysctl vm.memfd_noexec=1 allows it, "
			      "in this PID namespace too");
	} else if (facts->memfd_run_error) {
		findings_add(findings, FINDING_WARN, "executable memfds: %s (vm.memfd_noexec: %s)",
			     strerror(facts->memfd_run_error), policy);
		findings_more(findings,
			      "KTSTR_WPROF_PATH can be read but not executed on this host; VMs are "
			      "not affected; sysctl vm.memfd_noexec=1 allows it");
	} else {
		findings_add(findings, FINDING_OK, "memfds, also executable (vm.memfd_noexec: %s)",
			     policy);
	}
}

static void judge_rights(const struct host_facts *facts, struct findings *findings)
{
	if (!facts->rights_error) {
		findings_add(findings, FINDING_OK,
			     "rights: while a guest runs, the launcher writes to its folders only");
		return;
	}
	findings_add(findings, FINDING_WARN,
		     "rights: Landlock does not keep the launcher's writes to its folders: %s",
		     strerror(facts->rights_error));
	findings_more(findings, "runs go well without; it takes CONFIG_SECURITY_LANDLOCK, and "
				"landlock among the lsm= of the host's kernel");
}

static void judge_descriptors(const struct host_facts *facts, struct findings *findings)
{
	const uint64_t wanted = PRESETS_MAX_CPUS + OTHER_DESCRIPTORS;
	uint64_t vcpus = facts->descriptors - OTHER_DESCRIPTORS;

	if (facts->descriptors >= wanted) {
		findings_add(findings, FINDING_OK, "descriptors: enough for %" PRIu64 " vCPUs",
			     vcpus < TOPOLOGY_MAX_CPUS ? vcpus : TOPOLOGY_MAX_CPUS);
	} else if (facts->descriptors <= OTHER_DESCRIPTORS) {
		findings_add(findings, FINDING_FAIL, "descriptors: %" PRIu64 ", too few for a VM",
			     facts->descriptors);
		findings_more(findings, "raise the hard limit: ulimit -Hn 2048");
	} else {
		findings_add(findings, FINDING_WARN,
			     "descriptors: %" PRIu64 ", enough for some %" PRIu64 " vCPUs only",
			     facts->descriptors, vcpus);
		findings_more(findings, "for larger topologies raise the hard limit: ulimit -Hn "
					"2048");
	}
}

static void judge_cpus(const struct host_facts *facts, struct findings *findings)
{
	char quota[64] = "";

	if (facts->cpus.quota > 0)
		snprintf(quota, sizeof(quota), ", %.4g at a time by our cgroup's quota",
			 facts->cpus.quota);
	findings_add(findings, FINDING_OK, "CPUs: %u online, we may use %u%s", facts->cpus.online,
		     facts->cpus.allowed, quota);
	if (host_tsc_is_reliable(facts->clocksource)) {
		findings_add(findings, FINDING_OK, "clocksource: %s, guests rely on the TSC",
			     facts->clocksource);
		return;
	}
	findings_add(findings, FINDING_WARN, "clocksource: %s, so guests do not rely on the TSC",
		     *facts->clocksource ? facts->clocksource : "not told");
	findings_more(findings, "guests use kvmclock: correct, but slower to boot and to read");
}

static void judge_folders(const struct host_facts *facts, struct findings *findings)
{
	const struct host_folder *out = &facts->out, *cache = &facts->cache;

	if (out->error) {
		findings_add(findings, FINDING_FAIL, "output folder '%s': '%s': %s", out->path,
			     out->existing, strerror(out->error));
		findings_more(findings, "give another with --out DIR, to run as well");
	} else {
		bool low = out->free_mib < OUT_MIN_MIB;

		findings_add(findings, low ? FINDING_WARN : FINDING_OK,
			     "output folder '%s': %" PRIu64 " MiB free", out->path, out->free_mib);
		if (low)
			findings_more(findings, "a trace may not fit: make room, or give another "
						"with --out DIR, to run as well");
	}
	if (!*cache->path) {
		findings_add(findings, FINDING_OK, "cache of unpacked kernels: off");
	} else if (cache->error || facts->cache_shared || cache->free_mib < CACHE_MIN_MIB) {
		findings_add(findings, FINDING_WARN, "cache of unpacked kernels '%s': %s",
			     cache->path,
			     cache->error	   ? strerror(cache->error)
			     : facts->cache_shared ? "others may write to it, so it is not used"
						   : "its disk is nearly full");
		findings_more(findings, "each run unpacks its kernel again: set KTSTR_CACHE_DIR to "
					"a folder of your own (empty: off)");
	} else {
		findings_add(findings, FINDING_OK,
			     "cache of unpacked kernels '%s': %" PRIu64 " MiB free", cache->path,
			     cache->free_mib);
	}
}

const char *host_judge(const struct host_facts *facts, struct findings *findings)
{
	const char *against = kvm_judge(&facts->kvm, findings);

	judge_cpus(facts, findings);
	judge_memory(facts, findings);
	judge_huge_pages(facts, findings);
	judge_memfds(facts, findings);
	judge_rights(facts, findings);
	judge_descriptors(facts, findings);
	judge_folders(facts, findings);
	return against;
}
