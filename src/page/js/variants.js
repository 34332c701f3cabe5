/* What do the rounds of a variant come to: which word, which rate, which of them is looked at first? */
import { el } from "./dom.js";
import { badge, signOf } from "./failure.js";

/** @typedef {import("./suite.js").Result} Result */

/**
 * @typedef {object} Rate a line of `test --json`
 * @property {string} name
 * @property {number} passed
 * @property {number} failed
 * @property {number} neither
 * @property {number} low
 * @property {number} high
 * @property {number} confidence
 * @property {string | null} method
 * @property {number | null} limit
 * @property {number | null} width
 * @property {string | null} decision
 * @property {string | null} good folder of a round that passed
 * @property {string | null} bad
 */

/**
 * @typedef {object} Variant
 * @property {string} name
 * @property {Result[]} rounds in their order
 * @property {Result} worst
 * @property {Rate | undefined} rate
 * @property {number} passed rounds
 * @property {number} failed
 * @property {string} state "flaky", or the worst round's outcome
 */

/** The worst first. */
export const STATES = ["fail", "timeout", "xpass", "flaky", "error", "inconclusive", "pass", "xfail", "skip", "not-run"];
const PASSED = ["pass", "xfail"], FAILED = ["fail", "timeout", "xpass"];

/** The worst; of those that are alike one that has a failure to be shown. @param {Result[]} rounds */
function worstOf(rounds) {
	const bad = rounds.filter(r => r.bad), of = bad.length ? bad : rounds;
	const least = Math.min(...of.map(r => STATES.indexOf(r.outcome)));
	const worst = of.filter(r => STATES.indexOf(r.outcome) === least);

	return worst.find(r => r.failure !== null && r.failure !== undefined) ?? worst[0];
}

/** @param {Result[]} results @param {Rate[]} rates @returns {Variant[]} */
export function variantsOf(results, rates) {
	/** @type {Map<string, Result[]>} */
	const byName = new Map();
	const rateOf = new Map(rates.map(rate => [rate.name, rate]));

	for (const result of results)
		byName.set(result.name, [...byName.get(result.name) ?? [], result]);
	return [...byName].map(([name, rounds]) => {
		const rate = rateOf.get(name), worst = worstOf(rounds);
		/** @param {string[]} of */
		const number = of => rounds.filter(r => of.includes(r.outcome)).length;
		const passed = rate?.passed ?? number(PASSED), failed = rate?.failed ?? number(FAILED);

		rounds.sort((a, b) => (a.round ?? 0) - (b.round ?? 0));
		return { name, rounds, worst, rate, passed, failed, state: passed && failed ? "flaky" : worst.outcome };
	});
}

/** @param {Variant} variant */
export function wordOf(variant) {
	return variant.state === "flaky" ? `FLAKY ${variant.failed}/${variant.passed + variant.failed}` : variant.state;
}

/** The mean of its rounds. @param {Variant} variant */
export function tookOf(variant) {
	return variant.rounds.reduce((sum, r) => sum + r.seconds, 0) / variant.rounds.length;
}

/** A share in percent. @param {number} share */
function points(share) {
	return (100 * share).toFixed(1);
}

/** One that somebody asked for, as it was said. @param {number | null} share */
function asked(share) {
	return String(Number((100 * (share ?? 0)).toPrecision(6)));
}

/** "85.0 % (64.0–94.8)", or nothing where there was but one round. @param {Variant} variant */
export function shortRate(variant) {
	const rate = variant.rate, runs = rate ? rate.passed + rate.failed : 0;

	return rate && runs ? `${points(rate.passed / runs)} % (${points(rate.low)}–${points(rate.high)})` : "";
}

/** @param {Rate} rate */
function decided(rate) {
	switch (rate.decision) {
	case "at-least":
		return `; passes at least ${asked(rate.limit)} %`;
	case "below":
		return `; passes less than ${asked(rate.limit)} %`;
	case "open":
		return rate.limit ? `; not decided whether at least ${asked(rate.limit)} %` :
			`; not known to within ${asked(rate.width)} points`;
	default:
		return "";
	}
}

/** As the terminal says it. @param {Rate} rate */
export function longRate(rate) {
	const runs = rate.passed + rate.failed;

	return `passed ${rate.passed} of ${runs}${runs ? `: ${points(rate.passed / runs)} %, between ${points(rate.low)
	} and ${points(rate.high)} (${rate.method ?? "?"}, ${asked(rate.confidence)} %)` : ""}${decided(rate)}${
		rate.neither ? `; ${rate.neither} more told nothing` : ""}`;
}

/** @param {Variant} variant */
export function stateBadge(variant) {
	if (variant.state !== "flaky")
		return badge(variant.state);
	const [sign, cls] = signOf("flaky");

	return el("span", { class: `badge ${cls}` }, el("span", { "aria-hidden": "true" }, `${sign} `), wordOf(variant));
}
