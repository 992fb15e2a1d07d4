import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type CommandError, Socket, type Wire } from "./socket";
import { Time } from "./virtual";
import type { Event } from "./wire";

/** The transcripts that the gateway and its client in Go (TestGolden) are held to; PROTOCOL.md §8 says how they read. */
const DIR = "../gateway/web/testdata/golden";
type Frame = { [k: string]: unknown };
type Line = { [k: string]: unknown };
const macros = JSON.parse(readFileSync(`${DIR}/macros.json`, "utf8")) as { [name: string]: Line[] };
const names = readdirSync(DIR).filter((f) => f.endsWith(".jsonl"));

/** Puts values in the place of "%name". */
function fill(v: unknown, by: Frame): unknown {
	if (typeof v === "string") return v[0] === "%" && v.slice(1) in by ? by[v.slice(1)] : v;
	if (Array.isArray(v)) return v.map((x) => fill(x, by));
	if (v && typeof v === "object") return Object.fromEntries(Object.entries(v).map(([k, x]) => [k, fill(x, by)]));
	return v;
}
function expand(l: Line): Line[] {
	if (typeof l.use !== "string") return [l];
	return (macros[l.use] ?? []).flatMap((m) => expand(fill(m, l.with as Frame) as Line));
}

/** One transcript, with the gateway's side read out to a real Socket. */
class Replay {
	time = new Time();
	vars = new Map<string, unknown>();
	wire: Wire | undefined;
	opened = 0;
	sent: Frame[] = [];
	replies = new Map<string, Frame>();
	taken: Event[] = [];
	reset: { topic: string; head: number } | undefined;
	socket: Socket;
	constructor(as: string) {
		const who = as === "agent" ? { as } : { as: "visitor", mailbox: "support", token: "t" };
		this.socket = new Socket({
			url: "",
			clock: this.time,
			open: () => this.#open(),
			hello: (_, topics) => ({ ...who, topics }),
			onHello: () => undefined,
			onEvent: (e) => this.taken.push(e),
			onReset: (topic, head) => {
				this.reset = { topic, head };
			},
		});
	}
	#open(): Wire {
		const wire: Wire = {
			onmessage: null,
			onclose: null,
			close: () => undefined,
			send: (s) => this.sent.push(JSON.parse(s) as Frame),
		};
		this.wire = wire;
		this.opened = this.time.t;
		return wire;
	}
	/** A value with its names filled in; what nobody has named yet is invented. */
	make(v: unknown): unknown {
		if (v === "*") return 20_000;
		if (typeof v === "string") return this.#named(v);
		if (Array.isArray(v)) return v.map((x) => this.make(x));
		if (v && typeof v === "object")
			return Object.fromEntries(Object.entries(v).map(([k, x]) => [String(this.#named(k)), this.make(x)]));
		return v;
	}
	#named(s: string): unknown {
		if (s[0] !== "$") return s;
		const [, name = "", rest = ""] = /^\$(\w+)(.*)$/.exec(s) ?? [];
		if (!this.vars.has(name)) this.vars.set(name, `${name}_invented`);
		const v = this.vars.get(name);
		if (!rest) return v;
		return typeof v === "number" ? v + Number(rest) : `${v}${rest}`;
	}
	fits(want: unknown, got: unknown): boolean {
		if (want === "*") return got !== undefined;
		if (want && typeof want === "object") {
			const [w, g] = [want as Frame, got as Frame | undefined];
			const keys = Object.keys(w);
			if (!g || typeof g !== "object" || (!keys.length && Object.keys(g).length > 0)) return false;
			return keys.every((k) => this.fits(w[k], g[String(this.make(k))]));
		}
		return this.make(want) === got;
	}
	/** Lets the client do what it has to do at once. */
	settle(): Promise<void> {
		return this.time.run(0);
	}
	async say(frame: Frame): Promise<void> {
		for (let i = 0; !this.wire && i < 100; i++) await this.time.run(500);
		const more = "ev" in frame ? { id: "ev_x", at: 0, by: { role: "agent" }, data: {} } : {};
		this.wire?.onmessage?.({ data: JSON.stringify({ ...more, ...frame }) });
		await this.settle();
	}
	lose(code: number): void {
		const wire = this.wire;
		this.wire = undefined;
		wire?.onclose?.({ code });
	}
	async step(l: Line): Promise<void> {
		const at = JSON.stringify(l);
		await this.settle();
		this.sent = this.sent.filter((f) => f.sig !== "pong");
		if (l.out) {
			const f = this.sent.shift();
			expect(this.fits(l.out, f), `${at}: the client sends ${JSON.stringify(f)}`).toBe(true);
			return;
		}
		expect(this.sent, `before ${at}`).toEqual([]);
		if (l.do) this.#do(l.do as Frame);
		else if (l.in) await this.say(this.make(l.in) as Frame);
		else if (l.lost) this.make(l.lost);
		else if (l.some) await this.#some(l.some as unknown[]);
		else if (l.close) this.lose(l.close as number);
		else if (l.saw) await this.#saw(l.saw as Frame, at);
		else if (!l.other) throw new Error(at);
	}
	#do(what: Frame): void {
		if (what.open) this.socket.connect();
		else if (what.cut) this.lose(1006);
		else if (what.track) {
			const [topic, seq] = this.make(what.track) as [string, number];
			this.socket.track(topic, seq);
		} else if (what.command) {
			const done = this.socket.command<object>(String(what.command), this.make(what.args) as object);
			const re = String(this.sent.at(-1)?.id);
			done.then(
				(ok) => this.replies.set(re, { re, ok }),
				(e: CommandError) => this.replies.set(re, { re, error: e.error }),
			);
		}
	}
	/** Events of a topic from a number on, up to another one; three where that one is not known. */
	async #some([topic, from, to]: unknown[]): Promise<void> {
		const first = this.make(from) as number;
		if (typeof to === "string" && !this.vars.has(to.slice(1))) this.vars.set(to.slice(1), first + 2);
		for (let seq = first; seq <= (this.make(to) as number); seq++)
			await this.say({ ev: "message.created", topic: this.make(topic), seq });
	}
	async #saw(want: Frame, at: string): Promise<void> {
		if (want.phase) expect(this.socket.phase, at).toBe(want.phase);
		if (want.reply) expect(this.fits(want.reply, this.replies.get(String((want.reply as Frame).re))), at).toBe(true);
		if (want.head) {
			const [topic, seq] = this.make(want.head) as [string, number];
			expect(this.socket.seq(topic), at).toBe(seq);
		}
		if (want.reset) {
			const [topic, head] = this.make(want.reset) as [string, number];
			expect(this.reset, at).toEqual({ topic, head });
		}
		if (want.taken) {
			const [topic, from, to] = this.make(want.taken) as [string, number, number];
			const seqs = this.taken.filter((e) => e.topic === topic).map((e) => e.seq);
			expect(seqs, at).toEqual(Array.from({ length: to - from + 1 }, (_, i) => from + i));
		}
		if (want.wait) {
			const [least, most] = want.wait as [number, number];
			await this.time.run(least - 1);
			expect(this.wire, `${at}: back too early`).toBeUndefined();
			await this.time.run(most - least + 1);
			expect(this.wire, `${at}: not back`).toBeDefined();
		}
	}
}

test("there are transcripts", () => expect(names.length).toBeGreaterThan(12));
for (const name of names)
	test(name, async () => {
		const [about, ...lines] = readFileSync(`${DIR}/${name}`, "utf8")
			.trim()
			.split("\n")
			.map((l) => JSON.parse(l) as Line);
		const r = new Replay(String(about?.as));
		for (const l of lines.flatMap(expand)) await r.step(l);
		await r.settle();
		expect(r.sent.filter((f) => f.sig !== "pong")).toEqual([]);
	});

test("a crowd that is cut off at once comes back spread, over the time that a restart names", async () => {
	for (const within of [0, 8000]) {
		const waits: number[] = [];
		for (let i = 1; i <= 80; i++) {
			const r = new Replay("visitor");
			r.time.seed = i * 7919;
			r.socket.connect();
			await r.say({ sig: "welcome", data: { ping_ms: 20_000 } });
			if (within) await r.say({ sig: "server.restarting", data: { within_ms: within } });
			r.lose(4000);
			const from = r.time.t;
			await r.time.run(10_000);
			waits.push(r.opened - from);
		}
		const most = within || 1000;
		expect(Math.min(...waits)).toBeGreaterThanOrEqual(500);
		expect(Math.max(...waits)).toBeLessThanOrEqual(most);
		const bins = [0, 1, 2, 3].map((q) => waits.filter((w) => Math.floor(((w - 500) / (most - 499)) * 4) === q).length);
		for (const n of bins) expect(n).toBeGreaterThan(8);
	}
});
