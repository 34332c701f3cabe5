#!/bin/sh
# The kernel kills a task for want of memory. Huge pages take all but 24 MiB of it, and need not be filled.
#ktstr: topology=1n1l2c1t memory_mib=256 timeout_s=300
#first: ^FAIL .* payload exited with status 3 .*; memory ran out, and the kernel killed 'tail' \(pid [0-9]+\): the guest has 26[0-9] MiB
#dump: .verdict == "fail"
awk '/MemAvailable/ { print int(($2 - 24000) / 2048) }' /proc/meminfo >/proc/sys/vm/nr_hugepages
tail /dev/zero
exit 3
