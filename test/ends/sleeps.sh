#!/bin/sh
# The payload waits for what never comes.
#ktstr: topology=1n1l2c1t memory_mib=256 timeout_s=6
#first: ^TIMEOUT .* time limit of 6 s; (all CPUs are idle|the kernel's [^ ]+ runs on CPU [01]), and sleep\[[0-9]+\] sleeps in (do|hrtimer)_nanosleep
#named: ^  asleep: sleep\[[0-9]+\] for [0-9.]+ s, in (do|hrtimer)_nanosleep
#dump: any(.inside.sleeping[]; .task.name == "sleep" and any(.backtrace.frames[]; contains("nanosleep")))
sleep 1000
