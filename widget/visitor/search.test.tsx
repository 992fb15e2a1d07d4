// @vitest-environment happy-dom
import { render } from "preact";
import { expect, test, vi } from "vitest";
import { Home } from "./home";
import { connects, Line } from "./line.fixture";
import * as st from "./state";

test("an answer to older letters is dropped, however late it comes; nothing found is said in words", async () => {
	vi.useFakeTimers();
	const s = connects();
	await vi.advanceTimersByTimeAsync(0);
	const asked = () => Line.last.asked.filter((c) => c.cmd === "article.search");
	const root = document.body.appendChild(document.createElement("div"));
	render(<Home s={s} />, root);
	const type = async (q: string) => {
		st.query.value = q;
		render(<Home s={s} />, root);
		await vi.advanceTimersByTimeAsync(200);
	};
	const answer = async (q: string, titles: string[]) => {
		const c = asked().find((x) => x.args?.q === q);
		const results = titles.map((title) => ({ article: `ar_${title}`, title, summary: "" }));
		Line.last.say({ re: c?.id, ok: { q, results, fits: titles.length > 0 } });
		await vi.advanceTimersByTimeAsync(50);
	};
	await type("ref");
	await type("refund");
	expect(asked().map((c) => [c.args?.q, c.args?.typing])).toEqual([
		["ref", true],
		["refund", true],
	]);
	await answer("refund", ["Refunds"]);
	expect(root.textContent).toContain("Refunds");
	await answer("ref", ["References"]);
	expect(root.textContent).toContain("Refunds");
	expect(root.textContent).not.toContain("References");
	await type("refund x");
	await answer("refund x", []);
	expect(root.querySelector("p.empty")?.textContent).toBe("home.none"); // the key: no texts are loaded here
	expect(root.querySelectorAll("[data-move]").length).toBe(0);
	await type("r");
	await answer("r", ["1", "2", "3", "4"]);
	expect(root.querySelectorAll("[data-move]").length).toBe(3);
	render(null, root);
	vi.useRealTimers();
});
