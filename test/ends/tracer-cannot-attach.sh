#!/bin/sh
# The tracer refuses its arguments: the verdict is the payload's.
#ktstr: topology=1n1l2c1t wprof wprof_args="-d 100 -e ipi"
#first: ^FAIL .* payload exited with status 5 after
#named: ^  tracer: failed: ended with status 64 before it was ready
#named: '-e ipi' is not supported
#dump: .repro.result == "same-failure"
exit 5
