// @vitest-environment happy-dom
import { expect, test, vi } from "vitest";
import { Session } from "./session";
import * as st from "./state";

/** A gateway's socket that answers hello. */
class Line {
	static readonly OPEN = 1;
	static last: Line;
	readonly OPEN = 1;
	readonly readyState = 1;
	onmessage: ((e: { data: string }) => void) | undefined;
	constructor() {
		Line.last = this;
	}
	say(f: object): void {
		this.onmessage?.({ data: JSON.stringify(f) });
	}
	send(text: string): void {
		const c = JSON.parse(text) as { cmd?: string; id?: string };
		const mailbox = { open: true, available: true };
		if (c.cmd === "hello") this.say({ re: c.id, ok: { mailbox, conversations: [], kinds: [] } });
	}
	close(): void {}
}

test("who types is shown for 6 s after the last sign, on this conversation only, never the visitor himself", async () => {
	vi.useFakeTimers();
	vi.stubGlobal("WebSocket", Line);
	const port = { postMessage: () => undefined } as unknown as MessagePort;
	const s = new Session(port, { t: "init", token: "t", storage: true, page: "https://a.test/", mailbox: "m" });
	s.socket.connect();
	Line.last.say({ sig: "welcome", data: { nonce: "n", version: 1, ping_ms: 20_000, max_file: 1 } });
	await vi.advanceTimersByTimeAsync(0);
	expect(s.socket.phase).toBe("live");
	st.current.value = "cv";
	const types = (conversation: string, role: string, on = true) =>
		Line.last.say({ sig: "typing", data: { conversation, by: { role, name: "Mia" }, on } });
	types("other", "agent");
	types("cv", "visitor");
	expect(st.typing.value).toBe("");
	types("cv", "agent");
	vi.advanceTimersByTime(5000);
	types("cv", "agent");
	vi.advanceTimersByTime(5999);
	expect(st.typing.value).toBe("Mia");
	vi.advanceTimersByTime(1);
	expect(st.typing.value).toBe("");
	types("cv", "agent");
	types("cv", "agent", false);
	expect(st.typing.value).toBe("");
});
