#!/usr/bin/env node
/*
 * Does the page of each staged end show what it is about? `ends.mjs DIR [SHOTS]`, started with KTSTR_LAUNCH and
 * KTSTR_PAGE_MODULES as test/page/run sets them. DIR: what test/staged-ends --keep has left, or any folder with
 * failure dumps below it, the first VM's. Prints TAP. Into SHOTS goes a picture of each, light and dark.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

import { harmless, launch, open, traces, yes } from "./browser.mjs";

/** The failure dumps below a folder, the first VMs'. @param {string} folder @returns {string[]} */
export function dumpsBelow(folder) {
	return readdirSync(folder, { recursive: true, encoding: "utf8" }).sort()
		.filter(name => name.endsWith(".failure-dump.json") && !name.endsWith(".repro.failure-dump.json"))
		.map(name => join(folder, name));
}

/**
 * endShows - opens the page of a failure dump and holds it against the dump; throws where something is missing.
 * @param {any} browser @param {string} page its file @param {string} dumpFile
 * @param {Record<string, any>} [options] of the browser's context @param {string} [shot] where its picture goes
 */
export async function endShows(browser, page, dumpFile, options = {}, shot = "") {
	const dump = JSON.parse(readFileSync(dumpFile, "utf8"));
	const opened = await open(browser, page, options);
	const text = async (/** @type {string} */ where) => (await opened.page.locator(where).first().innerText()).trim();

	try {
		const drawn = await traces(opened.page);

		await opened.page.evaluate(() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))));
		if (shot)
			await opened.page.screenshot({ path: shot, fullPage: true });
		await harmless(opened);
		yes(await text("h1") === dump.test, "the test's name is on top");
		yes((await text(".badge")).endsWith(dump.verdict.toUpperCase()), "its verdict");
		yes((await text(".cause")).length >= Math.min(dump.cause.length, 10), "its cause");
		if (dump.quote)
			yes((await text("#evidence")).includes(`[${dump.quote.pid}]`), "the named task is in the evidence");
		if (!dump.recording?.path)
			yes((await text("#timeline .absent")).length > 20, "why there is no timeline");
		else
			inView(await opened.page.evaluate(seen, named(dump)), named(dump));
		return drawn;
	} finally {
		await opened.close();
	}
}

/** The pid of the task that a cause names, else of the one that the dump quotes; 0: none. @param {any} dump */
function named(dump) {
	const [, pid] = /(?:\w ?\[|\bpid )(\d+)/.exec(dump.cause) ?? [];

	return pid ? Number(pid) : dump.quote?.pid ?? 0;
}

/**
 * What is in the first timeline's view. Runs in the page. @param {number} pid of the named task, 0: none
 */
function seen(pid) {
	const box = /** @type {any} */ (document.querySelector(".trace")), { timeline } = box;

	if (!timeline)
		return { absent: box.innerText };
	const { view, trace, focus, lanes } = timeline, task = trace.byPid.get(pid);
	const failure = trace.marks.find((/** @type {[number, string]} */ [, name]) => name.startsWith("failure"));
	/* The mark's own colour, where it crosses the first CPU's lane. */
	const style = getComputedStyle(document.documentElement).getPropertyValue("--bad").trim();
	const lane = lanes.find((/** @type {any} */ one) => one.cpu === 0);
	const x = failure ? Math.round(view.xOf(failure[0])) : 0;
	const pixels = timeline.canvas.getContext("2d").getImageData((x - 2) * view.ratio,
		(70 + lane.y) * view.ratio, 5 * view.ratio, 1).data;
	const [r, g, b] = [1, 3, 5].map(i => parseInt(style.slice(i, i + 2), 16));
	let isDrawn = false;

	for (let i = 0; i < pixels.length; i += 4)
		isDrawn ||= Math.abs(pixels[i] - r) + Math.abs(pixels[i + 1] - g) + Math.abs(pixels[i + 2] - b) < 60;
	return { failure: failure ? failure[0] : null, from: view.from, to: view.to, scroll: view.scroll, isDrawn,
		/* A task that did nothing while it was recorded has no lane. */
		hasLane: Boolean(task && task.end > task.first), focus: focus ? focus.pid : 0,
		first: lanes[1].task ? lanes[1].task.pid : 0 };
}

/** @param {any} is what seen() has told @param {number} pid */
function inView(is, pid) {
	yes(!is.absent, `there is a timeline, and not: ${is.absent}`);
	yes(is.failure !== null, "the failure has a mark");
	yes(is.from < is.failure && is.failure < is.to, `the failure's mark is in view: ${JSON.stringify(is)}`);
	yes(is.isDrawn, "it is drawn there");
	if (pid && is.hasLane)
		yes(is.focus === pid && is.first === pid && is.scroll === 0, `the named task is in view: ${JSON.stringify(is)}`);
}

async function main() {
	const [folder, shots] = process.argv.slice(2), work = mkdtempSync(join(tmpdir(), "ends-"));
	const browser = await launch(), found = dumpsBelow(folder);
	let failed = 0;

	if (shots)
		mkdirSync(shots, { recursive: true });
	for (const [i, dump] of found.entries()) {
		const name = basename(dump).replace(/-[0-9a-f]{16}\.failure-dump\.json$/, "");

		try {
			const page = join(work, `${i}.html`);

			execFileSync(/** @type {string} */ (process.env.KTSTR_LAUNCH), ["report", dump, "-o", page],
				{ stdio: ["ignore", "ignore", "inherit"] });
			for (const colorScheme of ["light", "dark"])
				await endShows(browser, page, dump, { colorScheme }, shots ? join(shots, `${name}-${colorScheme}.png`) : "");
			console.log(`ok ${i + 1} - ${name}`);
		} catch (error) {
			failed++;
			console.log(`not ok ${i + 1} - ${name}`);
			console.log(String(error instanceof Error ? error.stack : error).replace(/^/gm, "# "));
		}
	}
	console.log(`1..${found.length}`);
	await browser.close();
	rmSync(work, { recursive: true });
	process.exit(failed || !found.length ? 1 : 0);
}

if (process.argv[1] === fileURLToPath(import.meta.url))
	await main();
