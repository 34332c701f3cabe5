/* Who owns the memory that results are made of? See name_pool.h. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "name_pool.h"

#include <pthread.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

/* What a name costs beside its bytes: a node of the tree and what malloc adds to both. */
#define NODE_BYTES 64

/* Of the process, not of a symbolizer: wprof frees that one and goes on with its names. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void *names; /* a tree, not a hash table: a hostile program cannot make it slow */
static size_t used;

static bool take_locked(size_t bytes)
{
	if (bytes > RESULT_MAX_BYTES - used)
		return false;
	used += bytes;
	return true;
}

bool result_memory_take(size_t bytes)
{
	bool taken;

	pthread_mutex_lock(&lock);
	taken = take_locked(bytes);
	pthread_mutex_unlock(&lock);
	return taken;
}

void result_memory_release(size_t bytes)
{
	pthread_mutex_lock(&lock);
	used -= bytes;
	pthread_mutex_unlock(&lock);
}

size_t result_memory_used(void)
{
	size_t now;

	pthread_mutex_lock(&lock);
	now = used;
	pthread_mutex_unlock(&lock);
	return now;
}

/* A name that is in the tree is never longer than that: so one that will be cut finds its copy. */
static int compare(const void *a, const void *b)
{
	return strncmp(a, b, NAME_MAX_BYTES);
}

static const char *add_locked(const char *name)
{
	size_t bytes = strnlen(name, NAME_MAX_BYTES) + 1;
	char *copy;

	if (!take_locked(bytes + NODE_BYTES))
		return NULL;
	copy = strndup(name, NAME_MAX_BYTES);
	if (copy && tsearch(copy, &names, compare))
		return copy;
	free(copy);
	used -= bytes + NODE_BYTES;
	return NULL;
}

const char *name_pool_intern(const char *name)
{
	char *const *node;
	const char *kept;

	if (!name)
		return NULL;
	pthread_mutex_lock(&lock);
	node = tfind(name, &names, compare);
	kept = node ? *node : add_locked(name);
	pthread_mutex_unlock(&lock);
	return kept;
}
