#!/usr/bin/env bats
# Are failure dumps and result files what `ktstr-launch schema` says? By a validator that is not ours.

load ../helper

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
}

@test "schema: it is one, and each of its properties is described" {
	"$KTSTR_LAUNCH" schema >schema.json
	python3 - <<-'END'
		import json, jsonschema
		schema = json.load(open("schema.json"))
		jsonschema.Draft202012Validator.check_schema(schema)
		def look(at, where):
		    if not isinstance(at, dict):
		        return
		    for name, value in at.get("properties", {}).items():
		        assert value.keys() & {"description", "$ref", "const"}, where + name
		        look(value, where + name + ".")
		    for value in at.get("oneOf", []):
		        look(value, where)
		for name, value in schema["$defs"].items():
		    look(value, name + ".")
	END
	run "$KTSTR_LAUNCH" schema failure-dump
	assert_status 125
	assert_output "schema: argument 'failure-dump': not known"
}

@test "schema: dumps and results of each kind are as it has them, and no other" {
	mkdir kept
	KTSTR_TEST_KEEP=kept "$KTSTR_TEST_UNIT/test_report" >out || fail "$(<out)"
	[[ $(find kept -name '*.json' | wc -l) -ge 30 ]]
	assert_schema kept/*.json
	for change in '.verdict = "good"' '.unknown = 1' 'del(.replay)' '.times.boot_s = "1.25"' '.schema_version = 2' \
		'.payload.status = -1' '.kind = "dump"'; do
		jq "$change" kept/0.json >changed.json
		run assert_schema changed.json
		[[ $status -ne 0 ]] || fail "taken: $change"
	done
}
