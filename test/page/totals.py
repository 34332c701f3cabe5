#!/usr/bin/env python3
"""What do the totals of a range come to? By another hand than the page's: protoc's decoding of the trace.

totals.py TRACE FROM TO: for each pid a line "PID RAN WAITED", in ns, of the time from FROM to TO ns behind the
first switch or wake-up. The rules are those of `ktstr-launch report --help`.
"""
import subprocess
import sys


def fields(lines):
    """The next message of protoc --decode_raw: a list of (number, value), to its closing brace."""
    found = []
    for line in lines:
        line = line.strip()
        if line == "}":
            break
        if line.endswith("{"):
            found.append((int(line[:-1]), fields(lines)))
        else:
            number, value = line.split(": ", 1)
            found.append((int(number), value))
    return found


def one(message, number, default=None):
    for key, value in message:
        if key == number:
            return value
    return default


def signed(text):
    value = int(text, 0)
    return value - (1 << 64) if value >= 1 << 63 else value


def read(path):
    """(events by time, the trace's end): (ns, is a switch, cpu, ...)"""
    with open(path, "rb") as trace:
        text = subprocess.run(["protoc", "--decode_raw"], stdin=trace, check=True, capture_output=True).stdout
    packets = fields(iter(text.decode("latin-1").splitlines()))
    events, end = [], 0
    for number, packet in packets:
        if number != 1:
            continue
        if one(packet, 11) is not None:
            end = max(end, int(one(packet, 8)))
        bundle = one(packet, 1)
        if not isinstance(bundle, list):
            continue
        cpu = int(one(bundle, 1, "0"))
        for key, event in bundle:
            if key != 2:
                continue
            ns = int(one(event, 1))
            switch, waking = one(event, 4), one(event, 20) or one(event, 114)
            if switch is not None:
                events.append((ns, True, cpu, signed(one(switch, 2, "0")), signed(one(switch, 4, "0")),
                               signed(one(switch, 6, "0"))))
            elif waking is not None:
                events.append((ns, False, cpu, signed(one(waking, 2))))
    events.sort(key=lambda e: (e[0], e[2], e[1]))
    return events, max([end] + [e[0] for e in events])


def main():
    path, low, high = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    events, end = read(path)
    base = events[0][0]
    state = {}  # pid -> (what, since)
    sums = {}   # pid -> [ran, waited]

    def become(pid, what, ns):
        was, since = state.get(pid, (None, ns))
        if was in ("runs", "waits"):
            took = max(0, min(ns - base, high) - max(since - base, low))
            sums.setdefault(pid, [0, 0])[0 if was == "runs" else 1] += took
        state[pid] = (what, ns)

    for event in events:
        ns = event[0]
        if event[1]:
            prev, bits, following = event[3:]
            if prev:
                become(prev, "sleeps" if bits & 0xff else "waits", ns)
            if following:
                become(following, "runs", ns)
        elif state.get(event[3], ("sleeps", 0))[0] == "sleeps":
            become(event[3], "waits", ns)
    for pid in list(state):
        become(pid, None, end)
    for pid, (ran, waited) in sorted(sums.items()):
        if ran or waited:
            print(pid, ran, waited)


main()
