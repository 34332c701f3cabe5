#!/usr/bin/env bats
# ktstr-work in a guest: do loads have their shape as the kernel sees it, and do checks say what is true?

load helper

# One boot for all: what is tried stands in one script, each part with a line of its own in the end.
@test "1n2l2c1t: shapes and checks of loads, as /proc tells them" {
	cat >"$BATS_TEST_TMPDIR/script" <<-'END'
		# ticks NAME: CPU time of a group's tasks in clock ticks; nothing is there of a load that ended.
		ticks() { cat /proc/[0-9]*/stat 2>/dev/null | awk -v g="($1/" 'index($2, g) == 1 { t += $14 + $15 } END { print t + 0 }'; }
		# Two cgroups on one CPU, by weight 50 and 100.
		ktstr-work --for 8s --group a --cgroup light:weight=50 --tasks 2 --cpus 0 spin \
			--group b --cgroup heavy:weight=100 --tasks 2 --cpus 0 spin \
			--check 'a.share > 28%' --check 'a.share < 38%' --check 'b.share > 62%' \
			--check 'a.share < 5%' --check 'isolated(a)' >shares 2>&1 &
		sleep 1
		echo "cgroup $(cat /sys/fs/cgroup/light/cpu.weight) $(wc -l </sys/fs/cgroup/heavy/cgroup.procs)"
		a=$(ticks a) b=$(ticks b)
		sleep 1.5
		echo "ticks $(($(ticks a) - a)) $(($(ticks b) - b))"
		wait $!
		echo "shares status $?"
		sed 's/^/shares: /' shares
		ls -d /sys/fs/cgroup/light /sys/fs/cgroup/heavy 2>&1 | sed 's/^/left: /'

		# 50 ms of CPU time between two sleeps.
		ktstr-work --for 8s --group q --cpus 1 burst run=50ms sleep=20ms >burst 2>&1 &
		until q=$(grep -lsx q/0 /proc/[0-9]*/comm); do sleep 0.1; done
		seen() { echo $(cut -d ' ' -f 1 ${q%comm}schedstat) $(sed -n 's/^voluntary.*:.//p' ${q%comm}status); }
		sleep 0.5
		first=$(seen)
		sleep 2
		echo "burst $first $(seen)"
		wait $!

		# Each turn is a switch.
		ktstr-work --for 1s --group pi --cpus 0 --tasks 2 pipe --group fu --threads --tasks 2 \
			--cpus 1 futex >pairs 2>&1
		echo "pairs status $?"
		awk '/^[a-z]+:/ { g = $1 } $1 ~ /^switches_/ || $1 == "iterations_per_s" { print "pair", g, $1, $2 + 0 }' pairs

		# Policies, and a task that FIFO keeps from its CPU: the kernel lends it a little.
		ktstr-work --for 1s --group hog --policy fifo:10 --cpus 2 spin --group poor --cpus 2 \
			burst run=100us sleep=1ms --check 'poor.max_gap < 500ms' --check 'hog.share > 50%' 2>&1 |
			sed 's/^/fifo: /'
		ktstr-work --for 300ms --group d --policy deadline:2ms/10ms/10ms spin >/dev/null && echo "deadline fine"
		ktstr-work --for 10s --group d --tasks 99 --policy deadline:9ms/10ms/10ms spin; echo "deadline $?"
		mkdir /sys/fs/cgroup/mine
		ktstr-work --group d --cgroup mine:weight=3 spin; echo "exists $?"
		ls -d /sys/fs/cgroup/mine
		ktstr-work --group d --tasks 30000 spin; echo "many $?"
	END
	boot --topology 1n2l2c1t --memory 512 --timeout 600 --include "$BATS_TEST_TMPDIR/script:/script" -- \
		sh -c 'cd /tmp && sh /script 2>&1'
	# The script ends with 0, but not all of its loads could be set up: no pass.
	assert_status 125
	assert_output "^ERROR sh: ktstr-work could not do it: group 'd': the kernel refuses its policy.*payload exited with status 0"
	in_stdout '^cgroup 50 2$' '^shares status 1$' '^shares: holds: a.share was (2[89]|3[0-7])' \
		'^shares: FAILS: a.share was .*, limit 5 %' '^shares: holds: b.share was 6' \
		'^shares: holds: a was 0 ns on CPUs that it may not use' '^left: .*light: No such file' \
		'^left: .*heavy: No such file' '^pairs status 0$' \
		'^fifo: FAILS: poor.max_gap was .*task poor/0, ' '^fifo: holds: hog.share was' \
		'^deadline fine$' "group 'd': the kernel refuses its policy.*too large" '^deadline 2$' \
		"cannot make '/sys/fs/cgroup/mine': File exists; take another name" '^exists 2$' \
		'^/sys/fs/cgroup/mine$' '30000 tasks are more than this kernel has numbers for' '^many 2$'
	# 1/3 and 2/3 by the kernel's ticks; 50 ms a sleep, within a tenth, but that a busy host's share of a
	# vCPU's time counts as its task's; a switch for each turn.
	awk '$1 == "ticks" { seen++; share = $2 / ($2 + $3); if (share < .28 || share > .39) bad = 1 }
		$1 == "burst" { seen++; ms = ($4 - $2) / ($5 - $3) / 1e6; if (ms < 45 || ms > 75) bad = 1 }
		$1 == "pair" && $3 ~ /switches/ { switches[$2] += $4 }
		$1 == "pair" && $3 == "iterations_per_s" { seen++
			if (switches[$2] < $4 * .8 || switches[$2] > $4 * 1.25) bad = 1 }
		END { exit bad || seen != 4 }' stdout || fail "a shape is not right: $(<stdout)"
}

# A task that may run on that CPU alone goes elsewhere, as the kernel has it, and that is told.
@test "a CPU goes offline and comes back: loads run on, and the tracer follows" {
	cat >"$BATS_TEST_TMPDIR/script" <<-'END'
		ktstr-work --for 6s --group pin --cpus 1 spin --group napper --cpus 1 burst run=1ms sleep=5ms \
			--group free --tasks 2 futex --group churn affinity >work 2>&1 &
		until pid=$(grep -lsx pin/0 /proc/[0-9]*/comm); [ "$pid" ]; do sleep 0.1; done
		sleep 1
		echo 0 >/sys/devices/system/cpu/cpu1/online
		sleep 1
		echo "off: on CPU $(cut -d ' ' -f 39 ${pid%comm}stat)"
		echo 1 >/sys/devices/system/cpu/cpu1/online
		wait $!
		echo "status $?"
		awk '/^[a-z]+: / { group = $1 } /off_allowed/ { print "off_allowed", group, $2 }' work
		ktstr-work --for 300ms --group comesback --cpus 1 spin >/dev/null
	END
	boot --topology 1n1l2c1t --timeout 600 --wprof=always --include "$BATS_TEST_TMPDIR/script:/script" -- \
		sh -c 'cd /tmp && sh /script 2>&1'
	assert_status 0
	in_stdout '^off: on CPU 0$' '^status 0$' '^off_allowed pin: [1-9]' '^off_allowed free: 0$'
	ktstr_assert_trace_has_task comesback/0
}
