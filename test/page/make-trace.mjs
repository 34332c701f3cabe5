/*
 * A trace to try the page with: `make-trace.mjs CPUS EVENTS FILE [hostile|compact]`. The same arguments give the
 * same bytes. Tasks wake each other, run for a while, sleep or are preempted; with a failure at the end,
 * and a task `starved` that waits for its last quarter. Hostile: names of every byte, of markup, of script.
 * Compact: as wprof's -e sched, and Perfetto, write it, the events of a bundle as columns (compact_sched).
 */
import { writeFileSync } from "node:fs";

const [cpus, events, file, hostile, compact] = [Number(process.argv[2]), Number(process.argv[3]), process.argv[4],
	process.argv[5] === "hostile", process.argv[5] === "compact"];
const BUNDLE = 2000; /* events of a packet */
const BASE_NS = 1000n * 1000000000n;

let seed = 88172645463325252n;

/** Below @n. @param {number} n */
function random(n) {
	seed ^= seed << 13n & 0xffffffffffffffffn;
	seed ^= seed >> 7n;
	seed ^= seed << 17n & 0xffffffffffffffffn;
	return Number(seed % BigInt(n));
}

/** @param {number | bigint} value @returns {number[]} */
function varint(value) {
	const out = [];
	let rest = BigInt.asUintN(64, BigInt(value));

	for (; rest > 127n; rest >>= 7n)
		out.push(Number(rest & 127n) | 128);
	out.push(Number(rest));
	return out;
}

/** @param {number} field @param {number | bigint} value */
const uint = (field, value) => [...varint(field << 3), ...varint(value)];
/** @param {number} field @param {number[] | Uint8Array} body */
const bytes = (field, body) => [...varint(field << 3 | 2), ...varint(body.length), ...body];
/** @param {number} field @param {string | Uint8Array} text */
const text = (field, text) => bytes(field, typeof text === "string" ? new TextEncoder().encode(text) : text);

const NAMES = hostile ? [
	"</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<!--", "]]>", "${alert(1)}",
	"javascript:alert(1)", "\u202egnp.exe", "\u2028\u2029", "'\"`&lt;", "__proto__", "constructor",
	...Array.from({ length: 32 }, (_, row) => Uint8Array.from({ length: 8 }, (_, i) => row * 8 + i)),
] : ["server", "client", "kworker/0:1", "ksoftirqd/0", "rcu_preempt", "compile", "sh", "postgres", "worker",
	"migration/1"];
const nrTasks = Math.max(cpus * 6, NAMES.length);
const tasks = Array.from({ length: nrTasks }, (_, i) => ({ pid: 100 + i, name: NAMES[i % NAMES.length],
	asleep: true, cpu: i % cpus }));

/** @type {number[][]} */
const queues = Array.from({ length: cpus }, () => []);
const running = new Array(cpus).fill(-1); /* a task, -1: idle */
const bundles = Array.from({ length: cpus }, () => /** @type {Event[]} */ ([]));
const last = new Array(cpus).fill(0);
/** @type {Buffer[]} */
const packets = [];

/** @param {number[]} packet */
function put(packet) {
	packets.push(Buffer.from(bytes(1, packet)));
}

/** @param {number} cpu */
function flush(cpu) {
	const bundle = bundles[cpu];

	if (bundle.length)
		put([...uint(10, 1), ...bytes(1, [...uint(1, cpu), ...compact ? bytes(4, columns(bundle)) :
			bundle.flatMap(plain)])]);
	bundles[cpu] = [];
}

/** @typedef {{ ns: bigint, by: number, prev?: [string | Uint8Array, number], state: number, pid: number,
 *	name: string | Uint8Array, cpu: number }} Event a switch, with who leaves, or a wake-up */

/** FtraceEvent: sched_switch, sched_waking. @param {Event} e */
const plain = e => bytes(2, [...uint(1, e.ns), ...uint(2, e.by), ...e.prev ? bytes(4, [...text(1, e.prev[0]),
	...uint(2, e.prev[1]), ...uint(3, 120), ...uint(4, e.state), ...text(5, e.name), ...uint(6, e.pid), ...uint(7, 120)]) :
	bytes(20, [...text(1, e.name), ...uint(2, e.pid), ...uint(3, 120), ...uint(4, 1), ...uint(5, e.cpu)])]);

/** FtraceEventBundle.CompactSched. @param {Event[]} bundle */
function columns(bundle) {
	const names = [...new Set(bundle.map(e => e.name))];
	const packed = (/** @type {number} */ field, /** @type {(number | bigint)[]} */ values) => bytes(field, values.flatMap(varint));
	const steps = (/** @type {Event[]} */ list) => list.map((e, i) => i ? e.ns - list[i - 1].ns : e.ns);
	const switches = bundle.filter(e => e.prev), wakes = bundle.filter(e => !e.prev);
	const prio = (/** @type {Event[]} */ list) => list.map(() => 120);

	return [...packed(1, steps(switches)), ...packed(2, switches.map(e => e.state)), ...packed(3, switches.map(e => e.pid)),
		...packed(4, prio(switches)), ...names.flatMap(name => text(5, name)),
		...packed(6, switches.map(e => names.indexOf(e.name))), ...packed(7, steps(wakes)),
		...packed(8, wakes.map(e => e.pid)), ...packed(9, wakes.map(e => e.cpu)), ...packed(10, prio(wakes)),
		...packed(11, wakes.map(e => names.indexOf(e.name)))];
}

/** @param {number} cpu @param {number} ns @param {Omit<Event, "ns" | "by">} what */
function event(cpu, ns, what) {
	bundles[cpu].push({ ns: BASE_NS + BigInt(ns), by: running[cpu] < 0 ? 0 : tasks[running[cpu]].pid, ...what });
	if (bundles[cpu].length === BUNDLE)
		flush(cpu);
}

/** @param {number} cpu @param {number} ns @param {number} task @param {number} to */
function wake(cpu, ns, task, to) {
	event(cpu, ns, { state: 1, pid: tasks[task].pid, name: tasks[task].name, cpu: to });
	tasks[task].asleep = false;
	tasks[task].cpu = to;
	queues[to].push(task);
	made++;
}

/** @param {number} cpu @param {number} ns @param {number} task @param {number} state */
function change(cpu, ns, task, state) {
	const who = (/** @type {number} */ t) => t < 0 ? { pid: 0, name: `swapper/${cpu}` } : tasks[t];
	const prev = who(running[cpu]), next = who(task);

	event(cpu, ns, { prev: [prev.name, prev.pid], state, pid: next.pid, name: next.name, cpu });
	running[cpu] = task;
}

let made = 0, now = 0;

tasks[nrTasks - 1].name = "starved";
while (made < events) {
	const cpu = random(cpus);
	const ns = Math.max(now += 200 + random(4000), last[cpu] + 1);

	last[cpu] = ns;
	if (running[cpu] >= 0 && random(3)) {
		/* Wake somebody. */
		const woken = random(nrTasks - (made > events * 0.75 ? 1 : 0));

		if (tasks[woken].asleep) {
			const to = random(4) ? tasks[woken].cpu : cpu;

			wake(cpu, ns, woken, to);
		}
	} else {
		let from = queues[cpu].findIndex(t => t !== nrTasks - 1 || made < events * 0.75);
		const stays = running[cpu] >= 0 && !random(3);

		if (from < 0 && running[cpu] < 0) {
			/* An interrupt wakes somebody on an idle CPU. */
			const woken = random(nrTasks - 1);

			if (tasks[woken].asleep)
				wake(cpu, ns, woken, cpu);
			continue;
		}
		if (from < 0 && stays)
			continue;
		const was = running[cpu], next = from < 0 ? -1 : queues[cpu].splice(from, 1)[0];

		change(cpu, ns, next, was < 0 ? 0 : stays ? 0x100 : random(20) ? 1 : 2);
		made++;
		if (was >= 0 && stays)
			queues[cpu].push(was);
		else if (was >= 0)
			tasks[was].asleep = true;
	}
}
for (let cpu = 0; cpu < cpus; cpu++)
	flush(cpu);

/* The launcher's own track of marks (src/trace/packets.c). */
const TRACK = 1;
const mark = (/** @type {number} */ ns, /** @type {string} */ name) => [...uint(8, BASE_NS + BigInt(ns)), ...uint(10, 1),
	...bytes(11, [...uint(9, 3), ...uint(11, TRACK), ...text(23, name)])];

put([...uint(10, 1), ...bytes(60, [...uint(1, TRACK), ...text(2, "ktstr")])]);
put(mark(Math.round(now / 20), "payload starts"));
put(mark(now + 1000000, hostile ? "failure: <script>alert(1)</script>" : "failure: starved was starved"));
writeFileSync(file, Buffer.concat(packets));
