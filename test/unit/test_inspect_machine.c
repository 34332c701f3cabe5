/* Is it told what runs, waits and is blocked in a guest, and, of what is damaged, that it is? */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "inspect/machine.h"
#include "machine_sample.h"

static struct inspect_machine *look(struct sample *sample)
{
	struct inspect_machine *machine;
	struct error err = { "" };

	assert_int_equal(inspect_machine_read(&sample->fake, &machine, &err), 0);
	return machine;
}

static uint64_t class_at(enum task_class class)
{
	return SAMPLE_TEXT_END + 8 * class;
}

/* Task @i waits on CPU @cpu since @ms before now, in no queue yet. */
static struct s_task *wait_on(struct sample *sample, unsigned int i, unsigned int cpu, uint64_t ms,
			      enum task_class class)
{
	struct s_task *task = &sample->mem.tasks[i];

	task->cpu = cpu;
	task->on_rq = 1;
	task->state = 0;
	task->class = class_at(class);
	task->last_queued = 10000001000 - ms * 1000000;
	return task;
}

static const struct waiting *waits(const struct runqueue *runqueue, int pid)
{
	for (unsigned int i = 0; i < runqueue->nr_waiting; i++)
		if (runqueue->waiting[i].task.pid == pid)
			return &runqueue->waiting[i];
	return NULL;
}

static void an_idle_guest(void **state)
{
	struct sample *sample = sample_new();
	struct inspect_machine *machine = look(sample);

	(void)state;
	assert_string_equal(machine->release, "9.9.9-sample");
	assert_string_equal(machine->banner, "Linux version 9.9.9-sample (somebody) #1");
	assert_string_equal(machine->why_types, "");
	assert_string_equal(machine->why_unwinding, "");
	assert_string_equal(machine->why_tasks, "");
	assert_string_equal(machine->why_waits, "");
	/* The types have no modules. */
	assert_non_null(strstr(machine->why_modules, "module."));
	assert_non_null(strstr(machine->why_bpf, "bpf_ksym."));
	assert_int_equal(machine->nr_cpus, 2);
	assert_int_equal(machine->nr_tasks, SAMPLE_TASKS - 2);
	assert_int_equal(machine->nr_blocked_in_all, 0);
	assert_int_equal(machine->nr_longest, 0);
	assert_int_equal(machine->nr_unqueued_in_all, 0);
	assert_false(machine->is_out_of_time);
	for (unsigned int i = 0; i < 2; i++) {
		struct inspect_cpu *cpu = &machine->cpus[i];

		assert_int_equal(cpu->vcpu, i);
		assert_int_equal(cpu->cpu, i);
		assert_string_equal(cpu->why_task, "");
		assert_string_equal(cpu->why_registers, "");
		assert_int_equal(cpu->task.class, CLASS_IDLE);
		assert_int_equal(cpu->task.letter, 'R');
		assert_true(cpu->task.is_kernel_thread);
		assert_true(cpu->takes_interrupts);
		assert_int_equal(cpu->trace.end, BACKTRACE_START);
		assert_int_equal(cpu->trace.nr, 2);
		assert_string_equal(cpu->trace.frames[0].symbol, "plain");
		assert_string_equal(cpu->runqueue.why, "");
		assert_true(cpu->runqueue.is_known && cpu->runqueue.is_online);
		assert_int_equal(cpu->runqueue.nr_waiting, 0);
	}
	inspect_machine_free(machine);
	sample_free(sample);
}

static void what_waits(void **state)
{
	struct sample *sample = sample_new();
	struct s_rq *rq = &sample->mem.cpus[0].rq;
	struct inspect_machine *machine;
	const struct runqueue *seen;
	struct s_task *task;

	(void)state;
	/* Fair: one that waits, one that last ran 2 s ago, one that sleeps there, and what runs. */
	task = wait_on(sample, 2, 0, 300, CLASS_FAIR);
	s_list_add(sample, &rq->fair, &task->fair);
	task = wait_on(sample, 3, 0, 0, CLASS_FAIR);
	task->last_queued = 0;
	task->exec_start = 7000000000;
	rq->cfs.throttle_count = 1;
	s_list_add(sample, &rq->fair, &task->fair);
	task = wait_on(sample, 4, 0, 100, CLASS_FAIR);
	task->delayed = 1;
	s_list_add(sample, &rq->fair, &task->fair);
	/* Real-time, with a priority in the second word of the bitmap. */
	task = wait_on(sample, 5, 0, 20, CLASS_RT);
	s_list_add(sample, &rq->rt.queues[99], &task->rt);
	rq->rt.bitmap[1] = 1ull << 35;
	/* Deadline: a server, which is no task, and a task to the left of it. */
	task = &sample->mem.tasks[6];
	task->dl.flags = 1 << 2;
	rq->dl.root = s_at(sample, &task->dl.parent);
	task->dl.left = s_at(sample, &sample->mem.tasks[7].dl.parent);
	wait_on(sample, 7, 0, 5, CLASS_DEADLINE);
	rq->nr_running = 5;
	rq->cfs.nr = 3;
	rq->rt.nr = 1;
	rq->dl.nr = 1;
	machine = look(sample);
	seen = &machine->cpus[0].runqueue;
	assert_string_equal(seen->why, "");
	assert_int_equal(seen->nr_running, 5);
	assert_int_equal(seen->nr_fair, 3);
	assert_int_equal(seen->nr_rt, 1);
	assert_int_equal(seen->nr_deadline, 1);
	assert_int_equal(seen->nr_ext, 0);
	assert_int_equal(seen->nr_waiting, 4);
	assert_int_equal(seen->nr_delayed, 1);
	assert_int_equal(waits(seen, 102)->by, WAIT_QUEUED);
	assert_int_equal(waits(seen, 102)->waited_ns, 300000000);
	assert_true(waits(seen, 102)->is_throttled);
	assert_int_equal(waits(seen, 103)->by, WAIT_LAST_RAN);
	assert_int_equal(waits(seen, 103)->waited_ns, 2000000000);
	assert_int_equal(waits(seen, 105)->task.class, CLASS_RT);
	assert_int_equal(waits(seen, 107)->task.class, CLASS_DEADLINE);
	assert_false(waits(seen, 107)->is_throttled);
	assert_int_equal(machine->nr_longest, 4);
	assert_int_equal(machine->longest[0].task.pid, 103);
	assert_int_equal(machine->longest[1].task.pid, 102);
	assert_int_equal(machine->longest[2].task.pid, 105);
	assert_int_equal(machine->longest[3].task.pid, 107);
	inspect_machine_free(machine);
	sample_free(sample);
}

static void queues_of_sched_ext(void **state)
{
	static const enum wait_dsq kinds[] = { DSQ_LOCAL, DSQ_GLOBAL, DSQ_USER, DSQ_BUILTIN,
					       DSQ_BPF };
	struct sample *sample = sample_new();
	struct s_rq *rq = &sample->mem.cpus[1].rq;
	struct inspect_machine *machine;

	(void)state;
	sample->mem.dsqs[0] = 1ull << 63 | 2;
	sample->mem.dsqs[1] = 1ull << 63 | 1;
	sample->mem.dsqs[2] = 77;
	sample->mem.dsqs[3] = 1ull << 63 | 9;
	for (unsigned int i = 0; i < 5; i++) {
		struct s_task *task = wait_on(sample, 2 + i, 1, 10 * (i + 1), CLASS_EXT);

		task->dsq = i < 4 ? s_at(sample, &sample->mem.dsqs[i]) : 0;
		s_list_add(sample, &rq->ext.runnable, &task->ext);
	}
	rq->ext.nr = 5;
	rq->ext.local_nr = 1;
	machine = look(sample);
	assert_int_equal(machine->cpus[1].runqueue.nr_waiting, 5);
	assert_int_equal(machine->cpus[1].runqueue.nr_ext, 5);
	assert_int_equal(machine->cpus[1].runqueue.nr_local_dsq, 1);
	for (unsigned int i = 0; i < 5; i++)
		assert_int_equal(machine->cpus[1].runqueue.waiting[i].dsq, kinds[i]);
	assert_int_equal(machine->cpus[1].runqueue.waiting[2].dsq_id, 77);
	inspect_machine_free(machine);
	sample_free(sample);
}

static void what_sleeps_is_user_spaces(void **state)
{
	struct sample *sample = sample_new();
	struct inspect_machine *machine;

	(void)state;
	/* Beside the kernel's own: one that is blocked, and one of init's. */
	for (unsigned int i = 2; i < SAMPLE_TASKS; i++) {
		sample->mem.tasks[i].state = i == 4 ? 2 : 1;
		sample->mem.tasks[i].mm = i == 2 || i == 4 || i == 5;
	}
	sample->mem.tasks[5].tgid = 1;
	machine = look(sample);
	assert_int_equal(machine->nr_sleeping_in_all, 1);
	assert_int_equal(machine->nr_sleeping, 1);
	assert_int_equal(machine->sleeping[0].task.pid, 102);
	assert_int_equal(machine->sleeping[0].trace.end, BACKTRACE_START);
	inspect_machine_free(machine);
	sample_free(sample);
}

static void what_is_blocked(void **state)
{
	struct sample *sample = sample_new();
	struct inspect_machine *machine;
	struct s_task *task = &sample->mem.tasks[3];

	(void)state;
	task->state = 2;
	task->exec_start = 4000000000;
	memcpy(task->comm, "\x1b[2J\n\xff", 7);
	/* A worker without work, a stopped task, one that dies, one that is just about to wait. */
	sample->mem.tasks[4].state = 0x402;
	sample->mem.tasks[5].state = 4;
	sample->mem.tasks[6].exit_state = 0x20;
	sample->mem.tasks[7].state = 2;
	sample->mem.tasks[7].on_cpu = 1;
	/* And a second thread of it. */
	sample->mem.tasks[2].state = 0x102;
	sample->mem.tasks[2].tgid = 103;
	task->tasks.prev = sample->mem.tasks[2].tasks.prev;
	sample->mem.tasks[0].tasks.next = s_at(sample, &task->tasks);
	s_list_add(sample, &sample->mem.threads[3], &sample->mem.tasks[2].thread);
	machine = look(sample);
	assert_string_equal(machine->why_tasks, "");
	assert_int_equal(machine->nr_tasks, SAMPLE_TASKS - 2);
	assert_int_equal(machine->nr_blocked_in_all, 2);
	assert_int_equal(machine->nr_blocked, 2);
	assert_int_equal(machine->blocked[0].task.pid, 103);
	assert_string_equal(machine->blocked[0].task.comm, "\x1b[2J\n\xff");
	assert_true(machine->blocked[0].is_known);
	assert_int_equal(machine->blocked[0].not_run_ns, 5000000000);
	assert_int_equal(machine->blocked[0].trace.end, BACKTRACE_START);
	assert_int_equal(machine->blocked[0].trace.nr, 2);
	assert_int_equal(machine->blocked[1].task.pid, 102);
	assert_false(machine->blocked[1].is_known);
	inspect_machine_free(machine);
	sample_free(sample);
}

/* Runnable, and in no queue: what the kernel has taken out for its quota, or has lost. */
static void what_is_in_no_queue(void **state)
{
	struct sample *sample = sample_new();
	struct inspect_machine *machine;

	(void)state;
	wait_on(sample, 4, 1, 70, CLASS_FAIR);
	s_list_add(sample, &sample->mem.cpus[1].rq.fair, &sample->mem.tasks[4].fair);
	wait_on(sample, 5, 1, 80, CLASS_FAIR);
	/* New, and not yet woken for the first time. */
	sample->mem.tasks[6].state = 0x800;
	machine = look(sample);
	assert_int_equal(machine->nr_unqueued_in_all, 1);
	assert_int_equal(machine->nr_unqueued, 1);
	assert_int_equal(machine->unqueued[0].task.pid, 105);
	assert_int_equal(machine->unqueued[0].by, WAIT_QUEUED);
	assert_int_equal(machine->unqueued[0].waited_ns, 80000000);
	inspect_machine_free(machine);
	/* Where the queue is damaged nothing is said of what is not in it. */
	sample->mem.cpus[1].rq.fair.next = 0;
	machine = look(sample);
	assert_int_equal(machine->nr_unqueued_in_all, 0);
	inspect_machine_free(machine);
	sample_free(sample);
}

/* The stop class has no queue: its one task waits where it could run and does not. */
static void what_waits_of_the_stop_class(void **state)
{
	struct sample *sample = sample_new();
	struct inspect_machine *machine;
	struct s_task *task = wait_on(sample, 5, 1, 90, CLASS_STOP);

	(void)state;
	sample->mem.cpus[1].rq.stop = s_at(sample, task);
	machine = look(sample);
	assert_int_equal(waits(&machine->cpus[1].runqueue, 105)->waited_ns, 90000000);
	assert_int_equal(machine->nr_unqueued_in_all, 0);
	inspect_machine_free(machine);
	/* It sleeps, or runs. */
	task->on_rq = 0;
	task->state = 1;
	machine = look(sample);
	assert_int_equal(machine->cpus[1].runqueue.nr_waiting, 0);
	inspect_machine_free(machine);
	task->on_rq = 1;
	task->state = 0;
	sample->mem.cpus[1].rq.curr = s_at(sample, task);
	machine = look(sample);
	assert_int_equal(machine->cpus[1].runqueue.nr_waiting, 0);
	inspect_machine_free(machine);
	sample_free(sample);
}

/* A vCPU's number need not be the kernel's; one in user mode takes what is left. */
static void vcpus_are_told_by_gs(void **state)
{
	struct sample *sample = sample_new();
	struct inspect_machine *machine;

	(void)state;
	sample->regs[0].gs_base = sample->mem.per_cpu_offset[1];
	sample->regs[1].cs = 0x33;
	machine = look(sample);
	assert_int_equal(machine->cpus[0].cpu, 1);
	assert_int_equal(machine->cpus[1].cpu, 0);
	assert_true(machine->cpus[1].is_in_user);
	assert_int_equal(machine->cpus[1].trace.nr, 0);
	inspect_machine_free(machine);
	/* One that shows nothing. */
	sample->regs[1].cr0 = 0;
	machine = look(sample);
	assert_non_null(strstr(machine->cpus[1].why_registers, "never started"));
	assert_int_equal(machine->cpus[1].trace.end, BACKTRACE_NONE);
	assert_int_equal(machine->cpus[1].task.class, CLASS_IDLE);
	inspect_machine_free(machine);
	sample_free(sample);
}

static void damage_is_told(void **state)
{
	struct sample *sample = sample_new();
	struct s_rq *rq = &sample->mem.cpus[0].rq;
	struct inspect_machine *machine;
	struct s_task *task;

	(void)state;
	/* A circle that never comes back, a name without an end, a queue of something else. */
	task = wait_on(sample, 2, 0, 300, CLASS_FAIR);
	s_list_add(sample, &rq->fair, &task->fair);
	s_list_add(sample, &rq->fair, &sample->mem.tasks[3].fair);
	sample->mem.tasks[3].fair.next = s_at(sample, &task->fair);
	memset(sample->mem.tasks[4].comm, 'x', 16);
	/* A time that is still to come is none. */
	task->last_queued = UINT64_MAX - 1;
	task->exec_start = UINT64_MAX - 1;
	sample->mem.cpus[1].rq.fair.next = 0x1234;
	sample->mem.cpus[1].current = 0x4321;
	machine = look(sample);
	assert_non_null(strstr(machine->cpus[0].runqueue.why, "circle"));
	assert_int_equal(waits(&machine->cpus[0].runqueue, 102)->by, WAIT_UNKNOWN);
	assert_non_null(strstr(machine->cpus[1].runqueue.why, "not readable"));
	assert_non_null(strstr(machine->cpus[1].why_task, "not readable"));
	assert_int_equal(machine->cpus[1].task.pid, 0);
	assert_non_null(strstr(machine->why_tasks, "1 tasks are damaged"));
	assert_int_equal(machine->nr_tasks, SAMPLE_TASKS - 3);
	inspect_machine_free(machine);
	/* What runs on one CPU says that it is on another. */
	sample->mem.cpus[1].current = s_at(sample, &sample->mem.tasks[0]);
	/* A tree that is its own child. */
	rq->dl.root = s_at(sample, &sample->mem.tasks[7].dl.parent);
	sample->mem.tasks[7].dl.left = sample->mem.tasks[7].dl.right = rq->dl.root;
	rq->rt.bitmap[0] = 1;
	rq->rt.queues[0].next = 0;
	sample->mem.tasks[0].tasks.next = 0;
	machine = look(sample);
	assert_non_null(strstr(machine->cpus[1].why_task, "on CPU 0"));
	assert_non_null(strstr(machine->cpus[0].runqueue.why, "deadline"));
	assert_non_null(strstr(machine->why_tasks, "ends early"));
	inspect_machine_free(machine);
	sample_free(sample);
}

static void more_than_there_is_room_for(void **state)
{
	struct sample *sample = sample_new();
	struct inspect_machine *machine;
	struct s_rq *rq = &sample->mem.cpus[0].rq;

	(void)state;
	/* All queues of the rt class lead to one task, which is damage, and bounded. */
	for (unsigned int i = 0; i < 100; i++) {
		rq->rt.queues[i].next = s_at(sample, &sample->mem.tasks[5].rt);
		rq->rt.bitmap[i / 64] |= 1ull << i % 64;
	}
	sample->mem.tasks[5].rt.next = s_at(sample, &rq->rt.queues[99]);
	wait_on(sample, 5, 0, 10, CLASS_RT);
	machine = look(sample);
	assert_true(machine->cpus[0].runqueue.nr_waiting <= RUNQUEUE_MAX_WAITING);
	assert_true(machine->nr_longest == MACHINE_MAX_LONGEST);
	inspect_machine_free(machine);
	sample_free(sample);
}

/* A group that is in itself is as many as are looked into. */
static void more_groups_than_there_is_room_for(void **state)
{
	struct sample *sample = sample_new();
	struct inspect_machine *machine;
	struct s_rq *rq = &sample->mem.cpus[0].rq;

	(void)state;
	sample->mem.tasks[5].rt_group = s_at(sample, &rq->rt);
	s_list_add(sample, &rq->rt.queues[0], &sample->mem.tasks[5].rt);
	rq->rt.bitmap[0] = 1;
	machine = look(sample);
	assert_int_equal(machine->cpus[0].runqueue.nr_waiting, 0);
	assert_non_null(strstr(machine->cpus[0].runqueue.why, "64 groups of the rt class"));
	inspect_machine_free(machine);
	sample_free(sample);
}

/* Its own runtime is used up: it waits for its next period, and is in no tree. */
static void a_deadline_task_that_is_throttled(void **state)
{
	struct sample *sample = sample_new();
	struct inspect_machine *machine;
	struct s_task *task = wait_on(sample, 5, 1, 80, CLASS_DEADLINE);

	(void)state;
	for (int throttled = 0; throttled < 2; throttled++) {
		task->dl.flags = throttled ? 1 << 3 : 0;
		machine = look(sample);
		assert_int_equal(machine->nr_unqueued, 1);
		assert_int_equal(machine->unqueued[0].is_throttled, throttled);
		inspect_machine_free(machine);
	}
	sample_free(sample);
}

static void without_types(void **state)
{
	struct sample *sample = sample_new();
	struct inspect_machine *machine;

	(void)state;
	sample->fake.symbols[1].at = SAMPLE_BTF;
	machine = look(sample);
	assert_non_null(strstr(machine->why_types, "CONFIG_DEBUG_INFO_BTF"));
	assert_non_null(strstr(machine->why_tasks, "BTF"));
	assert_non_null(strstr(machine->why_waits, "BTF"));
	assert_non_null(strstr(machine->cpus[0].why_task, "BTF"));
	assert_non_null(strstr(machine->cpus[0].runqueue.why, "BTF"));
	assert_string_equal(machine->release, "9.9.9-sample");
	/* A vCPU's own backtrace needs none. */
	assert_int_equal(machine->cpus[0].trace.nr, 2);
	assert_int_equal(machine->cpus[0].trace.end, BACKTRACE_START);
	inspect_machine_free(machine);
	sample_free(sample);
}

/* Wherever the time ends: it is said, and nothing is lost or touched that should not be. */
static void the_time_is_over(void **state)
{
	struct sample *sample = sample_new();
	struct inspect_machine *machine;
	unsigned long long most;

	(void)state;
	machine = look(sample);
	most = sample->fake.reads;
	inspect_machine_free(machine);
	for (unsigned long long i = 1; i < most; i += 1 + i / 16) {
		sample->fake.reads = 0;
		sample->fake.reads_left = i;
		machine = look(sample);
		assert_true(machine->is_out_of_time);
		inspect_machine_free(machine);
	}
	sample_free(sample);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_idle_guest),
		cmocka_unit_test(what_waits),
		cmocka_unit_test(queues_of_sched_ext),
		cmocka_unit_test(what_sleeps_is_user_spaces),
		cmocka_unit_test(what_is_blocked),
		cmocka_unit_test(what_is_in_no_queue),
		cmocka_unit_test(what_waits_of_the_stop_class),
		cmocka_unit_test(vcpus_are_told_by_gs),
		cmocka_unit_test(damage_is_told),
		cmocka_unit_test(more_than_there_is_room_for),
		cmocka_unit_test(more_groups_than_there_is_room_for),
		cmocka_unit_test(a_deadline_task_that_is_throttled),
		cmocka_unit_test(without_types),
		cmocka_unit_test(the_time_is_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
