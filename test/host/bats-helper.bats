#!/usr/bin/env bats
# Does the library for users' bats files run what it is told to, and do its assertions fail, with the
# right words, when they should? The launcher is a stand-in here, which prints and leaves what a real
# one would; test/vm/newcomer.bats has the real one.

load ../helper
bats_require_minimum_version 1.5.0

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
	REAL=$KTSTR_LAUNCH
	eval "$("$REAL" bats-helper)"
	export KTSTR_LAUNCH=$PWD/launch
	unset KTSTR_KERNEL KTSTR_OUT KTSTR_LAB KTSTR_LAB_INSIDE
	launcher <<<'exit 0'
}

# launcher: the stand-in's script, from standard input. It finds $out, the folder of artefacts, and
# artefact SUFFIX, which makes a file of standard input; pass and fail N are two ready ends. Its own
# words go to descriptor 9, 2 is the payload's standard error.
launcher()
{
	{
		cat <<-'PRELUDE'
			#!/bin/bash
			out=ktstr-out json='' payload_stderr='' words=("$@")
			for ((i = 0; i < $#; i++)); do
				[[ ${words[i]} != -- ]] || break
				[[ ${words[i]} != --out ]] || out=${words[i + 1]}
				[[ ${words[i]} != --json ]] || json=${words[i + 1]}
				[[ ${words[i]} != --stderr ]] || payload_stderr=${words[i + 1]}
			done
			exec 9>&2
			[[ -z $payload_stderr ]] || exec 2>"$payload_stderr"
			name=${words[i + 1]##*/}
			artefact()
			{
				[[ ${dir-} ]] || for ((n = 1; ; n++)); do
					printf -v dir %s/%s-%04d "$out" "$name" "$n"
					mkdir -p "$out" && mkdir "$dir" 2>/dev/null && break
				done
				cat >"$dir/$name-0123456789abcdef$1"
			}
			booting() { echo "ktstr-launch: booting /kernel: 1n1l1c1t, 512 MiB${1-}" >&9; }
			pass() { echo "PASS $name: payload exited with status 0 after 0.1 s" >&9; exit 0; }
			fail()
			{
				artefact .failure-dump.json <<<'{"verdict":"fail"}'
				echo "FAIL $name: payload exited with status $1 after 0.1 s" >&9
				echo "  failure dump  $dir/..." >&9
				echo "  replay        /the/launcher run -- $name" >&9
				exit "$1"
			}
		PRELUDE
		cat
	} >launch.new
	chmod +x launch.new
	# What runs may go on reading the old one.
	mv launch.new launch
}

# says STATUS REGEX... -- CMD...: CMD ends so, and each matches a line of what it says.
says()
{
	local want=$1 patterns=()

	shift
	while [[ $1 != -- ]]; do
		patterns+=("$1")
		shift
	done
	shift
	run "-$want" "$@"
	assert_status "$want" || return
	assert_output "${patterns[@]}"
}

# inner [OPTION]...: bats on inner.bats, which comes from standard input with TEST for the sign that
# this bats itself would see; nothing of this bats is there.
inner()
{
	sed "s/^TEST/@""test/" >inner.bats
	run env -i PATH="$PWD/bin:${PATH//"$BATS_LIBEXEC:"/}" HOME="$HOME" LAUNCH="$PWD/launch" NOTES="$PWD/notes" \
		${INNER_ENV[@]+"${INNER_ENV[@]}"} timeout 600 bats --tap "$@" inner.bats
}

# in_path FILE: it is the ktstr-launch of inner's PATH.
in_path()
{
	mkdir -p bin
	ln -sf "$1" bin/ktstr-launch
}

@test "the command prints the library, with the path of the launcher that printed it" {
	"$REAL" bats-helper >printed
	head -n 1 printed >first
	tail -n +2 printed | diff - "$ROOT/embed/bats-helper.bash"
	[[ $(source ./first && echo "${_ktstr_printed_by-}") == "$REAL" ]]
	# Also from a folder whose name a shell would take apart.
	mkdir "it's a \$place"
	cp "$REAL" "it's a \$place/launch"
	"./it's a \$place/launch" bats-helper >printed
	[[ $(source ./printed && echo "${_ktstr_printed_by-}") == "$PWD/it's a \$place/launch" ]]
	# It is a blob as any other.
	run "$REAL" blobs
	assert_output '^bats_lib +builtin +[0-9.]+ +[0-9]+ +[0-9]+ +[0-9a-f]{64}$'
}

@test "the command: help, options and arguments that it has not, an output that takes nothing" {
	says 0 '^Usage: ktstr-launch bats-helper' -- "$REAL" bats-helper --help
	says 125 "bats-helper: option '--hepl': not known" -- "$REAL" bats-helper --hepl
	says 125 "bats-helper: argument 'x': not known" -- "$REAL" bats-helper x
	says 125 'No space left' -- sh -c '"$1" bats-helper >/dev/full' sh "$REAL"
}

# From here on a stand-in is the launcher, so that no sanitizer sees anything.
# bats file_tags=plain

@test "it is read under set -eu, says nothing, and all that it defines has its own name" {
	"$REAL" bats-helper >printed
	cat >names <<-'NAMES'
		set -eu
		{ compgen -v; compgen -A function; } >before
		source ./printed
		source ./printed
		{ compgen -v; compgen -A function; } >after
		grep -vxFf before after | grep -vE '^(_?ktstr_|_$|BASH_|PIPESTATUS|FUNCNAME)' >alien || true
	NAMES
	run env -u KTSTR_LAUNCH bash names
	assert_status 0
	[[ -z $output ]] || fail "it speaks"
	diff alien /dev/null
}

@test "ktstr_run: status, output, lines; artefacts in their folder; it fails not by itself" {
	launcher <<-'SCRIPT'
		printf '%s\n' "$@" >args
		booting; echo out; echo; echo err >&2
		fail 7
	SCRIPT
	ktstr_run --topology 1n1l1c1t -- ./my-test 'a b' '*'
	assert_status 7
	diff args - <<-END
		run
		--out
		$BATS_TEST_TMPDIR/ktstr-out
		--stderr
		$BATS_TEST_TMPDIR/.ktstr/guest-stderr
		--topology
		1n1l1c1t
		--
		./my-test
		a b
		*
	END
	# shellcheck disable=SC2154 # lines is the library's
	[[ ${lines[0]} == out && ${lines[1]} == err && ${lines[2]} == "ktstr-launch: booting "* ]]
	assert_output '^FAIL my-test: payload exited'
	[[ $(ktstr_artefact .failure-dump.json) == "$BATS_TEST_TMPDIR"/ktstr-out/my-test-0001/my-test-* ]]
	# A launcher that is not there is one that failed.
	KTSTR_LAUNCH=/nowhere/launch ktstr_run -- true
	assert_status 127
	ktstr_assert_verdict error
	says 1 'there is no --; usage: ktstr_run' -- ktstr_run true
	says 1 'there is no BATS_TEST_TMPDIR' -- env -u BATS_TEST_TMPDIR -u BATS_FILE_TMPDIR bash -c \
		"$("$REAL" bats-helper)"$'\n''ktstr_run -- true'
}

@test "artefacts are the last run's; --out, ktstr_out and the launcher's own folder" {
	launcher <<<'booting; fail 1'
	ktstr_run -- one
	first=$(ktstr_artefact .failure-dump.json)
	ktstr_run -- one
	[[ $(ktstr_artefact .failure-dump.json) == "$BATS_TEST_TMPDIR/ktstr-out/one-0002/"* ]]
	[[ -f $first ]]
	ktstr_run --out mine -- one --out not-mine
	[[ $(ktstr_artefact .failure-dump.json) == "$PWD/mine/one-0001/"* ]]
	ktstr_run --out=mine -- one || true
	ktstr_out=$PWD/other ktstr_run -- one
	[[ $(ktstr_artefact .failure-dump.json) == "$PWD/other/one-0001/"* ]]
	mkdir else && cd else
	ktstr_out='' ktstr_run -- one
	[[ $(ktstr_artefact .failure-dump.json) == "$PWD/ktstr-out/one-0001/"* ]]
}

@test "nothing above standard error reaches the launcher but what its arguments name" {
	launcher <<-'SCRIPT'
		# 9 and 255 are this script's own, one more that of the listing, which is over when it is looked at.
		open=
		for fd in /proc/$$/fd/*; do
			[[ $fd == */[012] || $fd == */9 || $fd == */255 || ! -e $fd ]] || open+=${fd##*/}$'\n'
		done
		printf %s "$open" >fds
		for word; do
			[[ $word != /dev/fd/* ]] || cat "$word" >given
		done
		pass
	SCRIPT
	[[ -e /proc/$$/fd/3 ]]
	exec 7>somewhere {high}</dev/null
	ktstr_run -- true
	exec 7>&- {high}<&-
	diff fds /dev/null
	ktstr_out='' ktstr_run --include <(echo words) -- true
	[[ $(<given) == words ]]
	[[ $(wc -l <fds) -eq 1 ]]
	# A process that is left behind holds nothing up: bats would wait for it.
	launcher <<<'sleep 1000 & echo $! >pid; booting; pass'
	ktstr_run -- true
	[[ -e /proc/$(<pid) && ! -e /proc/$(<pid)/fd/3 ]]
	kill "$(<pid)"
}

@test "the payload's stdout and stderr, byte for byte" {
	head -c 100000 /dev/urandom >noise
	launcher <<-'SCRIPT'
		booting
		cat noise; cat noise >&2
		echo "ktstr-launch: $name: payload exited; running it again in an identical VM with the tracer on" >&9
		booting ', tracer on'
		fail 3
	SCRIPT
	ktstr_run -- sh
	ktstr_guest_stdout | cmp - noise
	ktstr_guest_stderr | cmp - noise
	ktstr_assert_verdict fail
	# What looks like a report, and of the run before nothing.
	printf 'PASS sh: I say so' >said
	launcher <<<'booting; cat said >&2; fail 4'
	ktstr_run -- sh
	ktstr_guest_stderr | cmp - said
	ktstr_assert_verdict fail
	ktstr_assert_cause '^payload exited with status 4 after 0.1 s$'
	launcher <<<'exit 0'
	ktstr_run --quiet -- sh
	[[ -z $(ktstr_guest_stderr) ]]
	ktstr_assert_verdict pass
	# A file of the user's, and none.
	launcher <<<'booting; cat said >&2; pass'
	ktstr_run --stderr mine -- sh
	diff mine said
	ktstr_guest_stderr | cmp - said
	ktstr_stderr='' ktstr_run -- sh
	[[ -z $(ktstr_guest_stderr) ]]
	grep -q 'PASS sh: I say so' <<<"$output"
	# The launcher's words about a run that came to nothing are not the payload's.
	launcher <<<'echo "ktstr-launch: run: /dev/kvm: No such file or directory" >&9; exit 125'
	ktstr_run -- sh
	[[ -z $(ktstr_guest_stderr) ]]
	ktstr_assert_verdict error
	ktstr_assert_cause '^run: /dev/kvm: No such file'
}

@test "large output: the end of it is in output, all of it in ktstr_guest_stdout" {
	launcher <<<'booting; seq 100000; head -c 1000 /dev/zero; pass'
	ktstr_run -- sh
	((${#output} < 70000))
	assert_output '^100000' '^PASS sh: '
	[[ $(ktstr_guest_stdout | head -n 1) == 1 ]]
	ktstr_assert_guest_stdout '^1$' '^50000$'
}

@test "verdicts: each by its word; another one says what was wanted, what was there, and all that helps" {
	for word in pass fail timeout panic stall died protocol not-run error interrupted; do
		launcher <<<"booting; echo '${word^^} a b: the cause: FAIL a b: x' >&9"
		ktstr_run -- './a b'
		ktstr_assert_verdict "$word"
		ktstr_assert_cause '^the cause: FAIL'
	done
	launcher <<<'booting; echo "the words"; fail 7'
	ktstr_run -- sh
	says 1 '^wanted the verdict pass, it is fail: payload exited with status 7 after' \
		'^  exit status  7$' '\| the words$' '\| FAIL sh: ' \
		"^  artefacts    $BATS_TEST_TMPDIR/ktstr-out/sh-0001/$" \
		"^  replay       cd $PWD && /the/launcher run -- sh$" -- ktstr_assert_verdict pass
	# Without a report, the command as it was.
	launcher <<<'echo "ktstr-launch: run: no kernel given" >&9; exit 125'
	KTSTR_TOPOLOGY='1n1l2c1t' ktstr_run -- sh -c 'a b'
	export KTSTR_TOPOLOGY=1n1l2c1t
	says 1 'wanted the verdict pass, it is error: run: no kernel given' '^  artefacts    none' \
		"replay .*KTSTR_TOPOLOGY=1n1l2c1t $PWD/launch run --out .*-- sh -c a\\\\ b$" -- ktstr_assert_verdict pass
	says 1 'usage: ktstr_assert_verdict pass\|fail' -- ktstr_assert_verdict passed
}

@test "status, cause, stdout and stderr: each seen passing and failing" {
	launcher <<<'booting; echo out 1; echo err 1 >&2; fail 7'
	ktstr_run -- sh
	ktstr_assert_status 7
	says 1 'wanted the exit status 0, it is 7' 'artefacts' 'replay' -- ktstr_assert_status 0
	says 1 'usage: ktstr_assert_status' -- ktstr_assert_status seven
	ktstr_assert_cause 'status 7' '^payload'
	says 1 "wanted a cause that matches 'status 8', it is: payload exited with status 7" -- \
		ktstr_assert_cause payload 'status 8'
	ktstr_assert_guest_stdout '^out [0-9]$'
	says 1 "payload's stdout that matches '\^err', but there is none" '\| out 1' -- ktstr_assert_guest_stdout out '^err'
	ktstr_assert_guest_stderr '^err [0-9]$'
	says 1 "payload's stderr that matches 'booting', but there is none" -- ktstr_assert_guest_stderr booting
	for name in cause guest_stdout guest_stderr artefact trace_has_task; do
		says 1 "^usage: ktstr_assert_$name " -- "ktstr_assert_$name"
	done
}

@test "an assertion before anything was run, or about the other command, fails" {
	for call in 'verdict pass' 'status 0' 'cause x' 'guest_stdout x' 'guest_stderr x' 'artefact x' trace \
		'trace_has_task x' 'outcome x pass'; do
		# shellcheck disable=SC2086
		says 1 'nothing was run yet' -- ktstr_assert_$call
	done
	ktstr_test x
	says 1 'this is about ktstr_run, and ktstr_test was the last' -- ktstr_assert_verdict pass
	ktstr_run -- true
	says 1 'this is about ktstr_test, and ktstr_run was the last' -- ktstr_assert_outcome x pass
}

@test "artefacts: one, none, two, an empty one, one that is cut off" {
	launcher <<<'booting
		artefact .repro.failure-dump.json <<<{}; artefact .empty.json </dev/null; artefact .cut.json <<<"{"
		fail 1'
	ktstr_run -- sh
	# Not .repro.failure-dump.json as well.
	ktstr_assert_artefact .failure-dump.json
	ktstr_assert_artefact .repro.failure-dump.json
	says 1 'wanted one artefact \*.wprof.pb, there are 0; all there is: .*\.repro\.failure-dump\.json' -- \
		ktstr_assert_artefact .wprof.pb
	says 1 'empty: .*\.empty\.json' -- ktstr_assert_artefact .empty.json
	says 1 'cut off: .*\.cut\.json' -- ktstr_assert_artefact .cut.json
	says 1 'wanted one artefact' -- ktstr_artefact .none
	# The message is no path.
	[[ -z $(ktstr_artefact .none 2>/dev/null) ]]
	launcher <<<'booting; artefact .x <<<x; dir=; artefact .x <<<x; pass'
	ktstr_run -- sh
	says 1 'wanted one artefact \*.x, there are 2' -- ktstr_assert_artefact .x
}

@test "traces: whole, cut off, without the task; with protoc and without" {
	# A trace in little: field 1 holds field 2, a text.
	launcher <<<'booting; printf "\012\014\022\012a-long-nam" | artefact .wprof.pb; pass'
	ktstr_run --wprof=always -- sh
	ktstr_assert_trace
	ktstr_assert_trace_has_task a-long-nam
	ktstr_assert_trace_has_task a-long-nam .wprof.pb
	says 1 "wanted a task 'other' in the trace, it is not in .*\.wprof\.pb" -- ktstr_assert_trace_has_task other
	says 1 'wanted one artefact \*.repro.wprof.pb' -- ktstr_assert_trace .repro.wprof.pb
	if command -v protoc >/dev/null; then
		# The whole name or nothing.
		says 1 "wanted a task 'a-long'" -- ktstr_assert_trace_has_task a-long
		launcher <<<'booting; printf "\012\014\022\012a-lon" | artefact .repro.wprof.pb; fail 1'
		ktstr_run --wprof -- sh
		says 1 'wanted a trace that decodes, protoc says .Failed' -- ktstr_assert_trace
	fi
	launcher <<<'booting; printf "\012\021\022\017fifteen-letters" | artefact .repro.wprof.pb; fail 1'
	ktstr_run --wprof -- sh
	# The kernel cuts names there.
	ktstr_assert_trace_has_task fifteen-letters-and-more
	mkdir tools
	for tool in bash cat grep tail head tr stat sed; do
		ln -s "$(type -P "$tool")" "tools/$tool"
	done
	PATH=$PWD/tools ktstr_assert_trace_has_task fifteen-letters
	PATH=$PWD/tools says 1 "wanted a task 'other'" -- ktstr_assert_trace_has_task other
	launcher <<<'booting; pass'
	ktstr_run --wprof=always -- sh
	says 1 'wanted one artefact \*.wprof.pb, there are 0; all there is: nothing' -- ktstr_assert_trace
}

@test "ktstr_test: results by name" {
	launcher <<-'SCRIPT'
		printf '%s\n' "$@" >args
		echo '{"type":"plan","schema_version":1,"planned":3}' >"$json"
		cat >>"$json" <<-'LINES'
			{"type":"result","name":"fair","outcome":"fail","cause":"it said \"no\"\nand \\ \u00e9","trace":null,"seconds":1.250,"detail":"\"name\":\"fake\""}
			{"type":"result","name":"gauntlet\/fair\/smt","outcome":"skip","cause":"exit status 4"}
			{"type":"result","name":"twice","outcome":"pass","cause":"x"}
			{"type":"result","name":"twice","outcome":"timeout","cause":"x"}
			{"type":"summary","name":"summary"}
		LINES
		echo 'FAIL  fair  it said'
		exit 1
	SCRIPT
	ktstr_test --jobs 1 tests/
	assert_status 1
	assert_output '^FAIL  fair'
	grep -qx -- --out args
	ktstr_assert_status 1
	ktstr_assert_outcome fair fail
	ktstr_assert_outcome gauntlet/fair/smt skip
	[[ $(LC_ALL=C.UTF-8 ktstr_result fair cause) == $'it said "no"\nand \\ é' ]]
	[[ -z $(ktstr_result fair trace) ]]
	[[ $(ktstr_result fair seconds) == 1.250 ]]
	says 1 "wanted pass of 'fair', it is fail: it said" '^  replay .*launch test .*--jobs 1 tests/$' -- \
		ktstr_assert_outcome fair pass
	says 1 "wanted pass of 'twice', it is pass, timeout" -- ktstr_assert_outcome twice pass
	says 1 "wanted a result of 'unfair', there are: fair, gauntlet/fair/smt, twice, twice$" -- \
		ktstr_assert_outcome unfair pass
	says 1 'usage: ktstr_assert_outcome NAME' -- ktstr_assert_outcome fair failed
	ktstr_test --json mine.json tests/
	ktstr_assert_outcome fair fail
	[[ -f mine.json ]]
	# What was there of the last time is no result of this one.
	launcher <<<'exit 125'
	ktstr_test tests/
	says 1 "there are: none" -- ktstr_assert_outcome fair fail
}

@test "bats: at the top, in setup, by eval and by source; set -u; a failure shows all" {
	in_path "$REAL"
	launcher <<<'booting; [[ $name == true ]] && pass; fail 7'
	for begin in 'eval "$(ktstr-launch bats-helper)"' 'source <(ktstr-launch bats-helper)' \
		'setup() { eval "$(ktstr-launch bats-helper)"; }' 'setup() { source <(ktstr-launch bats-helper); }'; do
		inner <<-INNER
			set -u
			$begin
			export KTSTR_LAUNCH=\$LAUNCH
			TEST "passes" {
				ktstr_run -- true
				ktstr_assert_verdict pass
			}
			TEST "fails" {
				ktstr_run -- false
				ktstr_assert_verdict pass
				ktstr_assert_verdict fail
			}
		INNER
		assert_status 1
		assert_output '^ok 1 passes' '^not ok 2 fails' '^# wanted the verdict pass, it is fail' \
			'^#   artefacts    /.*/ktstr-out/false-0001/$' 'replay .*/the/launcher run -- false'
	done
	# The launcher that printed it is the one that is run; none is a failure.
	INNER_ENV=(KTSTR_KERNEL=/nowhere)
	inner <<-'INNER'
		eval "$(ktstr-launch bats-helper)"
		TEST "by its own path" {
			PATH=/usr/bin:/bin
			ktstr_run -- true
			ktstr_assert_cause '/nowhere'
			ktstr_assert_status 125
		}
	INNER
	assert_status 0
	rm bin/ktstr-launch
	inner <<-'INNER'
		eval "$(ktstr-launch bats-helper)"
		TEST "none" {
			ktstr_skip_without_kvm
		}
	INNER
	assert_status 1
	assert_output '^not ok 1 none'
}

@test "bats --jobs: tests at once have their own outputs and artefacts, and one of them tries KVM" {
	command -v parallel >/dev/null || skip "no GNU parallel on this machine"
	in_path "$REAL"
	launcher <<-'SCRIPT'
		if [[ $1 == probe ]]; then echo probe >>"$NOTES"; sleep 1; exit 0; fi
		booting; echo "I am $name"; sleep 1; artefact .x <<<"$name"; pass
	SCRIPT
	: >kernel
	INNER_ENV=(KTSTR_KERNEL="$PWD/kernel")
	{
		echo 'eval "$(ktstr-launch bats-helper)"; export KTSTR_LAUNCH=$LAUNCH; setup() { ktstr_skip_without_kvm; }'
		for i in 1 2 3 4; do
			echo "TEST \"number $i\" { ktstr_run -- p$i; ktstr_assert_guest_stdout '^I am p$i\$'
				[[ \$(cat \"\$(ktstr_artefact .x)\") == p$i ]]; ktstr_assert_verdict pass; }"
		done
	} | sed 's/; /\n/g; s/{ k/{\nk/; s/}$/\n}/' >tests
	inner --jobs 4 <tests
	assert_status 0
	[[ $(grep -c '^ok ' <<<"$output") -eq 4 ]]
	[[ $(grep -c probe notes) -eq 1 ]]
}

@test "with bats-assert and bats-support" {
	local lib

	for lib in ${BATS_LIB_PATH-} /usr/lib/bats /usr/lib; do
		[[ ! -f $lib/bats-assert/load.bash ]] || break
	done
	[[ -f $lib/bats-assert/load.bash ]] || skip "no bats-assert on this machine"
	in_path "$REAL"
	launcher <<<'booting; echo hello; fail 7'
	for order in 1 2; do
		{
			echo 'export KTSTR_LAUNCH=$LAUNCH'
			printf 'source %q/load.bash\n' "$lib/bats-support" "$lib/bats-assert" >loads
			((order == 2)) || cat loads
			echo 'eval "$(ktstr-launch bats-helper)"'
			((order == 1)) || cat loads
			cat <<-'INNER'
				TEST "both" {
					ktstr_run -- sh
					assert_failure 7
					assert_output --partial hello
					assert_line --regexp '^FAIL sh: '
					refute_output --partial goodbye
					ktstr_assert_verdict fail
				}
			INNER
		} >tests
		inner <tests
		assert_status 0
	done
}

@test "where VMs cannot run tests are skipped with the reason; a wrong kernel is no reason" {
	in_path "$REAL"
	: >kernel
	cat >tests <<-'INNER'
		eval "$(ktstr-launch bats-helper)"
		export KTSTR_LAUNCH=$LAUNCH
		setup() {
			ktstr_skip_without_kvm
		}
		TEST "one" {
			true
		}
		TEST "two" {
			true
		}
	INNER
	launcher <<<'echo "$@" >>"$NOTES"; echo "ktstr-launch: probe: /dev/kvm: No such file" >&2; exit 125'
	INNER_ENV=(KTSTR_KERNEL="$PWD/kernel" KTSTR_LAB=never KTSTR_MEMORY=7)
	inner <tests
	assert_status 0
	assert_output '^ok 1 one # skip no VMs here: probe: /dev/kvm: No such file \(and KTSTR_LAB=never\)$' '^ok 2 two # skip'
	# Found out once.
	diff notes - <<<"probe --kernel $PWD/kernel"
	INNER_ENV=(KTSTR_KERNEL="$PWD/kernel")
	inner <tests
	assert_output '^ok 1 one # skip .*does not run inside a lab'
	# Inside the lab nothing is tried, and nothing skipped.
	rm notes
	INNER_ENV=(KTSTR_KERNEL="$PWD/kernel" KTSTR_LAB=never KTSTR_LAB_INSIDE=1)
	inner <tests
	assert_status 0
	assert_output '^ok 1 one$' '^ok 2 two$'
	[[ ! -e notes ]]
	# KVM that works.
	launcher <<<'[[ -z ${KTSTR_MEMORY-} ]] && echo "KVM here boots 6.12"'
	INNER_ENV=(KTSTR_KERNEL="$PWD/kernel" KTSTR_MEMORY=7)
	inner <tests
	assert_output '^ok 1 one$'
	# What is wrong with the tests themselves.
	launcher <<<'echo "ktstr-launch: probe: kernel '"'x'"': not a bzImage" >&2; exit 125'
	inner <tests
	assert_status 1
	assert_output '^not ok 1 one' '^# ktstr_skip_without_kvm: .*not a bzImage'
	INNER_ENV=(KTSTR_KERNEL=/nowhere)
	inner <tests
	assert_status 1
	assert_output "kernel '/nowhere': cannot be read; set KTSTR_KERNEL"
	INNER_ENV=(KTSTR_KERNEL="$PWD/kernel")
	rm launch
	inner <tests
	assert_status 1
	assert_output "launcher '.*/launch': not found"
}
