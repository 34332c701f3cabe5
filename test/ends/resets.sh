#!/bin/sh
# The guest resets itself.
#ktstr: topology=1n1l2c1t memory_mib=256
#first: ^FAIL .* guest reset [0-9.]+ s after start, before the payload ended; .*reboot: Restarting system
#named: ^  CPU [01]: reboot\[[0-9]+\], in the kernel
#named: ^    \| __do_sys_reboot\+
#dump: any(.inside.cpus[]; .task.name == "reboot" and any(.backtrace.frames[]; startswith("__do_sys_reboot+")))
reboot -f
sleep 1000
