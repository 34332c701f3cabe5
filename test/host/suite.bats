#!/usr/bin/env bats
# Does test/run count right? A suite that overlooks a failure is worse than none.

load ../helper

setup()
{
	cd "$BATS_TEST_TMPDIR" || return 1
	# Not those of the suite that runs this.
	unset BUILD FUZZ_SECONDS STALL_SECONDS KTSTR_LAB
	mkdir -p test/unit build/test/unit build/asan/test/unit
	cp "$ROOT/test/run" test/run
	# What would build the programs; says which were wanted.
	printf 'programs:\n\t@echo "built: $(PROGRAMS)"\n' >Makefile
}

# bats_file FILE: a bats file, from standard input, where %test stands for what bats would see in here.
bats_file()
{
	mkdir -p "${1%/*}"
	sed 's/^%/@/' >"$1"
}

# program NAME: a stand-in for a unit test program, from standard input; its ASan twin passes.
program()
{
	touch "test/unit/$1.c"
	{
		echo '#!/bin/sh'
		cat
	} >"build/test/unit/$1"
	printf '#!/bin/sh\necho 1..1\necho ok 1 - twin\n' >"build/asan/test/unit/$1"
	chmod +x "build/test/unit/$1" "build/asan/test/unit/$1"
}

last_line()
{
	[[ ${lines[-1]} == "$1" ]] || fail "the last line is not: $1"
}

@test "run: passes are added up" {
	program test_a <<<'echo 1..2; echo "ok 1 - a"; echo "ok 2 - b"'
	program test_b <<<'echo 1..1; echo "ok 1 - c"'
	run test/run unit
	assert_status 0
	last_line "5 passed, 0 failed"
}

@test "run: how long each file took, and how much of the CPUs" {
	program test_a <<<'echo 1..1; python3 -c "import time
while time.process_time() < 1.6: pass"; echo "ok 1 - a"'
	program test_b <<<'echo 1..1; sleep 2; echo "ok 1 - b"'
	run test/run --plain unit
	assert_status 0
	assert_output '^ok +unit/test_a +[0-9]+ s  CPU +[2-9] s +1 passed' '^ok +unit/test_b +[0-9]+ s  CPU +0 s +1 passed'
	[[ ! $(find build/test/logs -name '*.cpu') ]]
}

@test "run: one for each CPU at once, and beside them one of those that wait" {
	local n

	# Each says how many run with it.
	mkdir on
	for n in test_a test_b test_guest_session; do
		program "$n" <<-'END'
			touch "on/$$"
			i=0
			until [ "$(ls on | wc -l)" -ge 3 ] || [ $i -ge "$(cat tries)" ]; do sleep 0.1; i=$((i + 1)); done
			echo 1..1
			echo "ok 1 - t # skip at once: $(ls on | wc -l)"
			sleep 5
			rm "on/$$"
		END
	done
	mkdir bin
	printf '#!/bin/sh\necho 2\n' >bin/nproc
	chmod +x bin/nproc
	echo 600 >tries
	PATH=$PWD/bin:$PATH run test/run --plain unit
	assert_status 1
	[[ $(grep -c 'at once: 3$' <<<"$output") -eq 3 ]] || fail "not three"
	echo 30 >tries
	run test/run --plain --jobs 2 unit
	refute_output 'at once: 3$'
	assert_output 'at once: 2$'
}

@test "run: failures and skips of cmocka and bats are told apart" {
	program test_a <<-'END'
		echo 1..5
		echo "ok 1 - a"
		echo "not ok 2 - b"
		echo "# 0x1 != 0x2"
		echo "not ok 3 # SKIP c"
		echo "ok 4 d # skip no reason"
		echo "not ok 5 one whose name says # skip"
		exit 2
	END
	run test/run unit
	assert_status 1
	assert_output 'not ok 2 - b' '0x1 != 0x2'
	last_line "2 passed, 2 failed, 2 skipped"
}

@test "run: a program that dies in the middle has failed, and its last words are shown" {
	program test_a <<<'echo 1..3; echo "ok 1 - a"; echo dying; kill -SEGV $$'
	run test/run unit
	assert_status 1
	assert_output '2 gave no result' 'dying'
	last_line "2 passed, 2 failed"
}

# Bash tells of a child that was killed only if a wait is going on.
@test "run: of programs that die in the same moment none is waited for in vain" {
	local n

	for n in {1..12}; do
		program "test_$n" <<<'echo 1..1; kill -SEGV $$'
	done
	run timeout 60 test/run --plain --jobs 12 unit
	assert_status 1
	last_line "0 passed, 12 failed"
}

@test "run: a program that prints nothing, and one that is not there, have failed" {
	program test_a <<<'exit 0'
	touch test/unit/test_b.c
	run test/run unit
	assert_status 1
	assert_output 'test_a .*nothing ran' 'test_b .*nothing ran'
	last_line "1 passed, 3 failed"
}

@test "run: a leak at the end, after passes only, is a failure" {
	program test_a <<<'echo 1..1; echo "ok 1 - a"; exit 23'
	run test/run unit
	assert_status 1
	assert_output 'exit status 23'
	last_line "2 passed, 1 failed"
}

@test "run: no tests at all is a failure" {
	run test/run unit
	assert_status 1
	assert_output 'nothing ran'
	run test/run nonsense
	assert_status 1
	assert_output "'nonsense': neither a part nor a test file"
}

@test "run: a log that is gone is a failure" {
	program test_a <<<'echo 1..1; echo "ok 1 - a"; rm -r build/test/logs'
	run test/run --plain unit
	assert_status 1
	assert_output 'its log cannot be read'
	last_line "0 passed, 1 failed"
}

# ended PID: it is gone, or nobody has asked for its status.
ended() { [[ ! -e /proc/$1 || $(ps -o stat= -p "$1") == Z* ]]; }

# stand_ins: for the kernels, and for the emulated host: a command's status, or 125 for ASan's launcher.
stand_ins()
{
	mkdir -p tools
	printf '#!/bin/sh\necho /kernel\n' >tools/kernel-image
	cat >tools/on-kvm <<-'END'
		#!/bin/bash
		echo "on-kvm: running inside kvm-lab (KTSTR_LAB=always)" >&2
		while [[ $1 != -- ]]; do shift; done
		shift
		"$@"
	END
	chmod +x tools/on-kvm tools/kernel-image
	export KTSTR_LAB=always
}

@test "run: VM files; a lab that does not start has failed" {
	stand_ins
	bats_file test/vm/a.bats <<<'%test "a" { true; }'
	printf '#!/bin/sh\ncase $KTSTR_LAUNCH in *asan*) exit 125 ;; esac\necho 1..1\necho ok 1 a\n' \
		>tools/on-kvm
	run test/run vm
	assert_status 1
	assert_output '^ok +vm/a .* 1 passed' '^FAILED vm/asan/a .*nothing ran, exit status 125'
	last_line "7 passed, 1 failed"
}

@test "run: a kernel series that is not available is skipped, the default one is not" {
	stand_ins
	printf '#!/bin/sh\ncase $* in *6.1) exit 1 ;; *6.17) exit 2 ;; esac\necho "/kernel$*"\n' \
		>tools/kernel-image
	bats_file test/vm/a.bats <<<'%test "a" { echo "<$KTSTR_KERNEL|$KTSTR_TEST_VMLINUX|$KTSTR_TEST_KERNELS>"; false; }'
	run test/run --plain vm
	assert_status 1
	assert_output '# skip not available .exit status 1' \
		'<.kernel--series 6.12\|/kernel--vmlinux\| */kernel--flavour generic /kernel--series scx *>'
	last_line "4 passed, 1 failed, 2 skipped"
	# Without the default one no lab is started.
	printf '#!/bin/sh\ncase $* in *6.12) exit 1 ;; esac\necho /kernel\n' >tools/kernel-image
	run test/run vm
	assert_status 1
	refute_output '^(ok|FAILED) +vm/'
	last_line "5 passed, 1 failed"
}

@test "run: KTSTR_LAB=never skips the part that is about the lab" {
	KTSTR_LAB=never run test/run lab
	assert_output '^ok +lab .* 1 skipped' 'skip KTSTR_LAB=never'
	last_line "0 passed, 0 failed, 1 skipped"
}

@test "run: a test that hangs is named and ended with all that it started; the others go on" {
	bats_file test/host/hangs.bats <<-'END'
		%test "fine" { true; }
		%test "the one that hangs" { sleep 7654 & echo $! >"$OLDPWD/../pid"; wait; }
		%test "behind it" { true; }
	END
	sed -i "s|\$OLDPWD/../pid|$PWD/pid|" test/host/hangs.bats
	bats_file test/host/other.bats <<<'%test "other" { sleep 1; }'
	STALL_SECONDS=6 run test/run --plain --jobs 1 test/host/hangs.bats test/host/other.bats
	assert_status 1
	assert_output '^FAILED host/hangs .*hung in the test "the one that hangs".*2 gave no result' \
		'^ok +host/other .* 1 passed' '^    host/hangs: hung in the test "the one that hangs"'
	last_line "2 passed, 2 failed"
	ended "$(<pid)" || fail "what it started still runs"
}

@test "run: what a slow test prints, however long it takes in sum, is progress" {
	program test_a <<<'echo 1..5; for i in 1 2 3 4 5; do sleep 2; echo "ok $i - t"; done'
	STALL_SECONDS=7 run test/run --plain unit
	assert_status 0
	last_line "5 passed, 0 failed"
}

# at_end TEXT: of it, what is behind "failed:", without the last line.
at_end() { sed -e "1,/^failed:\$/d" -e "\$d" <<<"$1"; }

@test "run: of a failure its own lines are shown, not the emulated host's, and again at the end" {
	stand_ins
	bats_file test/vm/a.bats <<-'END'
		%test "good" { echo quiet; }
		%test "bad" { echo "own words"; false; }
	END
	run test/run --plain test/vm/a.bats
	assert_status 1
	assert_output 'not ok 2 bad' '# own words'
	refute_output 'running inside' 'begin ' 'quiet'
	output=$(at_end "$output")
	[[ $(head -n 1 <<<"$output") == "    vm/a: not ok 2 bad" ]] || fail "not listed at the end"
	assert_output '^        # +`.*false; [}].* failed' '^        # own words$' '^    \(all of it: build/test/logs/vm/a.log\)$'
	refute_output 'running inside' 'begin ' 'quiet' 'good'
}

@test "run: at the end are of each failure its first and last lines, and of many failures a bounded number" {
	program test_a <<-'END'
		echo 1..2
		echo "not ok 1 - long"
		seq 1 40 | sed 's/^/# line /'
		echo "ok 2 - good"
		echo "# not about it"
	END
	run test/run --plain unit
	assert_status 1
	output=$(at_end "$output")
	assert_output '^        # line 2$' '^        \.\.\. 16 lines$' '^        # line 19$' '^        # line 40$'
	refute_output 'line (3|18)$' 'not about it' 'in short:'
	[[ $(wc -l <<<"$output") -eq 27 ]] || fail "not 24 lines about it"
	program test_a <<-'END'
		echo 1..20
		for i in $(seq 20); do
			echo "not ok $i - t"
			seq 1 10 | sed "s/^/# about $i: /"
		done
	END
	run test/run --plain unit
	output=$(at_end "$output")
	assert_output '^        # about 8: 10$' '^        # about 19: 2$' '^in short:$'
	[[ $(wc -l <<<"$output") -eq 122 && $(tail -n 20 <<<"$output" | sort -u | wc -l) -eq 20 ]] ||
		fail "not 100 lines about them, and their names"
}

@test "run: what fails beside others runs again alone, which counts, and is named where it passes then" {
	local n

	program test_a <<<'echo 1..2; echo "ok 1 - t"; if [ -e on ]; then echo "not ok 2 - u"; echo "# busy"; else echo "ok 2 - u"; fi'
	program test_b <<<'touch on; sleep 3; rm on; echo 1..1; echo "ok 1 - t"'
	program test_c <<<'echo 1..1; echo "not ok 1 - c"; [ -e on ] || echo "# alone"'
	touch on
	run test/run --plain --jobs 3 unit
	assert_status 1
	assert_output '^again, alone: unit/test_a unit/test_c$' '^FLAKY: .*alone:$' '^    unit/test_a.beside: not ok 2 - u$' \
		'^        # busy$' '^failed:$' '^    unit/test_c: not ok 1 - c$' '^        # alone$'
	last_line "3 passed, 1 failed, 1 flaky"
	[[ -e build/test/logs/unit/test_a.log.failed ]] || fail "not among those that failed last"
	# One that had nothing beside it has failed.
	touch on
	run test/run --plain --jobs 3 test/unit/test_a.c
	assert_status 1
	refute_output 'again, alone' FLAKY
	touch on
	run test/run --plain --jobs 3 test/unit/test_[ab].c
	assert_status 0
	assert_output FLAKY
	last_line "3 passed, 0 failed, 1 flaky"
	# What breaks has no second chance.
	program test_a <<<'echo 1..2; echo "ok 1 - t"; [ ! -e on ] || kill -SEGV $$; echo "ok 2 - u"'
	touch on
	run test/run --plain --jobs 3 test/unit/test_[ab].c
	assert_status 1
	refute_output 'again, alone' FLAKY
	# Many are no chance.
	for n in 1 2 3 4 5; do
		program "test_$n" <<<'echo 1..1; echo "not ok 1 - t"'
	done
	run test/run --plain --jobs 3 test/unit/test_[1-5].c
	refute_output 'again, alone' FLAKY
	last_line "0 passed, 5 failed"
}

@test "run: at the end are the last words of what broke, and those of what is one test as a whole" {
	program test_a <<<'echo 1..3; echo "ok 1 - a"; echo dying; kill -SEGV $$'
	mkdir tools
	printf '#!/bin/sh\necho "src/x.c:3: bad"\nexit 1\n' >tools/lint
	chmod +x tools/lint
	run test/run --plain lint unit
	assert_status 1
	output=$(at_end "$output")
	[[ $output == *"    lint: not ok 1 - lint (exit status 1; see the lines above)"$'\n'"        # src/x.c:3: bad"* ]] ||
		fail "lint's words"
	assert_output '^    unit/test_a: 2 gave no result, exit status 139$' '^        dying$'
}

@test "run: an emulated host that dies takes one file with it, which runs again, once, and that is said" {
	stand_ins
	cat >tools/on-kvm <<-'END'
		#!/bin/bash
		[[ ${KTSTR_LAUNCH} != *asan* ]] || { echo 1..1; echo "ok 1 a"; exit 0; }
		echo 1..2; echo "begin 1 a"
		if [[ ! -e died || -e always ]]; then
			touch died
			echo "kvm-lab: the emulated host: it ended before the command 'bats' did; its" >&2
			exit 125
		fi
		echo "ok 1 a"; echo "ok 2 b"
	END
	bats_file test/vm/a.bats <<<'%test "a" { true; }'
	run test/run vm
	assert_status 0
	assert_output '^again +vm/a: its emulated host died in the test "a"' '^vm/a: run again'
	last_line "9 passed, 0 failed"
	rm died
	touch always
	run test/run --plain vm
	assert_status 1
	[[ $(grep -c '^again' <<<"$output") -eq 1 ]]
	assert_output '^FAILED vm/a .*2 gave no result'
}

@test "run: --failed runs what has not passed since; the other logs stay" {
	program test_a <<<'echo 1..1; echo "ok 1 - a"'
	program test_b <<<'echo 1..1; [ -e good ] && echo "ok 1 - b" || echo "not ok 1 - b"'
	run test/run unit
	assert_status 1
	run test/run --failed
	assert_status 1
	refute_output test_a
	last_line "0 passed, 1 failed"
	[[ -s build/test/logs/unit/test_a.log ]]
	touch good
	run test/run --failed unit
	assert_status 0
	last_line "1 passed, 0 failed"
	run test/run --failed unit
	assert_status 1
	assert_output 'no test is left'
}

@test "run: --filter runs the tests of that name, and a file that it passed has not passed" {
	bats_file test/host/a.bats <<-'END'
		%test "one" { true; }
		%test "two" { false; }
	END
	bats_file test/host/b.bats <<<'%test "three" { true; }'
	run test/run --plain host
	last_line "2 passed, 1 failed"
	run test/run --plain --filter '^one$' host
	assert_status 0
	refute_output 'host/b'
	last_line "1 passed, 0 failed"
	run test/run --failed --plain
	last_line "1 passed, 1 failed"
	run test/run --filter nonsense host
	assert_status 1
	assert_output 'no test is left'
}

@test "run: a test whose tag is plain runs with the plain launcher only" {
	bats_file test/host/a.bats <<-'END'
		%test "one" { true; }
		# bats test_tags=plain
		%test "two" { echo "with $KTSTR_LAUNCH"; false; }
	END
	run test/run host
	assert_status 1
	assert_output '^FAILED host/a .* 1 passed, 1 failed' '^ok +host/asan/a .* 1 passed, 0 failed' '# with build/ktstr-launch$'
	last_line "2 passed, 1 failed"
	run test/run --filter two host
	last_line "0 passed, 1 failed"
}

@test "run: files by their paths, from anywhere; what they need is built before, and no more" {
	program test_a <<<'echo 1..1; echo "ok 1 - a"'
	program test_b <<<'echo 1..1; echo "ok 1 - b"'
	cd test/unit
	run ../run test_a.c
	assert_status 0
	assert_output '^built: test/unit/test_a$|^built: asan/test/unit/test_a test/unit/test_a *$'
	refute_output test_b
	last_line "2 passed, 0 failed"
	run ../run --asan "$PWD/test_a.c"
	assert_output '^built: asan/test/unit/test_a *$'
	last_line "1 passed, 0 failed"
	run ../run test_c.c
	assert_status 1
	assert_output "'test_c.c': neither a part nor a test file"
	printf 'programs:\n\t@echo broken; false\n' >../../Makefile
	run ../run test_a.c
	assert_status 1
	assert_output broken 'building failed'
}

@test "run: ended by a signal it ends what runs" {
	program test_a <<<'echo $$ >pid; echo 1..1; sleep 7653'
	test/run --plain unit >out 2>&1 3>&- &
	pid=$!
	until [[ -s pid ]]; do sleep 0.1; done
	kill -TERM "$pid"
	status=0
	wait "$pid" || status=$?
	output=$(<out)
	assert_status 143
	assert_output 'interrupted.*unit/test_a'
	ended "$(<pid)" || fail "it still runs"
}
