/*
 * Can the memory of a hostile guest harm the one who looks at its tasks, queues and stacks? The
 * input is what to write over a guest that is right: places and bytes, in its structs, its stacks,
 * its ORC tables, and its vCPUs' registers.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/machine.h"
#include "test/unit/machine_sample.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is printed ends, and no count is larger than what there is room for. */
static void check_trace(const struct backtrace *trace)
{
	if (trace->nr > BACKTRACE_MAX_FRAMES || !memchr(trace->why, 0, sizeof(trace->why)))
		abort();
	for (unsigned int i = 0; i < trace->nr; i++)
		if (!memchr(trace->frames[i].symbol, 0, CODE_NAME_SIZE) ||
		    !memchr(trace->frames[i].module, 0, MODULE_NAME_SIZE))
			abort();
}

static void check_task(const struct inspect_task *task)
{
	if (!memchr(task->comm, 0, sizeof(task->comm)) || task->class >= NR_CLASSES)
		abort();
}

static void check(const struct inspect_machine *machine)
{
	for (unsigned int i = 0; i < machine->nr_cpus; i++) {
		const struct inspect_cpu *cpu = &machine->cpus[i];

		if (cpu->cpu >= machine->nr_cpus || cpu->runqueue.nr_waiting > RUNQUEUE_MAX_WAITING)
			abort();
		check_task(&cpu->task);
		check_trace(&cpu->trace);
		for (unsigned int k = 0; k < cpu->runqueue.nr_waiting; k++)
			check_task(&cpu->runqueue.waiting[k].task);
	}
	if (machine->nr_longest > MACHINE_MAX_LONGEST || machine->nr_blocked > MACHINE_MAX_BLOCKED)
		abort();
	if (machine->nr_unqueued > MACHINE_MAX_LONGEST)
		abort();
	for (unsigned int i = 1; i < machine->nr_longest; i++)
		if (machine->longest[i].waited_ns > machine->longest[i - 1].waited_ns)
			abort();
	for (unsigned int i = 0; i < machine->nr_blocked; i++) {
		check_task(&machine->blocked[i].task);
		check_trace(&machine->blocked[i].trace);
	}
	for (unsigned int i = 0; i < machine->nr_sleeping; i++) {
		check_task(&machine->sleeping[i].task);
		check_trace(&machine->sleeping[i].trace);
	}
}

/* One thing after the other to write: where, how many bytes, the bytes. A guest's own addresses are
 * hard to guess: a flag makes one of the bytes. */
static void damage(struct sample *sample, const uint8_t *data, size_t size)
{
	const struct {
		void *at;
		size_t size;
	} parts[] = {
		/* Without the stacks' far ends, which are most of it and zeroes. */
		{ &sample->mem, offsetof(struct s_memory, stacks) },
		{ &sample->mem, sizeof(sample->mem) },
		{ &sample->orc, sizeof(sample->orc) },
		{ sample->regs, sizeof(sample->regs) },
	};

	while (size >= 4) {
		unsigned int part = data[0] % 4, length = 1 + (data[0] >> 2) % 8;
		bool is_address = data[0] >> 7;
		size_t place = (size_t)(data[1] | data[2] << 8 | data[3] << 16);
		uint64_t value = 0;

		data += 4;
		size -= 4;
		if (length > size)
			length = (unsigned int)size;
		memcpy(&value, data, length);
		data += length;
		size -= length;
		place %= parts[part].size - sizeof(value);
		if (is_address) {
			value = SAMPLE_AT + value % sizeof(sample->mem);
			place &= ~7ull;
			length = sizeof(value);
		}
		memcpy((char *)parts[part].at + place, &value, length);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sample *sample = sample_new();
	struct inspect_machine *machine;

	/* As many reads as a guest takes in its time, and then some. */
	sample->fake.reads_left = 200000;
	damage(sample, data, size);
	if (inspect_machine_read(&sample->fake, &machine, NULL))
		abort();
	check(machine);
	inspect_machine_free(machine);
	sample_free(sample);
	return 0;
}
