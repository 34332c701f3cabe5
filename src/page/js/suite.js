/* How did a whole suite do? A matrix of tests by preset and kernel; each cell leads to its failure. */
import { clear, copyable, el, table } from "./dom.js";
import { badge, failurePart, signOf } from "./failure.js";
import { count, seconds } from "./units.js";
import { STATES, longRate, shortRate, stateBadge, tookOf, variantsOf, wordOf } from "./variants.js";

/** @typedef {import("./failure.js").Failure} Failure */
/** @typedef {import("./variants.js").Variant} Variant */

/**
 * @typedef {object} Result a line of `test --json`, and which failure it is
 * @property {string} name
 * @property {number | null} round
 * @property {string} outcome
 * @property {boolean} bad
 * @property {string | null} cause
 * @property {string | null} detail
 * @property {string | null} kernel
 * @property {string | null} topology
 * @property {number} seconds
 * @property {string | null} replay
 * @property {string | null} folder of its artefacts
 * @property {number | null} failure index among the page's failures
 * @property {string | null} failure_absent
 */

/**
 * @typedef {object} Suite
 * @property {Result[]} results
 * @property {import("./variants.js").Rate[]} rates of what had several rounds
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

/**
 * What all of it comes to: no pass where something had no turn; where a rate was to be shown, what was decided of
 * it, as the exit status has it.
 * @param {Suite} suite @param {number} bad
 */
function verdict(suite, bad) {
	const ran = suite.results.filter(r => r.outcome !== "skip" && r.outcome !== "not-run").length;
	const asked = suite.rates.filter(rate => rate.limit);

	if (asked.some(rate => rate.decision === "below") || (bad && !asked.length))
		return "fail";
	if (suite.interrupted || suite.cut_off)
		return "interrupted";
	if (suite.results.length < suite.planned || suite.results.some(r => r.outcome === "not-run"))
		return "not-run";
	if (asked.some(rate => rate.decision === "open"))
		return "inconclusive";
	return ran ? "pass" : "skip";
}

/** @param {Suite} suite @param {Variant[]} variants @param {number} bad */
function summary(suite, variants, bad) {
	const repeated = variants.length < suite.results.length;
	const failed = variants.filter(v => v.rounds.some(r => r.bad)).length;
	const flaky = variants.filter(v => v.state === "flaky").length;

	return [failed ? `${failed} of ${variants.length} variants failed` : `${variants.length} variants, none failed`,
		repeated ? `; ${failed ? `${bad} of ` : ""}${suite.results.length} rounds` : "",
		flaky ? `; ${flaky} flaky` : "",
		suite.results.length < suite.planned ? `; ${suite.planned - suite.results.length} had no turn` : "",
		suite.interrupted ? "; it was interrupted" : "",
		suite.cut_off ? "; the file that this is from has no end: it was cut off" : ""];
}

/** @param {Suite} suite @param {Failure[]} failures */
export function suitePart(suite, failures) {
	const box = el("article", { class: "suite" }), body = el("div", null);
	const detail = el("div", { class: "detail", tabindex: -1 });
	/** @type {Set<string>} */
	const hidden = new Set();
	const bad = suite.results.filter(r => r.bad).length, variants = variantsOf(suite.results, suite.rates);

	const search = /** @type {HTMLInputElement} */ (el("input", { type: "search",
		placeholder: "test, preset, kernel or cause", "aria-label": "Only variants that have this",
		oninput: () => fill() }));
	const filters = STATES.flatMap(name => {
		const number = variants.filter(v => v.state === name).length;
		const button = el("button", { type: "button", class: "filter", "aria-pressed": "true", onclick: () => {
			if (!hidden.delete(name))
				hidden.add(name);
			button.setAttribute("aria-pressed", String(!hidden.has(name)));
			fill();
		} }, badge(name), ` ${count(number)}`);

		return number ? [button] : [];
	});

	/** @param {Variant} variant */
	function open(variant) {
		const shown = el("div", null);
		/** @param {Result} result */
		const show = result => {
			for (const trace of detail.querySelectorAll(".trace"))
				/** @type {any} */ (trace).timeline?.end();
			clear(shown);
			try {
				shown.append(one(result, failures));
			} catch (error) {
				shown.append(el("h2", null, result.name), el("p", { class: "absent" }, `it cannot be shown: ${
					error instanceof Error ? error.message : String(error)}`));
			}
		};

		/* Those of the variant before end first. */
		show(variant.worst);
		clear(detail);
		if (variant.rounds.length > 1)
			detail.append(rounds(variant, result => {
				show(result);
				shown.scrollIntoView({ block: "start" });
			}));
		detail.append(shown);
		detail.scrollIntoView({ block: "start" });
		detail.focus({ preventScroll: true });
	}
	function fill() {
		const text = search.value.trim().toLowerCase();
		const shown = variants.filter(v => !hidden.has(v.state) && (!text || v.rounds.some(r =>
			[r.name, r.kernel, r.topology, r.cause].some(s => s && s.toLowerCase().includes(text)))));

		clear(body);
		body.append(matrix(shown, open), el("h3", null, "Variants"), list(shown, open));
	}
	fill();
	box.append(
		el("header", { class: "verdict" },
			el("div", { class: "title" }, badge(verdict(suite, bad)), el("h1", null, "Test suite")),
			el("p", { class: "cause" }, ...summary(suite, variants, bad)),
			suite.seconds === null ? null : el("p", { class: "note" }, `in ${seconds(suite.seconds)}`)),
		el("section", { id: "matrix", class: "part" }, el("div", { class: "tools" }, search, filters), body),
		detail);
	return box;
}

/** @param {Variant[]} variants @param {(variant: Variant) => void} open */
function matrix(variants, open) {
	/** @type {Map<string, Map<string, Variant[]>>} */
	const tests = new Map();
	/** @type {Map<string, { preset: string, kernel: string }>} */
	const columns = new Map();

	for (const variant of variants) {
		const { test, preset } = place(variant.worst), kernel = variant.worst.kernel ?? "";
		const key = `${preset}\n${kernel}`, row = tests.get(test) ?? new Map();

		tests.set(test, row);
		columns.set(key, { preset, kernel });
		row.set(key, [...row.get(key) ?? [], variant]);
	}
	const keys = [...columns.keys()].sort();

	if (!variants.length)
		return el("p", { class: "absent" }, "no variant is left by the filters");
	return el("div", { class: "scroll" }, el("table", { class: "matrix" },
		el("thead", null, el("tr", null, el("th", { scope: "col" }, "Test"), keys.map(key => {
			const { preset, kernel } = /** @type {{ preset: string, kernel: string }} */ (columns.get(key));

			return el("th", { scope: "col" }, preset ? el("div", null, preset) : null,
				el("div", { class: preset ? "muted" : null }, kernel || "no kernel"));
		}))),
		el("tbody", null, [...tests].sort((a, b) => a[0] < b[0] ? -1 : 1).map(([test, row]) =>
			el("tr", null, el("th", { scope: "row" }, test), keys.map(key =>
				el("td", null, ...cells(row.get(key) ?? [], open))))))));
}

/** Names differ where a kernel's does: one for each. @param {Variant[]} variants @param {(variant: Variant) => void} open */
function cells(variants, open) {
	return variants.length ? variants.map(v => cell(v, open)) : [el("span", { class: "muted" }, "·")];
}

/** The word, how long it took on average, and of several rounds the rate. @param {Variant} variant @param {(variant: Variant) => void} open */
function cell(variant, open) {
	const { worst, rounds } = variant, [sign, cls] = signOf(variant.state), rate = shortRate(variant);

	return el("button", { type: "button", class: `cell ${cls}`, onclick: () => open(variant),
		title: `${worst.name}: ${wordOf(variant)}${worst.cause ? `: ${worst.cause}` : ""}`,
		"aria-label": `${worst.name}: ${wordOf(variant)}${rate ? `, passes ${rate}` : ""}` },
	el("span", { "aria-hidden": "true" }, sign), ` ${wordOf(variant)}`, el("small", null, seconds(tookOf(variant))),
	rounds.length > 1 ? el("div", { class: "rate" }, rate || `${rounds.length} rounds`) : null);
}

/** @param {Variant[]} variants @param {(variant: Variant) => void} open */
function list(variants, open) {
	/** @param {Variant} variant */
	const isBad = variant => Number(variant.worst.bad);

	return table([{ title: "Variant" }, { title: "Outcome" }, { title: "Passes", cls: "n",
		hint: "of several rounds: the rate, and the interval that it lies in" }, { title: "Topology" },
	{ title: "Kernel" }, { title: "Took", cls: "n", hint: "of several rounds: on average" }, { title: "Cause" }],
	[...variants].sort((a, b) => isBad(b) - isBad(a) || (a.name < b.name ? -1 : 1)).map(v => {
		const r = v.worst, runs = v.passed + v.failed;

		return {
			cells: [r.name, stateBadge(v), shortRate(v), r.topology ?? "–", r.kernel ?? "–", seconds(tookOf(v)),
				r.cause ?? ""],
			keys: [r.name, v.state, v.rate && runs ? v.passed / runs : 2, r.topology ?? "", r.kernel ?? "", tookOf(v),
				r.cause ?? ""],
			label: `${r.name}: ${wordOf(v)}: show it`, act: () => open(v),
		};
	}), { most: 200 });
}

/** A variant's rounds, and the folders of a good and a bad one. @param {Variant} variant @param {(result: Result) => void} show */
function rounds(variant, show) {
	const { rate } = variant, own = variant.rounds.filter(r => r.folder);
	const bad = rate?.bad ?? own.find(r => r.bad)?.folder, good = rate?.good ?? own.find(r => !r.bad)?.folder;

	return el("section", { class: "part rounds" }, el("h2", null, variant.name),
		el("p", null, stateBadge(variant), " ", rate ? longRate(rate) : `${variant.rounds.length} rounds`),
		bad ? el("div", null, el("h3", null, "Artefacts of a bad run"), copyable(bad)) : null,
		good ? el("div", null, el("h3", null, "Artefacts of a good run"), copyable(good)) : null,
		table([{ title: "Round", cls: "n" }, { title: "Outcome" }, { title: "Took", cls: "n" }, { title: "Cause" }],
			variant.rounds.map((r, i) => ({
				cells: [String(r.round ?? i + 1), badge(r.outcome), seconds(r.seconds), r.cause ?? ""],
				keys: [r.round ?? i + 1, r.outcome, r.seconds, r.cause ?? ""],
				label: `round ${r.round ?? i + 1}: ${r.outcome}: show it`, act: () => show(r),
			})), { most: 50 }));
}

/** @param {Result} result @param {Failure[]} failures */
function one(result, failures) {
	const failure = result.failure === null ? undefined : failures[result.failure];

	return el("div", null, el("h2", null, result.round ? `${result.name}, round ${result.round}` : result.name),
		failure ? failurePart(failure) : el("div", null,
			el("p", null, badge(result.outcome), " ", result.cause ?? ""),
			result.detail ? el("pre", { class: "quote", tabindex: 0 }, result.detail) : null,
			result.failure_absent ? el("p", { class: "absent" }, result.failure_absent) : null,
			result.folder ? copyable(result.folder) : null,
			result.replay ? copyable(result.replay) : null));
}
