import type { t as text } from "../kit/i18n";
import ar from "./i18n/ar.json";
import en from "./i18n/en.json";
import type { Session } from "./session";

type Sentence = { text: string; article: string; title: string };

/** An element with its words and children. */
function make(tag: string, props: object = {}, ...kids: (Node | string)[]): HTMLElement {
	const e = Object.assign(document.createElement(tag), props);
	e.append(...kids);
	return e;
}
/**
 * Shows at most three sentences that the server has checked against published articles, and those articles; nothing if
 * it has none. It is loaded only where it may have an answer, and shares no code with the panel, so that the panel stays
 * one file.
 */
export async function answer(slot: HTMLElement, s: Session, q: string, t: typeof text): Promise<void> {
	const headers = { "Content-Type": "application/json" };
	const r = await s.fetch("/v1/answer", { method: "POST", headers, body: JSON.stringify({ q }) });
	const said = ((await r.json()) as { sentences: Sentence[] }).sentences;
	if (!said[0]) return;
	const words = document.documentElement.lang === "ar" ? ar : en;
	const cards = said
		.filter((x, i) => said.findIndex((y) => y.article === x.article) === i)
		.map((x) => {
			const open = make("button", { type: "button", className: "card" }, make("span", { dir: "auto" }, x.title));
			open.dataset.move = "";
			open.onclick = () => void s.read(x.article).catch(() => undefined);
			return make("li", {}, open);
		});
	slot.replaceChildren(
		make("h2", {}, words["answer.title"]),
		make("p", { dir: "auto" }, said.map((x) => x.text).join(" ")),
		make("p", { className: "quiet" }, words["answer.made"]),
		make("ul", { className: "cards" }, ...cards),
		helped(s, said[0].article, t),
	);
}
/** One question below it: what it teaches counts for the first article. */
function helped(s: Session, article: string, t: typeof text): HTMLElement {
	const row = make("p", { className: "row" });
	const box = make("div", { className: "cards" }, make("p", {}, t("article.helped")), row);
	for (const solved of [true, false]) {
		const b = make("button", { type: "button" }, t(solved ? "article.yes" : "article.no"));
		b.onclick = () =>
			s.rate(article, solved).then(
				() => box.replaceChildren(make("p", {}, t("article.thanks"))),
				() => undefined,
			);
		row.append(b);
	}
	return box;
}
