# shellcheck shell=bash
# ktstr-launch's helpers for bats files that boot VMs. Such a file begins with
#
#     source <(ktstr-launch bats-helper)
#
# at its top or in setup, and so does each with `bats --jobs`. eval "$(ktstr-launch bats-helper)" does the
# same, but has bats name the test's own file for lines in here. Not in setup_file: tests are processes of
# their own, and would not have the functions. Where there is no launcher each test says
# "ktstr_run: command not found", and fails. Tried with bats 1.8, needs 1.5.
#
#   ktstr_run [OPTION]... -- CMD [ARG]...   `ktstr-launch run`. Never fails by itself. Like bats' run it
#                                           sets status, output and lines: the payload's stdout, its
#                                           stderr, what the launcher said (of each the last 64 KiB,
#                                           without NULs). Call it as it is, not through `run`.
#   ktstr_test [OPTION]... FILE...          `ktstr-launch test`, likewise
#   ktstr_guest_stdout, ktstr_guest_stderr  print the payload's, all of it and byte for byte
#   ktstr_result NAME [KEY]                 of the last ktstr_test: the result of NAME: outcome, or cause,
#                                           detail, output, folder, dump, trace, replay, ...
#   ktstr_artefact SUFFIX                   print the path of the last run's one file *SUFFIX
#                                           (.failure-dump.json, .repro.wprof.pb, .ktstr.json, ...)
#
#   ktstr_assert_verdict pass|fail|timeout|panic|stall|died|protocol|not-run|inconclusive|error|
#                                           interrupted
#   ktstr_assert_status N
#   ktstr_assert_cause REGEX...             the reason on the report's first line; REGEX: as in grep -E
#   ktstr_assert_guest_stdout REGEX...      each in some line of it; ktstr_assert_guest_stderr likewise
#   ktstr_assert_artefact SUFFIX            it is there, once, whole
#   ktstr_assert_trace [SUFFIX]             a trace is there; it decodes, where there is a protoc
#   ktstr_assert_trace_has_task NAME [SUFFIX]  and a task of that name is in it
#   ktstr_assert_outcome NAME OUTCOME       of the last ktstr_test: pass, fail, timeout, xfail, xpass, skip,
#                                           inconclusive, error, not-run
#   ktstr_skip_without_kvm [--kernel IMG]   skip the test where VMs cannot run. Tried once in a bats run.
#                                           In setup it is for all tests of the file.
#
# Artefacts are in $BATS_TEST_TMPDIR/ktstr-out, which an assertion that fails prints, with the command that
# runs it again (`bats --no-tempdir-cleanup` keeps them). Another folder: --out DIR, or the variable
# ktstr_out; an empty one is the launcher's own choice. The payload's stderr goes to a file of its own
# (--stderr); with an empty variable ktstr_stderr to the launcher's, and ktstr_guest_stderr has nothing.
#
# KTSTR_LAUNCH names the launcher; without it, it is the one that printed this, else the one in PATH.
# KTSTR_KERNEL names the kernel. The launcher gets none of the descriptors from 3 up, by which bats would
# wait for it, but those that its arguments name (/dev/fd/N).
#
# Everything in here begins with ktstr_ or _ktstr_. Needs bash 4.4, coreutils, grep, sed.

: "${_ktstr_printed_by=}"
_ktstr_command='' # run or test: what was started last

# --- running -----------------------------------------------------------------------------------

ktstr_run()
{
	local word=''

	for word; do
		[[ $word != -- ]] || break
	done
	if [[ $word != -- ]]; then
		echo 'ktstr_run: there is no --; usage: ktstr_run [OPTION]... -- CMD [ARG]...' >&2
		return 1
	fi
	_ktstr_start run "$@"
}

ktstr_test()
{
	_ktstr_start test "$@"
}

# _ktstr_start COMMAND ARG...
# shellcheck disable=SC2034 # status, output and lines are for the test
_ktstr_start()
{
	local add=() known text file

	_ktstr_command=$1
	shift
	_ktstr_read_arguments "$@" || return
	_ktstr_find_launcher
	[[ $_ktstr_own_out || -z ${ktstr_out-unset} ]] || add=(--out "$_ktstr_out")
	if [[ $_ktstr_command == test && -z $_ktstr_own_json ]]; then
		# The launcher overwrites nothing.
		rm -f "$_ktstr_json"
		add+=(--json "$_ktstr_json")
	elif [[ $_ktstr_command == run && -z $_ktstr_own_guest_stderr && ${ktstr_stderr-unset} ]]; then
		add+=(--stderr "$_ktstr_guest_stderr")
	fi
	_ktstr_words=("$_ktstr_launch" "$_ktstr_command" "${add[@]}" "$@")
	_ktstr_looked='' _ktstr_cwd=$PWD
	_ktstr_list_folders
	known=("${_ktstr_folders[@]}")
	status=0
	(
		# What bats does at each command may write to a descriptor that is closed here.
		set +eET
		trap - DEBUG ERR
		_ktstr_close_descriptors "$*"
		exec "${_ktstr_words[@]}"
	) >"$_ktstr_stdout" 2>"$_ktstr_stderr" || status=$?
	_ktstr_status=$status
	_ktstr_list_folders "${known[@]}"
	output=''
	for file in "$_ktstr_stdout" "$_ktstr_guest_stderr" "$_ktstr_stderr"; do
		[[ -s $file ]] || continue
		text=$(tail -c 65536 "$file" | tr -d '\0') || true
		output+=${output:+${text:+$'\n'}}$text
	done
	# Without empty ones, as bats' run has them.
	lines=()
	IFS=$'\n' read -r -d '' -a lines <<<"$output" || true
}

# _ktstr_read_arguments ARG...: where will what be, and which options that matter here are given?
_ktstr_read_arguments()
{
	local tmp=${BATS_TEST_TMPDIR:-${BATS_FILE_TMPDIR-}} word last=''

	if [[ -z $tmp ]]; then
		echo "ktstr_$_ktstr_command: there is no BATS_TEST_TMPDIR; this is for bats 1.5 or newer" >&2
		return 1
	fi
	mkdir -p "$tmp/.ktstr" || return
	_ktstr_stdout=$tmp/.ktstr/stdout _ktstr_stderr=$tmp/.ktstr/stderr
	_ktstr_own_out='' _ktstr_own_json='' _ktstr_own_guest_stderr='' _ktstr_quiet='' _ktstr_payload=''
	for word; do
		if [[ $last == -- ]]; then
			_ktstr_payload=${word##*/}
			break
		fi
		case $last in
		--out) _ktstr_own_out=$word ;;
		--json) _ktstr_own_json=$word ;;
		--stderr) _ktstr_own_guest_stderr=$word ;;
		esac
		case $word in
		--out=*) _ktstr_own_out=${word#*=} ;;
		--json=*) _ktstr_own_json=${word#*=} ;;
		--stderr=*) _ktstr_own_guest_stderr=${word#*=} ;;
		--quiet) _ktstr_quiet=1 ;;
		esac
		last=$word
	done
	_ktstr_json=$(_ktstr_absolute "${_ktstr_own_json:-$tmp/.ktstr/results.json}")
	_ktstr_guest_stderr=$(_ktstr_absolute "${_ktstr_own_guest_stderr:-$tmp/.ktstr/guest-stderr}")
	# The last run's; the launcher overwrites nothing.
	[[ $_ktstr_own_guest_stderr ]] || rm -f "$_ktstr_guest_stderr"
	_ktstr_out=${_ktstr_own_out:-${ktstr_out-$tmp/ktstr-out}}
	_ktstr_out=$(_ktstr_absolute "${_ktstr_out:-${KTSTR_OUT:-ktstr-out}}")
}

_ktstr_absolute()
{
	[[ $1 == /* ]] || printf '%s/' "$PWD"
	printf '%s\n' "$1"
}

_ktstr_find_launcher()
{
	_ktstr_launch=ktstr-launch
	[[ ! -x $_ktstr_printed_by ]] || _ktstr_launch=$_ktstr_printed_by
	_ktstr_launch=${KTSTR_LAUNCH:-$_ktstr_launch}
}

# _ktstr_list_folders [KNOWN...]: the folders of runs, but for those that are known.
_ktstr_list_folders()
{
	local folder IFS=$'\n' known

	known=$'\n'$*$'\n'
	_ktstr_folders=()
	for folder in "$_ktstr_out"/*/; do
		[[ ! -d $folder || $known == *$'\n'"$folder"$'\n'* ]] || _ktstr_folders+=("$folder")
	done
}

# _ktstr_close_descriptors WORDS: all from 3 up, but those that the words name. 255 is bash's own, and
# nobody inherits it.
_ktstr_close_descriptors()
{
	local fd

	for fd in /proc/"$BASHPID"/fd/*; do
		fd=${fd##*/}
		[[ $fd == [012] || $fd == 255 || "$1 " =~ /fd/${fd}[^0-9] ]] || eval "exec $fd>&-"
	done
}

# --- what was seen -----------------------------------------------------------------------------

# _ktstr_look: read what the launcher said of the last `run`, into _ktstr_verdict, _ktstr_cause and
# _ktstr_replay.
_ktstr_look()
{
	local line words='PASS|FAIL|TIMEOUT|PANIC|STALL|DIED|PROTOCOL|NOT-RUN|ERROR|INTERRUPTED'

	[[ -z $_ktstr_looked ]] || return 0
	_ktstr_looked=1 _ktstr_verdict=pass _ktstr_cause='' _ktstr_replay=''
	[[ -z $_ktstr_quiet || $_ktstr_status -ne 0 ]] || return 0
	# The report comes last: one line, then indented ones.
	line=$(grep -aE "^($words) " "$_ktstr_stderr" | tail -n 1 | tr '\0' '?') || true
	if [[ $line ]]; then
		_ktstr_verdict=${line%% *} _ktstr_verdict=${_ktstr_verdict,,} _ktstr_cause=${line#* }
		case $_ktstr_cause in
		"$_ktstr_payload: "*) _ktstr_cause=${_ktstr_cause#"$_ktstr_payload: "} ;;
		# The launcher writes what cannot be printed in another way.
		*) _ktstr_cause=${_ktstr_cause#*: } ;;
		esac
		_ktstr_replay=$(sed -n 's/^  replay  *//p' "$_ktstr_stderr" | tail -n 1) || true
	else
		_ktstr_verdict=error
		_ktstr_cause=$(sed -n 's/^ktstr-launch: //p' "$_ktstr_stderr" | tail -n 1) || true
		: "${_ktstr_cause:=the launcher printed no report}"
	fi
}

# _ktstr_refuse ARGUMENTS: the function that was called takes these.
_ktstr_refuse()
{
	echo "usage: ${FUNCNAME[1]} $1" >&2
	return 1
}

# _ktstr_need [COMMAND]: that one was the last, or one was.
_ktstr_need()
{
	[[ -z $_ktstr_command || ${1:-$_ktstr_command} != "$_ktstr_command" ]] || return 0
	if [[ $_ktstr_command ]]; then
		echo "${FUNCNAME[1]}: this is about ktstr_$1, and ktstr_$_ktstr_command was the last" >&2
	else
		echo "${FUNCNAME[1]}: nothing was run yet" >&2
	fi
	return 1
}

ktstr_guest_stdout()
{
	_ktstr_need run || return
	cat "$_ktstr_stdout"
}

ktstr_guest_stderr()
{
	_ktstr_need run || return
	[[ ! -e $_ktstr_guest_stderr ]] || cat "$_ktstr_guest_stderr"
}

ktstr_result()
{
	local line key=${2:-outcome} all='' found=''

	_ktstr_need test || return
	[[ ${1-} ]] || _ktstr_refuse 'NAME [KEY]' || return
	while read -r line; do
		_ktstr_read_json type "$line"
		[[ $_ktstr_value == result ]] || continue
		_ktstr_read_json name "$line"
		all+=${all:+, }$_ktstr_value
		[[ $_ktstr_value == "$1" ]] || continue
		_ktstr_read_json "$key" "$line"
		printf '%s\n' "$_ktstr_value"
		found=1
	done < <(cat "$_ktstr_json" 2>/dev/null)
	[[ $found ]] || _ktstr_fail "wanted a result of '$1', there are: ${all:-none}"
}

# _ktstr_read_json KEY LINE: of an object whose values are none, into _ktstr_value; nothing for null.
_ktstr_read_json()
{
	local text='"(([^"\\]|\\.)*)"' other='[0-9a-z.+-]+'

	_ktstr_value=''
	[[ $2 =~ \"$1\":\ *($text|$other) ]] || return 0
	if [[ ${BASH_REMATCH[1]} == \"* ]]; then
		# Two that printf does not know.
		text=${BASH_REMATCH[2]//\\\"/\"} text=${text//\\\//\/}
		printf -v _ktstr_value %b "$text"
	elif [[ ${BASH_REMATCH[1]} != null ]]; then
		_ktstr_value=${BASH_REMATCH[1]}
	fi
}

# --- artefacts ---------------------------------------------------------------------------------

# _ktstr_find SUFFIX FOLDER...: the files TEST-<16 hex digits>SUFFIX in them, into _ktstr_files.
_ktstr_find()
{
	local folder file stem suffix=$1

	shift
	_ktstr_files=()
	for folder; do
		for file in "$folder"/*"$suffix"; do
			stem=${file%"$suffix"}
			[[ ! -f $file || ! $stem =~ -[0-9a-f]{16}$ ]] || _ktstr_files+=("${file//\/\///}")
		done
	done
}

# _ktstr_find_one SUFFIX: of the last run, into _ktstr_file; fails, with words, when there is not one.
_ktstr_find_one()
{
	local folder file all=()

	_ktstr_find "$1" "${_ktstr_folders[@]}"
	if [[ ${#_ktstr_files[@]} -ne 1 ]]; then
		for folder in "${_ktstr_folders[@]}"; do
			for file in "$folder"* "$folder".*.partial; do
				[[ ! -f $file ]] || all+=("${file##*/}")
			done
		done
		_ktstr_fail "wanted one artefact *$1, there are ${#_ktstr_files[@]}; all there is: ${all[*]:-nothing}"
		return
	fi
	_ktstr_file=${_ktstr_files[0]}
}

ktstr_artefact()
{
	[[ ${1-} ]] || _ktstr_refuse SUFFIX || return
	_ktstr_need && _ktstr_find_one "$1" || return
	printf '%s\n' "$_ktstr_file"
}

# --- assertions --------------------------------------------------------------------------------

# _ktstr_fail TEXT: what was wanted and what was there, and then all that helps to find out why.
_ktstr_fail()
{
	{
		printf '%s\n' "$1"
		printf '  exit status  %s\n' "$_ktstr_status"
		_ktstr_tail stdout "$_ktstr_stdout"
		_ktstr_tail "the payload's stderr" "$_ktstr_guest_stderr"
		_ktstr_tail "the launcher's words" "$_ktstr_stderr"
		printf '  artefacts    %s\n' "${_ktstr_folders[@]:-none (they would be in $_ktstr_out)}"
		printf '  replay       %s\n' "$(_ktstr_replay_line)"
	} >&2
	return 1
}

# _ktstr_tail NAME FILE
_ktstr_tail()
{
	local text

	[[ -s $2 ]] || return 0
	printf '  %s, its end:\n' "$1"
	text=$(tail -n 20 "$2" | tail -c 4096 | tr -d '\0') || true
	printf '    | %s\n' "${text//$'\n'/$'\n'    | }"
}

# The launcher's own where it printed one; else what was run, with its settings.
_ktstr_replay_line()
{
	local name line

	printf 'cd %q && ' "$_ktstr_cwd"
	if [[ $_ktstr_command == run ]]; then
		_ktstr_look
		if [[ $_ktstr_replay ]]; then
			printf '%s\n' "$_ktstr_replay"
			return
		fi
	fi
	for name in KERNEL TOPOLOGY MEMORY APPEND TIMEOUT BOOT_TIMEOUT SETUP_TIMEOUT STALL_TIMEOUT WPROF WPROF_ARGS \
		WPROF_PATH; do
		name=KTSTR_$name
		[[ -z ${!name-} ]] || printf '%s=%q ' "$name" "${!name}"
	done
	printf -v line '%q ' "${_ktstr_words[@]}"
	printf '%s\n' "${line% }"
}

ktstr_assert_verdict()
{
	_ktstr_need run || return
	case ${1-} in
	pass | fail | timeout | panic | stall | died | protocol | not-run | inconclusive | error | interrupted) ;;
	*) _ktstr_refuse 'pass|fail|timeout|panic|stall|died|protocol|not-run|inconclusive|error|interrupted' || return ;;
	esac
	_ktstr_look
	[[ $_ktstr_verdict == "$1" ]] ||
		_ktstr_fail "wanted the verdict $1, it is $_ktstr_verdict: $_ktstr_cause"
}

ktstr_assert_status()
{
	_ktstr_need || return
	[[ ${1-} =~ ^[0-9]+$ ]] || _ktstr_refuse NUMBER || return
	((_ktstr_status == $1)) ||
		_ktstr_fail "wanted the exit status $1, it is $_ktstr_status"
}

ktstr_assert_cause()
{
	local regex

	_ktstr_need run || return
	_ktstr_look
	(($#)) || _ktstr_refuse REGEX... || return
	for regex; do
		grep -aqE -e "$regex" <<<"$_ktstr_cause" ||
			_ktstr_fail "wanted a cause that matches '$regex', it is: $_ktstr_cause" || return
	done
}

ktstr_assert_guest_stdout()
{
	local regex

	_ktstr_need run || return
	(($#)) || _ktstr_refuse REGEX... || return
	for regex; do
		grep -aqE -e "$regex" "$_ktstr_stdout" ||
			_ktstr_fail "wanted a line of the payload's stdout that matches '$regex', but there is none" ||
			return
	done
}

ktstr_assert_guest_stderr()
{
	local regex

	_ktstr_need run || return
	(($#)) || _ktstr_refuse REGEX... || return
	for regex; do
		grep -aqE -e "$regex" <(ktstr_guest_stderr) ||
			_ktstr_fail "wanted a line of the payload's stderr that matches '$regex', but there is none" ||
			return
	done
}

ktstr_assert_artefact()
{
	[[ ${1-} ]] || _ktstr_refuse SUFFIX || return
	_ktstr_need && _ktstr_find_one "$1" || return
	if [[ ! -s $_ktstr_file ]]; then
		_ktstr_fail "wanted a whole artefact *$1, it is empty: $_ktstr_file"
	elif [[ $_ktstr_file == *.json && $(tail -c 2 "$_ktstr_file") != *'}' ]]; then
		_ktstr_fail "wanted a whole artefact *$1, it is cut off: $_ktstr_file"
	fi
}

ktstr_assert_trace()
{
	local suffix=${1-} words

	_ktstr_need || return
	if [[ -z $suffix ]]; then
		suffix=.repro.wprof.pb
		_ktstr_find "$suffix" "${_ktstr_folders[@]}"
		[[ ${#_ktstr_files[@]} -gt 0 ]] || suffix=.wprof.pb
	fi
	ktstr_assert_artefact "$suffix" || return
	command -v protoc >/dev/null || return 0
	words=$(protoc --decode_raw <"$_ktstr_file" 2>&1 >/dev/null) ||
		_ktstr_fail "wanted a trace that decodes, protoc says '$words' of $_ktstr_file"
}

ktstr_assert_trace_has_task()
{
	# The kernel keeps 15 bytes of a name.
	local LC_ALL=C name=${1-}

	[[ $name ]] || _ktstr_refuse 'NAME [SUFFIX]' || return
	name=${name:0:15}
	ktstr_assert_trace "${2-}" || return
	if command -v protoc >/dev/null; then
		grep -qF -e "\"$name\"" <(protoc --decode_raw <"$_ktstr_file")
	else
		grep -aqF -e "$name" "$_ktstr_file"
	fi || _ktstr_fail "wanted a task '$name' in the trace, it is not in $_ktstr_file"
}

ktstr_assert_outcome()
{
	local there

	_ktstr_need test || return
	case ${2-} in
	pass | fail | timeout | xfail | xpass | skip | inconclusive | error | not-run) ;;
	*) _ktstr_refuse 'NAME pass|fail|timeout|xfail|xpass|skip|inconclusive|error|not-run' || return ;;
	esac
	# A line for each time that it ran (--repeat).
	there=$(ktstr_result "$1") || return
	! grep -qvxF -e "$2" <<<"$there" ||
		_ktstr_fail "wanted $2 of '$1', it is ${there//$'\n'/, }: $(ktstr_result "$1" cause)"
}

# --- where VMs cannot run ----------------------------------------------------------------------

ktstr_skip_without_kvm()
{
	local kernel=${KTSTR_KERNEL-} dir reason i

	case ${1-} in
	--kernel) kernel=${2-} ;;
	--kernel=*) kernel=${1#*=} ;;
	esac
	# Inside tools/kvm-lab KVM is there, and trying it would cost a boot.
	[[ -z ${KTSTR_LAB_INSIDE-} ]] || return 0
	# What is wrong with the test's own settings is no reason to skip it.
	if [[ ! -r $kernel ]]; then
		echo "ktstr_skip_without_kvm: kernel '$kernel': cannot be read; set KTSTR_KERNEL or give --kernel IMG" >&2
		return 1
	fi
	_ktstr_find_launcher
	dir=$BATS_RUN_TMPDIR/ktstr-probe-$(cksum <<<"$_ktstr_launch $kernel" | tr ' ' -)
	# Of the tests that bats runs at once, the first one tries, the others wait for it.
	if mkdir "$dir" 2>/dev/null; then
		_ktstr_probe "$kernel" >"$dir/now"
		mv "$dir/now" "$dir/reason"
	else
		for ((i = 0; i < 700; i++)); do
			[[ ! -e $dir/reason ]] || break
			sleep 0.1
		done
		[[ -e $dir/reason ]] || _ktstr_probe "$kernel" >"$dir/reason"
	fi
	reason=$(<"$dir/reason")
	case $reason in
	'') return 0 ;;
	'probe: kernel '* | *': not found' | *'--help')
		echo "ktstr_skip_without_kvm: $reason" >&2
		return 1
		;;
	esac
	case ${KTSTR_LAB-} in
	never) reason+=' (and KTSTR_LAB=never)' ;;
	*) reason+=' (and bats does not run inside a lab)' ;;
	esac
	skip "no VMs here: $reason"
}

# _ktstr_probe KERNEL: the reason, in one line, why VMs cannot run here; nothing when they can.
_ktstr_probe()
{
	local words code=0

	if ! command -v "$_ktstr_launch" >/dev/null; then
		echo "launcher '$_ktstr_launch': not found"
		return
	fi
	# About this machine, not about the one that a test's settings describe.
	words=$(
		set +eET
		trap - DEBUG ERR
		_ktstr_close_descriptors ''
		unset KTSTR_TOPOLOGY KTSTR_APPEND KTSTR_MEMORY
		exec timeout -k 2 60 "$_ktstr_launch" probe --kernel "$1" 2>&1 >/dev/null </dev/null
	) || code=$?
	case $code in
	0) ;;
	124 | 137) echo 'the probe did not end within 60 s' ;;
	*)
		words=${words%%$'\n'*} words=${words#ktstr-launch: }
		echo "${words:-the probe ended with status $code}"
		;;
	esac
}
