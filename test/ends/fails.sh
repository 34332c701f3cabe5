#!/bin/sh
# The payload fails by itself.
#ktstr: topology=1n1l2c1t memory_mib=256
#first: ^FAIL .* payload exited with status 7 after
exit 7
