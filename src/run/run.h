/*
 * One run of a test: the first VM and, when its test fails, a second, identical one with the tracer
 * on. Decides nothing about signals, terminals and exit statuses: those are its caller's.
 */
#ifndef KTSTR_RUN_RUN_H
#define KTSTR_RUN_RUN_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"
#include "report/report.h"
#include "run/base_cache.h"
#include "run/guest.h"

struct run_config {
	const char *kernel; /* path of the image */
	const struct entry *entry;
	const struct plan *plan;
	const struct wprof_config *wprof; /* NULL: no tracer, and so no repro */
	bool trace_first;		  /* the tracer is on in the first VM, too */
	bool no_repro;			  /* a failure is not run again */
	/*
	 * Is this end as it should be, although the payload did not pass? Then there is no repro
	 * and no failure dump. NULL: never.
	 */
	bool (*as_it_should)(const struct verdict *verdict, const void *data);
	const void *as_it_should_data;
	const struct expect *expect;	    /* how the payload is to fail; or NULL */
	const struct pattern *expect_scx;   /* how the scheduler is to be ejected; or NULL */
	const struct patterns *allow_splat; /* the kernel's lines that are no failure; or NULL */
	bool allow_all_splats;
	unsigned int host_noise; /* percent, as in host_noise.h; 0: none */
	bool timed;		 /* the payload's status 1 is a failed check of time or share */
	const char *word;	 /* of the report's first line (struct report), or NULL */
	const char *append;	 /* or NULL */
	const char *modules_dir; /* as in guest_config */
	bool kaslr;
	bool fresh; /* its VMs boot, and are no forks */
	bool pin;   /* they have CPUs of their own (pin.h); then they boot as well */
	uint64_t pin_wait_ms;
	const struct pin *pin_taken; /* by who started this process, see pin_try; NULL: none */
	const struct base *base;     /* to fork from; NULL: one is made, where that can be */
	bool use_cache; /* it may be that of an earlier run, and is kept for a later one */
	uint64_t boot_timeout_ms;  /* 0: guest_boot_timeout_ms */
	uint64_t stall_timeout_ms; /* 0: the watch's default */
	/* Where the first VM's payload and console go; the repro's go nowhere. -1: nowhere. */
	int out_fd, err_fd, console_fd;
	const char *renames_in; /* where the file behind one of them gets its name; or NULL */
	int cancel_fd;		/* a signalfd, or -1 */
	struct attach *attach;	/* the user's terminal, for an entry that wants one; or NULL */
	struct feed *feed;	/* for an entry that wants a standard input; or NULL */
	struct artefacts *artefacts;
	bool vmcore;	  /* a failure's memory and registers are written to a file */
	bool keep_result; /* write the result file of a pass as well */
	const char *replay;
	const char *dump_acpi_dir, *dump_initramfs; /* or NULL */
	/* One line on how it goes, without a newline; NULL: nobody wants to know. */
	void (*say)(void *data, const char *line);
	/* That it waits for CPUs (pin.h); NULL: say does. */
	void (*say_wait)(void *data, const char *line);
	void *say_data; /* for both */
};

struct run_vm {
	bool ran;
	struct observation seen;
	struct verdict verdict;
	struct guest_config config;
	char trace_path[PATH_MAX + 256]; /* "": no trace */
	struct quote quote;		 /* of its trace, of the task that its failure names */
};

struct run_result {
	struct base base; /* that was made for it, or found in the cache; ram_fd -1: none */
	bool base_is_new; /* it was made */
	struct base_cache cache;
	bool has_few_rights; /* this process has given up all that it does not need */
	struct pin pin;	     /* for both VMs; of what is given back when this is freed */
	struct run_vm first, repro;
	enum repro_result repro_result;
	struct look look;				       /* at the first VM */
	char dump[PATH_MAX + 256], repro_dump[PATH_MAX + 256]; /* "": not written */
	/* What could not be done: dump, repro's dump, result file, repro VM, core; "" where it
	 * could.
	 */
	char lost[5][ERROR_TEXT_SIZE];
};

/*
 * run_execute - @result: made by this, owned by the caller, run_result_free
 * Returns 0 when there was a verdict (also when the repro VM could not be made: said through say),
 * or a negative errno with a message when the host could not do it.
 */
int run_execute(const struct run_config *config, struct run_result **result, struct error *err);

/*
 * run_keep_base - once the user has the result: keep the machine that was made for it for the next
 * run. Returns 0, or a negative errno with a message when there is no room for it.
 */
int run_keep_base(const struct run_config *config, struct run_result *result, struct error *err);
void run_result_free(struct run_result *result);

/* Was everything written that was to be written? */
bool run_result_is_whole(const struct run_result *result);

/* What the user sees of it (report_print). */
void run_result_print(int fd, const struct run_config *config, const struct run_result *result);

/* report_detail of it. */
char *run_result_detail(const struct run_config *config, const struct run_result *result);

#endif
