#!/bin/sh
# Is a wake-up ever lost when tasks on different CPUs wake each other in turn?
#
# A ring of processes, one on each CPU, at least four. Each waits for a token at its FIFO, adds one to
# the number that the token carries and writes it into the next one's FIFO, 100 times. At any time all
# but one sleep, so each turn but the first takes a wake-up, most of them across CPUs.
# Measured: how many turns each had, and the number on the token at the end.
# Threshold: every one had all 100, and the token has counted every turn: counts, no times. The
# test has no time limit for a turn; a wake-up is taken for lost when none of the tasks was put on a CPU
# for 10 s on end, where one that is awake would be.
#
# Verdict: pass
#ktstr: topology=1n2l2c1t memory_mib=512 timeout_s=300 max_cpus=16 timed

turns=100
cpus=$(nproc)
stages=$((cpus < 4 ? 4 : cpus))
if ! dir=$(mktemp -d); then
	echo "wakeup-chain: cannot make a folder" >&2
	exit 2
fi
pids=
cleanup() {
	# shellcheck disable=SC2086 # one word a process
	{ kill -9 $pids && wait; } 2>/dev/null
	rm -rf "$dir"
}
trap cleanup EXIT

# A script of its own, so that a trace shows the tasks by this name.
cat >"$dir/stage" <<'END'
#!/bin/sh
# stage FIFO NEXT TURNS RESULT
# Open for both, so that neither open waits; and none sees an end of file.
exec 3<>"$1" 4<>"$2"
had=0
while [ $had -lt "$3" ]; do
	read -r token <&3 || exit 1
	had=$((had + 1))
	echo $((token + 1)) >&4
done
echo $had $((token + 1)) >"$4"
END
chmod +x "$dir/stage"

stage=0
while [ $stage -lt $stages ]; do
	if ! mkfifo "$dir/fifo.$stage"; then
		echo "wakeup-chain: cannot make FIFOs in $dir" >&2
		exit 2
	fi
	stage=$((stage + 1))
done
exec 3<>"$dir/fifo.0"
stage=0
while [ $stage -lt $stages ]; do
	taskset -c $((stage % cpus)) "$dir/stage" "$dir/fifo.$stage" "$dir/fifo.$(((stage + 1) % stages))" \
		$turns "$dir/result.$stage" 3<&- &
	pids="$pids $!"
	stage=$((stage + 1))
done
echo 0 >&3

# look: $ended is how many are through, $runs how often all were put on a CPU so far (the third field of
# schedstat). Only what is built into the shell: programs would take the CPUs from them.
look() {
	ended=0 runs=0 stage=0
	for pid in $pids; do
		[ ! -s "$dir/result.$stage" ] || ended=$((ended + 1))
		stage=$((stage + 1))
		if read -r _ _ ran <"/proc/$pid/schedstat"; then
			runs=$((runs + ran))
		fi 2>/dev/null
	done
}
before=none still=0
while look && [ $ended -lt $stages ]; do
	still=$((still + 1))
	[ "$runs" = "$before" ] || still=0
	if [ $still -ge 20 ]; then
		echo "a wake-up was lost: none of the $stages tasks has moved for 10 s, $ended have ended" >&2
		exit 1
	fi
	before=$runs
	sleep 0.5
done

stage=0 last=0
while [ $stage -lt $stages ]; do
	had=0 token=0
	read -r had token 2>/dev/null <"$dir/result.$stage"
	if [ "$had" -ne $turns ]; then
		echo "stage $stage of the ring had $had of $turns turns" >&2
		exit 1
	fi
	last=$token
	stage=$((stage + 1))
done
echo "$stages tasks on $cpus CPUs, $turns turns each, $last on the token"
if [ "$last" -ne $((turns * stages)) ]; then
	echo "the token counted $last turns, expected $((turns * stages))" >&2
	exit 1
fi
