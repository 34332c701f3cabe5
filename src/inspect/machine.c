/* What does a stopped guest show, in one look? See machine.h. */
#include "inspect/machine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/btf.h"
#include "inspect/inspect.h"
#include "inspect/machine_means.h"

/* RFLAGS.IF (Intel SDM vol. 1, 3.4.3) */
#define RFLAGS_IF (1u << 9)

static int open_means(struct machine_means *means, struct inspect_machine *machine,
		      struct error *err)
{
	struct error types = { "" };
	int ret = btf_open(means->inspect, &means->btf, &types);

	if (ret == -ENOMEM)
		return error_set(err, ret, "%s", types.text);
	machine_copy_why(machine->why_types, types.text);
	if (means->btf) {
		ret = module_symbols_open(means->inspect, means->btf, &means->modules, err);
		if (ret)
			return ret;
		machine_copy_why(machine->why_modules,
				 module_symbols_why(means->modules, CODE_MODULE));
		machine_copy_why(machine->why_bpf, module_symbols_why(means->modules, CODE_BPF));
		means->has_tasks =
			!tasks_open(means->inspect, means->btf, &means->tasks, means->why_tasks);
	} else {
		machine_copy_why(machine->why_modules, types.text);
		machine_copy_why(machine->why_bpf, types.text);
		machine_copy_why(means->why_tasks, types.text);
	}
	machine_copy_why(means->why_runqueues, means->why_tasks);
	if (means->has_tasks)
		means->has_runqueues = !runqueues_open(&means->tasks, means->btf, &means->runqueues,
						       means->why_runqueues);
	unwinder_open(means->inspect, means->btf, means->modules, &means->unwinder);
	machine_copy_why(machine->why_unwinding, means->unwinder.orc_why);
	return 0;
}

static void close_means(struct machine_means *means)
{
	module_symbols_close(means->modules);
	btf_close(means->btf);
}

static void read_names(struct machine_means *means, struct inspect_machine *machine)
{
	struct btf_field release;
	uint64_t at;

	if (inspect_symbol(means->inspect, "linux_banner", &at) &&
	    inspect_read_string(means->inspect, at, machine->banner, sizeof(machine->banner)))
		machine->banner[strcspn(machine->banner, "\n")] = 0;
	else
		machine->banner[0] = 0;
	if (means->btf && btf_member(means->btf, "uts_namespace", "name.release", &release) &&
	    inspect_symbol(means->inspect, "init_uts_ns", &at) &&
	    inspect_read_string(means->inspect, at + release.offset, machine->release,
				sizeof(machine->release)))
		return;
	/* "Linux version 6.1.0 (...": */
	machine->release[0] = 0;
	if (sscanf(machine->banner, "Linux version %64s", machine->release) != 1)
		machine->release[0] = 0;
}

/*
 * Which of the kernel's CPUs is each vCPU? In the kernel GS is the CPU's own base. A vCPU of which
 * that does not tell takes the number that it has itself, if no other one has it, or the first that
 * is left.
 */
static void number_cpus(struct inspect *inspect, struct inspect_machine *machine)
{
	const struct inspect_source *source = inspect_source(inspect);
	unsigned int nr = machine->nr_cpus;
	struct inspect_regs regs;
	uint64_t table, base;
	bool *taken = calloc(nr, sizeof(*taken)), *known = calloc(nr, sizeof(*known));

	for (unsigned int i = 0; i < nr; i++)
		machine->cpus[i].cpu = i;
	if (!taken || !known || !inspect_symbol(inspect, "__per_cpu_offset", &table))
		goto out;
	for (unsigned int i = 0; i < nr; i++) {
		if (!source->regs(source->data, i, &regs) || regs.cs & 3 || !regs.gs_base)
			continue;
		for (unsigned int cpu = 0; cpu < nr && !known[i]; cpu++)
			if (!taken[cpu] && inspect_read_u64(inspect, table + 8ull * cpu, &base) &&
			    base == regs.gs_base) {
				machine->cpus[i].cpu = cpu;
				taken[cpu] = known[i] = true;
			}
	}
	for (unsigned int i = 0; i < nr; i++)
		if (!known[i] && !taken[i])
			taken[i] = known[i] = true;
	for (unsigned int i = 0, cpu = 0; i < nr; i++) {
		if (known[i])
			continue;
		while (taken[cpu])
			cpu++;
		taken[cpu] = true;
		machine->cpus[i].cpu = cpu;
	}
out:
	free(taken);
	free(known);
}

static int read_cpu(struct machine_means *means, struct inspect_cpu *cpu, struct error *err)
{
	const struct inspect_source *source = inspect_source(means->inspect);
	struct inspect_regs regs;
	uint64_t task = 0;
	int ret = 0;

	if (!means->has_tasks)
		machine_copy_why(cpu->why_task, means->why_tasks);
	else if (!task_of_cpu(&means->tasks, cpu->cpu, &task))
		snprintf(cpu->why_task, sizeof(cpu->why_task),
			 "which task runs on CPU %u is not readable", cpu->cpu);
	else if (!task_read(&means->tasks, task, &cpu->task))
		snprintf(cpu->why_task, sizeof(cpu->why_task),
			 "the task of CPU %u at 0x%llx is not readable, or damaged", cpu->cpu,
			 (unsigned long long)task);
	else if (cpu->task.cpu >= 0 && (unsigned int)cpu->task.cpu != cpu->cpu)
		snprintf(cpu->why_task, sizeof(cpu->why_task),
			 "CPU %u is not set up, or its memory is damaged: its task says that it is "
			 "on CPU %d",
			 cpu->cpu, cpu->task.cpu);
	if (*cpu->why_task) {
		cpu->task = (struct inspect_task){ 0 };
		task = 0;
	}
	if (source->regs(source->data, cpu->vcpu, &regs)) {
		cpu->rip = regs.rip;
		cpu->is_in_user = regs.cs & 3;
		cpu->takes_interrupts = regs.rflags & RFLAGS_IF;
		ret = backtrace_of_cpu(&means->unwinder, &regs, cpu->cpu, task, &cpu->trace, err);
	} else {
		machine_copy_why(cpu->why_registers,
				 "the vCPU has none to show: it was never started, or "
				 "its state is lost");
	}
	if (ret || !means->has_runqueues) {
		machine_copy_why(cpu->runqueue.why, means->why_runqueues);
		return ret;
	}
	return runqueue_read(&means->runqueues, cpu->cpu, &cpu->runqueue, err);
}

/* The longest first; those of which nothing is known last. */
static void add_longest(struct inspect_machine *machine, const struct waiting *waiting)
{
	unsigned int i = machine->nr_longest;

	if (waiting->by == WAIT_UNKNOWN)
		return;
	while (i > 0 && machine->longest[i - 1].waited_ns < waiting->waited_ns)
		i--;
	if (i == MACHINE_MAX_LONGEST)
		return;
	if (machine->nr_longest < MACHINE_MAX_LONGEST)
		machine->nr_longest++;
	memmove(&machine->longest[i + 1], &machine->longest[i],
		(machine->nr_longest - i - 1) * sizeof(*waiting));
	machine->longest[i] = *waiting;
}

static int read_cpus(struct machine_means *means, struct inspect_machine *machine,
		     struct error *err)
{
	for (unsigned int i = 0; i < machine->nr_cpus; i++) {
		struct inspect_cpu *cpu = &machine->cpus[i];
		int ret;

		cpu->vcpu = i;
		ret = read_cpu(means, cpu, err);
		if (ret)
			return ret;
		for (unsigned int k = 0; k < cpu->runqueue.nr_waiting; k++)
			add_longest(machine, &cpu->runqueue.waiting[k]);
	}
	machine_copy_why(machine->why_waits, !means->has_runqueues	 ? means->why_runqueues
					     : means->runqueues.wait_why ? means->runqueues.wait_why
									 : "");
	return 0;
}

int inspect_machine_read(struct inspect *inspect, struct inspect_machine **out, struct error *err)
{
	struct inspect_machine *machine = calloc(1, sizeof(*machine));
	struct machine_means means = { .inspect = inspect };
	int ret;

	*out = NULL;
	if (machine) {
		machine->nr_cpus = inspect_source(inspect)->nr_vcpus;
		machine->cpus = calloc(machine->nr_cpus + 1, sizeof(*machine->cpus));
	}
	if (!machine || !machine->cpus) {
		free(machine);
		return error_set(err, -ENOMEM, "what the guest shows: out of memory");
	}
	ret = open_means(&means, machine, err);
	if (!ret) {
		read_names(&means, machine);
		number_cpus(inspect, machine);
		ret = read_cpus(&means, machine, err);
	}
	if (!ret)
		ret = machine_read_tasks(&means, machine, err);
	machine->is_out_of_time = inspect_out_of_time(inspect);
	close_means(&means);
	if (ret) {
		inspect_machine_free(machine);
		return ret;
	}
	*out = machine;
	return 0;
}

void inspect_machine_free(struct inspect_machine *machine)
{
	if (!machine)
		return;
	for (unsigned int i = 0; i < machine->nr_cpus; i++) {
		backtrace_free(&machine->cpus[i].trace);
		runqueue_free(&machine->cpus[i].runqueue);
	}
	for (unsigned int i = 0; i < machine->nr_blocked; i++)
		backtrace_free(&machine->blocked[i].trace);
	free(machine->blocked);
	for (unsigned int i = 0; i < machine->nr_sleeping; i++)
		backtrace_free(&machine->sleeping[i].trace);
	free(machine->sleeping);
	free(machine->names);
	free(machine->cpus);
	free(machine);
}
