/* ktstr-work: do files of rt-app's become the load that they describe, and is the rest refused by
 * name? */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../guest/work/plan.h"

static struct places places;
static struct work_plan plan;
static struct failure failure;

static int make_places(void **state)
{
	(void)state;
	places.nr_cpus = 2;
	places.cpus[1] = 1;
	CPU_SET(0, &places.online);
	CPU_SET(1, &places.online);
	return 0;
}

static int read_text(const char *text)
{
	plan = (struct work_plan){ .nr_phases = 1 };
	failure.text[0] = '\0';
	return rtapp_read("f", text, strlen(text), &places, &plan, &failure);
}

static void good(const char *text)
{
	if (read_text(text))
		fail_msg("%s", failure.text);
}

static void bad(const char *part, const char *text)
{
	assert_int_equal(read_text(text), -EINVAL);
	if (!strstr(failure.text, part))
		fail_msg("'%s' does not say '%s'", failure.text, part);
}

static void phases(void **state)
{
	const struct rtapp *rtapp = &plan.rtapp;
	const struct work_group *group = plan.groups;

	(void)state;
	good("{ \"global\" : { \"duration\" : 7, \"default_policy\" : \"SCHED_RR\" }, \"tasks\" : {"
	     "\"a\" : { \"instance\" : 3, \"loop\" : 2, \"delay\" : 9, \"phases\" : {"
	     " \"p\" : { \"loop\" : 4, \"run\" : 10, \"sleep\" : 20 },"
	     " \"q\" : { \"runtime0\" : 30, \"timer1\" :"
	     "   { \"ref\" : \"unique\", \"period\" : 40, \"mode\" : \"absolute\" } } } },"
	     "\"b\" : { \"run\" : 1, \"run\" : 2, \"cpus\" : [1], \"policy\" : \"SCHED_OTHER\","
	     "  \"priority\" : -3 } } }");
	assert_int_equal(plan.phases[0].duration_ns, 7 * WORK_S);
	assert_int_equal(plan.nr_groups, 2);
	assert_int_equal(group->nr_tasks, 3);
	assert_int_equal(group->sched.policy, POLICY_RR);
	assert_int_equal(group->sched.priority, 10);
	assert_int_equal(group->rtapp.loops, 2);
	assert_int_equal(group->rtapp.delay_ns, 9000);
	assert_int_equal(group->rtapp.nr_phases, 2);
	assert_int_equal(rtapp->phases[0].loops, 4);
	assert_int_equal(rtapp->phases[1].loops, 1);
	assert_int_equal(rtapp->phases[1].first_step, 2);
	assert_int_equal(rtapp->steps[0].type, STEP_RUN);
	assert_int_equal(rtapp->steps[1].ns, 20000);
	assert_int_equal(rtapp->steps[2].type, STEP_RUNTIME);
	assert_true(rtapp->steps[3].absolute && rtapp->resources[rtapp->steps[3].resource].own);
	group++;
	assert_true(group->rtapp.loops == UINT64_MAX && group->rtapp.nr_phases == 1);
	assert_int_equal(rtapp->phases[2].nr_steps, 2);
	assert_int_equal(group->sched.nice, -3);
	assert_true(CPU_ISSET(1, &group->cpus) && CPU_COUNT(&group->cpus) == 1);
}

static void resources(void **state)
{
	const struct rtapp_step *steps = plan.rtapp.steps;

	(void)state;
	good("{ \"tasks\" : { \"a\" : { \"instance\" : 2, \"lock\" : \"x\", \"wait\" : { \"ref\" : \"x\","
	     " \"mutex\" : \"x\" }, \"unlock\" : \"x\", \"barrier\" : \"g\" },"
	     "\"b\" : { \"signal\" : \"x\", \"broad\" : \"y\", \"barrier\" : \"g\","
	     " \"sync\" : { \"ref\" : \"y\", \"mutex\" : \"z\" }, \"yield\" : \"\","
	     " \"timer\" : { \"ref\" : \"x\", \"period\" : 1 } } } }");
	/* Mutex x, condition x, barrier g, condition y, mutex z, timer x. */
	assert_int_equal(plan.rtapp.nr_resources, 6);
	assert_int_equal(steps[0].resource, steps[2].resource);
	assert_int_equal(steps[1].mutex, steps[0].resource);
	assert_int_not_equal(steps[1].resource, steps[0].resource);
	assert_int_equal(steps[4].resource, steps[1].resource);
	assert_int_equal(plan.rtapp.resources[steps[3].resource].users, 3);
	assert_int_equal(steps[3].resource, steps[6].resource);
	assert_int_equal(steps[8].type, STEP_YIELD);
	assert_false(plan.rtapp.resources[steps[9].resource].own);
}

static void deadline(void **state)
{
	(void)state;
	good("{ \"tasks\" : { \"a\" : { \"policy\" : \"SCHED_DEADLINE\", \"dl-runtime\" : 2000,"
	     " \"dl-period\" : 16000, \"dl-deadline\" : 11000, \"run\" : 1000 } } }");
	assert_int_equal(plan.groups[0].sched.runtime, 2 * WORK_MS);
	assert_int_equal(plan.groups[0].sched.deadline, 11 * WORK_MS);
	assert_int_equal(plan.groups[0].sched.period, 16 * WORK_MS);
	bad("dl-runtime <= dl-deadline",
	    "{ \"tasks\" : { \"a\" : { \"policy\" : \"SCHED_DEADLINE\", \"dl-runtime\" : 2000,"
	    " \"dl-period\" : 1000, \"run\" : 1000 } } }");
	bad("lacks 'dl-runtime'",
	    "{ \"tasks\" : { \"a\" : { \"policy\" : \"SCHED_DEADLINE\", \"run\" : 1000 } } }");
}

/* Shapes of the examples that rt-app comes with. */
static void examples(void **state)
{
	const struct rtapp_step *steps = plan.rtapp.steps;

	(void)state;
	/* Names that are there twice, or alone; tasks with points in their names, which wake
	 * others. */
	good("{ \"tasks\" : {"
	     "\"ui.main\" : { \"priority\" : -8, \"loop\" : -1, \"phases\" : {"
	     " \"p1\" : { \"suspend\", \"run\" : 15, \"resume\" : \"out\", \"run\" : 7, },"
	     " \"p2\" : { \"loop\" : 2, \"suspend\", \"run\" : 3 } }, },"
	     "\"out\" : { \"suspend\" : \"out\", \"run\" : 3, \"sleep\" : 0,"
	     " \"resume\" : \"ui.main\" } },"
	     "\"global\" : { \"duration\" : 6, \"ftrace\" : \"none\", \"frag\" : 1, } }");
	assert_string_equal(plan.groups[0].name, "ui_main");
	/* Of its own name and of the other's a condition and a mutex. */
	assert_int_equal(plan.rtapp.nr_resources, 4);
	assert_int_equal(steps[0].type, STEP_SUSPEND);
	assert_int_equal(steps[2].type, STEP_RESUME);
	assert_int_equal(steps[4].resource, steps[0].resource);
	assert_int_equal(steps[6].resource, steps[2].resource);
	assert_int_equal(steps[9].resource, steps[0].resource);
	assert_int_equal(steps[9].mutex, steps[0].mutex);
	good("{ \"tasks\" : { \"a\" : { \"dl-runtime\" : 10000, \"dl-period\" : 30000,"
	     " \"dl-reclaim\" : true, \"run\" : 1 }, \"b\" : { \"dl-runtime\" : 1000,"
	     " \"dl-reclaim\" : false, \"run\" : 1 } },"
	     "\"global\" : { \"default_policy\" : \"SCHED_DEADLINE\" } }");
	assert_true(plan.groups[0].sched.reclaim && !plan.groups[1].sched.reclaim);
	/* Who signals wakes those that are suspended under that name, and so does a sync; each of
	 * them takes the mutex of that name. */
	good("{ \"resources\" : { \"m\" : { \"type\" : \"mutex\" } }, \"tasks\" : {"
	     "\"drv1\" : { \"suspend\" : \"drv\", \"run\" : 5, \"lock\" : \"drv\", \"sync\" :"
	     " { \"ref\" : \"drv\", \"mutex\" : \"drv\" }, \"unlock\" : \"drv\" },"
	     "\"drv2\" : { \"signal\" : \"drv\", \"resume\" : \"drv\" } } }");
	assert_int_equal(plan.rtapp.nr_resources, 2);
	assert_int_equal(steps[0].mutex, steps[2].resource);
	assert_int_equal(steps[3].resource, steps[0].resource);
	assert_int_equal(steps[5].resource, steps[0].resource);
	assert_int_equal(steps[6].mutex, steps[3].mutex);
	/* An event's name may go on. */
	good("{ \"tasks\" : { \"a\" : { \"runstart\" : 1, \"runtime_b\" : 2, \"run-c\" : 3,"
	     " \"broadcast\" : \"q\", \"timerx\" : { \"ref\" : \"t\", \"period\" : 0 } } } }");
	assert_int_equal(steps[0].type, STEP_RUN);
	assert_int_equal(steps[1].type, STEP_RUNTIME);
	assert_int_equal(steps[2].type, STEP_RUN);
	assert_int_equal(steps[3].type, STEP_BROAD);
	assert_int_equal(steps[4].ns, 0);
}

#define TASK(text) "{ \"tasks\" : { \"a\" : { " text " } } }"

static void refused(void **state)
{
	(void)state;
	bad("'the file' lacks 'tasks'", "{}");
	bad("'the file' is an array", "[]");
	bad("'tasks' is empty", "{ \"tasks\" : {} }");
	bad("'task' of 'the file' is not supported", "{ \"task\" : {} }");
	bad("'a' has no events", TASK(""));
	bad("'mem' of 'a' is not supported", TASK("\"mem\" : 1000"));
	bad("'iorun' of 'a'", TASK("\"iorun\" : 1000"));
	bad("'fork' of 'a'", TASK("\"fork\" : \"b\""));
	bad("'taskgroup' of 'a'", TASK("\"run\" : 1, \"taskgroup\" : \"/x\""));
	bad("'util_min' of 'a'",
	    TASK("\"util_min\" : 1, \"phases\" : { \"p\" : { \"run\" : 1 } }"));
	bad("'cpus' of 'p'", TASK("\"phases\" : { \"p\" : { \"cpus\" : [0], \"run\" : 1 } }"));
	bad("'rum' of 'a'", TASK("\"rum\" : 1"));
	bad("'iorun' of 'a'", TASK("\"run\" : 1, \"iorun\" : 1000, \"mem\" : 1"));
	bad("'run': -1 is no whole number", TASK("\"run\" : -1"));
	bad("'run': 1.5 is no whole number", TASK("\"run\" : 1.5"));
	bad("'run' is a string", TASK("\"run\" : \"1\""));
	bad("'timer' lacks 'period'", TASK("\"timer\" : { \"ref\" : \"t\" }"));
	bad("neither relative nor",
	    TASK("\"timer\" : { \"ref\" : \"t\", \"period\" : 1, \"mode\" : \"x\" }"));
	bad("'instance': 0 is no", TASK("\"instance\" : 0, \"run\" : 1"));
	bad("policy 'SCHED_EXT'", TASK("\"run\" : 1, \"policy\" : \"SCHED_EXT\""));
	bad("no CPU 7 is online", TASK("\"run\" : 1, \"cpus\" : [7]"));
	bad("'cpus' of 'a' is empty", TASK("\"run\" : 1, \"cpus\" : []"));
	bad("the task's name 'a b'", "{ \"tasks\" : { \"a b\" : { \"run\" : 1 } } }");
	bad("two groups 'a'",
	    "{ \"tasks\" : { \"a\" : { \"run\" : 1 }, \"a\" : { \"run\" : 1 } } }");
	bad("line 2: 'pi_enabled'", "{ \"tasks\" : {},\n\"global\" : { \"pi_enabled\" : true } }");
	bad("'frog' of 'global'", "{ \"tasks\" : {}, \"global\" : { \"frog\" : 1 } }");
	bad("'dl-runtime' of 'a' is supported of SCHED_DEADLINE alone",
	    TASK("\"policy\" : \"SCHED_OTHER\", \"dl-runtime\" : 100000, \"run\" : 1"));
	bad("'dl-reclaim' is a number",
	    TASK("\"policy\" : \"SCHED_DEADLINE\", \"dl-runtime\" : 100, \"dl-reclaim\" : 1, \"run\" : 1"));
	bad("'resume' is null", TASK("\"resume\", \"run\" : 1"));
	/* Of files for an older rt-app, and of what it loads. */
	bad("'target' of 'trig'",
	    "{ \"tasks\" : { \"a\" : { \"signal\" : \"trig\" } }, \"resources\" : {"
	    " \"trig\" : { \"type\" : \"signal\", \"target\" : \"q\" } } }");
	bad("'exec' of 'a'", TASK("\"exec\" : 5, \"period\" : 5, \"lock_order\" : [ \"m\" ]"));
	bad("'external_workload0' of 'p'",
	    TASK("\"phases\" : { \"p\" : { \"external_workload0\" : {} } }"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(phases),   cmocka_unit_test(resources), cmocka_unit_test(deadline),
		cmocka_unit_test(examples), cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, make_places, NULL);
}
