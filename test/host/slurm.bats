#!/usr/bin/env bats
# Does a suite run as a job array on Slurm as it does here, whatever becomes of nodes, jobs and launchers?
# A cluster of four nodes on this machine (tools/slurm), for all tests of this file.

bats_require_minimum_version 1.5.0
load ../helper

setup_file()
{
	local why

	why=$("$ROOT/tools/slurm" check) || skip "$why"
	export SLURM_CONF=$BATS_FILE_TMPDIR/cluster/slurm.conf
	"$ROOT/tools/slurm" start "$BATS_FILE_TMPDIR/cluster" 4
}

teardown_file()
{
	[[ ! -e $BATS_FILE_TMPDIR/cluster ]] || "$ROOT/tools/slurm" stop "$BATS_FILE_TMPDIR/cluster"
}

setup()
{
	cd "$BATS_TEST_TMPDIR" || return 1
}

# suite COUNT [COMMAND]: host-only tests; each tenth fails, and another one skips itself; each begins with COMMAND.
suite()
{
	local i end

	mkdir -p tests
	for ((i = 0; i < $1; i++)); do
		case $((i % 10)) in
		3) end='echo reason >&2; exit 3' ;;
		7) end='echo "not here" >&2; exit 4' ;;
		*) end='exit 0' ;;
		esac
		printf '#!/bin/bash\n#ktstr: host_only\n%s\n%s\n' "${2:-}" "$end" >"tests/$(printf 't%03d' "$i").sh"
	done
	chmod +x tests/*
}

# waiting_suite COUNT: on a node the first test of each shard ends; the others wait until the file "go" is there, and
# when they are told to end they take a while.
waiting_suite()
{
	mkdir ran
	suite "$1" "trap 'sleep 1; exit 1' TERM
[ ! \"\$SLURM_ARRAY_TASK_ID\" ] || mkdir '$PWD/ran/'\$SLURM_ARRAY_TASK_ID 2>/dev/null ||
	until [ -e '$PWD/go' ]; do sleep 0.1; done"
}

# verdicts FILE: one line a result, as its verdict has it.
verdicts()
{
	python3 -c 'import json, sys
for r in map(json.loads, open(sys.argv[1])):
    if r["type"] == "result": print(r["number"], r["name"], r["outcome"], r["cause"])' "$1"
}

# in_the_middle NODE: a shard has results there, and not all.
in_the_middle()
{
	local file

	for file in ktstr-out/fleet-*/shard-*.0.node; do
		grep -qsx "$1" "$file" || continue
		file=${file%.node}.json
		! grep -q '"type":"result"' "$file" || grep -q '"type":"summary"' "$file" || return 0
	done
	return 1
}

# job: the number of the only job's.
job() { cat ktstr-out/fleet-*/job; }

has_results() { grep -q '"type":"result"' ktstr-out/fleet-*/shard-*.json 2>/dev/null; }

@test "a node dies in the middle: every variant once, with the verdict of a local run" {
	waiting_suite 200
	"$KTSTR_LAUNCH" test --jobs 20 --out local --json local.json tests >/dev/null || true
	(
		wait_for in_the_middle n2 && "$ROOT/tools/slurm" kill "$BATS_FILE_TMPDIR/cluster" n2
		touch go
	) &
	run -1 "$KTSTR_LAUNCH" test --slurm --jobs 1 --json fleet.json --junit fleet.xml tests
	wait
	assert_output '200 variants in 16 shards, at most 4 at once' \
		'node n2 died, or was taken away: shard [0-9]+/16 with 1[23] variants is queued again' \
		'variants? of shard [0-9]+ ran twice: .*cut off: .*are taken' '^160 passed, 20 failed, 20 skipped'
	diff <(verdicts local.json | sort -n) <(verdicts fleet.json)
	[[ $(grep -c '<testcase ' fleet.xml) == 200 ]] || fail "$(<fleet.xml)"
	[[ $(grep -cE '^(PASS|FAIL|SKIP) +t[0-9]+' <<<"$output") == 200 ]] || fail "$output"
	"$ROOT/tools/slurm" revive "$BATS_FILE_TMPDIR/cluster" n2
}

@test "the launcher dies: the job goes on, and --attach has all of it" {
	local number lacking

	waiting_suite 12
	"$KTSTR_LAUNCH" test --slurm --nodes 1 tests >/dev/null 2>&1 &
	wait_for has_results
	kill -KILL $!
	touch go
	number=$(job)
	run -1 "$KTSTR_LAUNCH" test --attach "$number" --json fleet.json
	assert_output '^10 passed, 1 failed, 1 skipped'
	[[ $(verdicts fleet.json | wc -l) == 12 ]] || fail "$(<fleet.json)"
	# Once more, from what is left; by its folder too.
	run -1 "$KTSTR_LAUNCH" test --attach ktstr-out/fleet-* --json again.json
	cmp <(verdicts fleet.json) <(verdicts again.json)
	# Of a whole file that lacks two, both are errors.
	number=$(echo ktstr-out/fleet-*/shard-1.0.json)
	sed '/"type":"result"/d' "$number" >lacking
	cp lacking "$number"
	run -1 "$KTSTR_LAUNCH" test --attach ktstr-out/fleet-* --json lacks.json
	lacking=$(grep -o '"shard":1}' ktstr-out/fleet-*/plan.json | wc -l)
	[[ $(verdicts lacks.json | grep -c ' error the result file of shard 1/') == "$lacking" ]] || fail "$(<lacks.json)"
	run -125 "$KTSTR_LAUNCH" test --attach 99999
	assert_output "--attach '99999': no folder of this job in 'ktstr-out'"
}

@test "a signal leaves the job alone and says how to come back; one that is cancelled says so" {
	local number status=0

	waiting_suite 8
	"$KTSTR_LAUNCH" test --slurm --nodes 1 tests >said 2>&1 &
	wait_for has_results
	scontrol hold "$(job)"
	wait_for grep -q "shard [234]/4 is held back, Slurm says JobHeld" said
	number=$(job)
	# A shell has its background jobs ignore Ctrl-C's own signal.
	kill -TERM $!
	wait $! || status=$?
	assert_status 143
	grep -q "job $number goes on: .*--attach .*scancel $number" said || fail "$(<said)"
	scancel "$number"
	run -125 "$KTSTR_LAUNCH" test --attach "$number" --json fleet.json
	assert_output '^ended early: .* not run'
	[[ $(verdicts fleet.json | grep -c "not-run job $number was cancelled before it") -ge 6 ]] || fail "$(<fleet.json)"
	# The one that ran had the time to say so.
	verdicts fleet.json | grep -q 'not-run interrupted' || fail "$(<fleet.json)"
}

@test "a node that does not see the folder is named" {
	mkdir shared
	suite 4
	"$ROOT/tools/slurm" hide "$BATS_FILE_TMPDIR/cluster" n3 "$PWD/shared"
	run -125 "$KTSTR_LAUNCH" test --slurm --nodes 1 --sbatch-args '-w n3' --out shared tests
	assert_output "^ERROR +t000 +node n3 does not see the folder '$PWD/shared/fleet-.*'; give --out a folder that all nodes share" \
		'^4 errors'
}

@test "names with blanks and quotes arrive as they are" {
	mkdir "it's a \$HOME \"folder\""
	cd ./it*
	suite 3
	run -0 "$KTSTR_LAUNCH" test --slurm --nodes 1 --env 'X=a b' --out "o'ut" --json 'fl eet.json' ./tests
	assert_output '^3 passed'
	[[ $(verdicts 'fl eet.json' | wc -l) == 3 ]]
}

@test "what cannot be: no sbatch, an sbatch that refuses, options that do not go together" {
	suite 1
	run -125 env PATH=/nowhere "$KTSTR_LAUNCH" test --slurm tests
	assert_output 'there is no sinfo in PATH'
	run -125 env PATH=/nowhere "$KTSTR_LAUNCH" test --slurm --nodes 1 tests
	assert_output 'there is no sbatch in PATH'
	run -125 "$KTSTR_LAUNCH" test --slurm --sbatch-args '--constraint=nobodyhasthis' tests
	assert_output 'sbatch refused the job: .*[Ii]nvalid feature'
	run compgen -G 'ktstr-out/fleet-*'
	[[ ! $output ]] || fail "$output"
	run -125 "$KTSTR_LAUNCH" test --slurm --sbatch-args '-M other' tests
	assert_output "--sbatch-args: '-M' sends the job to another cluster"
	run -125 env SBATCH_CLUSTERS=other "$KTSTR_LAUNCH" test --slurm tests
	assert_output "SBATCH_CLUSTERS is 'other'"
	run -125 "$KTSTR_LAUNCH" test --slurm --sbatch-args 'a "b' tests
	assert_output '--sbatch-args: '
	run -125 "$KTSTR_LAUNCH" test --slurm --shard 1/2 tests
	assert_output '--shard does not go with --slurm: it makes the shards itself'
	run -125 "$KTSTR_LAUNCH" test --slurm --json nowhere/fleet.json tests
	assert_output 'nowhere/fleet.json'
	run compgen -G 'ktstr-out/fleet-*'
	[[ ! $output ]] || fail "$output"
	run -125 "$KTSTR_LAUNCH" test --nodes 2 tests
	assert_output '--nodes goes with --slurm'
	run -125 "$KTSTR_LAUNCH" test --attach 1 tests
	assert_output "--attach takes no tests"
}

@test "tools/slurm: a start that fails leaves nothing, and a node that was killed is no process any more" {
	mkdir bin
	printf '#!/bin/sh\necho reason >&2\nexit 1\n' >bin/slurmctld
	chmod +x bin/slurmctld
	PATH=$PWD/bin:$PATH run -1 "$ROOT/tools/slurm" start "$PWD/failed" 1
	assert_output '^reason' 'slurmctld has ended'
	[[ ! -e failed ]]
	run ! pgrep -f "$PWD/failed/"
	"$ROOT/tools/slurm" kill "$BATS_FILE_TMPDIR/cluster" n4
	run -1 "$ROOT/tools/slurm" kill "$BATS_FILE_TMPDIR/cluster" n4
	assert_output "'n4': no node of "
	"$ROOT/tools/slurm" revive "$BATS_FILE_TMPDIR/cluster" n4
}
