/* Is it read what scontrol says of a job array's tasks, whatever it says? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fleet/array.h"
#include "fleet/fleet.h"

#define MOST 8

static void tasks_are_read(void **state)
{
	struct task_state tasks[MOST];

	(void)state;
	array_parse(
		"JobId=2 ArrayJobId=1 ArrayTaskId=1 ArrayTaskThrottle=4 JobName=ktstr Requeue=1 "
		"JobState=RUNNING Reason=None Restarts=1 ExitCode=0:0 ReqNodeList=(null) "
		"ExcNodeList=(null) NodeList=n1 BatchHost=n1 Command=/a/JobState=FAILED\n"
		"JobId=3 ArrayJobId=1 ArrayTaskId=2 JobState=FAILED Reason=NonZeroExitCode "
		"Restarts=0 ExitCode=72:0 NodeList=n[2-3]\n"
		"JobId=1 ArrayJobId=1 ArrayTaskId=3-4,6%4 JobState=PENDING Reason=JobArrayTaskLimit "
		"Restarts=0 ExitCode=0:0 NodeList=(null)\n"
		"JobId=9 ArrayJobId=1 ArrayTaskId=7 JobState=CANCELLED Reason=None ExitCode=0:15 "
		"NodeList=",
		tasks, MOST);
	assert_int_equal(tasks[0].kind, TASK_RUNS);
	assert_int_equal(tasks[0].restarts, 1);
	assert_string_equal(tasks[0].nodes, "n1");
	assert_string_equal(tasks[0].word, "RUNNING");
	assert_int_equal(tasks[1].kind, TASK_ENDED);
	assert_int_equal(tasks[1].exit_status, 72);
	assert_string_equal(tasks[1].nodes, "n[2-3]");
	for (size_t i = 2; i < 6; i++)
		assert_int_equal(tasks[i].kind, i == 4 ? TASK_UNKNOWN : TASK_WAITS);
	assert_string_equal(tasks[2].nodes, "");
	assert_string_equal(tasks[6].word, "CANCELLED");
	assert_int_equal(tasks[6].kind, TASK_ENDED);
	assert_int_equal(tasks[7].kind, TASK_UNKNOWN);
}

/* Nothing of it leads out of the array, nor goes on for ever. */
static void odd_words_do_no_harm(void **state)
{
	static const char *const texts[] = {
		"",
		"\n\n",
		"JobState=RUNNING",
		"ArrayTaskId= JobState=RUNNING",
		"ArrayTaskId=0 JobState=RUNNING",
		"ArrayTaskId=9-18446744073709551615 JobState=RUNNING",
		"ArrayTaskId=5-4 JobState=RUNNING",
		"ArrayTaskId=N/A JobState=RUNNING",
		"ArrayTaskId=-1 JobState=RUNNING",
		"XArrayTaskId=1 JobState=RUNNING",
	};
	struct task_state tasks[MOST];
	char wide[8192];

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		array_parse(texts[i], tasks, MOST);
		for (size_t task = 0; task < MOST; task++)
			assert_int_equal(tasks[task].kind, TASK_UNKNOWN);
	}
	memset(wide, 'x', sizeof(wide));
	memcpy(wide, "ArrayTaskId=1 JobState=", 23);
	wide[sizeof(wide) - 1] = '\0';
	array_parse(wide, tasks, MOST);
	assert_int_equal(tasks[0].kind, TASK_ENDED);
	assert_int_equal(strlen(tasks[0].word), sizeof(tasks[0].word) - 1);
}

static void shards_are_few_enough(void **state)
{
	(void)state;
	assert_int_equal(fleet_shards(200, 4), 16);
	assert_int_equal(fleet_shards(3, 4), 3);
	assert_int_equal(fleet_shards(0, 4), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tasks_are_read),
		cmocka_unit_test(odd_words_do_no_harm),
		cmocka_unit_test(shards_are_few_enough),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
