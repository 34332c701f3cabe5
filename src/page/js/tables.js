/* What do the numbers of a trace say? Tables beside the timeline; a row leads to its place there. */
import { clear, el, table } from "./dom.js";
import { wokenBy } from "./pointed.js";
import { longestWaits, percentile, totals } from "./stats.js";
import { PREEMPTED } from "./trace.js";
import { count, duration, exact, percent } from "./units.js";

/** @typedef {import("./timeline.js").Timeline} Timeline */
/** @typedef {import("./trace.js").Trace} Trace */
/** @typedef {import("./trace.js").Task} Task */

/** Of those that a task had, so many are told. */
const MOST_NAMES = 8;

/** @param {Trace} trace @param {Task} task */
function taskCell(trace, task) {
	/* A guest may rename a task as often as it likes. */
	const others = [...new Set(task.names.slice(-MOST_NAMES).map(name => trace.names[name]))]
		.filter(name => name !== trace.nameOf(task));

	return el("span", { title: others.length ? `before that: ${others.join(", ")}` : null },
		trace.nameOf(task), " ", el("span", { class: "pid" }, String(task.pid)));
}

/** @param {number | null} ns */
const orNone = ns => ns === null ? "–" : duration(ns);

/** @param {Timeline} timeline */
export function waitsTable(timeline) {
	const { trace } = timeline, waits = longestWaits(trace, 50);

	if (!waits.length)
		return el("p", { class: "absent" }, "no task had to wait for a CPU");
	return table([
		{ title: "Task" },
		{ title: "Waited", cls: "n" },
		{ title: "From", cls: "n" },
		{ title: "CPU", cls: "n" },
		{ title: "Since" },
	], waits.map(({ task, segment, ns }) => {
		const start = trace.start[segment];
		const since = trace.kind[segment] === PREEMPTED ? "it had to leave the CPU" : wokenBy(trace, segment);

		return {
			cells: [taskCell(trace, task), duration(ns), timeline.view.moment(start, 1e6),
				trace.cpu[segment] < 0 ? "–" : trace.cpu[segment], since],
			keys: [trace.nameOf(task), ns, start, trace.cpu[segment], since],
			label: `${trace.nameOf(task)}, pid ${task.pid}, waited ${duration(ns)}: show it`,
			act: () => timeline.jump(task, start, start + ns),
		};
	}), { most: 12 });
}

/**
 * The totals of a range, exact to the nanosecond.
 * @param {Timeline} timeline @param {number} from @param {number} to
 */
export function totalsTable(timeline, from, to) {
	const { trace } = timeline, all = totals(trace, from, to), length = to - from;

	return table([
		{ title: "Task" },
		{ title: "On a CPU", cls: "n", hint: "nanoseconds, exact" },
		{ title: "Share", cls: "n", hint: "of one CPU's time" },
		{ title: "Waited", cls: "n", hint: "could run and had no CPU: nanoseconds, exact" },
		{ title: "Longest wait", cls: "n" },
		{ title: "Switches", cls: "n", hint: "how often it got a CPU" },
		{ title: "Migrations", cls: "n", hint: "how often that was another CPU than before" },
		{ title: "Wake-ups", cls: "n" },
		{ title: "p50", cls: "n", hint: "from the wake-up to the CPU, median" },
		{ title: "p99", cls: "n", hint: "from the wake-up to the CPU, 99th percentile" },
	], all.map(one => {
		const p50 = percentile(one.wakes, 50), p99 = percentile(one.wakes, 99);

		return {
			cells: [taskCell(trace, one.task), exact(one.ran), percent(one.ran, length), exact(one.waited),
				one.longest ? duration(one.longest) : "–", count(one.switches),
				count(one.migrations), count(one.woken), orNone(p50), orNone(p99)],
			keys: [trace.nameOf(one.task), one.ran, one.ran, one.waited, one.longest, one.switches,
				one.migrations, one.woken, p50 ?? -1, p99 ?? -1],
			label: `${trace.nameOf(one.task)}, pid ${one.task.pid}: show it`,
			act: () => {
				if (one.longest > 0)
					timeline.jump(one.task, one.longestAt, one.longestAt + one.longest);
				else
					timeline.setFocus(one.task);
			},
		};
	}), { most: 20 });
}

/** What the tables are about: all, or a range. @param {Timeline} timeline */
export function tables(timeline) {
	const where = el("p", { class: "note" }), box = el("div", null), waits = el("div", null);

	function fill() {
		const { view, range, trace } = timeline, [from, to] = range ?? [0, trace.span];
		const whole = from <= 0 && to >= trace.span;

		clear(where);
		where.append(whole ? `Over the whole trace, ${exact(to)}. A range that is selected in the timeline ` +
			"(drag in its ruler, or press r there for what is in view) narrows it." :
			`Over the range from ${view.exact(from)} to ${view.exact(to)}: ${exact(to - from)}.`);
		clear(box);
		box.append(totalsTable(timeline, from, to));
	}
	/** All of it, when times are told from another moment on. */
	function refill() {
		clear(waits);
		waits.append(el("h3", null, "Longest waits"), waitsTable(timeline));
		fill();
	}
	/* All of the trace is walked for them: the timeline's first frame does not wait for that. */
	requestAnimationFrame(() => setTimeout(refill));
	return {
		fill, refill,
		node: el("div", { class: "tables" }, waits,
			el("div", null, el("h3", null, "Tasks"), where, box)),
	};
}

