/*
 * What does a page do in a real browser? Opens one, and keeps what must not happen: errors, words on the
 * console, requests. Debian's chromium is driven by playwright-core.
 */
import { createRequire } from "node:module";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

/* Where `npm ci` was run; see test/page/run. */
const modules = process.env.KTSTR_PAGE_MODULES;

if (!modules)
	throw new Error("KTSTR_PAGE_MODULES: not set; start this by test/page/run");

const { chromium } = createRequire(pathToFileURL(`${resolve(modules)}/node_modules/`))("playwright-core");

export const CHROMIUM = process.env.CHROMIUM ??
	["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);

export async function launch() {
	if (!CHROMIUM)
		throw new Error("no chromium is there; install Debian's, or say CHROMIUM=/its/path");
	return chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });
}

/**
 * A page with its wrongs: a list that must stay empty.
 * @param {any} browser
 * @param {string} file
 * @param {Record<string, any>} [options] of the browser's context
 * @param {string} [script] run in the page before its own
 * @param {(page: any) => Promise<void>} [before] the page is loaded
 */
export async function open(browser, file, options = {}, script = "", before = undefined) {
	const context = await browser.newContext({ viewport: { width: 1440, height: 1000 }, ...options });
	const page = await context.newPage();
	/** @type {string[]} */
	const wrongs = [];
	const url = pathToFileURL(resolve(file)).href;

	page.on("console", m => wrongs.push(`console ${m.type()}: ${m.text()}`));
	page.on("pageerror", e => wrongs.push(`error: ${e.message}`));
	page.on("dialog", d => {
		wrongs.push(`dialog: ${d.message()}`);
		d.dismiss();
	});
	page.on("request", r => {
		if (r.url() !== url)
			wrongs.push(`request: ${r.url()}`);
	});
	if (script)
		await page.addInitScript(script);
	if (before)
		await before(page);
	await page.goto(url);
	return { page, wrongs, close: () => context.close() };
}

/** When each trace of the page is there, with its tables; how many. @param {any} page @param {string} [what] is to be there */
export async function traces(page, what = ".tables table") {
	await page.waitForFunction(what => [...document.querySelectorAll(".trace")].every(t => t.querySelector(what) ||
		(t.querySelector(".absent") && !t.querySelector("canvas"))), what);
	return page.locator(".trace canvas").count();
}

/** A script for open(): the bytes of the block that is unpacked as the @n-th, from 0 on, come when go() is called. @param {number} n */
export const holdBlock = n => `{
	const { getReader } = ReadableStream.prototype, held = new Promise(go => { window.go = go; });
	let n = 0;

	ReadableStream.prototype.getReader = function () {
		const reader = getReader.call(this), { read } = reader;

		if (n++ === ${n})
			reader.read = () => held.then(() => read.call(reader));
		return reader;
	};
}`;

/** @param {any} is @param {any} wanted @param {string} what */
export function same(is, wanted, what) {
	if (JSON.stringify(is) !== JSON.stringify(wanted))
		throw new Error(`${what}: is ${JSON.stringify(is)}, not ${JSON.stringify(wanted)}`);
}

/** @param {any} is @param {string} what */
export function yes(is, what) {
	if (!is)
		throw new Error(`it is not so: ${what}`);
}

/** What is the same for every page. @param {{ page: any, wrongs: string[] }} opened */
export async function harmless({ page, wrongs }) {
	same(wrongs, [], "errors, words on the console, requests");
	same(await page.evaluate(() => document.querySelectorAll("main img, main iframe, main a[href^=javascript], " +
		"main script").length), 0, "elements that a name made");
	same(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth ? [] : ["the page",
		...[...document.querySelectorAll("main *")].filter(node => node.getBoundingClientRect().right > innerWidth &&
			!node.closest(".scroll")).map(node => `${node.tagName}.${node.className}`).slice(0, 20)]), [],
	"what does not fit the window's width");
}
