/* Which part of a trace is seen, and where on the canvas? Times are ns, places are pixels of the style. */
import { exact, moment } from "./units.js";

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
		/** What may be seen: the trace, or with it what lies beside it in one that is compared with it. */
		this.least = 0;
		this.most = span;
		/** The moment that times are told from; null: the trace's beginning, and they have no sign. @type {number | null} */
		this.origin = null;
		/** After each move. */
		this.moved = () => {};
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

	/** On each side of what may be seen. */
	get #room() {
		return (this.most - this.least) * 0.02 + 1;
	}

	get longest() {
		return this.most - this.least + 2 * this.#room;
	}

	/** A moment, as moment() of units.js. @param {number} t @param {number} step */
	moment(t, step) {
		return this.#told(t, since => moment(since, step));
	}

	/** A moment to the nanosecond. @param {number} t */
	exact(t) {
		return this.#told(t, exact);
	}

	/** @param {number} t @param {(ns: number) => string} tell */
	#told(t, tell) {
		const since = t - (this.origin ?? 0);

		return this.origin === null ? tell(since) : `${since < 0 ? "−" : "+"}${tell(Math.abs(since))}`;
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
		const length = Math.min(Math.max(to - from, NEAREST_NS), this.longest), room = this.#room;

		this.from = Math.max(this.least - room, Math.min(from, this.most + room - length));
		this.to = this.from + length;
		this.moved();
	}

	/** As show() of another view has it. @param {number} from @param {number} to */
	place(from, to) {
		this.from = from;
		this.to = to;
	}

	/** All that may be seen. */
	showAll() {
		this.show(this.least, this.most);
	}

	/** @param {number} factor @param {number} at ns that stays where it is */
	zoom(factor, at) {
		const length = Math.min(Math.max(this.length * factor, NEAREST_NS), this.longest);
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
