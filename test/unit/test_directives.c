/* Do a test's directives say what its author wrote, and is everything else refused, by line? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "entry/directives.h"

/* A heap copy of the exact size: a sanitizer sees what is read beyond it. */
static int parse(struct test *test, const char *text, size_t size, bool bare, unsigned int *found,
		 struct error *err)
{
	char *copy = malloc(size ? size : 1);
	int ret;

	assert_non_null(copy);
	memcpy(copy, text, size);
	assert_int_equal(test_init(test), 0);
	ret = directives_parse(test, "t.sh", copy, size, bare, found, err);
	free(copy);
	return ret;
}

static void parses(struct test *test, const char *text)
{
	struct error err = { "" };

	if (parse(test, text, strlen(text), false, NULL, &err))
		fail_msg("'%s': %s", text, err.text);
}

static void refuses_as(const char *text, size_t size, bool bare, const char *message)
{
	struct error err = { "" };
	struct test test;
	int ret = parse(&test, text, size, bare, NULL, &err);

	if (ret != -EINVAL || strcmp(err.text, message))
		fail_msg("'%.*s': %d, %s\n       not: %s", (int)size, text, ret, err.text, message);
	test_destroy(&test);
}

static void refuses(const char *text, const char *message)
{
	refuses_as(text, strlen(text), false, message);
}

static void assert_topology(const struct test *test, const char *expected)
{
	char spec[TOPOLOGY_SPEC_SIZE];

	topology_format(&test->topology, spec);
	assert_string_equal(spec, expected);
}

static void defaults(void **state)
{
	static const char *const texts[] = {
		"",
		"#!/bin/sh\n",
		"#!/bin/sh\n# about the ktstr tool: none\n#ktstring: x\n#ktstr\n#ktstr-launch runs it\necho",
		"echo\n# ktstr: now it is program text\n",
		"echo #ktstr: wprof\n",
	};
	struct test test;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		parses(&test, texts[i]);
		assert_topology(&test, "1n1l2c1t");
		assert_int_equal(test.memory_mib, 2048);
		assert_int_equal(test.timeout_ms, 60000);
		assert_true(test.auto_repro);
		assert_true(test.kaslr);
		assert_false(test.has_kaslr || test.wprof || test.host_only);
		assert_int_equal(test.expect.kind, EXPECT_PASS);
		assert_int_equal(test.allow_splat.count, 0);
		assert_false(test.fresh || test.pin || test.timed || test.has_host_noise);
		assert_null(test.wprof_args);
		assert_null(test.ignore);
		assert_null(test.append);
		assert_null(test.env[0]);
		assert_int_equal(test.nr_includes, 0);
		assert_int_equal(test.constraints.min_llcs, 1);
		assert_int_equal(test.constraints.max_llcs, 12);
		assert_int_equal(test.constraints.max_cpus, 192);
		assert_int_equal(test.constraints.max_nodes, 1);
		assert_false(test.constraints.requires_smt);
		test_destroy(&test);
	}
}

static void everything_at_once(void **state)
{
	struct test test;

	(void)state;
	parses(&test,
	       "#!/bin/sh\n"
	       "#ktstr: topology=2n4l2c2t memory_mib=512 wprof\ttimeout_s=1.5  auto_repro=no\n"
	       "\n \t\n# words in between\n"
	       "#ktstr:append=\"isolcpus=1 nohz_full=1\" env=MODE=fast env=\"TWO=a  b\"\n"
	       "#ktstr: include=data.txt:/data.txt include=/etc/fstab append=quiet kaslr=false fresh\n"
	       "#ktstr: module=zram module=\"loop  max_loop=8 max_part=1\"\n"
	       "#ktstr: with=python3 with=/opt/perl5.40/bin/perl5.40\n"
	       "#ktstr: min_llcs=2 max_llcs=8 min_cpus=4 max_cpus=0 min_numa_nodes=2\n"
	       "#ktstr: max_numa_nodes=4 requires_smt wprof_args=\"-d 5\" record_mib=8 expect_err=true\n"
	       "#ktstr: host_noise=25 pin timed\n"
	       "#ktstr: allow_splat=\"WARNING: *a.c*\" allow_splat=/^tainted/\n"
	       "set -e\n");
	assert_topology(&test, "2n4l2c2t");
	assert_int_equal(test.memory_mib, 512);
	assert_true(test.wprof && test.has_kaslr && test.fresh && test.pin);
	assert_true(test.has_host_noise && test.host_noise == 25 && test.timed);
	assert_int_equal(test.expect.kind, EXPECT_ERROR);
	assert_int_equal(test.allow_splat.count, 2);
	assert_true(patterns_match(&test.allow_splat, "WARNING: at a.c:1"));
	assert_true(patterns_match(&test.allow_splat, "tainted: W"));
	assert_false(patterns_match(&test.allow_splat, "a WARNING: at a.c:1"));
	assert_false(test.auto_repro || test.kaslr);
	assert_int_equal(test.timeout_ms, 1500);
	assert_string_equal(test.append, "isolcpus=1 nohz_full=1 quiet");
	assert_string_equal(test.env[0], "MODE=fast");
	assert_string_equal(test.env[1], "TWO=a  b");
	assert_null(test.env[2]);
	assert_int_equal(test.nr_includes, 4);
	assert_string_equal(test.includes[0].host, "data.txt");
	assert_string_equal(test.includes[0].guest, "/data.txt");
	assert_string_equal(test.includes[1].host, "/etc/fstab");
	assert_null(test.includes[1].guest);
	assert_int_equal(test.nr_modules, 2);
	assert_string_equal(test.modules[0].name, "zram");
	assert_string_equal(test.modules[0].params, "");
	assert_string_equal(test.modules[1].name, "loop");
	assert_string_equal(test.modules[1].params, "max_loop=8 max_part=1");
	assert_false(test.includes[1].with);
	assert_string_equal(test.includes[2].host, "python3");
	assert_true(test.includes[2].with && test.includes[3].with);
	assert_string_equal(test.wprof_args, "-d 5");
	assert_int_equal(test.record.mib, 8);
	assert_int_equal(test.constraints.min_llcs, 2);
	assert_int_equal(test.constraints.max_llcs, 8);
	assert_int_equal(test.constraints.min_cpus, 4);
	assert_int_equal(test.constraints.max_cpus, 0);
	assert_int_equal(test.constraints.min_nodes, 2);
	assert_int_equal(test.constraints.max_nodes, 4);
	assert_true(test.constraints.requires_smt);
	test_destroy(&test);
}

static void values(void **state)
{
	static const struct {
		const char *text;
		uint64_t ms;
	} seconds[] = {
		{ "0", 0 },	 { "0.0", 0 },
		{ "0.0001", 1 }, { "12", 12000 },
		{ "0.5", 500 },	 { ".25", 250 },
		{ "3.", 3000 },	 { "1.0004", 1000 },
		{ "0.0019", 2 }, { "604800", 604800000 },
	};
	char text[64];
	struct test test;

	(void)state;
	for (size_t i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++)
		for (int alias = 0; alias < 2; alias++) {
			snprintf(text, sizeof(text), "#ktstr: %s=%s",
				 alias ? "duration_s" : "timeout_s", seconds[i].text);
			parses(&test, text);
			assert_int_equal(test.timeout_ms, seconds[i].ms);
			test_destroy(&test);
		}
	parses(&test, "#ktstr: distance=0-1=15 topology=2n:2c1t+1c1t+1m");
	assert_topology(&test, "2n:2c1t+1c1t+1m@0-1=15");
	test_destroy(&test);
	parses(&test, "#ktstr: topology=2n2l1c1t@0-1=15\n#ktstr: distance=1-0=16");
	assert_topology(&test, "2n2l1c1t@0-1=16");
	test_destroy(&test);
	parses(&test, "#ktstr: numa_nodes=2 llcs=4 cores=3 threads=2");
	assert_topology(&test, "2n4l3c2t");
	test_destroy(&test);
	/* A part alone leaves the others at their defaults. */
	parses(&test, "#ktstr: llcs=4 cores=1");
	assert_topology(&test, "1n4l1c1t");
	test_destroy(&test);
	parses(&test, "#ktstr: host_only timeout_s=3 env=A= expect_err");
	assert_true(test.host_only);
	assert_string_equal(test.env[0], "A=");
	test_destroy(&test);
	parses(&test, "#ktstr: host_only=false memory_mib=1 performance_mode=0 requires_smt=0");
	assert_int_equal(test.memory_mib, 1);
	test_destroy(&test);
	parses(&test, "#ktstr: memory=4G");
	assert_int_equal(test.memory_mib, 4096);
	test_destroy(&test);
	parses(&test, "#ktstr: memory_mib=1073741824 kaslr");
	assert_true(test.kaslr && test.has_kaslr);
	test_destroy(&test);
}

static void how_it_fails(void **state)
{
	static const struct {
		const char *text;
		enum expect_kind kind;
		unsigned int status;
		const char *line; /* that the pattern takes */
	} cases[] = {
		{ "#ktstr: expect_err", EXPECT_ERROR, 0, NULL },
		{ "#ktstr: expect_err=no", EXPECT_PASS, 0, NULL },
		{ "#ktstr: expect_err=status:1", EXPECT_STATUS, 1, NULL },
		{ "#ktstr: expect_err=status:255", EXPECT_STATUS, 255, NULL },
		{ "#ktstr: expect_status=3", EXPECT_STATUS, 3, NULL },
		{ "#ktstr: expect_status=3 expect_err", EXPECT_STATUS, 3, NULL },
		{ "#ktstr: expect_err expect_status=3", EXPECT_STATUS, 3, NULL },
		{ "#ktstr: expect_err=\"stderr:*was starved*\"", EXPECT_STDERR, 0,
		  "it was starved." },
		{ "#ktstr: expect_err=stdout:/starv(ed|ing)/", EXPECT_STDOUT, 0, "is starving" },
	};
	struct test test;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		parses(&test, cases[i].text);
		assert_int_equal(test.expect.kind, cases[i].kind);
		assert_int_equal(test.expect.status, cases[i].status);
		if (cases[i].line)
			assert_true(pattern_matches(&test.expect.pattern, cases[i].line));
		test_destroy(&test);
	}
}

static void ignored(void **state)
{
	static const struct {
		const char *text, *reason;
	} cases[] = {
		{ "#ktstr: ignore", TEST_DEFAULT_IGNORE },
		{ "#ktstr: ignore=yes", TEST_DEFAULT_IGNORE },
		{ "#ktstr: ignore=\"until 6.14\"", "until 6.14" },
		{ "#ktstr: ignore=false expect_err", NULL },
	};
	struct test test;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		parses(&test, cases[i].text);
		if (cases[i].reason)
			assert_string_equal(test.ignore, cases[i].reason);
		else
			assert_null(test.ignore);
		test_destroy(&test);
	}
}

static void quotes(void **state)
{
	struct test test;

	(void)state;
	parses(&test, "#ktstr: append=\"dyndbg=\\\"file a +p\\\" x=\\\\ \\n\" env=A=b\"c d\"e\\");
	assert_string_equal(test.append, "dyndbg=\"file a +p\" x=\\ \\n");
	assert_string_equal(test.env[0], "A=bc de\\");
	test_destroy(&test);
	parses(&test, "#ktstr: \"wprof\" env=IT='s env=\"B=\"");
	assert_true(test.wprof);
	assert_string_equal(test.env[0], "IT='s");
	assert_string_equal(test.env[1], "B=");
	test_destroy(&test);
}

static void refuses_words(void **state)
{
	(void)state;
	refuses("#!/bin/sh\n#\n#ktstr: append=\"a b\n",
		"t.sh:3: a double quote is not closed in its line");
	refuses("#ktstr: append=\"a\\\"", "t.sh:1: a double quote is not closed in its line");
	refuses("#ktstr: wprof\r\n", "t.sh:1: a carriage return (0x0d); use Unix line ends");
	refuses("#ktstr: wp\x1brof", "t.sh:1: a control character (0x1b); leave it out");
	refuses_as("#ktstr: wprof\0x", 15, false,
		   "t.sh:1: a control character (0x00); leave it out");
	refuses("#ktstr:", "t.sh:1: no directive behind '#ktstr:'; give one, for example "
			   "topology=1n2l4c2t, or remove the line");
	refuses("#ktstr: record_mib=3",
		"t.sh:1: record_mib '3': a CPU's ring has a power of two of MiB, such as 4; 0: none");
	refuses("#ktstr: wprof_args='-d 5'",
		"t.sh:1: 'wprof_args': single quotes keep nothing together here; use double ones");
	refuses("#ktstr: memory_mib",
		"t.sh:1: 'memory_mib' needs a value, for example memory_mib=512, with no blanks around the '='");
	refuses("#ktstr: append=",
		"t.sh:1: 'append' needs a value, for example append=\"isolcpus=1 nohz_full=1\", with no blanks around the '='");
	refuses("#ktstr: ignore=\"\"",
		"t.sh:1: 'ignore=' has no reason; give one, or write only 'ignore'");
	refuses("#ktstr: wprof\n#ktstr: kaslr wprof=0",
		"t.sh:2: 'wprof' was given already, in line 1; give it once");
}

static void refuses_unknown_keys(void **state)
{
	static const struct {
		const char *key, *meant;
	} slips[] = {
		{ "topolgy", "topology" },
		{ "topology_", "topology" },
		{ "memory_m", "memory" },
		{ "timeout", "timeout_s" },
		{ "wprof-args", "wprof_args" },
		{ "expect_error", "expect_err" },
		{ "smt", "requires_smt" },
		{ "min_llc", "min_llcs" },
		{ "enw", "env" },
		{ "Wprof", "wprof" },
		{ "ignored", "ignore" },
	};
	char text[256], message[256], *stuff;

	(void)state;
	for (size_t i = 0; i < sizeof(slips) / sizeof(slips[0]); i++) {
		snprintf(text, sizeof(text), "\n#ktstr: wprof %s=1", slips[i].key);
		snprintf(message, sizeof(message), "t.sh:2: unknown key '%s'; did you mean '%s'?",
			 slips[i].key, slips[i].meant);
		refuses(text, message);
	}
	refuses("#ktstr: colour=red",
		"t.sh:1: unknown key 'colour'; directives are 'key=value' or a flag such as "
		"'wprof', blanks between them");
	refuses("#ktstr: =1", "t.sh:1: unknown key ''; directives are 'key=value' or a flag such "
			      "as 'wprof', blanks between them");
	refuses("#ktstr: \xc2\x9bx\xff", "t.sh:1: unknown key '?x?'; directives are 'key=value' or "
					 "a flag such as 'wprof', blanks between them");
	/* However long it is, the message stays short and whole. */
	assert_true(asprintf(&stuff, "#ktstr: %01000d", 7) > 0);
	snprintf(text, sizeof(text),
		 "t.sh:1: unknown key '%0116d...'; directives are 'key=value' or a flag such as "
		 "'wprof', blanks between them",
		 0);
	refuses(stuff, text);
	free(stuff);
}

static void refuses_values(void **state)
{
	static const struct {
		const char *word, *says;
	} bad[] = {
		{ "expect_err=sometimes",
		  "expect_err 'sometimes': takes true, false or how it is to fail: status:N, the payload's exit status; stderr:LINE or stdout:LINE, a line of its output, or scx:LINE, why the scheduler was ejected, as a glob or /expression/, as in expect_err=\"stderr:*starved*\"" },
		{ "expect_err=scheduler:stall",
		  "expect_err 'scheduler:stall': takes true, false or how it is to fail: status:N, the payload's exit status; stderr:LINE or stdout:LINE, a line of its output, or scx:LINE, why the scheduler was ejected, as a glob or /expression/, as in expect_err=\"stderr:*starved*\"" },
		{ "expect_err=",
		  "'expect_err=' has no reason; give one, or write only 'expect_err'" },
		{ "expect_err=status:0",
		  "expect_err 'status:0': takes an exit status from 1 to 255, "
		  "as in expect_err=status:1" },
		{ "expect_err=status:256",
		  "expect_err 'status:256': takes an exit status from 1 to 255, as in "
		  "expect_err=status:1" },
		{ "expect_err=status:-1",
		  "expect_err 'status:-1': takes an exit status from 1 to 255, as in "
		  "expect_err=status:1" },
		{ "expect_err=stderr:", "expect_err: a pattern is of 1 to 512 characters" },
		{ "expect_err=stderr:/a(/",
		  "expect_err '/a(/': Unmatched ( or \\(; give a glob for the whole line, as in "
		  "*starved*, or an extended regular expression between slashes, as in "
		  "/starv(ed|ing)/" },
		{ "expect_err=status:1 expect_status=2",
		  "expect_err and expect_status both say how the payload is to fail; keep one of "
		  "them" },
		{ "expect_status=2 expect_err=stdout:x",
		  "expect_err and expect_status both say how the payload is to fail; keep one of "
		  "them" },
		{ "allow_splat",
		  "'allow_splat' needs a value, for example "
		  "allow_splat=\"WARNING: *foo.c*\", with no blanks around the '='" },
		{ "allow_splat=/x{1000}/",
		  "allow_splat '/x{1000}/': a repeat with a count, '{' is not taken, since some "
		  "lines would take very long; write it out" },
		{ "topology=1n2l4c", "topology '1n2l4c': expected a number and 't' (threads per "
				     "core) at ''; give NnNlNcNt, for example 1n2l4c2t" },
		{ "topology=\"1n 2l\"", "topology: takes NnNlNcNt, for example 1n2l4c2t" },
		{ "topology=1n2l4c2t;reboot", "topology: takes NnNlNcNt, for example 1n2l4c2t" },
		{ "topology=1n:4c2t+2c",
		  "topology '1n:4c2t+2c': expected a number and 't' (threads per "
		  "core) at ''; give NnNlNcNt, for example 1n2l4c2t" },
		{ "distance=near",
		  "distance: takes NODE-NODE=DISTANCE, for example 0-1=15,0-2=40" },
		{ "distance=0-1=5",
		  "distances '0-1=5': 5 is none; give 11 to 254 (a node is at 10 from itself, and at 20 from others by default)" },
		{ "llcs=0", "llcs '0': not a whole number from 1 to 1024" },
		{ "llcs=1025", "llcs '1025': not a whole number from 1 to 1024" },
		{ "cores=+1", "cores '+1': not a whole number from 1 to 1024" },
		{ "cores=\" 1\"", "cores ' 1': not a whole number from 1 to 1024" },
		{ "threads=18446744073709551617",
		  "threads '18446744073709551617': not a whole number from 1 to 1024" },
		{ "min_cpus=0", "min_cpus '0': not a whole number from 1 to 1024" },
		{ "max_cpus=1025", "max_cpus '1025': not a whole number from 0 to 1024" },
		{ "memory_mib=0", "memory_mib '0': not a whole number from 1 to 1073741824" },
		{ "memory=4GB", "memory '4GB': not a size above 0, in MiB or as in 512M or 4G" },
		{ "memory_mib=512M", "memory_mib '512M': not a whole number from 1 to 1073741824" },
		{ "timeout_s=-1", "timeout_s '-1': not a number of seconds from 0 to 604800" },
		{ "timeout_s=1e3", "timeout_s '1e3': not a number of seconds from 0 to 604800" },
		{ "timeout_s=0x1", "timeout_s '0x1': not a number of seconds from 0 to 604800" },
		{ "timeout_s=inf", "timeout_s 'inf': not a number of seconds from 0 to 604800" },
		{ "timeout_s=nan", "timeout_s 'nan': not a number of seconds from 0 to 604800" },
		{ "timeout_s=.", "timeout_s '.': not a number of seconds from 0 to 604800" },
		{ "duration_s=604800.1",
		  "duration_s '604800.1': not a number of seconds from 0 to 604800" },
		{ "wprof=always",
		  "wprof 'always': takes true, yes or 1, false, no or 0, or no value (true)" },
		{ "kaslr=", "kaslr '': takes true, yes or 1, false, no or 0, or no value (true)" },
		{ "include=:/x", "include ':/x': takes HOST or HOST:GUEST" },
		{ "include=x:/z include=w:/z", "include 'w:/z': another file is included at this "
					       "path of the guest; give one of them another" },
		{ "tool=/usr/bin/perf",
		  "tool '/usr/bin/perf': takes a program's name, to be found in the host's PATH; "
		  "files by their paths go in by include" },
		{ "with=ruby",
		  "with 'ruby': takes python3, perl or bash, with a version or not, or "
		  "the absolute path of one; other programs go in by include" },
		{ "with=./python3",
		  "with './python3': takes python3, perl or bash, with a version or not, or the "
		  "absolute path of one; other programs go in by include" },
		{ "include=x:y", "include 'x:y': the path in the guest must be absolute" },
		{ "module=\" loop\"", "module ' loop': takes a module's name or file, and its "
				      "parameters behind it, as in \"loop max_loop=8\"" },
		{ "env=A", "env 'A': takes NAME=VALUE, as in env=MODE=fast" },
		{ "env==A", "env '=A': takes NAME=VALUE, as in env=MODE=fast" },
		{ "env=AB=1 env=A=1 env=A=2", "env 'A=2': this variable is set twice" },
		{ "performance_mode",
		  "performance_mode: not supported; 'pin' gives each vCPU a CPU of its own" },
		{ "watchdog_timeout_s=5",
		  "watchdog_timeout_s: the kernel takes the time of sched_ext's watchdog from the "
		  "scheduler alone (timeout_ms of its struct sched_ext_ops, 30000 at most); set it "
		  "there, or by a switch of the scheduler's own in scheduler_args" },
		{ "scheduler=./no-such-scx",
		  "scheduler './no-such-scx': No such file or directory; "
		  "give the path of a program, or none" },
		{ "scheduler=/etc/passwd",
		  "scheduler '/etc/passwd': not an executable file; chmod +x it" },
		{ "scheduler_args=-v",
		  "'scheduler_args' without a scheduler; give scheduler=FILE" },
		{ "scheduler=none scheduler_args=-v",
		  "'scheduler_args' without a scheduler; give scheduler=FILE" },
	};
	char text[256], message[512];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(text, sizeof(text), "#!/bin/sh\n#ktstr: %s", bad[i].word);
		snprintf(message, sizeof(message), "t.sh:2: %s", bad[i].says);
		refuses(text, message);
	}
}

static void refuses_contradictions(void **state)
{
	(void)state;
	refuses("#ktstr: llcs=2\n#ktstr: topology=1n2l4c2t",
		"t.sh:2: 'topology' (line 2) and 'llcs' (line 1): the topology is given twice; keep "
		"one of them");
	refuses("#ktstr: timeout_s=2\n\n#ktstr: duration_s=2",
		"t.sh:3: 'timeout_s' (line 1) and 'duration_s' (line 3): two names of the same "
		"limit; keep one of them");
	refuses("#ktstr: numa_nodes=2\n#ktstr: cores=1\n#ktstr: wprof",
		"t.sh:2: topology '2n1l1c1t': an LLC that spans 2 NUMA nodes has as many cores in "
		"each, and 1 ('c') do not divide among them; make the cores or the LLCs a multiple "
		"of the nodes");
	refuses("#ktstr: distance=0-1=15\n#ktstr: wprof",
		"t.sh:1: topology '1n1l2c1t@0-1=15': a distance is given from node 0 to node 1, "
		"and the last one is node 0");
	refuses("#ktstr: llcs=100 cores=100",
		"t.sh:1: topology '1n100l100c1t': 100 x 100 x 1 = 10000 CPUs; a guest has at most "
		"1024");
	refuses("#ktstr: memory=512 memory_mib=512",
		"t.sh:1: 'memory' (line 1) and 'memory_mib' (line 1): two names of the same size; "
		"keep one of them");
	refuses("#ktstr: host_only\n#ktstr: memory_mib=512",
		"t.sh:2: 'host_only' (line 1) and 'memory_mib' (line 2): the latter is about a VM, "
		"and a host_only test has none; leave one of them out");
	refuses("#ktstr: expect_err\n#ktstr: ignore",
		"t.sh:2: 'expect_err' (line 1) and 'ignore' (line 2): a test that is not run "
		"cannot fail as expected; leave one of them out");
}

static void refuses_impossible_constraints(void **state)
{
	(void)state;
	refuses("#ktstr: topology=1n4l1c1t min_llcs=4\n#ktstr: max_llcs=3",
		"t.sh:2: 'min_llcs' (line 1) and 'max_llcs' (line 2): the least, 4, is over the "
		"most, 3");
	refuses("#ktstr: topology=1n13l1c1t min_llcs=13",
		"t.sh:1: 'min_llcs' is 13, and 'max_llcs' is 12 by default; set it too (0: "
		"no limit)");
	refuses("#ktstr: numa_nodes=2 llcs=2 min_numa_nodes=2",
		"t.sh:1: 'min_numa_nodes' is 2, and 'max_numa_nodes' is 1 by default; set it too "
		"(0: no limit)");
	refuses("#ktstr: topology=1n1l4c1t\n#ktstr: min_llcs=2",
		"t.sh:2: 'min_llcs' (line 2) and 'topology' (line 1): the test's own topology, "
		"1n1l4c1t, has 1 LLC, the test takes at least 2");
	refuses("#ktstr: cores=8\n\n#ktstr: max_cpus=4",
		"t.sh:3: 'max_cpus' (line 3) and 'cores' (line 1): the test's own topology, "
		"1n1l8c1t, has 8 CPUs, the test takes at most 4");
	refuses("#ktstr: threads=1\n#ktstr: requires_smt",
		"t.sh:2: 'requires_smt' (line 2) and 'threads' (line 1): the test's own topology, "
		"1n1l2c1t, has 1 thread a core, the test requires SMT");
	refuses("\n#ktstr: cores=1 min_llcs=2",
		"t.sh:2: 'min_llcs': the test's own topology, 1n1l1c1t by default, has 1 "
		"LLC, the test takes at least 2; give a topology");
}

/* What was not written is the gauntlet's business. */
static void default_constraints_bind_no_topology(void **state)
{
	struct test test;

	(void)state;
	parses(&test, "#ktstr: topology=4n24l5c2t");
	assert_topology(&test, "4n24l5c2t");
	test_destroy(&test);
	parses(&test, "#ktstr: topology=4n12l1c1t max_llcs=12 min_cpus=12");
	test_destroy(&test);
	parses(&test, "#ktstr: topology=1n20l1c1t min_llcs=20 max_llcs=0");
	test_destroy(&test);
}

static void what_is_not_read_is_refused(void **state)
{
	char text[DIRECTIVES_MAX_SIZE + 64];
	struct error err = { "" };
	struct test test;
	size_t at;

	(void)state;
	refuses("#!/bin/sh\necho\n#ktstr: wprof",
		"t.sh:3: a directive below the program's first line (line 2) is not read; move it "
		"above that");
	refuses("#!/bin/sh\n  #ktstr: wprof\n#ktstr: wprof",
		"t.sh:3: a directive below the program's first line (line 2) is not read; move it "
		"above that");
	for (const char *const *near =
		     (const char *const[]){ "# ktstr: wprof", "#KTSTR: wprof", "#ktstr : wprof",
					    "#ktstr topology=1n1l1c1t", "#\tKtstr\t:", NULL };
	     *near; near++)
		refuses(*near,
			"t.sh:1: looks like a directive but is not one; write '#ktstr: key=value'");

	/* Line 64 is read, line 65 is not. */
	for (size_t lines = 63; lines < 65; lines++) {
		memset(text, '\n', lines);
		strcpy(text + lines, "#ktstr: wprof\n");
		if (lines == 63) {
			parses(&test, text);
			assert_true(test.wprof);
			test_destroy(&test);
		} else {
			refuses(text, "t.sh:65: a directive below line 64 is not read; move it "
				      "further up");
		}
	}

	/* Up to the last byte, but no word that was cut. */
	memset(text, '#', sizeof(text));
	at = DIRECTIVES_MAX_SIZE - strlen("\n#ktstr: wprof");
	memcpy(text + at, "\n#ktstr: wprof", strlen("\n#ktstr: wprof"));
	assert_int_equal(parse(&test, text, DIRECTIVES_MAX_SIZE, false, NULL, &err), 0);
	assert_true(test.wprof);
	test_destroy(&test);
	memcpy(text + DIRECTIVES_MAX_SIZE, "_args=5\n", 8);
	refuses_as(text, sizeof(text), false,
		   "t.sh:2: a directive beyond the first 16384 bytes is not read; move it further "
		   "up");
	/* A line that ends with what is read is whole, with or without its newline. */
	for (size_t i = 0; i < 2; i++) {
		memset(text, '#', sizeof(text));
		at = DIRECTIVES_MAX_SIZE - strlen("\n#ktstr: wprof") - i;
		memcpy(text + at, "\n#ktstr: wprof\n", strlen("\n#ktstr: wprof\n"));
		assert_int_equal(parse(&test, text, sizeof(text), false, NULL, &err), 0);
		assert_true(test.wprof);
		test_destroy(&test);
	}
	text[at] = '#';
	assert_int_equal(parse(&test, text, sizeof(text), false, NULL, &err), 0);
	assert_false(test.wprof);
	test_destroy(&test);
	refuses_as(text, sizeof(text), true,
		   "t.sh:1: the file has more than 16384 bytes; shorten it");
}

static void bare_files(void **state)
{
	static const char text[] = "# a comment\n\n\ttopology=1n2l2c1t wprof\n#ktstr: llcs\n";
	static const char good[] =
		"# a comment\n\n\ttopology=1n2l2c1t wprof\n  # more\n#ktstr: kaslr\nmemory_mib=1";
	struct error err = { "" };
	unsigned int found = 0;
	struct test test;

	(void)state;
	refuses_as(
		text, strlen(text), true,
		"t.sh:4: 'llcs' needs a value, for example llcs=4, with no blanks around the '='");
	assert_int_equal(parse(&test, good, strlen(good), true, &found, &err), 0);
	assert_int_equal(found, 3);
	assert_int_equal(test.memory_mib, 1);
	assert_true(test.has_kaslr);
	assert_topology(&test, "1n2l2c1t");
	test_destroy(&test);
	/* The longest word that there can be. */
	assert_int_equal(parse(&test, "wprof", 5, true, NULL, &err), 0);
	assert_true(test.wprof);
	test_destroy(&test);
	refuses_as("echo hello", 10, true,
		   "t.sh:1: unknown key 'echo'; directives are 'key=value' or a flag such as "
		   "'wprof', blanks between them");
}

/* A folder of its own for files; the working folder, so that relative paths are tried. */
struct files {
	char folder[64];
};

static int set_up(void **state)
{
	struct files *files = malloc(sizeof(*files));

	if (!files)
		return -1;
	strcpy(files->folder, "/tmp/ktstr-directives-XXXXXX");
	*state = files;
	return mkdtemp(files->folder) && !chdir(files->folder) && !mkdir("sub", 0700) ? 0 : -1;
}

static int tear_down(void **state)
{
	struct files *files = *state;
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", files->folder);
	if (chdir("/") || system(command))
		return -1;
	free(files);
	return 0;
}

static void put(const char *path, const char *text, mode_t mode)
{
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	fputs(text, out);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static void loads(struct test *test, const char *path)
{
	struct error err = { "" };

	if (test_load(test, path, &err))
		fail_msg("%s: %s", path, err.text);
}

static void does_not_load(const char *path, int code, const char *message)
{
	struct error err = { "" };
	struct test test;
	int ret = test_load(&test, path, &err);

	if (ret != code || strcmp(err.text, message))
		fail_msg("%s: %d, %s\n       not: %s", path, ret, err.text, message);
	assert_null(test.name);
	test_destroy(&test);
}

static void files_load(void **state)
{
	struct files *files = *state;
	char expected[256];
	struct test test;

	put("sub/fair.v2.sh", "#!/bin/sh\n#ktstr: include=d:/d include=/etc/passwd\n", 0755);
	put("sub/d", "", 0644);
	loads(&test, "sub/fair.v2.sh");
	assert_string_equal(test.name, "fair.v2");
	snprintf(expected, sizeof(expected), "%s/sub/fair.v2.sh", files->folder);
	assert_string_equal(test.path, expected);
	snprintf(expected, sizeof(expected), "%s/sub/d", files->folder);
	assert_string_equal(test.includes[0].host, expected);
	assert_string_equal(test.includes[0].guest, "/d");
	assert_string_equal(test.includes[1].host, "/etc/passwd");
	test_destroy(&test);

	put("sub/with-module", "#!/bin/sh\n#ktstr: module=\"./m.ko x=1\" module=loop\n", 0755);
	put("sub/m.ko", "", 0644);
	loads(&test, "sub/with-module");
	snprintf(expected, sizeof(expected), "%s/sub/./m.ko", files->folder);
	assert_string_equal(test.modules[0].name, expected);
	assert_string_equal(test.modules[0].params, "x=1");
	assert_string_equal(test.modules[1].name, "loop");
	test_destroy(&test);

	/* ELF: directives beside it, or none. */
	put("prog", "\177ELF\n#ktstr: nonsense\n", 0755);
	loads(&test, "prog");
	assert_string_equal(test.name, "prog");
	test_destroy(&test);
	put("prog.ktstr", "memory_mib=3\n", 0644);
	loads(&test, ".//./prog");
	assert_int_equal(test.memory_mib, 3);
	snprintf(expected, sizeof(expected), "%s/prog", files->folder);
	assert_string_equal(test.path, expected);
	test_destroy(&test);
	put("prog.ktstr", "memory_mib=3\nfoo\n", 0644);
	does_not_load("prog", -EINVAL,
		      "prog.ktstr:2: unknown key 'foo'; directives are 'key=value' or a flag such "
		      "as 'wprof', blanks between them");

	/* A script whose comments begin otherwise; and one that would have two masters. */
	put("t.bt", "#!/usr/bin/bpftrace\n// hello\n", 0755);
	put("t.bt.ktstr", "wprof", 0644);
	loads(&test, "t.bt");
	assert_true(test.wprof);
	test_destroy(&test);
	put("t.bt", "#!/usr/bin/bpftrace\n#ktstr: wprof\n", 0755);
	does_not_load("t.bt", -EINVAL,
		      "t.bt.ktstr:1: 't.bt' carries directives itself; keep them in one of the "
		      "two files");
	put("bad.sh", "#!/bin/sh\n#ktstr: llcs=x\n", 0755);
	does_not_load("bad.sh", -EINVAL, "bad.sh:2: llcs 'x': not a whole number from 1 to 1024");
}

static void files_that_are_no_tests(void **state)
{
	char path[200], message[512];

	(void)state;
	does_not_load("nowhere.sh", -ENOENT,
		      "nowhere.sh: cannot read it: No such file or directory");
	does_not_load("sub", -EACCES, "sub: a folder, not a file");
	does_not_load("/dev/null", -EACCES, "/dev/null: not a regular file");
	assert_int_equal(mkfifo("fifo", 0700), 0);
	does_not_load("fifo", -EACCES, "fifo: not a regular file");
	put("plain.sh", "#!/bin/sh\n", 0644);
	does_not_load("plain.sh", -EACCES, "plain.sh: not executable; chmod +x it");
	put("text", "echo\n", 0755);
	does_not_load("text", -ENOEXEC,
		      "text: neither a script nor an ELF; a script begins with its interpreter, "
		      "for example #!/bin/sh");
	put("empty", "", 0755);
	does_not_load("empty", -ENOEXEC,
		      "empty: neither a script nor an ELF; a script begins with its interpreter, "
		      "for example #!/bin/sh");
	put("side", "\177ELF", 0755);
	assert_int_equal(mkdir("side.ktstr", 0700), 0);
	does_not_load("side", -EACCES, "side.ktstr: a folder, not a file");

	for (const char *const *name = (const char *const[]){ "a b", "-x", ".hidden", "..",
							      "a\033[1m", "\xc3\xa9", "a'b", NULL };
	     *name; name++) {
		snprintf(path, sizeof(path), "sub/%s.sh", *name);
		put(path, "#!/bin/sh\n", 0755);
		snprintf(message, sizeof(message),
			 "%s: '%s' cannot be a test's name, which is made of letters, digits, '.', "
			 "'_' and '-' and begins with a letter or digit; rename the file",
			 path, strchr(*name, '\033') ? "a?[1m" : *name);
		does_not_load(path, -EINVAL, message);
	}
	memset(path, 'a', 128);
	strcpy(path + 128, ".sh");
	put(path, "#!/bin/sh\n", 0755);
	snprintf(message, sizeof(message),
		 "%s: a name of 128 characters, and a test's has at most 127; rename the file",
		 path);
	does_not_load(path, -EINVAL, message);
}

/* A tool is the first of its name in PATH; one that this host lacks is remembered. */
static void tools_of_this_host(void **state)
{
	char folder[] = "/tmp/test_directives.XXXXXX", path[64], tool[64], place[64];
	const char *was = getenv("PATH");
	char *path_was = strdup(was ? was : "");
	struct error err = { "" };
	struct test test;
	FILE *file;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/t.sh", folder);
	snprintf(tool, sizeof(tool), "%s/my-tool", folder);
	snprintf(place, sizeof(place), "/nowhere:%s:/bin", folder);
	setenv("PATH", place, 1);
	file = fopen(path, "w");
	fputs("#!/bin/sh\n#ktstr: tool=my-tool tool=sh\n", file);
	fchmod(fileno(file), 0755);
	fclose(file);
	assert_int_equal(test_load(&test, path, &err), 0);
	assert_string_equal(test.lacks_tool, "my-tool");
	assert_int_equal(test.nr_includes, 1);
	assert_string_equal(test.includes[0].host, "/bin/sh");
	assert_null(test.includes[0].guest);
	test_destroy(&test);

	file = fopen(tool, "w");
	fchmod(fileno(file), 0755);
	fclose(file);
	assert_int_equal(test_load(&test, path, &err), 0);
	assert_null(test.lacks_tool);
	assert_int_equal(test.nr_includes, 2);
	assert_string_equal(test.includes[0].host, tool);
	assert_string_equal(test.includes[0].guest, "/usr/local/bin/my-tool");
	test_destroy(&test);
	setenv("PATH", path_was, 1);
	free(path_was);
	unlink(tool);
	unlink(path);
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tools_of_this_host),
		cmocka_unit_test(defaults),
		cmocka_unit_test(everything_at_once),
		cmocka_unit_test(values),
		cmocka_unit_test(how_it_fails),
		cmocka_unit_test(ignored),
		cmocka_unit_test(quotes),
		cmocka_unit_test(refuses_words),
		cmocka_unit_test(refuses_unknown_keys),
		cmocka_unit_test(refuses_values),
		cmocka_unit_test(refuses_contradictions),
		cmocka_unit_test(refuses_impossible_constraints),
		cmocka_unit_test(default_constraints_bind_no_topology),
		cmocka_unit_test(what_is_not_read_is_refused),
		cmocka_unit_test(bare_files),
		cmocka_unit_test_setup_teardown(files_load, set_up, tear_down),
		cmocka_unit_test_setup_teardown(files_that_are_no_tests, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("directives", tests, NULL, NULL);
}
