#!/usr/bin/env node
/*
 * How fast is the page, and how large? `measure.mjs PAGE [TRACE.zst]`. Prints the time from the navigation to the
 * first frame of the timeline, to all of the trace, and to its tables; how long frames had to wait meanwhile; and
 * of a scripted pan and zoom of 300 frames how long each took. What is measured is told, nothing is asserted: a
 * machine that is busy is slower. So the time on a CPU of the page's own thread is told beside it.
 *
 * The browser is there before, at rest, with an empty page. It is spoken to without playwright, which has it keep
 * what a page loads: of one that is large, a part of a second.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [file, packed] = process.argv.slice(2);

statSync(file); /* A browser would wait with an error's page. */
const chromium = process.env.CHROMIUM ??
	["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
const profile = mkdtempSync(join(tmpdir(), "measure-"));
const browser = spawn(chromium, ["--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", "--no-first-run",
	`--user-data-dir=${profile}`, "--window-size=1440,1000", "about:blank"],
{ stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
const waiting = new Map(), wrongs = [];
let number = 0, rest = "", sessionId;

browser.stdio[4].on("data", data => {
	const parts = (rest + data).split("\0");

	rest = parts.pop();
	for (const { id, method, params, result, error } of parts.map(part => JSON.parse(part))) {
		if (id)
			waiting.get(id)(error ? Promise.reject(new Error(error.message)) : result);
		else if (method === "Runtime.exceptionThrown" || method === "Runtime.consoleAPICalled")
			wrongs.push(params.exceptionDetails?.exception?.description ?? params.type);
	}
});

/** What the browser answers. */
function send(method, params = {}) {
	browser.stdio[3].write(`${JSON.stringify({ id: ++number, method, params, sessionId })}\0`);
	return new Promise(done => waiting.set(number, done));
}

/** In the page. */
async function run(look, ...given) {
	const { result, exceptionDetails } = await send("Runtime.evaluate", { awaitPromise: true, returnByValue: true,
		expression: `(${look})(${given.map(one => JSON.stringify(one)).join()})` });

	if (exceptionDetails)
		throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
	return result.value;
}

/** ms of the page's thread on a CPU since it began */
async function onCpu() {
	const { metrics } = await send("Performance.getMetrics");

	return metrics.find(metric => metric.name === "TaskDuration").value * 1000;
}

/** When there is one that matches, and a frame with it. */
const shows = selector => run(selector => new Promise(done => {
	const look = () => document.querySelector(selector) ? requestAnimationFrame(() => requestAnimationFrame(() =>
		done(performance.now()))) : requestAnimationFrame(look);

	look();
}), selector);

try {
	const { targetInfos } = await send("Target.getTargets");

	({ sessionId } = await send("Target.attachToTarget", { flatten: true,
		targetId: targetInfos.find(target => target.type === "page").targetId }));
	await send("Performance.enable", { timeDomain: "threadTicks" });
	await send("Runtime.enable");
	await new Promise(done => setTimeout(done, 3000));
	const empty = await onCpu();

	await send("Page.navigate", { url: pathToFileURL(resolve(file)).href });
	console.log(`interactive after ${(await shows(".trace canvas")).toFixed(0)} ms, ${(await onCpu() - empty).toFixed(0)
	} ms of them on a CPU`);
	/* How long one that waits for a frame waits. */
	run(() => {
		let before = performance.now();

		window.waits = [];
		requestAnimationFrame(function next() {
			window.waits.push(performance.now() - before);
			before = performance.now();
			requestAnimationFrame(next);
		});
	});
	console.log(`all of the trace after ${(await shows(".trace input[type=search]:enabled")).toFixed(0)} ms, ${
		(await onCpu() - empty).toFixed(0)} ms of them on a CPU`);
	const waits = await run(() => window.waits);

	console.log(`until then ${waits.length} frames, ${waits.filter(ms => ms < 33).length} below 33 ms, the longest ${
		Math.max(...waits).toFixed(0)} ms`);
	console.log(`with its tables after ${(await shows(".trace .tables table")).toFixed(0)} ms, ${
		(await onCpu() - empty).toFixed(0)} ms of them on a CPU`);
	const loaded = await onCpu();
	const { frames, cpu, events } = await run(async () => {
		const { timeline } = document.querySelector(".trace"), frames = [], cpu = [];
		const { span } = timeline.trace;

		timeline.node.scrollIntoView();
		timeline.setFocus(null);
		for (let i = 0; i < 300; i++) {
			/* From all of it to some microseconds round many places and back, with all lanes passing by. */
			const length = span * 10 ** (-2.5 + 2.5 * Math.cos(i / 300 * 4 * Math.PI));
			const middle = span * (0.5 + 0.45 * Math.sin(i / 300 * 6 * Math.PI));

			timeline.view.scroll = timeline.contentHeight * (i % 100) / 100;
			timeline.show(middle - length / 2, middle + length / 2);
			const start = performance.now();

			timeline.paint();
			cpu.push(performance.now() - start);
			await new Promise(requestAnimationFrame);
			frames.push(performance.now() - start);
		}
		return { frames, cpu, events: timeline.trace.tasks.reduce((n, task) => n + task.end - task.first, 0) };
	});

	console.log(`a frame takes ${((await onCpu() - loaded) / 300).toFixed(1)} ms of the thread's time on a CPU, on average`);
	for (const [name, list] of [["frame", frames], ["painting", cpu]]) {
		list.sort((a, b) => a - b);
		console.log(`${name}: median ${list[150].toFixed(1)} ms, 95 of 100 below ${list[284].toFixed(1)} ms, longest ${
			list[299].toFixed(1)} ms`);
	}
	console.log(`${events} segments; ${frames.filter(ms => ms < 33).length * 100 / 300} % of frames below 33 ms`);
	if (packed)
		console.log(`${(statSync(file).size / statSync(packed).size).toFixed(2)} of the trace packed by zstd -19`);
	console.log(wrongs.length ? `wrongs: ${wrongs.join("; ")}` : "no error, no word on the console");
} finally {
	const gone = new Promise(done => browser.once("exit", done));

	browser.kill();
	await gone;
	rmSync(profile, { recursive: true, force: true });
}
