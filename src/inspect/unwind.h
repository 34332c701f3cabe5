/*
 * Who called whom? A backtrace of a vCPU from its registers, or of a task that sleeps. By ORC; what
 * it does not know is left by a frame pointer or looked for on the stack, and each frame says
 * which.
 */
#ifndef KTSTR_INSPECT_UNWIND_H
#define KTSTR_INSPECT_UNWIND_H

#include <stdbool.h>
#include <stdint.h>

#include "inspect/layout.h"
#include "inspect/orc.h"
#include "inspect/stacks.h"
#include "inspect/symbols_of_modules.h"

#define BACKTRACE_MAX_FRAMES 64u

struct btf;
struct inspect;
struct inspect_regs;

/* How is it known that the frame is there? The first three are facts; a scan's are guesses. */
enum frame_kind {
	FRAME_REGISTERS, /* a vCPU's registers, or those that an interrupt or exception saved */
	FRAME_ORC,
	FRAME_POINTER, /* code without ORC, such as a BPF program: its frame pointer */
	FRAME_SCAN,    /* a word on the stack that follows a call in the kernel's code */
};

enum frame_place { PLACE_UNKNOWN, PLACE_KERNEL, PLACE_MODULE, PLACE_BPF };

struct backtrace_frame {
	uint64_t address;
	enum frame_kind kind;
	enum stack_kind stack;
	enum frame_place place;
	/* Hostile bytes all of them; "": not known. A name that is too long is cut. */
	char symbol[CODE_NAME_SIZE];
	uint64_t offset, size; /* of the address in the symbol, bytes */
	char module[MODULE_NAME_SIZE];
};

enum backtrace_end {
	BACKTRACE_NONE,	   /* there is none, see why */
	BACKTRACE_USER,	   /* user mode entered the kernel here, or is where the CPU is */
	BACKTRACE_START,   /* a thread's start, or a CPU's */
	BACKTRACE_STOPPED, /* it could not go on, see why */
	BACKTRACE_FULL,	   /* it goes on, but there is no room */
};

struct backtrace {
	struct backtrace_frame *frames; /* from the innermost; NULL: none */
	unsigned int nr;
	enum backtrace_end end;
	char why[INSPECT_WHY_SIZE]; /* why it stopped; "": nothing is wrong with it */
};

struct unwinder {
	struct inspect *inspect;
	const struct module_symbols *modules;
	struct orc orc;
	char orc_why[INSPECT_WHY_SIZE]; /* "": there is one */
	struct stacks_layout stacks;
	uint64_t text[2][2]; /* the kernel's code and its init code: begin, end */
	struct btf_field regs_ip, regs_sp, regs_bp, regs_cs, regs_ax, regs_dx, regs_di, regs_r10,
		regs_r13;
	uint32_t regs_size;
	struct btf_field task_sp, sleep_bp, sleep_ip;
	uint32_t sleep_size;
};

/*
 * unwinder_open - what it takes to make backtraces; nothing to close
 * @btf, @modules: NULL where there are none; both are to be there as long as @unwinder
 * It always works: what is absent makes backtraces worse, and they say so.
 */
void unwinder_open(struct inspect *inspect, const struct btf *btf,
		   const struct module_symbols *modules, struct unwinder *unwinder);

/*
 * backtrace_of_cpu - of a vCPU that stands still
 * @cpu: the kernel's number of it; @task: its task_struct there, 0 if that is not known
 * backtrace_of_task - of a task that is on no CPU
 *
 * Both return 0, or -ENOMEM with a message; @trace is filled then as well, and backtrace_free gives
 * back what is in it.
 */
int backtrace_of_cpu(const struct unwinder *unwinder, const struct inspect_regs *regs,
		     unsigned int cpu, uint64_t task, struct backtrace *trace, struct error *err);
int backtrace_of_task(const struct unwinder *unwinder, uint64_t task, struct backtrace *trace,
		      struct error *err);
void backtrace_free(struct backtrace *trace);

#endif
