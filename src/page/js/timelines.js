/* What do the traces of a failure show? Their timelines, the repro's beside the first run's; and what they are evidence of. */
import { absent, el, section } from "./dom.js";
import { Sides } from "./sides.js";
import { load, taskTotals } from "./stats.js";
import { mostWaiting, namedPid, namedTask, payloadTime, tracePart } from "./tracepart.js";
import { duration, percent } from "./units.js";

/** @typedef {import("./tracepart.js").TraceEntry} TraceEntry */

/** Whom it is about. @param {any} dump @returns {import("./tracepart.js").Wanted} */
function wanted(dump) {
	if (!dump)
		return { pids: [], texts: [], since: null };
	const { quote } = dump;
	const waits = (dump.inside?.longest_waiting ?? [])
		.filter((/** @type {any} */ w) => w.waited_s >= 0.05);

	return {
		pids: [namedPid(dump.cause), quote?.pid, waits[0]?.task.pid].filter(pid => typeof pid === "number"),
		since: quote && typeof quote.from_s === "number" ? { pid: quote.pid, from_s: quote.from_s } : null,
		texts: [dump.cause, ...(dump.splats?.lines ?? []), dump.scheduler?.message ?? ""],
	};
}

/** @param {TraceEntry} entry */
const isRepro = entry => entry.title.startsWith("repro");

/**
 * timelines - of all traces; of the first run and its repro two that can be compared.
 * @param {import("./failure.js").Failure} failure
 * @param {ReturnType<typeof import("./topology.js").topologyPart> | null} topology gets the load
 */
export function timelines(failure, topology) {
	const there = failure.traces.filter(entry => entry.columns);
	const not = failure.traces.filter(entry => !entry.columns && entry.absent);
	const pair = [there.find(entry => !isRepro(entry)), there.find(isRepro)];
	const sides = pair[0] && pair[1] ? new Sides() : null;
	const part = section("timeline", "Timeline");
	const compared = (/** @type {TraceEntry} */ entry) => sides && pair.includes(entry);

	/** @param {TraceEntry} entry */
	function one(entry) {
		const dump = isRepro(entry) ? failure.repro ?? failure.dump : failure.dump;
		const isOpen = entry === there[0] || Boolean(compared(entry) && sides?.isWide);

		return tracePart(entry, wanted(dump), isOpen, timeline => {
			if (compared(entry))
				sides?.put(timeline, pair.indexOf(entry));
		}, trace => {
			if (entry !== there[0])
				return;
			topology?.setLoad(trace.cpus.map(c => c.cpu), load(trace, 0, trace.span),
				`over the ${duration(trace.span)} of the trace`);
			if (dump)
				addWaits(part.getRootNode(), trace, dump);
		});
	}
	/** @param {TraceEntry} entry */
	const named = entry => [el("h3", null, entry.title), one(entry)];

	if (sides)
		part.append(sides.node);
	for (const entry of there) {
		if (compared(entry))
			sides?.node.append(el("div", { class: "side" }, named(entry)));
		else
			part.append(...there.length > 1 ? named(entry) : [one(entry)]);
	}
	part.append(...not.map(entry => absent(`${entry.title}: ${entry.absent}`)));
	return part;
}

/**
 * What the trace says of whom it is about, as evidence.
 * @param {Node} root of the page @param {import("./trace.js").Trace} trace @param {any} dump
 */
function addWaits(root, trace, dump) {
	const named = namedTask(trace, wanted(dump)), task = named ?? mostWaiting(trace);
	const place = /** @type {Document} */ (root).getElementById("evidence");
	const [from, to] = payloadTime(trace);

	if (!task || !place || to <= from)
		return;
	const one = taskTotals(trace, task, from, to);
	const waited = `could run and had no CPU for ${duration(one.waited)} of the ${duration(to - from)} that are ` +
		`recorded of the payload's time (${percent(one.waited, to - from)}), ${duration(one.longest)} at a stretch`;

	if (one.waited < (to - from) / 20 || (named && one.waited < one.ran / 4))
		return;
	place.querySelector(".absent")?.remove();
	place.append(el("p", null, named ? null : "Nothing names a task. This one waited longest, which may have " +
		"nothing to do with it: ", el("strong", null, `${trace.nameOf(task)} [${task.pid}]`),
		` ${waited}; it ran for ${duration(one.ran)} (${percent(one.ran, to - from)}).`));
}
