/*
 * Does each kind of page show what it must, and do no harm, in a real browser? Prints TAP. Started by
 * test/page/run, which makes what is looked at. KTSTR_PAGE_ONLY: only the tests with this in their names.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { harmless, holdBlock, launch, open, same, traces, yes } from "./browser.mjs";
import { dumpsBelow, endShows } from "./ends.mjs";
import { testSides } from "./sides.mjs";

const launcher = /** @type {string} */ (process.env.KTSTR_LAUNCH);
const here = dirname(fileURLToPath(import.meta.url));
const work = mkdtempSync(join(process.env.TMPDIR ?? tmpdir(), "page-"));
const browser = await launch();
let number = 0, failed = 0;

/** @param {string} name @param {() => Promise<void>} body */
async function test(name, body) {
	number++;
	if (process.env.KTSTR_PAGE_ONLY && !name.includes(process.env.KTSTR_PAGE_ONLY))
		return;
	try {
		await body();
		console.log(`ok ${number} - ${name}`);
	} catch (error) {
		failed++;
		console.log(`not ok ${number} - ${name}`);
		console.log(String(error instanceof Error ? error.stack : error).replace(/^/gm, "# "));
	}
}

/** @param {string} given @param {string} name */
function report(given, name) {
	const file = join(work, name);

	execFileSync(launcher, ["report", given, "-o", file], { stdio: ["ignore", "ignore", "inherit"] });
	return file;
}

/** The first of the page's timelines, as what @look makes of it there. @param {any} page @param {Function} look */
const timeline = (page, look) => page.evaluate(`(${look})(document.querySelector(".trace").timeline)`);

/* A dump as the launcher writes it, with a trace beside it. */
const folder = join(work, "run");
const stem = join(folder, "t-1");

mkdirSync(folder);
execFileSync("node", [join(here, "make-trace.mjs"), "4", "20000", `${stem}.failure.pb`]);
execFileSync("node", [join(here, "make-trace.mjs"), "4", "6000", `${stem}.repro.wprof.pb`]);
const dump = JSON.parse(readFileSync(/** @type {string} */ (process.env.KTSTR_PAGE_DUMP), "utf8"));

Object.assign(dump, {
	test: "fair.sh", cause: "starved [123] was starved: check failed", panic: null,
	recording: { path: "gone/t-1.failure.pb", error: null, events: 20000, span_s: 1, cpus_unreadable: 0 },
	repro: { result: "same-failure", verdict: "fail", cause: "the same", exit_status: 1, trace: "t-1.repro.wprof.pb" },
	quote: { named_by: "ktstr-work", task: "starved", pid: 123, why: null, state: "waiting", state_letter: null, cpu: 2,
		from_s: 0.01, for_s: 0.02, at_least: true, events_lost: false,
		behind: { task: "hog", pid: 100, for_s: 0.015 }, woken_by: { task: "sh", pid: 7 } },
	metrics: [{ name: "p99", value: 12.5, unit: "us", better: "lower" }],
	checks: [{ name: "hog.max_gap", verdict: "failed", value: 3e9, op: "<=", limit: 5e8, unit: "ns" },
		{ name: "hog.share", verdict: "inconclusive", value: null, op: ">", limit: 20, unit: "%" }],
});
dump.inside.longest_waiting = [];
dump.inside.cpus[0].task.name = "</script><img src=x onerror=alert(1)>";
writeFileSync(`${stem}.failure-dump.json`, JSON.stringify(dump));
writeFileSync(`${stem}.repro.failure-dump.json`, JSON.stringify({ ...dump, vm: "repro", repro: null }));
writeFileSync(`${stem}.stdout`, "one\ntwo <b>bold</b>\n");
const page1 = report(folder, "failure.html");

await test("a failure: each part is there, the failure's mark and the named task are in view", async () => {
	const opened = await open(browser, page1), { page } = opened;

	same(await traces(page), 2, "timelines");
	same(await page.locator("h2").allTextContents(), ["Evidence", "Repro", "Timeline", "Topology",
		"The machine at the failure", "Logs", "Metrics and checks", "About this run"], "parts");
	yes((await page.locator(".cause").textContent()).includes("starved [123]"), "the cause is on top");
	const seen = await timeline(page, t => ({ from: t.view.from, to: t.view.to, at: t.trace.marks.at(-1)[0], focus: t.focus && t.focus.pid,
		name: t.focus && t.trace.nameOf(t.focus), scroll: t.view.scroll, first: t.lanes[1].task && t.lanes[1].task.pid }));

	yes(seen.from < seen.at && seen.at < seen.to, "the failure's mark is in view");
	same([seen.name, seen.focus, seen.first, seen.scroll], ["starved", 123, 123, 0], "the named task");
	yes((await page.locator("#evidence").textContent()).includes("starved [123] waited on CPU 2 behind hog [100] for at " +
		"least 0.02\u202fs, from 0.01\u202fs after the payload's start on"), "what the dump says of the named task");
	yes(/starved \[123\] could run and had no CPU for/.test(await page.locator("#evidence").textContent()),
		"the trace is evidence, too");
	yes((await page.locator("#logs").textContent()).includes("two <b>bold</b>"), "standard output, as text");
	same(await page.locator("#metrics table").first().locator("tbody tr").allInnerTexts().then(rows =>
		rows.map(row => row.replace(/\s+/g, " "))), ["hog.max_gap 3.00 s <= 500 ms ✗ failed",
		"hog.share not known > 20 % ? inconclusive"], "checks with their limits");
	yes((await page.locator(".thread").count()) === dump.topology.cpus, "a box for each CPU");
	yes((await page.locator(".thread small").count()) >= 4, "with its load");
	await harmless(opened);
	await opened.close();
});

await test("each staged end: its page shows what it says, the named task and the failure's mark are in view", async () => {
	const ends = join(work, "ends");

	mkdirSync(ends);
	execFileSync("tar", ["-C", ends, "-xJf", join(here, "../fixtures/ends.tar.xz")]);
	const dumps = dumpsBelow(ends);
	let drawn = 0;

	yes(dumps.length >= 20, `the ends are there, ${dumps.length}`);
	for (const [i, end] of dumps.entries())
		drawn += await endShows(browser, report(end, "end.html"), end, { colorScheme: i % 2 ? "dark" : "light" });
	yes(drawn >= dumps.length - 3, "all but those that come before the recorder have timelines");
	/* Of a real one that starves: its task is found in two actions. */
	const { page, close } = await open(browser, report(dumps.find(end => end.includes("starves-unseen")), "unseen.html"));

	await traces(page);
	await page.locator("button", { hasText: "all" }).first().click();
	await timeline(page, t => t.setFocus(null));
	await page.locator(".tables tr.act").first().click();
	same(await timeline(page, t => t.focus && t.trace.nameOf(t.focus)), "hog/2", "who waited longest");
	await close();
});

await test("the starved task is found in two actions by who does not know its name", async () => {
	const opened = await open(browser, page1), { page } = opened;

	await traces(page);
	await timeline(page, t => t.key("Escape", false));
	/* The longest wait is the first row; one click leads there. */
	await page.locator(".tables tr.act").first().click();
	const seen = await timeline(page, t => ({ name: t.focus && t.trace.nameOf(t.focus), from: t.view.from, to: t.view.to,
		wait: t.trace.start[t.trace.segmentAt(t.focus, (t.view.from + t.view.to) / 2)] }));

	same(seen.name, "starved", "the selected task");
	yes(seen.from <= seen.wait && seen.wait <= seen.to, "its wait is in view");
	await opened.close();
});

await test("totals of ranges are those of another computation, to the nanosecond", async () => {
	const opened = await open(browser, page1), { page } = opened;

	await traces(page);
	const { span, pids } = await timeline(page, t => ({ span: t.trace.span, pids: t.trace.tasks.map(x => x.pid) }));

	yes(pids.length > 20, "there are tasks");
	for (const [from, to] of [[0, span], [Math.floor(span / 3), Math.floor(span / 2)], [span - 12345678, span],
		[1, 1000003]]) {
		const theirs = execFileSync("python3", [join(here, "totals.py"), `${stem}.failure.pb`, String(from),
			String(to)], { encoding: "utf8" }).trim().split("\n").filter(Boolean);
		const ours = await page.evaluate(([from, to]) => {
			const t = document.querySelector(".trace").timeline;

			t.select([from, to]);
			return t.trace.tasks.filter(x => x.pid && x.end > x.first).map(x => {
				const [a, b] = [t.trace.upTo(x, from), t.trace.upTo(x, to)];

				return [x.pid, b[0] - a[0], b[1] - a[1]];
			}).filter(x => x[1] || x[2]).sort((a, b) => a[0] - b[0]).map(x => x.join(" "));
		}, [from, to]);

		same(ours, theirs, `from ${from} to ${to}`);
		/* And what the table shows is that: who ran longest is first. */
		const cells = await page.locator(".tables").first().locator("> div:nth-child(2) tbody tr").first()
			.locator("td").allTextContents();
		const most = ours.map(line => line.split(" ")).sort((a, b) => b[1] - a[1] || b[2] - a[2])[0];

		same([cells[0].split(" ").at(-1), cells[1].replace(/[^0-9]/g, ""), cells[3].replace(/[^0-9]/g, "")], most,
			"the table's first row");
	}
	await opened.close();
});

await test("wheel, drag and keys move the view; a drag in the ruler selects; the search finds", async () => {
	const opened = await open(browser, page1), { page } = opened;

	await traces(page);
	const canvas = page.locator("canvas.timeline").first();

	await canvas.scrollIntoViewIfNeeded();
	const box = await canvas.boundingBox(), x = box.x + box.width / 2, y = box.y + 120;
	const view = () => timeline(page, t => [t.view.from, t.view.to, t.view.length]);
	const before = await view();

	await page.mouse.move(x, y);
	await page.mouse.wheel(0, -240);
	await page.waitForFunction(n => document.querySelector(".trace").timeline.view.length < n, before[2]);
	const closer = await view();

	await page.mouse.down();
	await page.mouse.move(x - 200, y, { steps: 4 });
	await page.mouse.up();
	yes((await view())[0] > closer[0], "a drag to the left goes on in time");
	const dragged = await view();

	await page.mouse.down({ button: "right" });
	await page.mouse.move(x, y, { steps: 4 });
	await page.mouse.up({ button: "right" });
	same(await view(), dragged, "a drag with another button does nothing");
	await canvas.focus();
	for (const [key, is] of /** @type {[string, (a: number[], b: number[]) => boolean][]} */ ([
		["a", (a, b) => b[0] < a[0]], ["d", (a, b) => b[0] > a[0]], ["w", (a, b) => b[2] < a[2]],
		["s", (a, b) => b[2] > a[2]]])) {
		const a = await view();

		await page.keyboard.press(key);
		yes(is(a, await view()), `the key ${key}`);
	}
	/* All that is in view is of this trace; the repro's goes on. */
	await page.keyboard.press("a");
	await page.keyboard.press("a");
	const within = await view(), chosen = () => timeline(page, t => t.range);

	await page.keyboard.press("r");
	same(await chosen(), [Math.round(within[0]), Math.round(within[1])], "r selects what is in view");
	yes((await page.locator(".tables").first().textContent()).includes("Over the range from"), "with its totals");
	await page.keyboard.press("Shift+ArrowLeft");
	yes((await chosen())[1] < within[1], "Shift and left: its end comes nearer");
	await page.keyboard.press("Shift+ArrowRight");
	await page.keyboard.press("Shift+ArrowRight");
	yes((await chosen())[1] > within[1], "and goes away again");
	same(await view(), within, "the view stays");
	await page.keyboard.press("Escape");
	same(await chosen(), null, "Escape");
	await page.keyboard.press("0");
	await page.mouse.move(x, box.y + 50);
	await page.mouse.down();
	await page.mouse.move(x + 100, box.y + 50, { steps: 3 });
	await page.mouse.up();
	const range = await timeline(page, t => t.range);

	yes(range && range.every(Number.isInteger) && range[1] > range[0], "a range of whole ns");
	yes((await page.locator(".tables").first().textContent()).includes("Over the range from"), "with its totals");
	await page.locator("input[type=search]").first().fill("starved");
	same(await timeline(page, t => t.chosen.shown.map(task => task.pid)), [123], "what the search finds");
	await page.locator("button", { hasText: "wake-ups" }).first().click();
	same(await page.locator("button", { hasText: "wake-ups" }).first().getAttribute("aria-pressed"), "true", "arrows");
	await harmless(opened);
	await opened.close();
});

await testSides(test, browser, stem, report);

await test("names of every byte, of markup, of script, of marks that turn text round do no harm", async () => {
	const trace = join(work, "hostile.pb");

	execFileSync("node", [join(here, "make-trace.mjs"), "4", "8000", trace, "hostile"]);
	const opened = await open(browser, report(trace, "hostile.html")), { page } = opened;

	same(await traces(page), 1, "timelines");
	const names = await timeline(page, t => t.trace.names);

	yes(names.includes("</script><script>alert(1)</script>"), "the names are there as they are");
	yes(names.some(name => name.includes("\u202e")), "also those that turn text round");
	await page.locator(".tables tr.act").first().hover();
	await page.evaluate(() => document.querySelectorAll("button.more").forEach(more => more.click()));
	const text = await page.locator("body").innerText();

	yes(text.includes("\\u202egnp.exe") && !text.includes("\u202e"), "which are shown as what they are");
	const labels = await page.evaluate(() => [document.title, ...[...document.querySelectorAll("[title], [aria-label]")]
		.flatMap(node => [node.getAttribute("title") ?? "", node.getAttribute("aria-label") ?? ""])]);

	yes(labels.some(label => label.includes("\\u202egnp.exe")) && !labels.some(label => label.includes("\u202e")),
		"in labels too");
	for (const y of [100, 130, 200, 260, 300]) {
		const box = await page.locator("canvas.timeline").boundingBox();

		await page.mouse.move(box.x + box.width * 0.6, box.y + y);
	}
	await harmless(opened);
	await opened.close();
});

/* What a guest, a test or a file may be called, and what they may say. Bytes that are no UTF-8 come as files. */
const HOSTILE = ["</script><script>pwned = 1; alert(1)</script>", "<img src=x onerror=alert(1)>", "<!--<script>", "]]>",
	"</style></textarea></title><svg onload=alert(1)>", "javascript:alert(1)", "'\"`&lt;&#60;${alert(1)}", "__proto__",
	"\u202egnp.exe \u05d0\u05d1\u05d2 [7]\u2066\u200f", "\u2028\u2029\u0085\u00ad\ufeff\u{e0041}", "data:text/html,<script>",
	Array.from({ length: 256 }, (_, i) => String.fromCharCode(i)).join("")].join(" ");
/* Words of the launcher's own, which the page and `report` go by. */
const OWN = new Set(["kind", "vm", "verdict", "result", "end", "state", "path", "trace", "spec", "mode", "better"]);

/** @param {any} value @returns {any} all its texts are hostile ones */
const hostile = value => typeof value === "string" ? HOSTILE : Array.isArray(value) ? value.map(hostile) :
	value && typeof value === "object" ? Object.fromEntries(Object.entries(value).map(([key, one]) =>
		[key, OWN.has(key) && typeof one === "string" ? one : hostile(one)])) : value;

await test("a dump, logs and files that are hostile in every word do no harm", async () => {
	const other = join(work, "<img src=x onerror=alert(1)>\u202e");
	const at = join(other, "t'\"&-1");
	/* `report` refuses a NUL in a line of results. */
	const text = HOSTILE.replaceAll("\0", "");
	const bytes = Buffer.concat([Buffer.from(HOSTILE), Buffer.from(Uint8Array.from({ length: 256 }, (_, i) => i)), Buffer.from("\n")]);

	mkdirSync(other);
	execFileSync("node", [join(here, "make-trace.mjs"), "4", "4000", `${at}.failure.pb`, "hostile"]);
	const full = { ...dump, metrics_warnings: ["w"], panic: "p", replay: "r", console_tail: ["c", "d"], kernel_log_tail: ["k"],
		splats: { ...dump.splats, count: 1, lines: ["s"] }, guest: { ...dump.guest, init_log: ["i"] },
		scheduler: { ops: "o", file: "f", end: "ejected", reason: "r", message: "m", attach_error: "a", text: ["t"], dump: ["d"] },
		repro: { ...dump.repro, trace: "gone.pb" } };

	full.inside = { ...dump.inside, blocked: [{ task: dump.inside.cpus[0].task, not_run_s: 1, backtrace:
		{ frames: ["f+0x1/0x2"], end: "user", error: "e" } }], incomplete: ["i"] };
	writeFileSync(`${at}.failure-dump.json`, JSON.stringify(hostile(full)));
	writeFileSync(`${at}.repro.failure-dump.json`, JSON.stringify(hostile({ ...full, vm: "repro" })));
	writeFileSync(`${at}.stdout`, bytes);
	writeFileSync(`${at}.stderr`, bytes);
	writeFileSync(join(work, "hostile.json"), [{ type: "plan", schema_version: 1, planned: 1 },
		{ type: "result", schema_version: 1, number: 1, name: text, outcome: "fail", bad: true, cause: text, detail: text,
			kernel: text, topology: text, replay: text, seconds: 1, dump: `${at}.failure-dump.json` },
		{ type: "summary", schema_version: 1, seconds: 3, interrupted: false }].map(l => `${JSON.stringify(l)}\n`).join(""));
	for (const given of [`${at}.failure-dump.json`, join(work, "hostile.json")]) {
		const opened = await open(browser, report(given, "hostile-dump.html")), { page } = opened;

		await traces(page);
		await page.evaluate(() => document.querySelectorAll("details").forEach(one => one.setAttribute("open", "")));
		if (given.endsWith("hostile.json")) {
			await page.locator(".cell").first().click();
		} else {
			yes((await page.locator("#logs").textContent()).includes("<img src=x onerror=alert(1)>"), "as text");
			yes(await page.locator(".metrics, #metrics").first().textContent().then(t => t.includes("</script>")), "metrics");
		}
		const all = await page.evaluate(() => document.title + document.body.innerText +
			[...document.querySelectorAll("*")].flatMap(node => [...node.attributes].map(a => a.value)).join(" "));

		yes(all.includes("\\u202egnp.exe"), "marks that turn text round are told");
		same(all.match(/(?![\t\n])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu), null, "hidden characters");
		same(await page.evaluate(() => [typeof pwned, document.querySelectorAll("body script:not([type])").length,
			document.querySelectorAll("svg, img, textarea, style:not(head > style)").length]), ["undefined", 1, 0], "what a text made");
		await harmless(opened);
		await opened.close();
	}
});

await test("the page's policy forbids what no text of it can reach", async () => {
	const { page, wrongs, close } = await open(browser, page1);
	const blocked = await page.evaluate(async () => {
		const seen = /** @type {string[]} */ ([]);
		const make = (tag, more) => document.body.append(Object.assign(document.createElement(tag), more));

		addEventListener("securitypolicyviolation", event => seen.push(event.effectiveDirective));
		make("script", { textContent: "window.pwned = 1" });
		make("script", { src: "data:text/javascript,pwned=1" });
		make("style", { textContent: "body { display: none }" });
		make("img", { src: "http://127.0.0.1:9/" });
		make("iframe", { src: "http://127.0.0.1:9/" });
		make("base", { href: "http://127.0.0.1:9/" });
		make("button", {}), document.body.lastElementChild.setAttribute("onclick", "pwned = 1");
		/** @type {any} */ (document.body.lastElementChild).click();
		await fetch("http://127.0.0.1:9/").catch(() => {});
		for (let i = 0; i < 50 && !seen.includes("frame-src"); i++)
			await new Promise(done => setTimeout(done, 100));
		return { seen: [...new Set(seen)].sort(), pwned: typeof window.pwned,
			display: getComputedStyle(document.body).display };
	});

	same(blocked, { seen: ["base-uri", "connect-src", "frame-src", "img-src", "script-src-attr", "script-src-elem",
		"style-src-elem"], pwned: "undefined", display: "block" }, "what was forbidden");
	/* Chromium tells the console of each, and the driver of those that never left. */
	yes(wrongs.every(wrong => /Content Security Policy|127\.0\.0\.1:9|data:text/.test(wrong)), `only that: ${wrongs}`);
	await close();
});

await test("a suite: a matrix with a word for each colour, filters, and a cell that opens its failure", async () => {
	const lines = [{ type: "plan", schema_version: 1, planned: 6 }];
	const result = (name, outcome, more) => ({ type: "result", schema_version: 1, name, number: lines.length, outcome, bad: outcome === "fail",
		cause: "because", kernel: "6.12.1", topology: "1n1l2c1t", seconds: 1, ...more });

	for (const of of [["gauntlet/fair/smt-2llc/6.12.1", "fail", { dump: `${stem}.failure-dump.json` }],
		["gauntlet/fair/tiny-1llc/6.12.1", "pass"], ["gauntlet/fair/tiny-1llc/6.12.1", "fail"],
		["<img src=x onerror=alert(1)>", "skip"], ["odd", "xpass"],
		["fair/odd", "fail", { dump: `${stem}-odd.failure-dump.json` }]])
		lines.push(result(...of));
	lines.push({ type: "summary", schema_version: 1, seconds: 3, interrupted: false });
	writeFileSync(`${stem}-odd.failure-dump.json`, JSON.stringify({ ...dump, metrics: [null] }));
	writeFileSync(join(work, "suite.json"), lines.map(line => `${JSON.stringify(line)}\n`).join(""));
	const opened = await open(browser, report(join(work, "suite.json"), "suite.html")), { page } = opened;

	same(await page.locator(".matrix thead th").allTextContents(), ["Test", "6.12.1", "smt-2llc6.12.1",
		"tiny-1llc6.12.1"], "columns");
	yes((await page.locator(".matrix .cell").allTextContents()).every(text => /fail|pass|skip|FLAKY/.test(text)), "words");
	yes((await page.locator(".cell", { hasText: "FLAKY" }).textContent()).includes("1/2"), "what is flaky");
	for (const time of ["first", "second"]) {
		await page.locator("button[title^='gauntlet/fair/smt']").click();
		same(await traces(page), 2, `timelines of the cell's failure, the ${time} time`);
	}
	await page.locator("button[title^='fair/odd']").click();
	yes(/it cannot be shown: ./.test(await page.locator(".detail").textContent()), "why a failure is not shown");
	await page.locator("#matrix input").fill("skip");
	same(await page.locator(".matrix .cell").count(), 0, "cells with that word in name, kernel, topology or cause");
	await page.locator("#matrix input").fill("tiny");
	same(await page.locator(".matrix .cell").count(), 1, "cells");
	await harmless(opened);
	await opened.close();
});

await test("a suite with rounds: each cell's rate, both runs' artefacts, each round, and filters by variant", async () => {
	const lines = [{ type: "plan", schema_version: 1, planned: 90 }];
	const result = (name, round, outcome, more) => ({ type: "result", schema_version: 1, name, number: lines.length, round, outcome,
		bad: outcome !== "pass", cause: `cause ${name} ${round}`, seconds: round, ...more });
	const rate = (name, passed, failed, more) => ({ type: "rate", schema_version: 1, name, passed, failed, neither: 0, low: 0.64,
		high: 0.948, method: "Wilson", confidence: 0.95, limit: null, width: null, decision: null, good: null, bad: null, ...more });

	for (let round = 1; round <= 20; round++) {
		const dumped = round === 9 ? { dump: `${stem}.failure-dump.json` } : {};

		lines.push(result("fair", round, round % 9 && round !== 4 ? "pass" : "fail", dumped), result("steady", round, "pass"));
	}
	for (const of of [["torn", 1, "pass"], ["torn", 2, "error"], ["once", 1, "pass"],
		["worse", 1, "inconclusive", { dump: `${stem}.failure-dump.json` }], ["worse", 2, "fail"]])
		lines.push(result(...of));
	lines.push(rate("fair", 17, 3, { good: "out/<b>good</b>", bad: "out/bad" }), rate("steady", 20, 0, { low: 0.839, high: 1 }),
		rate("torn", 1, 0, { low: 0.207, high: 1, neither: 1 }));
	lines.push({ type: "summary", schema_version: 1, planned: lines.length - 4, seconds: 300, interrupted: false });
	writeFileSync(join(work, "rounds.json"), lines.map(line => `${JSON.stringify(line)}\n`).join(""));
	const opened = await open(browser, report(join(work, "rounds.json"), "rounds.html")), { page } = opened;
	const cells = () => page.locator(".matrix .cell").allInnerTexts().then(all => all.map(text => text.replace(/\s+/g, " ")).sort());

	same(await page.locator(".title .badge").first().innerText(), "✗ FAIL", "what it comes to");
	same(await page.locator(".cause").first().innerText(), "3 of 5 variants failed; 6 of 45 rounds; 1 flaky", "in words");
	same(await cells(), ["! error 1.50 s 100.0 % (20.7–100.0)", "~ FLAKY 3/20 10.5 s 85.0 % (64.0–94.8)", "✓ pass 1.00 s",
		"✓ pass 10.5 s 100.0 % (83.9–100.0)", "✗ fail 1.50 s 2 rounds"], "words, rates and times");
	await page.locator("button[title^='fair']").click();
	const told = page.locator(".rounds");

	yes((await told.innerText()).includes("passed 17 of 20: 85.0 %, between 64.0 and 94.8 (Wilson, 95 %)"), "the rate");
	same(await told.locator(".command").allInnerTexts(), ["out/bad", "out/<b>good</b>"], "the artefacts of both");
	same(await told.locator("tbody tr").count(), 20, "rounds");
	same(await traces(page), 2, "timelines of the round that has some");
	await told.locator("tbody tr").nth(3).click();
	yes((await page.locator(".detail").innerText()).includes("fair, round 4"), "the round that was asked for");
	same(await page.locator(".detail .trace").count(), 0, "timelines of the round that has none");
	same(await page.locator(".filter").allInnerTexts(), ["✗ FAIL 1", "~ FLAKY 1", "! ERROR 1", "✓ PASS 2"], "filters, in variants");
	await page.locator(".filter", { hasText: "PASS" }).click();
	await page.locator(".filter", { hasText: "ERROR" }).click();
	await page.locator(".filter", { hasText: "FAIL" }).click();
	same(await cells(), ["~ FLAKY 3/20 10.5 s 85.0 % (64.0–94.8)"], "a flaky one is no pass, and keeps its rounds");
	await page.locator("#matrix input").fill("cause fair 20");
	same((await cells()).length, 1, "variants of which one round has that cause");
	await page.locator("#matrix input").fill("cause fair 21");
	same((await cells()).length, 0, "variants of which none has");
	await harmless(opened);
	await opened.close();
});

await test("a suite that was to show a rate is what was decided of it", async () => {
	const rate = { type: "rate", schema_version: 1, name: "a", passed: 3, failed: 1, neither: 0, low: 0.2, high: 0.99,
		method: "sequential mixture", confidence: 0.95, limit: 0.5, width: null, good: null, bad: null };

	for (const [decision, is, words] of [["at-least", "PASS", "passes at least 50 %"], ["below", "FAIL", "passes less than 50 %"],
		["open", "INCONCLUSIVE", "not decided whether at least 50 %"]]) {
		const file = join(work, "decided.json");
		const results = [1, 2, 3, 4].map(round => ({ type: "result", schema_version: 1, name: "a", number: round, round, seconds: 1,
			outcome: round === 2 ? "fail" : "pass", bad: round === 2, cause: null }));

		writeFileSync(file, [{ type: "plan", schema_version: 1, planned: 1000 }, ...results, { ...rate, decision },
			{ type: "summary", schema_version: 1, planned: 4, seconds: 3, interrupted: false }]
			.map(line => `${JSON.stringify(line)}\n`).join(""));
		const { page, close } = await open(browser, report(file, "decided.html"));

		yes((await page.locator(".title .badge").first().textContent()).endsWith(` ${is}`), `${is} of ${decision}`);
		await page.locator(".cell").click();
		yes((await page.locator(".rounds").innerText()).includes(words), words);
		await close();
	}
});

await test("a suite that has no end, or of which nothing ran, is no pass", async () => {
	const result = (name, outcome) => ({ type: "result", schema_version: 1, name, number: 1, outcome, bad: false, cause: null,
		seconds: 1 });
	const end = { type: "summary", schema_version: 1, seconds: 3, interrupted: false };

	for (const [is, ...lines] of [["PASS", result("a", "pass"), result("b", "skip"), end],
		["SKIP", result("a", "skip"), result("b", "skip"), end], ["NOT-RUN", result("a", "pass"), end],
		["NOT-RUN", result("a", "pass"), result("b", "not-run"), end],
		["INTERRUPTED", result("a", "pass"), result("b", "pass")],
		["INTERRUPTED", result("a", "pass"), result("b", "pass"), { ...end, interrupted: true }]]) {
		const file = join(work, "ends.json");

		writeFileSync(file, [{ type: "plan", schema_version: 1, planned: 2 }, ...lines]
			.map(line => `${JSON.stringify(line)}\n`).join(""));
		const { page, close } = await open(browser, report(file, "ends.html"));

		yes((await page.locator(".title .badge").textContent()).endsWith(` ${is}`), `${is} of ${JSON.stringify(lines)}`);
		await close();
	}
});

await test("a wake-up has the CPU that it came from, also from an idle one", async () => {
	const { page, close } = await open(browser, page1);

	await traces(page);
	const { wrong, idle } = await timeline(page, t => {
		const { trace } = t, idle = new Set();
		let wrong = 0;

		trace.kind.forEach((kind, i) => {
			if (kind !== 1 || trace.by[i] >= trace.names.length)
				return;
			const cpu = trace.cpus.find(c => c.cpu === trace.byCpu[i]);
			const at = cpu.start.findLastIndex(start => start < trace.start[i]);

			wrong += cpu.name[at] !== trace.by[i];
			if (!trace.pids[trace.by[i]])
				idle.add(cpu.cpu);
		});
		return { wrong, idle: idle.size };
	});

	same(wrong, 0, "wake-ups of whom that CPU did not run");
	yes(idle > 1, "idle CPUs that woke somebody");
	await close();
});

await test("a trace of wprof's, whose events are columns, is shown as one of ours with the same events", async () => {
	const seen = [];

	for (const how of ["plain", "compact"]) {
		const trace = join(work, `${how}.pb`);

		execFileSync("node", [join(here, "make-trace.mjs"), "4", "6000", trace, how]);
		const opened = await open(browser, report(trace, `${how}.html`)), { page } = opened;

		same(await traces(page), 1, "timelines");
		seen.push(await timeline(page, t => t.trace.tasks.filter(task => task.end > task.first).sort((a, b) => a.pid - b.pid).map(task =>
			[task.pid, t.trace.nameOf(task), ...t.trace.upTo(task, t.trace.span),
				...Array.from({ length: task.end - task.first }, (_, i) => [t.trace.start[task.first + i], t.trace.kind[task.first + i],
					t.trace.cpu[task.first + i], t.trace.byCpu[task.first + i], t.trace.pids[t.trace.by[task.first + i]] ?? -1])])));
		await harmless(opened);
		await opened.close();
	}
	yes(seen[0].length > 20, "there are tasks");
	same(seen[1].map(task => task[0]), seen[0].map(task => task[0]), "who did something");
	same(seen[0].filter((task, i) => JSON.stringify(task) !== JSON.stringify(seen[1][i])).map(task => task.slice(0, 4)), [],
		"who did something else");
});

await test("a large trace opens with its last part, in which all is as in the whole one, that comes then", async () => {
	const trace = join(work, "large.pb");

	execFileSync("node", [join(here, "make-trace.mjs"), "4", "270000", trace]);
	const file = report(trace, "large.html"), opened = await open(browser, file, {}, holdBlock(1)), { page } = opened;
	/** What is at 300 moments of the last part, and the mini-map of it. */
	const look = () => timeline(page, t => {
		const { trace } = t, found = [];

		for (let i = 0; i < 300; i++) {
			const at = Math.round(trace.span - (trace.span - window.since) * i / 300);

			found.push(trace.cpus.map(cpu => {
				const k = cpu.start.findLastIndex(start => start <= at);

				return [cpu.cpu, trace.pids[cpu.name[k]], cpu.start[k]];
			}), trace.tasks.filter(task => task.pid && task.end > task.first).sort((a, b) => a.pid - b.pid).map(task => {
				const k = trace.segmentAt(task, at);

				const by = trace.start[k] > window.since ? [trace.pids[trace.by[k]], trace.names[trace.by[k]]] : [];

				return [task.pid, trace.kind[k], trace.cpu[k], trace.start[k], trace.segmentEnd(task, k), trace.byCpu[k], ...by];
			}));
		}
		return JSON.stringify(found);
	});
	const seen = () => timeline(page, t => [t.view.from, t.view.to, t.focus && t.trace.nameOf(t.focus)]);

	await page.waitForFunction(() => document.querySelector("canvas.timeline"));
	yes(await page.evaluate(() => (window.since = document.querySelector(".trace").timeline.trace.since)) > 0, "it is the last part");
	yes(await page.locator("input[type=search]").isDisabled(), "no search yet");
	const note = page.locator(".timeline-box + .note");

	yes(/reading what was before .* search and tables follow/.test(await note.textContent()), "it is said");
	await page.emulateMedia({ media: "print" });
	yes(await note.isVisible(), "it is said on paper");
	await page.emulateMedia({ media: null });
	same(await page.locator(".tables").count(), 0, "tables so far");
	const { early, told } = await timeline(page, t => {
		const { trace } = t, early = trace.tasks.flatMap(task => Array.from({ length: task.end - task.first }, (_, i) => task.first + i))
			.filter(i => trace.kind[i] === 1 && trace.start[i] < trace.since);

		return { early: early.length, told: early.filter(i => trace.by[i] < trace.names.length).length };
	});

	yes(early > 0, "who waits when it begins");
	same(told, 0, "wakers from before, of whom it is not known that they ran there");
	const part = await look(), before = await seen();

	same(before[2], "starved", "who waited");
	yes(before[1] > await timeline(page, t => t.trace.marks.at(-1)[0]), "the failure is in view");
	same(await timeline(page, t => [t.trace.since - 1, t.trace.since + 1].map(at => {
		t.show(at - 1e6, at + 1e6);
		t.paint();
		t.hover({ x: t.view.xOf(at), y: 100 });
		return !document.querySelector(".tip").hidden;
	})), [false, true], "what is told before the last part begins, and in it");
	await page.locator("button", { hasText: "failure" }).first().click();
	await page.evaluate(() => window.go());
	same(await traces(page), 1, "timelines");
	same(await timeline(page, t => t.trace.since), 0, "all is there");
	same(await look(), part, "what is in the last part");
	same(await seen(), before, "the view, and who is selected");
	yes(await page.locator("input[type=search]").isEnabled(), "search");
	yes(!(await page.locator(".trace").textContent()).includes("reading"), "nothing more is read");
	await opened.close();
	/* Cut off within the second block. */
	const text = readFileSync(file, "utf8"), cutOff = join(work, "cut-off.html");

	writeFileSync(cutOff, text.slice(0, text.indexOf('id="block1">') + 2000));
	const short = await open(browser, cutOff);

	await short.page.waitForFunction(() => document.querySelector(".trace")?.textContent.includes("cannot be read"));
	yes(/what was before .* cannot be read: .+; there are no search and no tables/.test(
		await short.page.locator(".timeline-box + .note").textContent()), "why there is no more");
	same(await timeline(short.page, t => t.trace.since > 0 && t.focus && t.trace.nameOf(t.focus)), "starved", "the last part stays");
	yes(await short.page.locator("canvas.timeline").isVisible(), "and is seen");
	await harmless(short);
	await short.close();
	/* Whoever moved the view meanwhile, or selected another, keeps that. */
	const other = await open(browser, file, {}, holdBlock(1));

	await other.page.waitForFunction(() => document.querySelector("canvas.timeline"));
	const pid = await timeline(other.page, t => {
		t.setFocus(t.chosen.shown.find(task => task !== t.focus));
		t.key("w", false);
		return [t.focus.pid, t.view.from, t.view.to];
	});

	await other.page.evaluate(() => window.go());
	await traces(other.page);
	same(await timeline(other.page, t => [t.focus.pid, t.view.from, t.view.to]), pid, "who was selected, and the view");
	await harmless(other);
	await other.close();
	/* Nor does it move under who has selected a range, or holds it. */
	for (const hold of [t => t.select([t.trace.span - 2e6, t.trace.span - 1e6]), t => t.canvas.dispatchEvent(
		new PointerEvent("pointerdown", { button: 0, pointerId: 1 })), null]) {
		const held = await open(browser, file, {}, holdBlock(1) +
			"Element.prototype.setPointerCapture = () => {};");

		await held.page.waitForFunction(() => document.querySelector("canvas.timeline"));
		if (hold)
			await timeline(held.page, hold);
		const at = await timeline(held.page, t => {
			t.toFailure = () => { window.isMoved = true; };
			return [t.view.from, t.view.to];
		});

		await held.page.evaluate(() => window.go());
		await traces(held.page);
		same(await held.page.evaluate(() => Boolean(window.isMoved)), !hold, "it opens anew");
		same(await timeline(held.page, t => [t.view.from, t.view.to]), at, "the view");
		await held.close();
	}
});

await test("a guess at the task is called one; a trace that is cut off is shown, and it is told", async () => {
	const other = join(work, "guess");

	mkdirSync(other);
	writeFileSync(join(other, "g-1.failure-dump.json"), JSON.stringify({ ...dump, cause: "no word of whom", quote: null,
		repro: null, splats: { ...dump.splats, lines: [] }, scheduler: null }));
	writeFileSync(join(other, "g-1.failure.pb"), readFileSync(`${stem}.failure.pb`).subarray(0, -150));
	const { page, close } = await open(browser, report(other, "guess.html"));

	same(await traces(page), 1, "timelines");
	yes((await page.locator("#timeline").textContent()).includes("The file is cut off"), "it is cut off");
	yes(/Nothing names a task\. .*: starved \[123\] could run/.test(await page.locator("#evidence").textContent()), "a guess");
	await close();
});

await test("light, dark, narrow, on paper, without DecompressionStream and fromBase64", async () => {
	for (const [what, options, script] of /** @type {[string, Record<string, any>, string][]} */ ([
		["dark", { colorScheme: "dark" }, ""], ["narrow", { viewport: { width: 420, height: 800 } }, ""],
		["old", {}, "delete window.DecompressionStream; delete Uint8Array.fromBase64"]])) {
		const opened = await open(browser, page1, options, script), { page } = opened;

		same(await traces(page), 2, `${what}: timelines`);
		same(await timeline(page, t => t.trace.cpus.length), 4, `${what}: CPUs`);
		await harmless(opened);
		if (what === "dark")
			yes(await page.evaluate(() => getComputedStyle(document.body).backgroundColor !== "rgb(255, 255, 255)"),
				"it is dark");
		if (what === "dark") {
			const seen = () => page.evaluate(() => ({ open: document.querySelectorAll("details[open]").length,
				light: document.querySelector("canvas.timeline").getContext("2d").getImageData(4, 4, 1, 1).data[0] > 200 }));
			const before = await seen();

			await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
			same(await seen(), { open: await page.locator("details").count(), light: true }, "for paper");
			await page.evaluate(() => dispatchEvent(new Event("afterprint")));
			await page.evaluate(() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))));
			same(await seen(), before, "behind it");
			yes(!before.light, "it was dark before");
		}
		if (what === "narrow") {
			await page.emulateMedia({ media: "print", colorScheme: "dark" });
			yes(!await page.locator(".tools").first().isVisible(), "on paper no buttons");
		}
		await opened.close();
	}
});

await test("data that are damaged leave a word, not a blank page", async () => {
	const text = readFileSync(page1, "utf8");
	const damaged = join(work, "damaged.html"), later = join(work, "later.html");

	writeFileSync(damaged, text.replace(/(id="block0">)eN[^<]{40}/, "$1AAAA"));
	writeFileSync(later, text.replace('"format":1', '"format":2'));
	let opened = await open(browser, damaged);

	await traces(opened.page);
	yes((await opened.page.locator(".trace").first().textContent()).includes("the trace cannot be shown"), "the trace");
	await opened.close();
	opened = await open(browser, later);
	yes((await opened.page.locator("main").textContent()).includes("are of format 2, its script knows 1"), "the page");
	await opened.close();
});

console.log(`1..${number}`);
await browser.close();
process.exit(failed ? 1 : 0);
