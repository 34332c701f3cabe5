#!/usr/bin/env bats
# What does `test` make of its options before anything boots?

load ../helper

setup()
{
	KERNEL=${KTSTR_KERNEL:?set it to the path of a kernel image; test/run does}
	KERNEL=$(realpath "$KERNEL")
	unset KTSTR_KERNEL KTSTR_TOPOLOGY KTSTR_MEMORY KTSTR_WPROF
	cd "$BATS_TEST_TMPDIR" || return 1
	printf '#!/bin/sh\n' >fair.sh
	printf '#!/bin/sh\n#ktstr: wprof\n' >traced.sh
	printf '#!/bin/sh\n#ktstr: topology=1n1l1c1t max_cpus=1\n' >narrow.sh
	chmod +x ./*.sh
}

# plan OPTION... FILE...: under one kernel.
plan()
{
	run "$KTSTR_LAUNCH" test --dry-run --kernel "$KERNEL" "$@"
}

@test "plan: one kernel's variant is found by the name that it has among several" {
	plan fair.sh
	assert_status 0
	release=$(sed -n 's/.* MiB  //p' <<<"$output")
	plan --filter "fair/$release" fair.sh traced.sh
	assert_status 0
	assert_output '^fair '
	refute_output '^traced'
}

@test "plan: how many machines boot once for several variants" {
	printf '#!/bin/sh\n#ktstr: topology=1n1l1c1t fresh\n' >alone.sh
	cp narrow.sh also.sh
	cp narrow.sh third.sh
	chmod +x alone.sh
	plan narrow.sh also.sh third.sh alone.sh traced.sh fair.sh
	assert_output '^6 variants, 2 bases$'
	plan narrow.sh also.sh third.sh alone.sh
	assert_output '^4 variants, 1 base$'
	plan narrow.sh alone.sh fair.sh
	assert_output '^3 variants$'
	plan --repeat 2 alone.sh fair.sh
	assert_output '^4 variants, 1 base$'
	plan --fresh narrow.sh also.sh
	assert_output '^2 variants$'
	KTSTR_FRESH=1 plan narrow.sh also.sh
	assert_output '^2 variants$'
}

@test "plan: the gauntlet names a test that no preset suits, and takes no topology" {
	plan --gauntlet narrow.sh
	assert_status 0
	assert_output '^gauntlet/narrow .*SKIP no preset topology meets'
	plan --gauntlet --topology 1n1l2c1t fair.sh
	assert_status 125
	assert_output '--gauntlet: .*--topology'
	KTSTR_TOPOLOGY=1n1l2c1t plan --gauntlet fair.sh
	assert_status 125
	assert_output 'KTSTR_TOPOLOGY'
}

@test "plan: --wprof=0 holds against a test that asks for the tracer" {
	printf '#!/bin/sh\n#ktstr: wprof memory_mib=300\n' >traced.sh
	plan traced.sh
	assert_output '^traced .* 2048 MiB'
	plan --wprof=0 traced.sh
	assert_output '^traced .* 300 MiB'
	KTSTR_WPROF=0 plan traced.sh
	assert_output '^traced .* 300 MiB'
}

@test "plan: with the tracer, memory is for its ring buffers, the flight recorder's, and 512 MiB beside them" {
	printf '#!/bin/sh\n#ktstr: wprof wprof_args="-d 500 --ringbuf-size 1024 --ringbuf-cnt 4"\n' >small.sh
	chmod +x small.sh
	plan --topology 1n1l8c1t traced.sh small.sh fair.sh
	assert_output '^traced .* 2592 MiB' '^small .* 2048 MiB' '^fair .* 2048 MiB'
	plan --no-record --topology 1n1l8c1t traced.sh
	assert_output '^traced .* 2560 MiB'
	# The operator's arguments are before a directive's.
	plan --topology 1n1l8c1t --wprof-args '--ringbuf-cnt=16 --ringbuf-size 300000' small.sh
	assert_output '^small .* 4640 MiB'
	# A number that was given stands, and the warning has both.
	plan --topology 1n1l8c1t --memory 2100 traced.sh
	assert_status 0
	assert_output '^traced .* 2100 MiB' 'warning: memory 2100 MiB as given is below the 2592 MiB'
	plan --topology 1n1l2c1t --memory 2100 traced.sh
	refute_output 'warning'
	plan --topology 1n1l8c1t --wprof --wprof-args '--ringbuf-size 2097152 --ringbuf-cnt 9999999999999' traced.sh
	[[ $status -eq 0 ]] || assert_output '--topology 1n1l8c1t --wprof-args .*: 8 CPUs get 16896 MiB'
	plan --topology 1n1l8c1t --wprof --wprof-args '--ringbuf-size 9999999999999999999' traced.sh
	assert_status 125
	assert_output 'smaller ring buffers'
}

@test "plan: arguments that wprof would misread are refused by name, before anything boots" {
	export KTSTR_WPROF_PATH=/bin/true KTSTR_KERNEL=$KERNEL
	for args in '-T x.pb' '-J x.json' '--trace=x.pb' '-d 5s'; do
		for command in "test traced.sh" "run true" "shell --exec true"; do
			# shellcheck disable=SC2086 # words
			run "$KTSTR_LAUNCH" ${command%% *} --wprof --wprof-args "$args" ${command#* }
			assert_status 125
			assert_output "tracer argument '$args': "
		done
	done
	# A directive's, too; the built-in tracer refuses by itself what it does not know.
	printf '#!/bin/sh\n#ktstr: wprof wprof_args="-d 5s"\n' >units.sh
	chmod +x units.sh
	run "$KTSTR_LAUNCH" test units.sh
	assert_status 125
	assert_output "tracer argument '-d 5s': "
}

@test "plan: a replay says again what was said of the machine, the tracer and the folder" {
	printf '#!/bin/sh\n#ktstr: host_only\nexit 1\n' >bad.sh
	chmod +x bad.sh
	KTSTR_WPROF_PATH=/bin/true KTSTR_BOOT_TIMEOUT=12.5 run "$KTSTR_LAUNCH" test --stall-timeout 99 --wprof=0 \
		--out o --seed 3 --repeat 1 --junit x.xml bad.sh
	assert_status 1
	assert_output ' env KTSTR_WPROF_PATH=/bin/true KTSTR_BOOT_TIMEOUT=12.5 .*/ktstr-launch test --stall-timeout 99 --wprof=0 --out o /'
	run bash -c "$(sed -n 's/^ *replay  *//p' <<<"$output")"
	assert_status 1
	assert_output '^FAIL +bad '
}

@test "plan: two kernels of one release are told apart by their paths, one given twice is refused" {
	mkdir base patched
	cp "$KERNEL" base/bzImage
	cp "$KERNEL" patched/bzImage
	run "$KTSTR_LAUNCH" test --dry-run --kernel base/bzImage --kernel patched/bzImage fair.sh
	assert_status 0
	assert_output '^fair/[^ ]+-base ' '^fair/[^ ]+-patched ' '^2 variants'
	plan --kernel "$KERNEL" fair.sh
	assert_status 125
	assert_output "kernel '[^ ]+' is given twice; give it once"
}

@test "plan: a package with a kernel, a tree, and the tree that one stands in" {
	mkdir -p tree/arch/x86/boot pack/boot
	cp "$KERNEL" tree/arch/x86/boot/bzImage
	: >tree/Kbuild
	cp fair.sh tree
	run "$KTSTR_LAUNCH" test --dry-run --kernel tree fair.sh
	assert_status 0
	(cd tree && exec "$KTSTR_LAUNCH" test --dry-run fair.sh) >out 2>err
	grep -q '^fair ' out
	grep -qx 'ktstr-launch: test: no kernel given: taking arch/x86/boot/bzImage of the kernel tree here' err
	cp "$KERNEL" pack/boot/vmlinuz-1
	tar -C pack -caf data.tar.xz ./boot
	echo 2.0 >debian-binary
	ar rc k.deb debian-binary data.tar.xz
	KTSTR_CACHE_DIR=cache run "$KTSTR_LAUNCH" test --dry-run --kernel k.deb fair.sh
	assert_status 0
	assert_output '^ktstr-launch: test: unpacking the kernel package k.deb, once' '^fair '
	KTSTR_CACHE_DIR=cache run "$KTSTR_LAUNCH" test --dry-run --kernel k.deb fair.sh
	assert_status 0
	refute_output unpacking
	head -c 5000 k.deb >cut.deb
	KTSTR_CACHE_DIR=cache run "$KTSTR_LAUNCH" test --dry-run --kernel cut.deb fair.sh
	assert_status 125
	assert_output "kernel package 'cut.deb': it cannot be read: "
}

@test "plan: tests are named by their path below the folder, and filters take its parts" {
	mkdir -p tests/sub/'deep er'
	cp traced.sh tests/fair.sh
	cp traced.sh tests/sub/fair.sh
	cp traced.sh tests/sub/'deep er'/x.sh
	run "$KTSTR_LAUNCH" test --dry-run --kernel "$KERNEL" tests
	assert_status 0
	assert_output '^fair ' '^sub/fair ' '^sub/deep_er/x '
	run "$KTSTR_LAUNCH" test --dry-run --kernel "$KERNEL" --filter sub tests/
	assert_status 0
	assert_output '^sub/fair ' '^2 variants'
	run "$KTSTR_LAUNCH" test --dry-run --kernel "$KERNEL" --gauntlet --filter x --filter tiny-1llc tests/sub
	assert_output '^gauntlet/deep_er/x/tiny-1llc ' '^gauntlet/fair/tiny-1llc '
	printf '#!/bin/sh\n#ktstr: host_only\nexit 1\n' >tests/sub/bad.sh
	chmod +x tests/sub/bad.sh
	run "$KTSTR_LAUNCH" test --out o --filter 'sub/bad' --kernel "$KERNEL" tests
	assert_status 1
	[[ -s $(echo o/sub_bad-0001/*.stdout) || -e $(echo o/sub_bad-0001/*.stdout) ]]
	run bash -c "$(sed -n 's/^ *replay  *//p' <<<"$output")"
	assert_status 1
	assert_output '^FAIL +bad '
}

@test "plan: --env, --timeout and --timeout-scale reach a test, and its replay" {
	# shellcheck disable=SC2016 # for the shell of the test
	printf '#!/bin/sh\n#ktstr: host_only env=A=1 timeout_s=30\n[ "$A$B" != 12 ] && exec sleep 60; exit 1\n' >t.sh
	chmod +x t.sh
	run "$KTSTR_LAUNCH" test --env B=2 t.sh
	assert_status 1
	assert_output ' test --env B=2 /' 'status 1'
	run "$KTSTR_LAUNCH" test --env A=3 --timeout 0.1 t.sh
	assert_output '^TIMEOUT ' 'limit of 0.1 s'
	run "$KTSTR_LAUNCH" test --env A=3 --timeout-scale 0.01 t.sh
	assert_output '^TIMEOUT ' 'limit of 0.3 s'
}

@test "plan: reports that cannot all be opened leave none behind" {
	plan --tap --ktap fair.sh
	assert_status 125
	plan --junit a --json a fair.sh
	assert_status 125
	assert_output "write to the file 'a'"
	plan --html a --json a fair.sh
	assert_status 125
	assert_output "--json and --html|--html and --json" "write to the file 'a'"
	plan --tap --json - fair.sh
	assert_status 125
	assert_output '--tap and --json - both write to standard output'
	plan --junit - --json - fair.sh
	assert_status 125
	assert_output '--junit - and --json - both write to standard output'
	run "$KTSTR_LAUNCH" test --kernel "$KERNEL" --junit a.xml --json gone/b.json fair.sh
	assert_status 125
	assert_output 'gone/b.json'
	[[ ! -e a.xml ]] || fail "a.xml is left"
	# Of a suite that does not begin, what was there stays.
	echo mine >a.xml
	run "$KTSTR_LAUNCH" test --kernel "$KERNEL" --junit a.xml --json . fair.sh
	assert_status 125
	assert_output "'.' is a folder"
	[[ $(<a.xml) == mine && $(ls -A) == *a.xml* && $(ls -A) != *partial* ]] || fail "$(ls -A)"
}

@test "plan: --failed remembers what did not run now, and says what is of another suite" {
	for name in one two; do
		printf '#!/bin/sh\n#ktstr: host_only\nexit 1\n' >$name.sh
		chmod +x $name.sh
	done
	run "$KTSTR_LAUNCH" test --repeat 2 --jobs 1 one.sh two.sh
	assert_status 1
	[[ $(cut -f 1 ktstr-out/last-failed | sort | xargs) == "one two" ]] || fail "$(<ktstr-out/last-failed)"
	sed -i 's/exit 1/exit 0/' one.sh
	run "$KTSTR_LAUNCH" test one.sh
	assert_status 0
	[[ $(cut -f 1 ktstr-out/last-failed) == two ]] || fail "$(<ktstr-out/last-failed)"
	run "$KTSTR_LAUNCH" test --failed --dry-run one.sh two.sh
	assert_status 0
	refute_output '^one'
	run "$KTSTR_LAUNCH" test --failed --dry-run --exclude two one.sh two.sh
	assert_status 125
	assert_output 'leave no variant to run'
	echo gauntlet/fair/smt-2llc >ktstr-out/last-failed
	plan --failed fair.sh
	assert_status 125
	assert_output "'gauntlet/fair/smt-2llc'; give .*--gauntlet"
	plan --failed --gauntlet fair.sh
	assert_status 0
	echo two >ktstr-out/last-failed
	sed -i 's/exit 1/exit 0/' two.sh
	run "$KTSTR_LAUNCH" test --failed one.sh two.sh
	assert_status 0
	run "$KTSTR_LAUNCH" test --failed one.sh two.sh
	assert_status 125
	assert_output 'nothing failed the last time'
}

@test "plan: a topology of the operator's that is too large for the host is an error" {
	printf 'MemTotal: 1048576 kB\nMemAvailable: 1048576 kB\n' >meminfo
	unshare -rm mount --bind meminfo /proc/meminfo || skip "no mount namespaces here"
	small=(unshare -rm sh -c 'mount --bind meminfo /proc/meminfo && exec "$@"' sh "$KTSTR_LAUNCH" test --dry-run
		--kernel "$KERNEL" --topology)
	run "${small[@]}" 1n1l17c1t fair.sh
	assert_status 125
	assert_output '--topology 1n1l17c1t: 17 CPUs get 1088 MiB, more than the 9[0-9][0-9] MiB'
	# What a test asks for is a skip.
	run "${small[@]}" 1n1l15c1t fair.sh
	assert_status 0
	assert_output '^fair .*SKIP the host is too small' '^1 variant$'
	# So with a flight recorder that was asked for, by either, and it is named.
	printf '#!/bin/sh\n#ktstr: memory_mib=256 record_mib=512\n' >hungry.sh
	chmod +x hungry.sh
	run "${small[@]}" 1n1l2c1t hungry.sh
	assert_output '^hungry .*SKIP the host is too small: the guest would have 1280 MiB, with record_mib 512 for each of 2 CPUs,'
	run "${small[@]}" 1n1l2c1t --record-mib 512 fair.sh
	assert_status 125
	assert_output '--topology 1n1l2c1t --record-mib 512: 2 CPUs get 1280 MiB, more .*, a smaller --record-mib, or --memory'
}

@test "plan: a flight recorder that was asked for is named where it does not fit, and stops no other test" {
	printf '#!/bin/sh\n#ktstr: record_mib=64\n' >hungry.sh
	printf '#!/bin/sh\n#ktstr: host_only\n' >alone.sh
	chmod +x hungry.sh alone.sh
	plan --memory 200 hungry.sh fair.sh
	assert_status 0
	assert_output "^hungry .*ERROR record_mib 64: 2 CPUs' rings take 128 MiB, more than half of the memory as given, 200 MiB" \
		'^fair .* 200 MiB +[^ ]+$' '^2 variants$'
	run "$KTSTR_LAUNCH" test --kernel "$KERNEL" --memory 200 hungry.sh alone.sh
	assert_status 125
	assert_output '^ERROR +hungry +record_mib 64: ' '^PASS +alone '
}

@test "plan: memory below the tracer's floor is said before anything boots" {
	plan --memory 300 traced.sh
	assert_status 0
	assert_output 'warning: memory 300 MiB' '^1 variant$'
	plan --repeat 2 traced.sh
	assert_output '^2 variants, 1 base$'
	refute_output 'warning'
}

@test "plan: memory that the host does not have is a skip, memory that others use is waited for, then an error" {
	printf '#!/bin/sh\n#ktstr: memory_mib=90000000\n' >huge.sh
	chmod +x huge.sh
	plan huge.sh
	assert_output '^huge .*SKIP the host is too small: .* MiB is the most here'
	most=$(sed -n 's/.* and \([0-9]*\) MiB is the most.*/\1/p' <<<"$output")
	# All of it is never free: the kernel and this test have some.
	run "$KTSTR_LAUNCH" test --kernel "$KERNEL" --memory "$most" --memory-wait 0.2 fair.sh
	assert_status 125
	assert_output '^ERROR +fair +no memory for its VM: it needs [0-9]+ MiB, and after 0.2 s [0-9]+ MiB were free'
}
