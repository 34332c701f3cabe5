#!/usr/bin/env bats
# ktstr-work's kinds of load that only a machine of our making can show: SMT, NUMA, cgroups with the
# controller cpu. One boot for all.

load helper

@test "2n2l1c2t: smt, touch remote=, cgroupmove, thrash, storms have their shape in a guest" {
	# Few processes are made for looking: in an emulated host each takes long.
	cat >"$BATS_TEST_TMPDIR/script" <<-'SCRIPT'
		# What it says is for us, not for the verdict.
		export KTSTR_WORK_SAYS=
		# each N PATTERN COMMAND: runs it for each of the N tasks of that name: $n is its name, $p its folder.
		each() {
			local left=0 c
			while [ $left -ne "$1" ]; do
				left=0
				for c in /proc/[0-9]*/comm; do
					{ read -r n <"$c"; } 2>/dev/null || continue
					case $n in $2) left=$((left + 1)); eval "t$left=${c%/comm}" ;; esac
				done
			done
			while [ $left -gt 0 ]; do
				eval "p=\$t$left"; read -r n <"$p/comm"; left=$((left - 1)); $3
			done
		}
		start() { ktstr-work --for 100s --warmup 0s "$@" >/tmp/out 2>&1 & load=$!; }
		stop() { kill -TERM $load; wait $load; echo "stopped $?"; }
		cat /sys/devices/system/cpu/cpu[0-3]/topology/thread_siblings_list | sed 's/^/siblings /'

		# Where it may run, and where it is: field 39.
		where() {
			local key value line
			while read -r key value; do [ "$key" != Cpus_allowed_list: ] || break; done <$p/status
			read -r line <$p/stat
			set -- ${line##*) }
			echo "smt $n $value ${37}"
		}
		start --group s --tasks 4 smt
		sleep 1
		each 4 's/*' where
		stop

		# Memory on a node: the mapping with the most pages.
		memory() {
			awk -v n=$n '/anon=/ { for (i = 3; i <= NF; i++) { split($i, p, "=")
				if (p[1] ~ /^N[0-9]+$/ && p[2] > most) { most = p[2]; node = p[1]; policy = $2 } } }
				END { print "memory", n, node, most, policy }' $p/numa_maps
		}
		cgroups() {
			local now seen= i=0
			while [ "$seen" != both ] && [ $i -lt 10000 ]; do
				read -r now <$p/cgroup
				case $seen in '') seen=$now ;; "$now") ;; *) echo "cgroups $seen $now"; seen=both ;; esac
				i=$((i + 1))
			done
			echo "controllers $(cat /sys/fs/cgroup/ktstr-move-move-0/cgroup.controllers)"
		}
		moved() { read -r up _ </proc/uptime; while read -r k _ v; do [ "$k" != se.nr_migrations ] || echo "moved $up $v"; done <$p/sched; }
		start --group far --cpus 0 touch size=4MiB passes=100000 remote=100% \
			--group near --cpus 1 touch size=4MiB passes=100000 \
			--group move --cpus 2 cgroupmove rate=50 --group aff --cpus 0,3 affinity rate=50
		sleep 0.5
		each 1 aff/0 moved
		each 1 far/0 memory
		each 1 near/0 memory
		each 1 move/0 cgroups
		each 1 aff/0 moved
		stop
		ls -d /sys/fs/cgroup/ktstr-* 2>/dev/null | sed 's/^/left /'

		# Once its first pass is over, and it grows no more.
		resident() {
			local key value last=-1 now=0
			while [ "$now" != "$last" ]; do
				last=$now
				sleep 1
				while read -r key value; do [ "$key" != VmRSS: ] || now=$value; done <$p/status
			done
			echo "thrash $now of $llc"
		}
		read -r llc </sys/devices/system/cpu/cpu0/cache/index3/size
		start --group th --cpus 0 thrash
		each 1 th/0 resident
		stop

		export KTSTR_METRICS=/tmp/metrics
		made() { while read -r k v _; do [ "$k" != processes ] || echo "$v"; done </proc/stat; }
		before=$(made)
		ktstr-work --for 1s --warmup 0s --group ex exec --group fk fork batch=4 >/dev/null && echo 'storms fine'
		after=$(made)
		awk -v made=$((after - before)) '/iterations_per_s/ { sum += $2 } END { print "processes", made, sum }' /tmp/metrics
		cat /proc/[0-9]*/stat 2>/dev/null | awk '/\) Z / { print "zombie", $0 }'
		ktstr-work --for 300ms --group hog --tasks 4 --policy fifo:5 rthog --group po policy realtime=1 \
			--group t timer --group m --tasks 4 messages fan=2 --group pi --threads --tasks 2 pimutex \
			>/dev/null && echo 'rest fine'
		# Its time where its memory is, and moved away from it, before the kernel moves that, too.
		echo 0 2>/dev/null >/proc/sys/kernel/numa_balancing
		ktstr-work --warmup 300ms --phase 500ms --group near --cpus 0 touch size=1MiB passes=100000 \
			--group far --cpus 1 touch size=1MiB passes=100000 remote=100% \
			--phase 500ms --change near --cpus 2 --check '1/near.numa_local > 90%' \
			--check 'far.numa_local < 10%' --check '2/near.numa_local > 90%' >/tmp/numa 2>&1
		echo "numa $?"
		grep -E '^(holds|FAILS|inconcl)' /tmp/numa
		ktstr-work --group s --tasks 2 --cpus 0,2 smt
		echo "no siblings: $?"
	SCRIPT
	boot --topology 2n2l1c2t --memory 512 --timeout 600 --include "$BATS_TEST_TMPDIR/script:/script" -- \
		sh -c 'cd /tmp && sh /script 2>&1'
	cat stdout
	assert_status 0
	# Two cores, a node each.
	diff <(grep '^siblings ' stdout) <(printf 'siblings %s\n' 0-1 0-1 2-3 2-3)
	diff <(grep '^smt ' stdout | sort) <(printf 'smt %s\n' 's/0 0 0' 's/1 1 1' 's/2 2 2' 's/3 3 3')
	# 1024 pages on node 1 and node 0, of which a pass that is under way may not have touched all.
	in_stdout '^memory far/0 N1 ([5-9][0-9]{2}|10[0-9]{2}) bind' '^memory near/0 N0 ([5-9][0-9]{2}|10[0-9]{2}) default' \
		'^cgroups 0::/ktstr-move-move-[01] 0::/ktstr-move-move-[01]$' '^controllers .*cpu' \
		'^storms fine$' '^numa 1$' '^holds: 1/near.numa_local was' \
		'^holds: far.numa_local was' '^FAILS: 2/near.numa_local was .*task near/0 .*memory on node 0' '^rest fine$' 'no two are siblings' '^no siblings: 2$'
	[[ $(grep -cx 'stopped 2' stdout) -eq 3 ]]
	! grep -E '^(left|zombie) ' stdout || fail 'something is left'
	awk '$1 == "moved" && !from { from = $2; first = $3; next }
		$1 == "moved" { seen++; if ($3 - first < 5 || $3 - first > ($2 - from) * 51 + 3) bad = 1 }
		$1 == "thrash" { seen++; if ($2 < $5 * .95 || $2 > $5 + 4096) bad = 1 }
		$1 == "processes" { seen++; if ($3 < 10 || $2 < $3 * .95) bad = 1 }
		END { exit bad || seen != 3 }' stdout || fail "a shape is not right"
}
