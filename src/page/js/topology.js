/* Which CPUs share what? Boxes in boxes: nodes, last-level caches, cores, threads, with their load. */
import { absent, el, section } from "./dom.js";

/**
 * @typedef {object} Place
 * @property {number} cpu
 * @property {number} node
 * @property {number} llc
 * @property {number} core of its LLC
 */

/**
 * The items of a list by a number of theirs, in its order.
 * @param {Place[]} places @param {"node" | "llc" | "core"} by
 * @returns {[number, Place[]][]}
 */
function groups(places, by) {
	/** @type {Map<number, Place[]>} */
	const map = new Map();

	for (const place of places)
		map.set(place[by], [...map.get(place[by]) ?? [], place]);
	return [...map];
}

/**
 * @param {any} dump
 * @param {{ places?: Place[], memory_nodes?: number, error?: string } | null} topology by src/page/page.c
 */
export function topologyPart(dump, topology) {
	const title = "Topology", { spec } = dump.topology;
	/** @type {Map<number, HTMLElement>} */
	const bars = new Map();

	if (!topology || !topology.places)
		return { node: section("topology", title, absent(`no picture of '${spec}': ${topology?.error}`)),
			setLoad: () => {} };
	/** @param {Place} place */
	const thread = place => {
		const inside = dump.inside?.cpus?.find((/** @type {any} */ c) => c.cpu === place.cpu);
		const bar = el("i", { class: "load" });
		const node = el("div", { class: "thread", title: inside?.task ?
			`CPU ${place.cpu}: at the failure ${inside.task.pid ? `${inside.task.name} [${inside.task.pid}]` :
				"idle"}` : `CPU ${place.cpu}` }, bar, el("span", null, String(place.cpu)));

		bars.set(place.cpu, node);
		return node;
	};
	const nodes = groups(topology.places, "node").map(([node, ofNode]) =>
		el("div", { class: "node" }, el("h4", null, `Node ${node}`),
			el("div", { class: "llcs" }, groups(ofNode, "llc").map(([llc, ofLlc]) =>
				el("div", { class: "llc" }, el("h5", null, `LLC ${llc}`),
					el("div", { class: "cores" }, groups(ofLlc, "core").map(([, ofCore]) =>
						el("div", { class: "core" }, ofCore.map(thread)))))))));
	const n = nodes.length;

	for (let i = 0; i < (topology.memory_nodes ?? 0); i++)
		nodes.push(el("div", { class: "node" }, el("h4", null, `Node ${n + i}`),
			el("p", { class: "note" }, "memory only")));
	const note = el("p", { class: "note" }, `${spec}: ${dump.topology.cpus} CPUs, ${dump.memory_mib} MiB. ` +
		"Without a trace the load of the CPUs is not known.");

	return {
		node: section("topology", title, note, el("div", { class: "nodes" }, nodes)),
		/**
		 * @param {number[]} cpus @param {(number | null)[]} loads 0 to 1 @param {string} when
		 */
		setLoad: (cpus, loads, when) => {
			note.textContent = `${spec}: ${dump.topology.cpus} CPUs, ${dump.memory_mib} MiB. ` +
				`Filled: how busy each was ${when}.`;
			cpus.forEach((cpu, i) => {
				const node = bars.get(cpu), share = loads[i];
				const bar = /** @type {HTMLElement | null} */ (node?.firstElementChild);

				if (!node || !bar || share === null)
					return;
				bar.style.height = `${(100 * share).toFixed(1)}%`;
				node.title = `${node.title}, busy ${(100 * share).toFixed(1)} %`;
				node.append(el("small", null, `${Math.round(100 * share)} %`));
			});
		},
	};
}
