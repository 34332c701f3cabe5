/* What is to be seen first? The failure, and what led to it. */
import { isWait } from "./trace.js";

/** @typedef {import("./trace.js").Trace} Trace */
/** @typedef {import("./trace.js").Task} Task */

/** @param {string} name of a mark */
export function isFailure(name) {
	return name.startsWith("failure");
}

/** The failure's moment, or the end. @param {Trace} trace */
export function failureTime(trace) {
	return trace.marks.find(([, name]) => isFailure(name))?.[0] ?? trace.span;
}

/**
 * From when to when to look: the failure and what led to it, with the wait that the task was in.
 * @param {Trace} trace @param {Task | null} task that is selected
 * @param {number | null} told when what the failure says of it began, where it says so
 * @returns {[number, number]}
 */
export function aroundFailure(trace, task, told) {
	const failure = failureTime(trace);
	let from = Math.max(0, failure - Math.min(trace.span, 400e6));

	if (task) {
		const began = told !== null && told >= 0 && told < failure ? told : lastLongWait(trace, task, failure);
		const i = trace.segmentAt(task, failure);

		if (began !== null)
			from = Math.max(0, began - (failure - began) * 0.15);
		else if (i >= 0 && trace.start[i] < from)
			/* When it came to what it was at the failure, with what it did before. */
			from = Math.max(0, trace.start[i] - (failure - trace.start[i]) * 0.15);
	}
	return [from, failure + (failure - from) * 0.08];
}

/**
 * When the longest wait of a task began that is in the last third before the failure, or null.
 * @param {Trace} trace @param {Task} task @param {number} failure
 */
function lastLongWait(trace, task, failure) {
	let longest = 1e6, began = null;

	for (let i = trace.segmentAt(task, failure); i >= task.first; i--) {
		const end = Math.min(trace.segmentEnd(task, i), failure);

		/* Of what ended before an opening only parts are there. */
		if (end < failure - trace.span / 3 || trace.isUnread(end))
			break;
		if (isWait(trace.kind[i]) && end - trace.start[i] > longest) {
			longest = end - trace.start[i];
			began = trace.start[i];
		}
	}
	return began;
}
