/* How do times and numbers read? */

const NARROW = "\u202f";

/**
 * A duration, short: three or four digits and a unit.
 * @param {number} ns
 */
export function duration(ns) {
	const size = Math.abs(ns);

	if (size < 1e3)
		return `${Math.round(ns)}${NARROW}ns`;
	if (size < 1e6)
		return `${digits(ns / 1e3)}${NARROW}µs`;
	if (size < 1e9)
		return `${digits(ns / 1e6)}${NARROW}ms`;
	return `${digits(ns / 1e9)}${NARROW}s`;
}

/** @param {number} value */
function digits(value) {
	const size = Math.abs(value);

	return value.toFixed(size < 10 ? 2 : size < 100 ? 1 : 0);
}

/**
 * A duration, exact to the nanosecond: "1 234 567 890 ns".
 * @param {number} ns an integer below 2^53
 */
export function exact(ns) {
	return `${count(ns)}${NARROW}ns`;
}

/** @param {number} n */
export function count(n) {
	return String(n).replace(/\B(?=(\d{3})+(?!\d))/g, NARROW);
}

/** @param {number} part @param {number} whole */
export function percent(part, whole) {
	return whole > 0 ? `${(100 * part / whole).toFixed(1)}${NARROW}%` : "–";
}

/** @param {number | null | undefined} s */
export function seconds(s) {
	return s === null || s === undefined ? "–" : `${s < 100 ? s.toFixed(s < 10 ? 2 : 1) : Math.round(s)}${NARROW}s`;
}

/**
 * A point of the time axis, with as many decimals as @step needs.
 * @param {number} ns
 * @param {number} step
 */
export function moment(ns, step) {
	const decimals = Math.max(0, Math.min(9, Math.ceil(9 - Math.log10(step))));

	return `${(ns / 1e9).toFixed(decimals)}${NARROW}s`;
}
