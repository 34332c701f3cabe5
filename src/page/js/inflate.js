/*
 * How are data unpacked where the browser has no DecompressionStream? By hand: the zlib format (RFC
 * 1950) around deflate (RFC 1951). Slower, and used nowhere else.
 */

const LENGTH_BASE = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83,
	99, 115, 131, 163, 195, 227, 258];
const LENGTH_BITS = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5,
	5, 0];
const DISTANCE_BASE = [1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769,
	1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577];
/* In which order a block tells the lengths of the codes of its code lengths. */
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** @typedef {{ counts: Uint16Array, symbols: Uint16Array }} Huffman */

/**
 * A canonical code: how many codes of each length, and the symbols in their order.
 * @param {ArrayLike<number>} lengths
 * @returns {Huffman}
 */
function huffman(lengths) {
	const counts = new Uint16Array(16), offsets = new Uint16Array(16);
	const symbols = new Uint16Array(lengths.length);

	for (let i = 0; i < lengths.length; i++)
		counts[lengths[i]]++;
	counts[0] = 0;
	for (let i = 1; i < 16; i++)
		offsets[i] = offsets[i - 1] + counts[i - 1];
	for (let i = 0; i < lengths.length; i++)
		if (lengths[i])
			symbols[offsets[lengths[i]]++] = i;
	return { counts, symbols };
}

/**
 * inflate - what @data, a zlib stream, unpacks to.
 * @param {Uint8Array} data
 * @param {number} size what comes out, in bytes
 */
export function inflate(data, size) {
	const out = new Uint8Array(size);
	let at = 2, bits = 0, held = 0, used = 0, last = 0;

	/** @param {number} n up to 16 */
	function take(n) {
		while (held < n) {
			if (at >= data.length)
				throw new Error("the data are cut off");
			bits |= data[at++] << held;
			held += 8;
		}
		const value = bits & ((1 << n) - 1);

		bits >>>= n;
		held -= n;
		return value;
	}
	/** @param {Huffman} code */
	function symbol(code) {
		let value = 0, first = 0, index = 0;

		for (let length = 1; length < 16; length++) {
			value |= take(1);
			const n = code.counts[length];

			if (value - n < first)
				return code.symbols[index + value - first];
			index += n;
			first = (first + n) << 1;
			value <<= 1;
		}
		throw new Error("the data are damaged");
	}
	/** @param {number} byte */
	function put(byte) {
		if (used >= size)
			throw new Error("the data are longer than they say");
		out[used++] = byte;
	}
	/** @returns {[Huffman, Huffman]} */
	function codes() {
		const literals = take(5) + 257, distances = take(5) + 1, some = take(4) + 4;
		const lengths = new Uint8Array(320), own = new Uint8Array(19);

		for (let i = 0; i < some; i++)
			own[ORDER[i]] = take(3);
		const code = huffman(own);

		for (let i = 0; i < literals + distances;) {
			const word = symbol(code);
			let again = 1, length = word;

			if (word === 16) {
				length = lengths[i - 1];
				again = 3 + take(2);
			} else if (word > 16) {
				length = 0;
				again = word === 17 ? 3 + take(3) : 11 + take(7);
			}
			while (again--)
				lengths[i++] = length;
		}
		return [huffman(lengths.subarray(0, literals)),
			huffman(lengths.subarray(literals, literals + distances))];
	}
	/** @returns {[Huffman, Huffman]} */
	function fixed() {
		const lengths = new Uint8Array(288);

		lengths.fill(8, 0, 144).fill(9, 144, 256).fill(7, 256, 280).fill(8, 280);
		return [huffman(lengths), huffman(new Uint8Array(30).fill(5))];
	}
	if (data.length < 2 || (data[0] & 15) !== 8)
		throw new Error("the data are not packed by zlib");
	while (!last) {
		last = take(1);
		const type = take(2);

		if (type === 0) {
			bits = held = 0;
			const length = data[at] | data[at + 1] << 8;

			at += 4;
			if (at + length > data.length)
				throw new Error("the data are cut off");
			for (let i = 0; i < length; i++)
				put(data[at++]);
			continue;
		}
		if (type === 3)
			throw new Error("the data are damaged");
		const [literals, distances] = type === 1 ? fixed() : codes();

		for (let word = symbol(literals); word !== 256; word = symbol(literals)) {
			if (word < 256) {
				put(word);
				continue;
			}
			const length = LENGTH_BASE[word - 257] + take(LENGTH_BITS[word - 257]);
			const which = symbol(distances);
			const distance = DISTANCE_BASE[which] + take(which < 4 ? 0 : (which >> 1) - 1);

			if (!(distance <= used))
				throw new Error("the data are damaged");
			for (let i = 0; i < length; i++)
				put(out[used - distance]);
		}
	}
	if (used !== size)
		throw new Error("the data are shorter than they say");
	return out;
}
