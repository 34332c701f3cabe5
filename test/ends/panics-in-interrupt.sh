#!/bin/sh
# The kernel panics in an interrupt of its timer.
#ktstr: topology=1n1l2c1t memory_mib=256 module="softdog soft_panic=1 soft_margin=1"
#first: ^FAIL .* kernel panic while the payload ran: Software Watchdog Timer expired
#named: ^    \| softdog_fire(\.cold)?\+.* \[softdog\]
#named: ^    \| asm_sysvec_apic_timer_interrupt\+
#dump: any(.inside.cpus[].backtrace.frames[]; startswith("softdog_fire"))
exec 3>/dev/watchdog
sleep 1000
