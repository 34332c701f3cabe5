/* How did a whole suite do? A matrix of tests by preset and kernel; each cell leads to its failure. */
import { clear, copyable, el, table } from "./dom.js";
import { badge, failurePart, signOf } from "./failure.js";
import { count, seconds } from "./units.js";

/** @typedef {import("./failure.js").Failure} Failure */

/**
 * @typedef {object} Result a line of `test --json`, and which failure it is
 * @property {string} name
 * @property {string} outcome
 * @property {boolean} bad
 * @property {string | null} cause
 * @property {string | null} detail
 * @property {string | null} kernel
 * @property {string | null} topology
 * @property {number} seconds
 * @property {string | null} replay
 * @property {number | null} failure index among the page's failures
 * @property {string | null} failure_absent
 */

/**
 * @typedef {object} Suite
 * @property {Result[]} results
 * @property {number} planned
 * @property {Record<string, number>} counts
 * @property {number | null} seconds
 * @property {boolean} interrupted
 * @property {boolean} cut_off
 */

/** Test and preset of a variant: gauntlet/TEST/PRESET[/KERNEL], TEST[/KERNEL]. @param {Result} result */
function place(result) {
	const words = result.name.split("/");

	if (words[0] !== "gauntlet" || words.length < 3)
		return { test: stripKernel(result.name, result.kernel), preset: "" };
	const rest = stripKernel(words.slice(1).join("/"), result.kernel).split("/");

	return { preset: rest.length > 1 ? rest[rest.length - 1] : "",
		test: rest.length > 1 ? rest.slice(0, -1).join("/") : rest[0] };
}

/** @param {string} name @param {string | null} kernel */
function stripKernel(name, kernel) {
	const cut = name.lastIndexOf("/"), last = name.slice(cut + 1);

	return cut > 0 && kernel && (last.startsWith(kernel) || kernel.startsWith(last)) ?
		name.slice(0, cut) : name;
}

/** What all of it comes to: no pass where something had no turn. @param {Suite} suite @param {number} bad */
function verdict(suite, bad) {
	const ran = suite.results.filter(r => r.outcome !== "skip" && r.outcome !== "not-run").length;

	if (bad)
		return "fail";
	if (suite.interrupted || suite.cut_off)
		return "interrupted";
	if (suite.results.length < suite.planned || suite.results.some(r => r.outcome === "not-run"))
		return "not-run";
	return ran ? "pass" : "skip";
}

/** @param {Suite} suite @param {Failure[]} failures */
export function suitePart(suite, failures) {
	const order = ["fail", "timeout", "xpass", "error", "inconclusive", "pass", "xfail", "skip", "not-run"];
	const box = el("article", { class: "suite" }), body = el("div", null);
	const detail = el("div", { class: "detail", tabindex: -1 });
	/** @type {Set<string>} */
	const hidden = new Set();
	const bad = suite.results.filter(r => r.bad).length;

	const search = /** @type {HTMLInputElement} */ (el("input", { type: "search",
		placeholder: "test, preset, kernel or cause", "aria-label": "Only variants that have this",
		oninput: () => fill() }));
	const filters = order.filter(name => suite.counts[name]).map(name => {
		const button = el("button", { type: "button", class: "filter", "aria-pressed": "true", onclick: () => {
			if (!hidden.delete(name))
				hidden.add(name);
			button.setAttribute("aria-pressed", String(!hidden.has(name)));
			fill();
		} }, badge(name), ` ${count(suite.counts[name])}`);

		return button;
	});

	/** @param {Result} result */
	function open(result) {
		for (const trace of detail.querySelectorAll(".trace"))
			/** @type {any} */ (trace).timeline?.end();
		clear(detail);
		try {
			detail.append(one(result, failures));
		} catch (error) {
			detail.append(el("h2", null, result.name), el("p", { class: "absent" }, `it cannot be shown: ${
				error instanceof Error ? error.message : String(error)}`));
		}
		detail.scrollIntoView({ block: "start" });
		detail.focus({ preventScroll: true });
	}
	function fill() {
		const text = search.value.trim().toLowerCase();
		const shown = suite.results.filter(r => !hidden.has(r.outcome) && (!text ||
			[r.name, r.kernel, r.topology, r.cause].some(s => s && s.toLowerCase().includes(text))));

		clear(body);
		body.append(matrix(shown, open), el("h3", null, "Variants"), list(shown, open));
	}
	fill();
	box.append(
		el("header", { class: "verdict" },
			el("div", { class: "title" }, badge(verdict(suite, bad)), el("h1", null, "Test suite")),
			el("p", { class: "cause" }, bad ? `${bad} of ${suite.results.length} variants failed` :
				`${suite.results.length} variants, none failed`,
			suite.results.length < suite.planned ? `; ${suite.planned - suite.results.length} had no turn` : "",
			suite.interrupted ? "; it was interrupted" : "", suite.cut_off ?
				"; the file that this is from has no end: it was cut off" : ""),
			suite.seconds === null ? null : el("p", { class: "note" }, `in ${seconds(suite.seconds)}`)),
		el("section", { id: "matrix", class: "part" }, el("div", { class: "tools" }, search, filters), body),
		detail);
	return box;
}

/** @param {Result[]} results @param {(result: Result) => void} open */
function matrix(results, open) {
	/** @type {Map<string, Map<string, Result[]>>} */
	const tests = new Map();
	/** @type {Map<string, { preset: string, kernel: string }>} */
	const columns = new Map();

	for (const result of results) {
		const { test, preset } = place(result), kernel = result.kernel ?? "";
		const key = `${preset}\n${kernel}`, row = tests.get(test) ?? new Map();

		tests.set(test, row);
		columns.set(key, { preset, kernel });
		row.set(key, [...row.get(key) ?? [], result]);
	}
	const keys = [...columns.keys()].sort();

	if (!results.length)
		return el("p", { class: "absent" }, "no variant is left by the filters");
	return el("div", { class: "scroll" }, el("table", { class: "matrix" },
		el("thead", null, el("tr", null, el("th", { scope: "col" }, "Test"), keys.map(key => {
			const { preset, kernel } = /** @type {{ preset: string, kernel: string }} */ (columns.get(key));

			return el("th", { scope: "col" }, preset ? el("div", null, preset) : null,
				el("div", { class: preset ? "muted" : null }, kernel || "no kernel"));
		}))),
		el("tbody", null, [...tests].sort((a, b) => a[0] < b[0] ? -1 : 1).map(([test, row]) =>
			el("tr", null, el("th", { scope: "row" }, test), keys.map(key =>
				el("td", null, cell(row.get(key) ?? [], open))))))));
}

/** Of repeats: the worst, and how often. @param {Result[]} results @param {(result: Result) => void} open */
function cell(results, open) {
	if (!results.length)
		return el("span", { class: "muted" }, "·");
	const bad = results.filter(r => r.bad), worst = bad[0] ?? results[0];
	const [sign, cls] = signOf(worst.outcome);
	const flaky = results.length > 1 && bad.length > 0 && bad.length < results.length;
	const took = results.reduce((sum, r) => sum + r.seconds, 0) / results.length;

	return el("button", { type: "button", class: `cell ${flaky ? "warn" : cls}`, onclick: () => open(worst),
		title: `${worst.name}: ${worst.outcome}${worst.cause ? `: ${worst.cause}` : ""}`,
		"aria-label": `${worst.name}: ${worst.outcome}${flaky ? ", flaky" : ""}` },
	el("span", { "aria-hidden": "true" }, sign), ` ${worst.outcome}`,
	results.length > 1 ? el("small", null, `${results.length - bad.length}/${results.length}${
		flaky ? " flaky" : ""}`) : null, el("small", null, seconds(took)));
}

/** @param {Result[]} results @param {(result: Result) => void} open */
function list(results, open) {
	return table([{ title: "Variant" }, { title: "Outcome" }, { title: "Topology" }, { title: "Kernel" },
		{ title: "Took", cls: "n" }, { title: "Cause" }],
	[...results].sort((a, b) => Number(b.bad) - Number(a.bad) || (a.name < b.name ? -1 : 1)).map(r => ({
		cells: [r.name, badge(r.outcome), r.topology ?? "–", r.kernel ?? "–", seconds(r.seconds), r.cause ?? ""],
		keys: [r.name, r.outcome, r.topology ?? "", r.kernel ?? "", r.seconds, r.cause ?? ""],
		label: `${r.name}: ${r.outcome}: show it`, act: () => open(r),
	})), { most: 200 });
}

/** @param {Result} result @param {Failure[]} failures */
function one(result, failures) {
	const failure = result.failure === null ? undefined : failures[result.failure];

	return el("div", null, el("h2", null, result.name),
		failure ? failurePart(failure) : el("div", null,
			el("p", null, badge(result.outcome), " ", result.cause ?? ""),
			result.detail ? el("pre", { class: "quote", tabindex: 0 }, result.detail) : null,
			result.failure_absent ? el("p", { class: "absent" }, result.failure_absent) : null,
			result.replay ? copyable(result.replay) : null));
}
