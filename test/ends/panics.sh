#!/bin/sh
# The kernel panics in a system call. The uptime tells how its log's clock and the trace's differ.
#ktstr: topology=1n1l2c1t memory_mib=256 record_mib=1
#first: ^FAIL .* kernel panic while the payload ran: sysrq triggered crash
#named: ^  CPU [01]: panics\[[0-9]+\], in the kernel
#named: ^    \| sysrq_handle_crash\+
#trace: panic
#dump: any(.inside.cpus[]; .task.name == "panics" and any(.backtrace.frames[]; startswith("sysrq_handle_crash+")))
printf panics >/proc/self/comm
read -r uptime _ </proc/uptime
echo "uptime $uptime" >/dev/kmsg
sleep 0.2
echo c >/proc/sysrq-trigger
