#!/bin/sh
# A scheduler never runs one task; its watchdog is patient, and a check of the payload's finds it.
#ktstr: topology=1n1l2c1t memory_mib=256 record_mib=1 scheduler=./scx_ktstr scheduler_args="--starve hog/2 --timeout-ms 30000"
#first: ^FAIL .* payload exited with status 1 .* under scheduler 'scx_ktstr'; ktstr-work: .*hog/2
#named: ^  waiting: hog/2\[[0-9]+\] \(ext\) for [0-9.]+ s
#trace: starved hog/2
#dump: any(.inside.longest_waiting[]; .task.name == "hog/2" and .waited_s > 0.5)
ktstr-work --for 3s --group hog --tasks 3 spin --check 'hog.max_gap < 500ms'
