/* Why did a test fail? One failure from top to bottom: cause, evidence, repro, timeline, machine, logs. */
import { absent, copyable, el, section, table } from "./dom.js";
import { logs } from "./logs.js";
import { backtrace, machine, taskText } from "./machine.js";
import { timelines } from "./timelines.js";
import { topologyPart } from "./topology.js";
import { namedPid } from "./tracepart.js";
import { duration, seconds } from "./units.js";

/** @typedef {import("./tracepart.js").TraceEntry} TraceEntry */

/**
 * @typedef {object} Failure what src/page/failure.c gathers of one
 * @property {string} name
 * @property {any} dump or null
 * @property {any} repro its dump, or null
 * @property {string | null} repro_absent
 * @property {any} topology
 * @property {TraceEntry[]} traces
 * @property {{ stdout: import("./logs.js").Stream, stderr: import("./logs.js").Stream }} output
 */

/** How a verdict is marked: a sign beside the colour. */
const SIGNS = /** @type {Map<string, [string, string]>} */ (new Map(Object.entries({
	"pass": ["✓", "good"], "xfail": ["✓", "good"], "fail": ["✗", "bad"], "timeout": ["✗", "bad"],
	"xpass": ["✗", "bad"], "panic": ["✗", "bad"], "stall": ["✗", "bad"], "died": ["✗", "bad"],
	"protocol": ["✗", "bad"], "error": ["!", "warn"], "inconclusive": ["?", "warn"], "flaky": ["~", "warn"],
	"interrupted": ["!", "warn"], "skip": ["–", "none"], "not-run": ["–", "none"],
})));

/** @param {string} verdict @returns {[string, string]} its sign and its class */
export function signOf(verdict) {
	return SIGNS.get(verdict) ?? ["?", "warn"];
}

/** @param {string} verdict */
export function badge(verdict) {
	const [sign, cls] = signOf(verdict);

	return el("span", { class: `badge ${cls}` }, el("span", { "aria-hidden": "true" }, `${sign} `),
		verdict.toUpperCase());
}

/** @param {any} dump @param {string} name */
function head(dump, name) {
	const release = dump.kernel.release ?? dump.kernel.image;
	const facts = [
		["Kernel", release], ["Topology", dump.topology.spec], ["Memory", `${dump.memory_mib} MiB`],
		["Ran", seconds(dump.times.test_s)], ["Limit", dump.limits.test_s === null ? "none" :
			seconds(dump.limits.test_s)], ["Machine", dump.start ?? "never ran"],
		["Exit status", String(dump.exit_status)],
	];

	return el("header", { class: "verdict" },
		el("div", { class: "title" }, badge(dump.verdict), el("h1", null, name)),
		el("p", { class: "cause" }, dump.cause),
		el("dl", { class: "facts" }, facts.map(([key, value]) =>
			el("div", null, el("dt", null, key), el("dd", null, value)))),
		dump.replay ? copyable(dump.replay) : absent("how to run it again is not known"));
}

/** What the task that the failure names did, by the dump. @param {any} quote */
function quoted(quote) {
	const name = (/** @type {any} */ task) => el("strong", null, `${task.task ?? "?"} [${task.pid}]`);
	const did = new Map([["running", "ran"], ["waiting", "waited"], ["sleeping", "slept"]]);

	if (quote.why || !quote.state)
		return el("p", null, "Nothing can be said of ", name(quote), `: ${quote.why ?? "it is not known what it did"}.`);
	return el("p", null, name(quote), ` ${did.get(quote.state) ?? quote.state}`,
		quote.state_letter ? ` (${quote.state_letter})` : null,
		quote.cpu !== null && quote.state !== "sleeping" ? ` on CPU ${quote.cpu}` : null,
		quote.behind ? " behind " : null, quote.behind ? name(quote.behind) : null,
		` for ${quote.at_least ? "at least " : quote.at_most ? "at most " : ""}${seconds(quote.for_s)}, from ${
			seconds(Math.abs(quote.from_s ?? 0))} ${quote.from_s < 0 ? "before" : "after"} the payload's start on`,
		quote.behind?.for_s ? `; that one ran for ${seconds(quote.behind.for_s)} of it` : null,
		quote.woken_by ? "; woken by " : null, quote.woken_by ? name(quote.woken_by) : null,
		quote.events_lost ? "; events of that CPU are missing" : null, `. Named by: ${quote.named_by}.`);
}

/**
 * Where the kernel was: on the CPU that the cause names, or in the task that it names and that does not run.
 * @param {any} dump @returns {Node[]}
 */
function namedBacktrace(dump) {
	const { cpus = [], blocked = [], sleeping = [] } = dump.inside ?? {}, pid = namedPid(dump.cause);
	const number = /\bCPU (\d+)\b/.exec(dump.cause)?.[1];
	const hasFrames = (/** @type {any} */ one) => one.backtrace?.frames.length;
	const asleep = [...blocked, ...sleeping].find(one => one.task?.pid === pid && hasFrames(one));

	if (asleep)
		return [el("p", null, el("strong", null, taskText(asleep.task)), asleep.task.state === "D" ? " is blocked" :
			" sleeps", asleep.not_run_s === null ? "" : `, and has not run for ${seconds(asleep.not_run_s)}`, ":"),
		backtrace(asleep.backtrace)].filter(node => node !== null);
	const busy = cpus.filter(hasFrames).find((/** @type {any} */ cpu) => number !== undefined ?
		cpu.cpu === Number(number) : cpu.task?.pid && ["panic", "stall", "died"].includes(dump.verdict));

	return busy ? [el("p", null, `CPU ${busy.cpu} was in `, el("strong", null, taskText(busy.task)), ":"),
		backtrace(busy.backtrace)].filter(node => node !== null) : [];
}

/** What the cause rests on. @param {any} dump */
function evidence(dump) {
	const inside = dump.inside, found = [];
	const quote = dump.quote;

	if (quote)
		found.push(quoted(quote));
	if (dump.panic)
		found.push(el("p", null, "The kernel panicked: "), el("pre", { class: "quote" }, dump.panic));
	if (dump.splats.lines.length)
		found.push(el("p", null, `What the kernel said that nobody asked for (${dump.splats.kind}${
			dump.splats.count > dump.splats.lines.length ? `, ${dump.splats.count} in all` : ""}):`),
		el("pre", { class: "quote" }, dump.splats.lines.join("\n")));
	if (dump.scheduler)
		found.push(el("p", null, `Scheduler '${dump.scheduler.ops ?? dump.scheduler.file ?? "?"}': ${
			dump.scheduler.end}.`, ...[dump.scheduler.reason, dump.scheduler.message,
			dump.scheduler.attach_error].filter(Boolean).map((/** @type {string} */ text) => ` ${text}.`)));
	const worst = (inside?.longest_waiting ?? []).filter((/** @type {any} */ w) => w.waited_s >= 0.05)[0];

	if (worst)
		found.push(el("p", null, el("strong", null, taskText(worst.task)), ` has waited for CPU ${
			worst.task.cpu} for ${seconds(worst.waited_s)} when the test failed.`));
	found.push(...namedBacktrace(dump));
	return section("evidence", "Evidence", ...found.length ? found :
		[absent(inside ? "beyond the cause nothing was found; the timeline and the machine below show what " +
			"was going on" : "nobody looked inside of the guest, and the kernel said nothing")]);
}

/** @param {Failure} failure */
function reproPart(failure) {
	const { dump, repro } = failure, told = dump.repro;

	if (!told || !told.verdict)
		return section("repro", "Repro", absent(
			"it was not run again; --wprof has a test that fails run again, in an identical VM with the tracer on"));
	const row = (/** @type {string} */ what, /** @type {any} */ first, /** @type {any} */ second) =>
		({ cells: [what, first ?? "–", second ?? "–"] });
	const cpu = (/** @type {any} */ d) => d?.inside?.cpus?.filter((/** @type {any} */ c) => c.task?.pid)
		.map((/** @type {any} */ c) => `CPU ${c.cpu}: ${taskText(c.task)}`).join(", ") || "–";
	const words = new Map([["same-failure", "It failed again in the same way, with the tracer on."],
		["other-failure", "It failed again, in another way."], ["passed", "It passed this time."]]);

	return section("repro", "Repro",
		el("p", null, words.get(told.result) ?? `Result: ${told.result}.`),
		table([{ title: "" }, { title: "First run" }, { title: "Repro" }], [
			row("Verdict", badge(dump.verdict), told.verdict ? badge(told.verdict) : null),
			row("Cause", dump.cause, told.cause),
			row("Exit status", String(dump.exit_status), told.exit_status),
			row("Payload ran", seconds(dump.times.test_s), repro ? seconds(repro.times.test_s) : null),
			row("Kernel's complaints", String(dump.splats.count), repro ? String(repro.splats.count) : null),
			row("Ran at the end", cpu(dump), repro ? cpu(repro) : null),
		]),
		repro || !failure.repro_absent ? null : absent(failure.repro_absent));
}

/** @param {number | null} value @param {string} unit */
function quantity(value, unit) {
	return value === null ? "not known" : unit === "ns" ? duration(value) : `${Number(value.toPrecision(6))} ${
		unit === "count" ? "" : unit}`;
}

/** What came of each check, with its limit. @param {any[]} all */
function checksTable(all) {
	const verdicts = new Map([["holds", ["✓", "good"]], ["failed", ["✗", "bad"]], ["inconclusive", ["?", "warn"]]]);

	return table([{ title: "Check" }, { title: "Value", cls: "n" }, { title: "Limit", cls: "n" }, { title: "" }],
		all.map(check => {
			const [sign, cls] = verdicts.get(check.verdict) ?? ["?", "warn"];

			return {
				cells: [check.name, quantity(check.value, check.unit), `${check.op} ${quantity(check.limit, check.unit)}`,
					el("span", { class: `badge ${cls}` }, el("span", { "aria-hidden": "true" }, `${sign} `), check.verdict)],
				keys: [check.name, check.value ?? -Infinity, check.limit, check.verdict],
			};
		}));
}

/** @param {any} dump */
function metrics(dump) {
	/* A dump of a launcher before there were checks in it has none. */
	const checks = dump.checks ?? [], title = "Metrics and checks";

	if (!dump.metrics.length && !dump.metrics_warnings.length && !checks.length)
		return section("metrics", title,
			absent("the test wrote none: $KTSTR_METRICS and ktstr-work's --check make them"));
	const better = new Map([["lower", "lower is better"], ["higher", "higher is better"]]);

	return section("metrics", title,
		checks.length ? checksTable(checks) : null,
		dump.metrics.length ? table([{ title: "Metric" }, { title: "Value", cls: "n" }, { title: "Unit" }, { title: "" }],
			dump.metrics.map((/** @type {any} */ m) => ({
				cells: [m.name, String(m.value), m.unit ?? "",
					better.get(m.better) ?? ""],
				keys: [m.name, m.value, m.unit ?? "", m.better ?? ""],
			}))) : null,
		...dump.metrics_warnings.map((/** @type {string} */ why) => absent(why)));
}

/** @param {Failure} failure */
export function failurePart(failure) {
	const { dump } = failure, box = el("article", { class: "failure" });

	if (!dump) {
		box.append(el("header", { class: "verdict" }, el("div", { class: "title" },
			el("h1", null, failure.name))), timelines(failure, null));
		return box;
	}
	const topology = topologyPart(dump, failure.topology);

	box.append(head(dump, dump.test), evidence(dump), reproPart(failure), timelines(failure, topology),
		topology.node, machine(dump), logs(dump, failure.output), metrics(dump), about(dump));
	return box;
}

/** @param {any} dump */
function about(dump) {
	const rows = [["Payload", dump.payload.argv.join(" ")], ["Kernel image", dump.kernel.image],
		["Kernel parameters", dump.kernel.cmdline ?? "not known"],
		["CPUs online", `${dump.guest.cpus_online ?? "not known"}`],
		["Boot", dump.times.base_boot_s === null ? seconds(dump.times.boot_s) :
			`forked; its base booted in ${seconds(dump.times.base_boot_s)}`],
		["To the payload", seconds(dump.times.to_payload_s)], ["In all", seconds(dump.times.total_s)]];

	return section("about", "About this run", el("dl", { class: "about" }, rows.map(([key, value]) =>
		[el("dt", null, key), el("dd", null, value)]).flat()));
}

