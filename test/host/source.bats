#!/usr/bin/env bats
# Does the build fetch wprof's source, compile it without cargo and embed it? On a small project of
# wprof's shape (test/fixtures/wprof), from a real server on 127.0.0.1; upstream's own is out of reach.

load ../helper
load tree

# shellcheck source=../servers/web.bash
source "$ROOT/test/servers/web.bash"

# The fixture as repositories: two submodules, at relative addresses.
make_repos()
{
	local name

	mkdir -p "$WEB/git"
	for name in libbpf blazesym; do
		cp -r "$ROOT/test/fixtures/wprof/$name" "$WEB/git/$name"
		git_as_us init -q -b main "$WEB/git/$name"
		git_as_us -C "$WEB/git/$name" add -A
		git_as_us -C "$WEB/git/$name" commit -qm x
	done
	mkdir "$WEB/git/wprof"
	cp -r "$ROOT"/test/fixtures/wprof/{README,LICENSE,src} "$WEB/git/wprof"
	git_as_us init -q -b main "$WEB/git/wprof"
	for name in libbpf blazesym; do
		git_as_us -C "$WEB/git/wprof" submodule --quiet add "../$name" "$name"
	done
	git_as_us -C "$WEB/git/wprof" add -A
	git_as_us -C "$WEB/git/wprof" commit -qm x
	git_as_us clone -q --recursive "$WEB/git/wprof" "$WEB/plain"
	find "$WEB/plain" -name .git -prune -exec rm -rf {} +
}

setup_file()
{
	unset "${!GIT_@}" http_proxy https_proxy all_proxy HTTPS_PROXY ALL_PROXY SSL_CERT_FILE
	# Not below bats' folder: the web server's user has to reach it.
	WEB=$(mktemp -d /tmp/ktstr-source-test.XXXXXX)
	export PROJECT=$BATS_FILE_TMPDIR/project
	export WEB HOME=$WEB/home SCRATCH=$PROJECT/build FAKES=$BATS_FILE_TMPDIR/fakes
	export KTSTR_CACHE_DIR=$BATS_FILE_TMPDIR/cache KTSTR_FETCH_BACKOFF_MS=10
	mkdir "$HOME" "$WEB/www" "$FAKES"
	copy_tree "$PROJECT"
	copy_build "$PROJECT"
	make_repos
	git config --global safe.directory '*'
	# No Rust on this machine: who calls it is told on.
	for name in cargo rustc; do
		printf '#!/bin/sh\necho "$0 $*" >>%s/called\nexit 1\n' "$FAKES" >"$FAKES/$name"
		chmod +x "$FAKES/$name"
	done
	export PATH=$FAKES:$PATH
	web_start "$WEB"
	COMMIT=$(git -C "$WEB/git/wprof" rev-parse HEAD)
	TREE=$("${FETCH:-$ROOT/build/tools/fetch/fetch}" tree "$WEB/plain")
	export COMMIT TREE LOCK=$WEB/sources.lock
	write_lock >"$LOCK"
	in_scratch WPROF=source >"$BATS_FILE_TMPDIR/log" 2>&1 || cat "$BATS_FILE_TMPDIR/log"
}

teardown_file()
{
	web_stop "$WEB"
	rm -rf "$WEB"
}

write_lock()
{
	printf '%s\n' "name wprof" "version v0.4" "url git+$SURL/git/wprof" "commit $COMMIT" \
		"tree-sha256 $TREE" "archive-sha256 unknown"
}

# make in the project, with the fixture in place of upstream.
in_scratch()
{
	env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -C "$PROJECT" --no-print-directory -j2 \
		BUILD=build WPROF_LOCK="$LOCK" "$@"
}

@test "make fetches, compiles and embeds wprof; blobs says so; no cargo is called" {
	run cat "$BATS_FILE_TMPDIR/log"
	assert_output 'wprof: compiling wprof' 'wprof: compiled'
	run "$SCRATCH/ktstr-launch" blobs
	assert_output "^wprof +source +v0.4 ${COMMIT:0:7} .* [0-9a-f]{64}\$"
	[[ ! -e $FAKES/called ]] || fail "called: $(<"$FAKES/called")"
	run "$SCRATCH/ktstr-launch" blobs --verify
	assert_status 0
	"$SCRATCH/ktstr-launch" blobs --extract "$BATS_TEST_TMPDIR/x"
	run readelf -W -l "$BATS_TEST_TMPDIR/x/wprof"
	refute_output INTERP
}

@test "a second make does nothing" {
	local before

	before=$(find "$SCRATCH" -type f -printf '%p %T@\n' | sort)
	run in_scratch WPROF=source CFLAGS="-O2 -g"
	assert_status 0
	[[ -z $output ]] || fail "it did something"
	[[ $(find "$SCRATCH" -type f -printf '%p %T@\n' | sort) == "$before" ]]
}

@test "the same source gives the same bytes, in another folder and from an archive of a mirror" {
	local sum

	run in_scratch wprof-archive WPROF_ARCHIVE="$BATS_TEST_TMPDIR/wprof-1.tar.gz"
	assert_status 0
	run in_scratch wprof-archive WPROF_ARCHIVE="$WEB/www/wprof-1.tar.gz"
	assert_status 0
	(cd "$WEB/www" && sha256sum -c wprof-1.tar.gz.sha256)
	# Nothing is overwritten, neither the archive nor its digest.
	run in_scratch wprof-archive WPROF_ARCHIVE="$WEB/www/wprof-1.tar.gz"
	[[ $status -ne 0 ]]
	assert_output 'not overwritten'
	(cd "$WEB/www" && sha256sum -c wprof-1.tar.gz.sha256)
	cmp "$BATS_TEST_TMPDIR/wprof-1.tar.gz" "$WEB/www/wprof-1.tar.gz"
	chmod a+r "$WEB/www/wprof-1.tar.gz"
	read -r sum _ <"$WEB/www/wprof-1.tar.gz.sha256"
	# Through a symbolic link, and in an environment as kernel people have it.
	mkdir "$BATS_TEST_TMPDIR/real"
	ln -s real "$BATS_TEST_TMPDIR/other"
	ARCH=x86_64 CROSS_COMPILE=x86_64-linux-gnu- CFLAGS=-O0 OUTPUT=$BATS_TEST_TMPDIR/elsewhere \
		run in_scratch "$BATS_TEST_TMPDIR/other/wprof" WPROF_BUILD="$BATS_TEST_TMPDIR/other" \
		WPROF_URL="$SURL/wprof-1.tar.gz" WPROF_SHA256="$sum"
	assert_status 0
	cmp "$BATS_TEST_TMPDIR/other/wprof" "$SCRATCH/wprof/wprof"
	[[ ! -e $BATS_TEST_TMPDIR/elsewhere ]]
}

@test "a mirror's archive with another digest: both are named, and nothing of it is unpacked" {
	local wrong=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef

	echo other >"$WEB/www/other.tar.gz"
	run in_scratch "$BATS_TEST_TMPDIR/b/wprof" WPROF_BUILD="$BATS_TEST_TMPDIR/b" \
		WPROF_URL="$URL/other.tar.gz" WPROF_SHA256=$wrong
	[[ $status -ne 0 ]]
	assert_output "$wrong" "$(sha256sum <"$WEB/www/other.tar.gz" | cut -d ' ' -f 1)" other.tar.gz
	[[ ! -e $BATS_TEST_TMPDIR/b/work ]]
	# One whose digest nobody recorded is not fetched at all.
	run in_scratch "$BATS_TEST_TMPDIR/b/wprof" WPROF_BUILD="$BATS_TEST_TMPDIR/b" \
		WPROF_URL="$URL/other.tar.gz"
	[[ $status -ne 0 ]]
	assert_output 'WPROF_SHA256='
}

@test "with the server gone it is built from the cache; offline and without one, it says what to do" {
	run in_scratch "$BATS_TEST_TMPDIR/c/wprof" WPROF_BUILD="$BATS_TEST_TMPDIR/c" WPROF_OFFLINE=1
	assert_status 0
	cmp "$BATS_TEST_TMPDIR/c/wprof" "$SCRATCH/wprof/wprof"
	KTSTR_CACHE_DIR=$BATS_TEST_TMPDIR/empty run in_scratch "$BATS_TEST_TMPDIR/d/wprof" \
		WPROF_BUILD="$BATS_TEST_TMPDIR/d" WPROF_OFFLINE=1
	[[ $status -ne 0 ]]
	assert_output 'offline'
}

@test "WPROF=auto without the source: the built-in tracer, a notice, and dist refuses it" {
	local missing=$BATS_TEST_TMPDIR/missing.lock

	sed 's|^url .*|url git+http://127.0.0.1:9/nothing|; s/^commit .*/commit 0123456789012345678901234567890123456789/' "$LOCK" >"$missing"
	run in_scratch WPROF=auto WPROF_LOCK="$missing" WPROF_BUILD="$BATS_TEST_TMPDIR/auto"
	assert_status 0
	assert_output 'NOTICE: this build holds the BUILT-IN tracer' 'WPROF=prebuilt' '127.0.0.1:9'
	run "$SCRATCH/ktstr-launch" blobs
	assert_output '^wprof +builtin '
	# It is not tried at each make, but said in a line.
	run in_scratch WPROF=auto WPROF_LOCK="$missing" WPROF_BUILD="$BATS_TEST_TMPDIR/auto"
	assert_status 0
	[[ $output == "NOTE: the built-in tracer is inside, not wprof "*"make WPROF=source tries again" ]] ||
		fail "it did more, or said less"
	run in_scratch dist WPROF_LOCK="$missing"
	[[ $status -ne 0 ]]
	assert_output 'make dist: WPROF=auto'
	run in_scratch WPROF=source WPROF_LOCK="$missing" WPROF_BUILD="$BATS_TEST_TMPDIR/auto"
	[[ $status -ne 0 ]]
	# With the source there, auto takes it, and dist one that is named.
	run in_scratch WPROF=auto
	assert_status 0
	run "$SCRATCH/ktstr-launch" blobs
	assert_output '^wprof +source '
	# Its licence comes with it.
	run "$SCRATCH/ktstr-launch" licenses
	assert_output '^from: wprof v0.4 .*, LICENSE$' '^The licence of the stand-in'
	run in_scratch dist WPROF=source
	assert_status 0
	(cd "$SCRATCH/dist" && sha256sum -c ktstr-launch.sha256)
}

# build_it ARGS...: the recipe alone, on a copy of the source that a test may spoil.
build_it()
{
	printf '#!/bin/sh\ncp -r %s/src "$2"\n' "$BATS_TEST_TMPDIR" >"$BATS_TEST_TMPDIR/get"
	chmod +x "$BATS_TEST_TMPDIR/get"
	run "$ROOT/third_party/wprof/build" --work "$BATS_TEST_TMPDIR/work" \
		--out "$BATS_TEST_TMPDIR/wprof" --identity test "$@" -- "$BATS_TEST_TMPDIR/get"
}

@test "the recipe names what is missing, by package, before it compiles anything" {
	cp -r "$WEB/plain" "$BATS_TEST_TMPDIR/src"
	# A compiler that finds no libraries.
	mkdir "$BATS_TEST_TMPDIR/bin"
	cat >"$BATS_TEST_TMPDIR/bin/cc" <<-'END'
		#!/bin/sh
		case "$* " in
		*" -lelf "* | *" -lz "*) printf "ld: cannot find -l%s: No such file\n" elf z >&2; exit 1 ;;
		esac
		exec gcc "$@"
	END
	chmod +x "$BATS_TEST_TMPDIR/bin/cc"
	CC=$BATS_TEST_TMPDIR/bin/cc build_it
	assert_status 1
	assert_output 'missing: libelf.a, libz.a; install the Debian packages: libelf-dev zlib1g-dev \(Fedora: elfutils-libelf-devel-static zlib-static\)'
	printf '#!/bin/sh\necho "#define __clang_major__ 17"\n' >"$BATS_TEST_TMPDIR/bin/clang"
	chmod +x "$BATS_TEST_TMPDIR/bin/clang"
	build_it --clang "$BATS_TEST_TMPDIR/bin/clang"
	assert_status 1
	assert_output "version 17; give one of version 18 or newer"
	for name in bash env dirname basename cat chmod sed grep sort gcc make mawk awk git flock mktemp rm tail \
		as ld cc1; do
		ln -s "$(type -P "$name" || gcc -print-prog-name="$name")" "$BATS_TEST_TMPDIR/bin/$name"
	done
	PATH=$BATS_TEST_TMPDIR/bin build_it
	assert_status 1
	assert_output 'missing: clang 18 or newer .*: clang-19 \(Fedora: clang\)'
	# A program of that name is called by bpftool's build, whatever the compiler is.
	mv "$BATS_TEST_TMPDIR/bin/gcc" "$BATS_TEST_TMPDIR/bin/other-cc"
	PATH=$BATS_TEST_TMPDIR/bin CC=other-cc build_it
	assert_status 1
	assert_output 'missing: clang 18 .*, a program named gcc'
	[[ ! -e $BATS_TEST_TMPDIR/work ]]
}

@test "an archive that is there and cannot be linked is told apart, with the way out" {
	cp -r "$WEB/plain" "$BATS_TEST_TMPDIR/src"
	# As elfutils 0.192 has it: a function that no archive has.
	mkdir "$BATS_TEST_TMPDIR/lib"
	(
		cd "$BATS_TEST_TMPDIR/lib"
		cp "$(gcc -print-file-name=libelf.a)" .
		ar x libelf.a elf_begin.o
		objcopy --redefine-sym calloc=eu_search_tree_init elf_begin.o
		ar r libelf.a elf_begin.o
	)
	CC="gcc -L$BATS_TEST_TMPDIR/lib" build_it
	assert_status 1
	assert_output "libelf.a: .*undefined reference to .eu_search_tree_init.*elfutils 0.192 \\(Debian 13\\).*WPROF_CC='gcc -L"
	[[ ! -e $BATS_TEST_TMPDIR/work ]]
	# The launcher's own link has the same need, and says the same.
	run in_scratch WPROF=builtin LDFLAGS="-L$BATS_TEST_TMPDIR/lib" build/ktstr-launch
	[[ $status -ne 0 ]]
	assert_output "libelf.a: .*undefined reference to .eu_search_tree_init.*make LDFLAGS=-L"
	refute_output 'is missing'
	rm -f "$SCRATCH/ktstr-launch.debug"
}

@test "a source whose blazesym.h has no no_vdso yet is compiled as well, and without LTO" {
	cp -r "$WEB/plain" "$BATS_TEST_TMPDIR/src"
	sed -i /no_vdso/d "$BATS_TEST_TMPDIR/src/blazesym/capi/include/blazesym.h"
	build_it
	assert_status 0
	assert_output 'wprof: compiled'
	run cat "$BATS_TEST_TMPDIR/wprof.log"
	assert_output '-static .output/wprof.o'
	refute_output '-flto'
}

@test "a lock that knows no digest of the tree: the commit alone binds" {
	sed 's/^tree-sha256 .*/tree-sha256 unknown/' "$LOCK" >"$BATS_TEST_TMPDIR/lock"
	run in_scratch "$BATS_TEST_TMPDIR/u/wprof" WPROF_BUILD="$BATS_TEST_TMPDIR/u" \
		WPROF_LOCK="$BATS_TEST_TMPDIR/lock"
	assert_status 0
	cmp "$BATS_TEST_TMPDIR/u/wprof" "$SCRATCH/wprof/wprof"
}

@test "a submodule that is not there is refused before upstream's Makefile would fetch it" {
	cp -r "$WEB/plain" "$BATS_TEST_TMPDIR/src"
	rm -r "$BATS_TEST_TMPDIR/src/blazesym"
	build_it
	assert_status 1
	assert_output "no folder 'blazesym/src'"
	[[ ! -e $BATS_TEST_TMPDIR/wprof ]]
}

@test "a recipe that reaches for the network fails, and that is said" {
	unshare --net true 2>/dev/null || unshare --user --map-root-user --net true 2>/dev/null ||
		skip "no network namespaces on this machine"
	cp -r "$WEB/plain" "$BATS_TEST_TMPDIR/src"
	printf '\n$(OUTPUT)/trace.o: fetched\nfetched:\n\tgit ls-remote %s/git/wprof\n' "$URL" \
		>>"$BATS_TEST_TMPDIR/src/src/Makefile"
	build_it
	assert_status 1
	assert_output 'it reached for the network' 'make failed'
	[[ ! -e $BATS_TEST_TMPDIR/wprof ]]
}

@test "a recipe that calls cargo in another way is told that it has changed" {
	cp -r "$WEB/plain" "$BATS_TEST_TMPDIR/src"
	sed -i 's/build --package=blazesym-c/clippy/' "$BATS_TEST_TMPDIR/src/src/Makefile"
	build_it
	assert_status 1
	assert_output "'clippy.*only 'build' is known here; upstream's recipe has changed"
}

@test "WPROF_CARGO: upstream's own parts are built with it" {
	cat >"$BATS_TEST_TMPDIR/cargo" <<-END
		#!/bin/sh
		echo "\$(basename "\$PWD"): \$*" >>$BATS_TEST_TMPDIR/calls
		[ "\$1" = fetch ] || exec $ROOT/third_party/wprof/cargo "\$@"
	END
	chmod +x "$BATS_TEST_TMPDIR/cargo"
	run in_scratch "$BATS_TEST_TMPDIR/w/wprof" WPROF_BUILD="$BATS_TEST_TMPDIR/w" \
		WPROF_CARGO="$BATS_TEST_TMPDIR/cargo"
	assert_status 0
	run cat "$BATS_TEST_TMPDIR/calls"
	assert_output '^blazesym: fetch' '^demangle: fetch' \
		'^blazesym: build --package=blazesym-c -q --release$' '^demangle: build --release -q$'
}

@test "auto: what changes is tried again; a source that is gone is no error; a missing package is seen" {
	local none=$BATS_TEST_TMPDIR/none auto=$BATS_TEST_TMPDIR/auto

	run in_scratch build/auto/wprof WPROF=auto WPROF_BUILD="$auto"
	assert_status 0
	[[ $(head -n 1 "$auto/auto.choice") == source ]]
	# Another pin, which cannot be had: back to the built-in one, with the notice.
	sed "s|^url .*|url git+http://127.0.0.1:9/x|; s/^commit .*/commit ${COMMIT//[0-9a-f]/7}/
		s/^tree-sha256 .*/tree-sha256 unknown/" "$LOCK" >"$none"
	run in_scratch build/auto/wprof WPROF=auto WPROF_BUILD="$auto" WPROF_LOCK="$none"
	assert_status 0
	assert_output 'NOTICE: this build holds the BUILT-IN tracer'
	[[ $(head -n 1 "$auto/auto.choice") == builtin ]]
	# A compiler that is not there, and then is.
	run in_scratch build/auto/wprof WPROF=auto WPROF_BUILD="$auto" WPROF_CLANG=/none/clang
	assert_status 0
	assert_output "NOTICE" "clang '/none/clang'"
	run in_scratch build/auto/wprof WPROF=auto WPROF_BUILD="$auto"
	assert_status 0
	[[ $(head -n 1 "$auto/auto.choice") == source ]]
}

@test "ending make in the midst of it decides nothing" {
	# A server that takes the connection and says nothing.
	python3 -c '
import socket, sys, time
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen(8)
open(sys.argv[1], "w").write(str(s.getsockname()[1]))
time.sleep(60)' "$BATS_TEST_TMPDIR/port" 3>&- &
	server=$!
	web_wait test -s "$BATS_TEST_TMPDIR/port"
	for signal in INT TERM; do
		(
			cd "$PROJECT" || exit
			exec setsid env --default-signal=INT -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -j2 \
				BUILD=build WPROF=auto WPROF_BUILD="$BATS_TEST_TMPDIR/auto" \
				WPROF_LOCK="$LOCK" WPROF_SHA256="$(printf "%064d" 0)" \
				WPROF_URL="http://127.0.0.1:$(<"$BATS_TEST_TMPDIR/port")/x.tar.gz" \
				build/auto/wprof >"$BATS_TEST_TMPDIR/log" 2>&1 3>&-
		) &
		pid=$!
		web_wait grep -q 'fetching' "$BATS_TEST_TMPDIR/log"
		sleep 0.3
		kill -s "$signal" -- "-$pid"
		wait "$pid" || true
		[[ ! -e $BATS_TEST_TMPDIR/auto/auto.choice ]] ||
			fail "SIG$signal: $(<"$BATS_TEST_TMPDIR/auto/auto.choice") $(<"$BATS_TEST_TMPDIR/log")"
	done
	kill "$server"
}

@test "several makes that share one wprof compile it once" {
	for i in 1 2 3; do
		in_scratch "$BATS_TEST_TMPDIR/one/wprof" WPROF_BUILD="$BATS_TEST_TMPDIR/one" \
			>"$BATS_TEST_TMPDIR/log.$i" 2>&1 3>&- &
		pids[i]=$!
	done
	for i in 1 2 3; do
		wait "${pids[i]}" || fail "make $i: $(<"$BATS_TEST_TMPDIR/log.$i")"
	done
	cmp "$BATS_TEST_TMPDIR/one/wprof" "$SCRATCH/wprof/wprof"
	[[ $(cat "$BATS_TEST_TMPDIR"/log.* | grep -c 'wprof: compiled') -eq 1 ]]
}
