/* What was the tracer asked to do? See options.h. */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <string.h>

#define DURATION_MS_MAX 2147483647ull
#define RINGBUF_KB_MAX	(1ull << 30)
#define RINGBUF_CNT_MAX 65536ull

/* Long options without a letter of their own. */
enum { OPTION_RINGBUF_SIZE = 256, OPTION_RINGBUF_CNT, OPTION_HELP, OPTION_USAGE };

const char options_usage_text[] =
	"Usage: wprof [-d MS] [-e sched] [--ringbuf-size=KB] [--ringbuf-cnt=N] [-D FILE] -T FILE\n";

const char options_help_text[] =
	"\n"
	"Records what the scheduler does on every CPU into a Perfetto trace, until -d is over or\n"
	"SIGINT or SIGTERM arrives; a second one kills. This is ktstr-launch's built-in tracer: "
	"it\n"
	"knows a part of wprof's options, and refuses the others by name.\n"
	"\n"
	"  -d, --dur-ms=MS        record for so long (default 1000)\n"
	"  -e FEATURE             only sched, which is always on\n"
	"      --ringbuf-size=KB  with --ringbuf-cnt the most memory to use for events (default\n"
	"                         16384, rounded up to a power of two); less is used where the\n"
	"                         machine has less, and then the newest events are kept\n"
	"      --ringbuf-cnt=N    times --ringbuf-size (default max(4, CPUs/8), at most the CPUs)\n"
	"  -T, --trace=FILE       where the trace goes; complete or absent, never half\n"
	"  -D, --data=FILE        where events wait until then (default wprof.data); an unnamed\n"
	"                         file in its place, so nothing stays behind\n"
	"  -?, --help, --usage, -V, --version\n"
	"\n"
	"Exit status: 0, 64 for a bad option, an errno value for any other failure.\n";

static const struct option long_options[] = {
	{ "dur-ms", required_argument, NULL, 'd' },
	{ "trace", required_argument, NULL, 'T' },
	{ "data", required_argument, NULL, 'D' },
	{ "ringbuf-size", required_argument, NULL, OPTION_RINGBUF_SIZE },
	{ "ringbuf-cnt", required_argument, NULL, OPTION_RINGBUF_CNT },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ "usage", no_argument, NULL, OPTION_USAGE },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

static int parse_number(const char *option, const char *text, uint64_t max, uint64_t *out,
			struct failure *failure)
{
	uint64_t value = 0;
	const char *c;

	for (c = text; *c >= '0' && *c <= '9' && value <= max; c++)
		value = value * 10 + (uint64_t)(*c - '0');
	if (c == text || *c != '\0' || value < 1 || value > max)
		return failure_set(failure, -EINVAL,
				   "option '%s': '%s' is not a number from 1 to %llu", option, text,
				   (unsigned long long)max);
	*out = value;
	return 0;
}

static uint64_t round_up_to_power_of_two(uint64_t value)
{
	uint64_t power = 1;

	while (power < value)
		power <<= 1;
	return power;
}

/* getopt has eaten the option: say how it was spelled. */
static int refuse(char **argv, struct failure *failure)
{
	const char letter[] = { '-', (char)optopt, '\0' };
	/* getopt leaves the letter of a short option; a long one is always a word of its own. */
	const char *name = optopt > 0 && optopt < OPTION_RINGBUF_SIZE ? letter : argv[optind - 1];

	return failure_set(failure, -EINVAL,
			   "option '%.*s' is not supported by the built-in tracer; embed wprof "
			   "itself for it",
			   (int)strcspn(name, "="), name);
}

int tracer_options_parse(int argc, char **argv, struct options *options, struct failure *failure)
{
	int c, ret = 0;

	*options = (struct options){
		.duration_ms = 1000,
		.ringbuf_kb = 16384,
		.data = "wprof.data",
	};
	opterr = 0;
	optind = 0; /* start anew, in glibc and in musl */
	while (!ret && (c = getopt_long(argc, argv, ":d:e:T:D:V", long_options, NULL)) != -1) {
		switch (c) {
		case 'd':
			ret = parse_number("-d", optarg, DURATION_MS_MAX, &options->duration_ms,
					   failure);
			break;
		case 'e':
			if (strcmp(optarg, "sched"))
				return failure_set(failure, -EINVAL,
						   "option '-e %s' is not supported by the "
						   "built-in tracer; embed wprof itself for it",
						   optarg);
			break;
		case OPTION_RINGBUF_SIZE:
			ret = parse_number("--ringbuf-size", optarg, RINGBUF_KB_MAX,
					   &options->ringbuf_kb, failure);
			break;
		case OPTION_RINGBUF_CNT:
			ret = parse_number("--ringbuf-cnt", optarg, RINGBUF_CNT_MAX,
					   &options->ringbuf_cnt, failure);
			break;
		case 'T':
			options->trace = optarg;
			break;
		case 'D':
			options->data = optarg;
			break;
		case 'V':
			return OPTIONS_VERSION;
		case OPTION_USAGE:
			return OPTIONS_USAGE;
		case OPTION_HELP:
			return OPTIONS_HELP;
		case ':':
			return failure_set(failure, -EINVAL, "option '%s': it needs a value",
					   argv[optind - 1]);
		case '?':
			if (optopt == '?')
				return OPTIONS_HELP;
			return refuse(argv, failure);
		}
	}
	if (ret)
		return ret;
	if (optind < argc)
		return failure_set(failure, -EINVAL, "argument '%s': the tracer takes options only",
				   argv[optind]);
	if (!options->trace || !*options->trace)
		return failure_set(failure, -EINVAL,
				   "no trace file; name one with -T (the built-in tracer cannot "
				   "replay a data file later)");
	if (!strcmp(options->trace, "-"))
		return failure_set(failure, -EINVAL,
				   "option '-T -' is not supported by the built-in tracer; name a "
				   "file");
	if (!*options->data)
		return failure_set(failure, -EINVAL, "option '-D': the name is empty");
	options->ringbuf_kb = round_up_to_power_of_two(options->ringbuf_kb);
	return OPTIONS_RECORD;
}

uint64_t options_budget(const struct options *options, unsigned int cpus)
{
	uint64_t count = options->ringbuf_cnt;

	if (!count) {
		count = (cpus + 7) / 8 > 4 ? (cpus + 7) / 8 : 4;
		if (count > cpus)
			count = cpus;
	}
	/* At most 2^30 KB x 2^16, far from overflow. */
	return (options->ringbuf_kb << 10) * count;
}
