/* Is each variant of a suite run once, from its base, and never more at once than there is room
 * for?
 */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/memory.h"
#include "pin/pin.h"
#include "suite/schedule.h"
#include "variants_sample.h"

#define MOST 12
#define MIB  1000

struct fixture {
	struct variants_sample sample;
	struct bases bases;
	struct suite_limits limits;
	struct schedule_now now;
	struct schedule schedule;
	uint64_t guest_mib; /* what one takes of the host */
	struct schedule_pins pins;
	unsigned int pinned[MOST];
	struct pin_plan plans[MOST];
	bool taken[8], others; /* by CPU; another launcher has them all */
};

/* Two LLCs of two cores of two threads. */
static const struct pin_host host = {
	.cpus = (struct pin_cpu[]){ { 0, 0, 0, 0 },
				    { 1, 0, 0, 0 },
				    { 2, 0, 0, 2 },
				    { 3, 0, 0, 2 },
				    { 4, 0, 4, 4 },
				    { 5, 0, 4, 4 },
				    { 6, 0, 4, 6 },
				    { 7, 0, 4, 6 } },
	.nr_cpus = 8,
	.nodes = (struct pin_node[]){ { .has_memory = true, .has_cpus = true } },
	.nr_nodes = 1,
};

static bool take(void *data, size_t variant)
{
	struct fixture *f = data;
	struct pin_plan *plan = &f->plans[variant];

	assert_true(f->pinned[variant] > 0);
	if (f->others || pin_plan_make(&f->sample.list[variant].plan.topology, MIB, &host, f->taken,
				       plan, NULL)) {
		plan->nr_cpus = 0;
		return false;
	}
	for (size_t i = 0; i < plan->nr_cpus; i++)
		f->taken[plan->cpus[i]] = true;
	return true;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	*state = f;
	if (!f || variants_sample_init(&f->sample))
		return -1;
	f->guest_mib = host_memory_of_guest(MIB, 1);
	f->limits =
		(struct suite_limits){ .cpus = 4, .memory_mib = 100 * MIB, .memory_wait_ms = 500 };
	f->now = (struct schedule_now){ .ms = 1000, .free_mib = 100 * MIB };
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	schedule_destroy(&f->schedule);
	bases_destroy(&f->bases);
	variants_sample_destroy(&f->sample);
	free(f);
	return 0;
}

/* A variant for each letter, its machine; '-' is a test of the host, '.' one that is skipped,
 * '!' one that cannot be run, 'P' one with a core of its own, 'L' with an LLC's two. */
static void plan(struct fixture *f, const char *machines)
{
	for (size_t i = 0; machines[i]; i++) {
		static char images[MOST][2];

		images[i][0] = machines[i];
		f->sample.list[i].plan.topology = (struct topology)TOPOLOGY(1, 1, 1, 1);
		f->sample.list[i].plan.memory_mib = MIB;
		f->sample.list[i].kernel = f->sample.list[i].image = machines[i] == '-' ? NULL
											: images[i];
		f->pinned[i] = 0;
		if (machines[i] == 'P' || machines[i] == 'L') {
			struct plan *machine = &f->sample.list[i].plan;
			struct pin_plan pin;

			machine->topology.parts[0].cores = machines[i] == 'L' ? 2 : 1;
			f->sample.tests[i].pin = true;
			assert_int_equal(
				pin_plan_make(&machine->topology, MIB, &host, NULL, &pin, NULL), 0);
			f->pinned[i] = pin_cpus_taken(&pin, &host);
			f->pins = (struct schedule_pins){ f->pinned, take, f };
		}
		*f->sample.list[i].skip = *f->sample.list[i].fault = '\0';
		if (machines[i] == '.')
			strcpy(f->sample.list[i].skip, "so");
		if (machines[i] == '!')
			strcpy(f->sample.list[i].fault, "no memory for its VM: it needs more");
		f->sample.variants.count = i + 1;
	}
	assert_int_equal(bases_find(&f->sample.variants, &f->sample.options, &f->bases, NULL), 0);
	assert_int_equal(schedule_init(&f->schedule, &f->sample.variants, &f->bases, &f->limits,
				       f->pins.take ? &f->pins : NULL, NULL),
			 0);
}

/*
 * All that is to be done now: "run 0", "fork 1" (of its own base), "make a" by letters of bases,
 * "skip 2", "refuse 3", "drop a".
 */
static const char *steps_up_to(struct fixture *f, unsigned int most)
{
	static const char *const words[] = {
		[SCHEDULE_SKIP] = "skip", [SCHEDULE_REFUSE] = "refuse", [SCHEDULE_RUN] = "run",
		[SCHEDULE_MAKE] = "make", [SCHEDULE_DROP] = "drop",
	};
	static char text[256];
	struct schedule_step step;
	size_t used = 0;

	*text = '\0';
	for (; most; most--) {
		const char *word;

		schedule_next(&f->schedule, &f->now, &step);
		if (step.action == SCHEDULE_WAIT)
			break;
		word = words[step.action];
		if (step.action == SCHEDULE_RUN && step.base != BASE_NONE)
			word = "fork";
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s ",
					 used ? ", " : "", word);
		if (step.action == SCHEDULE_MAKE || step.action == SCHEDULE_DROP)
			text[used++] = (char)('a' + step.base);
		else
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%zu",
						 step.variant);
		text[used] = '\0';
		if (step.action == SCHEDULE_MAKE || step.base != BASE_NONE)
			assert_int_equal(step.action == SCHEDULE_DROP ? step.base
								      : f->bases.of[step.variant],
					 step.base);
		if (step.action == SCHEDULE_REFUSE)
			assert_non_null(strstr(step.reason, "no memory for its VM: it needs"));
	}
	return text;
}

static const char *steps(struct fixture *f)
{
	return steps_up_to(f, UINT_MAX);
}

static const char *one_step(struct fixture *f)
{
	return steps_up_to(f, 1);
}

static void done(struct fixture *f, size_t variant)
{
	for (size_t i = 0; i < f->plans[variant].nr_cpus; i++)
		f->taken[f->plans[variant].cpus[i]] = false;
	assert_int_equal(schedule_done(&f->schedule, variant), BASE_NONE);
}

/* It ends nobody else's run, and no base is made for it. */
static void test_faults(void **state)
{
	struct fixture *f = *state;

	plan(f, "!!a");
	assert_string_equal(steps(f), "refuse 0, refuse 1, run 2");
}

static void test_without_bases(void **state)
{
	struct fixture *f = *state;

	f->sample.options.fresh = true;
	plan(f, "aa.a-aa");
	assert_string_equal(steps(f), "run 0, run 1, skip 2, run 3, run 4");
	assert_string_equal(steps(f), "");
	done(f, 3);
	assert_string_equal(steps(f), "run 5");
	assert_true(schedule_is_pending(&f->schedule, 6));
	done(f, 0);
	assert_string_equal(steps(f), "run 6");
	assert_int_equal(f->schedule.running, 4);
	assert_int_equal(f->schedule.pending, 0);
	for (size_t i = 0; i < 7; i++)
		assert_false(schedule_is_pending(&f->schedule, i));
	for (size_t i = 1; i < 7; i++)
		if (i != 2 && i != 3)
			done(f, i);
	assert_int_equal(f->schedule.running, 0);
	assert_int_equal(f->schedule.booked_cpus, 0);
	assert_int_equal(f->schedule.booked_mib, 0);
}

/* Those of a base wait for it while others start; the last one's end is the base's. */
static void test_from_a_base(void **state)
{
	struct fixture *f = *state;

	plan(f, "axab-a");
	assert_string_equal(steps(f), "make a, run 1, run 3, run 4");
	done(f, 3);
	assert_string_equal(steps(f), "");
	schedule_made(&f->schedule, 0, 150);
	assert_string_equal(steps(f), "fork 0, fork 2");
	done(f, 0);
	assert_string_equal(steps(f), "fork 5");
	assert_int_equal(f->schedule.held_mib, 150);
	done(f, 5);
	assert_int_equal(schedule_done(&f->schedule, 2), 0);
	assert_int_equal(f->schedule.held_mib, 0);
	done(f, 1);
	done(f, 4);
	assert_int_equal(f->schedule.running, 0);
	assert_int_equal(f->schedule.booked_mib, 0);
}

/* Of many machines no more bases live than there are VMs at once. */
static void test_one_base_after_the_other(void **state)
{
	struct fixture *f = *state;

	f->limits.jobs = 1;
	plan(f, "abcabc");
	for (size_t base = 0; base < 3; base++) {
		char expected[32] = "make a";

		expected[5] = (char)('a' + base);
		assert_string_equal(steps(f), expected);
		schedule_made(&f->schedule, base, 100);
		snprintf(expected, sizeof(expected), "fork %zu", base);
		assert_string_equal(steps(f), expected);
		done(f, base);
		snprintf(expected, sizeof(expected), "fork %zu", base + 3);
		assert_string_equal(steps(f), expected);
		assert_int_equal(schedule_done(&f->schedule, base + 3), base);
	}
	assert_string_equal(steps(f), "");
	assert_int_equal(f->schedule.pending, 0);
}

/* Two sides take turns, and so both bases live. */
static void test_in_order(void **state)
{
	struct fixture *f = *state;

	f->limits.jobs = 1;
	f->limits.in_order = true;
	plan(f, "abba");
	assert_string_equal(steps(f), "make a");
	schedule_made(&f->schedule, 0, 100);
	assert_string_equal(steps(f), "fork 0");
	done(f, 0);
	assert_string_equal(steps(f), "make b");
	schedule_made(&f->schedule, 1, 100);
	for (size_t i = 1; i < 4; i++) {
		char expected[32];

		snprintf(expected, sizeof(expected), "fork %zu", i);
		assert_string_equal(steps(f), expected);
		assert_int_equal(schedule_done(&f->schedule, i), i == 1	  ? BASE_NONE
								 : i == 2 ? 1
									  : 0);
	}
}

/* So they do with room for several: none overtakes one that waits for its base. */
static void test_in_order_at_once(void **state)
{
	struct fixture *f = *state;

	f->limits.jobs = 4;
	f->limits.in_order = true;
	plan(f, "abbaabba");
	assert_string_equal(steps(f), "make a");
	schedule_made(&f->schedule, 0, 100);
	assert_string_equal(steps(f), "fork 0, make b");
	done(f, 0);
	assert_string_equal(steps(f), "");
	schedule_made(&f->schedule, 1, 100);
	assert_string_equal(steps(f), "fork 1, fork 2, fork 3, fork 4");
}

/* Where memory has room for one base: each side forks, the last one too, or both boot. */
static void test_in_order_bases_give_way(void **state)
{
	struct fixture *f = *state;

	f->limits.jobs = 1;
	f->limits.in_order = true;
	plan(f, "abba");
	assert_string_equal(steps(f), "make a");
	schedule_made(&f->schedule, 0, 100);
	assert_string_equal(steps(f), "fork 0");
	done(f, 0);
	assert_string_equal(steps(f), "make b");
	schedule_made(&f->schedule, 1, 100);
	f->now.free_mib = f->guest_mib - 1;
	assert_string_equal(steps(f), "drop a, drop b");
	f->now.free_mib++;
	for (size_t i = 1; i < 4; i++) {
		char expected[32];

		snprintf(expected, sizeof(expected), "run %zu", i);
		assert_string_equal(steps(f), expected);
		done(f, i);
	}
	schedule_destroy(&f->schedule);
	bases_destroy(&f->bases);
	plan(f, "abba");
	assert_string_equal(steps(f), "make a");
	schedule_made(&f->schedule, 0, 100);
	assert_string_equal(steps(f), "fork 0");
	done(f, 0);
	assert_string_equal(steps(f), "make b");
	schedule_made(&f->schedule, 1, 100);
	assert_string_equal(steps(f), "fork 1");
	done(f, 1);
	/* For once. */
	f->now.free_mib = f->guest_mib - 1;
	assert_string_equal(one_step(f), "drop a");
	f->now.free_mib++;
	assert_string_equal(steps(f), "fork 2");
	assert_int_equal(schedule_done(&f->schedule, 2), 1);
	assert_string_equal(steps(f), "make a");
	schedule_made(&f->schedule, 0, 100);
	assert_string_equal(steps(f), "fork 3");
	assert_int_equal(schedule_done(&f->schedule, 3), 0);
}

static void test_a_base_that_cannot_be_made(void **state)
{
	struct fixture *f = *state;

	plan(f, "aaa");
	assert_string_equal(steps(f), "make a");
	schedule_not_made(&f->schedule, 0);
	assert_int_equal(f->schedule.booked_mib, 0);
	assert_string_equal(steps(f), "run 0, run 1, run 2");
	for (size_t i = 0; i < 3; i++)
		done(f, i);
}

/* KVM here cannot fork: no more are tried, and one that comes all the same is as good. */
static void test_none_can_be_made(void **state)
{
	struct fixture *f = *state;

	f->limits.jobs = 2;
	plan(f, "aabbcc");
	assert_string_equal(steps(f), "make a, make b");
	schedule_not_made(&f->schedule, 0);
	schedule_give_up(&f->schedule);
	assert_string_equal(steps(f), "run 0");
	schedule_made(&f->schedule, 1, 0);
	assert_string_equal(steps(f), "run 1");
	done(f, 0);
	assert_string_equal(steps(f), "fork 2");
	done(f, 1);
	assert_string_equal(steps(f), "fork 3");
	done(f, 2);
	assert_string_equal(steps(f), "run 4");
	assert_int_equal(schedule_done(&f->schedule, 3), 1);
	assert_string_equal(steps(f), "run 5");
}

static void test_room(void **state)
{
	struct fixture *f = *state;

	/* CPUs, whatever the memory; but one alone always runs. */
	plan(f, "ww-xx");
	for (size_t i = 0; i < 2; i++)
		f->sample.list[i].plan.topology.parts[0].cores = 8;
	assert_string_equal(steps(f), "make a");
	schedule_made(&f->schedule, 0, 0);
	assert_string_equal(steps(f), "fork 0");
	done(f, 0);
	assert_string_equal(steps(f), "fork 1");
	assert_int_equal(schedule_done(&f->schedule, 1), 0);
	assert_string_equal(steps(f), "run 2, make b");
}

/* So many as the user said, whatever the CPUs. */
static void test_jobs(void **state)
{
	struct fixture *f = *state;

	f->limits.jobs = 6;
	plan(f, "-------aa");
	assert_string_equal(steps(f), "run 0, run 1, run 2, run 3, run 4, run 5");
	done(f, 0);
	assert_string_equal(steps(f), "run 6");
	done(f, 1);
	assert_string_equal(steps(f), "make a");
	done(f, 2);
	assert_string_equal(steps(f), "");
}

/* A guest that becomes a base counts as a whole, then as what it has; so does each of its forks. */
static void test_memory(void **state)
{
	struct fixture *f = *state;

	f->limits.memory_mib = 3 * f->guest_mib + 99;
	plan(f, "aaaxyz");
	assert_string_equal(steps(f), "make a, run 3, run 4");
	done(f, 3);
	schedule_made(&f->schedule, 0, 100);
	assert_string_equal(steps(f), "fork 0");
	done(f, 4);
	assert_string_equal(steps(f), "fork 1");
	done(f, 0);
	assert_string_equal(steps(f), "fork 2");
	done(f, 1);
	assert_string_equal(steps(f), "run 5");
}

/* The host has less than it had: a guest waits beside others for their end, alone for a time. */
static void test_what_is_free_now(void **state)
{
	struct fixture *f = *state;
	struct schedule_step step;

	plan(f, "xyz-");
	f->now.free_mib = f->guest_mib;
	schedule_next(&f->schedule, &f->now, &step);
	assert_int_equal(step.action, SCHEDULE_RUN);
	f->now.free_mib--;
	assert_string_equal(steps(f), "");
	f->now.ms += 10000;
	assert_string_equal(steps(f), "");
	done(f, 0);
	assert_string_equal(steps(f), "");
	f->now.ms += 499;
	assert_string_equal(steps(f), "");
	f->now.free_mib++;
	assert_string_equal(steps(f), "run 1, run 2, run 3");
	for (size_t i = 1; i < 4; i++)
		done(f, i);
}

/* Each waits as long as it may. */
static void test_no_memory(void **state)
{
	struct fixture *f = *state;

	plan(f, "xy-");
	f->now.free_mib = f->guest_mib - 1;
	assert_string_equal(steps(f), "");
	f->now.ms += 500;
	assert_string_equal(steps(f), "refuse 0");
	f->now.ms += 500;
	assert_string_equal(steps(f), "refuse 1, run 2");
}

/* Bases give way: the last one first, and that of the variant itself only when it is alone. */
static void test_bases_give_way(void **state)
{
	struct fixture *f = *state;

	plan(f, "aabbcc");
	assert_string_equal(steps(f), "make a, make b, make c");
	for (size_t base = 0; base < 3; base++)
		schedule_made(&f->schedule, base, 10);
	f->now.free_mib = f->guest_mib - 1;
	assert_string_equal(steps(f), "drop c, drop b, drop a");
	assert_int_equal(f->schedule.held_mib, 0);
	/* It boots now. */
	f->now.free_mib = f->guest_mib;
	assert_string_equal(steps(f), "run 0, run 1, make b, make c");
	done(f, 0);
	done(f, 1);
	schedule_made(&f->schedule, 1, 10);
	assert_string_equal(steps(f), "fork 2, fork 3");
	schedule_made(&f->schedule, 2, 10);
	done(f, 2);
	assert_string_equal(steps(f), "fork 4, fork 5");
	done(f, 4);
	assert_int_equal(schedule_done(&f->schedule, 3), 1);
	assert_int_equal(schedule_done(&f->schedule, 5), 2);
	assert_int_equal(f->schedule.held_mib, 0);
}

/* What is left of a base that was dropped is made anew for two, and boots when it is one. */
static void test_after_a_drop(void **state)
{
	struct fixture *f = *state;

	for (size_t left = 1; left < 3; left++) {
		f->limits.jobs = 2;
		plan(f, left == 1 ? "aabb" : "aabbb");
		assert_string_equal(steps(f), "make a, make b");
		schedule_made(&f->schedule, 1, 10);
		/* Its turn, since those before it wait. */
		assert_string_equal(steps(f), "fork 2");
		schedule_made(&f->schedule, 0, 10);
		done(f, 2);
		f->now.free_mib = f->guest_mib - 1;
		assert_string_equal(steps(f), "drop b, drop a");
		f->now.free_mib++;
		assert_string_equal(steps(f), "run 0, run 1");
		done(f, 0);
		done(f, 1);
		assert_string_equal(steps(f), left == 1 ? "run 3" : "make b");
		schedule_destroy(&f->schedule);
		bases_destroy(&f->bases);
	}
}

/* Rounds of a variant of which enough is known. */
static void test_what_is_not_needed(void **state)
{
	struct fixture *f = *state;

	plan(f, "aaaaaa");
	assert_string_equal(steps(f), "make a");
	schedule_made(&f->schedule, 0, 150);
	assert_string_equal(steps(f), "fork 0, fork 1, fork 2, fork 3");
	assert_int_equal(schedule_drop(&f->schedule, 4), BASE_NONE);
	assert_false(schedule_is_pending(&f->schedule, 4));
	for (size_t i = 0; i < 4; i++)
		done(f, i);
	/* Nobody runs; its last one gives the base back. */
	assert_int_equal(f->schedule.held_mib, 150);
	assert_int_equal(schedule_drop(&f->schedule, 5), 0);
	assert_int_equal(f->schedule.held_mib, 0);
	assert_int_equal(f->schedule.pending, 0);
	assert_string_equal(steps(f), "");
}

/* Each takes whole cores: of four no more than four run, whatever it is that the user said. */
static void test_pinned(void **state)
{
	struct fixture *f = *state;

	f->limits.jobs = MOST;
	plan(f, "PPLPxLy-P");
	/* The LLC's two are not to be had behind two of one core; what is behind it waits as well,
	 * but not who needs nothing of it. */
	assert_string_equal(steps(f), "run 0, run 1, run 2, run 4, run 6, run 7");
	assert_int_equal(f->schedule.pinned, 3);
	assert_string_equal(steps(f), "");
	done(f, 1);
	assert_string_equal(steps(f), "run 3");
	/* It keeps its turn, although there is a core for the one behind it. */
	done(f, 0);
	assert_string_equal(steps(f), "");
	done(f, 2);
	assert_string_equal(steps(f), "run 5, run 8");
	for (size_t i = 3; i < 9; i++)
		done(f, i);
	assert_int_equal(f->schedule.pinned, 0);
	assert_int_equal(f->schedule.booked_cpus, 0);
}

/* Where the host's CPUs are the limit, a vCPU with a core of its own counts as the core. */
static void test_pinned_cores_count(void **state)
{
	struct fixture *f = *state;

	f->limits.cpus = 8;
	plan(f, "PLxyzP");
	assert_string_equal(steps(f), "run 0, run 1, run 2, run 3");
	assert_int_equal(f->schedule.booked_cpus, 2 + 4 + 1 + 1);
	done(f, 2);
	assert_string_equal(steps(f), "run 4");
	done(f, 1);
	assert_string_equal(steps(f), "run 5");
}

/* An order is kept. */
static void test_pinned_in_order(void **state)
{
	struct fixture *f = *state;

	f->limits.jobs = MOST;
	f->limits.in_order = true;
	plan(f, "LLLxP");
	assert_string_equal(steps(f), "run 0, run 1");
	done(f, 0);
	assert_string_equal(steps(f), "run 2, run 3");
	done(f, 1);
	assert_string_equal(steps(f), "run 4");
}

/* One waits for another launcher, in its own process; none of ours waits beside it, or starts
 * until it has ended. */
static void test_pinned_beside_others(void **state)
{
	struct fixture *f = *state;

	f->limits.jobs = MOST;
	f->others = true;
	plan(f, "xPPy");
	assert_string_equal(steps(f), "run 0, run 1, run 3");
	done(f, 0);
	assert_string_equal(steps(f), "");
	f->others = false;
	assert_string_equal(steps(f), "");
	done(f, 1);
	assert_string_equal(steps(f), "run 2");
}

/* Another launcher has a core of each LLC: those who need one core leave the rest to who waits. */
static void test_pinned_small_beside_others(void **state)
{
	struct fixture *f = *state;

	f->limits.jobs = MOST;
	f->taken[0] = f->taken[4] = true;
	plan(f, "LPPx");
	assert_string_equal(steps(f), "run 0, run 3");
	done(f, 3);
	assert_string_equal(steps(f), "");
	done(f, 0);
	assert_string_equal(steps(f), "run 1, run 2");
}

/* Any order of ends: each variant has one turn, and the sums come out at nothing. */
static void test_by_chance(void **state)
{
	struct fixture *f = *state;
	unsigned int seed = 1;

	for (int round = 0; round < 2000; round++) {
		char machines[MOST + 1] = "";
		size_t running[MOST], nr_running = 0, making[MOST], nr_making = 0;
		unsigned int turns[MOST] = { 0 };
		bool live[MOST] = { false };

		for (int i = 0; i < MOST; i++)
			machines[i] = "aabbccd-.e"[rand_r(&seed) % 10];
		f->limits.jobs = (unsigned int)rand_r(&seed) % 4;
		f->limits.in_order = rand_r(&seed) % 2;
		f->now.free_mib = 100 * MIB;
		plan(f, machines);
		for (int turn = 0; f->schedule.pending || f->schedule.running; turn++) {
			struct schedule_step step;

			assert_true(turn < 1000);
			f->now.free_mib = rand_r(&seed) % 4 ? 100 * MIB : 0;
			schedule_next(&f->schedule, &f->now, &step);
			switch (step.action) {
			case SCHEDULE_SKIP:
				assert_int_equal(machines[step.variant], '.');
				turns[step.variant]++;
				continue;
			case SCHEDULE_RUN:
				if (step.base != BASE_NONE)
					assert_true(live[step.base]);
				turns[step.variant]++;
				running[nr_running++] = step.variant;
				continue;
			case SCHEDULE_MAKE:
				assert_false(live[step.base]);
				making[nr_making++] = step.base;
				continue;
			case SCHEDULE_DROP:
				assert_true(live[step.base]);
				live[step.base] = false;
				continue;
			case SCHEDULE_REFUSE:
				turns[step.variant]++;
				continue;
			case SCHEDULE_WAIT:
				break;
			}
			assert_int_equal(f->schedule.running, nr_running + nr_making);
			if (f->limits.jobs)
				assert_true(nr_running + nr_making <= f->limits.jobs);
			f->now.ms += 100;
			if (nr_making && (!nr_running || rand_r(&seed) % 2)) {
				size_t base = making[--nr_making];

				live[base] = rand_r(&seed) % 3;
				if (live[base])
					schedule_made(&f->schedule, base, 10);
				else
					schedule_not_made(&f->schedule, base);
			} else if (nr_running) {
				size_t which = (unsigned int)rand_r(&seed) % nr_running, base;
				size_t variant = running[which];

				running[which] = running[--nr_running];
				base = schedule_done(&f->schedule, variant);
				if (base != BASE_NONE) {
					assert_true(live[base]);
					live[base] = false;
				}
			}
		}
		for (size_t i = 0; i < MOST; i++) {
			assert_int_equal(turns[i], 1);
			assert_false(live[i]);
		}
		assert_int_equal(f->schedule.booked_cpus, 0);
		assert_int_equal(f->schedule.booked_mib, 0);
		assert_int_equal(f->schedule.held_mib, 0);
		schedule_destroy(&f->schedule);
		bases_destroy(&f->bases);
	}
}

#define with_fixture(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_fixture(test_without_bases),
		with_fixture(test_faults),
		with_fixture(test_from_a_base),
		with_fixture(test_in_order),
		with_fixture(test_in_order_at_once),
		with_fixture(test_in_order_bases_give_way),
		with_fixture(test_one_base_after_the_other),
		with_fixture(test_a_base_that_cannot_be_made),
		with_fixture(test_none_can_be_made),
		with_fixture(test_room),
		with_fixture(test_jobs),
		with_fixture(test_memory),
		with_fixture(test_what_is_free_now),
		with_fixture(test_no_memory),
		with_fixture(test_bases_give_way),
		with_fixture(test_after_a_drop),
		with_fixture(test_what_is_not_needed),
		with_fixture(test_pinned),
		with_fixture(test_pinned_cores_count),
		with_fixture(test_pinned_in_order),
		with_fixture(test_pinned_beside_others),
		with_fixture(test_pinned_small_beside_others),
		with_fixture(test_by_chance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
