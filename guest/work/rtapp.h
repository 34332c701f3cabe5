/*
 * What does a file of rt-app's JSON ask for? Its tasks become groups of a plan, each with a
 * program: phases of steps. What we do not have is refused by its name; nothing is left out in
 * silence but what is about rt-app's own log files and its calibration (doc/work.txt says which).
 */
#ifndef KTSTR_WORK_RTAPP_H
#define KTSTR_WORK_RTAPP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/failure.h"

struct work_plan;
struct places;
struct kind;

#define RTAPP_MAX_PHASES    512
#define RTAPP_MAX_STEPS	    4096
#define RTAPP_MAX_RESOURCES 256
#define RTAPP_NAME_MAX	    63

enum rtapp_step_type {
	STEP_RUN,     /* ns of a CPU's time */
	STEP_RUNTIME, /* ns on the clock, busy */
	STEP_SLEEP,
	STEP_TIMER,
	STEP_LOCK,
	STEP_UNLOCK,
	STEP_WAIT,
	STEP_SIGNAL,
	STEP_BROAD,
	STEP_SYNC,
	STEP_BARRIER,
	STEP_SUSPEND,
	STEP_RESUME,
	STEP_YIELD,
};

struct rtapp_step {
	enum rtapp_step_type type;
	bool absolute;	   /* of a timer */
	uint16_t resource; /* index */
	uint16_t mutex;	   /* of wait, sync, suspend and resume */
	uint64_t ns;
};

struct rtapp_phase {
	uint64_t loops; /* UINT64_MAX: for ever */
	uint32_t first_step, nr_steps;
};

/* A group's. */
struct rtapp_task {
	uint64_t loops, delay_ns;
	uint32_t first_phase, nr_phases;
};

enum rtapp_resource_type {
	RESOURCE_MUTEX,
	RESOURCE_CONDITION,
	RESOURCE_TIMER,
	RESOURCE_BARRIER,
};

struct rtapp_resource {
	enum rtapp_resource_type type;
	bool own;	/* a timer "unique...": each task has its own */
	uint32_t users; /* of a barrier: tasks */
	char name[RTAPP_NAME_MAX + 1];
};

/* Of all groups. Read by the tasks, after it was made. */
struct rtapp {
	uint32_t nr_phases, nr_steps, nr_resources;
	struct rtapp_phase phases[RTAPP_MAX_PHASES];
	struct rtapp_step steps[RTAPP_MAX_STEPS];
	struct rtapp_resource resources[RTAPP_MAX_RESOURCES];
};

/*
 * rtapp_read_file - adds the file's tasks to @plan, and its duration, unless the plan has one that
 * was said. rtapp_read - the same of a text. -EINVAL, or what reading the file gave, with a
 * sentence.
 */
int rtapp_read_file(const char *path, const struct places *places, struct work_plan *plan,
		    struct failure *failure);
int rtapp_read(const char *what, const char *text, size_t size, const struct places *places,
	       struct work_plan *plan, struct failure *failure);

/* The kind of such groups; none that can be asked for by name. */
extern const struct kind kind_rtapp;

#endif
