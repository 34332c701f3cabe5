#!/bin/sh
# A task waits for ever for a lock of the kernel, state D.
#ktstr: topology=1n1l2c1t memory_mib=256 timeout_s=4 include=./staged:/bin/staged
#first: ^TIMEOUT .* time limit of 4 s; lock-waiter\[[0-9]+\] has been blocked for [0-9.]+ s in rwsem_down_write_slowpath
#named: ^  blocked \(D\): lock-waiter\[[0-9]+\] for
#named: ^    \| rwsem_down_write_slowpath\+
#dump: any(.inside.blocked[]; .task.name == "lock-waiter" and any(.backtrace.frames[]; startswith("rwsem_down_write_slowpath+")))
exec staged lock
