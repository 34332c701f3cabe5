#!/usr/bin/env bats
# Does `ktstr-launch report` make a page of what there is, and refuse what is none? The pages themselves
# are looked at in a browser by test/page.

load ../helper
bats_require_minimum_version 1.5.0

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
}

# dumps: a failure dump with its repro's in here, as the report's unit test writes them.
dumps()
{
	mkdir -p kept run
	KTSTR_TEST_KEEP=kept "$KTSTR_TEST_UNIT/test_report" >out || fail "$(<out)"
	jq -se '[.[] | select(.kind == "ktstr-failure-dump" and .vm == "first" and .inside.cpus)][0]' kept/*.json \
		>run/a-1.failure-dump.json
}

# data_of PAGE: the JSON in it.
data_of()
{
	local text

	text=$(sed -n 's/.*id="page-data">\(.*\)<\/script>/\1/p' "$1")
	[[ $text ]] || fail "$1: there are no data in it"
	printf '%s\n' "$text"
}

# refused WORDS PATTERN: 125, one line with that, no page.
refused()
{
	local pattern=${!#}

	run "$KTSTR_LAUNCH" report "${@:1:$#-1}" -o page.html
	assert_status 125
	assert_output "^ktstr-launch: report: .*$pattern"
	[[ ! -e page.html ]] || fail "a page was written"
}

@test "report: of a dump, with what is beside it and why the rest is not" {
	dumps
	run "$KTSTR_LAUNCH" report run
	assert_status 0
	[[ $output == run/a-1.html ]]
	data_of run/a-1.html >data.json
	jq -e '.format == 1 and .suite == null and (.failures | length) == 1' data.json
	# The dump is in it as it is.
	diff <(jq -S .failures[0].dump data.json) <(jq -S . run/a-1.failure-dump.json)
	jq -e '.failures[0] | .repro == null and (.topology.places | length) == .dump.topology.cpus' data.json
	jq -e '[.failures[0].traces[] | select(.columns == null) | .absent | type == "string"] | length > 0 and all' data.json
	# By its path, and to another place, the same.
	"$KTSTR_LAUNCH" report run/a-1.failure-dump.json -o - | cmp - run/a-1.html
}

@test "report: the page's policy names its script and style, and nothing else may run or be fetched" {
	local kind digest

	dumps
	"$KTSTR_LAUNCH" report run -o page.html
	grep -q "content=\"default-src 'none'; script-src 'sha256-[^ ']*'; style-src 'sha256-[^ ']*'; base-uri" page.html
	for kind in script style; do
		digest=$(python3 -c 'import base64, hashlib, re, sys
text = open("page.html", encoding="utf-8").read()
print(base64.b64encode(hashlib.sha256(re.search("<%s>(.*)</%s>" % ((sys.argv[1],) * 2), text, re.S)[1].encode())
	.digest()).decode())' "$kind")
		grep -qF "$kind-src 'sha256-$digest'" page.html || fail "$kind: not its digest"
	done
	run ! grep -oE '(src|href)="?(https?:)?//' page.html
}

@test "report: what a guest says ends no element of the page" {
	dumps
	jq -c '.cause = "</script><script>alert(1)</script><!-- \u2028 &amp;" | .payload.argv = ["<!--<script>"]' \
		run/a-1.failure-dump.json >run/b.json
	mv run/b.json run/a-1.failure-dump.json
	"$KTSTR_LAUNCH" report run -o page.html
	[[ $(grep -o '<script' page.html | wc -l) -eq $(grep -o '</script>' page.html | wc -l) ]]
	run ! grep -F 'alert(1)</' page.html
	data_of page.html |
		jq -e '.failures[0].dump.cause == "</script><script>alert(1)</script><!-- \u2028 &amp;"'
}

@test "report: of a suite's results, with the failures that are there" {
	dumps
	cat >results.json <<-'END'
		{"type":"plan","schema_version":1,"planned":3}
		{"type":"result","schema_version":1,"name":"gauntlet/NAME/smt","number":1,"outcome":"fail","bad":true,"cause":"x","dump":"run/a-1.failure-dump.json","seconds":1.5}
		{"type":"result","schema_version":1,"name":"b","number":2,"outcome":"fail","bad":true,"cause":"y","dump":"gone/b.failure-dump.json","seconds":1}
		{"type":"result","schema_version":1,"name":"c","number":3,"outcome":"pass","bad":false,"cause":"","dump":null,"seconds":1}
		{"type":"summary","schema_version":1,"seconds":4,"interrupted":false}
	END
	sed -i "s/NAME/$(jq -r '.test | sub("[.][^.]*$"; "")' run/a-1.failure-dump.json)/" results.json
	"$KTSTR_LAUNCH" report results.json -o page.html
	data_of page.html >data.json
	jq -e '(.failures | length) == 1 and .suite.planned == 3 and .suite.counts == {fail: 2, pass: 1}' data.json
	jq -e '[.suite.results[].failure] == [0, null, null] and .suite.cut_off == false' data.json
	jq -e '.suite.results[1].failure_absent | test("gone/b.failure-dump.json")' data.json
	# From elsewhere they are found beside the results.
	(cd / && "$KTSTR_LAUNCH" report "$BATS_TEST_TMPDIR/results.json")
	data_of results.html | jq -e '.failures | length == 1'
	# What lies beside them goes before what has the same path elsewhere; that of another test is none.
	mkdir -p other/run
	jq -c '.test = "other.sh"' run/a-1.failure-dump.json >other/run/a-1.failure-dump.json
	(cd other && "$KTSTR_LAUNCH" report ../results.json -o ../page.html)
	data_of page.html | jq -e '.failures | length == 1'
	cp results.json other
	"$KTSTR_LAUNCH" report other/results.json -o page.html
	data_of page.html | jq -e '.failures == [] and
		(.suite.results[0].failure_absent | test("is of another test, .other.sh.$"))'
	# No text ends where it seems to.
	mkdir nul
	cp results.json nul
	jq -c '.test += "\u0000" | .topology.spec += "\u0000"' run/a-1.failure-dump.json >run/nul.json
	mkdir nul/run
	mv run/nul.json nul/run/a-1.failure-dump.json
	"$KTSTR_LAUNCH" report nul/results.json -o page.html
	data_of page.html | jq -e '.failures == [] and (.suite.results[0].failure_absent | test("is of another test"))'
	"$KTSTR_LAUNCH" report nul/run/a-1.failure-dump.json -o page.html
	data_of page.html | jq -e '.failures[0].topology.error | test("NUL")'
	# Somebody else's results do not choose what of this host is read.
	mkdir theirs mine
	for outside in "$BATS_TEST_TMPDIR/run/a-1.failure-dump.json" ../run/a-1.failure-dump.json link/a-1.failure-dump.json; do
		sed "s|\"dump\":\"run/[^\"]*|\"dump\":\"$outside|" results.json >theirs/results.json
		ln -sfn ../run theirs/link
		(cd mine && "$KTSTR_LAUNCH" report ../theirs/results.json)
		data_of theirs/results.html | jq -e '.failures == [] and
			(.suite.results[0].failure_absent | test("is not read, as it lies neither below"))'
	done
	# Nor is a path that says where they lie of harm.
	sed "s|\"dump\":\"run/|\"dump\":\"$PWD/run/|" results.json >absolute.json
	(cd mine && "$KTSTR_LAUNCH" report ../absolute.json)
	data_of absolute.html | jq -e '.failures | length == 1'
	# A suite's own page has its failures wherever --out is.
	jq -c --slurpfile lines absolute.json 'if .type == "plan" then .shard = {number: 1, of: 1, plan:
		[$lines[] | select(.type == "result") | {name, shard: 1}]} else . end' absolute.json >shard.json
	(cd mine && run "$KTSTR_LAUNCH" merge ../shard.json --html merged.html && assert_status 1)
	data_of mine/merged.html | jq -e '.failures | length == 1'
	# Without its end.
	head -n 2 results.json >cut.json
	printf '{"type":"resu' >>cut.json
	"$KTSTR_LAUNCH" report cut.json
	data_of cut.html | jq -e '.suite.cut_off and (.suite.results | length) == 1'
}

@test "report: what is no dump, cut off, or of another version is refused" {
	local name=run/a-1.failure-dump.json

	dumps
	refused "" "'': No such file"
	refused nowhere "'nowhere': No such file"
	refused /dev/null "it is empty"
	echo text >text
	refused text "no failure dump, no result file"
	head -c 1000 $name >cut.json
	refused cut.json "cut off: its JSON has no end"
	jq '.schema_version = 99' $name >version.json
	refused version.json "its schema version is 99, and this launcher knows 1"
	jq '.kind = "other"' $name >kind.json
	refused kind.json "its 'kind' says other"
	jq 'del(.topology)' $name >whole.json
	refused whole.json "not whole: 'topology.spec'"
	(cat $name && echo '{}') >twice.json
	refused twice.json "goes on behind its end"
	printf '\n\377\377\377\377\377' >bad.pb
	refused bad.pb "'bad.pb': "
	mkdir empty
	refused empty "holds no failure dump, result or trace"
	cp $name run/a-2.failure-dump.json
	refused run "holds several runs"
	echo '{"type":"plan","schema_version":2,"planned":1}' >suite.json
	refused suite.json "line 1: its schema version is 2"
	printf '%s\n' '{"type":"plan","schema_version":1,"planned":1}' \
		'{"type":"result","schema_version":1,"name":"a","number":1,"outcome":"fail","seconds":1,"cause":[]}' >suite.json
	refused suite.json "line 2: a result whose 'cause' is no text"
	jq -c . $name | sed 's/^{/{"x":-Infinity,/' >number.json
	refused number.json "a number that is not finite"
}

@test "report: the trace of the repro VM is that of no other run" {
	dumps
	printf '\n\377\377\377\377\377' >run/a-1.wprof.pb
	cp run/a-1.wprof.pb run/a-1.repro.wprof.pb
	"$KTSTR_LAUNCH" report run -o page.html
	data_of page.html | jq -e '.failures | length == 1'
}

@test "report: a file that nobody named is replaced only where it is a page" {
	dumps
	"$KTSTR_LAUNCH" report run
	"$KTSTR_LAUNCH" report run
	echo mine >run/a-1.html
	run "$KTSTR_LAUNCH" report run
	assert_status 125
	assert_output "'run/a-1.html': is there and no page"
	[[ $(<run/a-1.html) == mine ]]
	"$KTSTR_LAUNCH" report run -o run/a-1.html
	data_of run/a-1.html >data.json
}

@test "report: on standard output there is the page and nothing else" {
	dumps
	"$KTSTR_LAUNCH" report run -o - >one.html
	"$KTSTR_LAUNCH" report run -o /dev/stdout >two.html
	cmp one.html two.html
	[[ $(tail -n 1 two.html) == "</html>" ]]
	run "$KTSTR_LAUNCH" report run -o - --open
	assert_status 125
	assert_output "--open needs a file"
	run "$KTSTR_LAUNCH" report run -o "$(printf '%05000d' 0)"
	assert_status 125
	assert_output "File name too long"
}

@test "report: usage" {
	run "$KTSTR_LAUNCH" report
	assert_status 125
	assert_output "give a run's folder"
	run "$KTSTR_LAUNCH" report a b
	assert_status 125
	assert_output "one thing at a time"
}
