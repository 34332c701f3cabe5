#!/usr/bin/env bats
# Does a second run of a machine begin where the first one's base stood, and as another one than it?

load helper

setup()
{
	export KTSTR_CACHE_DIR=$BATS_FILE_TMPDIR/cache KTSTR_TOPOLOGY=1n1l2c1t KTSTR_MEMORY=512M
}

# bases: the files of all that are kept.
bases() { find "$KTSTR_CACHE_DIR/bases" -name 'base-*' | sort; }

# used_last: the file of the base that the last run has used or made.
used_last()
{
	find "$KTSTR_CACHE_DIR/bases" -name 'base-*' -printf '%T@ %p\n' | sort -n | tail -n 1 | cut -d ' ' -f 2-
}

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
	# Another machine is another base; the next test has more forks of it.
	boot --append random.trust_cpu=off -- grep -q random.trust_cpu=off /proc/cmdline
	assert_status 0
	began booting
	[[ $(bases | wc -l) -eq 2 ]]
	run "$KTSTR_LAUNCH" cache
	assert_status 0
	[[ $(grep -cE '^base +[0-9]+\.[0-9.]+[^ ]* +1n1l2c1t +512 MiB +[0-9]+ MiB  (just now|[0-9]+ min ago)$' <<<"$output") -eq 2 ]] ||
		fail "other bases are listed"
}

@test "forks draw different random bytes, know the date, and their clocks go on" {
	local forks=6 took

	cd "$BATS_TEST_TMPDIR"
	# Where the CPU's own bytes do not count, the kernel has a pool to draw from by our seed only.
	for ((i = 1; i <= forks; i++)); do
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
		sed 1,2d stdout | grep -vE '^(urandom|getrandom|clocks) ' >"complaints.$i" || true
		grep -E '^(urandom|getrandom) [0-9a-f]{64}$' stdout >>drawn
	done
	[[ $(cut -d ' ' -f 2 drawn | sort | uniq -d | wc -l) -eq 0 ]] ||
		fail "the same bytes were drawn more than once"
	# What all of them have, the time to the microsecond included, their base has said as it booted: where
	# the host is busy, a clock seems to go wrong there, and that is not about forks.
	sort complaints.* | uniq -c | awk -v all=$forks '$1 == all { sub(/^ *[0-9]+ /, ""); print }' >base
	for ((i = 1; i <= forks; i++)); do
		grep -vxF -f base "complaints.$i" >"own.$i" || true
		! grep -v 'interrupt took' "own.$i" || fail "the kernel of fork $i complains"
	done
	# One that is not scheduled for a while says this; after a jump of the clock all do.
	took=$(grep -l 'interrupt took' own.* | wc -l) || true
	((took < forks)) || fail "a jump of the clock in all forks: $(cat own.*)"
}

@test "a failing fork's second VM is a fork, too; the dump has the base's boot and the fork's time" {
	boot -- true
	boot --wprof -- sh -c 'exit 3'
	assert_status 3
	began forking
	assert_output "forking .*, tracer on" 'repro: same failure' 'forked \(its base booted in [0-9.]+ s\)'
	dump=$(dump_file)
	jq -e '.start == "forked" and (.times | .base_boot_s > 0 and .to_payload_s > 0 and has("boot_s") and
		.boot_s == null)' "$dump" >/dev/null || fail "$(jq -c '.start, .times' "$dump")"
}

# flip FILE AT: this byte of it.
flip()
{
	local byte

	byte=$(od -An -tu1 -j "$2" -N 1 "$1")
	# shellcheck disable=SC2059 # an escape
	printf "\\x$(printf %x $((byte ^ 0xa5)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

@test "a base that was touched is not used, and made anew" {
	boot -- true
	base=$(used_last)
	run "$KTSTR_LAUNCH" cache
	refute_output damaged
	# test_store has each byte; the list tells of a base by what a run would use it by.
	for at in 40 9000 70000; do
		flip "$base" $at
		run "$KTSTR_LAUNCH" cache
		assert_output '^base .*damaged'
		flip "$base" $at
	done
	run "$KTSTR_LAUNCH" cache
	refute_output damaged
	flip "$base" 9000
	truncate -s -4096 "$base"
	boot -- echo fine
	assert_status 0
	began booting
	in_stdout '^fine$'
	boot -- echo fine
	began forking
}

@test "a base whose fork does not come to its payload is used once" {
	local i damaged

	boot -- true
	base=$(used_last)
	# All pages of init, of which a fork's first steps need some. In one of ten times the samples meet one
	# of them, and the base is not used at all.
	for i in 1 2 3 4 5; do
		damaged=$("$KTSTR_TEST_HANDS/damage" "$base" "${KTSTR_LAUNCH%/*}/guest/init")
		((damaged >= 20)) || fail "pages of init in the base: $damaged"
		boot -- echo fine
		[[ $output == 'ktstr-launch: booting '* ]] || break
		assert_status 0
		in_stdout '^fine$'
	done
	began forking
	[[ $status -ne 0 && ! -s stdout ]] || fail "it ran: $(<stdout)"
	assert_output '^ktstr-launch: the kept machine that this one was forked from is dropped, as no payload has started in it: the next run boots$' \
		'kernel panic before the payload started'
	[[ ! -e $base ]]
	boot -- echo fine
	assert_status 0
	began booting
	in_stdout '^fine$'
	refute_output dropped
	# A payload that fails is no fault of the machine's.
	boot -- sh -c 'kill -9 $$'
	assert_status 137
	began forking
	refute_output dropped
	[[ -e $base ]]
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

# interrupted SIGNAL ARGS...: the launcher, with a signal as soon as it writes a base; of that, output and
# status.
interrupted()
{
	run "$KTSTR_TEST_HANDS/interrupt" "$(kill -l "$1")" "$KTSTR_LAUNCH" "${@:2}"
}

# nothing_is_kept: no base, and nothing of one.
nothing_is_kept()
{
	[[ -z $(find "$KTSTR_CACHE_DIR/bases" -type f ! -name .locks) ]] ||
		fail "left: $(ls -la "$KTSTR_CACHE_DIR/bases")"
}

@test "a launcher that is killed leaves complete bases or none" {
	cd "$BATS_TEST_TMPDIR"
	rm -rf "$KTSTR_CACHE_DIR/bases"
	# While its machine boots. `make soak` has random moments.
	"$KTSTR_LAUNCH" run -- true >said 2>words &
	pid=$!
	wait_for grep -q ': booting ' words
	sleep 0.5
	kill -9 $pid
	wait $pid || true
	nothing_is_kept
	# While it keeps it, once the result is out: the run after the kill before.
	interrupted KILL run -- echo fine
	assert_status 137
	assert_output '^fine$'
	nothing_is_kept
	boot -- echo fine
	assert_status 0
	began booting
	in_stdout '^fine$'
	# While a fork of it runs.
	"$KTSTR_LAUNCH" run -- sh -c 'echo up; sleep 1000' >said 2>words &
	pid=$!
	wait_for grep -q up said
	kill -9 $pid
	wait $pid || true
	[[ $(<words) == *': forking '* ]] || fail "it is none: $(<words)"
	boot -- echo fine
	assert_status 0
	began forking
	in_stdout '^fine$'
	[[ $(bases | wc -l) -eq 1 ]]
}

@test "a signal while the machine is kept ends only that: the run's status stands, and nothing is left" {
	cd "$BATS_TEST_TMPDIR"
	rm -rf "$KTSTR_CACHE_DIR/bases"
	interrupted INT run -- true
	assert_status 0
	nothing_is_kept
	interrupted TERM shell --exec 'exit 7'
	assert_status 7
	nothing_is_kept
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
