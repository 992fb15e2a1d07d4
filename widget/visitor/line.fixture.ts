import { vi } from "vitest";
import { type Init, Session } from "./session";

export type Command = { cmd?: string; id?: string; args?: Record<string, string | boolean> };
type Talk = { kinds?: object[]; answer?(c: Command): object | undefined };

/** The socket of a gateway that answers hello at once and keeps what else it is asked; a test says the rest. */
export class Line {
	static readonly OPEN = 1;
	static last: Line;
	static talk: Talk = {};
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
		this.asked.push(c);
		const { kinds = [], answer } = Line.talk;
		if (c.cmd === "hello")
			this.say({ re: c.id, ok: { mailbox: { open: true, available: true }, conversations: [], kinds } });
		const said = answer?.(c);
		if (said) this.say({ re: c.id, ...said });
	}
	close(): void {}
}

/** A session that has been welcomed on such a line. */
export function connects(init: Partial<Init> = {}, talk: Talk = {}): Session {
	vi.stubGlobal("WebSocket", Line);
	Line.talk = talk;
	const port = { postMessage: () => undefined } as unknown as MessagePort;
	const s = new Session(port, { t: "init", token: "t", storage: true, page: "https://a.test/", mailbox: "m", ...init });
	s.socket.connect();
	Line.last.say({ sig: "welcome", data: { nonce: "n", version: 1, ping_ms: 20_000, max_file: 1 } });
	return s;
}
