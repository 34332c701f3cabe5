#!/bin/busybox sh
# shellcheck shell=dash
# What does the emulated Intel host do between its kernel and the command? PID 1 of it; tools/lab/intel
# adds the command at the end.

/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
stty raw </dev/console
stty raw </dev/ttyS1

die()
{
	echo "kvm-lab: inside: $*; see the lines above"
	sleep 1
	poweroff -f
}

# KVM keeps the TSC's frequency that it finds when it is loaded; see tools/lab/init.sh.
n=0
while read -r clock </sys/devices/system/clocksource/clocksource0/current_clocksource &&
	[ "$clock" = tsc-early ] && [ "$n" -lt 300 ]; do
	sleep 0.1
	n=$((n + 1))
done
for module in /modules/*; do
	insmod "$module" || die "loading ${module##*/}: it failed"
done

run_and_end()
{
	mark=$1
	shift
	"$@" </dev/null >/dev/ttyS1
	echo "$mark $?"
	# What is on its way through the ports.
	sleep 1
	poweroff -f
}
