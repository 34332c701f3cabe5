/* What the loader and the BPF side of scx_ktstr share. */
#ifndef SCX_KTSTR_H
#define SCX_KTSTR_H

#include <linux/types.h>

#define SCX_KTSTR_COMM_SIZE   16
#define SCX_KTSTR_REASON_SIZE 128
#define SCX_KTSTR_MSG_SIZE    1024
#define SCX_KTSTR_DUMP_SIZE   32768

/* Set before the programs are loaded, and then constants for the verifier. */
struct scx_ktstr_switches {
	__u64 slice_ns;
	__u64 stall_ns; /* since ops.init; 0: never */
	__u64 spin_ns;	/* likewise */
	__s32 starve_pid;
	__u32 refuse;	/* ops.init fails */
	__u32 bad_prog; /* the verifier is to refuse */
	__u32 bad_btf;	/* it needs what no kernel's BTF has */
	__u32 unused;
	char starve_comm[SCX_KTSTR_COMM_SIZE];
	char error_comm[SCX_KTSTR_COMM_SIZE]; /* an error when a task of that name runs; "": never
					       */
};

/* What ops.exit was told. */
struct scx_ktstr_exit {
	__s64 kind; /* enum scx_exit_kind of the kernel; 0: it has not ended */
	__s64 code;
	char reason[SCX_KTSTR_REASON_SIZE];
	char msg[SCX_KTSTR_MSG_SIZE];
	char dump[SCX_KTSTR_DUMP_SIZE];
};

#endif
