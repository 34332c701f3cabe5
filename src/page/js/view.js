/* Which part of a trace is seen, and where on the canvas? Times are ns, places are pixels of the style. */

/** @typedef {{ x: number, y: number }} Place on the canvas */

export const MAP_HEIGHT = 28;
export const RULER_HEIGHT = 38;
/* The lanes begin here; the mini-map and the ruler stay above them. */
export const TOP = MAP_HEIGHT + RULER_HEIGHT;
export const NEAREST_NS = 200; /* the shortest time that fills the view */

const GUTTER = 172;
const NARROW_GUTTER = 96;

export class View {
	/** @param {number} span ns of the whole trace */
	constructor(span) {
		this.span = span;
		this.from = 0;
		this.to = span;
		/** Pixels of the lanes that are above what is seen. */
		this.scroll = 0;
		/* Of the canvas, with the gutter. */
		this.outer = 0;
		this.height = 0;
		/** Device pixels of one. */
		this.ratio = 1;
	}

	/** Where the time begins; before that stand the lanes' names. */
	get x() {
		return this.outer < 720 ? NARROW_GUTTER : GUTTER;
	}

	/** Of the time's part. */
	get width() {
		return Math.max(1, this.outer - this.x);
	}

	get length() {
		return this.to - this.from;
	}

	/** The canvas has this size. @param {number} outer @param {number} content the lanes' height */
	resize(outer, content) {
		this.ratio = Math.min(window.devicePixelRatio || 1, 3);
		this.outer = Math.max(200, Math.floor(outer));
		this.height = Math.max(TOP + 120, Math.min(content + TOP, Math.round(innerHeight * 0.72)));
		this.scroll = Math.max(0, Math.min(this.scroll, content + TOP - this.height));
	}

	/** @param {number} t */
	xOf(t) {
		return this.x + (t - this.from) / this.length * this.width;
	}

	/** @param {number} x */
	timeOf(x) {
		return this.from + (x - this.x) / this.width * this.length;
	}

	/** @param {number} from @param {number} to */
	show(from, to) {
		const room = this.span * 0.02 + 1;
		const length = Math.min(Math.max(to - from, NEAREST_NS), this.span + 2 * room);

		this.from = Math.max(-room, Math.min(from, this.span + room - length));
		this.to = this.from + length;
	}

	/** @param {number} factor @param {number} at ns that stays where it is */
	zoom(factor, at) {
		const length = Math.min(Math.max(this.length * factor, NEAREST_NS), this.span * 1.04 + 2);
		const share = (at - this.from) / this.length;

		this.show(at - share * length, at - share * length + length);
	}

	/** @param {number} share of what is seen */
	move(share) {
		const by = share * this.length;

		this.show(this.from + by, this.to + by);
	}

	/** The place of the mini-map is in the middle. @param {number} x */
	mapTo(x) {
		const middle = (x - this.x) / this.width * this.span, half = this.length / 2;

		this.show(middle - half, middle + half);
	}
}
