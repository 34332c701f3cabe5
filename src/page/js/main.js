/* What is on this page? A suite, or one failure, or a trace alone. */
import { pageData } from "./data.js";
import { clear, el, shown } from "./dom.js";
import { failurePart } from "./failure.js";
import { suitePart } from "./suite.js";

const FORMAT = 1;

function contents() {
	const parts = [...document.querySelectorAll("article.failure > section[id]")];

	return parts.length < 2 ? null : el("nav", { class: "contents", "aria-label": "Contents" },
		parts.map(part => el("a", { href: `#${part.id}` }, part.querySelector("h2")?.textContent ?? part.id)));
}

/** On paper all is there and light, the pictures too, which are painted before the style is the paper's. */
function preparePaper() {
	/** @type {Element[]} */
	let opened = [];

	addEventListener("beforeprint", () => {
		document.documentElement.classList.add("paper");
		opened = [...document.querySelectorAll("details:not([open])")];
		opened.forEach(one => one.setAttribute("open", ""));
	});
	addEventListener("afterprint", () => {
		document.documentElement.classList.remove("paper");
		opened.forEach(one => one.removeAttribute("open"));
	});
}

function begin() {
	const main = /** @type {HTMLElement} */ (document.querySelector("main"));
	const data = pageData();

	clear(main);
	if (data.format !== FORMAT)
		throw new Error(`its data are of format ${data.format}, its script knows ${FORMAT}`);
	preparePaper();
	document.title = shown(data.title);
	if (data.suite) {
		main.append(suitePart(data.suite, data.failures));
	} else {
		main.append(failurePart(data.failures[0]));
		const nav = contents();

		if (nav)
			main.before(nav);
	}
	main.after(el("footer", null, `made by ktstr-launch ${data.version}; nothing of this page is fetched`));
}

try {
	begin();
} catch (error) {
	const main = document.querySelector("main") ?? document.body;

	clear(main);
	main.append(el("p", { class: "absent" }, `this page cannot be shown: ${
		error instanceof Error ? error.message : String(error)}`));
}
