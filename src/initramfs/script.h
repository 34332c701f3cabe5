/* Which program does a script ask for in its first line? As fs/binfmt_script.c reads it. */
#ifndef KTSTR_INITRAMFS_SCRIPT_H
#define KTSTR_INITRAMFS_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>

/* What the kernel reads of a file before it chooses how to run it (BINPRM_BUF_SIZE). */
#define SCRIPT_HEAD 256

/* Scripts, each the interpreter of the one before, that the kernel still runs (fs/exec.c). */
#define SCRIPT_DEPTH_MAX 5

struct script {
	char interp[SCRIPT_HEAD];
	char program[SCRIPT_HEAD]; /* what env(1) is to look for on the PATH; "": nothing */
};

/* script_parse - false when these first bytes of a file are no script that the kernel would run. */
bool script_parse(const char *head, size_t size, struct script *script);

#endif
