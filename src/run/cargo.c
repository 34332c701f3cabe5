/* What does a test bring into its VM? See cargo.h. */
#include "run/cargo.h"

#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "../../guest/protocol.h"
#include "initramfs/initramfs.h"
#include "modules/modules.h"
#include "run/blobs.h"
#include "run/etc_files.h"
#include "util/huge.h"

#define MIB UINT64_C(1048576)

/* What the archive is made of, until it is written. */
struct parts {
	struct initramfs *tree;
	uint8_t *wprof;
	struct modules modules;
	struct entry_load *loads; /* one for each module */
	char *path, *job;
	uint64_t with_size; /* of the archive, what --with brought; bytes */
};

static void parts_destroy(struct parts *parts)
{
	initramfs_destroy(parts->tree);
	free(parts->wprof);
	free(parts->path);
	free(parts->job);
	for (size_t i = 0; parts->loads && i < parts->modules.count; i++)
		free(parts->loads[i].path);
	free(parts->loads);
	modules_free(&parts->modules);
	/* Modules and tree are large next to what a running VM needs. */
	malloc_trim(0);
}

/* Their files, and what init is told of them. */
static int add_modules(const struct cargo_from *from, struct parts *parts, struct error *err)
{
	const struct entry *entry = from->entry;
	int ret = modules_resolve(entry->modules, entry->nr_modules, from->modules_dir,
				  from->kernel, from->release, &parts->modules, err);

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
static int add_job(const struct cargo_from *from, struct parts *parts, struct error *err)
{
	const struct entry *entry = from->entry;
	struct entry_tracer tracer = { .on = from->trace };
	char args[VMM_CMDLINE_SIZE];
	size_t job_size;
	int ret = 0;

	/* Nobody chose -d: let the tracer's window span the payload, not the reference's 500 ms. */
	if (from->wprof && from->wprof->default_args)
		tracer.window_ms = entry->timeout_ms ? entry->timeout_ms + 60000
						     : 24 * 3600 * 1000ull;
	tracer.bpf = from->wprof && from->wprof->bpf;
	if (from->trace)
		ret = wprof_render_args(from->wprof, args, sizeof(args), err);
	tracer.args = args + strlen(KTSTR_WPROF_ARGS_PARAM "=");
	if (!ret)
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

static int put_together(const struct cargo_from *from, struct parts *parts, struct error *err)
{
	const struct entry *entry = from->entry;
	int ret;

	parts->tree = initramfs_create();
	if (!parts->tree)
		return error_set(err, -ENOMEM, "cargo: out of memory");
	initramfs_set_cancel(parts->tree, from->cancel_fd);
	/* Before the user's own files, which cannot take their place then. */
	ret = add_modules(from, parts, err);
	if (!ret && entry->on_host)
		ret = initramfs_add_program(parts->tree, entry->program, err);
	if (!ret && entry->scheduler.file) {
		ret = initramfs_add_program(parts->tree, entry->scheduler.file, err);
		if (ret)
			error_prefix(err, ret, "scheduler");
	}
	for (size_t i = 0; !ret && i < entry->nr_includes; i++)
		ret = add_include(parts, &entry->includes[i], err);
	if (!ret && from->wprof && !from->wprof->path)
		ret = blobs_add(parts->tree, "wprof", KTSTR_TRACER_PATH, &parts->wprof, err);
	else if (!ret && from->wprof)
		ret = initramfs_add_host(parts->tree, from->wprof->path, KTSTR_TRACER_PATH, err);
	/* A memfd of a host that forbids executable ones is readable only. */
	if (!ret && from->wprof)
		ret = initramfs_set_mode(parts->tree, KTSTR_TRACER_PATH, 0755, err);
	if (!ret)
		ret = etc_files_add(parts->tree, err);
	if (!ret)
		ret = add_job(from, parts, err);
	return ret;
}

static int write_archive(const struct cargo_from *from, const struct parts *parts,
			 struct cargo *cargo, struct error *err)
{
	uint64_t size = initramfs_layout(parts->tree);
	char with[64] = "";
	int ret;

	if (parts->with_size)
		snprintf(with, sizeof(with), " (%" PRIu64 " MiB of it are --with's)",
			 parts->with_size / MIB);
	if (size > from->memory_mib * MIB)
		return error_set(err, -EFBIG,
				 "what the guest is to unpack takes %" PRIu64
				 " MiB%s, more than its memory of %" PRIu64
				 " MiB; include less, or give it more with --memory",
				 (size + MIB - 1) / MIB, with, from->memory_mib);
	cargo->bytes = huge_map(size);
	if (!cargo->bytes) {
		ret = -errno;
		return error_set(err, ret, "cargo: mapping %" PRIu64 " bytes: %s", size,
				 strerror(-ret));
	}
	cargo->size = size;
	return initramfs_write(parts->tree, cargo->bytes, size, err);
}

static int note_needs(const struct initramfs *tree, struct cargo *cargo, struct error *err)
{
	initramfs_lacks_library(tree, cargo->lacks_library, sizeof(cargo->lacks_library));
	for (unsigned int level = 0; level < ISA_LEVELS; level++) {
		const char *file = initramfs_isa_file(tree, level);

		if (!file)
			continue;
		cargo->isa_files[level] = strdup(file);
		if (!cargo->isa_files[level])
			return error_set(err, -ENOMEM, "cargo: out of memory");
	}
	return 0;
}

int cargo_pack(const struct cargo_from *from, struct cargo *cargo, struct error *err)
{
	struct parts parts = { 0 };
	int ret;

	*cargo = (struct cargo){ 0 };
	ret = put_together(from, &parts, err);
	if (!ret)
		ret = note_needs(parts.tree, cargo, err);
	if (!ret)
		ret = write_archive(from, &parts, cargo, err);
	parts_destroy(&parts);
	return ret;
}

void cargo_unpacked(struct cargo *cargo)
{
	if (cargo->bytes)
		madvise(cargo->bytes, huge_round(cargo->size), MADV_DONTNEED);
}

void cargo_destroy(struct cargo *cargo)
{
	huge_unmap(cargo->bytes, cargo->size);
	for (unsigned int level = 0; level < ISA_LEVELS; level++)
		free(cargo->isa_files[level]);
	*cargo = (struct cargo){ 0 };
}
