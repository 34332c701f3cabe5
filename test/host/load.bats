#!/usr/bin/env bats
# Is a test that is not quite one told, and none left out in silence?

load ../helper

setup()
{
	cd "$BATS_TEST_TMPDIR" || return 1
	mkdir sub
}

# script FILE [LINE]: an executable one, with the line at its head.
script()
{
	printf '#!/bin/sh\n%s\nexit 0\n' "${2-#ktstr: wprof=false}" >"$1"
	chmod +x "$1"
}

@test "load: in a folder, what was meant as a test is told what it lacks" {
	script sub/good.sh
	script sub/mark.sh '# ktstr: wprof'
	script sub/mode.sh
	chmod -x sub/mode.sh
	script sub/helper.sh '# about ktstr'
	: >sub/gone.ktstr
	printf '#!/bin/sh\ncat <<END\n#ktstr: wprof\nEND\n' >sub/text.sh
	run "$KTSTR_LAUNCH" check sub
	assert_status 1
	assert_output '^ok +good ' 'sub/mark.sh:2: looks like a directive' \
		'sub/mode.sh: not executable; chmod \+x it' \
		"sub/gone.ktstr: directives, and the program .*'sub/gone', is not there"
	refute_output helper.sh text.sh
}

@test "load: in a folder, links to files are followed" {
	script real.sh
	ln -s ../real.sh sub/link.sh
	ln -s nowhere sub/broken.sh
	ln -s . sub/loop
	run "$KTSTR_LAUNCH" check sub
	assert_status 0
	assert_output '^ok +link '
	refute_output broken loop
}

@test "load: a folder may be named by a link" {
	script sub/good.sh
	ln -s sub link
	run "$KTSTR_LAUNCH" check link
	assert_status 0
	assert_output '^ok +good '
}

@test "load: a file given twice is one test, two files of one name are none" {
	script sub/fair.sh
	run "$KTSTR_LAUNCH" check . sub/fair.sh "$PWD/sub"
	assert_status 0
	[[ ${#lines[@]} -eq 1 ]] || fail "not one test"
	mkdir other
	script other/fair.sh
	run "$KTSTR_LAUNCH" check sub other
	assert_status 1
	assert_output "test 'fair': both '.*/sub/fair.sh' and '.*/other/fair.sh' have this name"
}

@test "load: one program in two folders, by links, is two tests of one name" {
	mkdir other
	script sub/fair.sh
	ln -s ../sub/fair.sh other/fair.sh
	run "$KTSTR_LAUNCH" check sub other
	assert_status 1
	assert_output "test 'fair': both '.*/sub/fair.sh' and '.*/other/fair.sh' have this name"
}

@test "load: what cannot be read is told" {
	# Root may read all, but for this.
	local -a unprivileged=(setpriv '--bounding-set=-dac_override,-dac_read_search')

	script sub/good.sh
	script sub/secret.sh
	chmod 0311 sub/secret.sh
	run "${unprivileged[@]}" "$KTSTR_LAUNCH" check sub
	assert_status 1
	assert_output '^ok +good ' 'sub/secret.sh.*Permission denied'
	chmod 0444 sub
	run "${unprivileged[@]}" "$KTSTR_LAUNCH" check sub
	chmod 0755 sub
	assert_status 125
	assert_output "'sub/good.sh': Permission denied"
}

@test "load: paths of any bytes are printed, and in JSON, as what is safe" {
	local dir=$'x\xff\e[1my'

	mkdir "$dir"
	script "$dir/fair.sh"
	printf '#!/bin/sh\n#ktstr: nonsense\n' >"$dir/bad.sh"
	chmod +x "$dir/bad.sh"
	run "$KTSTR_LAUNCH" check "$dir"
	assert_status 1
	assert_output '^ok +fair .*/x\?\?\[1my/fair.sh' 'check: x\?\?\[1my/bad.sh:2: unknown key'
	rm "$dir/bad.sh"
	run "$KTSTR_LAUNCH" list "$dir"
	assert_output '/x\?\?\[1my/fair.sh'
	run "$KTSTR_LAUNCH" list --json "$dir"
	assert_status 0
	iconv -f UTF-8 -t UTF-8 <<<"$output" >/dev/null || fail "no UTF-8"
	assert_output $'/x\xef\xbf\xbd\\\\u001b\\[1my/fair.sh'
}

@test "options: --shard and --timeout take digits only" {
	local shard seconds

	script sub/fair.sh '#ktstr: host_only'
	for shard in -1/-1 '+1/ 1' 1/0 0/1 2/1 1/ /1 1 1/100001 1/1x 1/99999999999999999999; do
		run "$KTSTR_LAUNCH" test --dry-run --shard "$shard" sub
		assert_status 125
		assert_output 'takes I/N, with I from 1 to N and N at most 100000'
	done
	run "$KTSTR_LAUNCH" test --dry-run --shard 1/1 sub
	assert_status 0
	run "$KTSTR_LAUNCH" test --dry-run --shard 1/10000 sub
	assert_status 0
	assert_output '^1 variant of 1 in shard 1/10000$'
	for seconds in 0x10 1e3 ' 1' +1 -1 inf ''; do
		run "$KTSTR_LAUNCH" run --timeout "$seconds" true
		assert_status 125
		assert_output "--timeout '.*': not a number of seconds from 0"
	done
}

@test "check: options are taken anywhere, and none behind --" {
	script sub/fair.sh
	run "$KTSTR_LAUNCH" check sub --help
	assert_status 0
	assert_output '^Usage: ktstr-launch check '
	run "$KTSTR_LAUNCH" check -- sub/fair.sh
	assert_status 0
	run "$KTSTR_LAUNCH" check sub --nonsense
	assert_status 125
	assert_output "option '--nonsense': not known"
	run "$KTSTR_LAUNCH" check --
	assert_status 125
	assert_output 'no file given'
}

@test "check: an include that is not there, or at a place that is taken, is an error with its line" {
	script sub/gone.sh '#ktstr: include=data:/data'
	script sub/twice.sh '#ktstr: include=a:/x include=b:/x'
	script sub/fine.sh '#ktstr: include=a:/x include=a:/x include=c:/c include=d:/c'
	mkdir sub/c sub/d
	: >sub/a
	: >sub/b
	run "$KTSTR_LAUNCH" check sub
	assert_status 1
	assert_output "sub/gone.sh:2: include 'data:/data': '.*/sub/data': No such file" \
		"sub/twice.sh:2: include 'b:/x': another file" '^ok +fine '
}
