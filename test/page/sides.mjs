/* Can the repro be compared with the first run? Tests of two timelines on one page; see tests.mjs. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

import { holdBlock, harmless, open, same, traces, yes } from "./browser.mjs";

const WIDE = { viewport: { width: 1600, height: 1000 } }, NARROW = { viewport: { width: 1000, height: 1000 } };

/** The fields of a trace, its packets, without the last @n of them. @param {Buffer} trace @param {number} n */
function withoutLast(trace, n) {
	const starts = [];

	for (let at = 0; at < trace.length;) {
		let size = 0, shift = 0;

		starts.push(at++);
		do
			size |= (trace[at] & 127) << shift;
		while (shift += 7, trace[at++] & 128);
		at += size;
	}
	return trace.subarray(0, starts[starts.length - n]);
}

/** A packet with a ClockSnapshot: BOOTTIME, 6, was 1 s. Its trace's times are of that clock. */
const SNAPSHOT = Buffer.from([0x0a, 12, 0x32, 10, 0x0a, 8, 8, 6, 0x10, 0x80, 0x94, 0xeb, 0xdc, 3]);

/** Both views, from and to, as far from @name's mark. @param {any} page @param {string} name @returns {Promise<number[][]>} */
const views = (page, name = "failure") => page.evaluate(name => [...document.querySelectorAll(".side .trace")].map(
	({ timeline: { view, trace } }) => {
		const at = trace.marks.find(mark => mark[1].startsWith(name))?.[0] ?? trace.span;

		return [view.from - at, view.to - at, view.from, view.to].map(Math.round);
	}), name);

/** They show the same, as far from the mark. @param {any} page @param {string} what @param {string} [name] */
async function together(page, what, name) {
	const [[a, b], [c, d]] = await views(page, name);

	yes(Math.abs(a - c) < 2 && Math.abs(b - d) < 2, `${what}: ${[a, b]} and ${[c, d]}`);
	return [a, b];
}

/** The first run's beginning is in view, which the shorter repro has nothing of. @param {any} page */
async function lookBeside(page) {
	await page.evaluate(() => document.querySelector(".side .trace").timeline.show(0, 1e5));
	const [, [, , , to]] = await views(page);

	yes(to < 0, `the repro's view ends before it, at ${to}`);
}

/** The two pictures' places, and how wide they are painted. @param {any} page */
const places = page => page.evaluate(() => [...document.querySelectorAll("canvas.timeline")].map(canvas => {
	const { top, bottom, left, right } = canvas.getBoundingClientRect();

	return { top, bottom, left, right, painted: canvas.width / devicePixelRatio };
}));

/**
 * @param {(name: string, body: () => Promise<void>) => Promise<void>} test @param {any} browser
 * @param {string} stem of a run's files, with a repro @param {(given: string, name: string) => string} report
 */
export async function testSides(test, browser, stem, report) {
	const file = report(dirname(stem), "sides.html");
	/** @param {any} page @param {string} text */
	const button = (page, text) => page.locator(".sides > .tools button", { hasText: text });

	await test("the repro's timeline is beside the first run's where there is room, else and on paper below it", async () => {
		for (const [options, isBeside] of /** @type {[any, boolean][]} */ ([[WIDE, true], [NARROW, false]])) {
			const opened = await open(browser, file, options), { page } = opened;

			same(await traces(page), 2, "timelines");
			const [first, repro] = await places(page);

			same([first.right < repro.left, first.top === repro.top, first.bottom < repro.top],
				[isBeside, isBeside, !isBeside], `at ${options.viewport.width} pixels: ${JSON.stringify([first, repro])}`);
			same(await page.locator(".side details").count(), isBeside ? 0 : 1, "the repro's tables are open");
			await harmless(opened);
			await opened.close();
		}
		const { page, close } = await open(browser, file, WIDE);

		await traces(page);
		const wide = (await places(page))[0].painted;

		await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
		yes((await places(page))[0].painted > 1.8 * wide, "for paper it is painted as wide as the page");
		await page.evaluate(() => dispatchEvent(new Event("afterprint")));
		await page.evaluate(() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))));
		same((await places(page))[0].painted, wide, "and as before behind it");
		await page.emulateMedia({ media: "print" });
		const [first, repro] = await places(page);

		yes(first.bottom < repro.top, "on paper one is below the other");
		await close();
	});

	await test("linked views show what is as far from the failure, whichever is moved; others stay apart", async () => {
		const opened = await open(browser, file, WIDE), { page } = opened;

		await traces(page);
		const canvases = page.locator("canvas.timeline");
		let before = await together(page, "as they open");

		yes(before[0] < 0 && before[1] > 0, "with the failure in view");
		for (const which of [0, 1]) {
			await canvases.nth(which).scrollIntoViewIfNeeded();
			const box = await canvases.nth(which).boundingBox();

			await page.mouse.move(box.x + box.width * 0.6, box.y + 150);
			same(await page.evaluate(() => [...document.querySelectorAll(".side .trace")].map(({ timeline: t }) =>
				Math.round(t.view.xOf(t.cursor)))).then(([a, b]) => Math.abs(a - b) < 2), true, "the pointer's time is in both");
			await page.mouse.wheel(0, -240);
			await page.waitForFunction(([which, n]) => document.querySelectorAll(".trace")[which].timeline.view.length < n,
				[which, before[1] - before[0]]);
			const zoomed = await together(page, "behind the wheel");

			await page.mouse.down();
			await page.mouse.move(box.x + box.width * 0.6 - 90, box.y + 150, { steps: 4 });
			await page.mouse.up();
			yes((await together(page, "behind a drag"))[0] > zoomed[0], "which goes on in time");
			await canvases.nth(which).focus();
			await page.keyboard.press("s");
			await page.keyboard.press("a");
			before = await together(page, "behind keys");
			await page.keyboard.press("0");
			before = await together(page, "all");
		}
		/* One is shorter, and what lies beside it is in view as well. */
		const spans = await page.evaluate(() => [...document.querySelectorAll(".side .trace")].map(t => t.timeline.trace.span));

		yes(before[1] - before[0] >= Math.max(...spans), "all is all of both");
		await page.keyboard.press("f");
		await together(page, "to the failure");
		await button(page, "link the views").focus();
		await page.keyboard.press("Space");
		same(await button(page, "link the views").getAttribute("aria-pressed"), "false", "by the keyboard");
		const [, apart] = await views(page);

		await canvases.first().focus();
		await page.keyboard.press("w");
		await page.keyboard.press("d");
		same((await views(page))[1], apart, "what is not linked stays");
		await page.keyboard.press("0");
		const [all] = await views(page);

		yes(all[2] >= 0 && all[3] <= spans[0], `all is all of its own trace: ${all}`);
		await canvases.nth(1).focus();
		await page.keyboard.press("w");
		const [, moved] = await views(page);

		await button(page, "link the views").click();
		same((await views(page))[1], moved, "who was moved last leads");
		await together(page, "linked again");
		/* Where the repro has nothing, so that it has to move when the link is taken off. */
		await lookBeside(page);
		const [first, beside] = await views(page);

		await button(page, "link the views").click();
		yes((await views(page))[1][2] > beside[2], "what is not linked shows its own trace");
		await button(page, "link the views").click();
		same((await views(page))[0], first, "who was moved last leads, though the other had to move");
		await together(page, "linked once more");
		await harmless(opened);
		await opened.close();
	});

	await test("a view that was moved before the other trace was there is left alone, and leads", async () => {
		for (const late of [0, 1]) {
			/* Each trace is one block: its bytes come when they are let go. */
			const opened = await open(browser, file, WIDE, holdBlock(late)), { page } = opened;
			const seen = () => page.evaluate(which => {
				const { view } = document.querySelectorAll(".side .trace")[which].timeline;

				return [view.from, view.to];
			}, 1 - late);

			await page.locator("canvas.timeline").focus();
			const before = await seen();

			await page.keyboard.press("w");
			await page.keyboard.press("a");
			const moved = await seen();

			yes(moved[1] - moved[0] < before[1] - before[0], "it is closer");
			same(await page.locator("canvas.timeline").count(), 1, "timelines so far");
			await page.evaluate(() => window.go());
			same(await traces(page), 2, "timelines");
			same(await seen(), moved, "what it shows");
			await together(page, "with the other one");
			await harmless(opened);
			await opened.close();
		}
	});

	await test("beside a trace there is nothing to select, which is said; what is in view of it can be", async () => {
		const opened = await open(browser, file, WIDE), { page } = opened;
		/** Of the repro: what is selected, and what was said. */
		const repro = () => page.evaluate(() => {
			const { range, said, trace } = document.querySelectorAll(".side .trace")[1].timeline;

			return { range, said: said.textContent, span: trace.span };
		});
		const canvas = page.locator("canvas.timeline").nth(1), nothing = /; nothing of this trace is in view$/;

		await traces(page);
		await canvas.focus();
		await page.keyboard.press("0");
		await page.keyboard.press("r");
		const all = await repro();

		same(all.range, [0, all.span], "of what is in view, what is the trace's");
		yes(!/nothing/.test(all.said) && /; selected: /.test(all.said), `it is said: ${all.said}`);
		await lookBeside(page);
		for (const key of ["r", "Shift+ArrowRight", "Shift+ArrowLeft"]) {
			await page.keyboard.press(key);
			const { range, said } = await repro();

			same(range, null, `what ${key} selects`);
			yes(nothing.test(said), `${key} says it: ${said}`);
		}
		await canvas.scrollIntoViewIfNeeded();
		const box = await canvas.boundingBox();

		await page.mouse.move(box.x + box.width * 0.5, box.y + 45);
		await page.mouse.down();
		await page.mouse.move(box.x + box.width * 0.7, box.y + 45, { steps: 3 });
		await page.mouse.up();
		same((await repro()).range, null, "what a drag in the ruler selects");
		yes((await page.locator(".tables").nth(1).textContent()).includes("Over the whole trace"), "the tables are of all");
		await page.keyboard.press("f");
		await page.keyboard.press("Shift+ArrowRight");
		const { range, said } = await repro();

		yes(range && range[0] < range[1] && !/nothing/.test(said), `where there is something: ${range}, ${said}`);
		await harmless(opened);
		await opened.close();
	});

	await test("both timelines tell times from the failure where that is asked for, in figures, words and tables", async () => {
		const opened = await open(browser, file, WIDE), { page } = opened;
		const told = () => page.evaluate(() => [...document.querySelectorAll(".side .trace")].map(({ timeline: t }) =>
			t.view.moment(t.trace.marks.at(-1)[0], 1e6)));
		const cells = () => page.locator(".tables table:first-of-type tbody tr:first-child td:nth-child(3)").allTextContents();

		await traces(page);
		yes((await told()).every(text => /^[1-9\d.]+\u202fs$/.test(text)), "from the beginning");
		yes((await cells())[0].match(/^\d/), "also in the table of waits");
		await button(page, "times from the failure").click();
		same(await told(), ["+0.000\u202fs", "+0.000\u202fs"], "the failure's time");
		yes((await cells())[0].startsWith("−"), "the longest wait came before it");
		await page.locator("canvas.timeline").nth(1).focus();
		await page.keyboard.press("w");
		await page.keyboard.press("w");
		await page.keyboard.press("r");
		yes(/from −.*in view|in view from −.*selected: from −/.test(await page.locator(".side [aria-live]:not(.note)").nth(1).textContent()),
			"for who does not see it");
		yes(/Over the range from −/.test(await page.locator(".tables").nth(1).textContent()), "the range's");
		same(await page.locator("canvas.timeline").evaluateAll(all => all.map(one => one.getAttribute("aria-label").split(":")[0])),
			["first trace", "repro trace"], "which one it is");
		await harmless(opened);
		await opened.close();
	});

	await test("without the same mark in both they are compared by the payload's start, or by the end", async () => {
		for (const [left, name, mark] of /** @type {[number, string, string][]} */ ([[1, "payload's start", "payload starts"],
			[2, "end", "none"]])) {
			const folder = join(dirname(stem), "..", `without-${left}`), trace = `${basename(stem)}.repro.wprof.pb`;

			mkdirSync(folder);
			cpSync(dirname(stem), folder, { recursive: true });
			writeFileSync(join(folder, trace), withoutLast(readFileSync(join(folder, trace)), left));
			const opened = await open(browser, report(folder, "without.html"), WIDE);

			await traces(opened.page);
			same(await button(opened.page, "times from").textContent(), `times from the ${name}`, "what it says");
			await together(opened.page, `by the ${name}`, mark);
			await harmless(opened);
			await opened.close();
		}
	});

	await test("a tracer's trace has the marks of its run's dump, where its times are of that clock", async () => {
		const moments = { payload_start_ns: 1000001000000, payload_end_ns: null, failure_ns: 1000006000000 };
		const far = { payload_start_ns: 1601e9, payload_end_ns: -5, failure_ns: "1000006000000" };

		for (const [name, said, clock, marks] of /** @type {[string, any, Buffer, string[]][]} */ ([
			["failure", moments, SNAPSHOT, ["payload starts", "failure: starved [123] was starved: check failed"]],
			["payload's start", { ...moments, failure_ns: null }, SNAPSHOT, ["payload starts"]],
			["end", moments, Buffer.of(), []], ["end", far, SNAPSHOT, []], ["end", [], SNAPSHOT, []]])) {
			const folder = join(dirname(stem), "..", "moments"), at = join(folder, `${basename(stem)}.repro`);

			cpSync(dirname(stem), folder, { recursive: true });
			const trace = withoutLast(readFileSync(`${at}.wprof.pb`), 2);
			const dump = JSON.parse(readFileSync(`${at}.failure-dump.json`, "utf8"));

			writeFileSync(`${at}.wprof.pb`, Buffer.concat([trace, clock]));
			writeFileSync(`${at}.failure-dump.json`, JSON.stringify({ ...dump, moments: said }));
			const opened = await open(browser, report(folder, "moments.html"), WIDE), { page } = opened;

			await traces(page);
			same(await page.evaluate(() => document.querySelectorAll(".side .trace")[1].timeline.trace.marks.map(mark => mark[1])),
				marks, "the repro's marks");
			same(await button(page, "times from").textContent(), `times from the ${name}`, "what it says");
			if (name === "failure") {
				const [at, since] = await page.evaluate(() => {
					const { trace } = document.querySelectorAll(".side .trace")[1].timeline;

					return [trace.marks[1][0] - trace.marks[0][0], trace.marks[1][0]];
				});

				same([at, since > 5e6 && since < 6e6], [5e6, true], "when they were");
				await together(page, "by the failure");
			}
			await harmless(opened);
			await opened.close();
		}
	});
}
