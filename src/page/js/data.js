/* What does the page carry? Its data blocks, written by src/page/page.c: JSON, and packed columns. */
import { inflate } from "./inflate.js";

/** @param {string} id @returns {string | null} */
function block(id) {
	const node = document.getElementById(id);

	return node ? node.textContent || "" : null;
}

/** What this page is about. @returns {any} */
export function pageData() {
	return JSON.parse(block("page-data") || "{}");
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

/**
 * unpacked - the bytes of a packed block, which is then dropped from the page.
 * @param {string} id
 * @param {number} size unpacked
 * @returns {Promise<Uint8Array>}
 */
export async function unpacked(id, size) {
	const text = block(id);

	if (text === null)
		throw new Error(`the page has no block '${id}'`);
	const packed = bytes(text.trim());

	document.getElementById(id)?.remove();
	if (typeof DecompressionStream === "undefined")
		return inflate(packed, size);
	const stream = new Blob([/** @type {BlobPart} */ (packed)]).stream()
		.pipeThrough(new DecompressionStream("deflate"));
	const out = new Uint8Array(await new Response(stream).arrayBuffer());

	if (out.length !== size)
		throw new Error(`block '${id}' holds ${out.length} bytes, not ${size}`);
	return out;
}
