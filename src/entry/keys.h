/* Which directives are there, and what does each do to a test? Inner part of directives.c. */
#ifndef KTSTR_ENTRY_KEYS_H
#define KTSTR_ENTRY_KEYS_H

#include <stdbool.h>

#include "entry/test.h"
#include "util/error.h"

/* In the order of the table in keys.c. */
enum key {
	KEY_TOPOLOGY,
	KEY_NUMA_NODES,
	KEY_LLCS,
	KEY_CORES,
	KEY_THREADS,
	KEY_DISTANCE,
	KEY_MEMORY,
	KEY_MEMORY_MIB,
	KEY_TIMEOUT_S,
	KEY_DURATION_S,
	KEY_WATCHDOG_TIMEOUT_S,
	KEY_AUTO_REPRO,
	KEY_EXPECT_ERR,
	KEY_EXPECT_STATUS,
	KEY_ALLOW_SPLAT,
	KEY_HOST_ONLY,
	KEY_IGNORE,
	KEY_PERFORMANCE_MODE,
	KEY_KASLR,
	KEY_FRESH,
	KEY_PIN,
	KEY_TIMED,
	KEY_HOST_NOISE,
	KEY_WPROF,
	KEY_WPROF_ARGS,
	KEY_RECORD_MIB,
	KEY_INCLUDE,
	KEY_MODULE,
	KEY_WITH,
	KEY_TOOL,
	KEY_APPEND,
	KEY_ENV,
	KEY_SCHEDULER,
	KEY_SCHEDULER_ARGS,
	KEY_SETUP,
	KEY_EXPECT_SCX_EXIT,
	KEY_MIN_LLCS,
	KEY_MAX_LLCS,
	KEY_MIN_CPUS,
	KEY_MAX_CPUS,
	KEY_MIN_NUMA_NODES,
	KEY_MAX_NUMA_NODES,
	KEY_REQUIRES_SMT,
	NR_KEYS,
};

/* What has been read of one file so far. */
struct directives {
	struct test *test;
	const char *file;
	unsigned int line;	     /* the current one, from 1 */
	unsigned int lines[NR_KEYS]; /* where each was said first; 0: nowhere */
	struct error *err;
};

const char *key_name(enum key key);

/* Does it say something of the VM, so that a test that runs on the host cannot have it? */
bool key_is_of_vm(enum key key);

/*
 * key_apply - one word, "key", "key=value", into the test. Returns 0, -EINVAL with a message that
 * does not name the file yet, -ENOMEM.
 */
int key_apply(struct directives *read, const char *word);

/*
 * contradictions_find - may all that was said stand together? Returns 0 or -EINVAL with a message
 * that names the file and both lines.
 */
int contradictions_find(const struct directives *read);

#endif
