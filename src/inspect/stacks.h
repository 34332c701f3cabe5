/* Which stack of the kernel's does an address lie in: the task's, the interrupts', an exception's?
 */
#ifndef KTSTR_INSPECT_STACKS_H
#define KTSTR_INSPECT_STACKS_H

#include <stdint.h>

#include "inspect/btf.h"

struct inspect;

enum stack_kind {
	STACK_UNKNOWN,
	STACK_TASK,
	STACK_IRQ,
	STACK_ENTRY, /* where the CPU comes in from user mode */
	STACK_DF,    /* those of the interrupt stack table (IST) */
	STACK_NMI,
	STACK_DB,
	STACK_MCE,
	STACK_VC,
	STACK_VC2,
	NR_STACKS,
};

struct stack {
	uint64_t begin, end; /* both 0: not known */
};

/* Of one CPU and the task on it, by kind. */
struct stacks {
	struct stack of[NR_STACKS];
};

struct stacks_layout {
	uint64_t task_size, irq_size, entry_size; /* bytes; 0: not known */
	struct btf_field task_stack, hot_irq, tss_sp0, exception[NR_STACKS];
};

/* stacks_layout_open - what can be known of this kernel's stacks; @btf: NULL knows nothing */
void stacks_layout_open(struct inspect *inspect, const struct btf *btf,
			struct stacks_layout *layout);

/* stacks_of_task - the stack of the task_struct at @task; 0: of none */
void stacks_of_task(struct inspect *inspect, const struct stacks_layout *layout, uint64_t task,
		    struct stacks *stacks);

/* stacks_add_cpu - and those of CPU @cpu */
void stacks_add_cpu(struct inspect *inspect, const struct stacks_layout *layout, unsigned int cpu,
		    struct stacks *stacks);

/* STACK_UNKNOWN: in none of them. */
enum stack_kind stacks_find(const struct stacks *stacks, uint64_t address);

/* "task", "IRQ", "NMI" and so on. */
const char *stack_name(enum stack_kind kind);

#endif
