/* How does one VM of a run come about? See guest.h. */
#include "run/guest.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "embed/embed.h"
#include "host/memory.h"
#include "initramfs/initramfs.h"
#include "modules/modules.h"
#include "run/cmdline.h"
#include "run/etc_files.h"
#include "run/kernel_cache.h"
#include "run/rights.h"
#include "util/file.h"
#include "util/output_file.h"

#define BUSYBOX_PATH "/usr/bin/busybox"

/* What the initramfs is made of, until it is in guest memory. */
struct parts {
	struct initramfs *tree;
	uint8_t *init, *wprof, *busybox, *applets;
	struct modules modules;
	struct entry_load *loads; /* one for each module */
	char *path, *job;
	uint64_t with_size; /* of the archive, what --with brought; bytes */
};

static void parts_destroy(struct parts *parts)
{
	initramfs_destroy(parts->tree);
	free(parts->init);
	free(parts->wprof);
	free(parts->busybox);
	free(parts->applets);
	free(parts->path);
	free(parts->job);
	for (size_t i = 0; parts->loads && i < parts->modules.count; i++)
		free(parts->loads[i].path);
	free(parts->loads);
	modules_free(&parts->modules);
	memset(parts, 0, sizeof(*parts));
	/* Decompressed blobs and the tree are large next to what a running VM needs. */
	malloc_trim(0);
}

static int add_blob(struct initramfs *tree, const char *name, const char *path, uint8_t **data,
		    struct error *err)
{
	const struct blob *blob = embed_find(name);
	int ret;

	if (!blob)
		return error_set(err, -ENOENT, "this launcher carries no blob '%s'; rebuild it",
				 name);
	ret = embed_load(blob, data, err);
	if (!ret)
		ret = initramfs_add_data(tree, path, *data, blob->size, 0755, err);
	return ret == -EEXIST ? 0 : ret;
}

/* A link for each applet where the payload has not brought a file of its own. */
static int add_applets(struct parts *parts, struct error *err)
{
	const struct blob *blob = embed_find("applets");
	int ret = 0;
	char *line, *next;

	if (!blob)
		return error_set(err, -ENOENT,
				 "this launcher carries no list of applets; rebuild it");
	ret = embed_load(blob, &parts->applets, err);
	for (uint64_t at = 0; !ret && at < blob->size;
	     at = (uint64_t)(next - (char *)parts->applets)) {
		char path[256];

		line = (char *)parts->applets + at;
		next = memchr(line, '\n', blob->size - at);
		if (!next)
			break;
		snprintf(path, sizeof(path), "/%.*s", (int)(next - line), line);
		next++;
		/*
		 * The kernel calls modprobe for what it could use and does not have; no module is
		 * there but those that init loads, and while it boots each call costs as much as
		 * all of its drivers.
		 */
		if (!strcmp(path, "/sbin/modprobe"))
			continue;
		ret = initramfs_add_link(parts->tree, path, BUSYBOX_PATH, err);
		if (ret == -EEXIST)
			ret = 0;
	}
	return ret;
}

/* Their files, and what init is told of them. */
static int add_modules(const struct guest_config *config, const char *release, struct parts *parts,
		       struct error *err)
{
	const struct entry *entry = config->entry;
	int ret = modules_resolve(entry->modules, entry->nr_modules, config->modules_dir,
				  config->kernel, release, &parts->modules, err);

	if (ret)
		return ret;
	parts->loads = calloc(parts->modules.count + 1, sizeof(*parts->loads));
	for (size_t i = 0; i < parts->modules.count; i++) {
		const struct module *module = &parts->modules.list[i];
		struct entry_load *load = parts->loads ? &parts->loads[i] : NULL;

		if (!load || asprintf(&load->path, KTSTR_MODULES_DIR "/%s.ko", module->name) < 0) {
			if (load)
				load->path = NULL;
			return error_set(err, -ENOMEM, "modules: out of memory");
		}
		load->params = module->params;
		load->optional = module->optional;
		ret = initramfs_add_data(parts->tree, load->path, module->data, module->size, 0600,
					 err);
		if (ret)
			return ret;
	}
	return 0;
}

static int add_include(struct parts *parts, const struct entry_include *include, struct error *err)
{
	uint64_t before;
	int ret;

	if (!include->with) {
		ret = initramfs_add_host(parts->tree, include->host, include->guest, err);
		return ret ? error_prefix(err, ret, "--include") : 0;
	}
	before = initramfs_layout(parts->tree);
	ret = initramfs_add_with(parts->tree, include->host, err);
	parts->with_size += initramfs_layout(parts->tree) - before;
	return ret;
}

/* After all others: it says where scripts find the programs that were packed for them. */
static int add_job(const struct guest_config *config, struct parts *parts, struct error *err)
{
	const struct entry *entry = config->entry;
	struct entry_tracer tracer = { .on = config->trace };
	size_t job_size;
	int ret;

	/* Nobody chose -d: let the tracer's window span the payload, not the reference's 500 ms. */
	if (config->wprof && config->wprof->default_args)
		tracer.window_ms = entry->timeout_ms ? entry->timeout_ms + 60000
						     : 24 * 3600 * 1000ull;
	tracer.bpf = config->wprof && config->wprof->bpf;
	ret = initramfs_search_path(parts->tree, KTSTR_USUAL_PATH, &parts->path, err);
	if (!ret)
		ret = entry_job(entry, &tracer, parts->path, parts->loads, parts->modules.count,
				&parts->job, &job_size, err);
	if (ret)
		return ret;
	ret = initramfs_add_data(parts->tree, KTSTR_JOB_PATH, parts->job, job_size, 0600, err);
	if (ret == -EEXIST)
		error_set(err, ret,
			  "'" KTSTR_JOB_PATH "' in the guest is the launcher's; put your file "
			  "elsewhere");
	return ret;
}

static int pack(const struct guest_config *config, const char *release, struct parts *parts,
		struct error *err)
{
	const struct entry *entry = config->entry;
	int ret;

	parts->tree = initramfs_create();
	if (!parts->tree)
		return error_set(err, -ENOMEM, "initramfs: out of memory");
	initramfs_set_cancel(parts->tree, config->cancel_fd);
	ret = add_blob(parts->tree, "init", "/init", &parts->init, err);
	/* Before the user's own files, which cannot take their place then. */
	if (!ret)
		ret = add_modules(config, release, parts, err);
	if (!ret && entry->on_host)
		ret = initramfs_add_program(parts->tree, entry->program, err);
	for (size_t i = 0; !ret && i < entry->nr_includes; i++)
		ret = add_include(parts, &entry->includes[i], err);
	if (!ret && config->wprof && !config->wprof->path)
		ret = add_blob(parts->tree, "wprof", KTSTR_TRACER_PATH, &parts->wprof, err);
	else if (!ret && config->wprof)
		ret = initramfs_add_host(parts->tree, config->wprof->path, KTSTR_TRACER_PATH, err);
	/* A memfd of a host that forbids executable ones is readable only. */
	if (!ret && config->wprof)
		ret = initramfs_set_mode(parts->tree, KTSTR_TRACER_PATH, 0755, err);
	if (!ret)
		ret = add_blob(parts->tree, "busybox", BUSYBOX_PATH, &parts->busybox, err);
	if (!ret)
		ret = add_applets(parts, err);
	if (!ret)
		ret = etc_files_add(parts->tree, err);
	if (!ret)
		ret = add_job(config, parts, err);
	return ret;
}

static int write_initrd(void *owner, void *dst, uint64_t size, struct error *err)
{
	return initramfs_write(owner, dst, size, err);
}

static int dump_initramfs(const struct initramfs *tree, const char *path, struct error *err)
{
	uint64_t size = initramfs_layout(tree);
	void *archive = malloc(size);
	struct output_file file = { .fd = -1 };
	int ret;

	if (!archive)
		return error_set(err, -ENOMEM, "--dump-initramfs: no memory for %llu bytes",
				 (unsigned long long)size);
	ret = initramfs_write(tree, archive, size, err);
	if (!ret)
		ret = output_file_open(&file, path, err);
	if (!ret) {
		ret = file_write_all(file.fd, archive, size);
		if (ret)
			error_set(err, ret, "writing '%s': %s", path, strerror(-ret));
		else
			ret = output_file_commit(&file, err);
		output_file_abandon(&file);
	}
	free(archive);
	return ret ? error_prefix(err, ret, "--dump-initramfs") : 0;
}

uint64_t guest_boot_timeout_ms(const struct topology *topology)
{
	return 10000 + 150ull * topology_cpus(topology);
}

/* Did the user ask, by these kernel parameters, for fewer CPUs or nodes than the machine has? */
static bool reduces_machine(const char *append)
{
	static const char *const words[] = { "maxcpus=",
					     "nr_cpus=",
					     "possible_cpus=",
					     "nosmp",
					     "numa=",
					     "acpi=",
					     "noapic",
					     "nolapic",
					     "mem=",
					     "memmap=",
					     "disable_cpu_apicid=" };

	for (const char *word = append; word && *word; word += strcspn(word, " ")) {
		word += strspn(word, " ");
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			if (!strncmp(word, words[i], strlen(words[i])))
				return true;
	}
	return false;
}

int guest_create(struct guest_config *config, struct observation *seen, struct vmm **vmm,
		 struct error *err)
{
	struct kernel_image *kernel = NULL;
	struct parts parts = { 0 };
	struct host_memory memory;
	struct vmm_config machine = { .topology = config->plan->topology,
				      .memory_mib = config->plan->memory_mib,
				      .tsc_reliable = config->plan->tsc_reliable,
				      .cmdline = config->cmdline,
				      .dump_acpi_dir = config->dump_acpi_dir };
	int ret;

	seen->cpus_wanted = topology_cpus(&config->plan->topology);
	seen->nodes_wanted = config->plan->topology.numa_nodes;
	seen->machine_reduced = reduces_machine(config->append);
	seen->memory_mib = config->plan->memory_mib;
	seen->boot_limit_ms = config->boot_timeout_ms;
	seen->test_limit_ms = config->entry->timeout_ms;
	seen->tracer = config->trace ? TRACER_SILENT : TRACER_OFF;
	rights_no_new_privileges();
	host_memory_read("", &memory);
	ret = host_memory_fits(&memory, config->plan->memory_mib, seen->cpus_wanted, err);
	if (ret)
		return ret;
	ret = cmdline_build(config->kaslr, config->plan->tsc_reliable,
			    config->trace ? config->wprof : NULL, config->append, config->cmdline,
			    err);
	if (!ret)
		ret = config->kaslr
			      ? kernel_image_open(config->kernel, &kernel, err)
			      : kernel_cache_open(config->kernel, config->cancel_fd, &kernel, err);
	if (!ret)
		ret = pack(config, kernel_image_release(kernel), &parts, err);
	if (!ret)
		initramfs_lacks_library(parts.tree, seen->lacks_library,
					sizeof(seen->lacks_library));
	if (!ret && config->dump_initramfs)
		ret = dump_initramfs(parts.tree, config->dump_initramfs, err);
	if (ret)
		goto out;
	machine.kernel = kernel;
	machine.initrd.size = initramfs_layout(parts.tree);
	machine.initrd.write = write_initrd;
	machine.initrd.owner = parts.tree;
	for (unsigned int level = 0; level < ISA_LEVELS; level++)
		machine.isa_files[level] = initramfs_isa_file(parts.tree, level);
	ret = vmm_create(&machine, vmm, err);
	if (ret == -ENOSPC && parts.with_size)
		error_prefix(err, ret, "of the initramfs %llu MiB are --with's",
			     (unsigned long long)parts.with_size >> 20);
out:
	/* All of it is in guest memory now; a running VM keeps none of it. */
	kernel_image_close(kernel);
	parts_destroy(&parts);
	return ret;
}

/* A guest that never said what it is: see what its image says. */
static void release_of_image(const char *path, struct observation *seen)
{
	struct kernel_image *kernel;

	if (kernel_image_open(path, &kernel, NULL))
		return;
	snprintf(seen->release, sizeof(seen->release), "%s", kernel_image_release(kernel));
	kernel_image_close(kernel);
}

int guest_run(const struct guest_config *config, struct vmm *vmm, struct watch *watch,
	      struct error *err)
{
	struct vmm_owner owner;
	int ret;

	watch->vmm = vmm;
	watch_init(watch);
	owner = watch_owner(watch);
	ret = vmm_run(vmm, &owner, &watch->seen->vmm, err);
	watch_finish(watch);
	vmm_destroy(vmm);
	if (!watch->seen->hello)
		release_of_image(config->kernel, watch->seen);
	return ret;
}
