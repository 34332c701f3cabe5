/* What is on the canvas in one frame? The lanes that are seen, what is selected, marks, arrows, ruler and map. */
import { FONT } from "./draw.js";
import { HEADING } from "./lanes.js";
import { isFailure } from "./opening.js";
import { MiniMap, paintRuler } from "./scale.js";
import { RUNNING, WOKEN } from "./trace.js";
import { MAP_HEIGHT, TOP } from "./view.js";

/** @typedef {import("./trace.js").Trace} Trace */
/** @typedef {import("./trace.js").Task} Task */
/** @typedef {import("./lanes.js").Lane} Lane */
/** @typedef {import("./view.js").View} View */
/** @typedef {import("./draw.js").Painter} Painter */

/**
 * @typedef {object} Scene what there is to draw
 * @property {Lane[]} lanes
 * @property {number} contentHeight of all lanes
 * @property {Task | null} focus the selected task
 * @property {[number, number] | null} range that is selected
 * @property {number | null} cursor the time under the pointer
 * @property {boolean} arrows of wake-ups are to be drawn
 */

/* Arrows of so many wake-ups can be told apart. */
const MOST_ARROWS = 200;

export class Frame {
	/** @param {HTMLCanvasElement} canvas @param {View} view */
	constructor(canvas, view) {
		this.canvas = canvas;
		this.context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
		this.view = view;
		this.map = new MiniMap();
	}

	/** @param {Scene} scene @param {Painter} painter */
	paint(scene, painter) {
		const { canvas, context, view } = this, { ratio } = view, { css } = painter.colours;
		const w = Math.round(view.outer * ratio), h = Math.round(view.height * ratio);

		if (canvas.width !== w || canvas.height !== h) {
			canvas.width = w;
			canvas.height = h;
			canvas.style.height = `${view.height}px`;
		}
		context.setTransform(ratio, 0, 0, ratio, 0, 0);
		context.textBaseline = "middle";
		context.font = FONT;
		context.fillStyle = css.panel;
		context.fillRect(0, 0, view.outer, view.height);
		this.#lanes(scene, painter);
		this.#range(scene.range, css);
		for (const [t, name] of painter.trace.marks)
			if (t >= view.from && t <= view.to)
				this.#line(view.xOf(t), TOP, isFailure(name) ? css.bad : css.accent);
		if (scene.arrows && scene.focus)
			this.#arrows(scene, painter.trace, scene.focus, css.text);
		paintRuler(context, view, painter);
		this.map.paint(context, view, painter);
		if (scene.cursor !== null)
			this.#line(view.xOf(scene.cursor), TOP - 10, css.muted);
	}

	/** @param {Scene} scene @param {Painter} painter */
	#lanes(scene, painter) {
		const { context, view } = this, { css } = painter.colours, { trace } = painter;
		/* Of what is in view, so much was recorded. */
		const begin = Math.max(view.x, view.xOf(trace.since));
		const end = Math.max(begin, Math.min(view.x + view.width, view.xOf(trace.span)));

		context.save();
		context.beginPath();
		context.rect(0, TOP, view.outer, view.height - TOP);
		context.clip();
		for (const lane of scene.lanes) {
			const y = TOP + lane.y - view.scroll;

			if (y > view.height || y + lane.height < TOP)
				continue;
			if (lane.text) {
				context.fillStyle = css.muted;
				context.font = `600 ${FONT}`;
				context.fillText(lane.text, 12, y + HEADING / 2 + 1);
				context.font = FONT;
				continue;
			}
			context.fillStyle = css.lane;
			context.fillRect(begin, y, end - begin, lane.height);
			context.save();
			context.beginPath();
			context.rect(begin, y, end - begin, lane.height);
			context.clip();
			if (lane.task)
				painter.task(context, view, lane.task, y, lane.height, view.ratio);
			else if (lane.cpu !== undefined)
				painter.cpu(context, view, trace.cpus[lane.cpu], y, lane.height, view.ratio);
			context.restore();
			context.globalAlpha = 1;
			this.#label(lane, y, scene.focus, painter);
		}
		context.restore();
		context.fillStyle = css.line;
		context.fillRect(view.x - 1, MAP_HEIGHT, 1, view.height);
		this.#scrollbar(scene.contentHeight, css.muted);
	}

	/** @param {Lane} lane @param {number} y @param {Task | null} focus @param {Painter} painter */
	#label(lane, y, focus, painter) {
		const { context, view } = this, { css } = painter.colours, { trace } = painter;
		const middle = y + lane.height / 2 + 0.5;

		if (lane.cpu !== undefined) {
			context.fillStyle = css.text;
			context.fillText(`CPU ${trace.cpus[lane.cpu].cpu}`, 12, middle);
			return;
		}
		const task = /** @type {Task} */ (lane.task), pid = String(task.pid);
		const taken = context.measureText(pid).width;

		context.fillStyle = task === focus ? css.accent : css.text;
		context.fillText(painter.fit(context, trace.nameOf(task), view.x - taken - 36), 12, middle);
		context.fillStyle = css.muted;
		context.textAlign = "right";
		context.fillText(pid, view.x - 12, middle);
		context.textAlign = "left";
	}

	/** @param {number} all pixels @param {string} colour */
	#scrollbar(all, colour) {
		const { context, view } = this, room = view.height - TOP;

		if (all <= room)
			return;
		context.fillStyle = colour;
		context.globalAlpha = 0.45;
		context.fillRect(view.outer - 5, TOP + view.scroll / all * room, 4, room * room / all);
		context.globalAlpha = 1;
	}

	/** @param {[number, number] | null} range @param {{ select: string, accent: string }} css */
	#range(range, css) {
		const { context, view } = this;

		if (!range)
			return;
		const a = Math.max(view.x, view.xOf(range[0])), b = Math.min(view.x + view.width, view.xOf(range[1]));

		if (b <= a)
			return;
		context.fillStyle = css.select;
		context.fillRect(a, TOP, b - a, view.height - TOP);
		this.#line(a, TOP, css.accent);
		this.#line(b, TOP, css.accent);
	}

	/**
	 * From the CPU of who woke the task to where it then ran.
	 * @param {Scene} scene @param {Trace} trace @param {Task} task @param {string} colour
	 */
	#arrows(scene, trace, task, colour) {
		const { context, view } = this;

		for (const { t, waker, ran, cpu } of wakeUps(trace, task, view.from, view.to)) {
			const from = this.#middleOf(scene, trace, waker), to = this.#middleOf(scene, trace, cpu);

			if (from === null || to === null)
				continue;
			const x1 = view.xOf(t), x2 = view.xOf(ran);

			context.strokeStyle = colour;
			context.fillStyle = colour;
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

	/** The middle of a CPU's lane, or null: it is not seen. @param {Scene} scene @param {Trace} trace @param {number} number */
	#middleOf(scene, trace, number) {
		const lane = scene.lanes.find(l => l.cpu !== undefined && trace.cpus[l.cpu].cpu === number);
		const y = lane ? TOP + lane.y - this.view.scroll + lane.height / 2 : 0;

		return y > TOP && y < this.view.height ? y : null;
	}

	/** Down to the end. @param {number} x @param {number} y @param {string} colour */
	#line(x, y, colour) {
		if (x < this.view.x || x > this.view.outer)
			return;
		this.context.fillStyle = colour;
		this.context.fillRect(Math.round(x) - 0.5, y, 1.5, this.view.height - y);
	}
}

/**
 * The wake-ups of @task between two times; no more than can be told apart.
 * @param {Trace} trace @param {Task} task @param {number} from @param {number} to
 */
function wakeUps(trace, task, from, to) {
	const found = [];

	for (let i = Math.max(task.first, trace.segmentAt(task, from));
	     i + 1 < task.end && trace.start[i] <= to && found.length < MOST_ARROWS; i++) {
		if (trace.kind[i] !== WOKEN || trace.kind[i + 1] !== RUNNING)
			continue;
		if (trace.byCpu[i] >= 0)
			found.push({ t: trace.start[i], waker: trace.byCpu[i], ran: trace.start[i + 1], cpu: trace.cpu[i + 1] });
	}
	return found;
}
