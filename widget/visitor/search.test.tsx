// @vitest-environment happy-dom
import { render } from "preact";
import { expect, test, vi } from "vitest";
import { Home } from "./home";
import { Session } from "./session";
import * as st from "./state";

type Command = { cmd?: string; id?: string; args?: { q?: string; typing?: boolean } };

/** A gateway's socket that answers hello at once, and a search when the test says so. */
class Line {
	static readonly OPEN = 1;
	static last: Line;
	readonly OPEN = 1;
	readonly readyState = 1;
	asked: Command[] = [];
	onmessage: ((e: { data: string }) => void) | undefined;
	constructor() {
		Line.last = this;
	}
	say(f: object): void {
		this.onmessage?.({ data: JSON.stringify(f) });
	}
	send(text: string): void {
		const c = JSON.parse(text) as Command;
		if (c.cmd === "hello")
			this.say({ re: c.id, ok: { mailbox: { open: true, available: true }, conversations: [], kinds: [] } });
		if (c.cmd === "article.search") this.asked.push(c);
	}
	close(): void {}
}

test("an answer to older letters is dropped, however late it comes; nothing found is said in words", async () => {
	vi.useFakeTimers();
	vi.stubGlobal("WebSocket", Line);
	const port = { postMessage: () => undefined } as unknown as MessagePort;
	const s = new Session(port, { t: "init", token: "t", storage: true, page: "https://a.test/", mailbox: "m" });
	s.socket.connect();
	Line.last.say({ sig: "welcome", data: { nonce: "n", version: 1, ping_ms: 20_000, max_file: 1 } });
	await vi.advanceTimersByTimeAsync(0);
	const root = document.body.appendChild(document.createElement("div"));
	render(<Home s={s} />, root);
	const type = async (q: string) => {
		st.query.value = q;
		render(<Home s={s} />, root);
		await vi.advanceTimersByTimeAsync(200);
	};
	const answer = async (q: string, titles: string[]) => {
		const c = Line.last.asked.find((x) => x.args?.q === q);
		const results = titles.map((title) => ({ article: `ar_${title}`, title, summary: "" }));
		Line.last.say({ re: c?.id, ok: { q, results, fits: titles.length > 0 } });
		await vi.advanceTimersByTimeAsync(50);
	};
	await type("ref");
	await type("refund");
	expect(Line.last.asked.map((c) => [c.args?.q, c.args?.typing])).toEqual([
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
