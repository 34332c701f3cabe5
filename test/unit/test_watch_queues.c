/*
 * Is a task found that could run and does not, where all CPUs idle or one of them works on and on
 * in the kernel; and nothing where all is well? With a guest in memory, and vCPUs that tell what
 * they are told to.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "machine_sample.h"
#include "run/watch_queues.h"

#define MS 1000000ull

static struct sample *sample;
static struct watch_queues queues;
static struct observation seen;
static struct vmm_sample samples[2];
static uint64_t now, ran;
static unsigned int pauses, resumes, opened, closed;
static void (*on_pause)(void);

/* --- what stands for the machine -------------------------------------------------------------- */

unsigned int vmm_nr_vcpus(const struct vmm *vmm)
{
	(void)vmm;
	return 2;
}

void vmm_last_sample(struct vmm *vmm, unsigned int index, struct vmm_sample *last)
{
	(void)vmm;
	*last = samples[index];
}

int vmm_pause(struct vmm *vmm, struct error *err)
{
	(void)vmm;
	(void)err;
	pauses++;
	if (on_pause)
		on_pause();
	return 0;
}

void vmm_resume(struct vmm *vmm)
{
	(void)vmm;
	resumes++;
}

static bool never(void *data)
{
	assert_ptr_equal(data, sample);
	return false;
}

void vmm_memory_source(struct vmm *vmm, struct inspect_source *source)
{
	(void)vmm;
	*source = sample->fake.source;
	source->is_over = never;
}

int inspect_open(const struct inspect_source *source, unsigned int limit_ms, struct inspect **out,
		 struct error *err)
{
	struct inspect_regs regs;

	(void)limit_ms;
	(void)err;
	/* Those of the ready point, for the one vCPU that had them. */
	assert_true(source->regs(source->data, 0, &regs));
	assert_int_equal(regs.cr3, 0x1000);
	assert_false(source->regs(source->data, 1, &regs));
	/* Asked with what is its own: the source behind it is the machine's. */
	assert_false(source->is_over(source->data));
	opened++;
	*out = &sample->fake;
	return 0;
}

void inspect_close(struct inspect *inspect)
{
	closed += inspect != NULL;
}

void inspect_allow(struct inspect *inspect, unsigned int limit_ms)
{
	(void)inspect;
	(void)limit_ms;
}

/* --- */

static int set_up(void **state)
{
	(void)state;
	sample = sample_new();
	memset(&seen, 0, sizeof(seen));
	memset(samples, 0, sizeof(samples));
	queues = (struct watch_queues){ .stall_ns = 10000 * MS };
	now = 5000 * MS;
	ran = 0;
	pauses = resumes = opened = closed = 0;
	on_pause = NULL;
	sample->regs[0].cs = 0x33;
	sample->regs[0].cr3 = 0x1000;
	watch_queues_ready(&queues, &sample->fake.source);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	watch_queues_destroy(&queues);
	sample_free(sample);
	return 0;
}

/* Task @i could run on CPU @cpu, since @ms ago. */
static struct s_task *wait_on(unsigned int i, unsigned int cpu, uint64_t ms)
{
	struct s_task *task = &sample->mem.tasks[i];

	task->cpu = cpu;
	task->on_rq = 1;
	task->state = 0;
	task->last_queued = sample->mem.cpus[1].rq.clock - ms * MS;
	s_list_add(sample, &sample->mem.cpus[cpu].rq.fair, &task->fair);
	sample->mem.cpus[cpu].rq.nr_running++;
	return task;
}

static void run_on(unsigned int i, unsigned int cpu)
{
	struct s_rq *rq = &sample->mem.cpus[cpu].rq;

	rq->curr = s_at(sample, &sample->mem.tasks[i]);
	sample->mem.tasks[i].cpu = cpu;
	sample->mem.tasks[i].on_cpu = sample->mem.tasks[i].on_rq = 1;
	rq->nr_running++;
}

/* Half a second of the guest's, of which its vCPUs run @run_ms. */
static enum stop_reason step(unsigned int run_ms)
{
	now += 500 * MS;
	ran += run_ms * MS;
	for (unsigned int i = 0; i < 2; i++)
		sample->mem.cpus[i].rq.clock += 500 * MS;
	return watch_queues_look(&queues, (struct vmm *)&queues, now, ran, &seen);
}

/* Returns after how many ms it stopped; 0: it did not. */
static unsigned int pass(unsigned int ms, unsigned int run_ms, enum stop_reason reason)
{
	for (unsigned int passed = 500; passed <= ms; passed += 500) {
		enum stop_reason stop = step(run_ms);

		if (stop != STOP_NONE) {
			assert_int_equal(stop, reason);
			return passed;
		}
	}
	return 0;
}

static void a_task_that_no_idle_cpu_takes_is_found(void **state)
{
	(void)state;
	wait_on(3, 1, 0);
	assert_in_range(pass(20000, 10, STOP_FORGOTTEN), 8000, 9000);
	assert_int_equal(seen.stuck_waiting.task.pid, 103);
	assert_int_equal(seen.stuck_waiting.task.cpu, 1);
	assert_in_range(seen.stuck_ns, 8000 * MS, 9000 * MS);
	assert_int_equal(pauses, 1);
	assert_int_equal(resumes, 1);
	assert_int_equal(opened, 1);
}

/* It was lost when the guest had slept for long. */
static void one_that_is_lost_later_is_found_as_soon(void **state)
{
	(void)state;
	assert_int_equal(pass(30000, 10, STOP_NONE), 0);
	wait_on(3, 1, 0);
	assert_in_range(pass(20000, 10, STOP_FORGOTTEN), 8000, 9000);
}

static void a_guest_that_sleeps_is_never_stopped(void **state)
{
	(void)state;
	assert_int_equal(pass(300000, 10, STOP_NONE), 0);
	assert_int_equal(pauses, 0);
	assert_int_equal(opened, 1);
}

/* And is not even looked at while it works. */
static void a_guest_that_works_is_not_looked_into(void **state)
{
	(void)state;
	wait_on(3, 1, 0);
	assert_int_equal(pass(60000, 200, STOP_NONE), 0);
	assert_int_equal(opened, 0);
}

/* Little is run of it, as it seems: but a CPU has work, and the other's task waits for its turn. */
static void where_a_cpu_runs_a_task_nothing_is_forgotten(void **state)
{
	(void)state;
	run_on(2, 0);
	wait_on(3, 1, 0);
	assert_int_equal(pass(60000, 10, STOP_NONE), 0);
	assert_int_equal(pauses, 0);
}

static void a_quota_that_is_used_up_is_no_stall(void **state)
{
	(void)state;
	wait_on(3, 1, 0);
	sample->mem.cpus[0].rq.cfs.throttle_count = 1;
	assert_int_equal(pass(60000, 10, STOP_NONE), 0);
}

/* The host kept a vCPU waiting: on the guest's clock, without that, it is not long. */
static void a_busy_host_makes_none(void **state)
{
	(void)state;
	assert_int_equal(pass(10000, 10, STOP_NONE), 0);
	wait_on(3, 1, 60000);
	assert_int_equal(pass(1500, 10, STOP_NONE), 0);
	assert_int_equal(pauses, 0);
}

static struct s_task *woken;

/* Just now it is taken. */
static void take(void)
{
	woken->on_cpu = 1;
	sample->mem.cpus[1].rq.nr_running = 0;
}

static void put_back(void)
{
	woken->on_cpu = 0;
	sample->mem.cpus[1].rq.nr_running = 1;
}

/* What is gone when the guest stands still was none, and it is not stopped for it again and again.
 */
static void what_is_not_so_when_it_stands_still_was_none(void **state)
{
	(void)state;
	woken = wait_on(3, 1, 0);
	on_pause = take;
	for (unsigned int i = 0; i < 120; i++) {
		put_back();
		assert_int_equal(step(10), STOP_NONE);
	}
	assert_in_range(pauses, 2, 3);
	assert_int_equal(resumes, pauses);
}

/* Without sched_info it is only known when it ran last, which may be long ago. */
static void since_it_ran_last_it_may_have_slept(void **state)
{
	struct s_task *task;

	(void)state;
	assert_int_equal(pass(10000, 10, STOP_NONE), 0);
	task = wait_on(3, 1, 0);
	task->last_queued = 0;
	task->exec_start = 1000;
	assert_in_range(pass(20000, 10, STOP_FORGOTTEN), 8000, 9000);
	assert_in_range(seen.stuck_ns, 8000 * MS, 9000 * MS);
}

static void begin_spin(void);
static unsigned int spin_for(unsigned int ms);

/* And where a CPU ran a task, it may have been that one. */
static void since_a_cpu_ran_it_may_have_slept(void **state)
{
	struct s_rq *rq = &sample->mem.cpus[0].rq;
	uint64_t idle = rq->curr;
	struct s_task *task = wait_on(3, 1, 0);

	(void)state;
	task->last_queued = 0;
	task->exec_start = 1000;
	for (unsigned int i = 0; i < 10; i++) {
		assert_int_equal(pass(6000, 10, STOP_NONE), 0);
		rq->curr = s_at(sample, &sample->mem.tasks[4]);
		assert_int_equal(step(10), STOP_NONE);
		rq->curr = idle;
	}
	assert_in_range(pass(20000, 10, STOP_FORGOTTEN), 8000, 9000);
}

/* The kernel is to eject the scheduler, which it does when its own watchdog finds that task. */
static void who_is_to_starve_is_not_forgotten(void **state)
{
	static const struct pattern pattern;
	struct s_task *task;

	(void)state;
	seen.scheduler.expected = &pattern;
	task = wait_on(3, 1, 0);
	task->class = SAMPLE_TEXT_END + 8 * CLASS_EXT;
	assert_int_equal(pass(60000, 10, STOP_NONE), 0);
	task->class = SAMPLE_TEXT_END + 8 * CLASS_FAIR;
	assert_int_not_equal(pass(20000, 10, STOP_FORGOTTEN), 0);
}

static void a_small_limit_makes_no_stall_of_a_moment(void **state)
{
	for (int spins = 0; spins < 2; spins++) {
		tear_down(state);
		set_up(state);
		queues.stall_ns = 100 * MS;
		watch_queues_ready(&queues, &sample->fake.source);
		if (spins) {
			begin_spin();
			assert_in_range(spin_for(20000), 3000, 5000);
		} else {
			wait_on(3, 1, 0);
			assert_in_range(pass(20000, 10, STOP_FORGOTTEN), 3000, 5000);
		}
	}
}

static void what_cannot_be_read_stops_nothing(void **state)
{
	(void)state;
	wait_on(3, 1, 0);
	sample->fake.symbols[1].at = SAMPLE_BTF;
	assert_int_equal(pass(60000, 10, STOP_NONE), 0);
	/* Tried at 4 s, 14, 34. */
	assert_int_equal(opened, 3);
	assert_int_equal(closed, 3);
	assert_int_equal(pass(300000, 10, STOP_NONE), 0);
	assert_int_equal(opened, 3);
}

static void without_registers_nothing_is_read(void **state)
{
	(void)state;
	wait_on(3, 1, 0);
	queues.has_regs = false;
	assert_int_equal(pass(60000, 10, STOP_NONE), 0);
	assert_int_equal(opened, 0);
}

/* What it failed for may have been a host that was too slow for a moment. */
static void what_could_not_be_read_once_is_tried_again(void **state)
{
	const uint64_t at = sample->fake.symbols[1].at;

	(void)state;
	wait_on(3, 1, 0);
	sample->fake.symbols[1].at = SAMPLE_BTF;
	assert_int_equal(pass(8000, 10, STOP_NONE), 0);
	assert_int_equal(opened, 1);
	sample->fake.symbols[1].at = at;
	assert_in_range(pass(20000, 10, STOP_FORGOTTEN), 5000, 12000);
	assert_int_equal(opened, 2);
}

/* A guest that sleeps is looked into. When it works again all that this took is given back. */
static void what_was_read_is_given_back(void **state)
{
	(void)state;
	for (unsigned int sleeps = 1; sleeps < 4; sleeps++) {
		assert_int_equal(pass(8000, 10, STOP_NONE), 0);
		assert_int_equal(opened, sleeps);
		assert_int_equal(closed, sleeps - 1);
		assert_int_equal(pass(4000, 900, STOP_NONE), 0);
		assert_int_equal(closed, sleeps);
		assert_null(queues.inspect);
	}
}

/* --- in the kernel on and on ------------------------------------------------------------------ */

/* vCPU 1 runs for half a second more. */
static enum stop_reason spin(bool in_user)
{
	samples[1].nr++;
	samples[1].cpu_ns += 500 * MS;
	samples[1].in_user = in_user;
	samples[1].takes_interrupts = true;
	samples[1].timer++;
	return step(500);
}

static unsigned int spin_for(unsigned int ms)
{
	for (unsigned int passed = 500; passed <= ms; passed += 500)
		if (spin(false) != STOP_NONE)
			return passed;
	return 0;
}

static void begin_spin(void)
{
	run_on(2, 1);
	wait_on(3, 1, 0);
}

static void who_keeps_its_cpu_in_the_kernel_is_found(void **state)
{
	(void)state;
	begin_spin();
	samples[1].rip = 0x4711;
	assert_in_range(spin_for(20000), 8000, 9500);
	assert_int_equal(seen.stuck_vcpu, 1);
	assert_int_equal(seen.stuck_rip, 0x4711);
	assert_int_equal(seen.stuck_rips[OBSERVATION_RIPS - 1], 0x4711);
	assert_int_equal(seen.stuck_task.pid, 102);
	assert_int_equal(seen.stuck_waiting.task.pid, 103);
	assert_in_range(seen.stuck_ns, 6000 * MS, 7000 * MS);
	assert_int_equal(pauses, 1);
	assert_int_equal(resumes, 1);
}

/* A short limit is over before all that was sampled of another task has left. */
static void where_another_task_was_is_of_no_account(void **state)
{
	(void)state;
	queues.stall_ns = 5000 * MS;
	begin_spin();
	samples[1].rip = 0x815;
	assert_int_equal(spin_for(3000), 0);
	sample->mem.cpus[1].rq.nr_switches += 2;
	samples[1].rip = 0x4711;
	assert_in_range(spin_for(10000), 3000, 4000);
	for (unsigned int i = 0; i < OBSERVATION_RIPS; i++)
		assert_true(seen.stuck_rips[i] == (i < 7 ? 0x4711 : 0));
}

/* The vCPU's own run time counts, and an old sample is none. */
static void who_does_not_run_keeps_nothing(void **state)
{
	(void)state;
	begin_spin();
	assert_int_equal(spin_for(6000), 0);
	samples[1].cpu_ns += 60000 * MS;
	assert_int_equal(pass(60000, 500, STOP_NONE), 0);
}

static void any_progress_is_none(void **state)
{
	(void)state;
	for (int sign = 0; sign < 5; sign++) {
		tear_down(state);
		set_up(state);
		begin_spin();
		for (int i = 0; i < 60; i++) {
			switch (i % 7 ? -1 : sign) {
			case 0: /* a switch, and back */
				sample->mem.cpus[1].rq.nr_switches += 2;
				break;
			case 1:
				assert_int_equal(spin(true), STOP_NONE);
				break;
			case 2: /* a slow console */
				samples[1].exits++;
				break;
			case 3:
				sample->mem.cpus[1].rq.curr = s_at(sample, &sample->mem.tasks[4]);
				assert_int_equal(spin(false), STOP_NONE);
				sample->mem.cpus[1].rq.curr = s_at(sample, &sample->mem.tasks[2]);
				break;
			case 4: /* nobody waits */
				sample->mem.cpus[1].rq.nr_running = 1;
				assert_int_equal(spin(false), STOP_NONE);
				sample->mem.cpus[1].rq.nr_running = 2;
				break;
			}
			assert_int_equal(spin(false), STOP_NONE);
		}
		assert_int_equal(pauses, 0);
	}
}

static uint64_t class_at(enum task_class class)
{
	return SAMPLE_TEXT_END + 8 * class;
}

/* A real-time task may keep others waiting; they are not to have its CPU. */
static void who_may_keep_it_is_no_lockup(void **state)
{
	static const struct {
		enum task_class runs, waits;
		int runs_prio, waits_prio;
		bool locked;
	} cases[] = {
		{ CLASS_RT, CLASS_FAIR, 50, 120, false },
		{ CLASS_RT, CLASS_RT, 50, 50, false },
		{ CLASS_RT, CLASS_RT, 50, 49, true },
		{ CLASS_RT, CLASS_STOP, 50, 0, true },
		{ CLASS_FAIR, CLASS_FAIR, 120, 139, true },
		{ CLASS_EXT, CLASS_EXT, 120, 120, false },
		{ CLASS_EXT, CLASS_FAIR, 120, 120, true },
		{ CLASS_UNKNOWN, CLASS_FAIR, 120, 120, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		tear_down(state);
		set_up(state);
		begin_spin();
		sample->mem.tasks[2].class = class_at(cases[i].runs);
		sample->mem.tasks[2].prio = cases[i].runs_prio;
		sample->mem.tasks[3].class = class_at(cases[i].waits);
		sample->mem.tasks[3].prio = cases[i].waits_prio;
		assert_int_equal(spin_for(12000) != 0, cases[i].locked);
		assert_true(pauses && resumes == pauses);
	}
}

/* Who is much heavier has its CPU for long by right, itself or by its group. */
static void who_is_much_heavier_is_no_lockup(void **state)
{
	/* Two groups of the root's, 0: the task is in the root's queue itself. */
	static const struct {
		uint64_t runs, waits, runs_group, waits_group;
		bool locked;
	} cases[] = {
		{ 1024, 1024, 0, 0, true },
		{ 4096, 1024, 0, 0, true },
		{ 88761, 15, 0, 0, false }, /* nice -20, 19 */
		{ 15, 88761, 0, 0, true },
		{ 15, 88761, 10240, 1, false }, /* cpu.weight 10000, 1 */
		{ 88761, 15, 1024, 1024, true },
		{ 88761, 1024, 1024, 0, true },
		{ 15, 1024, 102400, 0, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t weights[2] = { cases[i].runs, cases[i].waits };
		uint64_t groups[2] = { cases[i].runs_group, cases[i].waits_group };

		tear_down(state);
		set_up(state);
		begin_spin();
		for (unsigned int k = 0; k < 2; k++) {
			struct s_task *task = &sample->mem.tasks[2 + k];
			struct s_task *group = &sample->mem.tasks[4 + k];

			task->weight = weights[k];
			if (!groups[k])
				continue;
			task->parent = s_at(sample, group);
			task->cfs_rq = s_at(sample, &sample->mem.dsqs[k]);
			group->weight = groups[k];
		}
		assert_int_equal(spin_for(12000) != 0, cases[i].locked);
	}
}

/* By what is not known nobody is judged. */
static void where_weights_are_not_known_is_no_lockup(void **state)
{
	(void)state;
	begin_spin();
	sample->mem.tasks[2].cfs_rq = sample->mem.tasks[3].cfs_rq = 0;
	assert_int_equal(spin_for(20000), 0);
	assert_true(pauses);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(a_task_that_no_idle_cpu_takes_is_found),
		WITH(one_that_is_lost_later_is_found_as_soon),
		WITH(a_guest_that_sleeps_is_never_stopped),
		WITH(a_guest_that_works_is_not_looked_into),
		WITH(where_a_cpu_runs_a_task_nothing_is_forgotten),
		WITH(a_quota_that_is_used_up_is_no_stall),
		WITH(a_busy_host_makes_none),
		WITH(what_is_not_so_when_it_stands_still_was_none),
		WITH(since_it_ran_last_it_may_have_slept),
		WITH(since_a_cpu_ran_it_may_have_slept),
		WITH(who_is_to_starve_is_not_forgotten),
		WITH(a_small_limit_makes_no_stall_of_a_moment),
		WITH(what_cannot_be_read_stops_nothing),
		WITH(without_registers_nothing_is_read),
		WITH(what_could_not_be_read_once_is_tried_again),
		WITH(what_was_read_is_given_back),
		WITH(who_keeps_its_cpu_in_the_kernel_is_found),
		WITH(where_another_task_was_is_of_no_account),
		WITH(who_does_not_run_keeps_nothing),
		WITH(any_progress_is_none),
		WITH(who_may_keep_it_is_no_lockup),
		WITH(who_is_much_heavier_is_no_lockup),
		WITH(where_weights_are_not_known_is_no_lockup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
