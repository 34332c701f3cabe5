/* Why does a BPF tracer not start on this kernel? wprof's requirements, seen from inside. */
#ifndef KTSTR_GUEST_BPF_NEEDS_H
#define KTSTR_GUEST_BPF_NEEDS_H

#include <stddef.h>

/* The kernel's type information, which a BPF program is fitted to the kernel by. */
#define BPF_NEEDS_BTF_PATH "/sys/kernel/btf/vmlinux"

/*
 * bpf_needs_missing - one clause that names what is missing, or "" when nothing that we know is.
 * @btf: BPF_NEEDS_BTF_PATH; @release: as of uname -r
 * @size: 96 is enough for every clause.
 */
void bpf_needs_missing(const char *btf, const char *release, char *out, size_t size);

#endif
