/*
 * What did the user ask for? The options of all commands, in one table (options_table.c): name,
 * letter, value, environment variable, type and help. Each command takes the groups that mean
 * something to it; --help, the man pages and the completions are made from the same table.
 */
#ifndef KTSTR_RUN_OPTIONS_H
#define KTSTR_RUN_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "entry/entry.h"
#include "plan/plan.h"
#include "util/error.h"
#include "util/pattern.h"
#include "verdict/bisect.h"

enum option_group {
	OPTIONS_MACHINE = 1 << 0, /* topology, memory, parameters, budgets */
	OPTIONS_TRACER = 1 << 1,
	OPTIONS_PAYLOAD = 1 << 2, /* its time, files, environment: what a test file says itself */
	OPTIONS_OUTPUT = 1 << 3,
	OPTIONS_DEBUG = 1 << 4,
	OPTIONS_SELECT = 1 << 5,  /* which variants of which tests */
	OPTIONS_SUITE = 1 << 6,	  /* how they are run and reported */
	OPTIONS_SHELL = 1 << 7,	  /* whose VM, and what is done in it */
	OPTIONS_STREAMS = 1 << 8, /* where the payload's words go */
	OPTIONS_LIST = 1 << 9,	  /* of `list` alone, and so on */
	OPTIONS_DOCTOR = 1 << 10,
	OPTIONS_BLOBS = 1 << 11,
	OPTIONS_RUN = 1 << 12,
	OPTIONS_KERNEL = 1 << 13,
	OPTIONS_REPORT = 1 << 15,
	OPTIONS_TRACE = 1 << 16,
	OPTIONS_BISECT = 1 << 17,
	OPTIONS_REPORTS = 1 << 20, /* of a suite, where they go */
	OPTIONS_TABLE = 1 << 21,   /* how a comparison is made and shown */
	OPTIONS_AB = 1 << 22,	   /* of `ab` alone, and those of a suite that it takes */
	OPTIONS_FLEET = 1 << 23,   /* on which machines */
	OPTIONS_COMPARE = 1 << 24, /* of `compare` alone */
	OPTIONS_COMMON = 1 << 14,  /* of every command, which need not say so */
};

enum wprof_mode {
	WPROF_UNSAID,
	WPROF_OFF,
	WPROF_REPRO,  /* --wprof: a second VM with the tracer when the test fails */
	WPROF_ALWAYS, /* --wprof=always: the first VM as well */
};

/* Is the tracer wanted? What the operator said holds, also "never"; else what the test says. */
static inline bool wprof_wanted(enum wprof_mode mode, bool by_test)
{
	return mode == WPROF_UNSAID ? by_test : mode > WPROF_OFF;
}

/* What each command takes. */
#define OPTIONS_OF_RUN                                                                             \
	(OPTIONS_KERNEL | OPTIONS_MACHINE | OPTIONS_TRACER | OPTIONS_PAYLOAD | OPTIONS_OUTPUT |    \
	 OPTIONS_STREAMS | OPTIONS_RUN | OPTIONS_DEBUG)
#define OPTIONS_OF_TEST                                                                            \
	(OPTIONS_KERNEL | OPTIONS_MACHINE | OPTIONS_TRACER | OPTIONS_PAYLOAD | OPTIONS_OUTPUT |    \
	 OPTIONS_SELECT | OPTIONS_SUITE | OPTIONS_REPORTS | OPTIONS_FLEET)
#define OPTIONS_OF_AB                                                                              \
	(OPTIONS_KERNEL | OPTIONS_MACHINE | OPTIONS_TRACER | OPTIONS_PAYLOAD | OPTIONS_OUTPUT |    \
	 OPTIONS_AB | OPTIONS_TABLE)
#define OPTIONS_OF_SHELL                                                                           \
	(OPTIONS_KERNEL | OPTIONS_MACHINE | OPTIONS_TRACER | OPTIONS_PAYLOAD | OPTIONS_OUTPUT |    \
	 OPTIONS_DEBUG | OPTIONS_SHELL)
#define OPTIONS_OF_MERGE  (OPTIONS_REPORTS)
#define OPTIONS_OF_PROBE  (OPTIONS_KERNEL | OPTIONS_MACHINE | OPTIONS_DEBUG)
#define OPTIONS_OF_DOCTOR (OPTIONS_KERNEL | OPTIONS_MACHINE | OPTIONS_DOCTOR)

/* The most that the options in seconds take. */
/* The most that an option that counts takes. */
#define OPTIONS_MAX_COUNT   100000
#define OPTIONS_MAX_SECONDS (7 * 24 * 3600)

/* A list of the strings of an option that may be given again; the strings are argv's. */
struct option_list {
	const char **items; /* owned; NULL-terminated once there is one */
	size_t count;
	bool of_environment; /* the first of the command line replaces them */
};

/* A word of a command line. */
struct option_word {
	char *text;	     /* owned */
	unsigned int groups; /* of its option */
};

struct run_options {
	struct option_list kernels; /* with --kernel, those alone; else the variable's */
	const char *kernel;	    /* the last of them, or NULL */
	struct plan_override override;
	enum wprof_mode wprof;
	const char *wprof_args;
	struct record_word record;
	bool record_here;	   /* it was asked for on the command line */
	uint64_t timeout_ms;	   /* 0: none */
	bool has_timeout;	   /* it was said; else timeout_ms is nothing */
	unsigned int host_noise;   /* percent; 0: none */
	bool has_host_noise;	   /* it was said; else host_noise is nothing */
	double timeout_scale;	   /* of the payload's time limit, whoever said it */
	uint64_t boot_timeout_ms;  /* 0: derived from the number of vCPUs */
	uint64_t stall_timeout_ms; /* 0: the watch's default */
	uint64_t setup_timeout_ms; /* 0: ENTRY_SETUP_MS */
	const char *out_dir;
	const char *append;
	bool kaslr;
	bool fresh;
	bool pin;
	uint64_t pin_wait_ms;
	bool vmcore;
	bool quiet;
	bool verbose;
	bool console; /* pass the guest's console on */
	const char *dump_acpi_dir;
	const char *dump_initramfs;
	struct entry_include *includes; /* owned */
	size_t nr_includes;
	const char *modules_dir;      /* or NULL */
	struct entry_module *modules; /* owned */
	size_t nr_modules;
	const char *scheduler; /* a file, "none", or NULL */
	struct option_list scheduler_args, setup;
	struct option_list env;
	struct patterns allow_splat;	      /* owned */
	const char *stdin_file, *stderr_file; /* OPTIONS_STREAMS; or NULL */
	enum bisect_mode bisect;	      /* OPTIONS_STREAMS, OPTIONS_SUITE */
	bool no_directives;		      /* OPTIONS_RUN */

	/* OPTIONS_SELECT and OPTIONS_SUITE */
	bool gauntlet;
	struct option_list filters, excludes; /* globs */
	bool failed;			      /* those that failed last time */
	unsigned int shard, shards;	      /* 1-based; 0 of 0: all */
	bool dry_run, fail_fast;
	uint64_t memory_wait_ms;
	unsigned int jobs;   /* 0: as many as fit */
	unsigned int repeat; /* 1 */
	bool until_confident;
	double until_limit; /* rate of passes; 0: none */
	double rate_width;
	unsigned int max_repeat;
	bool has_seed;
	uint64_t seed;
	bool tap, ktap;
	const char *junit, *json, *html; /* files */
	const char *history;		 /* likewise, of OPTIONS_COMPARE too; or NULL */

	/* OPTIONS_FLEET; or NULL */
	bool slurm;
	unsigned int nodes; /* 0: as many as there are */
	const char *sbatch_args, *attach;

	/* OPTIONS_SHELL; or NULL */
	const char *test; /* file or name */
	const char *exec; /* a line for sh */

	bool list_json;		 /* OPTIONS_LIST */
	bool boot, needs;	 /* OPTIONS_DOCTOR */
	const char *report_file; /* likewise */
	const char *page_file;	 /* OPTIONS_REPORT; or NULL */
	bool open;		 /* likewise */
	/* OPTIONS_TRACE; or NULL */
	bool trace_json, trace_tasks, trace_waits;
	const char *trace_task, *trace_at;

	/* OPTIONS_BISECT; strings or NULL */
	const char *bisect_good, *bisect_bad, *bisect_repository, *bisect_build, *bisect_folder;
	double confidence, false_positive;
	double build_cost; /* in runs; negative: as measured */
	unsigned int max_runs;
	bool first_parent;

	/* OPTIONS_AB; strings or NULL */
	const char *side_a, *side_b, *json_a, *json_b;

	/* OPTIONS_TABLE */
	bool markdown, csv, compare_json, welch, permutation;
	double alpha; /* 0: unsaid */

	unsigned int last; /* OPTIONS_COMPARE: runs; 0: unsaid */

	/* OPTIONS_BLOBS */
	bool verify;
	const char *extract_dir;

	const char *const *operands; /* NULL-terminated tail of argv: the payload, or test files */
	/*
	 * What was said, for a replay line; without options that make a new file. Owned; of the
	 * environment "K=V", of the command line in the long form.
	 */
	struct option_word *said, *from_environment;
	size_t nr_said, nr_from_environment;
	bool help;
};

/*
 * options_parse - the environment first, then the command line, which wins. argv[0] is the command.
 * @groups: enum option_group; the other options are not known
 * @mixed: options may follow operands (a payload's own options must not be taken)
 * Returns 0, or -EINVAL with a message that names option, value, why and what it takes.
 * @options is to be destroyed in either case.
 */
int options_parse(struct run_options *options, unsigned int groups, bool mixed, int argc,
		  char **argv, struct error *err);
void options_destroy(struct run_options *options);

/* One option, for those who describe it (src/manual). */
struct option_info {
	const char *name;     /* without dashes */
	char letter;	      /* 0: none */
	const char *value;    /* what it takes; in brackets: may be left out; NULL: nothing */
	const char *variable; /* of the environment, or NULL */
	const char *help;     /* lines */
};

/*
 * options_next - the first of the groups' options from *@position on, which is moved behind it and
 * begins as 0. Returns false when there is none.
 */
bool options_next(unsigned int groups, size_t *position, struct option_info *out);

#endif
