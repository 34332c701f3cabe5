/*
 * Loads scx_ktstr.bpf.c, waits for its end and tells how it came: reason, message and the kernel's
 * dump on standard error. Exit status: 0 when it was told to end, 1 when it could not be loaded or
 * the kernel ejected it, 2 for a bad command line.
 */
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "scx_ktstr.h"

#define LINK_FLAG     (1u << 13) /* BPF_F_LINK */
#define LINK_TYPE     44	 /* BPF_STRUCT_OPS, enum bpf_attach_type */
#define KIND_UNREG    64	 /* SCX_EXIT_UNREG */
#define LOOK_MS	      20
#define END_LOOKS     250 /* for ops.exit, once it is unregistered */
#define MAX_MS	      86400000ul
#define NAME_MAX_SIZE 128 /* SCX_OPS_NAME_LEN */

/* The compiled BPF object, as a part of this program. */
__asm__(".section .rodata\n.balign 16\nbpf_object:\n.incbin \"" BPF_OBJECT "\"\nbpf_object_end:\n"
	".balign 8\nbpf_object_size: .quad bpf_object_end - bpf_object\n.previous\n");
extern const char bpf_object[];
extern const size_t bpf_object_size;

struct settings {
	struct scx_ktstr_switches switches;
	unsigned long timeout_ms; /* 0: the source's */
	unsigned long crash_ms, exit_ms, babble_mib;
	int exit_status;
	bool ignore_term, fork_away, quiet;
	const char *name; /* NULL: the source's */
};

struct loaded {
	char *elf;
	struct bpf_object *object;
	struct bpf_link *link;
	int kernel_link;		    /* -1: the one above is enough */
	const struct scx_ktstr_exit *ended; /* in the kernel's map; NULL: not loaded */
};

static volatile sig_atomic_t told_to_end;

static void on_signal(int number)
{
	(void)number;
	told_to_end = 1;
}

static const char usage_text[] =
	"Usage: scx_ktstr [OPTION]...\n"
	"Schedules by weighted virtual time from one queue, until SIGTERM or SIGINT.\n"
	"\n"
	"  --slice TIME         how long a task runs at once: 5ms, 800us (default 5ms)\n"
	"  --timeout-ms N       the kernel's watchdog ejects it after N ms (default 5000, most 30000)\n"
	"  --name NAME          what the kernel calls it (default scx_ktstr)\n"
	"  --quiet              does not tell how it ended, nor the kernel's dump\n"
	"\n"
	"What it does wrong, when it is asked to; MS counts from its start:\n"
	"  --stall [MS]         dispatches nothing any more (default after 500)\n"
	"  --starve COMM        never dispatches the first task of that name\n"
	"  --starve-pid PID     nor this one\n"
	"  --error-on COMM      calls scx_bpf_error when a task of that name runs\n"
	"  --spin MS            a CPU runs on and on in it, with interrupts off\n"
	"  --refuse             its ops.init returns an error\n"
	"  --bad-prog           has a program that the verifier refuses\n"
	"  --bad-btf            needs what the kernel's BTF does not have\n"
	"  --crash-after MS     the loader dies of SIGSEGV\n"
	"  --exit-after MS      the loader ends by itself ...\n"
	"  --exit-status N      ... with this status (default 0)\n"
	"  --ignore-term        SIGTERM and SIGINT do nothing\n"
	"  --fork-away          a child goes on, and the parent ends at once\n"
	"  --babble MIB         prints so much to standard error first\n";

static unsigned long number(const char *option, const char *text, unsigned long most)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || value > most) {
		fprintf(stderr, "scx_ktstr: %s '%s': not a number from 0 to %lu\n", option, text,
			most);
		exit(2);
	}
	return value;
}

static __u64 slice(const char *text)
{
	static const struct {
		const char *name;
		__u64 ns;
	} units[] = { { "ns", 1 }, { "us", 1000 }, { "ms", 1000000 }, { "s", 1000000000 } };
	char *unit;
	unsigned long value = strtoul(text, &unit, 10);

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (value && value <= 1000000000 && unit > text && *text != '-' &&
		    !strcmp(unit, units[i].name))
			return value * units[i].ns;
	fprintf(stderr, "scx_ktstr: --slice '%s': takes a time with its unit, as in 5ms or 800us\n",
		text);
	exit(2);
}

enum {
	SLICE = 1,
	TIMEOUT,
	STALL,
	STARVE,
	STARVE_PID,
	ERROR_ON,
	SPIN,
	REFUSE,
	BAD_PROG,
	BAD_BTF,
	CRASH,
	EXIT,
	EXIT_STATUS,
	IGNORE_TERM,
	FORK_AWAY,
	BABBLE,
	NAME,
	QUIET,
	HELP,
};

static void set(struct settings *settings, int option, const char *value)
{
	struct scx_ktstr_switches *switches = &settings->switches;

	switch (option) {
	case SLICE:
		switches->slice_ns = slice(value);
		break;
	case TIMEOUT:
		settings->timeout_ms = number("--timeout-ms", value, MAX_MS);
		break;
	case STALL:
		switches->stall_ns = (value ? number("--stall", value, MAX_MS) : 500) * 1000000ull;
		break;
	case STARVE:
		snprintf(switches->starve_comm, sizeof(switches->starve_comm), "%s", value);
		break;
	case STARVE_PID:
		switches->starve_pid = (__s32)number("--starve-pid", value, INT32_MAX);
		break;
	case ERROR_ON:
		snprintf(switches->error_comm, sizeof(switches->error_comm), "%s", value);
		break;
	case SPIN:
		switches->spin_ns = number("--spin", value, MAX_MS) * 1000000ull;
		break;
	case REFUSE:
		switches->refuse = 1;
		break;
	case BAD_PROG:
		switches->bad_prog = 1;
		break;
	case BAD_BTF:
		switches->bad_btf = 1;
		break;
	case CRASH:
		settings->crash_ms = number("--crash-after", value, MAX_MS) + 1;
		break;
	case EXIT:
		settings->exit_ms = number("--exit-after", value, MAX_MS) + 1;
		break;
	case EXIT_STATUS:
		settings->exit_status = (int)number("--exit-status", value, 255);
		break;
	case IGNORE_TERM:
		settings->ignore_term = true;
		break;
	case FORK_AWAY:
		settings->fork_away = true;
		break;
	case BABBLE:
		settings->babble_mib = number("--babble", value, 1u << 20);
		break;
	case NAME:
		if (!*value || strlen(value) >= NAME_MAX_SIZE) {
			fprintf(stderr, "scx_ktstr: --name: takes 1 to %d bytes\n",
				NAME_MAX_SIZE - 1);
			exit(2);
		}
		settings->name = value;
		break;
	case QUIET:
		settings->quiet = true;
		break;
	case HELP:
		fputs(usage_text, stdout);
		exit(0);
	default:
		fputs("scx_ktstr: see --help\n", stderr);
		exit(2);
	}
}

static void read_options(struct settings *settings, int argc, char **argv)
{
	static const struct option options[] = {
		{ "slice", required_argument, NULL, SLICE },
		{ "timeout-ms", required_argument, NULL, TIMEOUT },
		{ "stall", optional_argument, NULL, STALL },
		{ "starve", required_argument, NULL, STARVE },
		{ "starve-pid", required_argument, NULL, STARVE_PID },
		{ "error-on", required_argument, NULL, ERROR_ON },
		{ "spin", required_argument, NULL, SPIN },
		{ "refuse", no_argument, NULL, REFUSE },
		{ "bad-prog", no_argument, NULL, BAD_PROG },
		{ "bad-btf", no_argument, NULL, BAD_BTF },
		{ "crash-after", required_argument, NULL, CRASH },
		{ "exit-after", required_argument, NULL, EXIT },
		{ "exit-status", required_argument, NULL, EXIT_STATUS },
		{ "ignore-term", no_argument, NULL, IGNORE_TERM },
		{ "fork-away", no_argument, NULL, FORK_AWAY },
		{ "babble", required_argument, NULL, BABBLE },
		{ "name", required_argument, NULL, NAME },
		{ "quiet", no_argument, NULL, QUIET },
		{ "help", no_argument, NULL, HELP },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0)
		set(settings, option, optarg);
	if (argv[optind]) {
		fprintf(stderr, "scx_ktstr: '%s': takes options only, see --help\n", argv[optind]);
		exit(2);
	}
}

/* Where @field of struct sched_ext_ops lies in our own, by the object's BTF; -1: nowhere. */
static long field_offset(const char *elf, size_t size, const char *field)
{
	struct bpf_object *object = bpf_object__open_mem(elf, size, NULL);
	const struct btf *btf = object ? bpf_object__btf(object) : NULL;
	const struct btf_type *type;
	__s32 id = btf ? btf__find_by_name_kind(btf, "sched_ext_ops", BTF_KIND_STRUCT) : -1;
	long found = -1;

	type = id > 0 ? btf__type_by_id(btf, (__u32)id) : NULL;
	for (__u32 i = 0; type && i < btf_vlen(type); i++)
		if (!strcmp(btf__name_by_offset(btf, btf_members(type)[i].name_off), field))
			found = btf_member_bit_offset(type, i) / 8;
	bpf_object__close(object);
	return found;
}

/*
 * A member of .struct_ops can be set through libbpf from 1.4 on only. So that older ones do as
 * well, it is set in the object's bytes, before they are opened.
 */
static int set_member(char *elf, size_t size, const char *field, const void *value, size_t length)
{
	long offset = field_offset(elf, size, field);
	Elf_Scn *section = NULL;
	size_t names;
	GElf_Shdr header;
	int ret = -ENOENT;
	Elf *object;

	elf_version(EV_CURRENT);
	object = elf_memory(elf, size);
	if (!object || elf_getshdrstrndx(object, &names))
		return -EINVAL;
	while (offset >= 0 && ret && (section = elf_nextscn(object, section))) {
		const char *name;

		if (!gelf_getshdr(section, &header))
			continue;
		name = elf_strptr(object, names, header.sh_name);
		if (!name || strcmp(name, ".struct_ops"))
			continue;
		memcpy(elf + header.sh_offset + offset, value, length);
		ret = 0;
	}
	elf_end(object);
	return ret;
}

/* The members that switches change. */
static int set_members(char *elf, size_t size, const struct settings *settings)
{
	__u32 timeout_ms = (__u32)settings->timeout_ms;
	int ret = 0;

	if (settings->timeout_ms)
		ret = set_member(elf, size, "timeout_ms", &timeout_ms, sizeof(timeout_ms));
	if (!ret && settings->name)
		ret = set_member(elf, size, "name", settings->name, strlen(settings->name) + 1);
	return ret;
}

/* Whatever goes wrong: libbpf and the verifier have said it on standard error. */
static int load(struct loaded *loaded, const struct settings *settings)
{
	size_t size = bpf_object_size, switches_size;
	struct bpf_program *init;
	struct bpf_map *map, *ops;
	void *switches, *ended;
	int ret;

	loaded->elf = malloc(size);
	if (!loaded->elf)
		return -ENOMEM;
	memcpy(loaded->elf, bpf_object, size);
	ret = set_members(loaded->elf, size, settings);
	if (ret)
		return ret;
	loaded->object = bpf_object__open_mem(loaded->elf, size, NULL);
	if (!loaded->object)
		return -errno;
	init = bpf_object__find_program_by_name(loaded->object, "ktstr_init");
	map = bpf_object__find_map_by_name(loaded->object, ".rodata.switches");
	ops = bpf_object__find_map_by_name(loaded->object, "scx_ktstr");
	switches = map ? (void *)bpf_map__initial_value(map, &switches_size) : NULL;
	if (!init || !ops || !switches || switches_size != sizeof(settings->switches))
		return -ENOENT;
	memcpy(switches, &settings->switches, sizeof(settings->switches));
	/* SEC("struct_ops.s") of libbpf 1.2 */
	bpf_program__set_flags(init, BPF_F_SLEEPABLE);
	/* SEC(".struct_ops.link"), likewise: without it a loader that is killed leaves the
	 * scheduler. */
	bpf_map__set_map_flags(ops, bpf_map__map_flags(ops) | LINK_FLAG);
	ret = bpf_object__load(loaded->object);
	if (ret)
		return ret;
	map = bpf_object__find_map_by_name(loaded->object, ".data.ended");
	if (!map)
		return -ENOENT;
	ended = mmap(NULL, sizeof(*loaded->ended), PROT_READ, MAP_SHARED, bpf_map__fd(map), 0);
	if (ended == MAP_FAILED)
		return -errno;
	loaded->ended = ended;
	loaded->link = bpf_map__attach_struct_ops(ops);
	if (!loaded->link)
		return -errno;
	if (libbpf_major_version() == 1 && libbpf_minor_version() < 2) {
		loaded->kernel_link = bpf_link_create(bpf_map__fd(ops), 0, LINK_TYPE, NULL);
		if (loaded->kernel_link < 0)
			return loaded->kernel_link;
	}
	return 0;
}

/* Ends it, when the kernel has not done so. */
static void unload(struct loaded *loaded)
{
	if (loaded->kernel_link >= 0)
		close(loaded->kernel_link);
	loaded->kernel_link = -1;
	bpf_link__destroy(loaded->link);
	loaded->link = NULL;
}

static __s64 kind_of(const struct loaded *loaded)
{
	return loaded->ended ? __atomic_load_n(&loaded->ended->kind, __ATOMIC_ACQUIRE) : 0;
}

static void wait_a_little(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = LOOK_MS * 1000000L }, NULL);
}

static unsigned long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (unsigned long)now.tv_sec * 1000 + (unsigned long)now.tv_nsec / 1000000;
}

static void babble(unsigned long mib)
{
	char line[1024];

	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\n';
	for (unsigned long i = 0; i < mib * 1024; i++)
		fwrite(line, sizeof(line), 1, stderr);
}

/* How it ended, as the kernel has told. Returns our exit status. */
static int tell_end(const struct loaded *loaded, bool quiet)
{
	const struct scx_ktstr_exit *ended = loaded->ended;

	if (quiet)
		return kind_of(loaded) == KIND_UNREG ? 0 : 1;
	if (!kind_of(loaded)) {
		fprintf(stderr, "scx_ktstr: ended, and the kernel has not said why\n");
		return 1;
	}
	fprintf(stderr, "scx_ktstr: ended (kind %lld): %s%s%s\n", (long long)ended->kind,
		ended->reason, *ended->msg ? ": " : "", ended->msg);
	if (*ended->dump)
		fprintf(stderr, "%s\n", ended->dump);
	return ended->kind == KIND_UNREG ? 0 : 1;
}

static int watch(struct loaded *loaded, const struct settings *settings)
{
	unsigned long begin = now_ms();

	while (!told_to_end && !kind_of(loaded)) {
		unsigned long passed = now_ms() - begin + 1;

		if (settings->crash_ms && passed >= settings->crash_ms)
			raise(SIGSEGV);
		if (settings->exit_ms && passed >= settings->exit_ms) {
			unload(loaded);
			return settings->exit_status;
		}
		wait_a_little();
	}
	unload(loaded);
	for (int i = 0; i < END_LOOKS && !kind_of(loaded); i++)
		wait_a_little();
	return tell_end(loaded, settings->quiet);
}

static void catch_signals(bool ignore)
{
	struct sigaction action = { .sa_handler = ignore ? SIG_IGN : on_signal };

	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
}

int main(int argc, char **argv)
{
	struct settings settings = { .switches.slice_ns = 5000000 };
	struct loaded loaded = { .kernel_link = -1 };
	int ret;

	read_options(&settings, argc, argv);
	catch_signals(settings.ignore_term);
	babble(settings.babble_mib);
	if (settings.fork_away && fork())
		return 0;
	ret = load(&loaded, &settings);
	if (ret) {
		fprintf(stderr, "scx_ktstr: could not be loaded: %s\n", strerror(-ret));
		ret = 1;
	} else {
		fprintf(stderr, "scx_ktstr: loaded\n");
		ret = watch(&loaded, &settings);
	}
	unload(&loaded);
	bpf_object__close(loaded.object);
	free(loaded.elf);
	return ret;
}
