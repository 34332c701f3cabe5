#!/usr/bin/env bats
# Does `bisect` find the commit in a real git repository, and leave the user's working tree alone?

# shellcheck disable=SC2016 # what stands in single quotes is for other shells

load ../helper
bats_require_minimum_version 1.5.0

# Commits 0 to 15, tagged c0 to c15, each with its number in the file n.
setup_file()
{
	local i

	cd "$BATS_FILE_TMPDIR" || return
	git init -q repo
	cd repo || return
	{
		for i in {0..15}; do
			printf '%s\n' "commit refs/heads/main" 'committer a <a@example.org> 0 +0000' \
				'data <<END' "commit $i" END 'M 644 inline n' 'data <<END' "$i" END \
				"reset refs/tags/c$i" 'from refs/heads/main' ''
		done
	} | git fast-import --quiet
	git symbolic-ref HEAD refs/heads/main
	git reset -q --hard
}

# The working tree has a change, and its owner's hook would change more.
setup()
{
	export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
	export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org
	export GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.org
	cp -r "$BATS_FILE_TMPDIR/repo" "$BATS_TEST_TMPDIR/repo"
	cd "$BATS_TEST_TMPDIR/repo" || return
	printf '#!/bin/sh\ntouch %q\n' "$BATS_TEST_TMPDIR/hooked" >.git/hooks/post-checkout
	chmod +x .git/hooks/post-checkout
	echo mine >>n
	echo mine >other
}

# bisect ARG...: with its messages in the file said.
bisect()
{
	run --separate-stderr "$KTSTR_LAUNCH" bisect "$@"
	# shellcheck disable=SC2154 # bats sets it
	printf '%s\n' "$stderr" >"$BATS_TEST_TMPDIR/said"
}

assert_untouched()
{
	[[ $(git status --porcelain) == $' M n\n?? other' && $(git branch --show-current) ]] ||
		fail "the working tree was touched: $(git status)"
	[[ ! -e $BATS_TEST_TMPDIR/hooked ]] || fail "a hook ran"
}

@test "bisect: a fault that shows always; builds that fail; the working tree stays as it is" {
	bisect --good c0 --build 'test "$(cat n)" != 8 && cp n built' -- \
		sh -c '[ "$(cat built)" -lt 11 ]'
	assert_status 0
	assert_output '^The first bad commit, with a probability of 9[0-9.]+ %:$' \
		"^  $(git rev-parse --short=12 c11)  commit 11$" '^15 candidates, [0-9]+ runs in '
	assert_untouched
	[[ $(git worktree list | wc -l) -eq 2 ]]
	# The same again asks nothing any more.
	bisect --good c0 --build 'test "$(cat n)" != 8 && cp n built' -q -- \
		sh -c '[ "$(cat built)" -lt 11 ]'
	assert_status 0
	assert_output "  commit 11$"
	[[ ! $stderr ]]
}

@test "bisect: a fault of one run in four, with commits that cannot be built or tested" {
	# A run is bad as its number, mixed, says: the same each time. 10 and 11 cannot be told apart.
	cat >"$BATS_TEST_TMPDIR/test" <<-'END'
		#!/bin/sh
		echo x >>"$KTSTR_BISECT_FROM/../count"
		number=$(($(wc -l <"$KTSTR_BISECT_FROM/../count") * 1103515245 / 65536))
		[ "$(cat n)" != 5 ] || exit 125
		[ "$(cat n)" -lt 10 ] || [ $((number % 4)) != 0 ]
	END
	chmod +x "$BATS_TEST_TMPDIR/test"
	bisect --good c0 --bad c15 --build 'test "$(cat n)" != 10' -- "$BATS_TEST_TMPDIR/test"
	assert_status 0
	assert_output "^  $(git rev-parse --short=12 c10)  commit 10$" \
		'^It is that one or one of these 1, as no commit ' "^  $(git rev-parse --short=12 c11)  commit 11$" \
		' 0 +0 +-  [0-9a-f]{12}  commit 10$'
	assert_untouched
}

@test "bisect: merges, whole or as one commit" {
	git stash -q
	git checkout -q -b side c3
	echo broken >fault
	git add fault
	git commit -q -m 'the fault'
	git commit -q --allow-empty -m 'later'
	git checkout -q c15
	git merge -q -m 'the merge' side
	git stash pop -q
	rm "$BATS_TEST_TMPDIR/hooked"
	bisect --good c0 -- test ! -e fault
	assert_status 0
	assert_output '  the fault$' '^18 candidates, '
	bisect --good c0 --first-parent --state "$BATS_TEST_TMPDIR/state" -- test ! -e fault
	assert_status 0
	assert_output '^  [0-9a-f]{12}  the merge$' '^16 candidates, '
	bisect --good side --bad c15 -- true
	assert_status 125
	grep -q "no ancestor .* give --good $(git rev-parse --short=12 c3)$" "$BATS_TEST_TMPDIR/said"
}

# start_slow TEST: in the background, as $pid, until TEST waits; $group is TEST's.
start_slow()
{
	rm -f "$BATS_TEST_TMPDIR/waits"
	env --default-signal "$KTSTR_LAUNCH" bisect --good c0 -- "$1" >out 2>&1 3>&- &
	pid=$!
	wait_for test -s "$BATS_TEST_TMPDIR/waits"
	group=$(cat "$BATS_TEST_TMPDIR/waits")
}

group_gone()
{
	! kill -0 -- "-$group"
}

@test "bisect: interrupted, it goes on; killed, nothing of it does, and it goes on, too" {
	local pid group runs file test=$BATS_TEST_TMPDIR/test

	printf '%s\n' '#!/bin/sh' 'n=$(cat n)' '[ ! -e "$KTSTR_BISECT_FROM/../slow" ] || [ "$n" = 15 ] || { echo $$ >"$KTSTR_BISECT_FROM/../waits"; sleep 300; }' \
		'[ "$n" -lt 4 ]' >"$test"
	chmod +x "$test"
	touch "$BATS_TEST_TMPDIR/slow"
	start_slow "$test"
	kill -INT $pid
	status=0
	wait $pid || status=$?
	output=$(cat out)
	assert_status 130
	assert_output 'bisect: run the same command again to continue' '^Not sure; the most likely one'
	group_gone
	start_slow "$test"
	kill -KILL $pid
	wait $pid || true
	wait_for group_gone
	rm out "$BATS_TEST_TMPDIR/slow"
	# What a git and a write leave that were killed.
	touch .git/worktrees/tree/index.lock
	file=$(echo .git/ktstr-bisect/*/observations.jsonl)
	runs=$(grep -c '"bad"' "$file")
	printf '{ "what": "go' >>"$file"
	wait_for flock -n "$file" true
	bisect --good c0 -- "$test"
	assert_status 0
	assert_output '  commit 4$'
	grep -q "bisect: going on after $((runs - 1)) runs" "$BATS_TEST_TMPDIR/said"
	assert_untouched
	# An earlier one is mentioned, where HEAD has moved since.
	bisect --good c0 --bad c14 -- "$test"
	assert_status 0
	grep -qE "this one is new; another one .* in $PWD/.git/ktstr-bisect/[0-9a-f.]+; " "$BATS_TEST_TMPDIR/said"
	# What was seen is of this test alone.
	bisect --good c0 -- true
	assert_status 125
	grep -q "is of a bisection with another test: '.*', not 'true'; " "$BATS_TEST_TMPDIR/said"
}

@test "bisect: a folder that is none of ours is no working tree" {
	mkdir -p state/tree
	echo mine >state/tree/n
	bisect --good c0 --state state -- false
	assert_status 125
	grep -q "tree': no working tree that was added to " "$BATS_TEST_TMPDIR/said"
	[[ $(cat state/tree/n) == mine ]]
	# Nor is a working tree that the user has added.
	rm -r state
	git worktree add -q state/tree c3
	echo mine >state/tree/n
	bisect --good c0 --state state -- false
	assert_status 125
	grep -q "tree': a working tree that no bisection has made; " "$BATS_TEST_TMPDIR/said"
	[[ $(cat state/tree/n) == mine ]]
	git worktree remove --force state/tree
	rm "$BATS_TEST_TMPDIR/hooked"
	# Nor does git's environment lead it to another one.
	rm -r state
	GIT_WORK_TREE=$PWD GIT_INDEX_FILE=$PWD/.git/index bisect --good c0 -- sh -c '[ "$(cat n)" -lt 2 ]'
	assert_status 0
	assert_output '  commit 2$'
	assert_untouched
}

@test "bisect: git's own troubles are said, its settings do no harm" {
	# An answer of git before 2.31, which does not know the option.
	mkdir "$BATS_TEST_TMPDIR/bin"
	printf '%s\n' '#!/bin/sh' 'echo --path-format=absolute' 'echo .git' >"$BATS_TEST_TMPDIR/bin/git"
	chmod +x "$BATS_TEST_TMPDIR/bin/git"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH bisect --good c0 -- true
	assert_status 125
	grep -q 'git does not tell where .* 2.31 or a newer one is needed' "$BATS_TEST_TMPDIR/said"
	# Advice follows the line that counts.
	GIT_TEST_ASSUME_DIFFERENT_OWNER=1 bisect --good c0 -- true
	assert_status 125
	grep -q 'git rev-parse: fatal: detected dubious ownership' "$BATS_TEST_TMPDIR/said"
	# Of git 2.48.
	git config worktree.useRelativePaths true
	bisect --good c0 -- sh -c '[ "$(cat n)" -lt 9 ]'
	assert_status 0
	assert_output '  commit 9$'
}

@test "bisect: a build that could not be run is not the commit's doing" {
	local script

	for script in no-such-command 'kill -9 $$' /; do
		bisect --good c0 --state state --build "$script" -- true
		assert_status 125
		grep -qE 'the build ended with status (126|127|137) on ' "$BATS_TEST_TMPDIR/said"
		run ! grep -q unbuildable state/observations.jsonl
		rm state/observations.jsonl
	done
}

@test "bisect: what does not end well is said" {
	bisect --good c0 -- sh -c 'exit 200'
	assert_status 125
	grep -q 'ended with status 200 on ' "$BATS_TEST_TMPDIR/said"
	bisect --good c0 --state "$BATS_TEST_TMPDIR/a" -- sh -c 'kill -9 $$'
	assert_status 125
	grep -q 'ended with status 137 on ' "$BATS_TEST_TMPDIR/said"
	bisect --good c0 --state "$BATS_TEST_TMPDIR/b" -- no-such-command
	assert_status 125
	grep -q "the test: cannot execute 'no-such-command' in " "$BATS_TEST_TMPDIR/said"
	bisect --good c0 --state "$BATS_TEST_TMPDIR/c" --max-runs 7 -- true
	assert_status 1
	assert_output '^The fault has not shown in 7 runs'
	# All are bad: the good end is to be looked at.
	bisect --good c0 --state "$BATS_TEST_TMPDIR/d" -- false
	assert_status 0
	assert_output '^From there on ([0-9]+) of \1 runs were bad: a rate of [0-9.]+ % to 100 %' \
		"^It is the oldest candidate: make sure that $(git rev-parse --short=12 c0) is good"
	bisect --good c0 --state "$BATS_TEST_TMPDIR/e" --build false -- false
	assert_status 1
	assert_output '^No commit that can be tested would tell more'
	assert_untouched
}

@test "bisect: bad arguments" {
	local words

	while IFS='|' read -r words expected; do
		# shellcheck disable=SC2086 # words
		bisect $words
		assert_status 125
		[[ ! $output && $stderr =~ $expected ]] || fail "bisect $words says: $stderr"
	done <<-'END'
		--good c0|no test command given; see ktstr-launch bisect --help
		-- true|--good is needed
		--good nowhere -- true|'nowhere': no commit of the repository
		--good c0 --bad --all -- true|'--all': no commit of the repository
		--good c3 --bad c3 -- true|no commit lies between
		--good c3 --bad c1 -- true|is no ancestor of the bad one
		--good c0 --repo / -- true|repository '/': git rev-parse: .*not a git repository
		--good c0 --repo /nowhere -- true|'/nowhere'.*is it installed, and the folder there
		--good c0 --confidence 1 -- true|--confidence '1': takes a share such as 0.95 or 95%, above 0
		--good c0 --confidence 0 -- true|--confidence '0': takes a share
		--good c0 --false-positive -1 -- true|--false-positive '-1': takes a share
		--good c0 --max-runs 0 -- true|--max-runs '0'
		--good c0 --build-cost x -- true|--build-cost 'x'
	END
	[[ ! -e .git/ktstr-bisect ]]
	run env PATH=/nowhere "$KTSTR_LAUNCH" bisect --good c0 -- true
	assert_status 125
	assert_output "'git' in '.': .*is it installed"
}

# host_only_test NAME SCRIPT
host_only_test()
{
	mkdir -p tests
	printf '#!/bin/bash\n#ktstr: host_only\n%s\n' "$2" >"tests/$1.sh"
	chmod +x "tests/$1.sh"
}

@test "test --bisect: good, bad, or a commit that says nothing; never more than 127" {
	local script expected

	cd "$BATS_TEST_TMPDIR"

	host_only_test other 'exit 0'
	while IFS='|' read -r script expected; do
		host_only_test one "$script"
		run "$KTSTR_LAUNCH" test --bisect tests
		[[ $status -eq $expected ]] || fail "'$script' gives $status, not $expected"
	done <<-'END'
		exit 0|0
		exit 4|0
		exit 3|1
		kill -9 $$|1
		exit 127|125
	END
	rm tests/other.sh
	host_only_test one 'exit 4'
	run "$KTSTR_LAUNCH" test --bisect tests
	assert_status 125
	run "$KTSTR_LAUNCH" test --bisect nowhere
	assert_status 125
}
