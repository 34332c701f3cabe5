#!/usr/bin/env bats
# Do the shards of a suite make up the whole of it?

bats_require_minimum_version 1.5.0
load ../helper

setup()
{
	cd "$BATS_TEST_TMPDIR" || return 1
}

# host_test NAME SCRIPT: a test that needs no VM.
host_test()
{
	mkdir -p tests
	printf '#!/bin/bash\n#ktstr: host_only\n%s\n' "$2" >"tests/$1.sh"
	chmod +x "tests/$1.sh"
}

@test "--shard: every variant is in one shard, with its place in the whole plan; --dry-run says how many" {
	local name

	for name in a b c d e; do
		host_test $name 'exit 0'
	done
	run "$KTSTR_LAUNCH" test --shard 1/2 --dry-run tests
	assert_status 0
	assert_output '^3 variants of 5 in shard 1/2$' '^a ' '^c '
	refute_output '^[de] '
	for shard in 1 2; do
		run "$KTSTR_LAUNCH" test --shard "$shard/2" --json "$shard.json" tests
		assert_status 0
	done
	run "$KTSTR_LAUNCH" test --json all.json tests
	python3 - <<-'END'
		import json
		def lines(name): return [json.loads(line) for line in open(name)]
		def results(name): return {(r["number"], r["name"], r["outcome"]) for r in lines(name) if r["type"] == "result"}
		one, two = results("1.json"), results("2.json")
		assert len(one) == 3 and len(two) == 2 and one | two == results("all.json"), (one, two)
		for number, name in (1, "1.json"), (2, "2.json"):
		    plan = lines(name)[0]
		    assert plan["planned"] == (3, 2)[number - 1], plan
		    assert plan["shard"]["number"] == number and plan["shard"]["of"] == 2, plan
		    assert [p["name"] for p in plan["shard"]["plan"]] == list("abcde"), plan
		    assert [p["shard"] for p in plan["shard"]["plan"]] == [1, 1, 1, 2, 2], plan
		assert lines("all.json")[0]["shard"] is None
	END
}
