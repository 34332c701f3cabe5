/* Which lanes does a timeline have? The selected task, the CPUs, and the tasks that are searched for. */

/** @typedef {import("./trace.js").Trace} Trace */
/** @typedef {import("./trace.js").Task} Task */

/** @typedef {{ y: number, height: number, cpu?: number, task?: Task, text?: string }} Lane a place in trace.cpus, a
 * task or a heading; y: from the first lane's top on */
/** @typedef {{ matching: Task[], shown: Task[] }} Chosen tasks that fit a search, and those that have lanes */

export const HEADING = 24;
export const LANE_HEIGHT = 20;
export const LANE_GAP = 4;

/* Lanes of tasks that are there without being asked for, and of those that are. */
const FIRST_TASKS = 40;
const MOST_TASKS = 200;

/**
 * The tasks whose name or pid has @text, who were busiest first.
 * @param {Trace} trace @param {string} text
 * @returns {Chosen}
 */
export function chooseTasks(trace, text) {
	const wanted = text.trim().toLowerCase();
	const fits = (/** @type {Task} */ task) => task.pid !== 0 && task.end > task.first &&
		(!wanted || String(task.pid) === wanted ||
		 task.names.some(name => trace.names[name].toLowerCase().includes(wanted)));
	const matching = trace.tasks.filter(fits);
	const upTo = (/** @type {Task} */ task, /** @type {number} */ t) => trace.upTo(task, t).reduce((a, b) => a + b, 0);
	const shown = matching.map(task => ({ task, busy: upTo(task, trace.span) - upTo(task, trace.since) }))
		.sort((a, b) => b.busy - a.busy).slice(0, wanted ? MOST_TASKS : FIRST_TASKS).map(one => one.task);

	return { matching, shown };
}

/**
 * The lanes from top to bottom, and the height of all.
 * @param {Trace} trace @param {Task | null} focus the selected task @param {Chosen} chosen
 */
export function layLanes(trace, focus, { matching, shown }) {
	/** @type {Lane[]} */
	const lanes = [];
	let y = 0;
	const heading = (/** @type {string} */ text) => {
		lanes.push({ y, height: HEADING, text });
		y += HEADING;
	};
	const lane = (/** @type {{ cpu?: number, task?: Task }} */ what) => {
		lanes.push({ y, height: LANE_HEIGHT, ...what });
		y += LANE_HEIGHT + LANE_GAP;
	};

	if (focus) {
		heading("Selected task");
		lane({ task: focus });
	}
	heading("CPUs");
	trace.cpus.forEach((_, cpu) => lane({ cpu }));
	heading(matching.length > shown.length ? `Tasks: ${shown.length} of ${matching.length}` : `Tasks: ${shown.length}`);
	for (const task of shown)
		lane({ task });
	return { lanes, height: y + 8 };
}

/** The lane there, where there is one and no heading. @param {Lane[]} lanes @param {number} y */
export function laneAt(lanes, y) {
	return lanes.find(lane => y >= lane.y && y < lane.y + lane.height && !lane.text);
}
