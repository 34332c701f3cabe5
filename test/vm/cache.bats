#!/usr/bin/env bats
# Does a second run of a machine begin where the first one's base stood, and as another one than it?

load helper

setup()
{
	export KTSTR_CACHE_DIR=$BATS_FILE_TMPDIR/cache KTSTR_TOPOLOGY=1n1l2c1t KTSTR_MEMORY=512M
}

# bases: the files of all that are kept.
bases() { find "$KTSTR_CACHE_DIR/bases" -name 'base-*' | sort; }

# began HOW: the last run's machine, by the launcher's own first words.
began() { assert_output "^ktstr-launch: $1 .*: 1n1l2c1t, 512 MiB"; }

@test "the first run boots, the second is a fork; --fresh and a cache that is turned off boot" {
	boot -- sh -c 'echo one; cat /proc/cmdline'
	assert_status 0
	began booting
	[[ $(bases | wc -l) -eq 1 ]]
	mv stdout first
	boot -- sh -c 'echo one; cat /proc/cmdline'
	assert_status 0
	began forking
	cmp first stdout
	boot --fresh -- true
	assert_status 0
	began booting
	KTSTR_CACHE_DIR='' boot -- true
	assert_status 0
	began booting
	# Another machine is another base.
	boot --append ktstr.other=1 -- grep -q ktstr.other=1 /proc/cmdline
	assert_status 0
	began booting
	[[ $(bases | wc -l) -eq 2 ]]
	run "$KTSTR_LAUNCH" cache
	assert_status 0
	[[ $(grep -cE '^base +[0-9]+\.[0-9.]+[^ ]* +1n1l2c1t +512 MiB +[0-9]+ MiB  (just now|[0-9]+ min ago)$' <<<"$output") -eq 2 ]] ||
		fail "other bases are listed"
}

@test "forks draw different random bytes, know the date, and their clocks go on" {
	# Where the CPU's own bytes do not count, the kernel has a pool to draw from by our seed only.
	for i in 1 2 3 4 5 6; do
		from=$(date +%s)
		boot --append random.trust_cpu=off --include "$KTSTR_TEST_WITNESS:/witness" -- sh -c '
			date +%s; awk "{ print int(\$1) }" /proc/uptime; /witness chance clocks || exit
			dmesg >/tmp/log
			grep -E "soft lockup|rcu.*stall|[Cc]locksource.*(unstable|skew)|interrupt took" /tmp/log || true'
		assert_status 0
		[[ $i -eq 1 ]] || began forking
		{ read -r date && read -r uptime; } <stdout
		((date >= from - 1 && date <= $(date +%s) + 1)) || fail "date $date, the host's $from"
		((uptime < 120)) || fail "an uptime of $uptime s"
		in_stdout '^clocks 2 CPUs forward$'
		[[ $(grep -cvE '^(urandom|getrandom) ' stdout) -eq 3 ]] ||
			fail "the kernel complains: $(grep -vE '^(urandom|getrandom) ' stdout)"
		grep -E '^(urandom|getrandom) [0-9a-f]{64}$' stdout >>"$BATS_TEST_TMPDIR/drawn"
	done
	[[ $(cut -d ' ' -f 2 "$BATS_TEST_TMPDIR/drawn" | sort | uniq -d | wc -l) -eq 0 ]] ||
		fail "the same bytes were drawn more than once"
}

@test "a failing fork's second VM is a fork, too; the dump has the base's boot and the fork's time" {
	boot -- true
	boot --wprof -- sh -c 'exit 3'
	assert_status 3
	began forking
	assert_output "forking .*, tracer on" 'repro: same failure' 'forked \(its base booted in [0-9.]+ s\)'
	python3 - "$(dump_file)" <<'END'
import json, sys
dump = json.load(open(sys.argv[1]))
assert dump["start"] == "forked", dump["start"]
assert dump["times"]["base_boot_s"] > 0 and dump["times"]["to_payload_s"] > 0, dump["times"]
assert dump["times"]["boot_s"] is None, dump["times"]
END
}

@test "a base that was touched is not used, and made anew" {
	rm -rf "$KTSTR_CACHE_DIR/bases"
	boot -- true
	base=$(bases)
	for at in 40 9000 70000; do
		printf '\xa5' | dd of="$base" bs=1 seek=$at conv=notrunc status=none
		boot -- echo fine
		assert_status 0
		in_stdout '^fine$'
	done
	truncate -s -4096 "$base"
	boot -- echo fine
	assert_status 0
	began booting
	boot -- echo fine
	began forking
}

@test "two launchers make the same base at once: both are right, and one is kept" {
	local i pids=()

	rm -rf "$KTSTR_CACHE_DIR/bases"
	cd "$BATS_TEST_TMPDIR"
	for i in 1 2; do
		"$KTSTR_LAUNCH" run -- sh -c 'echo "fine $1"; exit 7' sh $i </dev/null >out$i 2>err$i &
		pids+=($!)
	done
	for i in 1 2; do
		status=0
		wait "${pids[i - 1]}" || status=$?
		output=$(<err$i)
		assert_status 7
		began booting
		[[ $(<out$i) == "fine $i" ]] || fail "$i says: $(<out$i)"
	done
	[[ $(bases | wc -l) -eq 1 ]] || fail "kept are: $(bases)"
	boot -- true
	assert_status 0
	began forking
}

@test "where a base cannot be kept, one line says so, and the run is right" {
	local full=$BATS_TEST_TMPDIR/full

	ln -s "$KTSTR_CACHE_DIR" "$BATS_TEST_TMPDIR/link"
	KTSTR_CACHE_DIR=$BATS_TEST_TMPDIR/link boot -- sh -c 'exit 7'
	assert_status 7
	began booting
	assert_output "^ktstr-launch: run: the machine is not kept for the next run: keeping a base: .*/link' is no folder for bases: a symbolic link; set "

	((EUID == 0)) || skip "a disk that is full: only root can mount one"
	mkdir -p "$full/bases"
	chmod go-w "$full"
	mount -t tmpfs -o size=2m,mode=700 none "$full/bases"
	KTSTR_CACHE_DIR=$full boot -- sh -c 'exit 7'
	ls "$full/bases" >left
	umount "$full/bases"
	assert_status 7
	assert_output "^ktstr-launch: run: the machine is not kept for the next run: .*: No space left on device"
	[[ ! -s left ]] || fail "left is: $(<left)"
}

@test "a launcher that is killed at any moment leaves complete bases or none" {
	for ms in 300 900 1800 3000 4200 5500 7000 9000; do
		rm -rf "$KTSTR_CACHE_DIR/bases"
		"$KTSTR_LAUNCH" run --quiet -- sleep 1 >/dev/null 2>&1 &
		pid=$!
		sleep "$(printf %d.%03d $((ms / 1000)) $((ms % 1000)))"
		kill -9 $pid 2>/dev/null || true
		wait $pid || true
		boot -- echo fine
		assert_status 0
		in_stdout '^fine$'
		[[ -z $(find "$KTSTR_CACHE_DIR/bases" -type f ! -name 'base-*' -size +0) ]] ||
			fail "left: $(ls -la "$KTSTR_CACHE_DIR/bases")"
	done
}

# interrupted SIGNAL ARGS...: the launcher, with a signal as soon as it writes a base; prints its status.
interrupted()
{
	cd "$BATS_TEST_TMPDIR" && python3 - "$KTSTR_LAUNCH" "$@" <<'PYTHON'
import os, signal, subprocess, sys

def files(pid):
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            yield os.readlink(f"/proc/{pid}/fd/{fd}")
        except FileNotFoundError:
            pass

# Tests may be run with SIGINT ignored.
words = ["env", "--default-signal=INT", sys.argv[1]] + sys.argv[3:]
launcher = subprocess.Popen(words, stdout=subprocess.DEVNULL)
while launcher.poll() is None:
    # Without a name, or with that of one that is not whole yet.
    if any("/bases/#" in name or "/bases/.partial-" in name for name in files(launcher.pid)):
        launcher.send_signal(signal.Signals[sys.argv[2]])
        break
print(launcher.wait())
PYTHON
}

@test "a signal while the machine is kept ends only that: the run's status stands, and nothing is left" {
	rm -rf "$KTSTR_CACHE_DIR/bases"
	[[ $(interrupted SIGINT run --memory 2G -- true) == 0 ]]
	[[ $(interrupted SIGTERM shell --memory 2G --exec 'exit 7') == 7 ]]
	[[ -z $(find "$KTSTR_CACHE_DIR/bases" -type f ! -name .locks) ]]
	[[ ! -e $BATS_TEST_TMPDIR/ktstr-out ]]
}

@test "--kaslr keeps its machine where there is no cache folder yet" {
	export KTSTR_CACHE_DIR=$BATS_TEST_TMPDIR/above/cache
	boot --kaslr -- true
	assert_status 0
	began booting
	[[ $(stat -c %a "$KTSTR_CACHE_DIR") == 700 && $(bases | wc -l) -eq 1 ]] || fail "nothing is kept: $output"
	boot --kaslr -- true
	assert_status 0
	began forking
}
