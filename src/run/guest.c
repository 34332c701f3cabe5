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
#include "util/clock.h"
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

void guest_begin_observation(const struct guest_config *config, struct observation *seen)
{
	seen->cpus_wanted = topology_cpus(&config->plan->topology);
	seen->nodes_wanted = topology_nodes(&config->plan->topology);
	seen->machine_reduced = reduces_machine(config->append);
	seen->memory_mib = config->plan->memory_mib;
	seen->boot_limit_ms = config->boot_timeout_ms;
	seen->test_limit_ms = config->entry ? config->entry->timeout_ms : 0;
	seen->tracer = config->trace ? TRACER_SILENT : TRACER_OFF;
}

/* A fork's life begins at the ready point; what came before was the base's. */
static void begin_fork(const struct base_facts *facts, struct observation *seen)
{
	seen->forked = true;
	seen->base_boot_ns = facts->boot_ns;
	seen->ready_ns = now_ns();
	seen->hello = true;
	seen->cpus_online = facts->cpus_online;
	seen->nodes_online = facts->nodes_online;
	memcpy(seen->release, facts->release, sizeof(seen->release));
	tail_add(&seen->init_log, facts->init_log.bytes, facts->init_log.size);
	tail_add(&seen->console, facts->console.bytes, facts->console.size);
}

/* Does the host hold it, with the cargo as far as it is packed? */
static int check_memory(struct guest_config *config, struct error *err)
{
	struct host_memory_need need = {
		.guest_mib = config->plan->memory_mib,
		.cpus = topology_cpus(&config->plan->topology),
		.cargo_mib = (config->cargo.size + (1 << 20) - 1) >> 20,
		.base_mib = config->base ? base_held_mib(config->base) : 0,
	};
	struct host_memory memory;
	int ret;

	host_memory_read("", &memory);
	ret = host_memory_fits(&memory, &need, err);
	if (ret && need.base_mib) {
		need.base_mib = 0;
		config->crowded = !host_memory_fits(&memory, &need, NULL);
	}
	return ret;
}

/* Of a machine that is forked, or forked from, nothing of one run is on the command line. */
static int build_cmdline(struct guest_config *config, struct error *err)
{
	bool shows_tracer = config->trace && !config->base && !config->take;

	return cmdline_build(config->kaslr, config->plan, shows_tracer ? config->wprof : NULL,
			     config->append, config->cmdline, err);
}

static int pack_cargo(struct guest_config *config, const char *release, struct observation *seen,
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
	int ret = 0;

	if (config->entry && !config->cargo.bytes) {
		ret = cargo_pack(&from, &config->cargo, err);
		if (!ret)
			ret = check_memory(config, err);
	}
	memcpy(seen->lacks_library, config->cargo.lacks_library, sizeof(seen->lacks_library));
	return ret;
}

static struct vmm_config machine_config(const struct guest_config *config)
{
	struct vmm_config machine = { .topology = config->plan->topology,
				      .memory_mib = config->plan->memory_mib,
				      .tsc_reliable = config->plan->tsc_reliable,
				      .cmdline = config->cmdline,
				      .dump_acpi_dir = config->dump_acpi_dir };

	for (unsigned int level = 0; level < ISA_LEVELS; level++)
		machine.isa_files[level] = config->cargo.isa_files[level];
	if (config->pin) {
		machine.cpus = config->pin->plan.cpus;
		machine.nodes = config->pin->one_node ? NULL : config->pin->plan.nodes;
	}
	return machine;
}

static int boot(struct guest_config *config, struct observation *seen, struct vmm **vmm,
		struct error *err)
{
	struct kernel_image *kernel = NULL;
	struct initrd initrd = { 0 };
	struct vmm_config machine;
	int ret = config->kaslr
			  ? kernel_image_open(config->kernel, &kernel, err)
			  : kernel_cache_open(config->kernel, config->cancel_fd, &kernel, err);

	if (!ret)
		ret = pack_cargo(config, kernel_image_release(kernel), seen, err);
	if (!ret)
		ret = initrd_create(&initrd, config->cancel_fd, err);
	if (!ret && config->dump_initramfs)
		ret = dump_initramfs(initrd.tree, &config->cargo, config->dump_initramfs, err);
	if (!ret) {
		machine = machine_config(config);
		machine.kernel = kernel;
		machine.initrd.size = initramfs_layout(initrd.tree);
		machine.initrd.write = write_initrd;
		machine.initrd.owner = initrd.tree;
		ret = vmm_create(&machine, vmm, err);
	}
	/* All of it is in guest memory now; a running VM keeps none of it. */
	kernel_image_close(kernel);
	initrd_destroy(&initrd);
	return ret;
}

static int fork_base(struct guest_config *config, struct observation *seen, struct vmm **vmm,
		     struct error *err)
{
	const struct base *base = config->base;
	const struct vmm_saved saved = { .ram_fd = base->ram_fd,
					 .ram_offset = base->ram_offset,
					 .ram_size = base->ram_size,
					 .extents = &base->extents,
					 .state = base->state,
					 .state_size = base->state_size,
					 .touched = base->touched };
	struct vmm_config machine;
	int ret;

	begin_fork(&base->facts, seen);
	ret = pack_cargo(config, base->facts.release, seen, err);
	if (ret)
		return ret;
	machine = machine_config(config);
	ret = vmm_fork(&machine, &saved, vmm, err);
	config->refused = ret == -ESTALE;
	return ret;
}

int guest_create(struct guest_config *config, struct observation *seen, struct vmm **vmm,
		 struct error *err)
{
	int ret;

	config->refused = config->crowded = false;
	guest_begin_observation(config, seen);
	rights_no_new_privileges();
	ret = check_memory(config, err);
	if (!ret)
		ret = build_cmdline(config, err);
	if (ret)
		return ret;
	return config->base ? fork_base(config, seen, vmm, err) : boot(config, seen, vmm, err);
}

void guest_release(struct guest_config *config)
{
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

	watch->cargo = &config->cargo;
	watch->take = config->take;
	watch->at_ready = config->base != NULL;
	watch->touched = config->base ? config->base->touched : NULL;
	watch_init(watch);
	owner = watch_owner(watch);
	ret = vmm_run(vmm, &owner, &watch->seen->vmm, err);
	watch_finish(watch);
	if (!ret && !(watch->take && watch->take->ram_fd >= 0))
		watch_look_at_end(watch, vmm);
	watch_destroy(watch);
	vmm_destroy(vmm);
	if (!watch->seen->hello)
		release_of_image(config->kernel, watch->seen);
	return ret;
}
