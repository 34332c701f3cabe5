/* Which directives are there, and what does each do to a test? See keys.h. */
#include "entry/keys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "entry/values.h"
#include "util/nearest.h"

/* What follows the key. */
enum form {
	FLAG,	/* nothing, or true or false */
	VALUE,	/* =value */
	REASON, /* nothing, or true or false, or =text */
};

#define AGAIN 1 /* may be there more than once */
#define OF_VM 2 /* says something of the VM */

/* 2^30 MiB is a PiB; the same as --memory takes. */
#define MAX_MEMORY_MIB (1u << 30)

static const struct {
	const char *name;
	enum form form;
	unsigned int flags;
	const char *example; /* of a VALUE */
} keys[NR_KEYS] = {
	[KEY_TOPOLOGY] = { "topology", VALUE, OF_VM, "1n2l4c2t" },
	[KEY_NUMA_NODES] = { "numa_nodes", VALUE, OF_VM, "2" },
	[KEY_LLCS] = { "llcs", VALUE, OF_VM, "4" },
	[KEY_CORES] = { "cores", VALUE, OF_VM, "2" },
	[KEY_THREADS] = { "threads", VALUE, OF_VM, "2" },
	[KEY_DISTANCE] = { "distance", VALUE, OF_VM, "0-1=15,0-2=40" },
	[KEY_MEMORY] = { "memory", VALUE, OF_VM, "512M" },
	[KEY_MEMORY_MIB] = { "memory_mib", VALUE, OF_VM, "512" },
	[KEY_TIMEOUT_S] = { "timeout_s", VALUE, 0, "30" },
	[KEY_DURATION_S] = { "duration_s", VALUE, 0, "30" },
	[KEY_WATCHDOG_TIMEOUT_S] = { "watchdog_timeout_s", VALUE, OF_VM, "5" },
	[KEY_AUTO_REPRO] = { "auto_repro", FLAG, OF_VM, NULL },
	[KEY_EXPECT_ERR] = { "expect_err", REASON, 0, NULL },
	[KEY_EXPECT_STATUS] = { "expect_status", VALUE, 0, "3" },
	[KEY_ALLOW_SPLAT] = { "allow_splat", VALUE, OF_VM | AGAIN, "\"WARNING: *foo.c*\"" },
	[KEY_HOST_ONLY] = { "host_only", FLAG, 0, NULL },
	[KEY_IGNORE] = { "ignore", REASON, 0, NULL },
	[KEY_PERFORMANCE_MODE] = { "performance_mode", FLAG, OF_VM, NULL },
	[KEY_KASLR] = { "kaslr", FLAG, OF_VM, NULL },
	[KEY_FRESH] = { "fresh", FLAG, OF_VM, NULL },
	[KEY_PIN] = { "pin", FLAG, OF_VM, NULL },
	[KEY_TIMED] = { "timed", FLAG, OF_VM, NULL },
	[KEY_HOST_NOISE] = { "host_noise", VALUE, OF_VM, "25" },
	[KEY_WPROF] = { "wprof", FLAG, OF_VM, NULL },
	[KEY_WPROF_ARGS] = { "wprof_args", VALUE, OF_VM, "\"-d 1000 -e sched\"" },
	[KEY_RECORD_MIB] = { "record_mib", VALUE, OF_VM, "4" },
	[KEY_INCLUDE] = { "include", VALUE, OF_VM | AGAIN, "data.txt:/data.txt" },
	[KEY_MODULE] = { "module", VALUE, OF_VM | AGAIN, "\"loop max_loop=8\"" },
	[KEY_WITH] = { "with", VALUE, OF_VM | AGAIN, "python3" },
	[KEY_TOOL] = { "tool", VALUE, OF_VM | AGAIN, "hackbench" },
	[KEY_APPEND] = { "append", VALUE, OF_VM | AGAIN, "\"isolcpus=1 nohz_full=1\"" },
	[KEY_ENV] = { "env", VALUE, AGAIN, "MODE=fast" },
	[KEY_SCHEDULER] = { "scheduler", VALUE, OF_VM, "./scx_simple" },
	[KEY_SCHEDULER_ARGS] = { "scheduler_args", VALUE, OF_VM, "\"--slice 5ms\"" },
	[KEY_SETUP] = { "setup", VALUE, OF_VM | AGAIN,
			"\"echo 0 > /proc/sys/kernel/numa_balancing\"" },
	[KEY_EXPECT_SCX_EXIT] = { "expect_scx_exit", VALUE, OF_VM, "\"runnable task stall*\"" },
	[KEY_MIN_LLCS] = { "min_llcs", VALUE, OF_VM, "2" },
	[KEY_MAX_LLCS] = { "max_llcs", VALUE, OF_VM, "8" },
	[KEY_MIN_CPUS] = { "min_cpus", VALUE, OF_VM, "4" },
	[KEY_MAX_CPUS] = { "max_cpus", VALUE, OF_VM, "64" },
	[KEY_MIN_NUMA_NODES] = { "min_numa_nodes", VALUE, OF_VM, "2" },
	[KEY_MAX_NUMA_NODES] = { "max_numa_nodes", VALUE, OF_VM, "4" },
	[KEY_REQUIRES_SMT] = { "requires_smt", FLAG, OF_VM, NULL },
};

const char *key_name(enum key key)
{
	return keys[key].name;
}

bool key_is_of_vm(enum key key)
{
	return keys[key].flags & OF_VM;
}

static const char *name_of(const void *data, size_t key)
{
	(void)data;
	return key < NR_KEYS ? keys[key].name : NULL;
}

static int find(const char *word, size_t length, enum key *key, struct error *err)
{
	char shown[VALUE_SHOWN_SIZE], *name;
	const char *meant;

	for (size_t i = 0; i < NR_KEYS; i++)
		if (strlen(keys[i].name) == length && !memcmp(keys[i].name, word, length)) {
			*key = (enum key)i;
			return 0;
		}
	name = strndup(word, length);
	if (!name)
		return error_set(err, -ENOMEM, "out of memory");
	value_show(name, shown);
	free(name);
	meant = nearest_name(word, length, name_of, NULL);
	if (meant)
		return error_set(err, -EINVAL, "unknown key '%s'; did you mean '%s'?", shown,
				 meant);
	return error_set(err, -EINVAL,
			 "unknown key '%s'; directives are 'key=value' or a flag such as 'wprof', "
			 "blanks between them",
			 shown);
}

static int replace(char **field, const char *value, struct error *err)
{
	char *copy = strdup(value);

	if (!copy)
		return error_set(err, -ENOMEM, "out of memory");
	free(*field);
	*field = copy;
	return 0;
}

static int set_ignore(struct test *test, const char *value, struct error *err)
{
	bool ignored = true;

	if (!value)
		return replace(&test->ignore, TEST_DEFAULT_IGNORE, err);
	if (!value_is_flag(value, &ignored))
		return replace(&test->ignore, value, err);
	return ignored ? replace(&test->ignore, TEST_DEFAULT_IGNORE, err) : 0;
}

/* A status is the more exact of the two, where expect_err gives no reason. */
static int set_expect(struct test *test, const struct expect *expect, struct error *err)
{
	struct expect *now = &test->expect;

	if (expect->kind == EXPECT_ERROR && now->kind == EXPECT_STATUS)
		return 0;
	if (now->kind != EXPECT_PASS && now->kind != EXPECT_ERROR) {
		struct expect unused = *expect;

		expect_free(&unused);
		return error_set(
			err, -EINVAL,
			"expect_err and expect_status both say how the payload is to fail; "
			"keep one of them");
	}
	*now = *expect;
	return 0;
}

static int set_expect_err(struct test *test, const char *value, struct error *err)
{
	struct expect expect = { .kind = EXPECT_ERROR };
	bool expected = true;
	int ret = 0;

	if (value && !value_is_flag(value, &expected))
		ret = expect_parse(keys[KEY_EXPECT_ERR].name, value, &expect, err);
	return ret || !expected ? ret : set_expect(test, &expect, err);
}

static int set_expect_status(struct test *test, const char *value, struct error *err)
{
	struct expect expect = { .kind = EXPECT_STATUS };
	uint64_t number;
	int ret = value_count(keys[KEY_EXPECT_STATUS].name, value, 1, 255, &number, err);

	if (ret)
		return ret;
	expect.status = (unsigned int)number;
	return set_expect(test, &expect, err);
}

/* Parameters of several directives are one line for the kernel. */
static int add_append(struct test *test, const char *value, struct error *err)
{
	char *joined;

	if (asprintf(&joined, "%s%s%s", test->append ? test->append : "", test->append ? " " : "",
		     value) < 0)
		return error_set(err, -ENOMEM, "append: out of memory");
	free(test->append);
	test->append = joined;
	return 0;
}

static int add_env(struct test *test, const char *value, struct error *err)
{
	const char *equals = strchr(value, '=');
	char shown[VALUE_SHOWN_SIZE];
	char **grown;
	size_t used;

	if (!equals || equals == value)
		return error_set(err, -EINVAL, "env '%s': takes NAME=VALUE, as in env=MODE=fast",
				 value_show(value, shown));
	for (used = 0; test->env[used]; used++)
		if (!strncmp(test->env[used], value, (size_t)(equals - value) + 1))
			return error_set(err, -EINVAL, "env '%s': this variable is set twice",
					 value_show(value, shown));
	grown = reallocarray(test->env, used + 2, sizeof(*grown));
	if (!grown)
		return error_set(err, -ENOMEM, "env: out of memory");
	test->env = grown;
	grown[used] = strdup(value);
	if (!grown[used])
		return error_set(err, -ENOMEM, "env: out of memory");
	grown[used + 1] = NULL;
	return 0;
}

/* Both at one path in the guest, where only folders can be merged. */
static bool collide(const struct entry_include *a, const struct entry_include *b)
{
	struct stat x, y;

	if (a->with || b->with)
		return false;
	if (strcmp(a->guest ? a->guest : a->host, b->guest ? b->guest : b->host))
		return false;
	if (stat(a->host, &x) || stat(b->host, &y))
		return strcmp(a->host, b->host);
	return (x.st_dev != y.st_dev || x.st_ino != y.st_ino) &&
	       !(S_ISDIR(x.st_mode) && S_ISDIR(y.st_mode));
}

/* A program of this host; where it has none of that name, the test is to be skipped. */
static int add_tool(struct test *test, const char *value, struct error *err)
{
	bool found = true;
	int ret = entry_tool_add(&test->includes, &test->nr_includes, keys[KEY_TOOL].name, value,
				 test->path ? &found : NULL, err);

	return ret || found ? ret : replace(&test->lacks_tool, value, err);
}

static size_t folder_length(const struct test *test)
{
	return test->path ? (size_t)(strrchr(test->path, '/') - test->path) : 0;
}

/*
 * What a test names it names as seen from where it lies, wherever the launcher was started. Without
 * a path there is nothing to look at.
 */
static int see_from_test(const struct test *test, enum key key, const char **path,
			 struct error *err)
{
	char *whole = entry_path_from(test->path, folder_length(test), *path);

	if (!whole)
		return error_set(err, -ENOMEM, "%s: out of memory", keys[key].name);
	free((char *)*path);
	*path = whole;
	return 0;
}

static int add_include(struct test *test, const char *value, struct error *err)
{
	char shown[VALUE_SHOWN_SIZE];
	struct entry_include *include;
	int ret;

	ret = entry_include_add(&test->includes, &test->nr_includes, keys[KEY_INCLUDE].name, value,
				err);
	if (ret)
		return ret;
	include = &test->includes[test->nr_includes - 1];
	ret = see_from_test(test, KEY_INCLUDE, &include->host, err);
	if (ret)
		return ret;
	if (test->path && access(include->host, F_OK))
		return error_set(err, -EINVAL, "include '%s': '%s': %s", value_show(value, shown),
				 include->host, strerror(errno));
	for (const struct entry_include *other = test->includes; other < include; other++)
		if (collide(other, include))
			return error_set(err, -EINVAL,
					 "include '%s': another file is included at this path of "
					 "the guest; give one of them another",
					 value_show(value, shown));
	return 0;
}

/* A file is seen from where the test lies, as an include is; a name is looked up when it is run. */
static int add_module(struct test *test, const char *value, struct error *err)
{
	char shown[VALUE_SHOWN_SIZE];
	struct entry_module *module;
	int ret;

	ret = entry_module_add(&test->modules, &test->nr_modules, keys[KEY_MODULE].name, value,
			       err);
	if (ret)
		return ret;
	module = &test->modules[test->nr_modules - 1];
	if (!test->path || !entry_module_is_file(module))
		return 0;
	ret = see_from_test(test, KEY_MODULE, &module->name, err);
	if (ret)
		return ret;
	if (access(module->name, R_OK))
		return error_set(err, -EINVAL, "module '%s': '%s': %s", value_show(value, shown),
				 module->name, strerror(errno));
	return 0;
}

/* Seen from where the test lies, as an include is. */
static int set_scheduler(struct test *test, const char *value, struct error *err)
{
	return entry_scheduler_set(&test->scheduler, keys[KEY_SCHEDULER].name, value, test->path,
				   folder_length(test), err);
}

/* @min: 1; or 0 for a maximum, where it means no limit. */
static int set_number(enum key key, const char *value, unsigned int min, unsigned int *out,
		      struct error *err)
{
	uint64_t number;
	int ret;

	ret = value_count(keys[key].name, value, min, TOPOLOGY_MAX_CPUS, &number, err);
	if (!ret)
		*out = (unsigned int)number;
	return ret;
}

static int set_value(struct test *test, enum key key, const char *value, struct error *err)
{
	struct test_constraints *takes = &test->constraints;
	int ret;

	switch (key) {
	case KEY_TOPOLOGY:
		/* Its messages repeat the value as it is. */
		if (strlen(value) >= TOPOLOGY_SPEC_SIZE ||
		    value[strspn(value, "0123456789nlctm:+@-=,")])
			return error_set(err, -EINVAL,
					 "topology: takes NnNlNcNt, for example 1n2l4c2t");
		return topology_parse(value, &test->topology, err);
	case KEY_NUMA_NODES:
		return set_number(key, value, 1, &test->topology.numa_nodes, err);
	case KEY_LLCS:
		return set_number(key, value, 1, &test->topology.parts[0].llcs, err);
	case KEY_CORES:
		return set_number(key, value, 1, &test->topology.parts[0].cores, err);
	case KEY_THREADS:
		return set_number(key, value, 1, &test->topology.parts[0].threads, err);
	case KEY_DISTANCE:
		if (value[strspn(value, "0123456789-=,")])
			return error_set(err, -EINVAL,
					 "distance: takes NODE-NODE=DISTANCE, for example "
					 "0-1=15,0-2=40");
		return topology_parse_distances(value, &test->distances, err);
	case KEY_MEMORY:
		return value_memory(keys[key].name, value, &test->memory_mib, err);
	case KEY_MEMORY_MIB:
		return value_count(keys[key].name, value, 1, MAX_MEMORY_MIB, &test->memory_mib,
				   err);
	case KEY_TIMEOUT_S:
	case KEY_DURATION_S:
		return value_seconds(keys[key].name, value, TEST_MAX_SECONDS, &test->timeout_ms,
				     err);
	case KEY_WATCHDOG_TIMEOUT_S:
		return error_set(err, -EINVAL,
				 "watchdog_timeout_s: the kernel takes the time of sched_ext's "
				 "watchdog from the scheduler alone (timeout_ms of its struct "
				 "sched_ext_ops, 30000 at most); set it there, or by a switch of "
				 "the scheduler's own in scheduler_args");
	case KEY_SCHEDULER:
		return set_scheduler(test, value, err);
	case KEY_SCHEDULER_ARGS:
		return entry_scheduler_split(&test->scheduler, keys[key].name, value, err);
	case KEY_SETUP:
		return entry_strings_add(&test->scheduler.setup, &test->scheduler.nr_setup,
					 keys[key].name, value, err);
	case KEY_EXPECT_SCX_EXIT:
		return pattern_parse(keys[key].name, value, &test->expect_scx, err);
	case KEY_IGNORE:
		return set_ignore(test, value, err);
	case KEY_WPROF_ARGS:
		return replace(&test->wprof_args, value, err);
	case KEY_RECORD_MIB:
		test->record.said = true;
		return value_record_mib(keys[key].name, value, &test->record.mib, err);
	case KEY_INCLUDE:
		return add_include(test, value, err);
	case KEY_MODULE:
		return add_module(test, value, err);
	case KEY_WITH:
		return entry_with_add(&test->includes, &test->nr_includes, keys[key].name, value,
				      err);
	case KEY_TOOL:
		return add_tool(test, value, err);
	case KEY_APPEND:
		return add_append(test, value, err);
	case KEY_ENV:
		return add_env(test, value, err);
	case KEY_MIN_LLCS:
		return set_number(key, value, 1, &takes->min_llcs, err);
	case KEY_MAX_LLCS:
		return set_number(key, value, 0, &takes->max_llcs, err);
	case KEY_MIN_CPUS:
		return set_number(key, value, 1, &takes->min_cpus, err);
	case KEY_MAX_CPUS:
		return set_number(key, value, 0, &takes->max_cpus, err);
	case KEY_MIN_NUMA_NODES:
		return set_number(key, value, 1, &takes->min_nodes, err);
	case KEY_MAX_NUMA_NODES:
		return set_number(key, value, 0, &takes->max_nodes, err);
	case KEY_AUTO_REPRO:
		return value_flag(keys[key].name, value, &test->auto_repro, err);
	case KEY_EXPECT_ERR:
		return set_expect_err(test, value, err);
	case KEY_EXPECT_STATUS:
		return set_expect_status(test, value, err);
	case KEY_ALLOW_SPLAT:
		return patterns_add(&test->allow_splat, keys[key].name, value, err);
	case KEY_HOST_ONLY:
		return value_flag(keys[key].name, value, &test->host_only, err);
	case KEY_KASLR:
		ret = value_flag(keys[key].name, value, &test->kaslr, err);
		test->has_kaslr = !ret;
		return ret;
	case KEY_FRESH:
		return value_flag(keys[key].name, value, &test->fresh, err);
	case KEY_PIN:
		return value_flag(keys[key].name, value, &test->pin, err);
	case KEY_TIMED:
		return value_flag(keys[key].name, value, &test->timed, err);
	case KEY_HOST_NOISE:
		ret = value_percent(keys[key].name, value, &test->host_noise, err);
		test->has_host_noise = !ret;
		return ret;
	case KEY_WPROF:
		return value_flag(keys[key].name, value, &test->wprof, err);
	case KEY_REQUIRES_SMT:
		return value_flag(keys[key].name, value, &takes->requires_smt, err);
	case KEY_PERFORMANCE_MODE: {
		bool on;

		ret = value_flag(keys[key].name, value, &on, err);
		if (!ret && on)
			return error_set(err, -EINVAL,
					 "performance_mode: not supported; 'pin' gives each vCPU a "
					 "CPU of its own");
		return ret;
	}
	case NR_KEYS:
		break;
	}
	return error_set(err, -EINVAL, "key %d has no meaning", (int)key);
}

int key_apply(struct directives *read, const char *word)
{
	const char *equals = strchr(word, '='), *value = equals ? equals + 1 : NULL;
	struct error *err = read->err;
	enum key key = NR_KEYS;
	int ret;

	ret = find(word, equals ? (size_t)(equals - word) : strlen(word), &key, err);
	if (ret)
		return ret;
	if (read->lines[key] && !(keys[key].flags & AGAIN))
		return error_set(err, -EINVAL, "'%s' was given already, in line %u; give it once",
				 keys[key].name, read->lines[key]);
	if (keys[key].form == VALUE && (!value || !*value))
		return error_set(
			err, -EINVAL,
			"'%s' needs a value, for example %s=%s, with no blanks around the '='",
			keys[key].name, keys[key].name, keys[key].example);
	if (keys[key].form == REASON && value && !*value)
		return error_set(err, -EINVAL, "'%s=' has no reason; give one, or write only '%s'",
				 keys[key].name, keys[key].name);
	/* A shell's habit; the next word would be told to be no key, which helps nobody. */
	if (keys[key].form != FLAG && value && *value == '\'')
		return error_set(err, -EINVAL,
				 "'%s': single quotes keep nothing together here; use double ones",
				 keys[key].name);
	ret = set_value(read->test, key, keys[key].form == FLAG && !value ? "true" : value, err);
	if (!ret && !read->lines[key])
		read->lines[key] = read->line;
	return ret;
}
