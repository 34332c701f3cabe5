#!/bin/sh
# The verifier refuses a scheduler.
#ktstr: topology=1n1l2c1t memory_mib=256 scheduler=./scx_ktstr scheduler_args=--bad-prog
#first: ^ERROR .* scheduler was never attached: ended with status 1; the verifier: R0 invalid mem access 'scalar'
#named: ktstr_init
#dump: .scheduler.end == "never-attached"
true
