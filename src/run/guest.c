/* How does one VM of a run come about? See guest.h. */
#include "run/guest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/memory.h"
#include "run/cmdline.h"
#include "run/initrd.h"
#include "run/kernel_cache.h"
#include "run/rights.h"
#include "util/file.h"
#include "util/output_file.h"

static int write_initrd(void *owner, void *dst, uint64_t size, struct error *err)
{
	return initramfs_write(owner, dst, size, err);
}

/* All that the guest gets, as one archive: what comes later in it replaces what comes before. */
static int dump_initramfs(const struct initramfs *tree, const struct cargo *cargo, const char *path,
			  struct error *err)
{
	uint64_t size = initramfs_layout(tree), body = size - INITRAMFS_TRAILER_SIZE;
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
		ret = file_write_all(file.fd, archive, body);
		if (!ret)
			ret = file_write_all(file.fd, cargo->bytes, cargo->size);
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

static void begin_observation(const struct guest_config *config, struct observation *seen)
{
	seen->cpus_wanted = topology_cpus(&config->plan->topology);
	seen->nodes_wanted = config->plan->topology.numa_nodes;
	seen->machine_reduced = reduces_machine(config->append);
	seen->memory_mib = config->plan->memory_mib;
	seen->boot_limit_ms = config->boot_timeout_ms;
	seen->test_limit_ms = config->entry->timeout_ms;
	seen->tracer = config->trace ? TRACER_SILENT : TRACER_OFF;
}

static int check_host(const struct guest_config *config, struct error *err)
{
	struct host_memory memory;

	rights_no_new_privileges();
	host_memory_read("", &memory);
	return host_memory_fits(&memory, config->plan->memory_mib,
				topology_cpus(&config->plan->topology), err);
}

static int pack_cargo(const struct guest_config *config, const char *release, struct cargo *cargo,
		      struct error *err)
{
	const struct cargo_from from = { .entry = config->entry,
					 .wprof = config->wprof,
					 .trace = config->trace,
					 .kernel = config->kernel,
					 .release = release,
					 .modules_dir = config->modules_dir,
					 .memory_mib = config->plan->memory_mib,
					 .cancel_fd = config->cancel_fd };

	return cargo_pack(&from, cargo, err);
}

static int boot(const struct guest_config *config, const struct kernel_image *kernel,
		const struct initrd *initrd, const struct cargo *cargo, struct vmm **vmm,
		struct error *err)
{
	struct vmm_config machine = { .kernel = kernel,
				      .topology = config->plan->topology,
				      .memory_mib = config->plan->memory_mib,
				      .tsc_reliable = config->plan->tsc_reliable,
				      .cmdline = config->cmdline,
				      .initrd.size = initramfs_layout(initrd->tree),
				      .initrd.write = write_initrd,
				      .initrd.owner = initrd->tree,
				      .dump_acpi_dir = config->dump_acpi_dir };

	for (unsigned int level = 0; level < ISA_LEVELS; level++)
		machine.isa_files[level] = cargo->isa_files[level];
	return vmm_create(&machine, vmm, err);
}

int guest_create(struct guest_config *config, struct observation *seen, struct vmm **vmm,
		 struct error *err)
{
	struct kernel_image *kernel = NULL;
	struct initrd initrd = { 0 };
	int ret;

	config->cargo = (struct cargo){ 0 };
	begin_observation(config, seen);
	ret = check_host(config, err);
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
		ret = pack_cargo(config, kernel_image_release(kernel), &config->cargo, err);
	if (!ret)
		ret = initrd_create(&initrd, config->cancel_fd, err);
	memcpy(seen->lacks_library, config->cargo.lacks_library, sizeof(seen->lacks_library));
	if (!ret && config->dump_initramfs)
		ret = dump_initramfs(initrd.tree, &config->cargo, config->dump_initramfs, err);
	if (!ret)
		ret = boot(config, kernel, &initrd, &config->cargo, vmm, err);
	/* All of it is in guest memory now; a running VM keeps none of it. */
	kernel_image_close(kernel);
	initrd_destroy(&initrd);
	if (ret)
		cargo_destroy(&config->cargo);
	return ret;
}

void guest_destroy(struct guest_config *config, struct vmm *vmm)
{
	vmm_destroy(vmm);
	cargo_destroy(&config->cargo);
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

int guest_run(struct guest_config *config, struct vmm *vmm, struct watch *watch, struct error *err)
{
	struct vmm_owner owner;
	int ret;

	watch->vmm = vmm;
	watch->cargo = &config->cargo;
	watch_init(watch);
	owner = watch_owner(watch);
	ret = vmm_run(vmm, &owner, &watch->seen->vmm, err);
	watch_finish(watch);
	guest_destroy(config, vmm);
	if (!watch->seen->hello)
		release_of_image(config->kernel, watch->seen);
	return ret;
}
