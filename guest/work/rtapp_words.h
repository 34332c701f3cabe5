/* What do those who read rt-app's JSON share? rtapp.c, rtapp_steps.c and rtapp_words.c. */
#ifndef KTSTR_WORK_RTAPP_WORDS_H
#define KTSTR_WORK_RTAPP_WORDS_H

#include <errno.h>

#include "json.h"
#include "plan.h"

struct rtapp_reading {
	const char *what;
	const struct json *json;
	const struct places *places;
	struct work_plan *plan;
	struct work_group *group; /* whose phases are read */
	const char *task;	  /* its name in the file */
	const char *default_policy;
	struct failure *failure;
};

#define WRONG(r, node, fmt, ...)                                                                   \
	failure_set((r)->failure, -EINVAL, "%s: line %u: " fmt, (r)->what, (node)->line,           \
		    __VA_ARGS__)

/* Each reads one node, and says what is wrong with it; 0 or -EINVAL. */
int rtapp_wants(struct rtapp_reading *r, const struct json_node *node, enum json_type type);
int rtapp_whole_number(struct rtapp_reading *r, const struct json_node *node, int64_t min,
		       int64_t max, int64_t *value);
/* Microseconds, as ns. */
int rtapp_duration(struct rtapp_reading *r, const struct json_node *node, uint64_t *ns);
/* -1, for ever: UINT64_MAX. */
int rtapp_loops(struct rtapp_reading *r, const struct json_node *node, uint64_t *count);
/* By name and type; made where it is new. */
int rtapp_resource(struct rtapp_reading *r, const struct json_node *node,
		   enum rtapp_resource_type type, uint16_t *index);
int rtapp_resource_named(struct rtapp_reading *r, const struct json_node *node, const char *name,
			 enum rtapp_resource_type type, uint16_t *index);
/* Exactly these members may an object have; the list ends in NULL. */
int rtapp_only(struct rtapp_reading *r, const struct json_node *node, const char *const *names);
int rtapp_needed(struct rtapp_reading *r, const struct json_node *node, const char *name,
		 const struct json_node **member);

/* rtapp_steps.c: the events of a phase, or of a task that has no phases (what else it says is
 * @also); all phases of a task. */
int rtapp_read_phase(struct rtapp_reading *r, const struct json_node *node, const char *const *also,
		     uint64_t count);
int rtapp_read_phases(struct rtapp_reading *r, const struct json_node *node);

#endif
