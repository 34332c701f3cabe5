/*
 * The kernel's types, as far as they are used here. libbpf finds the members of the running kernel
 * by their names in its BTF, so that no vmlinux.h is needed and the members may stand elsewhere
 * there.
 */
#ifndef SCX_KTSTR_KERNEL_H
#define SCX_KTSTR_KERNEL_H

#include <linux/bpf.h>
#include <linux/types.h>

#include <bpf/bpf_helpers.h>

#include <bpf/bpf_core_read.h>

#define BY_NAME __attribute__((preserve_access_index))

typedef __u32 u32;
typedef __s32 s32;
typedef __u64 u64;
typedef __s64 s64;

struct sched_entity {
	u64 sum_exec_runtime;
} BY_NAME;

struct sched_ext_entity {
	u32 weight;
} BY_NAME;

struct task_struct {
	int pid;
	char comm[16];
	struct sched_entity se;
	struct sched_ext_entity scx;
} BY_NAME;

/* As of a kernel that is not this one: libbpf finds no such member. */
struct task_struct___elsewhere {
	u64 ktstr_no_such_member;
} BY_NAME;

enum scx_exit_kind { SCX_EXIT_NONE, SCX_EXIT_UNREG = 64 };

struct scx_exit_info {
	enum scx_exit_kind kind;
	s64 exit_code;
	const char *reason;
	char *msg;
	char *dump;
} BY_NAME;

struct scx_init_task_args;

/* Of the operations only those that we have; the rest keeps the kernel's defaults. */
struct sched_ext_ops {
	s32 (*select_cpu)(struct task_struct *p, s32 prev_cpu, u64 wake_flags);
	void (*enqueue)(struct task_struct *p, u64 enq_flags);
	void (*dispatch)(s32 cpu, struct task_struct *prev);
	void (*running)(struct task_struct *p);
	void (*stopping)(struct task_struct *p, bool runnable);
	void (*enable)(struct task_struct *p);
	s32 (*init_task)(struct task_struct *p, struct scx_init_task_args *args);
	s32 (*init)(void);
	void (*exit)(struct scx_exit_info *info);
	u32 timeout_ms;
	u32 exit_dump_len;
	char name[128];
};

/* include/linux/sched/ext.h: the DSQ of the CPU that a task is on */
#define SCX_DSQ_LOCAL ((1ull << 63) | 2)

extern s32 scx_bpf_create_dsq(u64 dsq_id, s32 node) __ksym;
extern s32 scx_bpf_select_cpu_dfl(struct task_struct *p, s32 prev_cpu, u64 wake_flags,
				  bool *is_idle) __ksym;
extern void scx_bpf_dsq_insert(struct task_struct *p, u64 dsq_id, u64 slice, u64 enq_flags) __ksym;
extern void scx_bpf_dsq_insert_vtime(struct task_struct *p, u64 dsq_id, u64 slice, u64 vtime,
				     u64 enq_flags) __ksym;
extern bool scx_bpf_dsq_move_to_local(u64 dsq_id) __ksym;
extern void scx_bpf_error_bstr(char *fmt, unsigned long long *data, u32 data__sz) __ksym;

#endif
