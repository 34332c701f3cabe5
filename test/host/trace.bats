#!/usr/bin/env bats
# What `ktstr-launch trace` says of a trace, beside an independent computation from protoc's decoding of it.

load ../helper

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
}

# make_trace SEED: to standard output. 4 CPUs, each with four tasks of its own, 800 packets of one CPU each.
make_trace()
{
	python3 - "$1" <<-'END'
		import random, sys
		random.seed(int(sys.argv[1]))
		def varint(n):
		    out = b""
		    while n > 127:
		        out, n = out + bytes([n & 127 | 128]), n >> 7
		    return out + bytes([n])
		def number(field, n): return varint(field << 3) + varint(n)
		def part(field, data):
		    data = data.encode() if isinstance(data, str) else data
		    return varint(field << 3 | 2) + varint(len(data)) + data
		def event(ns, current, kind, body): return part(2, number(1, ns) + number(2, current) + part(kind, body))
		names = {0: "swapper"}
		now = [1000 + cpu for cpu in range(4)]
		on = [0] * 4
		asleep = [set(range(101 + cpu * 4, 105 + cpu * 4)) for cpu in range(4)]
		ready = [set() for cpu in range(4)]
		out = sys.stdout.buffer
		for packet in range(800):
		    cpu = packet % 4
		    events = b""
		    for i in range(random.randrange(1, 12)):
		        now[cpu] += random.randrange(1, 5000000)
		        if asleep[cpu] and random.random() < 0.5:
		            pid = random.choice(sorted(asleep[cpu]))
		            asleep[cpu].remove(pid)
		            ready[cpu].add(pid)
		            events += event(now[cpu], on[cpu], 20, part(1, "t%d" % pid) + number(2, pid)
		                + number(3, 120) + number(5, cpu))
		            continue
		        pid = random.choice(sorted(ready[cpu]) or [0])
		        if pid == on[cpu]:
		            continue
		        state = random.choice([0x100, 1, 2])
		        if on[cpu]:
		            (ready if state == 0x100 else asleep)[cpu].add(on[cpu])
		        ready[cpu].discard(pid)
		        events += event(now[cpu], on[cpu], 4, part(1, "t%d" % on[cpu]) + number(2, on[cpu]) + number(3, 120)
		            + number(4, state if on[cpu] else 0) + part(5, "t%d" % pid) + number(6, pid) + number(7, 120))
		        on[cpu] = pid
		    out.write(part(1, part(1, number(1, cpu) + events) + number(10, 1)))
	END
}

# totals: from protoc's text on standard input: of each task, what it did, in ns; and its wake-ups.
totals()
{
	python3 -c '
import collections, sys
events, fields, block = [], {}, None
for line in sys.stdin:
    depth, words = len(line) - len(line.lstrip()), line.split()
    if depth == 4 and words[0] == "2":
        fields, block = {}, None
    elif depth == 6 and words[-1] == "{":
        block = words[0]
    elif depth == 6 and words[0][-1] == ":":
        fields[words[0]] = int(words[1])
    elif depth == 8 and not words[1].startswith(chr(34)):
        fields[block + "." + words[0]] = int(words[1])
    elif depth == 4 and words[0] == "}":
        events.append((fields["1:"], len(events), block, fields))
events.sort(key=lambda e: e[:2])
first, last = events[0][0], events[-1][0]
did = collections.defaultdict(list)
for ns, _, block, f in events:
    if block == "20":
        did[f["20.2:"]].append((ns, "woken"))
    else:
        did[f["4.2:"]].append((ns, "off" if f["4.4:"] == 256 else "asleep"))
        did[f["4.6:"]].append((ns, "on"))
for pid in sorted(did):
    if not pid:
        continue
    log, sums, wakes = did[pid], dict(ran=0, waited=0, slept=0), []
    before = {"woken": "asleep", "off": "on", "asleep": "on"}.get(log[0][1])
    log = ([(first, before)] if before else []) + log + [(last, None)]
    for (ns, what), (until, then) in zip(log, log[1:]):
        sums[{"on": "ran", "woken": "waited", "off": "waited", "asleep": "slept"}[what]] += until - ns
        if what == "woken" and then:
            wakes.append(until - ns)
    wakes.sort()
    rank = lambda p: wakes[(len(wakes) * p + 99) // 100 - 1] if wakes else 0
    print(pid, *sums.values(), len(wakes), rank(50), rank(99), wakes[-1] if wakes else 0)
'
}

@test "trace: each task's totals and wake-ups are those of another computation, to the nanosecond" {
	for seed in 1 2 3; do
		make_trace $seed >t.pb
		protoc --decode_raw <t.pb | totals >wanted
		[[ $(wc -l <wanted) -eq 16 ]]
		"$KTSTR_LAUNCH" trace --json t.pb | jq -r '.tasks | sort_by(.pid)[] | "\(.pid) \(.ran_ns) \(.waited_ns) " +
			"\(.slept_ns) \(.wakes) \(.wake_p50_ns) \(.wake_p99_ns) \(.wake_max_ns)"' >got
		diff -u wanted got || fail "they differ with seed $seed" || return
	done
	run "$KTSTR_LAUNCH" trace --tasks --waits t.pb
	assert_status 0
	assert_output '^tasks    16$' '^lost     none$' '^t101 +101 ' '^  wait: t[0-9]+ \(pid [0-9]+\) waited on CPU [0-3]'
	longest=$("$KTSTR_LAUNCH" trace --json t.pb | jq '.waits[0].for_ns')
	[[ $longest -ge $("$KTSTR_LAUNCH" trace --json t.pb | jq '.waits[1].for_ns') ]]
	run "$KTSTR_LAUNCH" trace --task t101 --at 1.5 t.pb
	assert_status 0
	assert_output '^  then: t101 \(pid 101\) (ran|slept|waited) '
	run "$KTSTR_LAUNCH" trace --task nobody t.pb
	assert_status 1
	assert_output "no task 'nobody' is in it"
}

@test "trace: what is no trace, is empty, cut off, or not there" {
	make_trace 1 >t.pb
	: >empty
	head -c 10 t.pb >"cut"
	echo '{}' >other
	printf '\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01x' >long
	while read -r file words; do
		run "$KTSTR_LAUNCH" trace "$file"
		assert_status 125
		assert_output "trace '$file': .*$words" || return
	done <<-END
		empty it is empty
		cut cut off: the packet at byte [0-9]+ does not end within its 10 bytes
		other no Perfetto trace
		long cut off
		none cannot be opened: No such file
		. no regular file
	END
	# Where it has events, those are shown.
	head -c -9 t.pb >half
	for options in '' --tasks --json; do
		# shellcheck disable=SC2086 # none, or one
		run --separate-stderr "$KTSTR_LAUNCH" trace $options half
		assert_status 0
		# shellcheck disable=SC2154 # bats sets it
		[[ $stderr == *"trace 'half': it is cut off: this is what stands before that"* && $output ]]
	done
	jq -e .cut_off <<<"$output"
	run "$KTSTR_LAUNCH" trace
	assert_status 125
	run "$KTSTR_LAUNCH" trace --at 1 t.pb
	assert_output '--at is about a task'
}
