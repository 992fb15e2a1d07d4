import { expect, test } from "vitest";
import { type Item, Outbox, type Sent } from "./outbox";
import { Socket, type Wire } from "./socket";
import { Time } from "./virtual";
import type { Command, Event } from "./wire";

/** A gateway with one topic: stores each client id once, answers after the commit. */
class Gateway {
	log: Event[] = [];
	wire: (Wire & { dead?: boolean }) | undefined;
	mute = false;
	open = (): Wire => {
		const w: Wire & { dead?: boolean } = {
			onmessage: null,
			onclose: null,
			send: (s) => this.take(w, s),
			close: () => {},
		};
		this.wire = w;
		queueMicrotask(() => this.say(w, { sig: "welcome", data: { nonce: "n", version: 1, ping_ms: 20000 } }));
		return w;
	};
	say(w: Wire & { dead?: boolean }, f: object): void {
		if (!w.dead && !this.mute) w.onmessage?.({ data: JSON.stringify(f) });
	}
	replay(w: Wire, seq: number): void {
		for (const e of this.log) if (e.seq > seq) this.say(w, e);
	}
	take(w: Wire & { dead?: boolean }, s: string): void {
		const c = JSON.parse(s) as Command;
		const args = c.args as { topics?: Record<string, number>; seq?: number; client_id?: string };
		const re = (ok: object) => this.say(w, { re: c.id, ok });
		if (w.dead || !c.cmd) return;
		if (c.cmd === "hello") {
			re({});
			this.replay(w, args.topics?.cv ?? 0);
		} else if (c.cmd === "resume") {
			re({ head: this.log.length });
			this.replay(w, args.seq ?? 0);
		} else if (c.cmd === "message.send") {
			// Of what is stored now the answer brings the event; what was stored before has brought it already.
			const old = this.log.find((x) => x.id === args.client_id);
			const event = old ? undefined : this.post(args.client_id ?? "", false);
			const e = (old ?? event) as Event;
			re({ seq: e.seq, id: e.id, at: 0, ...(event ? { event } : {}) });
		}
	}
	post(id: string, tell = true): Event {
		const e: Event = {
			ev: "message.created",
			topic: "cv",
			seq: this.log.length + 1,
			id,
			at: 0,
			by: { role: "agent" },
			data: {},
		};
		this.log.push(e);
		if (this.wire && tell) this.say(this.wire, e);
		return e;
	}
	cut(code: number): void {
		const w = this.wire;
		if (!w || w.dead) return;
		w.dead = true;
		w.onclose?.({ code });
	}
}
function client(g: Gateway, time: Time) {
	const seen: Event[] = [];
	const slow: string[] = [];
	const s: Socket = new Socket({
		url: "",
		open: g.open,
		clock: time,
		hello: (_, topics) => ({ topics }),
		onHello: () => {},
		onEvent: (e) => seen.push(e),
		onPhase: (p) => p === "live" && void out.drain(time.t),
		onSlow: (on) => slow.push(`${on} ${time.t}`),
	});
	let kept: Item[] = [];
	const store = { load: () => kept, save: (i: Item[]) => (kept = i) };
	const out = new Outbox(
		store,
		(i) => s.command<Sent>("message.send", { client_id: i.client_id }),
		() => {},
	);
	s.track("cv", 0);
	s.connect();
	return { s, out, seen, slow };
}

test("1,000 forced disconnects lose, double and reorder nothing", async () => {
	const time = new Time();
	const g = new Gateway();
	const { out, seen } = client(g, time);
	await time.run(100);
	for (let i = 0; i < 1000; i++) {
		out.add({ conversation: "cv", client_id: `mine-${i}`, text: "x", at: time.t });
		if (i % 3 === 0) g.mute = true;
		void out.drain(time.t);
		g.post(`theirs-${i}`);
		g.mute = false;
		g.cut(i % 2 ? 4001 : 1006);
		await time.run(40_000);
	}
	await time.run(120_000);
	expect(out.items).toEqual([]);
	expect(g.log.length).toBe(2000);
	expect(seen.map((e) => e.seq)).toEqual(g.log.map((e) => e.seq));
	expect(g.log.filter((e) => e.id.startsWith("mine")).map((e) => e.id)).toEqual(
		Array.from({ length: 1000 }, (_, i) => `mine-${i}`),
	);
});

test("a ping's head finds silent loss", async () => {
	const time = new Time();
	const g = new Gateway();
	const { seen } = client(g, time);
	await time.run(100);
	g.mute = true;
	g.post("lost");
	g.mute = false;
	if (g.wire) g.say(g.wire, { sig: "ping", data: { heads: { cv: 1 }, now: 0 } });
	await time.run(100);
	expect(seen.map((e) => e.id)).toEqual(["lost"]);
});

test("two and a half intervals of silence are death", async () => {
	const time = new Time();
	const g = new Gateway();
	const { s } = client(g, time);
	await time.run(49_000);
	expect(s.phase).toBe("live");
	const first = g.wire;
	await time.run(33_000);
	expect(g.wire).not.toBe(first);
});

test("silence after a message is said after 2 s, is death after 15 s, and the message goes out once", async () => {
	const time = new Time();
	const g = new Gateway();
	const { out, slow, s } = client(g, time);
	await time.run(1000);
	const first = g.wire;
	if (first) g.mute = true;
	out.add({ conversation: "cv", client_id: "mine", text: "x", at: time.t });
	void out.drain(time.t);
	await time.run(14_000);
	expect(slow).toEqual(["true 3000"]);
	expect(g.wire).toBe(first);
	g.mute = false;
	await time.run(3000);
	expect(g.wire).not.toBe(first);
	expect(s.phase).toBe("live");
	expect(out.items).toEqual([]);
	expect(g.log.map((e) => e.id)).toEqual(["mine"]);
	expect(slow.length).toBe(2);
});

test("a late answer ends the warning and keeps the connection", async () => {
	const time = new Time();
	const g = new Gateway();
	const { out, slow } = client(g, time);
	await time.run(1000);
	const first = g.wire;
	g.mute = true;
	out.add({ conversation: "cv", client_id: "mine", text: "x", at: time.t });
	void out.drain(time.t);
	await time.run(5000);
	g.mute = false;
	if (first) g.say(first, { re: "2", ok: { seq: 1, id: "mine", at: 0 } });
	await time.run(1000);
	expect(slow).toEqual(["true 3000", "false 6000"]);
	expect(out.items).toEqual([]);
	expect(g.wire).toBe(first);
});

test("a connection that nobody answers is given up after 15 s; the warning comes after 2 s, once", async () => {
	const time = new Time();
	const g = new Gateway();
	g.mute = true;
	const { s, slow } = client(g, time);
	await time.run(14_000);
	const first = g.wire;
	await time.run(3000);
	expect(g.wire).not.toBe(first);
	expect(slow).toEqual(["true 2000"]);
	g.mute = false;
	await time.run(60_000);
	expect(s.phase).toBe("live");
	expect(slow.length).toBe(2);
});

test("4503 stays away, and a command says offline", async () => {
	const time = new Time();
	const g = new Gateway();
	const { s } = client(g, time);
	await time.run(100);
	g.cut(4503);
	await time.run(100_000);
	expect(s.phase).toBe("away");
	await expect(s.command("pass")).rejects.toMatchObject({ error: { code: "offline" } });
});
