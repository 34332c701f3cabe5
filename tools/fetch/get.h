/* How does a source come to its folder: whole, checked, or not at all, and never over another? */
#ifndef KTSTR_FETCH_GET_H
#define KTSTR_FETCH_GET_H

#include "tools/fetch/run.h"

struct source {
	const char *url;	 /* for a commit without its git+ */
	const char *commit;	 /* 40 digits, NULL: an archive */
	const char *sha256;	 /* of the archive, 64 digits; NULL: a commit */
	const char *tree_sha256; /* what tree_digest has to say, NULL: that is only told */
};

/*
 * get - @source as the new folder @dir. Whatever it is, it becomes an archive in the cache, of a
 * digest that is known, which is then unpacked. -EEXIST when something is there; -EBADMSG when a
 * digest is not the wanted one.
 */
int get(struct run *run, const struct source *source, const char *dir, struct error *err);

/* get_packed - the folder @dir as the new archive @out; its digest on stdout. */
int get_packed(struct run *run, const char *dir, const char *out, const char *prefix,
	       struct error *err);

#endif
