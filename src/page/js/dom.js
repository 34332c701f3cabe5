/*
 * How does anything get onto the page? By these functions alone: text is always a text node, so that
 * nothing of a guest's is ever markup.
 */

/**
 * el - a new element. Attributes whose value is null or false are left out; "on..." are listeners.
 * @param {string} tag
 * @param {Record<string, any> | null} [attributes]
 * @param {...(Node | string | number | null | undefined | (Node | string)[])} children
 * @returns {HTMLElement}
 */
export function el(tag, attributes, ...children) {
	const node = document.createElement(tag);

	for (const [name, value] of Object.entries(attributes || {})) {
		if (value === null || value === undefined || value === false)
			continue;
		if (name.startsWith("on"))
			node.addEventListener(name.slice(2), value);
		else
			node.setAttribute(name, value === true ? "" : shown(String(value)));
	}
	for (const child of children.flat()) {
		if (child === null || child === undefined)
			continue;
		node.append(child instanceof Node ? child : shown(String(child)));
	}
	return node;
}

/**
 * shown - text with its control, direction-changing and invisible characters made visible, so that a name
 * cannot reorder what stands beside it, or pass for another.
 * @param {string} text
 */
export function shown(text) {
	return text.replace(/(?![\t\n])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, c => {
		const hex = /** @type {number} */ (c.codePointAt(0)).toString(16);

		return hex.length > 4 ? `\\u{${hex}}` : `\\u${hex.padStart(4, "0")}`;
	});
}

/** @param {Element} node */
export function clear(node) {
	while (node.firstChild)
		node.firstChild.remove();
}

/**
 * section - a part of the page, or the reason why it is absent.
 * @param {string} id
 * @param {string} title
 * @param {...(Node | string | null)} children
 */
export function section(id, title, ...children) {
	const heading = el("h2", { id: `${id}-title` }, title);

	return el("section", { id, class: "part", "aria-labelledby": `${id}-title` }, heading,
		...children);
}

/** @param {string} why */
export function absent(why) {
	return el("p", { class: "absent" }, why);
}

/**
 * table - of rows; a column's class "n" is for numbers, and its title may be clicked to sort.
 * @param {{ title: string, cls?: string, hint?: string }[]} columns
 * @param {{ cells: (Node | string | number | null)[], keys?: (number | string)[],
 *	     act?: () => void, label?: string }[]} rows
 * @param {{ caption?: string, most?: number }} [options]
 */
export function table(columns, rows, options = {}) {
	const most = options.most ?? 100;
	const body = el("tbody", null);
	let sorted = rows, by = -1, down = true, all = false;
	const more = el("button", { type: "button", class: "more", onclick: () => {
		all = true;
		fill();
	} });

	/** @param {number} column */
	function sortBy(column) {
		down = by === column ? !down : true;
		by = column;
		sorted = [...rows].sort((a, b) => {
			const x = a.keys ? a.keys[column] : 0, y = b.keys ? b.keys[column] : 0;

			return (x < y ? -1 : x > y ? 1 : 0) * (down ? -1 : 1);
		});
		heads.forEach((head, i) => head.setAttribute("aria-sort",
			i !== by ? "none" : down ? "descending" : "ascending"));
		fill();
	}
	function fill() {
		clear(body);
		for (const row of all ? sorted : sorted.slice(0, most)) {
			const cells = row.cells.map((cell, i) =>
				el("td", { class: columns[i].cls ?? null }, cell));
			const tr = el("tr", row.act ? {
				tabindex: 0, class: "act", role: "button", "aria-label": row.label ?? null,
				onclick: row.act,
				onkeydown: (/** @type {KeyboardEvent} */ e) => {
					if (e.key === "Enter" || e.key === " ") {
						e.preventDefault();
						if (row.act)
							row.act();
					}
				},
			} : null, cells);

			body.append(tr);
		}
		more.hidden = all || sorted.length <= most;
		more.textContent = `all ${sorted.length} rows`;
	}
	const heads = columns.map((column, i) => {
		const canSort = rows.length > 1 && rows[0].keys;

		return el("th", { scope: "col", class: column.cls ?? null, title: column.hint ?? null },
			canSort ? el("button", { type: "button", class: "sort", onclick: () => sortBy(i) },
				column.title) : column.title);
	});

	fill();
	return el("div", { class: "scroll" },
		el("table", null, options.caption ? el("caption", null, options.caption) : null,
			el("thead", null, el("tr", null, heads)), body),
		more);
}

/**
 * copyable - a command in a box, and a button that copies it.
 * @param {string} text
 */
export function copyable(text) {
	const code = el("code", { class: "command", tabindex: 0 }, text);
	const button = el("button", { type: "button", onclick: async () => {
		try {
			await navigator.clipboard.writeText(text);
			button.textContent = "copied";
		} catch {
			/* No clipboard for a file: what is selected can be copied by hand. */
			const selection = getSelection();

			if (selection)
				selection.selectAllChildren(code);
			button.textContent = document.execCommand("copy") ? "copied" : "selected";
		}
		setTimeout(() => { button.textContent = "copy"; }, 1500);
	} }, "copy");

	return el("div", { class: "copy" }, code, button);
}
