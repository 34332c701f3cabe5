/* What was said? The ends of the logs, with the decisive line marked. */
import { absent, el, section } from "./dom.js";

/**
 * Lines that decide: those that the cause, the panic or a splat quotes.
 * @param {any} dump
 * @returns {(line: string) => boolean}
 */
function decides(dump) {
	const quotes = [dump.panic, ...(dump.splats?.lines ?? []), dump.scheduler?.reason,
		dump.scheduler?.message].filter(text => typeof text === "string" && text.length > 7)
		.map(plain);
	const cause = String(dump.cause ?? "");

	return line => {
		const text = plain(line);

		return text.length > 7 && (quotes.some(quote => text.includes(quote) || quote.includes(text)) ||
			(text.length > 11 && cause.includes(text)));
	};
}

/** Without the time and the caller in front. @param {string} line */
function plain(line) {
	return line.replace(/^(<\d+>)?(\[[ 0-9.]+\] ?)?(\[[TC]\d+\] ?)?/, "").trim();
}

/** @param {string} title @param {string[] | undefined} given @param {(line: string) => boolean} isDecisive @param {string} none */
function log(title, given, isDecisive, none) {
	/* Consoles end their lines with CR LF. */
	const lines = (given ?? []).map(line => line.replace(/\r$/, ""));

	if (!lines.length)
		return el("details", { class: "log" }, el("summary", null, el("b", null, title),
			el("span", { class: "muted" }, "  nothing")), absent(none));
	const marked = lines.map(isDecisive), hits = marked.filter(Boolean).length;

	const pre = el("pre", { tabindex: 0 }, lines.map((line, i) => marked[i] ?
		el("mark", null, `${line}\n`) : `${line}\n`));
	/* What decides is in sight; else what came last. */
	const show = () => {
		const mark = pre.querySelector("mark");

		pre.scrollTop = mark ? mark.offsetTop - pre.clientHeight / 2 : pre.scrollHeight;
	};

	requestAnimationFrame(show);
	return el("details", { class: "log", open: hits > 0 || lines.length <= 12, ontoggle: show },
		el("summary", null, el("b", null, title), el("span", { class: "muted" },
			`  ${lines.length === 1 ? "1 line" :
				`the last ${lines.length} lines`}`), hits ? el("span", { class: "hit" },
			hits === 1 ? "1 decisive line" : `${hits} decisive lines`) : null), pre);
}

/**
 * @param {any} dump
 * @param {{ stdout: Stream, stderr: Stream }} streams
 * @typedef {{ lines: string[], absent: string | null }} Stream
 */
export function logs(dump, streams) {
	const isDecisive = decides(dump), { scheduler } = dump, tracer = dump.tracer;
	const inside = dump.inside?.kernel_log_tail ?? [], kernel = inside.length ? inside : dump.kernel_log_tail;
	const parts = [
		log("Standard output", streams.stdout.lines, isDecisive, streams.stdout.absent ?? "it wrote nothing"),
		log("Standard error", streams.stderr.lines, isDecisive, streams.stderr.absent ?? "it wrote nothing"),
		log("Kernel log", kernel, isDecisive, dump.inside?.kernel_log_error ??
			(dump.kernel_log_tail ? "the kernel said nothing" : "a result file has none; a failure dump has")),
		log("Console", dump.console_tail, isDecisive, dump.console_tail ? "nothing came there" : "a result file has none; a failure dump has"),
	];

	if (scheduler) {
		parts.push(log("Scheduler", scheduler.text, isDecisive, "it printed nothing"));
		parts.push(log("Scheduler's dump", scheduler.dump, isDecisive, "the kernel made none"));
	}
	if (dump.guest.init_log.length)
		parts.push(log("Guest's init", dump.guest.init_log, isDecisive, ""));
	if (tracer && tracer.text.length)
		parts.push(log("Tracer", tracer.text, isDecisive, ""));
	return section("logs", "Logs", ...parts);
}
