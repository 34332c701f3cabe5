#!/bin/sh
# The payload runs on and on.
#ktstr: topology=1n1l2c1t memory_mib=256 timeout_s=6
#first: ^TIMEOUT .* time limit of 6 s; hog\[[0-9]+\] (runs on CPU [01] in user mode|is about to run on CPU [01])
#named: ^  (CPU [01]: hog\[[0-9]+\], in user mode|waiting: hog\[[0-9]+\])
#dump: any(.inside | .cpus[], .longest_waiting[]; .task.name == "hog")
printf hog >/proc/self/comm
while :; do :; done
