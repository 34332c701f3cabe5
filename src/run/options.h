/* What did the user ask of a VM? The options of `run`, from the environment and the command line.
 */
#ifndef KTSTR_RUN_OPTIONS_H
#define KTSTR_RUN_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "entry/entry.h"
#include "plan/plan.h"
#include "util/error.h"

enum wprof_mode {
	WPROF_OFF,
	WPROF_REPRO,  /* --wprof: a second VM with the tracer when the test fails */
	WPROF_ALWAYS, /* --wprof=always: the first VM as well */
};

/* The most that the options in seconds take. */
#define OPTIONS_MAX_SECONDS (7 * 24 * 3600)

struct run_options {
	const char *kernel;
	struct plan_override override;
	enum wprof_mode wprof;
	const char *wprof_args;
	uint64_t timeout_ms;	   /* 0: none */
	uint64_t boot_timeout_ms;  /* 0: derived from the number of vCPUs */
	uint64_t stall_timeout_ms; /* 0: the watch's default */
	const char *out_dir;
	const char *append;
	bool kaslr;
	bool quiet;
	bool console; /* pass the guest's console on */
	const char *dump_acpi_dir;
	const char *dump_initramfs;
	struct entry_include *includes; /* owned, and so is each host */
	size_t nr_includes;
	const char **env; /* owned; the strings are argv's */
	size_t nr_env;
	const char *const *payload; /* NULL-terminated tail of argv; NULL when there is none */
	bool help;
	/* The KTSTR_* settings that were taken, "K=V", NULL-terminated; owned: for the replay line.
	 */
	char **from_environment;
};

/*
 * options_parse - the environment first, then the command line, which wins. argv[0] is the command.
 * Returns 0, or -EINVAL with a message that names option, value, why and what it takes.
 * @options is to be destroyed in either case.
 */
int options_parse(struct run_options *options, int argc, char **argv, struct error *err);
void options_destroy(struct run_options *options);

/* The options' part of the usage text. */
extern const char options_usage[];

#endif
