/* How is a text made fit to be handed to strangers? Without names of persons, machines, folders. */
#ifndef KTSTR_DOCTOR_SCRUB_H
#define KTSTR_DOCTOR_SCRUB_H

#include <stddef.h>
#include <stdio.h>

#define SCRUB_MAX_NAMES 8

/* Words to take out: of the user and of this host. Those that say nothing, root's, are not here. */
struct scrub {
	char names[SCRUB_MAX_NAMES][256];
	size_t nr_names;
};

/* scrub_name - one more; NULL, a single letter, "root" and "localhost" are passed over. */
void scrub_name(struct scrub *scrub, const char *name);

/* scrub_names_of_this_host - the host's name, long and short, and the user's by id and environment.
 */
void scrub_names_of_this_host(struct scrub *scrub);

/*
 * scrub_write - @text to @out, with "<name>" for each of the names as a word of its own, and
 * "<path>" for each path that is not one of the system's (/boot, /dev, /lib/modules, /proc, /sys,
 * /usr; cgroups are named for users).
 */
void scrub_write(const struct scrub *scrub, const char *text, FILE *out);

#endif
