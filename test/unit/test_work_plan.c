/* ktstr-work: does the command line become the plan that it says, and what is wrong an error? */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../guest/work/check.h"
#include "../../guest/work/crew.h"
#include "../../guest/work/plan.h"

static struct places places;
static struct work_plan plan;
static struct failure failure;

/* Eight CPUs, 0-3 and 4-7 an LLC and a node each, as from sysfs. */
static int make_places(void **state)
{
	(void)state;
	places.nr_cpus = 8;
	for (unsigned int cpu = 0; cpu < 8; cpu++) {
		places.cpus[cpu] = (uint16_t)cpu;
		places.llc[cpu] = cpu < 4 ? 0 : 4;
		places.node[cpu] = cpu < 4 ? 0 : 1;
		CPU_SET(cpu, &places.online);
	}
	return 0;
}

static int parse(const char *const *words)
{
	int argc = 0;

	while (words[argc])
		argc++;
	failure.text[0] = '\0';
	return work_plan_parse(argc, (char *const *)(uintptr_t)words, &places, &plan, &failure);
}

static void good(const char *const *words)
{
	if (parse(words))
		fail_msg("%s", failure.text);
}

static void bad(const char *part, const char *const *words)
{
	assert_int_equal(parse(words), -EINVAL);
	if (!strstr(failure.text, part))
		fail_msg("'%s' does not say '%s'", failure.text, part);
}

#define GOOD(...)      good((const char *const[]){ "w", __VA_ARGS__, NULL })
#define BAD(part, ...) bad(part, (const char *const[]){ "w", __VA_ARGS__, NULL })

static void all_words(void **state)
{
	const struct work_group *group;

	(void)state;
	GOOD("--for", "2s", "--warmup=1ms", "--seed", "9", "--group", "hog", "--cgroup",
	     "b:weight=50,cpus=0-1,4,max=150%", "--tasks", "16", "spin", "--group", "c",
	     "--threads", "--policy", "rr:7", "--cpus", "llc", "yield", "--check", "c.share<1%");
	assert_int_equal(plan.phases[0].duration_ns, 2 * WORK_S);
	assert_int_equal(plan.nr_groups, 2);
	assert_int_equal(plan.warmup_ns, WORK_MS);
	assert_int_equal(plan.seed, 9);
	assert_int_equal(plan.nr_tasks, 17);
	assert_int_equal(plan.nr_checks, 1);
	group = &plan.groups[0];
	assert_string_equal(group->name, "hog");
	assert_string_equal(group->kind->name, "spin");
	assert_true(group->sched.inherit && !group->threads);
	assert_string_equal(group->cgroup.name, "b");
	assert_int_equal(group->cgroup.weight, 50);
	assert_int_equal(CPU_COUNT(&group->cgroup.cpus), 3);
	assert_true(CPU_ISSET(4, &group->cgroup.cpus));
	assert_int_equal(group->cgroup.max_ns, 150 * WORK_MS);
	assert_int_equal(group->cgroup.period_ns, 100 * WORK_MS);
	group = &plan.groups[1];
	assert_int_equal(group->first_task, 16);
	assert_true(group->threads);
	assert_int_equal(group->sched.policy, POLICY_RR);
	assert_int_equal(group->sched.priority, 7);
	assert_int_equal(group->spread, SPREAD_LLC);
}

static void policies(void **state)
{
	(void)state;
	GOOD("--group", "a", "--policy", "deadline:2ms/10ms/20ms", "spin");
	assert_int_equal(plan.groups[0].sched.runtime, 2 * WORK_MS);
	assert_int_equal(plan.groups[0].sched.deadline, 10 * WORK_MS);
	assert_int_equal(plan.groups[0].sched.period, 20 * WORK_MS);
	GOOD("--group", "a", "--nice", "-20", "--policy", "batch", "spin");
	assert_int_equal(plan.groups[0].sched.nice, -20);
	BAD("'fifo' is none of", "--group", "a", "--policy", "fifo", "spin");
	BAD("'idle:3' is none of", "--group", "a", "--policy", "idle:3", "spin");
	BAD("not between 1 and 99", "--group", "a", "--policy", "fifo:0", "spin");
	BAD("not deadline:RUNTIME", "--group", "a", "--policy", "deadline:2ms", "spin");
	BAD("DEADLINE: '1ms' is not between 2ms", "--group", "a", "--policy",
	    "deadline:2ms/1ms/5ms", "spin");
	BAD("--nice means nothing", "--group", "a", "--nice", "3", "--policy", "fifo:3", "spin");
	BAD("(-20 to 19)", "--group", "a", "--nice", "20", "spin");
	BAD("(-20 to 19)", "--group", "a", "--nice", "-21", "spin");
}

static void wrong_words(void **state)
{
	(void)state;
	BAD("no load", "--for", "1s");
	BAD("no kind of load is given", "--group", "a");
	BAD("no kind of load is given", "--group", "a", "--group", "b", "spin");
	BAD("is there twice", "--group", "a", "spin", "--group", "a", "spin");
	BAD("'1x': a name is", "--group", "1x", "spin");
	BAD("'sprin' is no kind of load; there are: spin", "--group", "a", "sprin");
	BAD("'x=3' is no parameter of kind 'spin'", "--group", "a", "spin", "x=3");
	BAD("belongs to a group", "spin");
	BAD("belongs to a group", "--tasks", "3");
	BAD("belongs to a group", "--threads");
	BAD("'--frob': not known", "--frob");
	BAD("needs a value", "--for");
	BAD("between 10ms", "--for", "1us");
	BAD("between 1 and 65536", "--group", "a", "--tasks", "0", "spin");
	BAD("more than 65536 tasks", "--group", "a", "--tasks", "65536", "spin", "--group", "b",
	    "spin");
	BAD("no CPU 8 is online here; there are 0-7", "--group", "a", "--cpus", "7-8", "spin");
	BAD("neither a list", "--group", "a", "--cpus", "every", "spin");
	BAD("not an ascending list", "--group", "a", "--cpus", "3-1", "spin");
}

static void cgroups(void **state)
{
	(void)state;
	BAD("weight: '0' is not between 1 and 10000", "--group", "a", "--cgroup", "x:weight=0",
	    "spin");
	BAD("weight: '10001'", "--group", "a", "--cgroup", "x:weight=10001", "spin");
	BAD("'wight=3' is none of", "--group", "a", "--cgroup", "x:wight=3", "spin");
	BAD("a name is", "--group", "a", "--cgroup", "../x", "spin");
	BAD("no CPU 9", "--group", "a", "--cgroup", "x:weight=3,cpus=1,9", "spin");
	BAD("no CPU of its --cpus", "--group", "a", "--cpus", "1", "--cgroup", "x:cpus=2", "spin");
	BAD("described twice", "--group", "a", "--cgroup", "x:weight=3", "spin", "--group", "b",
	    "--cgroup", "x:weight=3", "spin");
	GOOD("--group", "a", "--cgroup", "x:weight=3", "spin", "--group", "b", "--cgroup", "x",
	     "spin");
	assert_int_equal(plan.groups[1].cgroup.weight, 3);
	/* Said twice, the last one counts. */
	GOOD("--group", "a", "--cgroup", "x:weight=3,cpus=1", "--cgroup", "y", "spin");
	assert_string_equal(plan.groups[0].cgroup.name, "y");
	assert_true(!plan.groups[0].cgroup.weight && !plan.groups[0].cgroup.has_cpus);
	GOOD("--group", "a", "--cgroup", "x:max=20ms/50ms", "spin");
	assert_int_equal(plan.groups[0].cgroup.period_ns, 50 * WORK_MS);
}

static const char *allowed(uint32_t index)
{
	static char text[64];
	cpu_set_t set;

	work_group_allowed(&plan.groups[0], &places, index, &set);
	return places_print(&set, text, sizeof(text));
}

static void where_tasks_may_run(void **state)
{
	char first[64];

	(void)state;
	GOOD("--group", "a", "--tasks", "9", "--cpus", "each", "spin");
	assert_string_equal(allowed(0), "0");
	assert_string_equal(allowed(8), "0");
	GOOD("--group", "a", "--cpus", "llc", "spin");
	assert_string_equal(allowed(1), "4-7");
	GOOD("--group", "a", "--cpus", "node", "--cgroup", "x:cpus=1-5", "spin");
	assert_string_equal(allowed(0), "1-3");
	assert_string_equal(allowed(1), "4-5");
	GOOD("--group", "a", "--cpus", "random", "--seed", "3", "spin");
	snprintf(first, sizeof(first), "%s", allowed(0));
	GOOD("--group", "a", "--cpus", "random", "--seed", "3", "spin");
	assert_string_equal(allowed(0), first);
}

static void task_names(void **state)
{
	struct work_group group = { .name = "a-group-of-a-long-name" };
	char name[16];

	(void)state;
	crew_task_name(&group, 7, name);
	assert_string_equal(name, "a-group-of-a-/7");
	crew_task_name(&group, 65535, name);
	assert_string_equal(name, "a-group-o/65535");
}

static struct work_check check;

static void check_is(int ret, const char *text, const char *part)
{
	failure.text[0] = '\0';
	assert_int_equal(check_parse(text, &plan, &places, &check, &failure), ret);
	if (!strstr(failure.text, part))
		fail_msg("'%s' does not say '%s'", failure.text, part);
}

static void checks(void **state)
{
	(void)state;
	GOOD("--group", "a", "--tasks", "2", "spin", "--group", "b", "--cpus", "1", "spin");
	check_is(0, "a.share_spread <= 15%", "");
	assert_int_equal(check.op, CHECK_AT_MOST);
	assert_true(check.limit == 1500);
	check_is(0, "b.max_gap<200ms", "");
	assert_int_equal(check.group, 1);
	check_is(0, "isolated(b)", "");
	check_is(-EINVAL, "isolated(a)", "may run on every CPU");
	check_is(-EINVAL, "isolated(b", "is not isolated(GROUP)");
	check_is(-EINVAL, "isolated(c)", "no group 'c'");
	check_is(-EINVAL, "", "is not [PHASE/]GROUP.METRIC");
	check_is(-EINVAL, "a", "is not [PHASE/]GROUP.METRIC");
	check_is(-EINVAL, "c.share < 5%", "no group 'c'");
	check_is(-EINVAL, "a.shore < 5%", "'shore' is no metric; there are: share");
	check_is(-EINVAL, "a.share = 5%", "one of < <= > >=");
	check_is(-EINVAL, "a.share < 5", "not a percentage");
	check_is(-EINVAL, "a.max_gap < 5", "not a duration");
	check_is(-EINVAL, "a.max_gap < 10ns", "below what max_gap can tell apart, 1 us");
	check_is(-EINVAL, "a.wake_p99 < 5ms", "'spin' never sleeps");
	check_is(-EINVAL, "b.share_spread < 5%", "group 'b' has 1");
	check_is(-EINVAL, "b.numa_local > 5%", "works on no memory of its own");
	GOOD("--group", "a", "touch");
	places.nr_nodes = 1;
	check_is(-EINVAL, "a.numa_local > 5%", "there is one NUMA node here");
	places.nr_nodes = 2;
	check_is(0, "a.numa_local > 5%", "");
	GOOD("--group", "a", "--tasks", "2", "spin", "--group", "b", "--cpus", "1", "spin");
	check_is(0, "b.migrations <= 0", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_words),
		cmocka_unit_test(policies),
		cmocka_unit_test(wrong_words),
		cmocka_unit_test(cgroups),
		cmocka_unit_test(where_tasks_may_run),
		cmocka_unit_test(task_names),
		cmocka_unit_test(checks),
	};

	return cmocka_run_group_tests_name("work plan", tests, make_places, NULL);
}
