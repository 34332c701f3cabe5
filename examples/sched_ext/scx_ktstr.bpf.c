/*
 * Who runs next? One queue for all CPUs, in the order of virtual time: what a task has run, divided
 * by its weight. A CPU that is idle takes a waking task at once. And, when a switch says so, what a
 * scheduler does wrong: scx_ktstr.c tells which there are.
 */
#include <stdbool.h>

#include "kernel.h"

#include "scx_ktstr.h"

#define SHARED	0 /* the queue */
#define STARVED 1 /* where nobody takes from */

#define DEFAULT_WEIGHT 100
#define REFUSED	       (-95) /* EOPNOTSUPP */

char LICENSE[] SEC("license") = "GPL";

const volatile struct scx_ktstr_switches switches SEC(".rodata.switches");
struct scx_ktstr_exit ended SEC(".data.ended");

static u64 vtime_now; /* of the task that was last begun with, and never back */
static u64 begin_ns;
static s32 starved_pid; /* the one task of that name; 0: none was seen yet */

struct task_time {
	u64 vtime;
	u64 ran_before; /* sum_exec_runtime when it was put on its CPU */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_time);
} times SEC(".maps");

static bool past(u64 limit_ns)
{
	return limit_ns && bpf_ktime_get_ns() - begin_ns >= limit_ns;
}

static bool is_stalled(void)
{
	return past(switches.stall_ns);
}

static bool is_called(struct task_struct *p, const volatile char *name)
{
	char comm[SCX_KTSTR_COMM_SIZE] = "";

	bpf_core_read_str(comm, sizeof(comm), &p->comm);
	for (int i = 0; i < SCX_KTSTR_COMM_SIZE; i++) {
		if (comm[i] != name[i])
			return false;
		if (!comm[i])
			break;
	}
	return true;
}

static bool is_starved(struct task_struct *p)
{
	s32 pid = BPF_CORE_READ(p, pid);

	if (switches.starve_pid)
		return pid == switches.starve_pid;
	if (!switches.starve_comm[0])
		return false;
	if (!starved_pid && is_called(p, switches.starve_comm))
		starved_pid = pid;
	return pid == starved_pid;
}

static void fail_if_asked(struct task_struct *p)
{
	/* Not const: the verifier takes it for memory that may be written. */
	static char words[] = "scx_ktstr: an error was asked for when pid %llu runs";
	unsigned long long pid = BPF_CORE_READ(p, pid);

	if (switches.error_comm[0] && is_called(p, switches.error_comm))
		scx_bpf_error_bstr(words, &pid, sizeof(pid));
}

static long run_on(u32 index, void *data)
{
	return 0;
}

static long run_on_and_on(u32 index, void *data)
{
	bpf_loop(1 << 23, run_on, 0, 0);
	return 0;
}

SEC("struct_ops/ktstr_select_cpu")
s32 ktstr_select_cpu(u64 *ctx)
{
	struct task_struct *p = (void *)ctx[0];
	bool is_idle = false;
	s32 cpu;

	if (is_stalled() || is_starved(p))
		return (s32)ctx[1];
	cpu = scx_bpf_select_cpu_dfl(p, (s32)ctx[1], ctx[2], &is_idle);
	if (is_idle)
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, switches.slice_ns, 0);
	return cpu;
}

SEC("struct_ops/ktstr_enqueue")
void ktstr_enqueue(u64 *ctx)
{
	struct task_struct *p = (void *)ctx[0];
	struct task_time *time = bpf_task_storage_get(&times, p, NULL, 0);
	u64 vtime = time ? time->vtime : vtime_now;

	/* Below the run queue's lock. */
	if (past(switches.spin_ns))
		bpf_loop(1 << 23, run_on_and_on, 0, 0);
	if (is_starved(p)) {
		scx_bpf_dsq_insert(p, STARVED, switches.slice_ns, ctx[1]);
		return;
	}
	/* Who has slept has not saved up more than one slice. */
	if ((s64)(vtime - (vtime_now - switches.slice_ns)) < 0)
		vtime = vtime_now - switches.slice_ns;
	if (time)
		time->vtime = vtime;
	scx_bpf_dsq_insert_vtime(p, SHARED, switches.slice_ns, vtime, ctx[1]);
}

SEC("struct_ops/ktstr_dispatch")
void ktstr_dispatch(u64 *ctx)
{
	if (!is_stalled())
		scx_bpf_dsq_move_to_local(SHARED);
}

SEC("struct_ops/ktstr_running")
void ktstr_running(u64 *ctx)
{
	struct task_struct *p = (void *)ctx[0];
	struct task_time *time = bpf_task_storage_get(&times, p, NULL, 0);

	fail_if_asked(p);
	if (!time)
		return;
	time->ran_before = BPF_CORE_READ(p, se.sum_exec_runtime);
	/* Not exact when two CPUs do it at once, and need not be. */
	if ((s64)(time->vtime - vtime_now) > 0)
		vtime_now = time->vtime;
}

SEC("struct_ops/ktstr_stopping")
void ktstr_stopping(u64 *ctx)
{
	struct task_struct *p = (void *)ctx[0];
	struct task_time *time = bpf_task_storage_get(&times, p, NULL, 0);
	u32 weight = BPF_CORE_READ(p, scx.weight);
	u64 ran = BPF_CORE_READ(p, se.sum_exec_runtime);

	if (time && ran > time->ran_before)
		time->vtime += (ran - time->ran_before) * DEFAULT_WEIGHT /
			       (weight ? weight : DEFAULT_WEIGHT);
}

SEC("struct_ops/ktstr_enable")
void ktstr_enable(u64 *ctx)
{
	struct task_struct *p = (void *)ctx[0];
	struct task_time *time = bpf_task_storage_get(&times, p, NULL, 0);

	if (time)
		time->vtime = vtime_now;
}

SEC("struct_ops/ktstr_init_task")
s32 ktstr_init_task(u64 *ctx)
{
	struct task_struct *p = (void *)ctx[0];

	return bpf_task_storage_get(&times, p, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE) ? 0 : -12;
}

/* The loader makes it sleepable: queues are made with memory that may have to be waited for. */
SEC("struct_ops/ktstr_init")
s32 ktstr_init(u64 *ctx)
{
	s32 ret;

	begin_ns = bpf_ktime_get_ns();
	if (switches.bad_prog)
		return *(volatile s32 *)begin_ns;
	if (switches.bad_btf)
		return (s32)BPF_CORE_READ((struct task_struct___elsewhere *)bpf_get_current_task(),
					  ktstr_no_such_member);
	if (switches.refuse)
		return REFUSED;
	ret = scx_bpf_create_dsq(SHARED, -1);
	return ret ? ret : scx_bpf_create_dsq(STARVED, -1);
}

SEC("struct_ops/ktstr_exit")
void ktstr_exit(u64 *ctx)
{
	struct scx_exit_info *info = (void *)ctx[0];

	bpf_probe_read_kernel_str(ended.reason, sizeof(ended.reason), BPF_CORE_READ(info, reason));
	bpf_probe_read_kernel_str(ended.msg, sizeof(ended.msg), BPF_CORE_READ(info, msg));
	bpf_probe_read_kernel_str(ended.dump, sizeof(ended.dump), BPF_CORE_READ(info, dump));
	ended.code = BPF_CORE_READ(info, exit_code);
	/* Last: the loader waits for it. */
	barrier();
	ended.kind = BPF_CORE_READ(info, kind);
}

SEC(".struct_ops")
struct sched_ext_ops scx_ktstr = {
	.select_cpu = (void *)ktstr_select_cpu,
	.enqueue = (void *)ktstr_enqueue,
	.dispatch = (void *)ktstr_dispatch,
	.running = (void *)ktstr_running,
	.stopping = (void *)ktstr_stopping,
	.enable = (void *)ktstr_enable,
	.init_task = (void *)ktstr_init_task,
	.init = (void *)ktstr_init,
	.exit = (void *)ktstr_exit,
	.timeout_ms = 5000,
	.exit_dump_len = SCX_KTSTR_DUMP_SIZE,
	.name = "scx_ktstr",
};
