/* What does a range of the time add up to? Exact, in ns; the rest is counted from the same segments. */
import { ENDED, RUNNING, WOKEN, isWait } from "./trace.js";

/** @typedef {import("./trace.js").Trace} Trace */
/** @typedef {import("./trace.js").Task} Task */

/**
 * @typedef {object} TaskTotals
 * @property {Task} task
 * @property {number} ran ns on a CPU
 * @property {number} waited ns for a CPU
 * @property {number} slept ns, asleep or blocked, of what is known of it
 * @property {number} switches how often it came on a CPU
 * @property {number} migrations how often that was another one than before
 * @property {number} woken how often
 * @property {number} longest ns that it waited in one go
 * @property {number} longestAt when that began
 * @property {Float64Array} wakes ns from each wake-up to the CPU, in order of size
 */

/**
 * totals - per task, from @from to @to. A wait belongs to the range in which it ends; that of the
 * end, which has not, to the one that holds the end.
 * @param {Trace} trace @param {number} from @param {number} to
 * @returns {TaskTotals[]} of those that did something, who ran longest first
 */
export function totals(trace, from, to) {
	const result = [];

	for (const task of trace.tasks) {
		if (task.first === task.end || task.pid === 0)
			continue;
		const one = taskTotals(trace, task, from, to);

		if (one.ran || one.waited || one.woken)
			result.push(one);
	}
	return result.sort((a, b) => b.ran - a.ran || b.waited - a.waited);
}

/** @param {Trace} trace @param {Task} task @param {number} from @param {number} to @returns {TaskTotals} */
export function taskTotals(trace, task, from, to) {
	const { start, kind, cpu } = trace;
	const [ranBefore, waitedBefore] = trace.upTo(task, from), [ran, waited] = trace.upTo(task, to);
	const wakes = [];
	let switches = 0, migrations = 0, woken = 0, longest = 0, longestAt = -1, slept = 0, last = -1;
	let i = Math.max(trace.segmentAt(task, from), task.first);

	for (let k = i - 1; k >= task.first && last < 0; k--)
		if (kind[k] === RUNNING)
			last = cpu[k];
	for (; i < task.end && start[i] < to; i++) {
		const is = kind[i], began = start[i], end = trace.segmentEnd(task, i);

		if (is === RUNNING) {
			if (began >= from) {
				switches++;
				if (last >= 0 && last !== cpu[i])
					migrations++;
			}
			last = cpu[i];
		} else if (isWait(is)) {
			if (is === WOKEN && began >= from)
				woken++;
			if (end > from && (end <= to || i + 1 === task.end) && end - began > longest) {
				longest = end - began;
				longestAt = began;
			}
			if (is === WOKEN && i + 1 < task.end && end > from && end <= to &&
			    kind[i + 1] === RUNNING)
				wakes.push(end - began);
		} else if (is !== ENDED) {
			slept += Math.min(end, to) - Math.max(began, from);
		}
	}
	return {
		task, ran: ran - ranBefore, waited: waited - waitedBefore, slept, switches, migrations, woken,
		longest, longestAt, wakes: Float64Array.from(wakes).sort(),
	};
}

/**
 * percentile - of values in order of size; null where there is none.
 * @param {Float64Array} values @param {number} p 0 to 100
 */
export function percentile(values, p) {
	if (!values.length)
		return null;
	return values[Math.min(values.length - 1, Math.max(0, Math.ceil(values.length * p / 100) - 1))];
}

/**
 * longestWaits - the @most longest times for which a task could run and did not.
 * @param {Trace} trace @param {number} most
 * @returns {{ task: Task, segment: number, ns: number }[]}
 */
export function longestWaits(trace, most) {
	const { start, kind } = trace;
	/** @type {{ task: Task, segment: number, ns: number }[]} */
	let found = [];
	let least = 0;

	for (const task of trace.tasks) {
		for (let i = task.first; i < task.end; i++) {
			if (!isWait(kind[i]))
				continue;
			const ns = (i + 1 < task.end ? start[i + 1] : trace.span) - start[i];

			if (ns <= least)
				continue;
			found.push({ task, segment: i, ns });
			if (found.length >= 8 * most) {
				found = found.sort((a, b) => b.ns - a.ns).slice(0, most);
				least = found[most - 1].ns;
			}
		}
	}
	return found.sort((a, b) => b.ns - a.ns).slice(0, most);
}

/**
 * load - the share of each CPU's time with a task, in the order of trace.cpus; null: nothing is known.
 * @param {Trace} trace @param {number} from @param {number} to
 */
export function load(trace, from, to) {
	return trace.cpus.map(cpu => {
		const since = cpu.n ? Math.max(from, cpu.start[0]) : to;

		return to > since ? (trace.busyUpTo(cpu, to) - trace.busyUpTo(cpu, since)) / (to - since) : null;
	});
}
