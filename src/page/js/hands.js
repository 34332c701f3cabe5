/* What do mouse and keys do to a timeline? */
import { LANE_GAP, LANE_HEIGHT } from "./lanes.js";
import { MAP_HEIGHT, TOP } from "./view.js";

/** @typedef {import("./view.js").View} View */
/** @typedef {import("./view.js").Place} Place */

/**
 * @typedef {object} Hands what they may do
 * @property {boolean} isHeld the pointer's button is down
 * @property {View} view
 * @property {number | null} cursor the time under the pointer
 * @property {[number, number] | null} range that is selected
 * @property {() => void} draw
 * @property {() => void} toFailure
 * @property {(range: [number, number] | null) => void} select
 * @property {(task: null) => void} setFocus
 * @property {(at: Place) => void} hover the pointer is there
 * @property {() => void} dragged something was, by the pointer
 * @property {() => void} leave the pointer is elsewhere
 * @property {(at: Place) => void} click
 * @property {(at: Place) => void} enlarge what is there
 * @property {(key: string, modified: boolean) => boolean} key
 */

/**
 * press - what a key does. Returns whether it is one of ours.
 * @param {Hands} hands @param {string} key
 */
export function press(hands, key) {
	const { view } = hands, middle = hands.cursor ?? (view.from + view.to) / 2;

	switch (key) {
	case "w": case "+": case "=": view.zoom(0.7, middle); break;
	case "s": case "-": view.zoom(1 / 0.7, middle); break;
	case "a": case "ArrowLeft": view.move(-0.15); break;
	case "d": case "ArrowRight": view.move(0.15); break;
	case "ArrowUp": view.scroll -= LANE_HEIGHT + LANE_GAP; break;
	case "ArrowDown": view.scroll += LANE_HEIGHT + LANE_GAP; break;
	case "f": hands.toFailure(); break;
	case "0": case "Home": view.showAll(); break;
	case "r": hands.select(inView(view)); break;
	case "Shift+ArrowLeft": extend(hands, -0.02); break;
	case "Shift+ArrowRight": extend(hands, 0.02); break;
	case "Escape": hands.select(null); hands.setFocus(null); break;
	default: return false;
	}
	hands.draw();
	return true;
}

/** A whole ns of the trace. @param {View} view @param {number} t */
function inTrace(view, t) {
	return Math.round(Math.max(0, Math.min(view.span, t)));
}

/**
 * What is in view of the trace, in whole ns; null: nothing, as beside a longer one that is linked to it.
 * @param {View} view
 * @returns {[number, number] | null}
 */
export function inView(view) {
	const from = inTrace(view, view.from), to = inTrace(view, view.to);

	return from < to ? [from, to] : null;
}

/** The range's end moves; without a range one begins where the view does. @param {Hands} hands @param {number} share of the view */
function extend(hands, share) {
	const { view } = hands, start = inView(view)?.[0];
	const [from, to] = hands.range ?? [start, start];

	if (from === undefined || to === undefined)
		return;
	hands.select([from, Math.max(from, inTrace(view, to + share * view.length))]);
}

/** @param {HTMLCanvasElement} canvas @param {Hands} hands */
export function listen(canvas, hands) {
	listenToWheel(canvas, hands);
	listenToPointer(canvas, hands);
	canvas.addEventListener("dblclick", event => hands.enlarge(placeOf(canvas, event)));
	canvas.addEventListener("keydown", event => {
		const key = event.shiftKey && event.key.startsWith("Arrow") ? `Shift+${event.key}` : event.key;

		if (hands.key(key, event.ctrlKey || event.metaKey || event.altKey))
			event.preventDefault();
	});
}

/** @param {HTMLCanvasElement} canvas @param {Hands} hands */
function listenToWheel(canvas, hands) {
	const { view } = hands;

	canvas.addEventListener("wheel", event => {
		const at = placeOf(canvas, event), dy = event.deltaMode === 1 ? event.deltaY * 18 : event.deltaY;

		event.preventDefault();
		if (at.x < view.x)
			view.scroll += dy;
		else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(dy))
			view.move((event.deltaX || dy) / view.width);
		else
			view.zoom(Math.exp(Math.max(-120, Math.min(120, dy)) * 0.0025), view.timeOf(at.x));
		hands.draw();
	}, { passive: false });
}

/** A drag moves, or selects in the ruler and with Shift; in the mini-map it goes there. @param {HTMLCanvasElement} canvas @param {Hands} hands */
function listenToPointer(canvas, hands) {
	const { view } = hands;
	/** @type {{ kind: string, x: number, y: number, from: number, to: number, scroll: number, moved: boolean } | null} */
	let drag = null;
	const drop = () => {
		drag = null;
		hands.isHeld = false;
	};

	canvas.addEventListener("pointerdown", event => {
		const at = placeOf(canvas, event);

		if (event.button !== 0)
			return;
		canvas.focus({ preventScroll: true });
		canvas.setPointerCapture(event.pointerId);
		const kind = at.y < MAP_HEIGHT && at.x >= view.x ? "map" :
			at.x >= view.x && (at.y < TOP || event.shiftKey) ? "select" : "pan";

		drag = { kind, x: at.x, y: at.y, from: view.from, to: view.to, scroll: view.scroll, moved: false };
		hands.isHeld = true;
		if (kind === "map") {
			view.mapTo(at.x);
			hands.draw();
		}
	});
	canvas.addEventListener("pointermove", event => {
		const at = placeOf(canvas, event);

		if (!drag) {
			hands.hover(at);
			return;
		}
		drag.moved = drag.moved || Math.abs(at.x - drag.x) + Math.abs(at.y - drag.y) > 3;
		if (!drag.moved)
			return;
		if (drag.kind === "map") {
			view.mapTo(at.x);
		} else if (drag.kind === "select") {
			const a = inTrace(view, view.timeOf(drag.x)), b = inTrace(view, view.timeOf(at.x));

			hands.range = [Math.min(a, b), Math.max(a, b)];
		} else {
			const by = (drag.x - at.x) / view.width * (drag.to - drag.from);

			view.scroll = drag.scroll + drag.y - at.y;
			view.show(drag.from + by, drag.to + by);
		}
		hands.dragged();
	});
	canvas.addEventListener("pointerup", event => {
		if (drag && !drag.moved)
			hands.click(placeOf(canvas, event));
		else if (drag && drag.kind === "select")
			hands.select(hands.range && hands.range[0] < hands.range[1] ? hands.range : null);
		drop();
	});
	canvas.addEventListener("pointercancel", drop);
	canvas.addEventListener("pointerleave", () => hands.leave());
}

/** @param {HTMLCanvasElement} canvas @param {MouseEvent} event @returns {Place} */
function placeOf(canvas, event) {
	const box = canvas.getBoundingClientRect();

	return { x: event.clientX - box.left, y: event.clientY - box.top };
}
