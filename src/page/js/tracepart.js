/* What is around a timeline: search, buttons, tables; and why there is none where there is none. */
import { absent, clear, el } from "./dom.js";
import { tables } from "./tables.js";
import { Timeline } from "./timeline.js";
import { loadTrace } from "./trace.js";
import { count, duration } from "./units.js";

/** @typedef {import("./trace.js").Trace} Trace */
/** @typedef {import("./trace.js").Task} Task */
/** @typedef {import("./trace.js").TraceMeta} TraceMeta */

/**
 * @typedef {object} TraceEntry
 * @property {string} title
 * @property {string | null} file
 * @property {string | null} absent why there is none
 * @property {TraceMeta | null} columns
 */

/**
 * @typedef {object} Wanted whom a cause is about
 * @property {number[]} pids the likeliest first
 * @property {string[]} texts
 * @property {{ pid: number, from_s: number } | null} since when that task came to what is told of it, from the
 *	payload's start on
 */

/** The pid that a text names: "name[7]", "name [7]", "pid 7". @param {string} text @returns {number | null} */
export function namedPid(text) {
	const found = /[^\s\[]\s?\[(\d+)\]|\bpid (\d+)/.exec(text);

	return found ? Number(found[1] ?? found[2]) : null;
}

/**
 * The task that is named: by its pid, else by a name that stands as a word in one of the texts.
 * @param {Trace} trace @param {Wanted} wanted
 * @returns {Task | null}
 */
export function namedTask(trace, wanted) {
	const byPid = (/** @type {number | null} */ pid) => {
		const task = pid === null ? undefined : trace.byPid.get(pid);

		return task && task.end > task.first ? task : null;
	};
	const told = wanted.pids.map(byPid).find(task => task);

	if (told)
		return told;
	for (const text of wanted.texts) {
		const task = byPid(namedPid(text));

		if (task)
			return task;
		const words = new Set(text.split(/[\s,;:'"()]+/));
		/** @type {Task | null} */
		let most = null;

		for (const task of trace.tasks)
			if (task.pid && task.end > task.first && trace.nameOf(task).length > 2 &&
			    words.has(trace.nameOf(task)) && (!most || waited(trace, task) > waited(trace, most)))
				most = task;
		if (most)
			return most;
	}
	return null;
}

/**
 * From when to when the payload ran, of what is recorded and read.
 * @param {Trace} trace
 * @returns {[number, number]}
 */
export function payloadTime(trace) {
	return [Math.max(trace.since, markAt(trace, "payload starts") ?? 0),
		Math.max(trace.since, markAt(trace, "payload ends") ?? trace.span)];
}

/** When that was, if the trace says so. @param {Trace} trace @param {string} name */
function markAt(trace, name) {
	return trace.marks.find(mark => mark[1] === name)?.[0];
}

/** Who waited longest for a CPU while the payload ran, where that is a good part of it: a guess at whom a failure is about. @param {Trace} trace */
export function mostWaiting(trace) {
	const [from, to] = payloadTime(trace);
	/** @type {Task | null} */
	let most = null;
	let longest = (to - from) * 0.1;

	for (const task of trace.tasks) {
		const ns = task.pid && task.end > task.first ? trace.upTo(task, to)[1] - trace.upTo(task, from)[1] : 0;

		if (ns > longest) {
			most = task;
			longest = ns;
		}
	}
	return most;
}

/** @param {Trace} trace @param {Task} task */
function waited(trace, task) {
	return trace.upTo(task, trace.span)[1] - trace.upTo(task, trace.since)[1];
}

/**
 * tracePart - a trace as a timeline with its tables, filled in when its columns are unpacked.
 * @param {TraceEntry} entry @param {Wanted} wanted @param {boolean} isOpen its tables are, which a click opens otherwise
 * @param {(timeline: Timeline) => void} ready the timeline is there, of a large trace with its last part
 * @param {(trace: Trace) => void} complete all of the trace is
 */
export function tracePart(entry, wanted, isOpen, ready, complete) {
	const box = el("div", { class: "trace" }), meta = entry.columns;

	if (!meta) {
		box.append(absent(entry.absent || "there is no trace"));
		return box;
	}
	box.append(el("p", { class: "note" }, "unpacking the trace …"));
	const { first, whole } = loadTrace(meta);

	whole.catch(() => {});
	first.then(trace => {
		clear(box);
		const part = fill(box, entry, trace, wanted, isOpen);

		ready(part.timeline);
		return whole.then(all => {
			part.complete(all);
			complete(all);
		}, error => part.lack(error));
	}).catch(error => {
		clear(box);
		box.append(absent(`the trace cannot be shown: ${error.message}`));
	});
	return box;
}

/**
 * @param {HTMLElement} box @param {TraceEntry} entry @param {Trace} trace all of it or its last part
 * @param {Wanted} wanted @param {boolean} isOpen
 */
function fill(box, entry, trace, wanted, isOpen) {
	/** @type {ReturnType<typeof tables> | null} */
	let numbers = null;
	let shownTrace = trace;
	const chosen = el("span", { class: "chosen" }), focus = focusOf(trace, wanted);
	const timeline = new Timeline(trace, {
		title: entry.title, focus,
		since: sinceOf(trace, wanted, focus),
		onRange: () => numbers?.fill(),
		onFocus: task => {
			clear(chosen);
			if (task)
				chosen.append("selected: ", el("strong", null, shownTrace.nameOf(task)), ` pid ${task.pid}`);
		},
	});
	const found = el("span", { class: "note", "aria-live": "polite" });
	/* It is printed as well, which the tools are not. */
	const rest = el("p", { class: "note", "aria-live": "polite" });
	const search = /** @type {HTMLInputElement} */ (el("input", { type: "search", placeholder: "task or pid",
		disabled: true,
		"aria-label": "Tasks whose name or pid has this", oninput: () => {
			const n = timeline.chooseTasks(search.value);

			clear(found);
			if (search.value)
				found.append(n === 1 ? "1 task" : `${count(n)} tasks`);
		}, onkeydown: (/** @type {KeyboardEvent} */ event) => {
			if (event.key === "Enter" && timeline.chosen.shown[0])
				timeline.setFocus(timeline.chosen.shown[0]);
		} }));
	const button = (/** @type {string} */ text, /** @type {string} */ key, /** @type {string} */ hint) =>
		el("button", { type: "button", title: hint, onclick: () => timeline.key(key, false) }, text);
	const arrows = el("button", { type: "button", "aria-pressed": "false",
		title: "arrows from who wakes the selected task to where it then runs", onclick: () => {
			timeline.arrows = !timeline.arrows;
			arrows.setAttribute("aria-pressed", String(timeline.arrows));
			timeline.draw();
		} }, "wake-ups");

	const below = isOpen ? el("div") : el("details", null, el("summary", null, el("b", null, "Longest waits and tasks")));

	box.append(
		el("div", { class: "tools" }, search, found, chosen, el("span", { class: "space" }),
			button("failure", "f", "to the failure (f)"), button("all", "0", "the whole trace (0)"),
			button("+", "w", "closer (w)"), button("−", "s", "further (s)"),
			button("←", "a", "earlier (a)"), button("→", "d", "later (d)"), arrows),
		timeline.node,
		legend(), remarks(entry, /** @type {TraceMeta} */ (entry.columns)), below);
	timeline.toFailure();
	const before = `what was before ${timeline.view.moment(trace.since, 1e6)}`;

	if (trace.since) {
		rest.append(`reading ${before}; search and tables follow …`);
		timeline.node.after(rest);
	}
	/* For the page's tests, and for whoever is curious. */
	Object.assign(box, { timeline });
	return {
		timeline,
		complete: (/** @type {Trace} */ all) => {
			shownTrace = all;
			if (all !== trace) {
				const task = focusOf(all, wanted);

				timeline.replace(all, task, sinceOf(all, wanted, task));
			}
			rest.remove();
			search.disabled = false;
			numbers = tables(timeline);
			timeline.onOrigin = numbers.refill;
			below.append(numbers.node);
		},
		/** What is shown is all that there is. */
		lack: (/** @type {Error} */ error) => {
			clear(rest);
			rest.append(`${before} cannot be read: ${error.message}; there are no search and no tables`);
			below.remove();
		},
	};
}

/** Whom a timeline opens with. @param {Trace} trace @param {Wanted} wanted */
const focusOf = (trace, wanted) => namedTask(trace, wanted) ?? mostWaiting(trace);

/** When what is told of it began, or null. @param {Trace} trace @param {Wanted} wanted @param {Task | null} focus */
function sinceOf(trace, { since }, focus) {
	return since && since.pid === focus?.pid ? (markAt(trace, "payload starts") ?? 0) + since.from_s * 1e9 : null;
}

function legend() {
	const key = (/** @type {string} */ cls, /** @type {string} */ text) =>
		el("span", null, el("i", { class: `key ${cls}` }), text);

	return el("p", { class: "note legend" }, key("ran", "runs"), key("waits", "could run, waits for a CPU"),
		key("sleeps", "sleeps"), key("blocks", "blocked (D)"),
		el("span", null, el("kbd", null, "w"), el("kbd", null, "s"), " or wheel: zoom"),
		el("span", null, el("kbd", null, "a"), el("kbd", null, "d"), " or drag: move"),
		el("span", null, "drag in the ruler, or with Shift: select a range; ", el("kbd", null, "r"),
			": what is in view"),
		el("span", null, "click: select a task"));
}

/** @param {TraceEntry} entry @param {TraceMeta} meta of all of the trace */
function remarks(entry, meta) {
	const said = [];
	const switches = meta.cpus.reduce((n, c) => n + c[1], 0), wakes = meta.cpus.reduce((n, c) => n + c[2], 0);

	said.push(`${count(switches)} switches and ${count(wakes)} wake-ups on ${meta.cpus.length} CPUs in ${
		duration(meta.span_ns)}.`);
	if (meta.left_out)
		said.push(`${count(meta.left_out)} earlier events are left out: the page holds those nearest to the ` +
			"end. All of them are in the file.");
	if (meta.cut_off)
		said.push("The file is cut off: what came later is missing.");
	if (meta.lost)
		said.push(`Events are missing in ${count(meta.lost)} places: what is shown around them may be wrong.`);
	return el("p", { class: "note" }, said.join(" "), entry.file ?
		` From ${entry.file}, which Perfetto shows as well.` : null);
}

