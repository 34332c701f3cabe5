/* What is at a place of the timeline, in words? */
import { clear, el } from "./dom.js";
import { BLOCKED, ENDED, PREEMPTED, RUNNING, WOKEN, isWait, lastAt } from "./trace.js";
import { duration } from "./units.js";

/** @typedef {import("./trace.js").Trace} Trace */
/** @typedef {import("./trace.js").Task} Task */
/** @typedef {import("./lanes.js").Lane} Lane */

/** @typedef {{ task: Task, from: number, to: number, lines: string[] }} Pointed a slice of a CPU, or a segment of a task */

/**
 * What @lane has at the time @t.
 * @param {Trace} trace @param {Lane} lane @param {number} t
 * @returns {Pointed | null}
 */
export function pointed(trace, lane, t) {
	if (t > trace.span || t < trace.since)
		return null;
	if (lane.cpu !== undefined) {
		const cpu = trace.cpus[lane.cpu], i = lastAt(cpu.start, 0, cpu.n, t);
		const task = i >= 0 ? trace.byPid.get(trace.pids[cpu.name[i]]) : undefined;

		if (!task)
			return null;
		const from = cpu.start[i], to = trace.sliceEnd(cpu, i);

		return { task, from, to, lines: [
			task.pid ? `${trace.names[cpu.name[i]]}  ·  pid ${task.pid}` : "idle",
			`${duration(to - from)} on CPU ${cpu.cpu}`, ...waitBefore(trace, task, from)] };
	}
	const task = /** @type {Task} */ (lane.task), i = trace.segmentAt(task, t);

	if (i < 0)
		return null;
	const from = trace.start[i], to = trace.segmentEnd(task, i);

	return { task, from, to, lines: [`${trace.nameOf(task)}  ·  pid ${task.pid}`,
		`${stateOf(trace, i)} for ${duration(to - from)}`, ...waker(trace, i),
		...trace.kind[i] === RUNNING ? waitBefore(trace, task, from) : []] };
}

/** @param {Trace} trace @param {Task} task @param {number} t when it came on a CPU */
function waitBefore(trace, task, t) {
	const i = trace.segmentAt(task, t);

	/* Of an opening only what goes on when it begins is known, not what ended before. */
	if (!task.pid || i <= task.first || !isWait(trace.kind[i - 1]) || trace.isUnread(trace.start[i]))
		return [];
	return [`waited ${duration(trace.start[i] - trace.start[i - 1])} for it`, ...waker(trace, i - 1)];
}

/** @param {Trace} trace @param {number} i a segment */
function stateOf(trace, i) {
	const { kind, cpu } = trace;

	switch (kind[i]) {
	case RUNNING: return `running on CPU ${cpu[i]}`;
	case WOKEN: return `woken, waiting for ${cpu[i] < 0 ? "a CPU" : `CPU ${cpu[i]}`}`;
	case PREEMPTED: return `runnable, waiting for a CPU (it had CPU ${cpu[i]})`;
	case BLOCKED: return "blocked (D)";
	case ENDED: return "ended";
	default: return "sleeping";
	}
}

/** @param {Trace} trace @param {number} i a segment */
function waker(trace, i) {
	return trace.kind[i] === WOKEN ? [wokenBy(trace, i)] : [];
}

/**
 * Who woke it. What a CPU ran when the wake-up came from there, be it from an interrupt: a trace tells no more.
 * @param {Trace} trace @param {number} i a segment that is WOKEN
 */
export function wokenBy(trace, i) {
	const by = trace.by[i], cpu = trace.byCpu[i] < 0 ? "a CPU" : `CPU ${trace.byCpu[i]}`;

	if (trace.isUnread(trace.start[i]))
		return "who woke it is not read yet";
	if (by >= trace.names.length)
		return "it is not known who woke it";
	return trace.pids[by] ? `woken by ${trace.names[by]} [${trace.pids[by]}] on ${cpu}` :
		`woken by an interrupt on ${cpu}, which was idle`;
}

/** The box beside the pointer that says it. */
export class Tip {
	constructor() {
		this.node = el("div", { class: "tip", role: "status", hidden: true });
	}

	hide() {
		this.node.hidden = true;
	}

	/**
	 * @param {string[]} lines @param {import("./view.js").Place} at @param {number} width of what it stays in
	 * @param {number} height
	 */
	show(lines, at, width, height) {
		const { node } = this;

		clear(node);
		lines.forEach((line, i) => node.append(el("div", { class: i ? null : "first" }, line)));
		node.hidden = false;
		const left = Math.min(at.x + 14, width - node.offsetWidth - 6);
		const top = at.y + 18 + node.offsetHeight > height ? at.y - node.offsetHeight - 10 : at.y + 18;

		node.style.transform = `translate(${Math.max(4, left)}px, ${Math.max(0, top)}px)`;
	}
}
