/* What is to be run? The job file that the launcher put into the initramfs (protocol.h). */
#ifndef KTSTR_GUEST_JOB_H
#define KTSTR_GUEST_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Above what execve takes with the kernel's usual stack limit; a larger file is refused. */
#define JOB_MAX_SIZE (4u << 20)
#define JOB_MAX_ENV  1024
/* Longest time that is taken, ms: a year. */
#define JOB_MAX_MS   31536000000ull

/* A kernel module to be loaded. */
struct job_module {
	const char *path;   /* absolute */
	const char *params; /* or "" */
	bool optional;	    /* the run goes on without it */
};

struct job {
	char *text;  /* owned; what the pointers below point into */
	char **argv; /* owned array, ends with NULL; at least one */
	char **envp; /* likewise: the job's own, then the defaults that it does not set */
	struct job_module *modules; /* owned array, in the order of loading */
	size_t nr_modules;
	char **setup;	     /* owned array, ends with NULL: lines of shell */
	uint64_t setup_ms;   /* 0: no limit */
	char **scheduler;    /* likewise: its path, then its arguments; empty: there is none */
	char *cwd;	     /* NULL: where init is */
	uint64_t timeout_ms; /* 0: never */
	bool tty;	     /* in a terminal of its own */
	bool feed;	     /* its standard input comes through the inbox */
	bool metrics;	     /* it has files to append metrics and ktstr-work's words to */
	bool tracer;
	bool tracer_bpf;
	char *tracer_args;	   /* joined by KTSTR_WPROF_ARGS_SEPARATOR; NULL: not given */
	uint64_t tracer_window_ms; /* 0: not given */
};

/* Defaults of PATH, HOME and TERM; ends with NULL. The tracer gets these only. */
extern char *const job_default_env[];

/*
 * job_parse - @size bytes at @text, which stay the caller's.
 * Returns 0, -EINVAL with one line in @why, -E2BIG when it is over JOB_MAX_SIZE, or -ENOMEM.
 */
int job_parse(struct job *job, const char *text, size_t size, char *why, size_t why_size);

/* job_load - the same from a file; also what open and read return. */
int job_load(struct job *job, const char *path, char *why, size_t why_size);

void job_destroy(struct job *job);

#endif
