/* What does the page carry? Its data blocks, written by src/page/page.c: JSON, and packed columns. */
import { inflate } from "./inflate.js";

/** What this page is about. @returns {any} */
export function pageData() {
	return JSON.parse(document.getElementById("page-data")?.textContent || "{}");
}

/** @param {string} text base64 */
function bytes(text) {
	const made = /** @type {any} */ (Uint8Array);

	if (made.fromBase64)
		return /** @type {Uint8Array} */ (made.fromBase64(text));
	const binary = atob(text), out = new Uint8Array(binary.length);

	for (let i = 0; i < out.length; i++)
		out[i] = binary.charCodeAt(i);
	return out;
}

/* For so long nothing else of the page goes on: a frame waits no longer. */
const TURN_MS = 10;
const PART_BYTES = 1 << 15;
const turns = new MessageChannel();
/** @type {(() => void)[]} */
const waiting = [];
let turnEnds = Infinity;

turns.port1.onmessage = () => waiting.shift()?.();

/** From now on pause() does; what makes the first picture does not wait. */
export async function afterPicture() {
	await new Promise(done => requestAnimationFrame(() => setTimeout(done)));
	turnEnds = 0;
}

/** For long work: lets frames, keys and the pointer have their turn, where it is time for that. */
export async function pause() {
	if (performance.now() < turnEnds)
		return;
	await new Promise(done => {
		waiting.push(() => done(undefined));
		turns.port2.postMessage(null);
	});
	turnEnds = performance.now() + TURN_MS;
}

/** The page's script runs before all of its data are there. */
export async function isRead() {
	if (document.readyState === "loading")
		await new Promise(done => document.addEventListener("DOMContentLoaded", done, { once: true }));
}

/** The pieces of a block, which are dropped from the page. @param {string} id */
async function* pieces(id) {
	for (let i = 0, node; (node = document.getElementById(i ? `${id}.${i}` : id)); i++) {
		node.remove();
		yield bytes(node.textContent || "");
		await pause();
	}
}

/**
 * unpacked - the bytes of a packed block, which is then dropped from the page.
 * @param {string} id
 * @param {number} size unpacked
 * @returns {Promise<Uint8Array>}
 */
export async function unpacked(id, size) {
	const out = new Uint8Array(size);
	let used = 0;

	for await (const part of typeof DecompressionStream === "undefined" ? unpackedByHand(id, size) : unpackedParts(id)) {
		if (used + part.length > size)
			throw new Error(`block '${id}' holds more than ${size} bytes`);
		out.set(part, used);
		used += part.length;
	}
	if (used !== size)
		throw new Error(`block '${id}' holds ${used} bytes, not ${size}`);
	return out;
}

/** @param {string} id */
async function* unpackedParts(id) {
	const { readable, writable } = new DecompressionStream("deflate"), reader = readable.getReader();

	feed(id, writable.getWriter());
	for (let got = await reader.read(); got.value; got = await reader.read())
		yield got.value;
}

/** What is wrong with the data is told where they are read. @param {string} id @param {WritableStreamDefaultWriter} writer */
async function feed(id, writer) {
	try {
		for await (const piece of pieces(id)) {
			for (let at = 0; at < piece.length; at += PART_BYTES) {
				await writer.write(piece.subarray(at, at + PART_BYTES));
				await pause();
			}
		}
		await writer.close();
	} catch (error) {
		writer.abort(error).catch(() => {});
	}
}

/** @param {string} id @param {number} size */
async function* unpackedByHand(id, size) {
	const all = [];

	for await (const piece of pieces(id))
		all.push(piece);
	const packed = new Uint8Array(await new Blob(/** @type {BlobPart[]} */ (all)).arrayBuffer());

	yield inflate(packed, size);
}
