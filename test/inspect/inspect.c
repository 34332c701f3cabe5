/*
 * What does src/inspect see in a core? For its developers:
 *   inspect CORE [open | symbols | vmcoreinfo | printk | machine | tasks | report | json |
 *		 names <ADDRESSES]
 * LOST=1: as if the vCPUs had no registers. It opens the core twice: the first time also brings in
 * the file's pages.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "inspect/inspect.h"
#include "inspect/machine.h"
#include "inspect/names.h"
#include "inspect/printk.h"
#include "inspect/state.h"
#include "report/inside.h"
#include "test/unit/core_source.h"

static void print_symbols(struct inspect *inspect)
{
	char name[INSPECT_SYMBOL_SIZE];

	for (uint32_t i = 0; i < inspect->symbols.nr; i++) {
		uint64_t address = symbols_get(&inspect->symbols, i, name, sizeof(name));

		printf("%016" PRIx64 " %s\n", address, name);
	}
}

/* From standard input, one hexadecimal number a line. */
static void print_names(struct inspect *inspect)
{
	struct module_symbols *modules = NULL;
	char line[64], name[NAMES_SIZE];
	struct error err = { "" };
	struct btf *btf = NULL;

	if (btf_open(inspect, &btf, &err) || module_symbols_open(inspect, btf, &modules, &err))
		fprintf(stderr, "%s\n", err.text);
	while (fgets(line, sizeof(line), stdin)) {
		names_of(inspect, modules, strtoull(line, NULL, 16), name);
		printf("%s\n", name);
	}
	module_symbols_close(modules);
	btf_close(btf);
}

/* As `dmesg -r` has it. */
static void print_printk(struct inspect *inspect)
{
	struct error err = { "" };
	struct btf *btf = NULL;
	struct printk_log log;

	if (btf_open(inspect, &btf, &err))
		fprintf(stderr, "%s\n", err.text);
	if (printk_read(inspect, btf, SIZE_MAX, &log, &err))
		fprintf(stderr, "%s\n", err.text);
	for (size_t i = 0; i < log.nr; i++) {
		char prefix[PRINTK_PREFIX_SIZE];

		printk_prefix(&log.records[i], prefix);
		printf("<%u>%s%s\n", log.records[i].level, prefix, log.records[i].text);
	}
	fprintf(stderr, "older %" PRIu64 " unfinished %" PRIu64 " broken %" PRIu64 "\n", log.older,
		log.unfinished, log.broken);
	printk_free(&log);
	btf_close(btf);
}

static void print_trace(const struct backtrace *trace)
{
	static const char *const kinds[] = { "regs", "orc", "bp", "?" };
	static const char *const ends[] = { "none", "user", "start", "stopped", "full" };

	for (unsigned int i = 0; i < trace->nr; i++) {
		const struct backtrace_frame *frame = &trace->frames[i];

		printf("  %-4s %-7s %s+%#" PRIx64 "/%#" PRIx64 "%s%s%s\n", kinds[frame->kind],
		       stack_name(frame->stack), *frame->symbol ? frame->symbol : "?",
		       frame->offset, frame->size, *frame->module ? " [" : "", frame->module,
		       *frame->module ? "]" : "");
	}
	printf("  -> %s %s\n", ends[trace->end], trace->why);
}

static void print_task(const struct inspect_task *task)
{
	printf("%s[%d/%d] %c %s policy %u prio %d cpu %d%s\n", task->comm, task->pid, task->tgid,
	       task->letter, task_class_name(task->class), task->policy, task->prio, task->cpu,
	       task->on_cpu ? " (on CPU)" : "");
}

static void print_waiting(const struct waiting *waiting)
{
	static const char *const by[] = { "?", "queued", "last ran" };
	static const char *const dsq[] = { "",	       ", BPF",	     ", local", ", global",
					   ", bypass", ", built-in", ", user" };

	printf("  %s %.3f ms ago%s%s %#" PRIx64 ": ", by[waiting->by],
	       (double)waiting->waited_ns / 1e6, waiting->is_throttled ? ", throttled" : "",
	       dsq[waiting->dsq], waiting->dsq_id);
	print_task(&waiting->task);
}

static void print_cpu(const struct inspect_cpu *cpu)
{
	const struct runqueue *runqueue = &cpu->runqueue;

	printf("CPU %u (vCPU %u) %s%s interrupts %s: %s", cpu->cpu, cpu->vcpu, cpu->why_registers,
	       cpu->is_in_user ? " in user mode" : "", cpu->takes_interrupts ? "on" : "off",
	       cpu->why_task);
	print_task(&cpu->task);
	print_trace(&cpu->trace);
	printf(" %s running %d: fair %d (%u delayed) rt %d deadline %d ext %d (local %d)\n",
	       runqueue->why, (int)runqueue->nr_running, (int)runqueue->nr_fair,
	       runqueue->nr_delayed, (int)runqueue->nr_rt, (int)runqueue->nr_deadline,
	       (int)runqueue->nr_ext, (int)runqueue->nr_local_dsq);
	for (unsigned int i = 0; i < runqueue->nr_waiting; i++)
		print_waiting(&runqueue->waiting[i]);
}

static uint64_t cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void print_machine(struct inspect *inspect)
{
	struct inspect_machine *machine;
	uint64_t start = cpu_ns();
	struct error err = { "" };

	if (inspect_machine_read(inspect, &machine, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return;
	}
	fprintf(stderr, "read in %" PRIu64 " us of CPU time\n", (cpu_ns() - start) / 1000);
	printf("%s\n%s\ntypes: %s\nunwinding: %s\nmodules: %s\nBPF: %s\nwaits: %s\n",
	       machine->release, machine->banner, machine->why_types, machine->why_unwinding,
	       machine->why_modules, machine->why_bpf, machine->why_waits);
	for (unsigned int i = 0; i < machine->nr_cpus; i++)
		print_cpu(&machine->cpus[i]);
	printf("longest:\n");
	for (unsigned int i = 0; i < machine->nr_longest; i++)
		print_waiting(&machine->longest[i]);
	printf("in no queue: %u\n", machine->nr_unqueued_in_all);
	for (unsigned int i = 0; i < machine->nr_unqueued; i++)
		print_waiting(&machine->unqueued[i]);
	printf("%u tasks %s, %u blocked:\n", machine->nr_tasks, machine->why_tasks,
	       machine->nr_blocked_in_all);
	for (unsigned int i = 0; i < machine->nr_blocked; i++) {
		printf("%.3f s: ", (double)machine->blocked[i].not_run_ns / 1e9);
		print_task(&machine->blocked[i].task);
		print_trace(&machine->blocked[i].trace);
	}
	inspect_machine_free(machine);
}

/* All of them, with backtraces: what sysrq t has (test/inspect/against-sysrq). */
static void print_tasks(struct inspect *inspect)
{
	struct module_symbols *modules = NULL;
	char why[INSPECT_WHY_SIZE] = "";
	struct error err = { "" };
	struct unwinder unwinder;
	struct tasks_walk walk;
	struct inspect_task task;
	struct btf *btf = NULL;
	struct tasks tasks;
	uint64_t address;

	if (btf_open(inspect, &btf, &err) || module_symbols_open(inspect, btf, &modules, &err) ||
	    tasks_open(inspect, btf, &tasks, why)) {
		fprintf(stderr, "%s%s\n", err.text, why);
		btf_close(btf);
		return;
	}
	unwinder_open(inspect, btf, modules, &unwinder);
	tasks_begin(&walk, &tasks);
	while (tasks_next(&walk, &address)) {
		struct backtrace trace;

		if (!task_read(&tasks, address, &task))
			continue;
		print_task(&task);
		if (task.on_cpu || backtrace_of_task(&unwinder, address, &trace, &err))
			continue;
		print_trace(&trace);
		backtrace_free(&trace);
	}
	module_symbols_close(modules);
	btf_close(btf);
}

/* @took_ns: of CPU time */
static void print_open(struct inspect *inspect, uint64_t took_ns)
{
	uint64_t kaslr = 0, address;
	bool known = inspect_kaslr_offset(inspect, &kaslr);
	size_t size;

	printf("opened in %" PRIu64 " us of CPU time: _text %#" PRIx64 " at %#" PRIx64
	       ", KASLR %s%#" PRIx64 ", root %#" PRIx64
	       " of %d levels, %u symbols of form %d, VMCOREINFO %s\n",
	       took_ns / 1000, inspect_text_base(inspect), inspect_text_gpa(inspect),
	       known ? "" : "unknown ", kaslr, inspect->root.gpa, inspect->root.five_levels ? 5 : 4,
	       inspect->symbols.nr, inspect->symbols.kallsyms.form,
	       inspect_vmcoreinfo(inspect, &size) ? "there" : "absent");
	for (unsigned int cpu = 0; inspect_per_cpu(inspect, "runqueues", cpu, &address); cpu++)
		printf("runqueues of CPU %u at %#" PRIx64 "\n", cpu, address);
}

/* As a user sees it, on his terminal or in the failure dump. */
static void print_report(struct inspect *inspect, bool as_json)
{
	struct inside inside = { .at_ns = 1 };
	struct error err = { "" };
	struct json json = json_begin();
	size_t size;
	char *text;

	if (inspect_machine_read(inspect, &inside.machine, &err))
		snprintf(inside.why, sizeof(inside.why), "%s", err.text);
	if (printk_read(inspect, NULL, 1 << 20, &inside.log, &err))
		snprintf(inside.why_log, sizeof(inside.why_log), "%s", err.text);
	report_inside_json(&json, &inside);
	text = json_text(json_end(&json), true, &size);
	if (as_json)
		fputs(text ? text : "out of memory", stdout);
	else
		report_inside_text(stdout, &inside, VERDICT_TIMEOUT, -1, 0);
	free(text);
	inside_clear(&inside);
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[2] : "open";
	struct inspect_source source;
	struct error err = { "" };
	struct inspect *inspect = NULL;
	static struct core core;
	uint64_t start;
	size_t size;

	if (argc < 2 || core_open(&core, argv[1], &source))
		return 1;
	core.lost = getenv("LOST");
	for (int i = 0; i < 2; i++) {
		inspect_close(inspect);
		start = cpu_ns();
		if (inspect_open(&source, 60000, &inspect, &err)) {
			fprintf(stderr, "%s: %s\n", argv[1], err.text);
			return 1;
		}
	}
	start = cpu_ns() - start;
	if (strcmp(what, "symbols") == 0)
		print_symbols(inspect);
	else if (strcmp(what, "vmcoreinfo") == 0)
		printf("%s", inspect_vmcoreinfo(inspect, &size));
	else if (strcmp(what, "printk") == 0)
		print_printk(inspect);
	else if (strcmp(what, "machine") == 0)
		print_machine(inspect);
	else if (strcmp(what, "tasks") == 0)
		print_tasks(inspect);
	else if (strcmp(what, "report") == 0 || strcmp(what, "json") == 0)
		print_report(inspect, strcmp(what, "json") == 0);
	else if (strcmp(what, "names") == 0)
		print_names(inspect);
	else
		print_open(inspect, start);
	inspect_close(inspect);
	return 0;
}
