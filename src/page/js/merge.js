/* Which of many events comes next? By time, and of the same time by the streams' ids. */

/** Streams of times, each in order, merged: a binary heap of their heads. */
export class Merge {
	/** @param {number} most streams */
	constructor(most) {
		/** @type {Float64Array[]} */
		this.times = [];
		this.at = new Uint32Array(most);
		this.end = new Uint32Array(most);
		this.id = new Uint32Array(most);
		this.heap = new Uint32Array(most);
		this.head = new Float64Array(most);
		this.n = 0;
		this.stream = 0;
		this.time = 0;
	}

	/** @param {Float64Array} times @param {number} from @param {number} end @param {number} id */
	add(times, from, end, id) {
		if (from === end)
			return;
		const k = this.n++;

		this.times.push(times);
		this.at[k] = from;
		this.end[k] = end;
		this.id[k] = id;
		this.head[k] = times[from];
		this.heap[k] = k;
	}

	begin() {
		for (let i = (this.n >> 1) - 1; i >= 0; i--)
			this.#down(i);
	}

	/** @param {number} i */
	#down(i) {
		const { heap, head, id, n } = this, moved = heap[i], t = head[moved];

		for (;;) {
			let child = 2 * i + 1;

			if (child >= n)
				break;
			if (child + 1 < n && (head[heap[child + 1]] < head[heap[child]] ||
			    (head[heap[child + 1]] === head[heap[child]] &&
			     id[heap[child + 1]] < id[heap[child]])))
				child++;
			const other = heap[child];

			if (t < head[other] || (t === head[other] && id[moved] < id[other]))
				break;
			heap[i] = other;
			i = child;
		}
		heap[i] = moved;
	}

	/** The index of the next event, or -1; its stream and time are left in this. */
	next() {
		if (!this.n)
			return -1;
		const k = this.heap[0], i = this.at[k]++;

		this.stream = this.id[k];
		this.time = this.head[k];
		if (this.at[k] < this.end[k])
			this.head[k] = this.times[k][this.at[k]];
		else
			this.heap[0] = this.heap[--this.n];
		if (this.n)
			this.#down(0);
		return i;
	}
}
