/* How does a commit get into a folder of our own, and into none of the user's? See git.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bisect/git_run.h"

/* In a working tree's folder of the repository: it is one of ours. */
#define MARKER "ktstr-bisect"

/* What @tree has of its own in the repository, where its .git leads. */
static int find_own_folder(const struct git *git, const char *tree, char own[PATH_MAX],
			   struct error *err)
{
	char path[PATH_MAX + 8], link[PATH_MAX + 16] = "", expected[PATH_MAX + 32];
	FILE *file;

	snprintf(path, sizeof(path), "%s/.git", tree);
	snprintf(expected, sizeof(expected), "gitdir: %s/worktrees/", git->common);
	file = fopen(path, "re");
	if (file) {
		if (!fgets(link, sizeof(link), file))
			*link = '\0';
		fclose(file);
	}
	link[strcspn(link, "\n")] = '\0';
	if (strncmp(link, expected, strlen(expected)) != 0 ||
	    snprintf(own, PATH_MAX, "%s", link + strlen("gitdir: ")) >= PATH_MAX - NAME_MAX)
		return error_set(err, -EEXIST,
				 "folder '%s': no working tree that was added to '%s'; remove it, "
				 "or give another --state",
				 tree, git->common);
	return 0;
}

/*
 * Is @tree one that we have made? In any other folder git would look further up for a repository,
 * and change the user's own working tree; and another one that was added to the repository is the
 * user's as well. Returns 1, 0: it is not there, or a negative errno.
 */
static int is_ours(const struct git *git, const char *tree, char own[PATH_MAX], struct error *err)
{
	char path[PATH_MAX + NAME_MAX];
	int ret;

	if (access(tree, F_OK))
		return 0;
	ret = find_own_folder(git, tree, own, err);
	if (ret)
		return ret;
	snprintf(path, sizeof(path), "%s/" MARKER, own);
	if (access(path, F_OK))
		return error_set(err, -EEXIST,
				 "folder '%s': a working tree that no bisection has made; give "
				 "another --state, or have git remove it: git worktree remove '%s'",
				 tree, tree);
	return 1;
}

/* An empty one, which git's checkout fills. */
static int add_tree(const struct git *git, const char *tree, const char *name, char own[PATH_MAX],
		    struct error *err)
{
	/* Twice: the folder of an earlier one may be gone, and git remembers it. */
	const char *const add[] = { "worktree", "add",	   "--no-checkout",
				    "--detach", "--force", "--force",
				    tree,	name,	   NULL };
	char path[PATH_MAX + NAME_MAX];
	int ret = git_ask(git, git->folder, add, NULL, err), fd;

	if (!ret)
		ret = find_own_folder(git, tree, own, err);
	if (ret)
		return ret;
	snprintf(path, sizeof(path), "%s/" MARKER, own);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0)
		return error_set(err, -errno, "'%s': %s", path, strerror(errno));
	close(fd);
	return 0;
}

/* What a git that was killed has left: no other one works there, as the state folder is locked. */
static void remove_stale_locks(const char *own)
{
	static const char *const locks[] = { "index.lock", "HEAD.lock" };
	char path[PATH_MAX + NAME_MAX];

	for (size_t i = 0; i < sizeof(locks) / sizeof(locks[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", own, locks[i]);
		unlink(path);
	}
}

int git_checkout(const struct git *git, const char *tree, const char *name, struct error *err)
{
	const char *const move[] = { "checkout", "--detach", "--force", "--quiet", name, NULL };
	char own[PATH_MAX];
	int there = is_ours(git, tree, own, err);

	if (!there)
		there = add_tree(git, tree, name, own, err);
	if (there < 0)
		return there;
	remove_stale_locks(own);
	return git_ask(git, tree, move, NULL, err);
}
