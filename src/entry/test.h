/*
 * What does a test's author say about it? All attributes of one test, from the directives in its
 * file (directives.h) or their defaults. Knows nothing of machines: constraints and wishes only.
 */
#ifndef KTSTR_ENTRY_TEST_H
#define KTSTR_ENTRY_TEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "entry/entry.h"
#include "plan/constraints.h"
#include "plan/plan.h"
#include "plan/topology.h"
#include "util/error.h"
#include "util/pattern.h"
#include "verdict/expect.h"

/* Defaults that users of the field's harness know. */
#define TEST_DEFAULT_MEMORY_MIB 2048
#define TEST_DEFAULT_TIMEOUT_MS 60000
/* The longest time limit that is taken: a week. */
#define TEST_MAX_SECONDS	(7 * 24 * 3600)
/* Why a test that says "ignore" and nothing more is not run. */
#define TEST_DEFAULT_IGNORE	"its file says 'ignore'"
/* The longest name, without its NUL: it must fit into struct entry, whole. */
#define TEST_MAX_NAME		127

struct test {
	char *name; /* of the file, without its last suffix; letters, digits, '.', '_', '-';
		       behind folders (suite/load.h), with slashes between them */
	char *path; /* of the executable, absolute */
	struct topology topology;	     /* 1n1l2c1t; once all is read, with its distances */
	struct topology_distances distances; /* of the directive */
	uint64_t memory_mib;		     /* TEST_DEFAULT_MEMORY_MIB */
	uint64_t timeout_ms;		     /* TEST_DEFAULT_TIMEOUT_MS; 0: none */
	bool auto_repro;		     /* true: a failure is run again with the tracer on */
	bool wprof;			     /* false; true: the tracer is in the guest */
	char *wprof_args;		     /* NULL: the defaults */
	struct record_word record;
	struct expect expect;	     /* how the payload is to fail */
	struct patterns allow_splat; /* lines of the kernel's that are no failure */
	bool host_only;		     /* runs on the host, without a VM */
	char *lacks_tool;	     /* NULL, or the tool that this host does not have */
	char *ignore;		     /* NULL, or the reason why it is not run */
	bool kaslr;		 /* true: a test that says nothing leaves it to the command line */
	bool has_kaslr;		 /* the directive is there */
	bool fresh;		 /* false; true: its VM boots, and is no fork */
	bool pin;		 /* false; true: its vCPUs have CPUs of the host of their own */
	bool timed;		 /* false; true: its status 1 is a failed check of time or share */
	unsigned int host_noise; /* percent; 0: none */
	bool has_host_noise;	 /* the directive is there; else host_noise is nothing */
	char *append;		 /* kernel parameters, or NULL */
	struct entry_include *includes; /* relative HOST paths are the file's folder's; owned */
	size_t nr_includes;
	struct entry_module *modules; /* relative files are the file's folder's; owned */
	size_t nr_modules;
	struct entry_scheduler scheduler; /* a relative file is the file's folder's; owned */
	struct pattern expect_scx; /* how the scheduler is to be ejected; its text NULL: not */
	char **env;		   /* "K=V", NULL-terminated; owned; never NULL */
	struct test_constraints constraints;
};

/* test_init - the defaults. Returns 0 or -ENOMEM. */
int test_init(struct test *test);
void test_destroy(struct test *test);

#endif
