#!/usr/bin/env bats
# Does what the build downloads arrive whole, checked, or not at all? Real servers on 127.0.0.1.

load ../helper

FETCH=$(realpath -m "${FETCH:-$ROOT/build/tools/fetch/fetch}")
SERVERS=$ROOT/test/servers
# shellcheck source=../servers/web.bash
source "$SERVERS/web.bash"
# LeakSanitizer and strace exclude each other.
STRACE=(-f -qq -e 'trace=socket,connect' -E ASAN_OPTIONS=detect_leaks=0)

# new_repo NAME: with a file, a program, a link, an odd name and a folder.
new_repo()
{
	git init -q -b main "$WEB/git/$1"
	(
		cd "$WEB/git/$1" || exit
		mkdir src
		echo "$1" >"src/$1.c"
		printf '#!/bin/sh\n' >run
		chmod 755 run
		ln -s "src/$1.c" link
		echo odd >'ö -x
y'
		head -c 200000 /dev/urandom >noise
	)
	commit_all "$1"
}

commit_all()
{
	git_as_us -C "$WEB/git/$1" add -A
	git_as_us -C "$WEB/git/$1" commit -q -m "$1"
}

# root <- lib <- inner, root <- deep/er/other; URLs relative and absolute.
make_repos()
{
	local name

	mkdir -p "$WEB/git"
	for name in inner lib other root; do
		new_repo "$name"
	done
	git_as_us -C "$WEB/git/lib" submodule --quiet add ../inner vendor/inner
	commit_all lib
	git_as_us -C "$WEB/git/root" submodule --quiet add ../lib lib
	git_as_us -C "$WEB/git/root" submodule --quiet add "file://$WEB/git/other" deep/er/other
	git -C "$WEB/git/root" config -f .gitmodules submodule.deep/er/other.url ./../other
	commit_all root
	git_as_us clone -q --recursive "$WEB/git/root" "$WEB/plain" 2>/dev/null
	find "$WEB/plain" -name .git -prune -exec rm -rf {} +
}

setup_file()
{
	local plain tls

	unset "${!GIT_@}" http_proxy https_proxy all_proxy HTTPS_PROXY ALL_PROXY SSL_CERT_FILE
	# Not below bats' folder: the web server's user has to reach it.
	WEB=$(mktemp -d /tmp/ktstr-fetch-test.XXXXXX)
	export WEB HOME=$WEB/home
	mkdir "$HOME" "$WEB/www" "$WEB/evil"
	make_repos
	COMMIT=$(git -C "$WEB/git/root" rev-parse HEAD)
	TREE=$(python3 "$SERVERS/nar.py" "$WEB/plain")
	"$FETCH" pack "$WEB/plain" "$WEB/www/a.tar.gz" --prefix root-1 >/dev/null
	SHA256=$(sha256sum <"$WEB/www/a.tar.gz" | cut -d ' ' -f 1)
	web_start "$WEB"
	python3 "$SERVERS/misbehave.py" "$WEB/www/a.tar.gz" "$WEB/bad.log" "$WEB/bad.ports" \
		"$WEB/cert.pem" "$WEB/key.pem" >/dev/null 2>&1 3>&- &
	echo $! >"$WEB/bad.pid"
	web_wait test -s "$WEB/bad.ports"
	export COMMIT TREE SHA256
	read -r plain tls <"$WEB/bad.ports"
	export BAD=http://127.0.0.1:$plain SBAD=https://127.0.0.1:$tls
	export KTSTR_FETCH_BACKOFF_MS=10 KTSTR_FETCH_STALL_S=1
	# What git as another user would refuse to serve by file://.
	git config --global safe.directory '*'
}

teardown_file()
{
	[[ ! -s $WEB/bad.pid ]] || kill "$(<"$WEB/bad.pid")" || :
	web_stop "$WEB"
	rm -rf "$WEB"
}

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
	export KTSTR_CACHE_DIR=$BATS_TEST_TMPDIR/cache
}

get_git() { timeout -k 1 60 "$FETCH" get --into "${INTO:-out}" --commit "$COMMIT" "$@"; }
get_archive() { timeout -k 1 60 "$FETCH" get --into "${INTO:-out}" --sha256 "$SHA256" "$@"; }

# nothing_left: no tree, nothing temporary.
nothing_left()
{
	local left

	left=$(find . -name 'out*' -o -name '.*.fetch' -o -path '*/rooms/*')
	[[ -z $left ]] || fail "left over: $left"
}

requests() { grep -c -- "$1" "$WEB/access.log" || :; }

@test "tree: a known digest, and those of another implementation" {
	mkdir empty
	[[ $("$FETCH" tree empty) == sha256-pQpattmS9VmO3ZIQUFn66az8GSmB4IvYhTTCFn6SUmo= ]]
	[[ $("$FETCH" tree "$WEB/plain") == "$TREE" ]]
	mkdir -p odd/a odd/a-b odd/a.b
	printf 12345678 >odd/a/eight
	printf 123456789 >odd/a/nine
	: >odd/a-b/none
	ln -s "$(printf 'x%.0s' {1..300})" odd/long
	[[ $("$FETCH" tree odd) == "$(python3 "$SERVERS/nar.py" odd)" ]]
	chmod 100 odd/a/nine
	[[ $("$FETCH" tree odd) == "$(python3 "$SERVERS/nar.py" odd)" ]]
	mkfifo odd/fifo
	run "$FETCH" tree odd
	assert_status 1
	assert_output "^fetch: 'odd/fifo' is neither file, folder nor symbolic link"
}

@test "git+https: the tree with its submodules, and no .git" {
	run get_git --tree-sha256 "$TREE" "git+$SURL/git/root"
	assert_status 0
	assert_output 'fetching root at' 'fetching submodule lib at' \
		'fetching submodule vendor/inner' 'fetching submodule deep/er/other'
	[[ $(python3 "$SERVERS/nar.py" out) == "$TREE" ]]
	diff -r --no-dereference out "$WEB/plain"
	[[ -z $(find out -name .git) && -s out/.gitmodules && -s out/lib/vendor/inner/src/inner.c ]]
	rm -r out
	nothing_left
}

@test "git+http and git+file give the same" {
	INTO=a get_git --quiet --tree-sha256 "$TREE" "git+$URL/git/root/"
	KTSTR_CACHE_DIR='' INTO=b get_git --quiet --tree-sha256 "$TREE" "git+file://$WEB/git/root"
	diff -r --no-dereference a b
	[[ $(find . -path ./cache -prune -o -maxdepth 1 -name '.*' -print) == . ]]
}

@test "what is there already is never overwritten" {
	mkdir out
	echo mine >out/mine
	run get_git "git+$SURL/git/root"
	assert_status 1
	assert_output "^fetch: 'out' exists already and is never overwritten"
	[[ $(find out) == out$'\n'out/mine && ! -e cache ]]
	ln -s nowhere link
	INTO="link" run get_archive "$URL/a.tar.gz"
	assert_status 1
	[[ $(readlink link) == nowhere ]]
	rm -r out
	nothing_left
}

@test "git: a commit that the server does not have, and a tree of another digest" {
	COMMIT=0123456789012345678901234567890123456789 run get_git "git+$SURL/git/root"
	assert_status 1
	assert_output "fetching commit 0123.* of 'https:.*/git/root'.*not our ref"
	nothing_left
	run get_git --tree-sha256 sha256-pQpattmS9VmO3ZIQUFn66az8GSmB4IvYhTTCFn6SUmo= \
		"git+$SURL/git/root"
	assert_status 3
	assert_output "the tree from https://.*/git/root is not the wanted one" \
		'wanted sha256-pQpattmS9VmO3ZIQUFn66az8GSmB4IvYhTTCFn6SUmo='
	[[ $output == *"is     $TREE"* ]]
	nothing_left
}

@test "git: a submodule is followed by https, http, ssh and file only; one without a URL is an error" {
	mkdir repos
	git init -q repos/odd
	git -C repos/odd config -f .gitmodules submodule.x.path sub
	git -C repos/odd config -f .gitmodules submodule.x.url "ext::sh -c 'touch $PWD/ran'"
	git -C repos/odd update-index --add --cacheinfo "160000,$COMMIT,sub"
	git_as_us -C repos/odd add .gitmodules
	git_as_us -C repos/odd commit -q -m x
	run "$FETCH" get --into out --commit "$(git -C repos/odd rev-parse HEAD)" \
		"git+file://$PWD/repos/odd"
	assert_status 1
	assert_output "fetching commit $COMMIT of 'ext::.*ext.* not allowed"
	[[ ! -e ran ]]
	git -C repos/odd rm -q --cached .gitmodules
	git_as_us -C repos/odd commit -q -m none
	run "$FETCH" get --into out --commit "$(git -C repos/odd rev-parse HEAD)" \
		"git+file://$PWD/repos/odd"
	assert_status 1
	assert_output "[Nn]o url found for submodule path 'sub'"
	nothing_left
}

@test "the tree's digest is told in one line where there is none to compare it to" {
	run get_git "git+$SURL/git/root"
	assert_status 0
	[[ $(grep -cF "$TREE" <<<"$output") -eq 1 ]]
	assert_output '^fetch: the tree of https.*; there is none to compare it to$'
	INTO=b run get_git --tree-sha256 "$TREE" "git+$SURL/git/root"
	refute_output 'none to compare'
}

@test "git: hooks, filters and templates of this machine take no part" {
	mkdir -p template/hooks home
	printf '#!/bin/sh\ntouch %q\n' "$PWD/ran" >template/hooks/post-checkout
	chmod +x template/hooks/post-checkout
	cat >home/.gitconfig <<-END
		[init]
			templateDir = $PWD/template
		[core]
			hooksPath = $PWD/template/hooks
			autocrlf = true
			fsmonitor = $PWD/template/hooks/post-checkout
			attributesFile = $PWD/attributes
		[filter "x"]
			smudge = "touch $PWD/ran; cat"
		[safe]
			directory = *
	END
	echo '* filter=x ident' >attributes
	HOME=$PWD/home GIT_DIR=$PWD/none GIT_INDEX_FILE=$PWD/no-index \
		get_git --quiet --tree-sha256 "$TREE" "git+$SURL/git/root"
	[[ ! -e ran && ! -e none && ! -e no-index ]]
}

@test "git: url.*.insteadOf of the user leads to a mirror" {
	mkdir home
	git config -f home/.gitconfig "url.$SURL/git/.insteadOf" https://upstream.invalid/x/
	HOME=$PWD/home get_git --quiet --tree-sha256 "$TREE" git+https://upstream.invalid/x/root
	rm -r out* cache
	git config -f home/.gitconfig --remove-section "url.$SURL/git/"
	git config -f home/.gitconfig "url.file://$WEB/git/.insteadOf" https://upstream.invalid/x/
	git config -f home/.gitconfig safe.directory '*'
	HOME=$PWD/home get_git --quiet --offline --tree-sha256 "$TREE" \
		git+https://upstream.invalid/x/root
}

@test "TLS: an unknown certificate is refused, at once" {
	run env -u CURL_CA_BUNDLE "$FETCH" get --into out --sha256 "$SHA256" "$SURL/a.tar.gz"
	assert_status 1
	assert_output "^fetch: fetching '$SURL/a.tar.gz': .*certificate.*CURL_CA_BUNDLE"
	refute_output 'try 2'
	run env -u CURL_CA_BUNDLE GIT_SSL_NO_VERIFY=1 "$FETCH" get --into out --commit "$COMMIT" \
		"git+$SURL/git/root"
	assert_status 1
	assert_output "certificate"
	nothing_left
	CURL_CA_BUNDLE='' SSL_CERT_FILE=$WEB/cert.pem get_archive --quiet "$SURL/a.tar.gz"
	rm -r cache
	CURL_CA_BUNDLE=/etc/hostname GIT_SSL_CAINFO=$WEB/cert.pem INTO=c get_git --quiet \
		"git+$SURL/git/root"
	CURL_CA_BUNDLE='' SSL_CERT_FILE=$WEB/cert.pem INTO=b get_git --quiet "git+$SURL/git/root"
}

@test "archives: over https, http and from a file" {
	local url

	cp "$WEB/www/a.tar.gz" 'b %.tar.gz'
	for url in "$SURL/a.tar.gz" "$URL/a.tar.gz" "file://$PWD/b%20%25.tar.gz" \
		"file://localhost$WEB/www/a.tar.gz"; do
		rm -rf cache out
		run get_archive --tree-sha256 "$TREE" "$url"
		assert_status 0
		[[ $("$FETCH" tree out) == "$TREE" ]]
	done
	# Without a cache nothing but the tree is left.
	rm -rf cache out*
	KTSTR_CACHE_DIR='' get_archive --quiet "$SURL/a.tar.gz"
	[[ $(find . -maxdepth 1 | sort | xargs) == '. ./b %.tar.gz ./out' ]]
}

@test "archives: each compression; others are refused" {
	local option suffix

	for option in z:gz J:xz j:bz2 -zstd:zst -format=posix:tar; do
		suffix=${option#*:}
		tar -C "$WEB" "-${option%:*}" -cf "a.$suffix" --transform 's/^plain/t/' plain
		"$FETCH" get --quiet --into "out-$suffix" --tree-sha256 "$TREE" \
			--sha256 "$(sha256sum "a.$suffix" | cut -d ' ' -f 1)" "file://$PWD/a.$suffix"
	done
	# As a git server makes them: with a header for all entries, and empty folders.
	git -C "$WEB/git/root" archive --prefix=t/ HEAD | gzip >git.tar.gz
	"$FETCH" get --quiet --into git --sha256 "$(sha256sum <git.tar.gz | cut -d ' ' -f 1)" \
		"file://$PWD/git.tar.gz"
	[[ -x git/run && -d git/lib ]]
	echo x | (mkdir t && cd t && cat >x && cd .. && find t | cpio --quiet -o >a.cpio)
	run "$FETCH" get --into out --sha256 "$(sha256sum a.cpio | cut -d ' ' -f 1)" "file://$PWD/a.cpio"
	assert_status 1
	assert_output 'a tar archive with gzip, xz, zstd, bzip2 or no compression is wanted'
	[[ ! -e out ]]
}

@test "pack: the same bytes of two copies, and back again" {
	cp -r "$WEB/plain" one
	# Another umask, and the entries made in another order.
	(umask 077 && mkdir two && cd "$WEB/plain" && find . ! -type d -print0 | sort -rz |
		tar -c --null -T - | tar -x -m -C "$BATS_TEST_TMPDIR/two" --no-same-permissions)
	find two -exec touch -h -d 2001-02-03 {} +
	mkdir -p one/.git one/lib/.git
	echo x >one/.git/HEAD
	run "$FETCH" pack one one.tar.gz --prefix root-1
	assert_status 0
	[[ $output == "$(sha256sum one.tar.gz)" ]]
	"$FETCH" pack two two.tar.gz --prefix root-1
	cmp one.tar.gz two.tar.gz
	cmp one.tar.gz "$WEB/www/a.tar.gz"
	run tar -tvf one.tar.gz --numeric-owner
	assert_output '^drwxr-xr-x 0/0 .* 1970-01-01 00:00 root-1/$' '^-rwxr-xr-x 0/0 .* root-1/run$'
	refute_output '\.git(/|$)'
	[[ $(od -An -tx1 -j 3 -N 5 one.tar.gz) == ' 00 00 00 00 00' ]]
	get_archive --tree-sha256 "$TREE" "file://$PWD/one.tar.gz"
}

@test "pack: overwrites nothing, and leaves nothing half" {
	mkdir dir
	echo x >dir/x
	echo mine >there
	run "$FETCH" pack dir there --prefix p
	assert_status 1
	[[ $(<there) == mine ]]
	run "$FETCH" pack dir dir/inside --prefix p
	assert_status 1
	assert_output 'inside'
	mkfifo dir/fifo
	run "$FETCH" pack dir out --prefix p
	assert_status 1
	assert_output "'dir/fifo' is neither"
	nothing_left
	for prefix in '' a/b ..; do
		run "$FETCH" pack dir out --prefix "$prefix"
		assert_status 2
	done
}

@test "server: cuts off each time: five tries" {
	run get_archive "$BAD/cut/1.tar.gz"
	assert_status 1
	assert_output 'try 2 of 5' 'given up after 5 tries: .*/cut/1.tar.gz'
	nothing_left
}

@test "server: gives no answer: five tries, and the reason" {
	run get_archive "$BAD/drop/1"
	assert_status 1
	assert_output '^fetch: given up after 5 tries: fetching .*/drop/1.*: Empty reply'
	[[ $(grep -c '^/drop/1 ' "$WEB/bad.log") -eq 5 ]]
	nothing_left
}

@test "server: nobody listens there" {
	local free

	read -r free _ < <(web_free_ports)
	KTSTR_FETCH_BACKOFF_MS=1 run get_archive "http://127.0.0.1:$free/x"
	assert_status 1
	assert_output 'given up after 2 tries: .*/x.: .*(refused|connect).*https_proxy'
	KTSTR_FETCH_BACKOFF_MS=1 run get_git "git+http://127.0.0.1:$free/x"
	assert_status 1
	assert_output 'given up after 2 tries: .*/x.: git failed: .*(refused|connect)'
}

# dropping_port: where SYN packets are dropped: its backlog is full, and nobody accepts.
dropping_port()
{
	# shellcheck disable=SC2016
	python3 -c '
import socket, sys, time
server = socket.create_server(("127.0.0.1", 0), backlog=0)
clients = []
for i in range(8):
    client = socket.socket()
    client.setblocking(False)
    client.connect_ex(server.getsockname())
    clients.append(client)
time.sleep(0.2)
print(server.getsockname()[1], flush=True)
time.sleep(120)' >port 3>&- &
	DROPPER=$!
	web_wait test -s port
}

@test "server: packets are dropped: two tries, each no longer than the time for a connection" {
	local port get

	dropping_port
	port=$(<port)
	export KTSTR_FETCH_CONNECT_S=1 KTSTR_FETCH_STALL_S=30
	for get in "archive http" "archive https" "git git+http" "git git+https"; do
		SECONDS=0
		run "get_${get% *}" "${get#* }://127.0.0.1:$port/x"
		assert_status 1
		assert_output "given up after 2 tries: .*/x': .*KTSTR_FETCH_CONNECT_S"
		((SECONDS <= 6)) || fail "$get: $SECONDS s"
	done
	# A proxy; also one that only git knows of.
	SECONDS=0
	http_proxy=http://127.0.0.1:$port run get_git "git+$URL/git/root"
	assert_status 1
	assert_output 'given up after 2 tries: .*no word from the server within 1 s'
	mkdir home
	git config -f home/.gitconfig http.proxy "http://127.0.0.1:$port"
	HOME=$PWD/home run get_git "git+$URL/git/root"
	assert_status 1
	assert_output 'given up after 2 tries: .*no word from the server within 1 s'
	((SECONDS <= 12)) || fail "proxy: $SECONDS s"
	kill "$DROPPER"
	nothing_left
}

@test "git: through the user's proxy, by names that only git resolves" {
	mkdir home
	git config -f home/.gitconfig http.proxy "$BAD"
	HOME=$PWD/home run get_git git+http://upstream.invalid/not-found/by-setting
	assert_status 1
	assert_output "repository '.*' not found"
	http_proxy=$BAD run get_git git+http://upstream.invalid/not-found/by-environment
	assert_status 1
	assert_output "repository '.*' not found"
	grep -q '^/not-found/by-setting/info/refs' "$WEB/bad.log"
	grep -q '^/not-found/by-environment/info/refs' "$WEB/bad.log"
	# Names that only git knows how to resolve.
	git config -f home/.gitconfig --unset http.proxy
	git config -f home/.gitconfig http.curloptResolve "upstream.invalid:${URL##*:}:127.0.0.1"
	HOME=$PWD/home get_git --quiet --tree-sha256 "$TREE" \
		"git+http://upstream.invalid:${URL##*:}/git/root"
	rm -r out* cache
	git config -f home/.gitconfig http.curloptResolve upstream.invalid:1:127.0.0.1
	HOME=$PWD/home run get_git git+http://upstream.invalid:1/git/root
	assert_status 1
	assert_output 'given up after 2 tries: .*git failed: .*Failed to connect'
}

@test "git: nothing of the environment that changes what it does" {
	mkdir bin
	printf '#!/bin/sh\nenv >>%q; exec %q "$@"\n' "$PWD/seen" "$(command -v git)" >bin/git
	chmod +x bin/git
	PATH=$PWD/bin:$PATH GIT_ATTR_SOURCE=x GIT_REPLACE_REF_BASE=x GIT_SSL_NO_VERIFY=1 \
		LANGUAGE=de no_proxy=127.0.0.1 get_git --quiet "git+$SURL/git/root"
	run cat seen
	assert_output '^no_proxy=127' '^GIT_SSL_CAINFO=' '^LC_ALL=C$' "^HOME=$HOME$"
	refute_output '^(GIT_ATTR_SOURCE|GIT_REPLACE_REF_BASE|GIT_SSL_NO_VERIFY|LANGUAGE)='
}

@test "server: stalls: given up after the time without a byte, then tried again" {
	run get_archive "$BAD/stall/1"
	assert_status 0
	assert_output 'try 2 of 5'
}

@test "server: says more than it sends, once" {
	run get_archive "$BAD/says-more/1"
	assert_status 0
}

@test "server: says less than there is: another digest, and nothing is kept" {
	run get_archive "$BAD/says-less/1"
	assert_status 3
	assert_output "'$BAD/says-less/1' is not the wanted archive, nothing was unpacked" \
		"^  is     [0-9a-f]{64}$" "^  wanted $SHA256$"
	nothing_left
	[[ -z $(find cache -type f) ]]
	# Which does not spoil the next one.
	get_archive --quiet "$URL/a.tar.gz"
}

@test "server: serves another file" {
	run get_archive "$BAD/wrong/1"
	assert_status 3
	assert_output "wanted $SHA256"
	[[ $(grep -c '^/wrong/1 ' "$WEB/bad.log") -eq 1 ]]
	nothing_left
	cp "$WEB/www/a.tar.gz" other
	echo >>other
	run get_archive "file://$PWD/other"
	assert_status 3
	assert_output "wanted $SHA256"
	nothing_left
}

@test "server: redirects: five are followed, six are not, nor endless ones" {
	get_archive --quiet "$BAD/hops/5/a"
	rm -r out* cache
	run get_archive "$BAD/hops/6/a"
	assert_status 1
	assert_output 'Maximum \(5\) redirects followed'
	run get_archive "$BAD/loop/1"
	assert_status 1
	assert_output 'Maximum \(5\) redirects followed'
	[[ $(grep -c '^/loop/' "$WEB/bad.log") -eq 6 ]]
}

@test "server: redirects from https to http, or to a file, are not followed" {
	run get_archive "$SBAD/down/1"
	assert_status 1
	assert_output "redirected to 'http://.*', which is refused"
	run get_archive "$BAD/to-file/1"
	assert_status 1
	assert_output "redirected to 'file://.*', which is refused"
	nothing_left
}

@test "archives: through the user's proxy" {
	http_proxy=$BAD get_archive --quiet http://upstream.invalid/good/proxied
	grep -q '^/good/proxied ' "$WEB/bad.log"
	rm -r out* cache
	KTSTR_FETCH_BACKOFF_MS=0 no_proxy=127.0.0.1 http_proxy=http://127.0.0.1:1 \
		get_archive --quiet "$BAD/good/direct"
}

@test "server: busy twice, always, or without the file" {
	run get_archive "$BAD/busy/1"
	assert_status 0
	assert_output 'answered 503; try 2' 'try 3'
	rm -r out* cache
	run get_archive "$BAD/always-busy/1"
	assert_status 1
	assert_output 'given up after 5 tries: .*503'
	run get_archive "$BAD/not-found/1"
	assert_status 1
	assert_output 'answered 404'
	[[ $(grep -c '^/not-found/1 ' "$WEB/bad.log") -eq 1 ]]
	nothing_left
}

@test "server: more than an archive can be, or nothing" {
	run get_archive "$BAD/huge/1"
	assert_status 1
	assert_output 'larger than 1024 MiB'
	run get_archive "$BAD/empty/1"
	assert_status 3
	nothing_left
}

@test "archives: nothing is written outside of the folder, and there are limits" {
	local name message

	mkdir evil
	python3 "$SERVERS/evil_archives.py" "$PWD/evil"
	while read -r name message; do
		mkdir -p in/side
		run "$FETCH" get --into in/side/out \
			--sha256 "$(sha256sum <"evil/$name.tar.gz" | cut -d ' ' -f 1)" \
			"file://$PWD/evil/$name.tar.gz"
		if [[ $message ]]; then
			assert_status 1
			assert_output "$message" || fail "$name"
			[[ -z $(find in/side -mindepth 1) ]] || fail "$name"
		fi
		[[ -z $(find . -name 'escaped*' -not -path './in/side/out/*') ]] || fail "$name"
		rm -rf in
	done <<-'END'
		absolute
		dotdot            Path contains '..'
		dotdot-top
		through-symlink   'l/x'
		through-absolute  'l/escaped'
		hardlink-absolute hard-?link|Hard-?link
		hardlink-up       hard-?link|Hard-?link|\.\.
		fifo              fifo' is neither
		no-top            'f' is not in a top folder
		empty             it is empty
		bomb              more than 4096 MiB
		many              more than .* 200000 entries
		truncated         truncated|unexpected
		not-an-archive    a tar archive .* is wanted
	END
	"$FETCH" get --quiet --into good \
		--sha256 "$(sha256sum <evil/harmless.tar.gz | cut -d ' ' -f 1)" \
		"file://$PWD/evil/harmless.tar.gz"
	[[ $(stat -c %a good/d/f) == 755 && $(stat -c %a good/plain) == 644 ]]
	[[ $(readlink good/d/s) == ../e/./x && good/d/f -ef good/d/h ]]
}

@test "the cache: a damaged copy is said to be, and fetched anew" {
	local file other

	get_git --quiet "git+$SURL/git/root"
	INTO=b get_archive --quiet "$SURL/a.tar.gz"
	rm -r out b
	for file in cache/fetch/archives/*; do
		chmod 644 "$file"
		# Another byte than there is.
		other=x
		[[ $(dd if="$file" bs=1 skip=100 count=1 status=none | tr -d '\0') != x ]] || other=y
		printf %s "$other" | dd of="$file" bs=1 seek=100 conv=notrunc status=none
	done
	run get_archive --offline "$SURL/a.tar.gz"
	assert_status 1
	assert_output 'the cached copy .* is damaged' 'is not in the cache'
	run get_archive --tree-sha256 "$TREE" "$SURL/a.tar.gz"
	assert_status 0
	assert_output 'the cached copy .* is damaged'
	INTO=b run get_git --tree-sha256 "$TREE" "git+$SURL/git/root"
	assert_status 0
	assert_output 'the cached copy .* is damaged' 'fetching submodule lib'
	INTO=c get_git --quiet --offline --tree-sha256 "$TREE" "git+$SURL/git/root"
	# What is no digest leads to no archive.
	echo ../../../b >"cache/fetch/commits/$COMMIT"
	INTO=d run get_git --tree-sha256 "$TREE" "git+$SURL/git/root"
	assert_status 0
	assert_output 'fetching root at'
}

@test "the cache: one that cannot be written to, or is full" {
	((EUID == 0)) || skip "mounting needs root"
	echo >file
	KTSTR_CACHE_DIR=$PWD/file run get_archive "$URL/a.tar.gz"
	assert_status 1
	assert_output 'the cache cannot be used.*KTSTR_CACHE_DIR.*is a file, not a folder'
	mkdir cache
	run unshare -m sh -c 'mount -t tmpfs -o size=64k none cache && shift && "$@"' - \
		x "$FETCH" get --into out --sha256 "$SHA256" "$URL/a.tar.gz"
	assert_status 1
	assert_output 'a.tar.gz.*No space left.*KTSTR_CACHE_DIR'
	run unshare -m sh -c 'mount -t tmpfs -o size=64k none cache && shift && "$@"' - \
		x "$FETCH" get --into out --commit "$COMMIT" "git+$URL/git/root"
	assert_status 1
	assert_output 'No space left'
	run unshare -m sh -c 'mount -t tmpfs -o ro none cache && shift && "$@"' - \
		x "$FETCH" get --into out --sha256 "$SHA256" "$URL/a.tar.gz"
	assert_status 1
	assert_output 'the cache cannot be used.*Read-only file system'
	# One that was made by another user, or before the disk failed.
	mkdir full
	for url in "--sha256 $SHA256 $URL/a.tar.gz" "--commit $COMMIT git+$URL/git/root"; do
		# shellcheck disable=SC2016,SC2086
		KTSTR_CACHE_DIR=$PWD/full run unshare -m sh -c 'mount -t tmpfs none full &&
			mkdir -p full/fetch/archives full/fetch/commits full/fetch/rooms &&
			mount -o remount,ro none full && shift && "$@"' - \
			x "$FETCH" get --into out $url
		assert_status 1
		assert_output '^fetch: the cache cannot be used.*KTSTR_CACHE_DIR.*full/.*Read-only'
	done
	nothing_left
}

@test "--offline: with a warm cache no socket is opened" {
	INTO=a get_git --quiet "git+$SURL/git/root"
	INTO=b get_archive --quiet "$SURL/a.tar.gz"
	strace "${STRACE[@]}" -o trace "$FETCH" get --offline --quiet --into c \
		--commit "$COMMIT" --tree-sha256 "$TREE" "git+$SURL/git/root"
	strace "${STRACE[@]}" -o trace2 "$FETCH" get --offline --quiet --into d \
		--sha256 "$SHA256" --tree-sha256 "$TREE" "$SURL/a.tar.gz"
	strace "${STRACE[@]}" -o trace3 "$FETCH" get --offline --quiet --into e \
		--commit "$(git -C "$WEB/git/inner" rev-parse HEAD)" "git+file://$WEB/git/inner"
	cat trace trace2 trace3 >traces
	run grep -E '^[0-9]+ +(socket|connect)' traces
	assert_status 1
}

@test "--offline: with a cold cache it says what to do" {
	run strace "${STRACE[@]}" -o trace "$FETCH" get --offline --into out \
		--sha256 "$SHA256" "$SURL/a.tar.gz"
	assert_status 1
	assert_output "is not in the cache '.*/cache/fetch'.*run once without --offline"
	run strace "${STRACE[@]}" -o trace2 "$FETCH" get --offline --into out \
		--commit "$COMMIT" "git+$SURL/git/root"
	assert_status 1
	assert_output "'$SURL/git/root' is not in the cache.*run once without --offline"
	run cat trace trace2
	refute_output '(socket|connect)\('
	nothing_left
}

@test "16 at once share one download" {
	local i before_git before_archive pids=()

	before_git=$(requests '^POST /git/root/git-upload-pack')
	before_archive=$(requests '^GET /a.tar.gz')
	for i in {1..8}; do
		INTO=git$i get_git "git+$SURL/git/root" >>log 2>&1 3>&- &
		pids+=($!)
		INTO=tar$i get_archive "$SURL/a.tar.gz" >>log 2>&1 3>&- &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		wait "$i"
	done
	for i in {1..8}; do
		[[ $("$FETCH" tree "git$i") == "$TREE" && $("$FETCH" tree "tar$i") == "$TREE" ]]
	done
	# Protocol version 2: one request for the list, one for the pack.
	(($(requests '^POST /git/root/git-upload-pack') - before_git <= 2))
	(($(requests '^GET /a.tar.gz') - before_archive == 1))
	grep -q "waiting for another process, which is in '.*/$COMMIT'" log
	nothing_left
}

@test "two at once for one folder: one puts its tree there, the other says that it is there" {
	local i status failed=0 pids=()

	for i in 1 2; do
		get_archive "$BAD/slow/both" 2>>log 3>&- &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		wait "$i" || failed=$((failed + 1))
	done
	[[ $failed -eq 1 && $("$FETCH" tree out) == "$TREE" ]]
	grep -q "'out' exists already" log
	rm -r out
	nothing_left
}

@test "kill -9 at any moment, and the next run succeeds" {
	# Not by the functions: what has to be killed is the fetch, and not a shell that waits for it.
	local i pid killed=0 git=("$FETCH" get --into out --commit "$COMMIT")
	local archive=("$FETCH" get --into out --sha256 "$SHA256")

	for ((i = 0; i < 50; i++)); do
		rm -rf out
		if ((i % 2)); then
			"${git[@]}" --quiet "git+$SURL/git/root" 2>>log 3>&- &
		else
			"${archive[@]}" --quiet "$BAD/slow/kill" 2>>log 3>&- &
		fi
		pid=$!
		sleep "0.$(printf %03d $((RANDOM % 450)))"
		kill -9 "$pid" 2>/dev/null || :
		wait "$pid" || killed=$((killed + 1))
		[[ ! -e out || $("$FETCH" tree out) == "$TREE" ]] || fail "half a tree"
		# Each moment of a fetch, and not just of one that is done.
		((i % 4)) || rm -rf cache/fetch/archives
	done
	((killed >= 20)) || fail "only $killed of 50 were killed before they were done"
	rm -rf out
	run get_git --tree-sha256 "$TREE" "git+$SURL/git/root"
	assert_status 0
	rm -rf out
	run get_archive --tree-sha256 "$TREE" "$BAD/slow/kill"
	assert_status 0
	rm -rf out
	nothing_left
}

@test "SIGTERM, SIGHUP: the children end, and nothing is left" {
	local pid status

	"$FETCH" get --into out --sha256 "$SHA256" "$BAD/stall-always/1" 2>log 3>&- &
	pid=$!
	web_wait grep -q '^/stall-always/1' "$WEB/bad.log"
	kill -TERM "$pid"
	status=0
	wait "$pid" || status=$?
	[[ $status -eq 143 ]]
	nothing_left
	KTSTR_FETCH_STALL_S=20 "$FETCH" get --into out --commit "$COMMIT" \
		"git+$BAD/stall-always/repo" 2>log 3>&- &
	pid=$!
	web_wait pgrep -f "remote-http.*stall-always/repo"
	# Not SIGINT: what a shell starts in the background ignores it, and we leave that so.
	kill -HUP "$pid"
	status=0
	wait "$pid" || status=$?
	[[ $status -eq 129 ]]
	run pgrep -f "stall-always/repo"
	assert_status 1
	nothing_left
}

@test "what a URL holds for its server alone is not printed" {
	run get_archive "${BAD/:\/\//://me:secret@}/not-found/user"
	assert_status 1
	assert_output 'fetching http://[*]*@127.0.0.1' "^fetch: fetching 'http://[*]*@.*answered 404"
	refute_output 'secret'
	run get_git "git+${BAD/:\/\//://me:secret@}/not-found/user"
	assert_status 1
	refute_output 'secret'
}

@test "--quiet prints errors only; where there is no terminal there are plain lines" {
	run get_git --quiet "git+$SURL/git/root"
	assert_status 0
	[[ -z $output ]]
	INTO=b run get_archive "$SURL/a.tar.gz"
	refute_output $'\r' $'\033'
	INTO=c run get_archive --quiet "$BAD/not-found/quiet" # from the cache
	assert_status 0
	SHA256=${SHA256//[0-9]/0} run get_archive --quiet "$BAD/not-found/quiet"
	[[ ${#lines[@]} -eq 1 ]]
	# script gives it a terminal.
	run script -qec "KTSTR_CACHE_DIR=none '$FETCH' get --into d --sha256 $SHA256 $BAD/slow/bar" /dev/null
	assert_status 0
	assert_output 'bar +[0-9]+ %  [0-9.]+ of [0-9.]+ MiB'
}

@test "wrong usage" {
	local arguments

	while read -r arguments; do
		# shellcheck disable=SC2086
		run "$FETCH" $arguments
		assert_status 2
	done <<-END

		fetch
		get --into out --commit $COMMIT
		get --commit $COMMIT git+$SURL/git/root
		get --into out git+$SURL/git/root
		get --into out --sha256 $SHA256 git+$SURL/git/root
		get --into out --commit $COMMIT $SURL/a.tar.gz
		get --into out --commit ${COMMIT:1} git+$SURL/git/root
		get --into out --commit main git+$SURL/git/root
		get --into out --sha256 x $SURL/a.tar.gz
		get --into out --sha256 $SHA256 --tree-sha256 $SHA256 $SURL/a.tar.gz
		get --into out --sha256 $SHA256 ftp://127.0.0.1/a
		get --into out --sha256 $SHA256 a.tar.gz
		get --into out --sha256 $SHA256 $SURL/a $SURL/b
		get --no-such-option
		tree
		pack a b
	END
	# What is refused says what to do instead.
	run "$FETCH" get --into out ftp://127.0.0.1/a
	assert_output "'ftp://127.0.0.1/a': it begins with none of https://"
	run "$FETCH" get --into out git+ssh://127.0.0.1/a
	assert_output "'git\\+ssh://127.0.0.1/a': it begins with none of https://"
	run get_archive "git+$SURL/git/root"
	assert_output '--commit ID.*--sha256 is for archives'
	run get_git "$SURL/a.tar.gz"
	assert_output '--sha256 HEX.*--commit is for git.*git\+'
	run "$FETCH" get --into out "git+$SURL/git/root"
	assert_output 'by --commit ID'
	KTSTR_FETCH_STALL_S=x run get_archive "$URL/a.tar.gz"
	assert_status 2
	KTSTR_FETCH_CONNECT_S=0 run get_archive "$URL/a.tar.gz"
	assert_status 2
	nothing_left
	run "$FETCH" --help
	assert_status 0
	assert_output '^Usage: fetch get' 'GIT_SSL_CAINFO wins'
}
