#!/usr/bin/env bats
# Do the recipes of examples/tools turn into metrics what tools print that no distribution has? Those that
# it has run in test/vm/examples.bats.

load ../helper

# schbench_prints: the stand-in for it; what it prints comes by standard input.
schbench_prints()
{
	cd "$BATS_TEST_TMPDIR" || return
	mkdir -p bin
	cat >printed
	printf '#!/bin/sh\necho "$*" >words\ncat printed\n' >bin/schbench
	chmod +x bin/schbench
	rm -f metrics
	status=0
	output=$(TMPDIR=$PWD PATH=$PWD/bin:$PATH KTSTR_METRICS=$PWD/metrics "$ROOT/examples/tools/schbench.sh") ||
		status=$?
}

# expect_metrics: these, in any order.
expect_metrics()
{
	diff <(sort) <(sort metrics)
}

@test "schbench: the last percentiles count, and requests' are told from wake-ups'" {
	schbench_prints <<-'END'
		setting worker threads to 4
		Wakeup Latencies percentiles (usec) runtime 2 (s) (811 total samples)
			  50.0th: 999        (300 samples)
			  90.0th: 999        (300 samples)
			* 99.0th: 999        (61 samples)
			  99.9th: 999        (7 samples)
			  min=1, max=1023
		current rps: 400.12
		Wakeup Latencies percentiles (usec) runtime 5 (s) (2044 total samples)
			  50.0th: 9          (760 samples)
			  90.0th: 24         (801 samples)
			* 99.0th: 126        (180 samples)
			  99.9th: 471        (18 samples)
			  min=1, max=1244
		Request Latencies percentiles (usec) runtime 5 (s) (2051 total samples)
			  50.0th: 11440      (770 samples)
			  90.0th: 12496      (820 samples)
			* 99.0th: 22304      (177 samples)
			  99.9th: 26336      (17 samples)
			  min=5818, max=57747
		RPS percentiles (requests) runtime 5 (s) (6 total samples)
			  20.0th: 402        (3 samples)
			* 50.0th: 405        (2 samples)
			  90.0th: 409        (1 samples)
			  min=400, max=410
		average rps: 410.20
	END
	assert_status 0
	[[ $(<words) == '-m 1 -t 4 -r 5' ]]
	assert_output '^average rps: 410.20$'
	expect_metrics <<-'END'
		schbench.wakeup.p50 9 us lower
		schbench.wakeup.p99 126 us lower
		schbench.wakeup.p99.9 471 us lower
		schbench.request.p50 11440 us lower
		schbench.request.p99 22304 us lower
		schbench.request.p99.9 26336 us lower
		schbench.rps 410.20 /s higher
	END
}

@test "schbench: the format of older ones" {
	schbench_prints <<-'END'
		Latency percentiles (usec)
			50.0000th: 22
			75.0000th: 29
			90.0000th: 34
			95.0000th: 38
			*99.0000th: 1786
			99.5000th: 5240
			99.9000th: 9968
			min=0, max=24754
	END
	assert_status 0
	expect_metrics < <(printf 'schbench.wakeup.%s us lower\n' 'p50 22' 'p99 1786' 'p99.9 9968')
}

@test "schbench: without a 99th percentile there is no pass" {
	schbench_prints <<<'schbench: out of memory'
	assert_status 1
	[[ ! -s metrics ]]
}
