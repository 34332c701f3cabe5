/* What have the shards of a job written until now? See following.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fleet/following.h"

void following_plan_path(const struct job *job, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%.4000s/plan.json", job->folder);
}

/* Opened, and not only asked for: NFS then asks its server. */
static off_t size_of(int folder, const char *name)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	off_t size = -1;

	if (fd < 0)
		return -1;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode))
		size = st.st_size;
	close(fd);
	return size;
}

/* Of the folder's names, which are read anew each time: that there is no file of a name may be an
 * old answer. */
bool following_has_news(struct following *following)
{
	DIR *folder = opendir(following->job->folder);
	struct dirent *entry;
	bool news = false;

	while (folder && (entry = readdir(folder))) {
		unsigned int shard, restart;
		int length = 0;
		off_t now, *size;

		if (sscanf(entry->d_name, "shard-%9u.%9u.json%n", &shard, &restart, &length) != 2 ||
		    !length || entry->d_name[length] || !shard || shard > following->nr_shards ||
		    restart > JOB_RESTARTS)
			continue;
		size = &following->shards[shard - 1].sizes[restart];
		now = size_of(dirfd(folder), entry->d_name);
		news = news || now != *size;
		*size = now;
	}
	if (folder)
		closedir(folder);
	return news;
}

/* One shard's files into @merge. One that has not even its first line yet is not looked at. */
static int read_shard(struct following *following, unsigned int i, struct merge *merge,
		      struct error *err)
{
	struct shard *shard = &following->shards[i];

	shard->whole = false;
	shard->closed = -1;
	*shard->broken = '\0';
	for (unsigned int restart = 0; restart <= JOB_RESTARTS; restart++) {
		struct error why = { "" };
		char path[PATH_MAX];
		int ret;

		if (shard->sizes[restart] <= 0)
			continue;
		shard->closed = -1;
		job_path(following->job, i + 1, restart, ".json", path);
		ret = merge_add(merge, path, &why);
		if (ret == -ENOMEM)
			return error_set(err, ret, "%s", why.text);
		if (ret == -EINVAL || ret == -EBADMSG)
			snprintf(shard->broken, sizeof(shard->broken), "%.500s", why.text);
		if (!ret) {
			const struct results *results = &merge->files[merge->count - 1]->results;

			/* What was interrupted on its node may be queued again. */
			shard->whole = shard->whole ||
				       (!*results->cut_off && !results->interrupted);
			shard->closed = *results->cut_off ? -1 : (int)restart;
		}
	}
	return 0;
}

int following_read(struct following *following, void (*note)(void *data, const char *line),
		   struct error *err)
{
	struct merge merge = { 0 };
	char path[PATH_MAX];
	int ret;

	following_plan_path(following->job, path);
	ret = merge_add(&merge, path, err);
	for (unsigned int i = 0; !ret && i < following->nr_shards; i++)
		ret = read_shard(following, i, &merge, err);
	if (!ret)
		ret = merge_choose(&merge, note, following->listener->data, err);
	if (ret) {
		merge_destroy(&merge);
		return ret;
	}
	merge_destroy(&following->followed->merge);
	following->followed->merge = merge;
	return 0;
}
