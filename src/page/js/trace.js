/*
 * What happened, and when? A trace's columns become, per CPU, the slices that ran there, and per task
 * the segments in which it ran, waited for a CPU, or slept. All times are ns from the trace's beginning:
 * whole numbers below 2^53, so that sums are exact.
 */
import { afterPicture, isRead, pause, unpacked } from "./data.js";
import { Merge } from "./merge.js";

/* Kinds of a task's segments. */
export const SLEEPING = 0;
export const WOKEN = 1;	    /* may run since it was woken, and waits for a CPU */
export const PREEMPTED = 2; /* may run, and had to give its CPU away */
export const RUNNING = 3;
export const BLOCKED = 4;   /* sleeps and no signal wakes it (D) */
export const ENDED = 5;

/* Bits of prev_state in the tracepoint sched_switch: include/trace/events/sched.h. */
const STATE_BLOCKED = 0x02;
const STATE_DEAD = 0x10 | 0x20;
const STATE_ASLEEP = 0xff;

/* So many steps are made before it is looked whether others are to have their turn. */
const STEPS = 1 << 13;

const NO_WAKER = 0xffffffff;
const NO_CPU = 0xffff; /* of a wake-up: see src/page/columns.h */

/**
 * What src/page/columns.c says of a trace beside its columns.
 * @typedef {object} TraceMeta
 * @property {string} block the id of the packed block
 * @property {number} bytes unpacked
 * @property {number} span_ns
 * @property {[number, number, number][]} cpus number, switches, wake-ups
 * @property {number[]} pids of the tasks; an index into it is what the columns hold
 * @property {(string | null)[]} names likewise
 * @property {number[]} mark_ns
 * @property {(string | null)[]} mark_names
 * @property {number} left_out events before the trace's beginning that the page has no room for
 * @property {number} lost how often events are missing
 * @property {boolean} [cut_off] the file ends within a packet
 * @property {number} since_ns of an opening: since when it is complete, else 0
 * @property {TraceMeta | null} [opening] the last part, which is unpacked first
 */

/**
 * @typedef {object} Columns see src/page/columns.h
 * @property {Float64Array} time
 * @property {Uint32Array} next
 * @property {Uint16Array} state
 * @property {Uint32Array} other
 * @property {Float64Array} wakeTime
 * @property {Uint32Array} wakeTask
 * @property {Uint16Array} wakeCpu
 */

/**
 * @typedef {object} Cpu
 * @property {number} cpu
 * @property {number} n slices
 * @property {Float64Array} start of each; it ends where the next begins, the last one with the trace
 * @property {Uint32Array} name index into names
 * @property {Float64Array} busy ns with a task that is not the idle one, up to the slice's start
 */

/**
 * @typedef {object} Task one pid
 * @property {number} pid
 * @property {number} name index into names: the last one
 * @property {number[]} names all that it had
 * @property {number} index among the tasks
 * @property {number} first its first segment
 * @property {number} end behind its last
 * @property {number} cpu where it ran last
 */

export class Trace {
	/** Empty: made() fills it. @param {TraceMeta} meta */
	constructor(meta) {
		this.meta = meta;
		this.span = meta.span_ns;
		/** What is before that is known in part only. */
		this.since = meta.since_ns;
		/** @type {[number, string][]} */
		this.marks = meta.mark_ns.map((ns, i) => [ns, meta.mark_names[i] ?? ""]);
		/** Of each name: pid and text. */
		this.pids = Int32Array.from(meta.pids);
		this.names = meta.names.map(name => name ?? "");
		/** @type {Cpu[]} */
		this.cpus = [];
		/** @type {Task[]} */
		this.tasks = [];
		/** @type {Map<number, Task>} */
		this.byPid = new Map();
		/* The segments, task by task: when each began, what it is (kinds above), and on which CPU. */
		this.start = new Float64Array();
		this.kind = new Uint8Array();
		this.cpu = new Int16Array();
		/** Of a WOKEN segment: the name of who woke it, and on which CPU; -1: not known. */
		this.by = new Uint32Array();
		this.byCpu = new Int16Array();
		/** ns of running, and of waiting, of this task up to this segment. */
		this.ran = new Float64Array();
		this.waited = new Float64Array();
	}

	/** The trace of these columns, made in turns. @param {TraceMeta} meta @param {Uint8Array} data */
	static async made(meta, data) {
		const trace = new Trace(meta);

		await trace.#read(data);
		return trace;
	}

	/** @param {Uint8Array} data */
	async #read(data) {
		const { cpus } = this.meta;
		let at = 0;
		/**
		 * A column: its lowest bytes first, all of them, then the next ones.
		 * @template {Float64Array | Uint32Array | Uint16Array} T
		 * @param {number} planes @param {T} out
		 */
		const column = async (planes, out) => {
			const n = out.length;

			if (at + n * planes > data.length)
				throw new Error("the columns are cut off");
			for (let i = 0; i < n; i++) {
				let value = 0;

				for (let plane = planes - 1; plane >= 0; plane--)
					value = value * 256 + data[at + plane * n + i];
				out[i] = value;
				if (i % STEPS === 0)
					await pause();
			}
			at += planes * n;
			return out;
		};
		const switches = cpus.reduce((sum, c) => sum + c[1], 0);
		const wakings = cpus.reduce((sum, c) => sum + c[2], 0);
		const columns = {
			time: await column(6, new Float64Array(switches)), next: await column(3, new Uint32Array(switches)),
			state: await column(2, new Uint16Array(switches)), other: await column(3, new Uint32Array(switches)),
			wakeTime: await column(6, new Float64Array(wakings)), wakeTask: await column(3, new Uint32Array(wakings)),
			wakeCpu: await column(2, new Uint16Array(wakings)),
		};

		if (at !== data.length)
			throw new Error("the columns are longer than they say");
		await this.#build(columns);
	}

	/** @param {Columns} c */
	async #build(c) {
		const { cpus } = this.meta, times = c.time, wakes = c.wakeTime, nexts = c.next;
		const prevs = new Uint32Array(times.length);
		const idle = this.pids.map(pid => pid === 0 ? 1 : 0);
		/* The streams that are to be merged by time: of each CPU its switches, and its wake-ups. */
		const heap = new Merge(2 * cpus.length);
		let s = 0, w = 0;

		for (const [number, [cpu, n, m]] of cpus.entries()) {
			let t = 0, running = NO_WAKER, wake = 0;
			const start = times.subarray(s, s + n), name = nexts.subarray(s, s + n);
			const busy = new Float64Array(n + 1);

			for (let i = 0; i < n; i++) {
				const told = c.other[s + i];

				/* Of the step from the one before it becomes the time. */
				t += start[i];
				start[i] = t;
				/* Where the one that leaves is not the one that came, it is told. */
				prevs[s + i] = told ? told - 1 : running;
				running = name[i];
				if (i)
					busy[i] = busy[i - 1] + (idle[name[i - 1]] ? 0 : t - start[i - 1]);
			}
			if (n)
				busy[n] = busy[n - 1] + (idle[name[n - 1]] ? 0 : this.span - start[n - 1]);
			this.cpus.push({ cpu, n, start, name, busy });
			for (let i = 0; i < m; i++)
				wakes[w + i] = wake += wakes[w + i];
			/* A wake-up at the same ns as a switch comes first: it is of the task that leaves. */
			heap.add(wakes, w, w + m, 2 * number);
			heap.add(times, s, s + n, 2 * number + 1);
			s += n;
			w += m;
			await pause();
		}
		heap.begin();
		await this.#segments(heap, c, prevs);
	}

	/**
	 * Walks all events in the order of time: each segment goes to its place among its task's at once.
	 * @param {Merge} heap @param {Columns} c @param {Uint32Array} prevs who leaves at each switch
	 */
	async #segments(heap, c, prevs) {
		const { cpus } = this.meta, { pids } = this, taskOf = this.#makeTasks();
		const first = await this.#makeRoom(taskOf, c, prevs), ends = first.slice();
		const { start, kind, cpu, by, byCpu, ran, waited } = this;
		const nr = this.tasks.length, at = new Int8Array(nr).fill(-1), names = new Uint32Array(nr);
		const current = new Uint32Array(cpus.length).fill(NO_WAKER);

		/**
		 * @param {number} name @param {number} t @param {number} what @param {number} where
		 * @param {number} waker @param {number} wakerCpu
		 */
		const put = (name, t, what, where, waker, wakerCpu) => {
			const of = taskOf[name], i = ends[of]++, was = at[of];

			start[i] = t;
			kind[i] = what;
			cpu[i] = where;
			by[i] = waker;
			byCpu[i] = wakerCpu;
			if (was >= 0) {
				const took = t - start[i - 1];

				ran[i] = ran[i - 1] + (was === RUNNING ? took : 0);
				waited[i] = waited[i - 1] + (isWait(was) ? took : 0);
			}
			at[of] = what;
			names[of] = name;
		};
		let steps = 0;

		for (let i = heap.next(); i >= 0; i = heap.next()) {
			if (++steps % STEPS === 0)
				await pause();
			const number = heap.stream >> 1, here = cpus[number][0], t = heap.time;

			if (!(heap.stream & 1)) {
				const name = c.wakeTask[i], is = at[taskOf[name]];

				/* Whom a CPU ran then is known from an opening's begin on. */
				if (pids[name] > 0 && is !== RUNNING && is !== WOKEN && is !== PREEMPTED)
					put(name, t, WOKEN, c.wakeCpu[i] === NO_CPU ? -1 : c.wakeCpu[i],
						this.isUnread(t) ? NO_WAKER : current[number], here);
				continue;
			}
			const prev = prevs[i], next = c.next[i], state = c.state[i];

			/* Before a CPU's first switch, columns of wprof's do not say whom it ran: -1. */
			if (prev !== NO_WAKER && pids[prev] > 0)
				put(prev, t, state & STATE_DEAD ? ENDED : state & STATE_BLOCKED ? BLOCKED :
					state & STATE_ASLEEP ? SLEEPING : PREEMPTED, here, NO_WAKER, -1);
			if (pids[next] > 0)
				put(next, t, RUNNING, here, NO_WAKER, -1);
			current[number] = next;
		}
		this.tasks.forEach((one, of) => {
			one.first = first[of];
			one.end = ends[of];
			if (one.end > one.first)
				one.name = names[of];
			for (let i = one.end - 1; i >= one.first && one.cpu < 0; i--)
				if (kind[i] === RUNNING)
					one.cpu = cpu[i];
		});
	}

	/** A task for each pid; returns its index for each name. */
	#makeTasks() {
		const of = new Uint32Array(this.names.length);

		this.pids.forEach((pid, name) => {
			let task = this.byPid.get(pid);

			if (!task) {
				task = { pid, name, names: [], index: this.tasks.length, first: 0, end: 0,
					cpu: -1 };
				this.byPid.set(pid, task);
				this.tasks.push(task);
			}
			task.names.push(name);
			of[name] = task.index;
		});
		return of;
	}

	/**
	 * Room for as many segments as the events can make; returns where each task's begins. A wake-up of one that
	 * is awake makes none, and leaves room behind its task's last.
	 * @param {Uint32Array} taskOf @param {Columns} c @param {Uint32Array} prevs
	 */
	async #makeRoom(taskOf, c, prevs) {
		const { pids } = this, first = new Uint32Array(this.tasks.length);
		let n = 0;
		/** @param {Uint32Array} names */
		const count = names => {
			for (let i = 0; i < names.length; i++)
				if (pids[names[i]] > 0)
					first[taskOf[names[i]]]++;
		};

		for (const names of [prevs, c.next, c.wakeTask]) {
			count(names);
			await pause();
		}
		for (let i = 0; i < first.length; i++) {
			const room = first[i];

			first[i] = n;
			n += room;
		}
		this.start = new Float64Array(n);
		this.kind = new Uint8Array(n);
		this.cpu = new Int16Array(n);
		this.by = new Uint32Array(n);
		this.byCpu = new Int16Array(n);
		this.ran = new Float64Array(n);
		this.waited = new Float64Array(n);
		return first;
	}

	/**
	 * Is that in what an opening has only a part of? So is its first moment, of whose events some may be missing.
	 * @param {number} t
	 */
	isUnread(t) {
		return this.since > 0 && t <= this.since;
	}

	/** Where segment @i of @task ends. @param {Task} task @param {number} i */
	segmentEnd(task, i) {
		return i + 1 < task.end ? this.start[i + 1] : this.span;
	}

	/** The segment of @task at @t, or -1: nothing is known of it yet. @param {Task} task @param {number} t */
	segmentAt(task, t) {
		return lastAt(this.start, task.first, task.end, t);
	}

	/**
	 * ns that @task ran, and waited, up to @t.
	 * @param {Task} task @param {number} t
	 * @returns {[number, number]}
	 */
	upTo(task, t) {
		const i = this.segmentAt(task, t);

		if (i < 0)
			return [0, 0];
		const more = Math.min(t, this.span) - this.start[i], is = this.kind[i];

		return [this.ran[i] + (is === RUNNING ? more : 0), this.waited[i] + (isWait(is) ? more : 0)];
	}

	/** Where slice @i of @cpu ends. @param {Cpu} cpu @param {number} i */
	sliceEnd(cpu, i) {
		return i + 1 < cpu.n ? cpu.start[i + 1] : this.span;
	}

	/** ns that @cpu was busy up to @t. @param {Cpu} cpu @param {number} t */
	busyUpTo(cpu, t) {
		const i = lastAt(cpu.start, 0, cpu.n, t);

		if (i < 0)
			return 0;
		return cpu.busy[i] + (this.pids[cpu.name[i]] ? Math.min(t, this.span) - cpu.start[i] : 0);
	}

	/** @param {Task} task */
	nameOf(task) {
		return this.names[task.name];
	}
}

/** @param {number} kind */
export function isWait(kind) {
	return kind === WOKEN || kind === PREEMPTED;
}

/**
 * lastAt - the last of [from, end) whose time is not after @t, or -1.
 * @param {Float64Array} times @param {number} from @param {number} end @param {number} t
 */
export function lastAt(times, from, end, t) {
	let low = from, high = end;

	while (low < high) {
		const middle = (low + high) >>> 1;

		if (times[middle] <= t)
			low = middle + 1;
		else
			high = middle;
	}
	return low > from ? low - 1 : -1;
}

/** @param {TraceMeta} meta */
const unpackTrace = meta => unpacked(meta.block, meta.bytes).then(data => Trace.made(meta, data));

/** @typedef {{ first: Promise<Trace>, whole: Promise<Trace> }} Loading what of it is there first, and all of it */

/** By the block: its text is dropped once it is unpacked. @type {Map<string, Loading>} */
const loaded = new Map();

/** @param {TraceMeta} meta @returns {Loading} the same however often it is asked for */
export function loadTrace(meta) {
	let loading = loaded.get(meta.block);

	if (!loading) {
		const first = meta.opening ? unpackTrace(meta.opening) : isRead().then(() => unpackTrace(meta));
		/* One after the other, and the first one's picture between them. */
		const whole = !meta.opening ? first : first.then(afterPicture).then(isRead).then(() => unpackTrace(meta));

		loading = { first, whole };
		loaded.set(meta.block, loading);
		/* A timeline that is opened again has all. */
		whole.then(() => loaded.set(meta.block, { first: whole, whole }), () => {});
	}
	return loading;
}
