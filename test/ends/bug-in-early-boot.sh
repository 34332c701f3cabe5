#!/bin/sh
# The kernel follows a null pointer while it boots: sockets are used that were never set up.
#ktstr: topology=1n1l2c1t memory_mib=256 append=initcall_blacklist=sock_init
#first: ^FAIL .* kernel panic before init's first word: BUG: kernel NULL pointer dereference, address: .*, in sock_alloc \(Fatal exception
#named: ^    \| sock_alloc\+
#dump: any(.inside.cpus[].backtrace.frames[]; startswith("sock_alloc+"))
true
