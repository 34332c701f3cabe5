/*
 * Which functions do addresses belong to, asked as wprof asks it? The functions of blazesym's C
 * interface that wprof calls, compiled against the header that comes with the pinned source.
 * They take no note of: code_info, inlined_fns, demangle (there is no reader of DWARF, no
 * demangler), auto_reload (files are looked at anew for each call), perf_map.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <blazesym.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "elf_cache.h"
#include "kallsyms.h"
#include "name_pool.h"
#include "process.h"

/* What malloc adds to a result. */
#define MALLOC_BYTES 16u

struct blaze_symbolizer {
	struct elf_cache cache;
	struct kallsyms *kallsyms; /* read once */
	char *kallsyms_path;
};

static _Thread_local blaze_err last_error;

static blaze_err from_errno(int error)
{
	switch (-error) {
	case 0:
		return BLAZE_ERR_OK;
	case EPERM:
	case EACCES:
		return BLAZE_ERR_PERMISSION_DENIED;
	case ENOENT:
	case ESRCH:
		return BLAZE_ERR_NOT_FOUND;
	case EAGAIN:
		return BLAZE_ERR_WOULD_BLOCK;
	case ENOMEM:
		return BLAZE_ERR_OUT_OF_MEMORY;
	case EINVAL:
		return BLAZE_ERR_INVALID_INPUT;
	case EFBIG:
	case ENOTSUP:
		return BLAZE_ERR_UNSUPPORTED;
	default:
		return BLAZE_ERR_OTHER;
	}
}

static int set_error(int error)
{
	last_error = from_errno(error);
	return error;
}

blaze_err blaze_err_last(void)
{
	return last_error;
}

const char *blaze_err_str(blaze_err err)
{
	switch ((int)err) {
	case BLAZE_ERR_OK:
		return "success";
	case BLAZE_ERR_PERMISSION_DENIED:
		return "permission denied";
	case BLAZE_ERR_NOT_FOUND:
		return "not found";
	case BLAZE_ERR_WOULD_BLOCK:
		return "the operation would block";
	case BLAZE_ERR_OUT_OF_MEMORY:
		return "out of memory";
	case BLAZE_ERR_ALREADY_EXISTS:
		return "already there";
	case BLAZE_ERR_INVALID_DATA:
		return "the data are not valid";
	case BLAZE_ERR_UNSUPPORTED:
		return "not supported";
	case BLAZE_ERR_TIMED_OUT:
		return "timed out";
	case BLAZE_ERR_INVALID_INPUT:
		return "an argument is not valid";
	default:
		return "another error";
	}
}

/* What a caller gives of a struct: what is beyond its type_size reads as zero. */
static int take(void *to, size_t size, const void *from)
{
	size_t type_size;

	memset(to, 0, size);
	if (!from)
		return -EINVAL;
	memcpy(&type_size, from, sizeof(type_size));
	if (type_size < sizeof(type_size))
		return -EINVAL;
	memcpy(to, from, type_size < size ? type_size : size);
	return 0;
}

blaze_symbolizer *blaze_symbolizer_new_opts(const struct blaze_symbolizer_opts *opts)
{
	struct blaze_symbolizer_opts given;
	struct blaze_symbolizer *symbolizer;

	if (set_error(take(&given, sizeof(given), opts)))
		return NULL;
	symbolizer = calloc(1, sizeof(*symbolizer));
	if (!symbolizer) {
		set_error(-ENOMEM);
		return NULL;
	}
	if (set_error(debug_dirs_init(&symbolizer->cache.debug_dirs, given.debug_dirs,
				      given.debug_dirs_len))) {
		free(symbolizer);
		return NULL;
	}
	return symbolizer;
}

void blaze_symbolizer_free(blaze_symbolizer *symbolizer)
{
	if (!symbolizer)
		return;
	elf_cache_destroy(&symbolizer->cache);
	kallsyms_free(symbolizer->kallsyms);
	free(symbolizer->kallsyms_path);
	free(symbolizer);
}

#define RESULT_MAX_COUNT (RESULT_MAX_BYTES / sizeof(struct blaze_sym))

static size_t result_bytes(size_t count)
{
	return sizeof(struct blaze_syms) + count * sizeof(struct blaze_sym);
}

static struct blaze_syms *result_new(size_t count)
{
	struct blaze_syms *syms;

	if (count > RESULT_MAX_COUNT || !result_memory_take(result_bytes(count) + MALLOC_BYTES))
		return NULL;
	syms = calloc(1, result_bytes(count));
	if (!syms) {
		result_memory_release(result_bytes(count) + MALLOC_BYTES);
		return NULL;
	}
	syms->cnt = count;
	return syms;
}

/* The names stay: other results have them too. */
void blaze_syms_free(const struct blaze_syms *syms)
{
	if (!syms)
		return;
	result_memory_release(result_bytes(syms->cnt) + MALLOC_BYTES);
	free((void *)syms);
}

static blaze_symbolize_reason reason_of(enum found_reason reason)
{
	switch (reason) {
	case FOUND:
		return BLAZE_SYMBOLIZE_REASON_SUCCESS;
	case FOUND_NOT_MAPPED:
		return BLAZE_SYMBOLIZE_REASON_UNMAPPED;
	case FOUND_BAD_OFFSET:
		return BLAZE_SYMBOLIZE_REASON_INVALID_FILE_OFFSET;
	case FOUND_NO_FILE:
		return BLAZE_SYMBOLIZE_REASON_MISSING_COMPONENT;
	case FOUND_NO_SYMBOLS:
		return BLAZE_SYMBOLIZE_REASON_MISSING_SYMS;
	case FOUND_NOT_SUPPORTED:
		return BLAZE_SYMBOLIZE_REASON_UNSUPPORTED;
	case FOUND_NO_SYMBOL:
		break;
	}
	return BLAZE_SYMBOLIZE_REASON_UNKNOWN_ADDR;
}

static void report(struct blaze_sym *sym, const struct found *found)
{
	sym->reason = reason_of(found->reason);
	if (found->reason != FOUND)
		return;
	sym->name = name_pool_intern(found->name);
	if (!sym->name) {
		sym->reason = BLAZE_SYMBOLIZE_REASON_MISSING_SYMS;
		return;
	}
	sym->module = name_pool_intern(found->module);
	sym->addr = found->start;
	sym->offset = found->offset;
	sym->size = found->size;
}

static int use_kallsyms(struct blaze_symbolizer *symbolizer, const char *path)
{
	char *copy;

	if (!path || !*path)
		path = KALLSYMS_DEFAULT;
	if (symbolizer->kallsyms && !strcmp(symbolizer->kallsyms_path, path))
		return 0;
	copy = strdup(path);
	if (!copy)
		return -ENOMEM;
	kallsyms_free(symbolizer->kallsyms);
	free(symbolizer->kallsyms_path);
	symbolizer->kallsyms = NULL;
	symbolizer->kallsyms_path = copy;
	return kallsyms_read(path, &symbolizer->kallsyms);
}

/*
 * src->vmlinux is not used: kallsyms names the same functions, also those of modules and of BPF, at
 * the addresses that this boot gave them; a guest has no vmlinux, and what it would add are lines.
 */
const struct blaze_syms *
blaze_symbolize_kernel_abs_addrs(blaze_symbolizer *symbolizer,
				 const struct blaze_symbolize_src_kernel *src,
				 const uint64_t *abs_addrs, size_t abs_addr_cnt)
{
	struct blaze_symbolize_src_kernel given;
	struct blaze_syms *syms;

	if (!symbolizer || (!abs_addrs && abs_addr_cnt)) {
		set_error(-EINVAL);
		return NULL;
	}
	if (set_error(take(&given, sizeof(given), src)) ||
	    set_error(use_kallsyms(symbolizer, given.kallsyms)))
		return NULL;
	syms = result_new(abs_addr_cnt);
	if (!syms) {
		set_error(-ENOMEM);
		return NULL;
	}
	for (size_t i = 0; i < abs_addr_cnt; i++) {
		struct found found;

		kallsyms_find(symbolizer->kallsyms, abs_addrs[i], &found);
		report(&syms->syms[i], &found);
	}
	return syms;
}

const struct blaze_syms *
blaze_symbolize_process_abs_addrs(blaze_symbolizer *symbolizer,
				  const struct blaze_symbolize_src_process *src,
				  const uint64_t *abs_addrs, size_t abs_addr_cnt)
{
	struct blaze_symbolize_src_process given;
	struct process_options options;
	struct process process;
	struct blaze_syms *syms;

	if (!symbolizer || (!abs_addrs && abs_addr_cnt)) {
		set_error(-EINVAL);
		return NULL;
	}
	if (set_error(take(&given, sizeof(given), src)))
		return NULL;
	options = (struct process_options){ .pid = given.pid,
					    .debug_syms = given.debug_syms,
					    .no_map_files = given.no_map_files };
#ifdef BLAZESYM_HAS_NO_VDSO /* blazesym's C interface 0.1.5 has it, 0.1.1 does not */
	options.no_vdso = given.no_vdso;
#endif
	if (set_error(process_open(&process, &options, &symbolizer->cache)))
		return NULL;
	syms = result_new(abs_addr_cnt);
	if (!syms)
		set_error(-ENOMEM);
	for (size_t i = 0; syms && i < abs_addr_cnt; i++) {
		struct found found;

		process_find(&process, abs_addrs[i], &found);
		report(&syms->syms[i], &found);
	}
	process_close(&process);
	return syms;
}
