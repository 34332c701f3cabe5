/*
 * What did the repro do, beside the first run? Two timelines whose views move together: what they show is as far
 * from a moment that both traces have.
 */
import { el } from "./dom.js";
import { isFailure } from "./opening.js";

/** @typedef {import("./timeline.js").Timeline} Timeline */
/** @typedef {import("./trace.js").Trace} Trace */

/** As the style has it: from this width on they stand side by side. */
const WIDE = "(min-width: 1400px)";

/**
 * The moment by which two traces are compared: the failure, the payload's start where not both have failed, else,
 * for a tracer that marks nothing, the end.
 * @param {Trace} first @param {Trace} second
 * @returns {{ name: string, at: [number, number] }}
 */
export function commonMoment(first, second) {
	const kinds = /** @type {[string, (name: string) => boolean][]} */ ([["failure", isFailure],
		["payload's start", name => name === "payload starts"]]);

	for (const [name, isIt] of kinds) {
		const [a, b] = [first, second].map(trace => trace.marks.find(mark => isIt(mark[1]))?.[0]);

		if (a !== undefined && b !== undefined)
			return { name, at: [a, b] };
	}
	return { name: "end", at: [first.span, second.span] };
}

export class Sides {
	constructor() {
		/** @type {Timeline[]} the first run's and the repro's, once they are there */
		this.timelines = [];
		this.at = [0, 0];
		/** Which one was moved last. */
		this.leader = 0;
		this.isLinked = true;
		this.isWide = matchMedia(WIDE).matches;
		this.tools = el("div", { class: "tools", role: "group", "aria-label": "Both timelines", hidden: true });
		this.node = el("div", { class: "sides" }, this.tools);
	}

	/** @param {Timeline} timeline @param {number} which */
	put(timeline, which) {
		this.timelines[which] = timeline;
		if (this.timelines[0] && this.timelines[1])
			this.#begin();
	}

	#begin() {
		const [first, second] = this.timelines, { name, at } = commonMoment(first.trace, second.trace);

		this.at = at;
		this.timelines.forEach((timeline, i) => {
			timeline.view.moved = () => this.#moved(i);
			timeline.onCursor = t => this.#point(i, t);
		});
		this.tools.append(
			this.#toggle("link the views", `what one shows, the other shows as far from the ${name}`, true,
				on => this.#link(on)),
			this.#toggle(`times from the ${name}`, "else from each trace's beginning", false, on =>
				this.timelines.forEach((timeline, i) => timeline.tellFrom(on ? at[i] : null))));
		this.tools.hidden = false;
		this.#open();
	}

	/** @param {string} text @param {string} hint @param {boolean} isOn @param {(on: boolean) => void} set */
	#toggle(text, hint, isOn, set) {
		const button = el("button", { type: "button", title: hint, "aria-pressed": String(isOn), onclick: () => {
			isOn = !isOn;
			button.setAttribute("aria-pressed", String(isOn));
			set(isOn);
		} }, text);

		return button;
	}

	/** What both opened at is in view; or what one shows that was moved before the other was there. */
	#open() {
		const { timelines } = this;
		const moved = timelines.findIndex(({ view, opened }) => view.from !== opened[0] || view.to !== opened[1]);
		const [a, b] = timelines.map(({ opened }, i) => [opened[0] - this.at[i], opened[1] - this.at[i]]);

		this.leader = Math.max(0, moved);
		if (moved < 0)
			timelines[0].view.place(Math.min(a[0], b[0]) + this.at[0], Math.max(a[1], b[1]) + this.at[0]);
		this.#link(true);
		for (const timeline of timelines) {
			/* What both opened at stays when all of a trace is there. */
			timeline.reopen = () => {};
			if (moved < 0)
				timeline.opened = [timeline.view.from, timeline.view.to];
		}
	}

	/** Who leads stays: to be put within its own trace is no move. @param {boolean} on */
	#link(on) {
		const { leader } = this;

		this.isLinked = on;
		this.timelines.forEach(({ trace, view }, i) => {
			const other = 1 - i, apart = this.at[i] - this.at[other];

			view.least = on ? Math.min(0, apart) : 0;
			view.most = on ? Math.max(trace.span, this.timelines[other].trace.span + apart) : trace.span;
		});
		if (on)
			this.#moved(leader);
		else
			for (const { view } of this.timelines)
				view.show(view.from, view.to);
		this.leader = leader;
		this.timelines.forEach(timeline => timeline.draw());
	}

	/** The other one goes along. @param {number} which */
	#moved(which) {
		const other = 1 - which, { view } = this.timelines[which], apart = this.at[other] - this.at[which];

		this.leader = which;
		if (!this.isLinked)
			return;
		this.timelines[other].view.place(view.from + apart, view.to + apart);
		this.timelines[other].draw();
	}

	/** @param {number} which @param {number | null} t */
	#point(which, t) {
		const other = 1 - which;

		this.timelines[other].cursor = t === null || !this.isLinked ? null : t - this.at[which] + this.at[other];
		this.timelines[other].draw();
	}
}
