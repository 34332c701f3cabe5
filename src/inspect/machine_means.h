/* What it takes to look at a machine, for machine.c and machine_tasks.c. */
#ifndef KTSTR_INSPECT_MACHINE_MEANS_H
#define KTSTR_INSPECT_MACHINE_MEANS_H

#include <stdio.h>

#include "inspect/btf.h"
#include "inspect/machine.h"
#include "inspect/symbols_of_modules.h"

struct machine_means {
	struct inspect *inspect;
	struct btf *btf;
	struct module_symbols *modules;
	struct unwinder unwinder;
	struct tasks tasks;
	struct runqueues runqueues;
	bool has_tasks, has_runqueues;
	char why_tasks[INSPECT_WHY_SIZE], why_runqueues[INSPECT_WHY_SIZE];
};

static inline void machine_copy_why(char why[INSPECT_WHY_SIZE], const char *text)
{
	snprintf(why, INSPECT_WHY_SIZE, "%.*s", (int)INSPECT_WHY_SIZE - 1, text);
}

/* machine_read_tasks - all tasks, and of them the blocked and the forgotten ones; -ENOMEM with a
 * message */
int machine_read_tasks(struct machine_means *means, struct inspect_machine *machine,
		       struct error *err);

#endif
