/* Is it read what scontrol says of a job array's tasks, whatever it says? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
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

/* Slurm has no bound for the list with SLURM_BITSTR_LEN=0, and shortens what is evenly spaced. */
static void long_lists_are_read(void **state)
{
	static struct task_state tasks[2000];
	static char text[16384];
	size_t used = (size_t)snprintf(text, sizeof(text), "ArrayTaskId=1-9:4,11-17:2");

	(void)state;
	for (unsigned int id = 101; id < 2000; id += 2)
		used += (size_t)snprintf(text + used, sizeof(text) - used, ",%u", id);
	snprintf(text + used, sizeof(text) - used, "%%4 JobState=PENDING Reason=JobHeldUser\n");
	array_parse(text, tasks, 2000);
	for (unsigned int id = 1; id <= 2000; id++) {
		bool waits = id == 1 || id == 5 || id == 9 || (id >= 11 && id <= 17 && id % 2) ||
			     (id > 100 && id % 2);

		if (tasks[id - 1].kind != (waits ? TASK_WAITS : TASK_UNKNOWN))
			fail_msg("task %u", id);
	}
	assert_string_equal(tasks[1998].reason, "JobHeldUser");
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
		"ArrayTaskId=9-99:0 JobState=RUNNING",
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
	array_parse("ArrayTaskId=1-8:0 JobState=RUNNING", tasks, MOST);
	array_parse("ArrayTaskId=2-8:18446744073709551615 JobState=RUNNING", tasks, MOST);
	assert_int_equal(tasks[1].kind, TASK_RUNS);
	assert_int_equal(tasks[0].kind, TASK_UNKNOWN);
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
		cmocka_unit_test(long_lists_are_read),
		cmocka_unit_test(odd_words_do_no_harm),
		cmocka_unit_test(shards_are_few_enough),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
