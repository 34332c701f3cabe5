#!/usr/bin/env node
/*
 * How fast is the page, and how large? `measure.mjs PAGE [TRACE.zst]`, started with KTSTR_PAGE_MODULES as
 * test/page/modules prints it. Prints the time from the navigation to the first frame of the timeline, and of a
 * scripted pan and zoom of 300 frames how long each took. What is measured is told, nothing is asserted: a
 * machine that is busy is slower. So the time on a CPU of the page's own thread is told beside it.
 */
import { statSync } from "node:fs";

import { launch, open, traces } from "./browser.mjs";

const [file, packed] = process.argv.slice(2);
const browser = await launch();
const began = Date.now();
let session;
const { page, wrongs } = await open(browser, file, {}, "", async fresh => {
	session = await fresh.context().newCDPSession(fresh);
	await session.send("Performance.enable", { timeDomain: "threadTicks" });
});

await traces(page, "canvas");
await page.evaluate(() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))));

/** ms of the page's thread on a CPU */
async function onCpu() {
	const { metrics } = await session.send("Performance.getMetrics");

	return metrics.find(metric => metric.name === "TaskDuration").value * 1000;
}
let loaded = await onCpu();

console.log(`interactive after ${Date.now() - began} ms, ${loaded.toFixed(0)} ms of them on a CPU`);
await traces(page);
console.log(`with its tables after ${Date.now() - began} ms, ${(await onCpu()).toFixed(0)} ms of them on a CPU`);
loaded = await onCpu();
const { frames, cpu, events } = await page.evaluate(async () => {
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
console.log(wrongs.length ? `wrongs: ${wrongs.join("; ")}` : "no error, no request");
await browser.close();
