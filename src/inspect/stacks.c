/* Which stack of the kernel's does an address lie in? See stacks.h. */
#include "inspect/stacks.h"

#include <stddef.h>
#include <string.h>

#include "inspect/inspect.h"
#include "inspect/layout.h"

/* Larger ones are not believed. */
#define MAX_STACK (1u << 20)

static const struct {
	const char *name, *member;
} kinds[NR_STACKS] = {
	[STACK_UNKNOWN] = { "unknown", NULL }, [STACK_TASK] = { "task", NULL },
	[STACK_IRQ] = { "IRQ", NULL },	       [STACK_ENTRY] = { "entry", NULL },
	[STACK_DF] = { "DF", "DF_stack" },     [STACK_NMI] = { "NMI", "NMI_stack" },
	[STACK_DB] = { "DB", "DB_stack" },     [STACK_MCE] = { "MCE", "MCE_stack" },
	[STACK_VC] = { "VC", "VC_stack" },     [STACK_VC2] = { "VC2", "VC2_stack" },
};

/* The first task's stack has symbols at both ends, whose names changed once. */
static uint64_t task_size(struct inspect *inspect)
{
	uint64_t begin, end;

	if (!inspect_symbol(inspect, "init_stack", &begin) ||
	    (!inspect_symbol(inspect, "__end_init_stack", &end) &&
	     !inspect_symbol(inspect, "__end_init_task", &end)))
		return 0;
	return end > begin && end - begin <= MAX_STACK ? end - begin : 0;
}

void stacks_layout_open(struct inspect *inspect, const struct btf *btf,
			struct stacks_layout *layout)
{
	*layout = (struct stacks_layout){ .task_size = task_size(inspect) };
	if (!btf)
		return;
	layout->irq_size = btf_size(btf, "irq_stack");
	layout->entry_size = btf_size(btf, "entry_stack");
	btf_member(btf, "task_struct", "stack", &layout->task_stack);
	btf_member(btf, "pcpu_hot", "hardirq_stack_ptr", &layout->hot_irq);
	btf_member(btf, "tss_struct", "x86_tss.sp0", &layout->tss_sp0);
	for (unsigned int i = 0; i < NR_STACKS; i++)
		if (kinds[i].member)
			btf_member(btf, "cea_exception_stacks", kinds[i].member,
				   &layout->exception[i]);
}

static void set(struct stacks *stacks, enum stack_kind kind, uint64_t begin, uint64_t size)
{
	if (begin && size && size <= MAX_STACK && begin <= UINT64_MAX - size)
		stacks->of[kind] = (struct stack){ begin, begin + size };
}

void stacks_of_task(struct inspect *inspect, const struct stacks_layout *layout, uint64_t task,
		    struct stacks *stacks)
{
	*stacks = (struct stacks){ 0 };
	if (task)
		set(stacks, STACK_TASK, layout_read_or(inspect, task, &layout->task_stack, 0),
		    layout->task_size);
}

void stacks_add_cpu(struct inspect *inspect, const struct stacks_layout *layout, unsigned int cpu,
		    struct stacks *stacks)
{
	uint64_t at, value;

	/* The word below the end, which holds the way back. */
	value = 0;
	if (inspect_per_cpu(inspect, "hardirq_stack_ptr", cpu, &at))
		inspect_read_u64(inspect, at, &value);
	else if (inspect_per_cpu(inspect, "pcpu_hot", cpu, &at))
		value = layout_read_or(inspect, at, &layout->hot_irq, 0);
	if (value > layout->irq_size)
		set(stacks, STACK_IRQ, value + 8 - layout->irq_size, layout->irq_size);
	if (inspect_per_cpu(inspect, "cpu_tss_rw", cpu, &at) &&
	    layout_read(inspect, at, &layout->tss_sp0, &value) && value > layout->entry_size)
		set(stacks, STACK_ENTRY, value - layout->entry_size, layout->entry_size);
	if (!inspect_per_cpu(inspect, "cea_exception_stacks", cpu, &at) ||
	    !inspect_read_u64(inspect, at, &value) || !value)
		return;
	for (unsigned int i = 0; i < NR_STACKS; i++)
		if (layout->exception[i].found)
			set(stacks, i, value + layout->exception[i].offset,
			    layout->exception[i].size);
}

enum stack_kind stacks_find(const struct stacks *stacks, uint64_t address)
{
	for (unsigned int i = STACK_UNKNOWN + 1; i < NR_STACKS; i++)
		if (address >= stacks->of[i].begin && address < stacks->of[i].end)
			return i;
	return STACK_UNKNOWN;
}

const char *stack_name(enum stack_kind kind)
{
	return kind < NR_STACKS ? kinds[kind].name : "unknown";
}
