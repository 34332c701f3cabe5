/* How does a thread become what its group wants? Name, affinity, policy, nice. See crew.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "crew.h"

/* struct sched_attr of linux/sched/types.h, which wants a libc's struct sched_param besides. */
struct attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

void crew_task_name(const struct work_group *group, uint32_t index, char name[16])
{
	char number[12];
	int digits = snprintf(number, sizeof(number), "/%u", index);

	snprintf(name, 16, "%.*s%s", 15 - digits, group->name, number);
}

static const char *advice(const struct work_sched *sched, int code)
{
	if (code == EPERM || code == EACCES)
		return sched->policy == POLICY_DEADLINE
			       ? "; it needs root, and --cpus or cpus= that leave it all CPUs of a "
				 "root domain"
			       : "; it needs root or CAP_SYS_NICE";
	if (code == EBUSY)
		return "; the CPUs have not so much time: the sum of RUNTIME/PERIOD is too large";
	if (code == EINVAL && sched->policy == POLICY_EXT)
		return "; this kernel has no sched_ext";
	return "";
}

/* SCHED_FLAG_RECLAIM of linux/sched.h */
#define FLAG_RECLAIM 2

int crew_set_policy(pid_t tid, const struct work_sched *sched, struct failure *failure)
{
	struct attr attr = { .size = sizeof(attr),
			     .policy = sched->policy,
			     .flags = sched->reclaim ? FLAG_RECLAIM : 0,
			     .nice = sched->nice,
			     .priority = sched->priority,
			     .runtime = sched->runtime,
			     .deadline = sched->deadline,
			     .period = sched->period };
	int code;

	if (sched->inherit || !syscall(SYS_sched_setattr, tid, &attr, 0))
		return 0;
	code = errno;
	return failure_set(failure, -code,
			   "the kernel refuses its policy or nice (sched_setattr: %s)%s",
			   strerror(code), advice(sched, code));
}

int crew_set_cpus(pid_t tid, const struct work_group *group, const struct places *places,
		  uint32_t index, struct failure *failure)
{
	cpu_set_t allowed;
	char list[256];
	int code;

	work_group_allowed(group, places, index, &allowed);
	if ((!group->has_cpus && group->spread == SPREAD_ALL) ||
	    !sched_setaffinity(tid, sizeof(allowed), &allowed))
		return 0;
	code = errno;
	return failure_set(failure, -code, "the kernel refuses its CPUs %s: %s",
			   places_print(&allowed, list, sizeof(list)), strerror(code));
}

int crew_setup_task(struct crew *crew, const struct work_group *group, uint32_t index,
		    struct failure *failure)
{
	char name[16];
	int ret;

	crew_task_name(group, index, name);
	prctl(PR_SET_NAME, name, 0, 0, 0);
	ret = crew_set_cpus(0, group, crew->places, index, failure);
	return ret ? ret : crew_set_policy(0, &group->sched, failure);
}
