#!/usr/bin/env bats
# Does a guest know the time, by kvmclock and without it? Do its console's interrupts and its reset work?

load helper

# Each machine is there once: it boots, and is not kept. Forks' clocks: forks.bats, cache.bats.
setup() { export KTSTR_FRESH=1; }

# What is the date, and by which clock does the guest go?
tell='date +%s; cat /sys/devices/system/clocksource/clocksource0/current_clocksource; nproc'

# told CLOCKS CPUS: the payload printed a date between that of the boot's begin and its end, a clocksource
# that matches CLOCKS, and CPUS. A date is off by a second where it comes from the RTC.
told()
{
	local date clock cpus

	assert_status 0
	{ read -r date && read -r clock && read -r cpus; } <stdout
	((date >= began - 2 && date <= $(date +%s) + 2)) ||
		fail "the guest's date is $date, the host's went from $began to $(date +%s)"
	[[ $clock =~ ^($1)$ ]] || fail "the guest's clock is $clock"
	[[ $cpus == "$2" ]] || fail "$cpus CPUs"
}

@test "by kvmclock; the console interrupts; a restart resets the machine" {
	began=$(date +%s)
	boot --topology 1n1l1c1t -- sh -c "$tell
		echo hello >/dev/ttyS0; grep -E 'IO-APIC +4-edge +ttyS0' /proc/interrupts"
	told 'kvm-clock|tsc' 1
	in_stdout ' [1-9][0-9]* +IO-APIC'

	boot --topology 1n1l2c1t -- reboot -f
	assert_status 122
	assert_output '^DIED reboot: guest reset '
}

@test "without kvmclock every stock kernel goes by the TSC, on two CPUs" {
	for kernel in $KTSTR_TEST_KERNELS; do
		began=$(date +%s)
		boot --kernel "$kernel" --topology 1n1l2c1t --append no-kvmclock -- sh -c "$tell"
		told 'tsc|tsc-early' 2
	done
}

@test "without kvmclock and a TSC to rely on a guest goes by ACPI's timer" {
	began=$(date +%s)
	# That the tables tell of it on a host whose TSC is none to rely on is the unit tests' matter.
	boot --topology 1n1l1c1t --append 'no-kvmclock tsc=unstable pmtmr=0x608' -- sh -c "$tell"
	told acpi_pm 1
}
