/* Which scheduler is tested, and what is done before? See struct entry_scheduler of entry.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "entry/entry.h"
#include "entry/words.h"

int entry_strings_add(char ***list, size_t *nr, const char *what, const char *text,
		      struct error *err)
{
	char **grown = reallocarray(*list, *nr + 2, sizeof(*grown));

	if (!grown)
		return error_set(err, -ENOMEM, "%s: out of memory", what);
	*list = grown;
	grown[*nr] = strdup(text);
	if (!grown[*nr])
		return error_set(err, -ENOMEM, "%s: out of memory", what);
	grown[++*nr] = NULL;
	return 0;
}

int entry_scheduler_split(struct entry_scheduler *scheduler, const char *what, const char *text,
			  struct error *err)
{
	char *word = malloc(strlen(text) + 1);
	const char *at = text;
	int ret;

	if (!word)
		return error_set(err, -ENOMEM, "%s: out of memory", what);
	while ((ret = words_next(&at, text + strlen(text), word, err)) > 0) {
		ret = entry_strings_add(&scheduler->args, &scheduler->nr_args, what, word, err);
		if (ret)
			break;
	}
	free(word);
	return ret;
}

int entry_scheduler_set(struct entry_scheduler *scheduler, const char *what, const char *file,
			const char *folder, size_t folder_length, struct error *err)
{
	struct stat st;
	char *path;

	free(scheduler->file);
	scheduler->file = NULL;
	if (!strcmp(file, "none"))
		return 0;
	path = entry_path_from(folder, folder_length, file);
	if (!path)
		return error_set(err, -ENOMEM, "%s: out of memory", what);
	scheduler->file = path;
	if (stat(path, &st))
		return error_set(err, -EINVAL, "%s '%s': %s; give the path of a program, or none",
				 what, path, strerror(errno));
	if (!S_ISREG(st.st_mode) || !(st.st_mode & 0111))
		return error_set(err, -EINVAL, "%s '%s': not an executable file; chmod +x it", what,
				 path);
	return 0;
}

void entry_scheduler_free(struct entry_scheduler *scheduler)
{
	for (size_t i = 0; i < scheduler->nr_args; i++)
		free(scheduler->args[i]);
	for (size_t i = 0; i < scheduler->nr_setup; i++)
		free(scheduler->setup[i]);
	free(scheduler->args);
	free(scheduler->setup);
	free(scheduler->file);
	*scheduler = (struct entry_scheduler){ 0 };
}
