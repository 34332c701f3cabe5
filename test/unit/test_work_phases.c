/* ktstr-work: do the words of phases become what they say, and what contradicts itself an error? */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../guest/work/check.h"
#include "../../guest/work/crew.h"
#include "../../guest/work/plan.h"

static struct places places;
static struct work_plan plan;
static struct failure failure;

static int make_places(void **state)
{
	(void)state;
	places.nr_cpus = 8;
	for (unsigned int cpu = 0; cpu < 8; cpu++) {
		places.cpus[cpu] = (uint16_t)cpu;
		CPU_SET(cpu, &places.online);
	}
	return 0;
}

static int parse(const char *text)
{
	static char words[1024];
	char *argv[128] = { "w" }, *rest;
	int argc = 1;

	snprintf(words, sizeof(words), "%s", text);
	for (char *word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		argv[argc++] = word;
	failure.text[0] = '\0';
	return work_plan_parse(argc, argv, &places, &plan, &failure);
}

static void good(const char *text)
{
	if (parse(text))
		fail_msg("'%s': %s", text, failure.text);
}

static void bad(const char *part, const char *text)
{
	assert_int_equal(parse(text), -EINVAL);
	if (!strstr(failure.text, part))
		fail_msg("'%s': '%s' does not say '%s'", text, failure.text, part);
}

/* Two phases, of which the second begins with these words. */
static void bad_second(const char *part, const char *words)
{
	char text[512];

	snprintf(text, sizeof(text), "--phase 1s --group a spin --phase 1s %s", words);
	bad(part, text);
}

static const char *cpus_in(uint32_t group, uint32_t phase)
{
	static char text[64];
	cpu_set_t set;

	work_group_allowed(work_plan_in_phase(&plan, group, phase), &places, 0, &set);
	return places_print(&set, text, sizeof(text));
}

static void come_freeze_and_go(void **state)
{
	static const enum work_presence a[] = { GROUP_RUNS, GROUP_FROZEN, GROUP_RUNS, GROUP_RUNS },
					b[] = { GROUP_COMES_LATER, GROUP_RUNS, GROUP_GONE,
						GROUP_GONE };

	(void)state;
	good("--group a spin --phase 2s --phase storm:500ms --freeze a --group b burst --phase 1s "
	     "--stop b --thaw a --phase 1s");
	assert_int_equal(plan.nr_phases, 4);
	assert_int_equal(work_plan_duration(&plan), 4500 * WORK_MS);
	assert_string_equal(plan.phases[1].name, "storm");
	assert_string_equal(plan.phases[2].name, "3");
	for (uint32_t i = 0; i < 4; i++) {
		assert_int_equal(work_plan_presence(&plan, 0, i), a[i]);
		assert_int_equal(work_plan_presence(&plan, 1, i), b[i]);
	}
	good("--for 3s --phase 1s --group a spin --phase 2s");
	/* One that is named is a phase, too. */
	good("--phase only:3s --group a spin");
	assert_int_equal(plan.nr_phases, 1);
	assert_int_equal(work_plan_duration(&plan), 3 * WORK_S);
}

static void change(void **state)
{
	const struct work_group *is;

	(void)state;
	good("--phase 1s --group a --cpus each --nice 3 spin --phase 1s --change a --cpus 2-3 "
	     "--phase 1s --change a --policy fifo:5 --phase 1s --change a --nice 7 --policy other");
	assert_string_equal(cpus_in(0, 0), "0");
	assert_string_equal(cpus_in(0, 1), "2-3");
	assert_string_equal(cpus_in(0, 3), "2-3");
	is = work_plan_in_phase(&plan, 0, 1);
	assert_int_equal(is->sched.nice, 3);
	is = work_plan_in_phase(&plan, 0, 2);
	assert_int_equal(is->sched.policy, POLICY_FIFO);
	assert_int_equal(is->sched.nice, 0);
	is = work_plan_in_phase(&plan, 0, 3);
	assert_int_equal(is->sched.policy, POLICY_OTHER);
	assert_int_equal(is->sched.priority, 0);
	assert_int_equal(is->sched.nice, 7);
}

static void cgroups(void **state)
{
	(void)state;
	good("--phase 1s --group a --cgroup x:weight=3,cpus=0-3 spin --group b --cgroup x --cpus "
	     "2-5 spin --group c spin --phase 1s --change a --cgroup x:cpus=3 "
	     "--phase 1s --change c --cgroup y:max=50% --phase 1s --change c --cgroup x");
	assert_int_equal(plan.nr_cgroups, 2);
	assert_true(plan.cgroups[0].cpu && plan.cgroups[0].cpuset);
	assert_true(plan.cgroups[1].cpu && !plan.cgroups[1].cpuset);
	assert_int_equal(CPU_COUNT(&plan.cgroups[0].first.cpus), 4);
	/* Whoever is in it. */
	assert_string_equal(cpus_in(0, 1), "3");
	assert_string_equal(cpus_in(1, 0), "2-3");
	assert_string_equal(cpus_in(1, 1), "3");
	assert_string_equal(cpus_in(2, 2), "0-7");
	assert_string_equal(cpus_in(2, 3), "3");
	assert_int_equal(work_plan_in_phase(&plan, 0, 1)->cgroup.weight, 3);
	/* A controller that only a later phase needs is enabled before. */
	good("--phase 1s --group a --cgroup x spin --phase 1s --change a --cgroup x:weight=7");
	assert_true(plan.cgroups[0].cpu);
	assert_false(plan.changes[0].moves);
	bad_second("no CPU of its --cpus", "--change a --cpus 1 --cgroup x:cpus=2");
	bad("no CPU of its --cpus", "--phase 1s --group a --cgroup x spin --group b --cgroup x "
				    "--cpus 1 spin --phase 1s --change a --cgroup x:cpus=2");
	bad("in this cgroup already",
	    "--phase 1s --group a --cgroup x spin --phase 1s --change a --cgroup x");
}

static void wrong_words(void **state)
{
	(void)state;
	bad("'--group' is not a duration", "--phase --group a spin");
	bad("needs a value", "--group a spin --phase");
	bad("is not [NAME:]TIME", "--phase 1x:2s --group a spin");
	bad("is not [NAME:]TIME", "--phase abcdefghijklm:2s --group a spin");
	bad("'' is not a duration", "--phase storm: --group a spin");
	bad("'1ms' is not between 10ms", "--phase 1ms --group a spin");
	bad("'x' is there twice", "--phase x:1s --group a spin --phase x:1s");
	bad("5s is not what the phases are together, 2s", "--for 5s --phase 2s --group a spin");
	bad("before the second --phase", "--group a spin --freeze a");
	bad("before the second --phase", "--phase 1s --group a spin --freeze a");
	bad_second("there is no group 'b'", "--freeze b");
	bad_second("'b' comes in this very phase", "--group b spin --stop b");
	bad_second("'a' is not frozen", "--thaw a");
	bad_second("such a change in this phase already", "--freeze a --thaw a --group b spin");
	bad_second("is frozen already", "--freeze a --group b spin --phase 1s --freeze a");
	bad_second("has gone", "--stop a --group b spin --phase 1s --change a --nice 3");
	bad_second("in phase '2' no group runs", "--freeze a");
	bad_second("nothing of it changes", "--change a --phase 1s");
	bad_second("'--tasks': of a group that runs this does not change", "--change a --tasks 3");
	bad_second("'--threads': of a group that runs", "--change a --threads");
	bad_second("'burst': of a group that runs", "--change a burst");
	bad_second("no CPU 9 is online", "--change a --cpus 9");
	bad_second("--nice means nothing", "--change a --policy fifo:1 --nice 3");
	bad_second("belongs to a group", "--freeze a --nice 3");
	bad_second("no kind of load is given", "--group b --phase 1s");
	bad("its kind sets the CPUs",
	    "--phase 1s --group a affinity --phase 1s --change a --cpus 1");
	/* The kernel of an older Linux gives its tasks all CPUs of the cgroup then. */
	bad("its kind sets the CPUs of its tasks itself, and a cgroup's",
	    "--phase 1s --group s --tasks 2 smt --phase 1s --change s --cgroup y:weight=50");
	bad("its kind sets the CPUs of its tasks itself, and a cgroup's",
	    "--phase 1s --group s --tasks 2 --cgroup x smt --phase 1s --change s --cgroup x:cpus=0-3");
	bad("other CPUs of cgroup 'x' would undo what the kind of group 's' sets",
	    "--phase 1s --group a --cgroup x spin --group s --tasks 2 --cgroup x smt --phase 1s "
	    "--change a --cgroup x:cpus=0-3");
	good("--phase 1s --group s --tasks 2 --cgroup x smt --phase 1s --change s --cgroup x:weight=5");
	bad("its kind sets policy", "--phase 1s --group a nice --phase 1s --change a --nice 1");
}

static void check_is(int ret, const char *text, const char *part, uint32_t window)
{
	struct work_check check;

	failure.text[0] = '\0';
	assert_int_equal(check_parse(text, &plan, &places, &check, &failure), ret);
	if (!strstr(failure.text, part))
		fail_msg("'%s' does not say '%s'", failure.text, part);
	if (!ret)
		assert_int_equal(check.window, window);
}

static void checks(void **state)
{
	(void)state;
	good("--phase 1s --group a spin --phase storm:1s --group b spin --phase 1s --freeze b "
	     "--change a --cpus 1");
	check_is(0, "a.share < 5%", "", 0);
	check_is(0, "1/a.share < 5%", "", 1);
	check_is(0, "storm/b.share < 5%", "", 2);
	check_is(-EINVAL, "2/b.share < 5%", "there is no phase '2'", 0);
	check_is(-EINVAL, "1/b.share < 5%", "'b' does not run in that phase", 0);
	check_is(-EINVAL, "3/b.share < 5%", "'b' does not run in that phase", 0);
	check_is(-EINVAL, "/a.share < 5%", "there is no phase ''", 0);
	check_is(-EINVAL, "1/c.share < 5%", "there is no group 'c'", 0);
	check_is(0, "isolated(a)", "", 0);
	check_is(0, "isolated(3/a)", "", 3);
	check_is(-EINVAL, "isolated(storm/a)", "may run on every CPU", 0);
	good("--phase one:1s --group a spin");
	check_is(0, "one/a.share < 5%", "", 0);
}

/*
 * One group's words change where another's tasks may run, at once: while that is being done either
 * is right for both. The cgroup is a folder with one file.
 */
static void others_change_at_the_same_time(void **state)
{
	static struct crew crew = { .plan = &plan, .places = &places };
	char file[sizeof(crew.cgroups.base) + 32], folder[sizeof(crew.cgroups.base) + 4], text[8];
	struct task_stage *stage;
	FILE *cpus;

	(void)state;
	good("--phase 1s --group a --cgroup x spin --group b --cgroup x spin --phase 1s --change a "
	     "--cgroup x:cpus=3");
	assert_int_equal(plan.nr_changes, 2);
	crew.stage = stage = calloc(1, sizeof(*stage) + 2 * sizeof(struct task_record));
	crew.tasks = calloc(2, sizeof(*crew.tasks));
	assert_true(stage && crew.tasks);
	snprintf(crew.cgroups.base, sizeof(crew.cgroups.base), "/tmp/ktstr-unit-XXXXXX");
	assert_non_null(mkdtemp(crew.cgroups.base));
	snprintf(folder, sizeof(folder), "%s/x", crew.cgroups.base);
	snprintf(file, sizeof(file), "%s/cpuset.cpus", folder);
	assert_int_equal(mkdir(folder, 0700), 0);
	cpus = fopen(file, "w+");
	assert_non_null(cpus);
	assert_int_equal(crew_enter_phase(&crew, 1, &failure), 0);
	assert_string_equal(fgets(text, sizeof(text), cpus), "3");
	assert_true(stage->changes[0].from && stage->changes[0].from == stage->changes[1].from);
	assert_true(stage->changes[0].from <= stage->changes[0].to);
	assert_int_equal(stage->changes[0].to, stage->changes[1].to);
	fclose(cpus);
	unlink(file);
	rmdir(folder);
	rmdir(crew.cgroups.base);
	free(crew.tasks);
	free(stage);
}

static void limits(void **state)
{
	char text[1024];
	size_t used = (size_t)snprintf(text, sizeof(text), "--group a spin");

	(void)state;
	for (int i = 0; i < PLAN_MAX_PHASES; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, " --phase 1s");
	good(text);
	snprintf(text + used, sizeof(text) - used, " --phase 1s");
	bad("more than 32 phases", text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(come_freeze_and_go),
		cmocka_unit_test(change),
		cmocka_unit_test(cgroups),
		cmocka_unit_test(wrong_words),
		cmocka_unit_test(checks),
		cmocka_unit_test(others_change_at_the_same_time),
		cmocka_unit_test(limits),
	};

	return cmocka_run_group_tests_name("work phases", tests, make_places, NULL);
}
