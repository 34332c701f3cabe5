#!/bin/sh
# What does a failure look like? A task that is starved on purpose, and a test that demands its share.
#
# A task at nice 19, "victim", shares a CPU with one under SCHED_FIFO, "spinner", which never sleeps.
# Measured is the time on the CPU of both (/proc/PID/schedstat), until they have had 3 s together.
# Threshold: victim must get at least 20 %, and it cannot: the kernel leaves at most 5 % to tasks under
# real-time ones (sched_rt_runtime_us, or the fair server since 6.12). A ratio of time on the CPU, and
# four times what there is to get. So the test fails, as its directive expect_err says.
# What keeps the test from its question is no failure that is expected: then it is skipped, status 4.
#
# The tracer stays off, it is costly and an expected failure is not traced. To see who has the CPU:
# ktstr-launch run --no-directives --kernel IMG --topology 1n1l2c1t --wprof --include /usr/bin/chrt -- examples/starved.sh
#
# Verdict: xfail
#ktstr: topology=1n1l2c1t memory_mib=512 timeout_s=300 min_cpus=2 expect_err
#ktstr: include=/usr/bin/chrt

skip() {
	echo "starved: $1" >&2
	exit 4
}
cpus=$(nproc)
[ "$cpus" -ge 2 ] || skip "needs 2 CPUs, has $cpus"
dir=$(mktemp -d) || skip "cannot make a folder"
pids=
cleanup() {
	# shellcheck disable=SC2086 # one word a process
	[ -z "$pids" ] || { kill -9 $pids && wait; } 2>/dev/null
	rm -rf "$dir"
}
trap cleanup EXIT
# Scripts of their own, so that a trace shows them by these names.
for name in spinner victim; do
	printf '#!/bin/sh\nwhile :; do :; done\n' >"$dir/$name"
	chmod +x "$dir/$name"
done

# This shell stays on CPU 0.
taskset -pc 0 $$ >/dev/null || skip "cannot bind to CPU 0"
cpu=$((cpus - 1))
taskset -c $cpu "$dir/victim" &
victim=$!
pids=$victim
renice -n 19 -p $victim || skip "cannot renice"
taskset -c $cpu "$dir/spinner" &
spinner=$!
pids="$victim $spinner"
sleep 0.2
chrt -f -p 1 $spinner || skip "cannot set SCHED_FIFO"

# Milliseconds on a CPU.
ran() {
	echo $(($(cut -d' ' -f1 "/proc/$1/schedstat") / 1000000))
}
victim_began=$(ran $victim) spinner_began=$(ran $spinner)
tries=0 both_ms=0
while [ $both_ms -lt 3000 ]; do
	tries=$((tries + 1))
	[ $tries -le 200 ] || skip "the two had only $both_ms ms on a CPU in 100 s"
	sleep 0.5
	victim_ms=$(($(ran $victim) - victim_began))
	spinner_ms=$(($(ran $spinner) - spinner_began))
	both_ms=$((victim_ms + spinner_ms))
done

share=$((100 * victim_ms / both_ms))
echo "spinner ran $spinner_ms ms, victim $victim_ms ms: a share of $share %"
if [ $share -lt 20 ]; then
	echo "victim got $share % of CPU $cpu beside a SCHED_FIFO task, expected at least 20 %" >&2
	exit 1
fi
