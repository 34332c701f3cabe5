#!/bin/sh
# The kernel finds no init.
#ktstr: topology=1n1l2c1t memory_mib=256 append=rdinit=/nowhere
#first: ^FAIL .* kernel panic before init's first word: No working init found
#named: ^  CPU [01]: swapper/0\[1\], in the kernel
#named: ^    \| kernel_init\+
#dump: any(.inside.cpus[].backtrace.frames[]; startswith("kernel_init+"))
true
