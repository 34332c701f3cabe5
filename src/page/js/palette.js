/* Which colours? The page's own come from its style, so that light and dark are decided in one place. */

/** @typedef {[number, number, number]} Rgb */

/**
 * @typedef {object} Palette
 * @property {boolean} dark
 * @property {Rgb} lane behind a lane
 * @property {Rgb} wait
 * @property {Rgb} blocked
 * @property {Record<"text" | "muted" | "line" | "accent" | "bad" | "panel" | "lane" | "wait" | "blocked" |
 *	"select" | "page", string>} css
 * @property {Rgb[]} tasks
 */

/* Hues that stay apart for most kinds of colour blindness when lightness differs too. */
const HUES = [212, 150, 28, 268, 186, 340, 52, 232, 100, 300, 14, 168];

/** @param {string} text "#rrggbb" @returns {Rgb} */
function rgb(text) {
	const n = parseInt(text.trim().slice(1), 16);

	return [n >> 16 & 255, n >> 8 & 255, n & 255];
}

/** @param {number} h @param {number} s @param {number} l @returns {Rgb} */
function hsl(h, s, l) {
	const a = s * Math.min(l, 1 - l);
	const f = (/** @type {number} */ n) => {
		const k = (n + h / 30) % 12;

		return Math.round(255 * (l - a * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
	};

	return [f(0), f(8), f(4)];
}

/** @returns {Palette} */
export function palette() {
	const style = getComputedStyle(document.documentElement);
	const dark = style.getPropertyValue("--dark").trim() === "1";
	const name = (/** @type {string} */ key) => style.getPropertyValue(`--${key}`).trim();
	const css = { text: name("text"), muted: name("muted"), line: name("line"), accent: name("accent"),
		bad: name("bad"), panel: name("panel"), lane: name("lane"), wait: name("wait"),
		blocked: name("blocked"), select: name("select"), page: name("page") };
	/** @type {Rgb[]} */
	const tasks = [];

	for (const l of dark ? [0.5, 0.62] : [0.54, 0.67])
		for (const hue of HUES)
			tasks.push(hsl(hue, dark ? 0.34 : 0.4, l));
	return { dark, css, tasks, lane: rgb(css.lane), wait: rgb(css.wait), blocked: rgb(css.blocked) };
}

/**
 * The colour of a task, the same for the same name on every page.
 * @param {Palette} colours @param {string} name
 */
export function taskColour(colours, name) {
	let hash = 2166136261;

	/* What numbers set apart, such as workers', is of one kind. */
	for (const c of name.replace(/[0-9:]+/g, "")) {
		hash ^= c.charCodeAt(0);
		hash = Math.imul(hash, 16777619);
	}
	hash ^= hash >>> 15;
	return colours.tasks[(hash >>> 0) % colours.tasks.length];
}

/** @param {Rgb} colour */
export function css([r, g, b]) {
	return `rgb(${r},${g},${b})`;
}

/** Dark text on what is light, and the other way round. @param {Rgb} colour */
export function textOn([r, g, b]) {
	return 0.299 * r + 0.587 * g + 0.114 * b > 140 ? "#101316" : "#ffffff";
}
