#!/usr/bin/env bats
# What is kept for the next run, where, and is it gone when it is cleared?

load ../helper

setup()
{
	export KTSTR_CACHE_DIR=$BATS_TEST_TMPDIR/cache
}

# put_base NAME: a file where a base would be, which is none.
put_base()
{
	(umask 077 && mkdir -p "$KTSTR_CACHE_DIR/bases")
	(umask 077 && head -c 3M /dev/zero | tr '\0' x >"$KTSTR_CACHE_DIR/bases/base-$1")
}

# put_package NAME RELEASE
put_package()
{
	(umask 077 && mkdir -p "$KTSTR_CACHE_DIR/packages")
	mkdir -p "$KTSTR_CACHE_DIR/packages/$1/lib/modules/$2"
	head -c 2M /dev/zero | tr '\0' x >"$KTSTR_CACHE_DIR/packages/$1/vmlinuz"
}

digits=$(printf '%064d' 7)

@test "cache: there is none" {
	KTSTR_CACHE_DIR='' run "$KTSTR_LAUNCH" cache
	assert_status 0
	[[ $output == 'no cache: KTSTR_CACHE_DIR is empty' ]]
	KTSTR_CACHE_DIR='' run "$KTSTR_LAUNCH" cache clear
	assert_status 0
	run env -u KTSTR_CACHE_DIR -u XDG_CACHE_HOME -u HOME "$KTSTR_LAUNCH" cache
	assert_status 0
	assert_output '^no cache: none of KTSTR_CACHE_DIR, XDG_CACHE_HOME and HOME '
	KTSTR_CACHE_DIR=$(printf '%04096d' 0) run "$KTSTR_LAUNCH" cache
	assert_status 125
	assert_output '^ktstr-launch: cache: the path .* too long'
}

@test "cache: nothing in it; to look makes no folder" {
	for words in cache 'cache clear'; do
		# shellcheck disable=SC2086 # two words
		run "$KTSTR_LAUNCH" $words
		assert_status 0
		[[ ${lines[0]} == "folder: $KTSTR_CACHE_DIR" ]]
		[[ ! -e $KTSTR_CACHE_DIR ]]
	done
	assert_output '^removed 0 bases, 0 kernels, 0 packages, 0 MiB in all$'
	run "$KTSTR_LAUNCH" cache
	assert_output '^nothing is kept$'
	run env -u KTSTR_CACHE_DIR -u XDG_CACHE_HOME HOME=/nowhere "$KTSTR_LAUNCH" cache
	[[ ${lines[0]} == 'folder: /nowhere/.cache/ktstr' ]]
}

@test "cache: lists bases, kernels and packages; clear removes them and nothing else" {
	put_base "$digits"
	put_package aaaa 6.1.0-test
	touch -d '3 hours ago' "$KTSTR_CACHE_DIR/packages/aaaa"
	touch -d '5 days ago' "$KTSTR_CACHE_DIR/bases/base-$digits"
	echo x >"$KTSTR_CACHE_DIR/vmlinux-1"
	echo x >"$KTSTR_CACHE_DIR/bases/mine"
	echo x >"$KTSTR_CACHE_DIR/mine"
	run "$KTSTR_LAUNCH" cache
	assert_status 0
	assert_output '^KIND +KERNEL +TOPOLOGY +MEMORY +ON DISK +LAST USED$' \
		'^base +damaged +- +- +3 MiB  5 days ago$' \
		'^kernel +damaged +- +- +1 MiB  just now$' \
		'^package +6.1.0-test +- +- +[23] MiB  3 h ago$' '^[56] MiB in all$'
	run "$KTSTR_LAUNCH" cache clear
	assert_status 0
	assert_output '^removed 1 base, 1 kernel, 1 package, [56] MiB in all$'
	[[ $(cd "$KTSTR_CACHE_DIR" && find . -type f ! -name .locks | sort) == $'./bases/mine\n./mine' ]]
}

@test "cache clear: a package in use stays" {
	put_package aaaa 6.1
	put_package bbbb 6.2
	exec {lock}<"$KTSTR_CACHE_DIR/packages/aaaa"
	flock -s $lock
	run "$KTSTR_LAUNCH" cache clear
	exec {lock}<&-
	assert_status 0
	assert_output '^removed 0 bases, 0 kernels, 1 package, ' '^packages in use, which stay: 1$'
	[[ $(ls "$KTSTR_CACHE_DIR/packages") == aaaa ]]
}

@test "cache: words of a file move no cursor" {
	put_package aaaa $'6.1\e[2Jx y'
	run "$KTSTR_LAUNCH" cache
	assert_output '^package +6\.1\?\[2Jx\?y '
	refute_output $'\e'
}

@test "cache: a folder that is not only ours, or a link, is said and left alone" {
	put_base "$digits"
	chmod g+w "$KTSTR_CACHE_DIR"
	for words in cache 'cache clear'; do
		# shellcheck disable=SC2086 # two words
		run "$KTSTR_LAUNCH" $words
		assert_status 125
		assert_output "^ktstr-launch: cache: .*cache' is writable by others"
	done
	chmod g-w "$KTSTR_CACHE_DIR"
	mv "$KTSTR_CACHE_DIR/bases" "$BATS_TEST_TMPDIR/elsewhere"
	ln -s "$BATS_TEST_TMPDIR/elsewhere" "$KTSTR_CACHE_DIR/bases"
	run "$KTSTR_LAUNCH" cache clear
	assert_status 125
	assert_output "^ktstr-launch: cache: .*a symbolic link"
	[[ -e $BATS_TEST_TMPDIR/elsewhere/base-$digits ]]
}

@test "cache: bad arguments" {
	run "$KTSTR_LAUNCH" cache list
	assert_status 125
	assert_output "^ktstr-launch: cache: argument 'list': takes nothing, or 'clear'"
	run "$KTSTR_LAUNCH" cache clear all
	assert_status 125
	assert_output "^ktstr-launch: cache: argument 'all': "
	run "$KTSTR_LAUNCH" cache --all
	assert_status 125
	run sh -c '"$1" cache >/dev/full' sh "$KTSTR_LAUNCH"
	assert_status 125
	assert_output "No space left"
}
