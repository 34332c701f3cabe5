#!/bin/sh
# The kernel kills a task for want of memory. Huge pages take most of it, which need not be filled.
#ktstr: topology=1n1l2c1t memory_mib=256
#first: ^FAIL .* payload exited with status 3 .*; memory ran out, and the kernel killed 'tail' \(pid [0-9]+\): the guest has 256 MiB
#dump: .verdict == "fail"
echo 70 >/proc/sys/vm/nr_hugepages
tail /dev/zero
exit 3
