/* Where in time is one? The mini-map of the whole trace, and the ruler with the marks' names. */
import { isFailure } from "./opening.js";
import { duration } from "./units.js";
import { MAP_HEIGHT, RULER_HEIGHT, TOP } from "./view.js";

/** @typedef {import("./trace.js").Trace} Trace */
/** @typedef {import("./view.js").View} View */
/** @typedef {import("./draw.js").Painter} Painter */

/**
 * @param {CanvasRenderingContext2D} context @param {View} view @param {Painter} painter
 */
export function paintRuler(context, view, painter) {
	const { css: colours } = painter.colours, step = niceStep(view.length / (view.width / 110));

	context.fillStyle = colours.panel;
	context.fillRect(0, MAP_HEIGHT, view.outer, RULER_HEIGHT);
	context.fillStyle = colours.muted;
	context.fillText(`${duration(view.length)} in view`, 12, MAP_HEIGHT + RULER_HEIGHT / 2);
	context.save();
	context.beginPath();
	context.rect(view.x, MAP_HEIGHT, view.width, RULER_HEIGHT);
	context.clip();
	const origin = view.origin ?? 0;

	for (let i = Math.ceil((view.from - origin) / step); origin + i * step <= view.to; i++) {
		const t = origin + i * step, x = view.xOf(t);

		context.fillStyle = colours.line;
		context.fillRect(Math.round(x), TOP - 8, 1, 8);
		context.fillStyle = colours.muted;
		context.fillText(view.moment(t, step), x + 4, TOP - 9);
	}
	paintMarkNames(context, view, painter);
	context.restore();
	context.fillStyle = colours.line;
	context.fillRect(0, TOP - 1, view.outer, 1);
}

/**
 * From the right: the last one is the failure, and is to be read whole.
 * @param {CanvasRenderingContext2D} context @param {View} view @param {Painter} painter
 */
function paintMarkNames(context, view, painter) {
	const { css: colours } = painter.colours;
	let room = view.x + view.width;

	for (const [t, name] of [...painter.trace.marks].sort((a, b) => b[0] - a[0])) {
		const x = view.xOf(t);

		if (x < view.x || x > view.x + view.width)
			continue;
		const colour = isFailure(name) ? colours.bad : colours.accent;
		const label = isFailure(name) ? "failure" : name;
		const text = painter.fit(context, label, 150);
		const width = context.measureText(text).width + 10;
		let left = x;

		if (left + width > room)
			left = x - width;
		context.fillStyle = colour;
		context.fillRect(Math.round(x) - 0.5, MAP_HEIGHT + 2, 1.5, TOP - MAP_HEIGHT - 2);
		if (left < view.x || left + width > room + 0.5)
			continue;
		context.fillRect(left, MAP_HEIGHT + 3, width, 16);
		context.fillStyle = colours.page;
		context.fillText(text, left + 5, MAP_HEIGHT + 11.5);
		room = Math.min(left, x) - 2;
	}
}

/** How busy the CPUs were, all of the time, with the part that is in view. */
export class MiniMap {
	constructor() {
		/** @type {Float64Array | null} */
		this.shares = null;
		/** What they are of. @type {Trace | null} */
		this.trace = null;
	}

	/** @param {CanvasRenderingContext2D} context @param {View} view @param {Painter} painter */
	paint(context, view, painter) {
		const { trace, colours: { css: colours } } = painter, height = MAP_HEIGHT - 6;
		const a = view.x, { width } = view;

		context.fillStyle = colours.panel;
		context.fillRect(0, 0, view.outer, MAP_HEIGHT);
		context.fillStyle = colours.muted;
		context.fillText(`${duration(trace.span)} in all`, 12, MAP_HEIGHT / 2);
		context.fillStyle = colours.lane;
		context.fillRect(a, 3, width, height);
		if (!this.shares || this.trace !== trace || this.shares.length !== Math.round(width))
			this.shares = busyShares(trace, Math.round(width));
		this.trace = trace;
		context.fillStyle = colours.muted;
		context.globalAlpha = 0.55;
		this.shares.forEach((share, x) => {
			if (share > 0)
				context.fillRect(a + x, 3 + height * (1 - share), 1, height * share);
		});
		context.globalAlpha = 1;
		for (const [t, name] of trace.marks) {
			context.fillStyle = isFailure(name) ? colours.bad : colours.accent;
			context.fillRect(a + t / trace.span * (width - 2), 3, 2, height);
		}
		const share = (/** @type {number} */ t) => Math.max(0, Math.min(1, t / trace.span));
		const x1 = Math.min(a + share(view.from) * width, a + width - 3), x2 = a + share(view.to) * width;

		context.fillStyle = colours.select;
		context.fillRect(x1, 3, Math.max(3, x2 - x1), height);
		context.strokeStyle = colours.accent;
		context.strokeRect(x1 + 0.5, 3.5, Math.max(3, x2 - x1) - 1, height - 1);
		context.fillStyle = colours.line;
		context.fillRect(0, MAP_HEIGHT - 1, view.outer, 1);
	}
}

/** The share of busy CPUs in each of @n parts of the trace. @param {Trace} trace @param {number} n */
function busyShares(trace, n) {
	const busy = new Float64Array(n), step = trace.span / n;

	for (const cpu of trace.cpus) {
		const known = Math.ceil(trace.since / step);
		let before = trace.busyUpTo(cpu, known * step);

		for (let x = known; x < n; x++) {
			const now = trace.busyUpTo(cpu, (x + 1) * step);

			busy[x] += (now - before) / step;
			before = now;
		}
	}
	return busy.map(b => Math.min(1, b / Math.max(1, trace.cpus.length)));
}

/** 1, 2 or 5 times a power of ten, not below @least. @param {number} least */
function niceStep(least) {
	const power = 10 ** Math.floor(Math.log10(Math.max(least, 1)));

	return [1, 2, 5, 10].map(n => n * power).find(step => step >= least) ?? 10 * power;
}
