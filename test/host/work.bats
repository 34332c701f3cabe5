#!/usr/bin/env bats
# ktstr-work on this machine: is wrong input an error before any load, does a load have its shape as the
# kernel sees it, is nothing left of it?

bats_require_minimum_version 1.5.0

load ../helper

# refuses PART WORD...: exit 2, one line that says PART, nothing else.
refuses()
{
	run "$KTSTR_LAUNCH" work "${@:2}"
	assert_status 2
	[[ ${#lines[@]} -eq 1 && $output == "ktstr-work: "*"$1"* ]] || fail "not just '$1'"
}

# tasks_of GROUP: the process ids of its tasks.
tasks_of()
{
	grep -lsE "^$1/[0-9]+$" /proc/[0-9]*/comm | cut -d / -f 3
}

none_of() { [[ -z $(tasks_of "$1") ]]; }

@test "work: words that are wrong are named, with what would be right" {
	refuses "'sprin' is no kind of load; there are: spin" --group a sprin
	refuses "'x=3' is no parameter of kind 'spin'" --group a spin x=3
	refuses "'5' is not a duration" --for 5 --group a spin
	refuses 'no CPU 1023 is online here; there are 0' --group a --cpus 1023 spin
	refuses "weight: '10001' is not between 1 and 10000" --group a --cgroup x:weight=10001 spin
	refuses "there is no group 'b'" --group a spin --check 'b.share < 5%'
	refuses "'wake' is no metric" --group a spin --check 'a.wake < 5ms'
	refuses "'spin' never sleeps" --group a spin --check 'a.wake_p99 < 5ms'
	refuses 'below what max_gap can tell apart' --group a spin --check 'a.max_gap < 5ns'
	refuses 'no load' --for 1s
	refuses "'--frob': not known" --frob
}

@test "work: what the kernel refuses is an error before the load, and leaves nothing" {
	# The runtime of all tasks is more than all CPUs have.
	refuses "group 'dl': the kernel refuses" --for 10s --group dl --tasks 2000 \
		--policy deadline:90ms/100ms/100ms spin
	none_of dl
}

@test "work: more tasks than the kernel has numbers for" {
	(($(cat /proc/sys/kernel/pid_max) < 64000)) || skip "pid_max is higher than we go"
	refuses 'take fewer' --group a --tasks 65000 spin
}

@test "work: --help and --list" {
	run "$KTSTR_LAUNCH" work --help
	assert_status 0
	assert_output '^Usage: ktstr-work '
	run "$KTSTR_LAUNCH" work --list
	assert_status 0
	assert_output '^  spin ' '^  wake_p99 +ns '
}

@test "work: a load that runs is reported, its metrics are appended, its checks decide" {
	echo before >"$BATS_TEST_TMPDIR/metrics"
	KTSTR_METRICS=$BATS_TEST_TMPDIR/metrics run "$KTSTR_LAUNCH" work --for 2s --seed 77 \
		--group a --tasks 2 spin --group b --threads --tasks 2 yield \
		--check 'a.iterations_per_s > 1' --check 'b.max_gap < 10s'
	assert_status 0
	assert_output 'seed 77$' '^a: 2 processes of spin' '^b: 2 threads of yield' \
		'^holds: a.iterations_per_s was ' '^measuring took '
	[[ $(head -n 1 "$BATS_TEST_TMPDIR/metrics") == before ]]
	grep -qE '^a\.iterations_per_s [0-9.e+]+ /s higher$' "$BATS_TEST_TMPDIR/metrics"
	grep -qE '^b\.max_gap [0-9.e+]+ ns lower$' "$BATS_TEST_TMPDIR/metrics"

	run "$KTSTR_LAUNCH" work --for 2s --group a spin --check 'a.iterations_per_s < 1'
	assert_status 1
	assert_output '^FAILS: a.iterations_per_s was [0-9]+/s, limit 1/s'
}

@test "work: too little was seen: inconclusive, and no pass" {
	run "$KTSTR_LAUNCH" work --for 10ms --warmup 0s --group a --tasks 16 spin \
		--check 'a.share_spread < 100%'
	assert_status 3
	assert_output '^inconclusive: a.share_spread < 100%: its tasks ran for '
}

# What /proc says of a running load.
look_at()
{
	wait_for eval '[[ $(tasks_of bt | wc -l) == 3 && $(tasks_of rt | wc -l) == 1 ]]' || return
	for pid in $(tasks_of bt); do
		# Policy and nice: fields 41 and 19.
		cut -d ' ' -f 19,41 "/proc/$pid/stat"
		grep Cpus_allowed_list "/proc/$pid/status"
	done
	cut -d ' ' -f 40,41 "/proc/$(tasks_of rt)/stat"
}

@test "work: tasks have the policy, nice, affinity and name that were asked for" {
	((EUID == 0)) || skip "needs root"
	"$KTSTR_LAUNCH" work --for 60s --group bt --tasks 3 --policy batch --nice 5 --cpus 0 spin \
		--group rt --policy fifo:3 --cpus 0 burst run=100us sleep=50ms \
		>/dev/null 3>&- &
	run look_at
	kill -TERM $!
	wait $! || true
	[[ $output == "$(printf '5 3\nCpus_allowed_list:\t0\n%.0s' 1 2 3)"$'\n3 1' ]] || fail 'not these'
}

@test "work: SIGTERM, SIGINT: all tasks are gone, exit 2" {
	local sig

	for sig in TERM INT; do
		"$KTSTR_LAUNCH" work --for 60s --group sig --tasks 3 spin --group thr --threads \
			--tasks 3 yield >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
		wait_for eval '[[ $(tasks_of sig | wc -l) == 3 ]]'
		kill "-$sig" $!
		wait $! || [[ $? == 2 ]]
		grep -q 'ended by signal' "$BATS_TEST_TMPDIR/out"
		none_of sig
		none_of thr
	done
}

# fields_of PID: state, ns that it ran.
fields_of() { echo "$(awk '{ print $3 }' "/proc/$1/stat") $(cut -d ' ' -f 1 "/proc/$1/schedstat")"; }

state_is() { [[ $(fields_of "$1") == "$2 "* ]]; }

@test "work: phases: a group is frozen, another has gone, a third one has changed, as /proc tells" {
	((EUID == 0)) || skip "needs root"
	local a b c frozen gone

	"$KTSTR_LAUNCH" work --warmup 0s --phase 300ms --group fr spin --group go spin --group ch spin \
		--phase 100s --freeze fr --stop go --change ch --policy batch --nice 7 --cpus 0 \
		--group come burst >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
	wait_for eval '[[ $(tasks_of fr) && $(tasks_of go) && $(tasks_of ch) ]]'
	a=$(tasks_of fr) b=$(tasks_of go) c=$(tasks_of ch)
	wait_for state_is "$a" T
	wait_for state_is "$b" S
	wait_for eval '[[ $(cut -d " " -f 19,41 "/proc/'"$c"'/stat") == "7 3" ]]'
	wait_for grep -qx $'Cpus_allowed_list:\t0' "/proc/$c/status"
	frozen=$(fields_of "$a") gone=$(fields_of "$b")
	sleep 0.5
	[[ $(fields_of "$a") == "$frozen" && $(fields_of "$b") == "$gone" ]]
	kill -TERM $!
	wait $! || [[ $? == 2 ]]
	for group in fr go ch come; do none_of "$group"; done
}

@test "work: phases: what is thawed runs again; each phase has its figures, its checks, its metrics" {
	KTSTR_METRICS=$BATS_TEST_TMPDIR/metrics run "$KTSTR_LAUNCH" work --warmup 0s \
		--phase 2s --group a spin --phase calm:2s --freeze a --group b burst \
		--phase 2s --thaw a --stop b --check '3/a.iterations_per_s > 1' \
		--check 'calm/b.iterations_per_s > 1' --check 'b.iterations_per_s > 1' \
		--check '1/a.iterations_per_s < 1'
	assert_status 1
	assert_output '^ktstr-work: 6s measured' '^phase calm, 2s:' '^holds: 3/a.iter' '^holds: calm/b.iter' \
		'^holds: b.iter' '^FAILS: 1/a.iter'
	grep -q '^calm/b\.share 9[0-9]*' "$BATS_TEST_TMPDIR/metrics" || grep -q '^calm/b\.share 100' "$BATS_TEST_TMPDIR/metrics"
	run ! grep -qE '^(calm/a|1/b|3/b)\.' "$BATS_TEST_TMPDIR/metrics"
	refuses "in phase '2' no group runs" --phase 1s --group a spin --phase 1s --freeze a
	refuses 'is not what the phases are together' --for 1s --phase 2s --group a spin
}

@test "work: phases: a change that the kernel refuses is an error before the load" {
	((EUID == 0)) || skip "needs root"
	# A deadline task may not be bound to one CPU of several.
	(($(nproc) > 1)) || skip "one CPU"
	refuses "option '--change': group 'dl': the kernel refuses" --phase 30s --group dl --cpus 0 spin \
		--phase 1s --change dl --policy deadline:1ms/10ms/10ms
	none_of dl
}

# signalled SIGNAL GROUP TIME: a load whose second task of three gets that signal in mid-run, to its end; as of `run`.
signalled()
{
	"$KTSTR_LAUNCH" work --for "$3" --group "$2" --tasks 3 spin >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
	wait_for eval '[[ $(tasks_of '"$2"' | wc -l) == 3 ]]'
	# It may still be waiting for the others.
	sleep 0.5
	kill "-$1" "$(grep -lsx "$2/1" /proc/[0-9]*/comm | cut -d / -f 3)"
	status=0
	wait $! || status=$?
	output=$(<"$BATS_TEST_TMPDIR/out")
}

@test "work: a task that is killed is named, and ends the load" {
	signalled KILL die 60s
	assert_status 2
	assert_output 'task die/1 \(process [0-9]+\) was killed by signal 9'
	none_of die
}

@test "work: a task that does not stop is killed, and what was measured counts" {
	signalled STOP hang 6s
	assert_status 0
	assert_output 'ktstr-work: 1 processes did not stop by themselves, and were killed' 'hang: 3 processes of spin'
	# It is killed; on a busy machine that takes a moment.
	wait_for none_of hang
}

@test "work: tasks die with who measures" {
	"$KTSTR_LAUNCH" work --for 60s --group orp --tasks 3 spin --group ort --threads --tasks 2 spin \
		>/dev/null 2>&1 3>&- &
	wait_for eval '[[ $(tasks_of orp | wc -l) == 3 ]]'
	kill -KILL $!
	wait_for none_of orp
	wait_for none_of ort
}

@test "work: --rt-app: a file's tasks run as it says, and are waited for and checked by name" {
	cat >"$BATS_TEST_TMPDIR/two.json" <<-'END'
		{
			/* One that a timer wakes lets two others go, each time. */
			"global" : { "duration" : 30, "calibration" : "CPU0" },
			"tasks" : {
				"clock" : {
					"lock" : "m", "broad" : "tick", "unlock" : "m",
					"timer" : { "ref" : "unique", "period" : 20000, "mode" : "absolute" }
				},
				"woken" : {
					"instance" : 2,
					"lock" : "m", "wait" : { "ref" : "tick", "mutex" : "m" }, "unlock" : "m",
					"run" : 100
				},
				"tick.tock" : { "resume" : "echo", "sleep" : 20000 },
				"echo" : { "suspend", "run" : 100, "resume" : "third" },
				"third" : { "suspend" : "third", "run" : 100 },
				"ping" : {
					"sleep" : 5000,
					"lock" : "net", "sync" : { "ref" : "ball", "mutex" : "net" }, "unlock" : "net"
				},
				"pong" : { "sync" : { "ref" : "ball", "mutex" : "net" } },
				"bell" : { "sleep" : 5000, "signal" : "door" },
				"host" : { "suspend" : "door", "run" : 100 },
				"once" : { "loop" : 2, "run" : 1000, "sleep1" : 1000 }
			}
		}
	END
	run "$KTSTR_LAUNCH" work --rt-app "$BATS_TEST_TMPDIR/two.json" --for 2s --group own burst \
		--check 'clock.iterations_per_s > 30' --check 'clock.iterations_per_s < 70' \
		--check 'tick_tock.iterations_per_s < 70' --check 'echo.iterations_per_s < 70' \
		--check 'third.iterations_per_s > 10' --check 'third.iterations_per_s < 70' \
		--check 'ping.iterations_per_s > 10' --check 'pong.iterations_per_s > 10' \
		--check 'host.iterations_per_s > 10' \
		--check 'woken.iterations_per_s > 20' --check 'woken.iterations_per_s < 140'
	assert_status 0
	assert_output '^clock: 1 threads of rt-app' '^woken: 2 threads' '^own: 1 processes of burst' '2s measured'

	echo '{ "tasks" : { "a" : { "run" : 1,'$'\n'' "mem" : 5 } } }' >"$BATS_TEST_TMPDIR/bad.json"
	refuses "bad.json': line 2: 'mem' of 'a' is not supported" --rt-app "$BATS_TEST_TMPDIR/bad.json"
	refuses "none.json': cannot read it: No such file" --rt-app "$BATS_TEST_TMPDIR/none.json"
	refuses "--tasks': it belongs to a group" --rt-app "$BATS_TEST_TMPDIR/two.json" --tasks 3
}

@test "work: a group that never ran in the window is inconclusive, also when no check asks" {
	# shellcheck disable=SC2016 # the inner shell's
	run sh -c '"$1" work --for 100ms --warmup 3s --group stopped spin &
		until pid=$(pgrep -x stopped/0) && [ "$(cut -d " " -f 14 "/proc/$pid/stat")" -gt 5 ]; do sleep 0.05; done
		kill -STOP $pid
		wait $!' sh "$KTSTR_LAUNCH"
	assert_status 3
	assert_output "^ktstr-work: inconclusive: no task of 'stopped' ran in the window$"
}

@test "work: what measuring takes is less than 1 % of a CPU" {
	run "$KTSTR_LAUNCH" work --for 3s --group many --tasks 64 burst run=20us sleep=50ms --group spin spin
	assert_status 0
	assert_output '^measuring took 0\.[0-9]+ % of one CPU'
}

@test "work: cgroups: one that is there, a controller that is absent: errors before the load, and nothing stays" {
	local mount own

	((EUID == 0)) || skip "needs root"
	mount=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
	[[ $mount ]] || skip "no cgroup v2 here"
	own=$mount$(sed -n 's/^0:://p' /proc/self/cgroup)
	mkdir "$own/ktstr-there" || skip "no cgroup can be made here"
	run "$KTSTR_LAUNCH" work --group early --cgroup ktstr-first spin --group late --cgroup ktstr-there spin
	rmdir "$own/ktstr-there"
	assert_status 2
	[[ ${#lines[@]} -eq 1 ]]
	assert_output "ktstr-there': File exists; take another name"
	[[ ! -e $own/ktstr-first ]]
	none_of early
	if ! grep -qw cpu "$own/cgroup.controllers"; then
		refuses "the controller 'cpu' is absent" --group early spin --group late \
			--cgroup ktstr-late:weight=3 spin
		# Also one that only a later phase needs.
		refuses "the controller 'cpu' is absent" --phase 1s --group early --cgroup ktstr-first spin \
			--phase 1s --change early --cgroup ktstr-first:weight=3
		[[ ! -e $own/ktstr-first ]]
	fi
}

@test "work: a standard output that takes nothing is an error" {
	run sh -c '"$1" work --list >/dev/full' sh "$KTSTR_LAUNCH"
	assert_status 2
	assert_output 'No space left'
}
