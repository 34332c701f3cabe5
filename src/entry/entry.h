/* What is to be run in the guest, and for how long? Knows nothing of machines. */
#ifndef KTSTR_ENTRY_ENTRY_H
#define KTSTR_ENTRY_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/error.h"

/* A host file or folder that goes into the guest as well, or an interpreter with its library. */
struct entry_include {
	const char *host;  /* with: the interpreter's name or absolute path */
	const char *guest; /* NULL: at its own absolute path */
	bool with;	   /* an interpreter and its standard library */
};

/*
 * entry_include_add - "HOST" or "HOST:GUEST" behind the @nr that are there; both strings are owned
 * by the array. HOST ends at the first colon and is not looked at; GUEST is absolute.
 * @what: how the user named it, "--include" or "include"
 * Returns 0; -EINVAL with value and what it takes; -ENOMEM. On error the array is as it was.
 */
int entry_include_add(struct entry_include **includes, size_t *nr, const char *what,
		      const char *text, struct error *err);
/* entry_with_add - likewise "python3", "perl" or "bash", with a version or not, or the path of one.
 */
int entry_with_add(struct entry_include **includes, size_t *nr, const char *what, const char *text,
		   struct error *err);
/*
 * entry_tool_add - likewise a program by its name, the first one of $PATH; in the guest it is where
 * the PATH finds it. @found: whether there is one, else nothing is added; NULL: it is not looked
 * for.
 */
int entry_tool_add(struct entry_include **includes, size_t *nr, const char *what, const char *text,
		   bool *found, struct error *err);
void entry_includes_free(struct entry_include *includes, size_t nr);

/* A kernel module that is loaded before the payload. */
struct entry_module {
	const char *name;   /* or a file: entry_module_is_file */
	const char *params; /* "PARAM=V ...", or "" */
};

/*
 * entry_module_add - "NAME" or "NAME PARAM=V ..." behind the @nr that are there; the strings are
 * owned by the array. Nothing is looked at. @what and errors: as entry_include_add.
 */
int entry_module_add(struct entry_module **modules, size_t *nr, const char *what, const char *text,
		     struct error *err);
/* Is it a file's path, rather than a module's name? It has a '/' or ".ko" in it. */
bool entry_module_is_file(const struct entry_module *module);
void entry_modules_free(struct entry_module *modules, size_t nr);

/* A sched_ext scheduler that is started before the payload, and lines of shell that come before it.
 */
struct entry_scheduler {
	char *file;  /* absolute; NULL: none */
	char **args; /* NULL-terminated, NULL where there are none; likewise setup */
	size_t nr_args;
	char **setup;
	size_t nr_setup;
};

/*
 * entry_scheduler_set - @file, "none" or a program, seen from @folder (NULL: from here); it is
 * looked at. Returns 0, -EINVAL with value, why and what it takes; -ENOMEM.
 */
int entry_scheduler_set(struct entry_scheduler *scheduler, const char *what, const char *file,
			const char *folder, size_t folder_length, struct error *err);
/* entry_scheduler_split - arguments in one line, parted as words of directives are (words.h) */
int entry_scheduler_split(struct entry_scheduler *scheduler, const char *what, const char *text,
			  struct error *err);
/* entry_strings_add - a copy of @text behind the @nr that are there. Returns 0 or -ENOMEM. */
int entry_strings_add(char ***list, size_t *nr, const char *what, const char *text,
		      struct error *err);
void entry_scheduler_free(struct entry_scheduler *scheduler);

struct entry {
	char name[128]; /* the payload's last path component; names the artefacts */
	const char *const
		*argv; /* the payload as the user gave it, NULL-terminated; the caller's */
	char *program; /* argv[0] as an absolute path in the guest; owned */
	bool on_host;  /* program is a file of the host, to be packed; else busybox's */
	const struct entry_include *includes;
	size_t nr_includes;
	const struct entry_module *modules;
	size_t nr_modules;
	struct entry_scheduler scheduler; /* owned */
	const char *const *env;		  /* "K=V", the caller's */
	size_t nr_env;
	char *cwd;	     /* absolute; owned */
	uint64_t timeout_ms; /* 0: none */
	uint64_t setup_ms;   /* of all commands of the setup together; not 0 where there are some */
	bool tty;	     /* it runs in a terminal of its own */
	bool feed;	     /* its standard input comes from the host; else it is /dev/null */
	bool metrics;	     /* it has a file to append metrics to */
};

/* Of entry's setup_ms, where nobody says more. */
#define ENTRY_SETUP_MS 300000

/*
 * entry_path_from - @path as it is seen from @folder, the first @length bytes of it; NULL: from
 * here. Owned by the caller; NULL: no memory.
 */
char *entry_path_from(const char *folder, size_t length, const char *path);

/* entry_in_path - the first executable file of that name in $PATH, owned by the caller; or NULL. */
char *entry_in_path(const char *name);

/*
 * entry_find_program - fill name, program, on_host and cwd from argv[0]: a path if it holds a
 * slash, else looked for in $PATH, else a busybox applet (@applets: one path a line, "usr/bin/ls").
 * Returns 0; -ENOENT when it is nowhere (exit status 127); -EACCES when it is no executable file
 * (126).
 */
int entry_find_program(struct entry *entry, const char *applets, size_t applets_size,
		       struct error *err);

/* entry_find_busybox - argv[0] is an applet of the guest's busybox; the host is not asked. */
int entry_find_busybox(struct entry *entry, struct error *err);

/* The tracer of one VM. */
struct entry_tracer {
	bool on;	    /* started in this VM */
	bool bpf;	    /* it uses BPF */
	const char *args;   /* joined by KTSTR_WPROF_ARGS_SEPARATOR, when it is on */
	uint64_t window_ms; /* 0: its arguments stand as they are */
};

/* A module's file in the guest, and how it is loaded. */
struct entry_load {
	char *path;	    /* no blank in it */
	const char *params; /* or "" */
	bool optional;	    /* what keeps it from being loaded is no failure */
};

/*
 * entry_job - the job file for the guest (guest/protocol.h).
 * @path: the PATH of a payload that is given none
 * @loads: what becomes of the entry's modules, in the order of loading
 * @job: owned by the caller, free(). Returns 0 or -ENOMEM.
 */
int entry_job(const struct entry *entry, const struct entry_tracer *tracer, const char *path,
	      const struct entry_load *loads, size_t nr_loads, char **job, size_t *size,
	      struct error *err);

void entry_destroy(struct entry *entry);

#endif
