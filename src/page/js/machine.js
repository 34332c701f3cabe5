/* What was each CPU doing when the test failed? From the dump's `inside`. */
import { absent, el, section, table } from "./dom.js";
import { seconds } from "./units.js";

/** @param {any} task */
export function taskText(task) {
	if (!task)
		return "not known";
	return task.pid === 0 ? "idle" : `${task.name ?? "?"} [${task.pid}]`;
}

/** @param {any} trace a dump's backtrace @returns {Node | null} */
export function backtrace(trace) {
	if (!trace || !trace.frames.length)
		return trace && trace.error ? absent(`no backtrace: ${trace.error}`) : null;
	return el("ol", { class: "frames" }, trace.frames.map((/** @type {string} */ frame) => {
		const [, name, rest] = /^(\?? ?[^+\s]+)(.*)$/s.exec(frame) ?? [null, frame, ""];

		return el("li", { class: frame.startsWith("?") ? "guess" : null }, name,
			el("span", { class: "muted" }, rest ?? ""));
	}), trace.end === "user" ? el("li", { class: "muted" }, "from user mode") : null,
	trace.error ? el("li", { class: "muted" }, `it ends here: ${trace.error}`) : null);
}

/** @param {any[]} waiting */
function queue(waiting) {
	return table([{ title: "Task" }, { title: "Class" }, { title: "Waits for", cls: "n" }, { title: "" }],
		waiting.map(one => ({ cells: [taskText(one.task), one.task.class,
			one.waited_s === null ? "–" : seconds(one.waited_s),
			[one.since_it_last_ran ? "since it last ran" : "", one.throttled ? "throttled" : "",
				one.dsq ? `queue: ${one.dsq}` : ""].filter(Boolean).join(", ")] })), { most: 8 });
}

/** @param {any} cpu */
function cpuPart(cpu) {
	const idle = cpu.task && cpu.task.pid === 0, waiting = cpu.run_queue.waiting;
	const mode = cpu.mode ? `${cpu.mode} mode${cpu.takes_interrupts === false ? ", interrupts off" : ""}` :
		cpu.registers_error;

	return el("details", { class: "cpu", open: !idle || waiting.length > 0 },
		el("summary", null, el("b", null, `CPU ${cpu.cpu}`), " ",
			el("span", { class: idle ? "muted" : null }, cpu.task ? taskText(cpu.task) :
				`task not known: ${cpu.task_error}`),
			el("span", { class: "muted" }, mode ? `  ${mode}` : "", waiting.length ?
				`, ${waiting.length} waiting` : "")),
		backtrace(cpu.backtrace),
		waiting.length ? el("h4", null, "Run queue") : null,
		waiting.length ? queue(waiting) : null,
		cpu.run_queue.error ? absent(`run queue: ${cpu.run_queue.error}`) : null);
}

/** Tasks that do not run, and where they sleep. @param {string} title @param {any[]} tasks @param {number} [count] of all */
function asleep(title, tasks, count = tasks.length) {
	return tasks.length ? [el("h3", null, `${title}: ${count}`), ...tasks.map(one => el("details", { class: "cpu" },
		el("summary", null, el("b", null, taskText(one.task)), el("span", { class: "muted" },
			one.not_run_s === null ? "" : `  has not run for ${seconds(one.not_run_s)}`)),
		backtrace(one.backtrace)))] : [];
}

/** @param {any} dump */
export function machine(dump) {
	const inside = dump.inside, title = "The machine at the failure";

	if (!inside)
		return section("machine", title, absent("nobody looked inside of the guest: it was gone, or had not " +
			"failed by itself"));
	if (inside.error)
		return section("machine", title, absent(`the guest could not be read: ${inside.error}`));
	const cpus = inside.cpus ?? [], blocked = inside.blocked ?? [], longest = inside.longest_waiting ?? [];

	return section("machine", title,
		el("p", { class: "note" }, `${inside.tasks ?? "?"} tasks; the guest stood still for ${
			seconds(inside.took_s)} to be read.`),
		longest.length ? el("h3", null, "What waited for a CPU") : null,
		longest.length ? queue(longest) : null,
		inside.in_no_queue?.length ? el("h3", null, "Could run, and is in no queue") : null,
		inside.in_no_queue?.length ? queue(inside.in_no_queue) : null,
		...asleep("Blocked (D)", blocked, inside.blocked_count),
		...asleep("Asleep, of user space", inside.sleeping ?? [], inside.sleeping_count),
		el("h3", null, "CPUs"),
		el("div", { class: "cpus" }, cpus.map(cpuPart)),
		...(inside.incomplete ?? []).map((/** @type {string} */ why) => absent(why)));
}
