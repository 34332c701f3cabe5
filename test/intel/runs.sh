#!/bin/sh
# Does the launcher work under KVM of an Intel processor? A dozen runs, inside `kvm-lab --vendor intel`, whose
# shell is busybox's. Prints TAP. Kernels: /kernels/old and /kernels/new.

export KTSTR_TOPOLOGY=1n1l1c1t KTSTR_MEMORY=512
cd /tmp || exit 1
number=0 failed=0

# check NAME STATUS PATTERN ARGS...: `run` ends with the status, and an extended regular expression matches
# its words or the payload's.
check()
{
	name=$1 want=$2 pattern=$3 status=0
	shift 3
	number=$((number + 1))
	/ktstr-launch run --out "out$number" "$@" >words 2>&1 || status=$?
	if [ "$status" -eq "$want" ] && grep -qE -e "$pattern" words; then
		echo "ok $number $name"
		return
	fi
	failed=$((failed + 1))
	echo "not ok $number $name"
	echo "# status $status, not $want, or no match for: $pattern"
	sed 's/^/# /' words
}

# module PARAM=VALUE...: KVM's module for Intel anew.
module()
{
	rmmod kvm_intel && insmod /modules/*-kvm-intel.ko "$@" || echo "# kvm_intel $*: not loaded"
}

echo "1..14"
# The oldest kernel is stricter with what it finds; the newest has FRED and other calibrations.
export KTSTR_KERNEL=/kernels/new
check "a payload's output and status, newest kernel" 7 '^FAIL sh: payload exited with status 7' -- sh -c 'echo out; exit 7'
check "a panic" 120 '^PANIC sh: .*sysrq triggered crash' -- sh -c 'echo c >/proc/sysrq-trigger; sleep 1000'
check "a time limit" 124 '^TIMEOUT sleep: ' --timeout 1 -- sleep 1000
check "the guest's clock without kvmclock" 0 '^PASS sh: ' --append no-kvmclock -- sh -c 'sleep 1; date'
export KTSTR_KERNEL=/kernels/old
check "a pass, oldest kernel" 0 '^PASS true: ' -- true
check "killed by a signal" 139 '^FAIL sh: .*SIGSEGV' -- sh -c 'kill -SEGV $$'
check "the tracer" 0 'trace +.*\.wprof\.pb' --wprof=always --memory 1024 --wprof-args '-d 60000 -e sched --ringbuf-size=4096' -- sleep 0.2
check "an LLC of two cores of two threads" 0 '^4$' --topology 1n1l2c2t -- nproc
check "two LLCs and two threads" 0 '^0-1$' --topology 1n2l1c2t -- cat /sys/devices/system/cpu/cpu0/topology/core_siblings_list
check "two nodes" 0 '^0-1$' --topology 2n4l1c1t -- cat /sys/devices/system/node/online
check "sixteen CPUs" 0 '^16$' --topology 1n4l2c2t --memory 1024 -- nproc
check "KASLR, and so the guest's own decompression" 0 '^PASS true: ' --kaslr -- true
module unrestricted_guest=0
check "without unrestricted guests" 0 '^2$' --topology 1n1l2c1t -- nproc
module ept=0
check "without EPT" 0 '^2$' --topology 1n1l2c1t -- nproc

if [ "$failed" -gt 0 ]; then
	exit 1
fi
