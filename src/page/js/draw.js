/*
 * How does a lane look? Where its pieces are wide enough, as boxes with names; where many fall into one
 * pixel, as one row of pixels for the whole lane, so that a frame costs the same for any number of events.
 */
import { shown } from "./dom.js";
import { css, taskColour, textOn } from "./palette.js";
import { BLOCKED, ENDED, RUNNING, SLEEPING, isWait, lastAt } from "./trace.js";

/** @typedef {import("./trace.js").Trace} Trace */
/** @typedef {import("./trace.js").Task} Task */
/** @typedef {import("./trace.js").Cpu} Cpu */
/** @typedef {import("./palette.js").Palette} Palette */

/**
 * @typedef {object} View what is seen of the time, and where
 * @property {number} from ns
 * @property {number} to ns
 * @property {number} x of the first pixel
 * @property {number} width pixels
 */

/* Of one pixel, so many pieces at most are looked at for the one that took most of it. */
const LOOKED_AT = 12;
const FONT = "11px system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif";

export class Painter {
	/** @param {Trace} trace @param {Palette} colours */
	constructor(trace, colours) {
		this.trace = trace;
		this.colours = colours;
		/** Of each name. */
		this.rgb = trace.names.map(name => taskColour(colours, name));
		this.css = this.rgb.map(css);
		this.on = this.rgb.map(textOn);
		/** pid that stands out, or -1 */
		this.focus = -1;
		this.row = document.createElement("canvas");
		this.rowContext = /** @type {CanvasRenderingContext2D} */ (this.row.getContext("2d"));
		/** @type {ImageData | null} */
		this.pixels = null;
		/** @type {Map<string, number>} */
		this.widths = new Map();
	}

	/** A row of @width pixels, empty. @param {number} width */
	#begin(width) {
		if (!this.pixels || this.pixels.width !== width) {
			this.row.width = width;
			this.row.height = 1;
			this.pixels = this.rowContext.createImageData(width, 1);
		}
		this.pixels.data.fill(0);
		return this.pixels.data;
	}

	/** @param {CanvasRenderingContext2D} context @param {View} view @param {number} y @param {number} height */
	#end(context, view, y, height) {
		if (!this.pixels)
			return;
		this.rowContext.putImageData(this.pixels, 0, 0);
		context.imageSmoothingEnabled = false;
		context.drawImage(this.row, 0, 0, this.pixels.width, 1, view.x, y, view.width, height);
	}

	/** @param {number} name */
	#isDimmed(name) {
		return this.focus >= 0 && this.trace.pids[name] !== this.focus;
	}

	/**
	 * What ran on @cpu.
	 * @param {CanvasRenderingContext2D} context @param {View} view @param {Cpu} cpu
	 * @param {number} y @param {number} height @param {number} ratio device pixels of one
	 */
	cpu(context, view, cpu, y, height, ratio) {
		const first = Math.max(0, lastAt(cpu.start, 0, cpu.n, view.from));
		const last = lastAt(cpu.start, 0, cpu.n, view.to);

		if (last < 0)
			return;
		if (last - first < view.width / 5)
			this.#boxes(context, view, cpu, first, last, y, height);
		else
			this.#cpuRow(context, view, cpu, first, y, height, ratio);
	}

	/**
	 * @param {CanvasRenderingContext2D} context @param {View} view @param {Cpu} cpu
	 * @param {number} first @param {number} last @param {number} y @param {number} height
	 */
	#boxes(context, view, cpu, first, last, y, height) {
		const { trace } = this, scale = view.width / (view.to - view.from);

		for (let i = first; i <= last; i++) {
			const name = cpu.name[i];

			if (trace.pids[name] === 0)
				continue;
			const a = Math.max(view.x, view.x + (cpu.start[i] - view.from) * scale);
			const b = Math.min(view.x + view.width,
				view.x + (trace.sliceEnd(cpu, i) - view.from) * scale);

			if (b < view.x)
				continue;
			this.#box(context, a, b, y, height, name, trace.names[name]);
		}
		context.globalAlpha = 1;
	}

	/**
	 * @param {CanvasRenderingContext2D} context @param {number} a @param {number} b
	 * @param {number} y @param {number} height @param {number} name @param {string} text
	 */
	#box(context, a, b, y, height, name, text) {
		context.globalAlpha = this.#isDimmed(name) ? 0.25 : 1;
		context.fillStyle = this.css[name];
		/* A gap tells neighbours apart where there is room for it. */
		context.fillRect(a, y, Math.max(b - a - (b - a > 3 ? 0.5 : 0), 0.7), height);
		if (b - a > 22) {
			const fits = this.fit(context, text, b - a - 8);

			/* A pale box is as good as none behind it. */
			if (this.#isDimmed(name)) {
				context.globalAlpha = 0.6;
				context.fillStyle = this.colours.css.text;
			} else {
				context.fillStyle = this.on[name];
			}
			if (fits)
				context.fillText(fits, a + 4, y + height / 2 + 0.5);
		}
	}

	/** @p given, with nothing hidden in it, cut to @width pixels. @param {CanvasRenderingContext2D} context @param {string} given @param {number} width */
	fit(context, given, width) {
		const text = shown(given);

		context.font = FONT;
		let w = this.widths.get(text);

		if (w === undefined) {
			w = context.measureText(text).width;
			this.widths.set(text, w);
		}
		if (w <= width)
			return text;
		const keep = Math.floor(text.length * width / w) - 1;

		return keep >= 2 ? `${text.slice(0, keep)}…` : "";
	}

	/**
	 * @param {CanvasRenderingContext2D} context @param {View} view @param {Cpu} cpu @param {number} first
	 * @param {number} y @param {number} height @param {number} ratio
	 */
	#cpuRow(context, view, cpu, first, y, height, ratio) {
		const { trace } = this, width = Math.max(1, Math.round(view.width * ratio));
		const data = this.#begin(width), step = (view.to - view.from) / width;
		const { start, name, n } = cpu, { pids } = trace;
		let i = first, before = trace.busyUpTo(cpu, Math.max(view.from, start[0]));

		for (let x = 0; x < width; x++) {
			const a = view.from + x * step, b = a + step;

			if (b <= start[0])
				continue;
			/* The slice that holds the pixel's end. */
			const end = gallop(start, i, n, b);
			const busy = cpu.busy[end] + (pids[name[end]] ? Math.min(b, trace.span) - start[end] : 0);
			const share = Math.min(1, (busy - before) / step);

			before = busy;
			if (share > 0) {
				const most = this.#longest(start, name, i, end, a, b);
				const colour = this.rgb[most];
				const strength = this.#isDimmed(most) ? 0.25 : 1;

				data[4 * x] = colour[0];
				data[4 * x + 1] = colour[1];
				data[4 * x + 2] = colour[2];
				data[4 * x + 3] = 255 * Math.max(0.12, share) * strength;
			}
			i = end;
			if (a >= trace.span)
				break;
		}
		this.#end(context, view, y, height);
	}

	/**
	 * The name, not the idle one's, of the slice of i..end that takes most of [a, b), or the focus's.
	 * @param {Float64Array} start @param {Uint32Array} name @param {number} i @param {number} end
	 * @param {number} a @param {number} b
	 */
	#longest(start, name, i, end, a, b) {
		const { pids } = this.trace, stride = Math.max(1, Math.floor((end - i + 1) / LOOKED_AT));
		let most = -1, took = -1;

		for (let k = i; k <= end; k += stride) {
			const pid = pids[name[k]];

			if (pid === 0)
				continue;
			if (pid === this.focus)
				return name[k];
			const t = Math.min(k < end ? start[k + 1] : b, b) - Math.max(start[k], a);

			if (t > took) {
				took = t;
				most = name[k];
			}
		}
		/* It is busy, so one of two neighbours is. */
		for (let k = i; k <= end && most < 0; k++)
			if (pids[name[k]])
				most = name[k];
		return Math.max(most, 0);
	}

	/**
	 * What became of @task: it ran (a box), could run and waited (a bar), slept (a line).
	 * @param {CanvasRenderingContext2D} context @param {View} view @param {Task} task
	 * @param {number} y @param {number} height @param {number} ratio
	 */
	task(context, view, task, y, height, ratio) {
		const { trace } = this;
		const first = Math.max(task.first, trace.segmentAt(task, view.from));
		const last = lastAt(trace.start, task.first, task.end, view.to);

		if (last < 0)
			return;
		if (last - first < view.width / 4)
			this.#segments(context, view, task, first, last, y, height);
		else
			this.#taskRow(context, view, task, first, y, height, ratio);
	}

	/**
	 * @param {CanvasRenderingContext2D} context @param {View} view @param {Task} task
	 * @param {number} first @param {number} last @param {number} y @param {number} height
	 */
	#segments(context, view, task, first, last, y, height) {
		const { trace, colours } = this, scale = view.width / (view.to - view.from);
		const { kind, cpu } = trace, middle = Math.round(y + height / 2);

		for (let i = first; i <= last; i++) {
			const a = Math.max(view.x, view.x + (trace.start[i] - view.from) * scale);
			const b = Math.min(view.x + view.width,
				view.x + (trace.segmentEnd(task, i) - view.from) * scale);
			const width = Math.max(b - a, 0.7);

			if (b < view.x)
				continue;
			if (kind[i] === RUNNING) {
				this.#box(context, a, b, y, height, task.name, `CPU ${cpu[i]}`);
				context.globalAlpha = 1;
			} else if (isWait(kind[i])) {
				context.fillStyle = colours.css.wait;
				context.fillRect(a, y + height * 0.28, width, height * 0.44);
			} else if (kind[i] === BLOCKED) {
				context.fillStyle = colours.css.blocked;
				context.fillRect(a, middle - 1.5, width, 3);
			} else if (kind[i] === SLEEPING) {
				context.fillStyle = colours.css.line;
				context.fillRect(a, middle - 0.5, width, 1);
			}
		}
	}

	/**
	 * @param {CanvasRenderingContext2D} context @param {View} view @param {Task} task @param {number} first
	 * @param {number} y @param {number} height @param {number} ratio
	 */
	#taskRow(context, view, task, first, y, height, ratio) {
		const { trace, colours } = this, width = Math.max(1, Math.round(view.width * ratio));
		const data = this.#begin(width), step = (view.to - view.from) / width;
		const own = this.rgb[task.name], { wait } = colours;
		const { start, kind, ran, waited } = trace;
		let i = first, [ranBefore, waitedBefore] = trace.upTo(task, view.from);

		for (let x = 0; x < width; x++) {
			const a = view.from + x * step, b = Math.min(a + step, trace.span);

			if (a >= trace.span)
				break;
			if (b < start[task.first])
				continue;
			i = gallop(start, i, task.end, b);
			const more = b - start[i];
			const r = ran[i] + (kind[i] === RUNNING ? more : 0);
			const w = waited[i] + (isWait(kind[i]) ? more : 0);
			const running = (r - ranBefore) / step, waiting = (w - waitedBefore) / step;
			const both = running + waiting;

			ranBefore = r;
			waitedBefore = w;
			if (both > 0 && kind[i] !== ENDED || both > 1e-6) {
				const k = running / both;

				for (let c = 0; c < 3; c++)
					data[4 * x + c] = own[c] * k + wait[c] * (1 - k);
				data[4 * x + 3] = 255 * Math.max(0.15, Math.min(1, both));
			}
		}
		this.#end(context, view, y, height);
	}
}

/**
 * The last of the times from @i on that is not after @t: it is near.
 * @param {Float64Array} times @param {number} i @param {number} n @param {number} t
 */
function gallop(times, i, n, t) {
	let step = 1;

	if (i + 1 >= n || times[i + 1] > t)
		return i;
	while (i + step < n && times[i + step] <= t) {
		i += step;
		step *= 2;
	}
	return lastAt(times, i, Math.min(n, i + step), t);
}

export { FONT };
