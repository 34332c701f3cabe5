#!/usr/bin/env bats
# Is what the launcher prints of itself right: licences, completions, man pages?

load ../helper
bats_require_minimum_version 1.5.0

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
}

# refuses WORDS...: a command that takes none of these says so and prints nothing else.
refuses()
{
	run --separate-stderr "$KTSTR_LAUNCH" "$@"
	[[ $status -eq 125 && ! $output ]] || fail "$*: taken"
	# shellcheck disable=SC2154 # bats sets it
	[[ $stderr == "ktstr-launch: $1: "*"see ktstr-launch $1 --help" ]] || fail "$*: says: $stderr"
}

# --- licences ------------------------------------------------------------------------------------

@test "licenses: each part is named with its version and its source, and its text is there" {
	local package

	"$KTSTR_LAUNCH" licenses >out
	run ! grep 'TEXT NOT FOUND' out
	grep -qx 'The licence of ktstr-launch itself: not yet chosen.' out
	for package in musl-dev libc6-dev busybox-static libelf-dev zlib1g-dev libzstd-dev liblzma-dev \
		liblz4-dev libjson-c-dev libarchive-dev nettle-dev; do
		grep -qF "from: Debian package $package $(dpkg-query -W -f '${Version}' "$package"), source " out ||
			fail "$package: not named"
		python3 -c 'import sys
sys.exit(open(sys.argv[1]).read() not in open("out").read())' /usr/share/doc/"$package"/copyright ||
			fail "$package: its text is not there"
	done
	# What the texts refer to, too.
	grep -q 'The text that is called /usr/share/common-licenses/GPL-2 above' out
	grep -q 'Version 2, June 1991' out
	refuses licenses --all
	refuses licenses musl
}

@test "licenses: what is linked in is what is listed" {
	local archives archive package

	read -ra archives <<<"$(sed -n 's/^SRC_LIBS := //p' "$ROOT/src/src.mk")"
	for archive in "${archives[@]}" -lgcc; do
		package=$(dpkg-query -S "$(realpath "$(gcc -print-file-name="lib${archive#-l}.a")")")
		"$KTSTR_LAUNCH" licenses | grep -q "^from: Debian package ${package%%:*} " ||
			fail "$archive is of ${package%%:*}, which is not listed"
	done
}

# shellcheck disable=SC2030
@test "licenses: of wprof and what it brings, where it is built from its source" {
	local wprof=$BATS_TEST_TMPDIR/src

	mkdir -p "$wprof/libbpf" "$wprof/.git"
	echo "the licence of wprof" >"$wprof/LICENSE"
	echo "the licence of libbpf, see /usr/share/common-licenses/Apache-2.0" >"$wprof/libbpf/LICENSE.BSD"
	echo "not a text" >"$wprof/.git/LICENSE"
	run "$ROOT/tools/licenses" --version 1 --busybox prebuilt --tracer source \
		--wprof-source "$wprof" --wprof-version 'v0.4 9afa9ee'
	assert_status 0
	assert_output '^from: wprof v0.4 9afa9ee, LICENSE$' '^the licence of wprof$' \
		'^from: wprof v0.4 9afa9ee, libbpf/LICENSE.BSD$' '^the licence of libbpf' \
		'called /usr/share/common-licenses/Apache-2.0 above' '^from: .*\(BUSYBOX=\)'
	refute_output '^not a text' 'TEXT NOT FOUND'
	# One without a text does not go by in silence.
	rm "$wprof/LICENSE" "$wprof/libbpf/LICENSE.BSD"
	run "$ROOT/tools/licenses" --version 1 --busybox debian --tracer source \
		--wprof-source "$wprof" --wprof-version 'v0.4 9afa9ee'
	assert_output '^TEXT NOT FOUND: '
	KTSTR_LICENSES_DOC=/nowhere run "$ROOT/tools/licenses" --version 1 --busybox debian --tracer builtin
	assert_output '^TEXT NOT FOUND: /nowhere/musl-dev/copyright'
}

# --- completions ---------------------------------------------------------------------------------

# bash_completes WORD...: what bash offers for the last one; the words are split as bash splits them.
bash_completes()
{
	"$KTSTR_LAUNCH" completion bash >completion.bash
	COMMAND="source ./completion.bash
		COMP_WORDS=(ktstr-launch \"\$@\") COMP_CWORD=\$#
		_ktstr_launch && printf '%s\n' \"\${COMPREPLY[@]}\""
	run bash -c "$COMMAND" bash "$@"
}

# offers WORD...: exactly these, in any order.
# shellcheck disable=SC2031 # bats' subshells
offers()
{
	[[ $(sort <<<"$output") == "$(printf '%s\n' "$@" | sort)" ]] || fail "it offers something else than: $*"
}

# all_commands: as --help lists them.
all_commands()
{
	"$KTSTR_LAUNCH" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z-]*\) .*/\1/p'
}

# all_options COMMAND: as its help lists them.
all_options()
{
	"$KTSTR_LAUNCH" help "$1" | sed -nE 's/^  (-[a-z], |    )(--[a-z-]+)([ =[].*|$)/\2/p'
}

@test "completion bash: commands, and after help, too" {
	local -a commands

	mapfile -t commands < <(all_commands)
	[[ ${#commands[@]} -ge 10 ]]
	bash_completes ''
	offers "${commands[@]}" help --help --version
	bash_completes help ''
	offers "${commands[@]}"
	bash_completes pro
	offers probe
	bash_completes help lic
	offers licenses
	bash_completes completion ''
	offers bash zsh fish
	bash_completes cache ''
	offers clear
}

@test "completion bash, fish: every option in a command's help is offered, and no other" {
	local command

	"$KTSTR_LAUNCH" completion fish >completion.fish
	for command in $(all_commands); do
		bash_completes "$command" --
		grep -qx -- --help <<<"$output" || fail "$command: no --help"
		output=$(grep -vx -- --help <<<"$output") || true
		mapfile -t options < <(all_options "$command" | grep -vx -- --help)
		offers "${options[@]}"
		fish --version >/dev/null 2>&1 || continue
		output=$(fish --no-config -c "source completion.fish; complete -C 'ktstr-launch $command --'" |
			cut -f 1 | grep -vx -- --help | sed 's/=.*//' | sort -u) || true
		offers "${options[@]}"
	done
}

@test "completion bash: kernels, files, folders, topologies, in both ways to write a value" {
	mkdir folder
	touch bzImage b.sh folder/inner
	bash_completes run --kernel bz
	offers bzImage
	bash_completes run --kernel = bz
	offers bzImage
	bash_completes run --kernel =
	offers bzImage b.sh folder completion.bash
	bash_completes run --out ''
	offers folder
	bash_completes run --topology 1n1
	offers 1n1l4c1t 1n15l8c2t 1n14l9c2t 1n15l16c1t 1n14l18c1t
	bash_completes run --topology = 4n12
	offers 4n12l8c2t
	bash_completes run --wprof =
	offers always
	bash_completes run --memory ''
	offers ''
	bash_completes test --kernel bzImage fo
	offers folder
	bash_completes check b
	offers b.sh bzImage
}

@test "completion bash: a payload's own words are not ours" {
	touch script.sh
	bash_completes run --kernel bzImage -- --
	[[ ! $output ]]
	bash_completes run --kernel bzImage -- bash --
	[[ ! $output ]]
	bash_completes run --wprof --kernel = bzImage bash --
	[[ ! $output ]]
	bash_completes run --kernel bzImage ./scr
	offers ./script.sh
	bash_completes exec -- mkdi
	grep -qx mkdir <<<"$output"
}

@test "completion bash: names with blanks stay whole, and sourcing it changes no setting" {
	touch 'a kernel'
	bash_completes run --kernel a
	offers 'a kernel'
	run bash -euc 'before=$(set +o; shopt); source ./completion.bash
		[[ $before == "$(set +o; shopt)" ]]; complete -p ktstr-launch'
	assert_status 0
	assert_output '^complete -F _ktstr_launch ktstr-launch$'
}

# zsh_completes LINE: what the terminal of an interactive zsh shows after LINE and a tab.
zsh_completes()
{
	zsh --version >/dev/null 2>&1 || skip "no zsh here"
	"$KTSTR_LAUNCH" completion zsh >completion.zsh
	cat >type.zsh <<'END'
zmodload zsh/zpty
export TERM=dumb COLUMNS=200
zpty shell zsh -f -i
# expect PATTERN: what came until it did, or for two minutes.
expect()
{
	local chunk until=$((SECONDS + 120))
	seen=
	while ((SECONDS < until)); do
		if zpty -r -t shell chunk; then
			seen+=$chunk
			[[ $seen == ${~1} ]] && return
		else
			sleep 0.05
		fi
	done
}
zpty -w shell "PS1='%%'; autoload -Uz compinit; compinit -u -D; zstyle ':completion:*' list-prompt ''; LISTMAX=999; source ./completion.zsh; print rea''dy"
expect '*ready*'
zpty -n -w shell "$1"$'\t'
[[ -z $3 ]] || { sleep 0.3; zpty -n -w shell $'\t'; }
expect "*$2*"
print -r -- "$seen"
zpty -d shell
END
	run zsh -f type.zsh "$@"
}

@test "completion zsh: commands, options, files and topologies" {
	touch bzImage-1
	zsh_completes 'ktstr-launch pro' 'probe '
	assert_output 'ktstr-launch probe '
	zsh_completes 'ktstr-launch help lic' 'licenses '
	assert_output 'help licenses'
	zsh_completes 'ktstr-launch run --topol' '--topology'
	assert_output 'run --topology'
	zsh_completes 'ktstr-launch run --kernel bzI' 'bzImage-1'
	assert_output '--kernel bzImage-1'
	zsh_completes 'ktstr-launch run --topology 4n12' '4n12l8c2t'
	assert_output '--topology 4n12l8c2t'
	zsh_completes 'ktstr-launch test --gaun' '--gauntlet'
	assert_output 'test --gauntlet'
	zsh_completes 'ktstr-launch completion f' 'fish'
	assert_output 'completion fish'
	zsh_completes 'ktstr-launch cache c' 'clear'
	assert_output 'cache clear'
	zsh_completes 'ktstr-launch run --dump-' 'dump-initramfs' twice
	assert_output 'dump-acpi.*ACPI tables' 'dump-initramfs.*initramfs to FILE'
}

@test "completion fish: commands, files, topologies, a payload" {
	fish --version >/dev/null 2>&1 || skip "no fish here"
	"$KTSTR_LAUNCH" completion fish >completion.fish
	fish_completes()
	{
		run fish --no-config -c 'complete -c mkdir -l parents; source completion.fish
			complete -C $argv[1] | cut -f 1' "ktstr-launch $1"
		assert_status 0
	}
	touch bzImage-1
	fish_completes pro
	offers probe
	fish_completes 'help lic'
	offers licenses
	fish_completes 'run --kernel bzI'
	offers bzImage-1
	fish_completes 'run --topology 4n12'
	offers 4n12l8c2t
	fish_completes 'completion '
	offers bash zsh fish
	fish_completes 'cache '
	offers clear
	fish_completes 'check bzI'
	offers bzImage-1
	fish_completes 'exec -- mkdi'
	grep -qx mkdir <<<"$output"
	fish_completes 'exec -- mkdir --par'
	offers --parents
}

@test "completion: what is not a shell's name" {
	refuses completion
	refuses completion tcsh
	refuses completion bash zsh
	run ! sh -c '"$1" completion bash >/dev/full' sh "$KTSTR_LAUNCH"
}

# --- man pages -----------------------------------------------------------------------------------

@test "man: every command has its page, which names each of its options and variables, and no other" {
	local command option

	for command in $(all_commands); do
		"$KTSTR_LAUNCH" man "$command" >page || fail "$command: no page"
		grep -qi "^\.TH KTSTR.-LAUNCH.-${command//-/.-} 1 \"20..-..-..\" " page || fail "$command: its title"
		sed '/^\.SH/s/"//g; s/\\f.//g; s/\\-/-/g' page >plain
		for section in NAME SYNOPSIS DESCRIPTION OPTIONS 'EXIT STATUS' EXAMPLES 'SEE ALSO'; do
			grep -qxF ".SH $section" plain || fail "$command: no section $section"
		done
		diff <(sed -n '/^\.SH OPTIONS/,/^\.SH EXIT/s/^\(-[a-z], \)\?\(--[a-z-]*\).*/\2/p' plain | grep -vx -- --help) \
			<(all_options "$command" | grep -vx -- --help) || fail "$command: other options"
		for option in $("$KTSTR_LAUNCH" help "$command" | grep -oE '\bKTSTR_[A-Z_]+'); do
			grep -qx "$option" plain || grep -qF "($option)" plain || fail "$command: no $option"
		done
	done
	"$KTSTR_LAUNCH" man >page
	for command in $(all_commands); do
		grep -qx "\\\\fB${command//-/.-}.fR" page || fail "$command: not in the launcher's page"
	done
}

@test "man: the pages are right for groff and for mandoc, and show what is written" {
	local command

	for command in '' $(all_commands); do
		"$KTSTR_LAUNCH" man ${command:+"$command"} >page.1
		man --warnings=w -E UTF-8 -l page.1 >text 2>complaints
		[[ -s text && ! -s complaints ]] || fail "$command: $(cat complaints)"
		# Its STYLE is about the form of the source.
		command -v mandoc >/dev/null || continue
		run mandoc -T lint -W warning page.1
		[[ $status -eq 0 && ! $output ]] || fail "$command: mandoc"
	done
	"$KTSTR_LAUNCH" man run >page.1
	MANWIDTH=100 man -E ascii -l page.1 | col -b >text
	grep -q -- '--wprof\[=always\]' text
	grep -q 'guest.s kernel panicked' text
	grep -qF 'ktstr-launch run --kernel bzImage --topology 2n4l2c2t --memory 4G -- ./numa-test' text
	# Blanks, quotes, dollars and backquotes of examples are as they are typed.
	"$KTSTR_LAUNCH" man exec | man -E ascii -l - | col -b |
		grep -qF "ktstr-launch exec -- sh -c '\"\$KTSTR_WPROF_PATH\" --help'"
}

@test "man: every section that is written is shown" {
	for text in "$ROOT"/doc/*.txt; do
		name=$(basename "$text" .txt) command=()
		[[ $name == ktstr-launch ]] || command=("$name")
		"$KTSTR_LAUNCH" man "${command[@]}" >page
		while read -r section; do
			grep -qE "^\.SH \"?$section\"?$" page || fail "$name: no section $section"
		done < <(sed -n 's/^# //p' "$text")
	done
}

@test "man: what is not a command" {
	refuses man nonsense
	refuses man run test
	run ! sh -c '"$1" man >/dev/full' sh "$KTSTR_LAUNCH"
}

@test "install-manual: pages and completions, where the shells and man look for them" {
	run "$ROOT/tools/install-manual" "$KTSTR_LAUNCH" 'a share'
	[[ $status -eq 0 && ! $output ]]
	cmp 'a share/man/man1/ktstr-launch-run.1' <("$KTSTR_LAUNCH" man run)
	cmp 'a share/bash-completion/completions/ktstr-launch' <("$KTSTR_LAUNCH" completion bash)
	head -n 1 'a share/zsh/site-functions/_ktstr-launch' | grep -qx '#compdef ktstr-launch'
	[[ -s 'a share/fish/vendor_completions.d/ktstr-launch.fish' ]]
	[[ $(find 'a share' -type f | wc -l) -eq $(($(all_commands | wc -l) + 4)) ]]
	MANPATH="$PWD/a share/man" run man -w ktstr-launch-doctor
	assert_status 0
	[[ $(find 'a share' -type f ! -perm 644) == '' ]]
}
