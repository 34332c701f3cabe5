/* Who called whom? See unwind.h. Each step goes up one stack or to one that it has not been on, so
 * that it ends whatever the memory says. */
#include "inspect/unwind.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/unwind_walk.h"

/* CR0.PG (Intel SDM vol. 3A, 2.5) */
#define CR0_PG (1u << 31)

static int run(struct walk *walk, struct backtrace *trace, struct error *err)
{
	while (walk_step(walk))
		if (inspect_out_of_time(walk->inspect)) {
			walk_stop(walk, "the time to read this guest is over");
			break;
		}
	if (walk->end == BACKTRACE_STOPPED)
		walk_scan(walk);
	trace->end = walk->end;
	if (!walk->nr)
		return 0;
	trace->frames = malloc(walk->nr * sizeof(*trace->frames));
	if (!trace->frames)
		return error_set(err, -ENOMEM, "backtrace: out of memory");
	memcpy(trace->frames, walk->frames, walk->nr * sizeof(*trace->frames));
	trace->nr = walk->nr;
	return 0;
}

static struct walk begin(const struct unwinder *with, uint64_t task, struct backtrace *trace)
{
	struct walk walk = { .with = with, .inspect = with->inspect, .why = trace->why };

	stacks_of_task(with->inspect, &with->stacks, task, &walk.stacks);
	return walk;
}

int backtrace_of_cpu(const struct unwinder *unwinder, const struct inspect_regs *regs,
		     unsigned int cpu, uint64_t task, struct backtrace *trace, struct error *err)
{
	struct walk walk;

	*trace = (struct backtrace){ .end = BACKTRACE_USER };
	if (!(regs->cr0 & CR0_PG)) {
		trace->end = BACKTRACE_NONE;
		snprintf(trace->why, sizeof(trace->why),
			 "the vCPU has not come as far as the kernel: its paging is off");
		return 0;
	}
	if (regs->cs & 3)
		return 0;
	walk = begin(unwinder, task, trace);
	stacks_add_cpu(unwinder->inspect, &unwinder->stacks, cpu, &walk.stacks);
	walk.ip = regs->rip;
	walk.bp = regs->gpr[INSPECT_RBP];
	walk.live = regs;
	walk.signal = true;
	walk_move_to(&walk, regs->gpr[INSPECT_RSP]);
	walk_add_frame(&walk, walk.ip, FRAME_REGISTERS);
	return run(&walk, trace, err);
}

int backtrace_of_task(const struct unwinder *unwinder, uint64_t task, struct backtrace *trace,
		      struct error *err)
{
	struct inspect *inspect = unwinder->inspect;
	struct walk walk;
	uint64_t sp;

	*trace = (struct backtrace){ .end = BACKTRACE_NONE };
	walk = begin(unwinder, task, trace);
	if (!unwinder->sleep_size) {
		snprintf(trace->why, sizeof(trace->why),
			 "where a sleeping task keeps its registers is not known (no BTF, or one "
			 "without inactive_task_frame)");
		return 0;
	}
	if (!layout_read_or(inspect, task, &unwinder->stacks.task_stack, 1)) {
		snprintf(trace->why, sizeof(trace->why),
			 "the task has ended: its stack was given back");
		return 0;
	}
	if (!layout_read(inspect, task, &unwinder->task_sp, &sp) ||
	    !layout_read(inspect, sp, &unwinder->sleep_ip, &walk.ip) ||
	    !layout_read(inspect, sp, &unwinder->sleep_bp, &walk.bp)) {
		snprintf(trace->why, sizeof(trace->why),
			 "the stack of the task at 0x%llx is not readable", walk_ull(task));
		return 0;
	}
	if (walk.stacks.of[STACK_TASK].end && stacks_find(&walk.stacks, sp) != STACK_TASK) {
		snprintf(trace->why, sizeof(trace->why),
			 "the task's stack pointer 0x%llx is not on its stack", walk_ull(sp));
		return 0;
	}
	walk_move_to(&walk, sp + unwinder->sleep_size);
	walk_add_frame(&walk, walk.ip, FRAME_ORC);
	return run(&walk, trace, err);
}

void backtrace_free(struct backtrace *trace)
{
	free(trace->frames);
	*trace = (struct backtrace){ 0 };
}

#define WANT(type, path, field)                                                                    \
	{                                                                                          \
		type, path, offsetof(struct unwinder, field), true                                 \
	}

static const struct layout_want wants[] = {
	WANT("pt_regs", "ip", regs_ip),
	WANT("pt_regs", "sp", regs_sp),
	WANT("pt_regs", "bp", regs_bp),
	WANT("pt_regs", "cs", regs_cs),
	WANT("pt_regs", "ax", regs_ax),
	WANT("pt_regs", "dx", regs_dx),
	WANT("pt_regs", "di", regs_di),
	WANT("pt_regs", "r10", regs_r10),
	WANT("pt_regs", "r13", regs_r13),
	WANT("task_struct", "thread.sp", task_sp),
	WANT("inactive_task_frame", "bp", sleep_bp),
	WANT("inactive_task_frame", "ret_addr", sleep_ip),
};

void unwinder_open(struct inspect *inspect, const struct btf *btf,
		   const struct module_symbols *modules, struct unwinder *unwinder)
{
	static const char *const ends[2][2] = { { "_stext", "_etext" },
						{ "_sinittext", "_einittext" } };
	struct error err = { "" };

	*unwinder = (struct unwinder){ .inspect = inspect, .modules = modules };
	for (unsigned int i = 0; i < 2; i++)
		if (!inspect_symbol(inspect, ends[i][0], &unwinder->text[i][0]) ||
		    !inspect_symbol(inspect, ends[i][1], &unwinder->text[i][1]))
			unwinder->text[i][0] = unwinder->text[i][1] = 0;
	stacks_layout_open(inspect, btf, &unwinder->stacks);
	if (orc_open(inspect, btf, &unwinder->orc, &err))
		snprintf(unwinder->orc_why, sizeof(unwinder->orc_why), "%.*s",
			 (int)sizeof(unwinder->orc_why) - 1, err.text);
	if (!btf)
		return;
	layout_resolve(btf, wants, sizeof(wants) / sizeof(*wants), unwinder, NULL);
	if (unwinder->regs_ip.found && unwinder->regs_sp.found && unwinder->regs_cs.found)
		unwinder->regs_size = btf_size(btf, "pt_regs");
	if (unwinder->task_sp.found && unwinder->sleep_bp.found && unwinder->sleep_ip.found)
		unwinder->sleep_size = btf_size(btf, "inactive_task_frame");
}
