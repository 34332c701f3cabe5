/*
 * How does one look around in a trace? A canvas with a ruler, a mini-map, a lane for each CPU and for
 * each chosen task; mouse and keys move it, and what is under the pointer is told in words.
 */
import { el, shown } from "./dom.js";
import { Painter } from "./draw.js";
import { Frame } from "./frame.js";
import { inView, listen, press } from "./hands.js";
import { chooseTasks, laneAt, layLanes } from "./lanes.js";
import { aroundFailure } from "./opening.js";
import { palette } from "./palette.js";
import { Tip, pointed } from "./pointed.js";
import { duration, exact } from "./units.js";
import { MAP_HEIGHT, NEAREST_NS, TOP, View } from "./view.js";

/** @typedef {import("./trace.js").Trace} Trace */
/** @typedef {import("./trace.js").Task} Task */
/** @typedef {import("./view.js").Place} Place */

/** It is a Scene of frame.js, and Hands of hands.js may do to it what they say. */
export class Timeline {
	/**
	 * @param {Trace} trace
	 * @param {{ title: string, focus: Task | null, since: number | null, onRange: () => void,
	 *	     onFocus: (task: Task | null) => void }} options
	 */
	constructor(trace, options) {
		/** Ends what it listens to outside of its own node. */
		this.gone = new AbortController();
		this.trace = trace;
		this.options = options;
		this.view = new View(trace.span);
		/** @type {[number, number] | null} */
		this.range = null;
		/** @type {Task | null} */
		this.focus = null;
		this.arrows = false;
		this.isHeld = false;
		/** @type {number | null} */
		this.cursor = null;
		/** @type {(t: number | null) => void} the pointer is at that time, or elsewhere */
		this.onCursor = () => {};
		/** Times are told from another moment on. */
		this.onOrigin = () => {};
		this.queued = false;
		this.painter = new Painter(trace, palette());
		this.canvas = /** @type {HTMLCanvasElement} */ (el("canvas", { class: "timeline", tabindex: 0,
			role: "application", "aria-label": `${options.title}: timeline of CPUs and tasks. Keys: a and d move, w and s ` +
			"zoom, up and down scroll, f goes to the failure, 0 shows all, r selects what is in view, Shift with left " +
			"and right moves the end of the selected range, Escape drops what is selected." }));
		this.frame = new Frame(this.canvas, this.view);
		this.tip = new Tip();
		this.said = el("div", { class: "visually-hidden", "aria-live": "polite" });
		this.node = el("div", { class: "timeline-box" }, this.canvas, this.tip.node, this.said);
		this.chosen = chooseTasks(trace, "");
		/** All of the trace is there, and nobody has touched it. */
		this.reopen = () => this.toFailure();
		/** What was shown without anybody's doing, or by toFailure(): from, to. */
		this.opened = [0, 0];
		this.contentHeight = 0;
		/** @type {import("./lanes.js").Lane[]} */
		this.lanes = [];
		listen(this.canvas, this);
		this.#listenToSurroundings();
		this.setFocus(options.focus);
	}

	#listenToSurroundings() {
		const { signal } = this.gone, sizes = new ResizeObserver(() => this.draw());

		sizes.observe(this.node);
		signal.addEventListener("abort", () => sizes.disconnect());
		addEventListener("resize", () => this.draw(), { signal });
		/* After main.js, which has made the style the paper's. */
		addEventListener("beforeprint", () => this.restyle(true), { signal });
		addEventListener("afterprint", () => this.restyle(), { signal });
		matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.restyle(), { signal });
	}

	/**
	 * All of the trace is there, of which the last part was shown. Who touched it finds it as it was.
	 * @param {Trace} trace @param {Task | null} focus whom it opens with @param {number | null} since
	 */
	replace(trace, focus, since) {
		const { view, options, opened } = this, chosen = this.focus && (trace.byPid.get(this.focus.pid) ?? null);
		const isMoved = view.scroll !== 0 || view.from !== opened[0] || view.to !== opened[1];
		const isTouched = isMoved || this.focus !== options.focus || this.range !== null || this.isHeld;

		this.trace = trace;
		options.focus = focus;
		options.since = since;
		this.restyle();
		this.chosen = chooseTasks(trace, "");
		this.setFocus(isTouched ? chosen : focus);
		if (!isTouched)
			this.reopen();
	}

	/** It is in the page no more. */
	end() {
		this.gone.abort();
	}

	/** The tasks with this in their name or pid have lanes. Returns how many there are. @param {string} text */
	chooseTasks(text) {
		this.chosen = chooseTasks(this.trace, text);
		this.#layout();
		return this.chosen.matching.length;
	}

	/** @param {Task | null} task whose pieces stand out */
	setFocus(task) {
		this.focus = task;
		this.painter.focus = task ? task.pid : -1;
		this.#layout();
		this.options.onFocus(task);
	}

	#layout() {
		const { lanes, height } = layLanes(this.trace, this.focus, this.chosen);

		this.lanes = lanes;
		this.contentHeight = height;
		this.draw();
	}

	/** The style changed: between light and dark, say. @param {boolean} [now] do not wait for a frame */
	restyle(now = false) {
		const { focus } = this.painter;

		this.painter = new Painter(this.trace, palette());
		this.painter.focus = focus;
		if (now)
			this.paint();
		else
			this.draw();
	}

	draw() {
		if (this.queued)
			return;
		this.queued = true;
		requestAnimationFrame(() => {
			this.queued = false;
			this.paint();
		});
	}

	/** One frame, now. */
	paint() {
		this.view.resize(this.node.getBoundingClientRect().width, this.contentHeight);
		this.frame.paint(this, this.painter);
	}

	/** @param {number} from @param {number} to */
	show(from, to) {
		this.view.show(from, to);
		this.draw();
	}

	/** To a moment of a task, which is then the one that stands out. @param {Task} task @param {number} from @param {number} to */
	jump(task, from, to) {
		const room = Math.max((to - from) * 0.35, NEAREST_NS);

		this.setFocus(task);
		this.view.scroll = 0;
		this.show(from - room, to + room);
		this.node.scrollIntoView({ block: "nearest" });
		this.say(`${this.trace.nameOf(task)}, pid ${task.pid}, at ${this.view.moment(from, to - from)}`);
	}

	/** Times are told from there on; null: from the trace's beginning. @param {number | null} origin */
	tellFrom(origin) {
		this.view.origin = origin;
		this.onOrigin();
		this.draw();
	}

	/** The failure and what led to it. */
	toFailure() {
		const { options, focus } = this;

		this.view.scroll = 0;
		this.show(...aroundFailure(this.trace, focus, focus === options.focus ? options.since : null));
		this.opened = [this.view.from, this.view.to];
	}

	/** @param {[number, number] | null} range */
	select(range) {
		this.range = range;
		this.options.onRange();
		this.draw();
	}

	/** @param {string} key @param {boolean} modified @returns {boolean} is it one of ours? */
	key(key, modified) {
		const { view } = this;

		if (modified || !press(this, key))
			return false;
		this.say(`${duration(view.length)} in view from ${view.moment(Math.max(view.least, view.from), view.length)}${
			inView(view) ? "" : "; nothing of this trace is in view"}${this.range ?
			`; selected: from ${view.exact(this.range[0])}, ${exact(this.range[1] - this.range[0])}` : ""}`);
		return true;
	}

	/** @param {string} text for who does not see it */
	say(text) {
		this.said.textContent = shown(text);
	}

	/** @param {Place} at */
	#laneAt(at) {
		return at.y < TOP ? undefined : laneAt(this.lanes, at.y - TOP + this.view.scroll);
	}

	/** @param {Place} at */
	#pointed(at) {
		const lane = this.#laneAt(at);

		return lane && at.x >= this.view.x ? pointed(this.trace, lane, this.view.timeOf(at.x)) : null;
	}

	/** @param {number | null} t */
	#point(t) {
		this.cursor = t;
		this.onCursor(t);
	}

	/** @param {Place} at */
	hover(at) {
		const { view, trace } = this, inTime = at.x >= view.x;
		const mark = inTime && at.y >= MAP_HEIGHT && trace.marks.find(([t]) => Math.abs(view.xOf(t) - at.x) < 5);
		const lines = mark ? [mark[1], `at ${view.moment(mark[0], 1e3)}`] : this.#pointed(at)?.lines;

		this.#point(inTime ? view.timeOf(at.x) : null);
		this.canvas.style.cursor = !inTime ? "default" : at.y < TOP ? "crosshair" : "";
		if (lines)
			this.tip.show(lines, at, view.outer, view.height);
		else
			this.tip.hide();
		this.draw();
	}

	dragged() {
		this.tip.hide();
		this.draw();
	}

	leave() {
		this.#point(null);
		this.dragged();
	}

	/** @param {Place} at */
	click(at) {
		const lane = this.#laneAt(at), found = this.#pointed(at);

		if (at.x < this.view.x && lane?.task) {
			this.setFocus(lane.task);
		} else if (found?.task.pid) {
			this.setFocus(found.task);
			this.say(found.lines.join(", "));
		} else if (at.y > TOP) {
			this.select(null);
		}
	}

	/** @param {Place} at */
	enlarge(at) {
		const found = this.#pointed(at), room = found ? (found.to - found.from) * 0.2 : 0;

		if (found)
			this.show(found.from - room, found.to + room);
	}
}
