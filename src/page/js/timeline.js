/*
 * How does one look around in a trace? A canvas with a ruler, a mini-map, a lane for each CPU and for
 * each chosen task; mouse and keys move it, and what is under the pointer is told in words.
 */
import { clear, el, shown } from "./dom.js";
import { FONT, Painter } from "./draw.js";
import { palette } from "./palette.js";
import { BLOCKED, ENDED, PREEMPTED, RUNNING, WOKEN, isWait, lastAt } from "./trace.js";
import { duration, moment } from "./units.js";

/** @typedef {import("./trace.js").Trace} Trace */
/** @typedef {import("./trace.js").Task} Task */

const MAP_HEIGHT = 28;
const RULER_HEIGHT = 38;
const TOP = MAP_HEIGHT + RULER_HEIGHT;
const GUTTER = 172;
const NARROW_GUTTER = 96;
const CPU_HEIGHT = 20;
const TASK_HEIGHT = 20;
const GAP = 4;
const HEADING = 24;
const NEAREST_NS = 200; /* the shortest time that fills the view */
/* Lanes of tasks that are there without being asked for. */
const FIRST_TASKS = 40;

/** @typedef {{ y: number, height: number, cpu?: number, task?: Task, text?: string }} Lane */

export class Timeline {
	/**
	 * @param {Trace} trace
	 * @param {{ focus: Task | null, since: number | null, onRange: (from: number, to: number) => void,
	 *	     onFocus: (task: Task | null) => void }} options
	 */
	constructor(trace, options) {
		/** Ends what it listens to outside of its own node. */
		this.gone = new AbortController();
		/** @type {Trace} */
		this.trace = trace;
		this.options = options;
		this.from = 0;
		this.to = trace.span;
		this.scroll = 0;
		/** @type {[number, number] | null} */
		this.range = null;
		/** @type {Task | null} */
		this.focus = null;
		this.arrows = false;
		/** @type {{ x: number, y: number } | null} */
		this.pointer = null;
		/** @type {number | null} */
		this.cursor = null;
		this.queued = false;
		this.colours = palette();
		this.painter = new Painter(trace, this.colours);
		this.canvas = /** @type {HTMLCanvasElement} */ (el("canvas", { class: "timeline", tabindex: 0,
			role: "application", "aria-label": "Timeline of CPUs and tasks. Keys: a and d move, w and s " +
			"zoom, up and down scroll, f goes to the failure, 0 shows all, Escape drops the selection." }));
		this.context = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d"));
		this.tip = el("div", { class: "tip", role: "status", hidden: true });
		this.said = el("div", { class: "visually-hidden", "aria-live": "polite" });
		this.node = el("div", { class: "timeline-box" }, this.canvas, this.tip, this.said);
		/** @type {Task[]} that fit the search, and those of them that have lanes */
		this.matching = [];
		/** @type {Task[]} */
		this.shownTasks = [];
		/** @type {Float64Array | null} */
		this.map = null;
		this.contentHeight = 0;
		/** @type {Lane[]} */
		this.lanes = [];
		this.height = 0;
		this.width = 0;
		this.ratio = 1;
		this.#listen();
		this.chooseTasks("");
		this.setFocus(options.focus);
	}

	/* --- what is shown ------------------------------------------------------------------------- */

	/**
	 * The tasks that have lanes: those whose name or pid has @text, who were busiest first.
	 * @param {string} text
	 */
	chooseTasks(text) {
		const { trace } = this, wanted = text.trim().toLowerCase();
		const fits = (/** @type {Task} */ task) => task.pid !== 0 && task.end > task.first &&
			(!wanted || String(task.pid) === wanted ||
			 task.names.some(name => trace.names[name].toLowerCase().includes(wanted)));
		const weight = (/** @type {Task} */ task) =>
			task.end > task.first ? trace.upTo(task, trace.span).reduce((a, b) => a + b, 0) : 0;

		this.matching = trace.tasks.filter(fits);
		this.shownTasks = this.matching.map(task => ({ task, w: weight(task) }))
			.sort((a, b) => b.w - a.w).slice(0, wanted ? 200 : FIRST_TASKS).map(one => one.task);
		this.#layout();
		return this.matching.length;
	}

	/** @param {Task | null} task whose pieces stand out */
	setFocus(task) {
		this.focus = task;
		this.painter.focus = task ? task.pid : -1;
		this.#layout();
		this.options.onFocus(task);
	}

	#layout() {
		/** @type {Lane[]} */
		const lanes = [];
		let y = 0;

		if (this.focus) {
			lanes.push({ y, height: HEADING, text: "Selected task" });
			y += HEADING;
			lanes.push({ y, height: TASK_HEIGHT, task: this.focus });
			y += TASK_HEIGHT + GAP;
		}
		lanes.push({ y, height: HEADING, text: "CPUs" });
		y += HEADING;
		this.trace.cpus.forEach((_, cpu) => {
			lanes.push({ y, height: CPU_HEIGHT, cpu });
			y += CPU_HEIGHT + GAP;
		});
		lanes.push({ y, height: HEADING, text: this.matching.length > this.shownTasks.length ?
			`Tasks: ${this.shownTasks.length} of ${this.matching.length}` :
			`Tasks: ${this.shownTasks.length}` });
		y += HEADING;
		for (const task of this.shownTasks) {
			lanes.push({ y, height: TASK_HEIGHT, task });
			y += TASK_HEIGHT + GAP;
		}
		this.lanes = lanes;
		this.contentHeight = y + 8;
		this.draw();
	}

	/** It is in the page no more. */
	end() {
		this.gone.abort();
	}

	/** The style changed: between light and dark, say. @param {boolean} [now] do not wait for a frame */
	restyle(now = false) {
		const focus = this.painter.focus;

		this.colours = palette();
		this.painter = new Painter(this.trace, this.colours);
		this.painter.focus = focus;
		if (now)
			this.paint();
		else
			this.draw();
	}

	/* --- where ---------------------------------------------------------------------------------- */

	/** @param {number} from @param {number} to */
	show(from, to) {
		const room = this.trace.span * 0.02 + 1;
		const length = Math.min(Math.max(to - from, NEAREST_NS), this.trace.span + 2 * room);

		this.from = Math.max(-room, Math.min(from, this.trace.span + room - length));
		this.to = this.from + length;
		this.draw();
	}

	/** @param {number} factor @param {number} at ns that stays where it is */
	zoom(factor, at) {
		const length = Math.min(Math.max((this.to - this.from) * factor, NEAREST_NS), this.trace.span * 1.04 + 2);
		const share = (at - this.from) / (this.to - this.from);

		this.show(at - share * length, at - share * length + length);
	}

	/** @param {number} share of the view */
	move(share) {
		const by = share * (this.to - this.from);

		this.show(this.from + by, this.to + by);
	}

	/** To a moment of a task, which is then the one that stands out. @param {Task} task @param {number} from @param {number} to */
	jump(task, from, to) {
		const room = Math.max((to - from) * 0.35, NEAREST_NS);

		this.setFocus(task);
		this.scroll = 0;
		this.show(from - room, to + room);
		this.node.scrollIntoView({ block: "nearest" });
		this.say(`${this.trace.nameOf(task)}, pid ${task.pid}, at ${moment(from, to - from)}`);
	}

	/** @param {[number, number] | null} range */
	select(range) {
		this.range = range;
		if (range)
			this.options.onRange(range[0], range[1]);
		else
			this.options.onRange(0, this.trace.span);
		this.draw();
	}

	/** @param {string} text */
	say(text) {
		this.said.textContent = shown(text);
	}

	/** The failure's moment, or the end. */
	get failure() {
		const mark = this.trace.marks.find(([, name]) => isFailure(name));

		return mark ? mark[0] : this.trace.span;
	}

	/* --- drawing --------------------------------------------------------------------------------- */

	get gutter() {
		return this.width < 720 ? NARROW_GUTTER : GUTTER;
	}

	/** @returns {import("./draw.js").View} */
	get view() {
		return { from: this.from, to: this.to, x: this.gutter, width: Math.max(1, this.width - this.gutter) };
	}

	/** @param {number} t */
	xOf(t) {
		const { view } = this;

		return view.x + (t - view.from) / (view.to - view.from) * view.width;
	}

	/** @param {number} x */
	timeOf(x) {
		const { view } = this;

		return view.from + (x - view.x) / view.width * (view.to - view.from);
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
		const { canvas, context, colours } = this;
		const box = this.node.getBoundingClientRect();

		this.ratio = Math.min(window.devicePixelRatio || 1, 3);
		this.width = Math.max(200, Math.floor(box.width));
		this.height = Math.max(TOP + 120, Math.min(this.contentHeight + TOP, Math.round(innerHeight * 0.72)));
		const w = Math.round(this.width * this.ratio), h = Math.round(this.height * this.ratio);

		if (canvas.width !== w || canvas.height !== h) {
			canvas.width = w;
			canvas.height = h;
			canvas.style.height = `${this.height}px`;
		}
		this.scroll = Math.max(0, Math.min(this.scroll, this.contentHeight + TOP - this.height));
		context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
		context.textBaseline = "middle";
		context.font = FONT;
		context.fillStyle = colours.css.panel;
		context.fillRect(0, 0, this.width, this.height);
		this.#paintLanes();
		this.#paintRange();
		this.#paintMarks();
		this.#paintArrow();
		this.#paintRuler();
		this.#paintMap();
		if (this.cursor !== null)
			this.#line(this.xOf(this.cursor), TOP - 10, this.height, colours.css.muted);
	}

	#paintLanes() {
		const { context, colours, view, trace } = this;

		context.save();
		context.beginPath();
		context.rect(0, TOP, this.width, this.height - TOP);
		context.clip();
		for (const lane of this.lanes) {
			const y = TOP + lane.y - this.scroll;

			if (y > this.height || y + lane.height < TOP)
				continue;
			if (lane.text) {
				context.fillStyle = colours.css.muted;
				context.font = `600 ${FONT}`;
				context.fillText(lane.text, 12, y + HEADING / 2 + 1);
				context.font = FONT;
				continue;
			}
			context.fillStyle = colours.css.lane;
			context.fillRect(view.x, y, view.width, lane.height);
			context.save();
			context.beginPath();
			context.rect(view.x, y, view.width, lane.height);
			context.clip();
			if (lane.task)
				this.painter.task(context, view, lane.task, y, lane.height, this.ratio);
			else if (lane.cpu !== undefined)
				this.painter.cpu(context, view, trace.cpus[lane.cpu], y, lane.height, this.ratio);
			context.restore();
			context.globalAlpha = 1;
			this.#label(lane, y);
		}
		context.restore();
		context.fillStyle = colours.css.line;
		context.fillRect(view.x - 1, MAP_HEIGHT, 1, this.height);
		this.#paintScrollbar();
	}

	/** @param {Lane} lane @param {number} y */
	#label(lane, y) {
		const { context, colours, trace } = this, middle = y + lane.height / 2 + 0.5;

		if (lane.cpu !== undefined) {
			context.fillStyle = colours.css.text;
			context.fillText(`CPU ${trace.cpus[lane.cpu].cpu}`, 12, middle);
			return;
		}
		const task = /** @type {Task} */ (lane.task), pid = String(task.pid);
		const taken = context.measureText(pid).width;

		context.fillStyle = task === this.focus ? colours.css.accent : colours.css.text;
		context.fillText(this.painter.fit(context, trace.nameOf(task), this.gutter - taken - 36),
			12, middle);
		context.fillStyle = colours.css.muted;
		context.textAlign = "right";
		context.fillText(pid, this.gutter - 12, middle);
		context.textAlign = "left";
	}

	#paintScrollbar() {
		const room = this.height - TOP, all = this.contentHeight;

		if (all <= room)
			return;
		this.context.fillStyle = this.colours.css.muted;
		this.context.globalAlpha = 0.45;
		this.context.fillRect(this.width - 5, TOP + this.scroll / all * room, 4, room * room / all);
		this.context.globalAlpha = 1;
	}

	#paintRuler() {
		const { context, colours, view } = this, step = niceStep((view.to - view.from) / (view.width / 110));

		context.fillStyle = colours.css.panel;
		context.fillRect(0, MAP_HEIGHT, this.width, RULER_HEIGHT);
		context.fillStyle = colours.css.muted;
		context.fillText(`${duration(view.to - view.from)} in view`, 12, MAP_HEIGHT + RULER_HEIGHT / 2);
		context.save();
		context.beginPath();
		context.rect(view.x, MAP_HEIGHT, view.width, RULER_HEIGHT);
		context.clip();
		for (let t = Math.ceil(view.from / step) * step; t <= view.to; t += step) {
			const x = this.xOf(t);

			context.fillStyle = colours.css.line;
			context.fillRect(Math.round(x), TOP - 8, 1, 8);
			context.fillStyle = colours.css.muted;
			context.fillText(moment(t, step), x + 4, TOP - 9);
		}
		this.#paintMarkNames();
		context.restore();
		context.fillStyle = colours.css.line;
		context.fillRect(0, TOP - 1, this.width, 1);
	}

	#paintMarks() {
		for (const [t, name] of this.trace.marks)
			if (t >= this.from && t <= this.to)
				this.#line(this.xOf(t), TOP, this.height,
					isFailure(name) ? this.colours.css.bad : this.colours.css.accent);
	}

	/* From the right: the last one is the failure, and is to be read whole. */
	#paintMarkNames() {
		const { context, colours, view } = this;
		let room = view.x + view.width;

		for (const [t, name] of [...this.trace.marks].sort((a, b) => b[0] - a[0])) {
			const x = this.xOf(t);

			if (x < view.x || x > view.x + view.width)
				continue;
			const colour = isFailure(name) ? colours.css.bad : colours.css.accent;
			const label = isFailure(name) ? "failure" : name;
			const text = this.painter.fit(context, label, 150);
			const width = context.measureText(text).width + 10;
			let left = x;

			if (left + width > room)
				left = x - width;
			this.#line(x, MAP_HEIGHT + 2, TOP, colour);
			if (left < view.x || left + width > room + 0.5)
				continue;
			context.fillStyle = colour;
			context.fillRect(left, MAP_HEIGHT + 3, width, 16);
			context.fillStyle = colours.css.page;
			context.fillText(text, left + 5, MAP_HEIGHT + 11.5);
			room = Math.min(left, x) - 2;
		}
	}

	#paintMap() {
		const { context, colours, view, trace } = this, height = MAP_HEIGHT - 6;
		const a = this.view.x, width = this.view.width;

		context.fillStyle = colours.css.panel;
		context.fillRect(0, 0, this.width, MAP_HEIGHT);
		context.fillStyle = colours.css.muted;
		context.fillText(`${duration(trace.span)} in all`, 12, MAP_HEIGHT / 2);
		context.fillStyle = colours.css.lane;
		context.fillRect(a, 3, width, height);
		if (!this.map || this.map.length !== Math.round(width))
			this.map = this.#busy(Math.round(width));
		context.fillStyle = colours.css.muted;
		context.globalAlpha = 0.55;
		this.map.forEach((share, x) => {
			if (share > 0)
				context.fillRect(a + x, 3 + height * (1 - share), 1, height * share);
		});
		context.globalAlpha = 1;
		for (const [t, name] of trace.marks) {
			context.fillStyle = isFailure(name) ? colours.css.bad : colours.css.accent;
			context.fillRect(a + t / trace.span * (width - 2), 3, 2, height);
		}
		const x1 = a + Math.max(0, view.from / trace.span) * width;
		const x2 = a + Math.min(1, view.to / trace.span) * width;

		context.fillStyle = colours.css.select;
		context.fillRect(x1, 3, Math.max(3, x2 - x1), height);
		context.strokeStyle = colours.css.accent;
		context.strokeRect(x1 + 0.5, 3.5, Math.max(3, x2 - x1) - 1, height - 1);
		context.fillStyle = colours.css.line;
		context.fillRect(0, MAP_HEIGHT - 1, this.width, 1);
	}

	/** The share of busy CPUs in each of @n parts of the trace. @param {number} n */
	#busy(n) {
		const { trace } = this, busy = new Float64Array(n), step = trace.span / n;

		for (const cpu of trace.cpus) {
			let before = 0;

			for (let x = 0; x < n; x++) {
				const now = trace.busyUpTo(cpu, (x + 1) * step);

				busy[x] += (now - before) / step;
				before = now;
			}
		}
		return busy.map(b => Math.min(1, b / Math.max(1, trace.cpus.length)));
	}

	#paintRange() {
		if (!this.range)
			return;
		const { context, colours, view } = this;
		const a = Math.max(view.x, this.xOf(this.range[0]));
		const b = Math.min(view.x + view.width, this.xOf(this.range[1]));

		if (b <= a)
			return;
		context.fillStyle = colours.css.select;
		context.fillRect(a, TOP, b - a, this.height - TOP);
		this.#line(a, TOP, this.height, colours.css.accent);
		this.#line(b, TOP, this.height, colours.css.accent);
	}

	/** From the CPU of who woke the task of the segment under the pointer to where it then ran. */
	#paintArrow() {
		const found = this.arrows && this.focus ? this.#wakes(this.focus) : [];
		const { context, colours } = this;

		for (const { t, waker, ran, cpu } of found) {
			const from = this.#laneOfCpu(waker), to = this.#laneOfCpu(cpu);

			if (from === null || to === null)
				continue;
			const x1 = this.xOf(t), x2 = this.xOf(ran);

			context.strokeStyle = colours.css.text;
			context.fillStyle = colours.css.text;
			context.lineWidth = 1.25;
			context.beginPath();
			context.moveTo(x1, from);
			context.bezierCurveTo(x1 + 14, from, x2 - 14, to, x2, to);
			context.stroke();
			context.beginPath();
			context.arc(x1, from, 2.5, 0, 7);
			context.fill();
			context.beginPath();
			context.moveTo(x2 + 1, to);
			context.lineTo(x2 - 6, to - 3.5);
			context.lineTo(x2 - 6, to + 3.5);
			context.fill();
			context.lineWidth = 1;
		}
	}

	/**
	 * The wake-ups of @task that are in view; no more than can be told apart.
	 * @param {Task} task
	 */
	#wakes(task) {
		const { trace } = this, found = [];
		const first = Math.max(task.first, trace.segmentAt(task, this.from));

		for (let i = first; i + 1 < task.end && trace.start[i] <= this.to && found.length < 200; i++) {
			if (trace.kind[i] !== WOKEN || trace.kind[i + 1] !== RUNNING)
				continue;
			if (trace.byCpu[i] >= 0)
				found.push({ t: trace.start[i], waker: trace.byCpu[i], ran: trace.start[i + 1], cpu: trace.cpu[i + 1] });
		}
		return found;
	}

	/** The middle of a CPU's lane, or null. @param {number} number */
	#laneOfCpu(number) {
		const lane = this.lanes.find(l => l.cpu !== undefined && this.trace.cpus[l.cpu].cpu === number);
		const y = lane ? TOP + lane.y - this.scroll + lane.height / 2 : 0;

		return y > TOP && y < this.height ? y : null;
	}

	/** @param {number} x @param {number} a @param {number} b @param {string} colour */
	#line(x, a, b, colour) {
		if (x < this.gutter || x > this.width)
			return;
		this.context.fillStyle = colour;
		this.context.fillRect(Math.round(x) - 0.5, a, 1.5, b - a);
	}

	/* --- hands ------------------------------------------------------------------------------------ */

	#listen() {
		const { canvas } = this;
		/** @type {{ kind: string, x: number, y: number, from: number, to: number, scroll: number, moved: boolean } | null} */
		let drag = null;

		canvas.addEventListener("wheel", event => {
			const at = this.#at(event);

			event.preventDefault();
			const dy = event.deltaMode === 1 ? event.deltaY * 18 : event.deltaY;

			if (at.x < this.gutter) {
				this.scroll += dy;
				this.draw();
			} else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(dy)) {
				this.move((event.deltaX || dy) / this.view.width);
			} else {
				this.zoom(Math.exp(Math.max(-120, Math.min(120, dy)) * 0.0025), this.timeOf(at.x));
			}
		}, { passive: false });
		canvas.addEventListener("pointerdown", event => {
			const at = this.#at(event);

			if (event.button !== 0)
				return;
			canvas.focus({ preventScroll: true });
			canvas.setPointerCapture(event.pointerId);
			const kind = at.y < MAP_HEIGHT && at.x >= this.gutter ? "map" :
				at.x >= this.gutter && (at.y < TOP || event.shiftKey) ? "select" : "pan";

			drag = { kind, x: at.x, y: at.y, from: this.from, to: this.to, scroll: this.scroll, moved: false };
			if (kind === "map")
				this.#mapTo(at.x);
		});
		canvas.addEventListener("pointermove", event => {
			const at = this.#at(event);

			this.pointer = at;
			if (!drag) {
				this.cursor = at.x >= this.gutter ? this.timeOf(at.x) : null;
				this.#hover(at);
				this.draw();
				return;
			}
			drag.moved = drag.moved || Math.abs(at.x - drag.x) + Math.abs(at.y - drag.y) > 3;
			if (!drag.moved)
				return;
			this.tip.hidden = true;
			if (drag.kind === "map") {
				this.#mapTo(at.x);
			} else if (drag.kind === "select") {
				const a = this.#whole(drag.x), b = this.#whole(at.x);

				this.range = [Math.min(a, b), Math.max(a, b)];
				this.draw();
			} else {
				const by = (drag.x - at.x) / this.view.width * (drag.to - drag.from);

				this.scroll = drag.scroll + drag.y - at.y;
				this.show(drag.from + by, drag.to + by);
			}
		});
		canvas.addEventListener("pointerup", event => {
			const at = this.#at(event);

			if (drag && !drag.moved)
				this.#click(at);
			else if (drag && drag.kind === "select")
				this.select(this.range);
			drag = null;
		});
		canvas.addEventListener("pointercancel", () => { drag = null; });
		canvas.addEventListener("pointerleave", () => {
			this.cursor = null;
			this.tip.hidden = true;
			this.draw();
		});
		canvas.addEventListener("dblclick", event => {
			const at = this.#at(event), found = this.#find(at);

			if (found)
				this.show(found.from - (found.to - found.from) * 0.2, found.to + (found.to - found.from) * 0.2);
		});
		canvas.addEventListener("keydown", event => {
			if (this.key(event.key, event.ctrlKey || event.metaKey || event.altKey))
				event.preventDefault();
		});
		const { signal } = this.gone, sizes = new ResizeObserver(() => this.draw());

		sizes.observe(this.node);
		signal.addEventListener("abort", () => sizes.disconnect());
		addEventListener("resize", () => this.draw(), { signal });
		/* After main.js, which has made the style the paper's. */
		addEventListener("beforeprint", () => this.restyle(true), { signal });
		addEventListener("afterprint", () => this.restyle(), { signal });
		matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.restyle(), { signal });
	}

	/** A whole ns of the trace. @param {number} x */
	#whole(x) {
		return Math.round(Math.max(0, Math.min(this.trace.span, this.timeOf(x))));
	}

	/** @param {string} key @param {boolean} modified @returns {boolean} is it one of ours? */
	key(key, modified) {
		const middle = this.cursor ?? (this.from + this.to) / 2;

		if (modified)
			return false;
		switch (key) {
		case "w": case "+": case "=": this.zoom(0.7, middle); break;
		case "s": case "-": this.zoom(1 / 0.7, middle); break;
		case "a": case "ArrowLeft": this.move(-0.15); break;
		case "d": case "ArrowRight": this.move(0.15); break;
		case "ArrowUp": this.scroll -= CPU_HEIGHT + GAP; this.draw(); break;
		case "ArrowDown": this.scroll += CPU_HEIGHT + GAP; this.draw(); break;
		case "f": this.toFailure(); break;
		case "0": case "Home": this.show(0, this.trace.span); break;
		case "Escape": this.select(null); this.setFocus(null); break;
		default: return false;
		}
		this.say(`${duration(this.to - this.from)} in view from ${moment(Math.max(0, this.from), this.to - this.from)}`);
		return true;
	}

	/** The failure and what led to it, with the wait that the selected task was in. */
	toFailure() {
		const { trace, failure, focus } = this;
		let from = Math.max(0, failure - Math.min(trace.span, 400e6));

		if (focus) {
			const told = focus === this.options.focus ? this.options.since : null;
			const began = told !== null && told >= 0 && told < failure ? told : this.#lastLongWait(focus);

			if (began !== null)
				from = Math.max(0, began - (failure - began) * 0.15);
		}
		this.scroll = 0;
		this.show(from, failure + (failure - from) * 0.08);
	}

	/**
	 * When the longest wait of a task began that is in the last third before the failure, or null.
	 * @param {Task} task
	 */
	#lastLongWait(task) {
		const { trace, failure } = this;
		let longest = 1e6, began = null;

		for (let i = trace.segmentAt(task, failure); i >= task.first; i--) {
			const end = Math.min(trace.segmentEnd(task, i), failure);

			if (end < failure - trace.span / 3)
				break;
			if (isWait(trace.kind[i]) && end - trace.start[i] > longest) {
				longest = end - trace.start[i];
				began = trace.start[i];
			}
		}
		return began;
	}

	/** @param {MouseEvent} event */
	#at(event) {
		const box = this.canvas.getBoundingClientRect();

		return { x: event.clientX - box.left, y: event.clientY - box.top };
	}

	/** @param {number} x */
	#mapTo(x) {
		const middle = (x - this.view.x) / this.view.width * this.trace.span, half = (this.to - this.from) / 2;

		this.show(middle - half, middle + half);
	}

	/** @param {{ x: number, y: number }} at @returns {Lane | undefined} */
	#laneAt(at) {
		const y = at.y - TOP + this.scroll;

		return at.y < TOP ? undefined : this.lanes.find(l => y >= l.y && y < l.y + l.height && !l.text);
	}

	/**
	 * What is at that place: a slice of a CPU, or a segment of a task.
	 * @param {{ x: number, y: number }} at
	 * @returns {{ task: Task, from: number, to: number, lines: string[] } | null}
	 */
	#find(at) {
		const { trace } = this, lane = this.#laneAt(at), t = this.timeOf(at.x);

		if (!lane || at.x < this.gutter || t > trace.span)
			return null;
		if (lane.cpu !== undefined) {
			const cpu = trace.cpus[lane.cpu], i = lastAt(cpu.start, 0, cpu.n, t);
			const task = i >= 0 ? trace.byPid.get(trace.pids[cpu.name[i]]) : undefined;

			if (!task)
				return null;
			const from = cpu.start[i], to = trace.sliceEnd(cpu, i);

			return { task, from, to, lines: [
				task.pid ? `${trace.names[cpu.name[i]]}  ·  pid ${task.pid}` : "idle",
				`${duration(to - from)} on CPU ${cpu.cpu}`, ...this.#waitBefore(task, from)] };
		}
		const task = /** @type {Task} */ (lane.task), i = trace.segmentAt(task, t);

		if (i < 0)
			return null;
		const from = trace.start[i], to = trace.segmentEnd(task, i);

		return { task, from, to, lines: [`${trace.nameOf(task)}  ·  pid ${task.pid}`,
			`${this.#state(i)} for ${duration(to - from)}`, ...this.#waker(i),
			...trace.kind[i] === RUNNING ? this.#waitBefore(task, from) : []] };
	}

	/** @param {Task} task @param {number} t when it came on a CPU */
	#waitBefore(task, t) {
		const { trace } = this, i = trace.segmentAt(task, t);

		if (!task.pid || i <= task.first || !isWait(trace.kind[i - 1]))
			return [];
		return [`waited ${duration(trace.start[i] - trace.start[i - 1])} for it`, ...this.#waker(i - 1)];
	}

	/** @param {number} i a segment */
	#state(i) {
		const { kind, cpu } = this.trace;

		switch (kind[i]) {
		case RUNNING: return `running on CPU ${cpu[i]}`;
		case WOKEN: return `woken, waiting for ${cpu[i] < 0 ? "a CPU" : `CPU ${cpu[i]}`}`;
		case PREEMPTED: return `runnable, waiting for a CPU (it had CPU ${cpu[i]})`;
		case BLOCKED: return "blocked (D)";
		case ENDED: return "ended";
		default: return "sleeping";
		}
	}

	/** @param {number} i a segment */
	#waker(i) {
		const { trace } = this, by = trace.by[i];

		if (trace.kind[i] !== WOKEN)
			return [];
		if (by >= trace.names.length)
			return ["it is not known who woke it"];
		return [trace.pids[by] ? `woken by ${trace.names[by]}, pid ${trace.pids[by]}` :
			"woken from an interrupt on an idle CPU"];
	}

	/** @param {{ x: number, y: number }} at */
	#hover(at) {
		const { tip } = this, found = this.#find(at);
		const mark = at.y >= MAP_HEIGHT && at.x >= this.gutter &&
			this.trace.marks.find(([t]) => Math.abs(this.xOf(t) - at.x) < 5);
		const lines = mark ? [mark[1], `at ${moment(mark[0], 1e3)}`] : found ? found.lines : null;

		this.canvas.style.cursor = at.x < this.gutter ? "default" : at.y < TOP ? "crosshair" : "";
		if (!lines) {
			tip.hidden = true;
			return;
		}
		clear(tip);
		lines.forEach((line, i) => tip.append(el("div", { class: i ? null : "first" }, line)));
		tip.hidden = false;
		const left = Math.min(at.x + 14, this.width - tip.offsetWidth - 6);
		const top = at.y + 18 + tip.offsetHeight > this.height ? at.y - tip.offsetHeight - 10 : at.y + 18;

		tip.style.transform = `translate(${Math.max(4, left)}px, ${Math.max(0, top)}px)`;
	}

	/** @param {{ x: number, y: number }} at */
	#click(at) {
		const lane = this.#laneAt(at);

		if (at.x < this.gutter && lane && lane.task) {
			this.setFocus(lane.task);
			return;
		}
		const found = this.#find(at);

		if (found && found.task.pid) {
			this.setFocus(found.task);
			this.say(found.lines.join(", "));
		} else if (at.y > TOP) {
			this.select(null);
		}
	}
}

/** @param {string} name of a mark */
export function isFailure(name) {
	return name.startsWith("failure");
}

/** 1, 2 or 5 times a power of ten, not below @least. @param {number} least */
function niceStep(least) {
	const power = 10 ** Math.floor(Math.log10(Math.max(least, 1)));

	return [1, 2, 5, 10].map(n => n * power).find(step => step >= least) ?? 10 * power;
}
