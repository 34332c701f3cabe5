#!/usr/bin/env bats
# ktstr-work's kinds of load: does each have its shape, by what the kernel counts of its tasks? Bounds are
# ratios: this machine may be busy.

load ../helper

setup()
{
	((EUID == 0)) || skip "needs root, to look at what tasks do"
}

teardown()
{
	[[ -z ${load_pid-} ]] || stop
}

# refuses PART WORD...: exit 2, one line that says PART, nothing else.
refuses()
{
	run "$KTSTR_LAUNCH" work "${@:2}"
	assert_status 2
	[[ ${#lines[@]} -eq 1 && $output == "ktstr-work: "*"$1"* ]] || fail "not just '$1'"
}

# tasks_of GROUP: their process ids, by their numbers.
tasks_of()
{
	grep -sE "^$1/[0-9]+$" /proc/[0-9]*/comm | sort -t / -k 5n | cut -d / -f 3
}

count_is() { [[ $(tasks_of "$1" | wc -l) == "$2" ]]; }

# start GROUP N WORD...: a load in the background, until group GROUP has its N processes.
start()
{
	"$KTSTR_LAUNCH" work --for 120s --warmup 0s "${@:3}" >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
	load_pid=$!
	wait_for count_is "$1" "$2" || return
	# They wait for each other until all are there.
	sleep 0.2
}

stop()
{
	kill -TERM "$load_pid"
	status=0
	wait "$load_pid" || status=$?
	load_pid=
	[[ $status -eq 2 ]] && grep -qx 'ktstr-work: ended by signal 15 in mid-run' "$BATS_TEST_TMPDIR/out"
}

# counts PID: ms that it ran, switches that it wanted and that it did not want, migrations, bytes read, bytes
# written, ms that it waited for a CPU.
counts()
{
	awk 'FILENAME ~ /schedstat/ { ran = $1 / 1e6; waited = $2 / 1e6 }
		/^voluntary_ctxt/ { vol = $2 }
		/^nonvoluntary_ctxt/ { invol = $2 }
		/^se.nr_migrations/ { moves = $3 }
		/^rchar/ { in_ = $2 }
		/^wchar/ { out = $2 }
		END { printf "%d %d %d %d %d %d %d\n", ran, vol, invol, moves, in_, out, waited }' \
		"/proc/$1/schedstat" "/proc/$1/status" "/proc/$1/sched" "/proc/$1/io"
}

all_stand()
{
	local pid line

	for pid; do
		read -r line <"/proc/$pid/stat"
		[[ ${line##*) } == T* ]] || return
	done
}

# stand PID...: all stand still, so that it is one moment for all when they are looked at.
stand()
{
	kill -STOP "$@"
	wait_for all_stand "$@"
}

# watch GROUP SECONDS: what its tasks did in that time: the arrays ran, vol, invol, moves, in, out, waited, by task,
# and how long it was, ms. Standing still and going on is up to three switches of each.
watch()
{
	local pids pid i=0 before=() after from row

	ran=() vol=() invol=() moves=() in=() out=() waited=()
	mapfile -t pids < <(tasks_of "$1")
	stand "${pids[@]}"
	for pid in "${pids[@]}"; do
		before+=("$(counts "$pid")")
	done
	from=${EPOCHREALTIME/./}
	kill -CONT "${pids[@]}"
	sleep "$2"
	stand "${pids[@]}"
	ms=$(((${EPOCHREALTIME/./} - from) / 1000))
	for pid in "${pids[@]}"; do
		after=$(counts "$pid")
		read -ra row < <(paste -d ' ' <(echo "${before[i]}") <(echo "$after"))
		ran+=($((row[7] - row[0]))) vol+=($((row[8] - row[1]))) invol+=($((row[9] - row[2])))
		moves+=($((row[10] - row[3]))) in+=($((row[11] - row[4]))) out+=($((row[12] - row[5])))
		waited+=($((row[13] - row[6])))
		i=$((i + 1))
	done
	kill -CONT "${pids[@]}"
	echo "in $ms ms: ran ${ran[*]} ms, waited ${waited[*]} ms, switched ${vol[*]} + ${invol[*]}, moved ${moves[*]}, in ${in[*]}, out ${out[*]}"
}

# near A B BY: they differ by at most that.
near() { (($1 - $2 <= $3 && $2 - $1 <= $3)) || fail "$1 and $2 differ by more than $3"; }

# wanted_to_run N: of the tasks that watch saw at most N wanted to run at a time: what all of them ran and waited for a
# CPU is together no more than N times the time it took, and a quarter. That holds however busy the machine is.
wanted_to_run()
{
	local sum=0 i

	for i in "${!ran[@]}"; do
		sum=$((sum + ran[i] + waited[i]))
	done
	((sum <= $1 * ms + ms / 4)) || fail "${#ran[@]} tasks wanted to run for $sum ms of $ms ms"
}

@test "kinds: a group that does not fit its kind is refused, with what would" {
	refuses 'give it --tasks 2 or more' --group a chain
	refuses 'give it --tasks 2 or more' --group a herd
	refuses "work: '1h' is not a duration" --group a --tasks 2 chain work=1h
	refuses 'give it a multiple of 40 --tasks, not 1' --group a messages
	refuses "size: '5KiB' is not between 1B and 4KiB" --group a --tasks 2 messages fan=1 size=5KiB
	refuses "fan: '0' is not between" --group a --tasks 2 messages fan=0
	refuses 'give it a multiple of 4 --tasks, not 6' --group a --tasks 6 requests workers=3
	refuses "hold: '0ns' is not between" --group a mutex hold=0ns
	refuses "'mutex' never sleeps, or not so that it is known" --group a mutex --check 'a.wake_p50 < 1s'
	refuses "'chain' serves no requests" --group a --tasks 2 chain --check 'a.request_p50 < 1s'
}

@test "kinds: chain: one works at a time, each in its turn, for so long" {
	start chain 4 --group chain --tasks 4 chain work=5ms
	watch chain 1
	# The one whose turn it is, and the one before, which may lose its CPU between waking it and sleeping.
	wanted_to_run 2
	stop
	((vol[0] >= 5))
	for i in 1 2 3; do
		near "${vol[i]}" "${vol[0]}" 5
	done
	# A turn more or less at both ends.
	for i in 0 1 2 3; do
		((ran[i] >= 4 * (vol[i] - 5) && ran[i] <= 7 * (vol[i] + 2)))
	done
}

@test "kinds: herd: all others are woken, once each period, and otherwise sleep" {
	start herd 6 --group herd --tasks 6 herd period=20ms
	watch herd 1
	stop
	((vol[0] >= 5 && vol[0] <= ms / 20 + 5))
	for i in 1 2 3 4 5; do
		near "${vol[i]}" "${vol[0]}" 5
		((ran[i] * 4 < ms))
	done
}

@test "kinds: messages: each sender writes to each receiver as much, and none to another" {
	[[ -r /proc/self/io ]] || skip "no CONFIG_TASK_IO_ACCOUNTING"
	# Two groups of two and two.
	start msg 8 --group msg --tasks 8 messages fan=2 size=1KiB \
		--group sock --tasks 4 messages fan=2 size=1KiB sockets=1
	watch msg 0.7
	for first in 0 4; do
		((in[first] == 0 && in[first + 1] == 0 && out[first + 2] == 0 && out[first + 3] == 0))
		((in[first + 2] > 1000000))
		# But for what the two pipes, of 64 KiB each, held in the beginning and hold in the end.
		near "${in[first + 2]}" "${in[first + 3]}" 140000
		near $((in[first + 2] + in[first + 3])) $((out[first] + out[first + 1])) 140000
	done
	# As it says of itself: 4 ends of 2 pipes a group of messages, and of sockets.
	[[ $(readlink "/proc/$(tasks_of msg | head -n 1)/fd/"* | grep -c '^pipe:') -ge 8 ]]
	[[ $(readlink "/proc/$(tasks_of sock | head -n 1)/fd/"* | grep -c '^socket:') -ge 4 ]]
	watch sock 0.5
	((in[2] > 100000 && in[3] > 100000 && in[0] == 0 && out[2] == 0))
	stop
}

@test "kinds: requests: workers compute what was asked, and are told to; latencies are told" {
	start rq 3 --group rq --tasks 3 requests workers=2 think=2ms
	watch rq 0.7
	stop
	((vol[0] >= 5))
	for i in 1 2; do
		# One that has its next request before it sleeps does not switch.
		((ran[i] >= 18 * (vol[i] - 5) / 10))
		((ran[0] < ran[i] / 2 + 5))
	done
	# Handed out and served: each counts, of 500 a second that one CPU can serve.
	run "$KTSTR_LAUNCH" work --for 400ms --group rq --cpus 0 --tasks 3 requests workers=2 think=2ms \
		--check 'rq.iterations_per_s < 1050' --check 'rq.iterations_per_s > 10' \
		--check 'rq.request_p50 >= 1.95ms' --check 'rq.wake_max >= 1us' --check 'rq.request_max < 60s'
	assert_status 0
	assert_output '^holds: rq.request_p50 was '
}

@test "kinds: mutex, pimutex: one holds it at a time, the others sleep in the kernel" {
	local pid op

	start mu 3 --group mu --tasks 3 mutex hold=20ms gap=0ns --group pi --tasks 3 pimutex hold=20ms gap=0ns
	wait_for count_is pi 3
	watch mu 0.5
	# The one that holds it, and one that is told that it is free.
	wanted_to_run 2
	watch pi 0.5
	wanted_to_run 2
	# What they wait in: futex (202), FUTEX_WAIT or FUTEX_LOCK_PI.
	for what in 'mu 0x0' 'pi 0x6'; do
		op=${what#* }
		for pid in $(tasks_of "${what% *}"); do
			cat "/proc/$pid/syscall"
		done >"$BATS_TEST_TMPDIR/calls"
		grep -qE "^202 0x[0-9a-f]+ $op " "$BATS_TEST_TMPDIR/calls" || fail "$(<"$BATS_TEST_TMPDIR/calls")"
	done
	stop
	# No more than one hold after the other, in all.
	run "$KTSTR_LAUNCH" work --for 400ms --group mu --tasks 3 mutex hold=5ms gap=100us \
		--group pi --tasks 3 --threads pimutex hold=5ms gap=100us \
		--check 'mu.iterations_per_s <= 210' --check 'pi.iterations_per_s <= 210' \
		--check 'mu.iterations_per_s > 2' --check 'pi.iterations_per_s > 2'
	assert_status 0
}

@test "kinds: what cannot be had here is refused before any load" {
	refuses 'it needs two' --group a --cpus 0 affinity
	refuses 'it needs two' --group a --tasks 2 --cpus each affinity
	refuses 'give rate= of 10 or more' --group a policy realtime=1 rate=5
	refuses 'nice means nothing to its policy' --group a --policy fifo:1 nice
	refuses 'leave out --threads' --group a --threads cgroupmove
	refuses 'leave out --cgroup' --group a --cgroup x cgroupmove
	refuses 'give it --policy fifo:1 or rr:1' --group a rthog
	refuses 'take 10000 us of each 10000 us leave less than 10 %' --group a --policy rr:1 rthog busy=10ms
	refuses '2 tasks that take 5000 us of each 10000 us leave less than 10 % of 1 CPUs' \
		--group a --tasks 2 --cpus 0 --policy fifo:1 rthog
	refuses 'an even number of --tasks, not 1' --group a smt
	refuses 'give --cpus a list, or leave it out' --group a --tasks 2 --cpus llc smt
	refuses 'no two are siblings' --group a --tasks 2 --cpus 0 smt
	refuses 'more than three quarters of the memory that is free' --group a touch size=1023GiB
	refuses 'more than three quarters of the memory that is free' --group a thrash size=1023GiB
	refuses 'size=32B is less than one line' --group a thrash size=32B
	refuses "remote: '101%' is not between" --group a touch remote=101%
	[[ $(</sys/devices/system/node/has_memory) == *[-,]* ]] ||
		refuses 'there is one with memory' --group a touch remote=50%
}

@test "kinds: who may not change policy or nice is told before any load" {
	command -v setpriv >/dev/null || skip "no setpriv"
	# Wherever it is, in a folder that others may not enter, for one.
	exec 4<"$KTSTR_LAUNCH"
	for kind in nice policy; do
		run setpriv --reuid 65534 --regid 65534 --clear-groups /proc/self/fd/4 work --group a "$kind"
		assert_status 2
		assert_output "kind '$kind': the kernel refuses .* needs root or CAP_SYS_NICE"
	done
}

# field N PID: of its line in /proc/PID/stat.
field() { cut -d ' ' -f "$1" "/proc/$2/stat"; }

# see N COMMAND...: it prints N different lines at least, called over and over.
see()
{
	local -A seen=()
	local until=$((SECONDS + 120)) line

	while ((${#seen[@]} < $1)); do
		((SECONDS < until)) || fail "not $1 different from ${*:2}: ${!seen[*]}" || return
		line=$("${@:2}")
		seen[$line]=1
	done
	all_seen=$(printf '%s\n' "${!seen[@]}" | sort -n | paste -sd ' ')
}

@test "kinds: affinity: so many migrations as it says, no more; one CPU at a time" {
	(($(nproc) >= 2)) || skip "one CPU"
	KTSTR_METRICS=$BATS_TEST_TMPDIR/metrics run "$KTSTR_LAUNCH" work --for 1s --seed 5 --group af affinity rate=50
	assert_status 0
	awk '{ is[$1] = $2 } END { print is["af.migrations"], is["af.iterations_per_s"]
		exit !(is["af.iterations_per_s"] >= 5 && is["af.iterations_per_s"] <= 52 &&
			is["af.migrations"] >= 0.9 * is["af.iterations_per_s"] - 2 &&
			is["af.migrations"] <= 1.1 * is["af.iterations_per_s"] + 2) }' "$BATS_TEST_TMPDIR/metrics"
	start af 1 --group af affinity rate=50
	watch af 0.6
	see 2 grep Cpus_allowed_list "/proc/$(tasks_of af)/status"
	stop
	((moves[0] >= 3 && moves[0] <= ms / 20 + 3))
	[[ $all_seen != *-* && $all_seen != *,* ]]
}

@test "kinds: policy and nice: the kernel shows one after the other" {
	start po 1 --group po policy rate=1000
	see 3 field 41 "$(tasks_of po)"
	stop
	[[ $all_seen == '0 3 5' ]]
	start po 1 --group po policy rate=1000 realtime=1
	see 5 field 41 "$(tasks_of po)"
	stop
	[[ $all_seen == '0 1 2 3 5' ]]
	start ni 1 --group ni nice rate=1000
	see 8 field 19 "$(tasks_of ni)"
	stop
}

@test "kinds: cgroupmove: to and fro between two cgroups that are gone afterwards" {
	local base

	base=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
	[[ -n $base ]] || skip "no cgroup v2"
	base+=$(sed -n 's/^0:://p' /proc/self/cgroup)
	[[ -w $base/cgroup.procs ]] || skip "not writable: $base"
	start cm 2 --group cm --tasks 2 cgroupmove cpu=0 rate=200
	see 2 sed -n 's,^0::.*/ktstr,ktstr,p' "/proc/$(tasks_of cm | head -n 1)/cgroup"
	# Another one of that name has to wait.
	refuses 'remove it, or take another name' --group cm cgroupmove cpu=0
	stop
	[[ $all_seen == 'ktstr-move-cm-0 ktstr-move-cm-1' ]]
	[[ -z $(ls -d "$base"/ktstr-move-* 2>/dev/null) ]]
	if ! grep -qw cpu "$base/cgroup.controllers"; then
		refuses "the controller 'cpu' is absent" --group cm cgroupmove
		[[ -z $(ls -d "$base"/ktstr-move-* 2>/dev/null) ]]
	fi
}

@test "kinds: timer: one wake-up an interval; rthog: so much of each period, in real time" {
	start tm 2 --group tm --tasks 2 timer interval=10ms --group rt --policy rr:2 rthog busy=3ms period=10ms
	wait_for count_is rt 1
	watch tm 0.7
	for i in 0 1; do
		((vol[i] >= ms / 40 && vol[i] <= ms / 10 + 6 && ran[i] * 4 < ms))
	done
	watch rt 0.7
	[[ $(field 41 "$(tasks_of rt)") == 2 && $(field 40 "$(tasks_of rt)") == 2 ]]
	stop
	((ran[0] * 100 >= 15 * ms && ran[0] * 100 <= 36 * ms && vol[0] >= ms / 30 && vol[0] <= ms / 10 + 6))
}

# children_of PID: their ids, with state and name. cat goes on where a process has gone; not every awk does.
children_of()
{
	cat /proc/[0-9]*/stat 2>/dev/null | awk -v p="$1" '{ id = $1; sub(/.*\(/, ""); split($0, f, /\) /)
		split(f[2], r, " "); if (r[2] == p) print id, r[1], f[1] }'
}

# executes PID...: does one have a child that executed the program? A child lives too short for a look, so its
# parent is stopped meanwhile: it cannot wait for it then, and the dead child keeps its name.
executes()
{
	local pid names
	for pid; do
		kill -STOP "$pid"
		names=$(children_of "$pid")
		kill -CONT "$pid"
		[[ $names != *" exe" ]] || return 0
	done
	return 1
}

@test "kinds: fork and exec storms: children that are waited for, no zombie stays" {
	local pid before after storm=()

	before=$(awk '/^processes/ { print $2 }' /proc/stat)
	KTSTR_METRICS=$BATS_TEST_TMPDIR/metrics run "$KTSTR_LAUNCH" work --for 400ms --warmup 0s \
		--group fk --tasks 2 fork batch=4 --group ex exec --group th --threads --tasks 2 fork
	after=$(awk '/^processes/ { print $2 }' /proc/stat)
	assert_status 0
	# Each is a process of the kernel's count.
	awk -v made=$((after - before)) '/iterations_per_s/ { sum += $2 * 0.4; if ($2 < 10) few = 1 }
		END { print made, sum; exit !(!few && made >= 0.95 * sum) }' "$BATS_TEST_TMPDIR/metrics"

	start ex 1 --group ex exec --group fk --tasks 2 fork batch=3 work=5ms
	mapfile -t storm < <(children_of "$load_pid" | cut -d ' ' -f 1)
	[[ ${#storm[@]} -eq 3 ]]
	wait_for executes "${storm[@]}"
	for pid in "${storm[@]}"; do
		(($(children_of "$pid" | wc -l) <= 3))
		# Page faults of children that were waited for.
		wait_for eval '(($(field 11 '"$pid"') > 10))'
	done
	stop
	for pid in "${storm[@]}"; do
		[[ ! -e /proc/$pid ]]
	done
	count_is fk 0
}

@test "kinds: touch: a page fault for each page of each mapping; thrash: its size, and no more faults" {
	local many few pages pid

	start t1 1 --group t1 touch size=1MiB --group t2 touch size=1MiB passes=100000 \
		--group th thrash size=32MiB
	wait_for count_is th 1
	wait_for eval '(($(field 24 "$(tasks_of th)") >= 8192))'
	pid=$(tasks_of th)
	pages=$(field 10 "$pid")
	many=$(field 10 "$(tasks_of t1)") few=$(field 10 "$(tasks_of t2)")
	sleep 0.7
	many=$(($(field 10 "$(tasks_of t1)") - many)) few=$(($(field 10 "$(tasks_of t2)") - few))
	pages=$(($(field 10 "$pid") - pages))
	echo "page faults: $many, $few, $pages; resident: $(field 24 "$pid")"
	(($(field 24 "$pid") < 8192 + 1024))
	# One mapping of 256 pages at a time.
	(($(field 24 "$(tasks_of t1)") < 1024 && $(field 24 "$(tasks_of t2)") < 1024))
	stop
	((many > 1000 && few * 20 < many && pages < 100))
	# 256 of each iteration.
	KTSTR_METRICS=$BATS_TEST_TMPDIR/metrics run "$KTSTR_LAUNCH" work --for 300ms --group t touch size=1MiB \
		--check 't.iterations_per_s > 3'
	assert_status 0
}

@test "kinds: smt: two tasks on two siblings, or refused where there are none" {
	local siblings pids

	siblings=$(grep -hE '[-,]' /sys/devices/system/cpu/cpu*/topology/thread_siblings_list | head -n 1) || true
	if [[ -z $siblings ]]; then
		refuses 'no two are siblings' --group s --tasks 2 smt
		return
	fi
	start s 2 --group s --tasks 2 --cpus "$siblings" smt
	mapfile -t pids < <(tasks_of s)
	run grep -h Cpus_allowed_list "/proc/${pids[0]}/status" "/proc/${pids[1]}/status"
	stop
	[[ $(cut -f 2 <<<"$output" | sort -n | paste -sd ,) == "${siblings/-/,}" ]]
}
