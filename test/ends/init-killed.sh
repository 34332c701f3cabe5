#!/bin/sh
# The guest's init dies.
#ktstr: topology=1n1l2c1t memory_mib=256 include=./staged:/bin/staged
#first: ^FAIL .* kernel panic while the payload ran: Attempted to kill init! exitcode=0x0000000b
#named: ^  CPU [01]: init\[1\], in the kernel
#named: ^    \| do_exit(\.cold)?\+
#dump: any(.inside.cpus[]; .task.pid == 1 and any(.backtrace.frames[]; startswith("do_exit")))
staged kill-init
