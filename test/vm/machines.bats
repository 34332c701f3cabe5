#!/usr/bin/env bats
# Does the guest have the machine that was asked for, on every stock kernel?

load helper

# Each machine is there once: it boots, and is not kept.
setup() { export KTSTR_FRESH=1; }

# What the guest's sysfs says: a line a CPU, "cpu node llc-sharers core-siblings thread-siblings".
machine='for c in /sys/devices/system/cpu/cpu[0-9]*; do
	n=$(echo $c/node*); l3=
	for i in $c/cache/index*; do [ "$(cat $i/level)" = 3 ] && l3=$(cat $i/shared_cpu_list); done
	echo "${c##*/cpu} ${n##*node} $l3 $(cat $c/topology/core_siblings_list) $(cat $c/topology/thread_siblings_list)"
done | sort -n; cat /sys/devices/system/node/online; for n in /sys/devices/system/node/node*; do
	awk "/MemTotal/ { print (\$4 > 100000 ? \"memory\" : \"little\") }" $n/meminfo; done'

@test "1n1l2c1t: sysfs shows exactly that" {
	boot --topology 1n1l2c1t -- sh -c "$machine"
	assert_status 0
	diff - stdout <<-'END'
		0 0 0-1 0-1 0
		1 0 0-1 0-1 1
		0
		memory
	END
}

@test "1n2l2c2t: sysfs shows exactly that" {
	boot --topology 1n2l2c2t -- sh -c "$machine"
	assert_status 0
	diff - stdout <<-'END'
		0 0 0-3 0-3 0-1
		1 0 0-3 0-3 0-1
		2 0 0-3 0-3 2-3
		3 0 0-3 0-3 2-3
		4 0 4-7 4-7 4-5
		5 0 4-7 4-7 4-5
		6 0 4-7 4-7 6-7
		7 0 4-7 4-7 6-7
		0
		memory
	END
}

@test "2n4l2c1t: sysfs shows exactly that" {
	boot --topology 2n4l2c1t -- sh -c "$machine"
	assert_status 0
	diff - stdout <<-'END'
		0 0 0-1 0-1 0
		1 0 0-1 0-1 1
		2 0 2-3 2-3 2
		3 0 2-3 2-3 3
		4 1 4-5 4-5 4
		5 1 4-5 4-5 5
		6 1 6-7 6-7 6
		7 1 6-7 6-7 7
		0-1
		memory
		memory
	END
}

# The nodes' distances, and of each CPU the scheduler's domains as /proc/schedstat has them: a mask each.
# shellcheck disable=SC2016 # for the guest
domains='for n in /sys/devices/system/node/node*; do echo "${n##*/} $(cat $n/distance)"; done
	awk "/^cpu/ { printf \"%s%s:\", n++ ? \"\\n\" : \"\", \$1 }
		/^domain/ { printf \" %s\", \$2 ~ /^[0-9a-f,]+\$/ ? \$2 : \$3 } END { print \"\" }" /proc/schedstat |
	sed "s/ 0*\([0-9a-f]\)/ \1/g"'

@test "LLCs that differ, a node with memory only, distances: sysfs and the scheduler's domains show them" {
	boot --topology 2n:2c2t+3c1t+1m --distance 0-1=15,0-2=40 -- sh -c "$machine; $domains"
	assert_status 0
	diff - stdout <<-'END'
		0 0 0-3 0-3 0-1
		1 0 0-3 0-3 0-1
		2 0 0-3 0-3 2-3
		3 0 0-3 0-3 2-3
		4 1 4-6 4-6 4
		5 1 4-6 4-6 5
		6 1 4-6 4-6 6
		0-2
		memory
		memory
		memory
		node0 10 15 40
		node1 15 10 20
		node2 40 20 10
		cpu0: 3 f 7f
		cpu1: 3 f 7f
		cpu2: c f 7f
		cpu3: c f 7f
		cpu4: 70 7f
		cpu5: 70 7f
		cpu6: 70 7f
	END
}

@test "an LLC that spans nodes: its package does, and Linux takes the nodes' parts for LLCs" {
	boot --topology 2n1l4c1t -- sh -c "$machine; $domains"
	assert_status 0
	diff - stdout <<-'END'
		0 0 0-1 0-3 0
		1 0 0-1 0-3 1
		2 1 2-3 0-3 2
		3 1 2-3 0-3 3
		0-1
		memory
		memory
		node0 10 20
		node1 20 10
		cpu0: 3 f
		cpu1: 3 f
		cpu2: c f
		cpu3: c f
	END
}

@test "memory above the 32-bit hole is there" {
	boot --topology 1n1l1c1t --memory 4096 -- sh -c 'grep MemTotal /proc/meminfo; grep "System RAM" /proc/iomem'
	assert_status 0
	in_stdout '^100000000-13fffffff : System RAM' '^MemTotal: +(39|40|41)[0-9]{5} kB'
}

@test "every stock kernel boots unchanged" {
	[[ ${KTSTR_TEST_KERNELS-} ]] || skip "no kernel but the default one is there"
	for kernel in $KTSTR_TEST_KERNELS; do
		boot --kernel "$kernel" --topology 1n1l1c1t -- uname -r
		assert_status 0
		[[ $kernel == *"/$(<stdout)/"* ]] || fail "$kernel says it is $(<stdout)"
	done
}

@test "a bzImage with --kaslr, an uncompressed vmlinux" {
	boot --kaslr --topology 1n1l1c1t -- grep -c nokaslr /proc/cmdline
	assert_status 1
	boot --kernel "$KTSTR_TEST_VMLINUX" --topology 1n1l1c1t -- cat /proc/cmdline
	assert_status 0
	in_stdout nokaslr
}

@test "payloads bring what they need: a dynamic program with modules, a script, files, environment" {
	[[ -x /usr/bin/python3 ]] || skip "no python3 on this machine"
	mkdir -p "$BATS_TEST_TMPDIR/opt/bin" "$BATS_TEST_TMPDIR/data"
	ln -s /usr/bin/python3 "$BATS_TEST_TMPDIR/opt/bin/python3"
	echo 'the data' >"$BATS_TEST_TMPDIR/data/file"
	cat >"$BATS_TEST_TMPDIR/script.py" <<-'END'
		#!/usr/bin/env python3
		import ctypes, hashlib, json, os, ssl, sys, zlib
		print(json.dumps({"env": os.environ["GREETING"], "cpus": os.cpu_count()}))
		print(hashlib.sha256(b"x").hexdigest()[:8], ssl.OPENSSL_VERSION.split()[0])
		print(sys.executable, open("data/file").read())
	END
	chmod +x "$BATS_TEST_TMPDIR/script.py"
	# Found where PATH has it here, which is no folder of the guest's own PATH.
	PATH="$BATS_TEST_TMPDIR/opt/bin:$PATH" boot --with python3 --include "$BATS_TEST_TMPDIR/data" \
		--topology 1n1l1c1t --timeout 1000 --env GREETING='a b' -- ./script.py
	assert_status 0
	in_stdout '"env": "a b", "cpus": 1' '^2d711642 OpenSSL' '/opt/bin/python3 the data$'
}
