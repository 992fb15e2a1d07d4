import type { Event, Frame, Welcome, WireError } from "./wire";

/** The state shown to people: connecting, live, waiting to try again, or away for good (code says why). */
export type Phase = "idle" | "connecting" | "live" | "retry" | "away";
/** The part of WebSocket that the core uses; tests inject their own. */
export type Wire = {
	send(text: string): unknown;
	close(code?: number, reason?: string): void;
	onmessage: ((e: { data: unknown }) => void) | null;
	onclose: ((e: { code: number }) => void) | null;
};
export type Clock = {
	now(): number;
	random(): number;
	after(ms: number, fn: () => void): () => void;
};
export type Options<H> = {
	url: string;
	open(url: string): Wire;
	clock: Clock;
	/** Builds the arguments of hello from the welcome and the last seq per topic. */
	hello(w: Welcome, topics: Record<string, number>): Promise<object> | object;
	onHello(ok: H, w: Welcome): void;
	onEvent(e: Event): void;
	onSignal?(sig: string, data: unknown): void;
	onPhase?(phase: Phase, code?: number): void;
	/** True: for 2 s there is no connection, or no sign of life since a command; false: all is well again. */
	onSlow?(slow: boolean): void;
	/** A topic cannot be resumed: read it anew, then call track(topic, head); until then nothing of it comes. */
	onReset?(topic: string, head: number): void;
	/** Called before the next connection after 4002. */
	refresh?(): Promise<void>;
};

/** An error reply, or code "offline" / "timeout" when no reply came. */
export class CommandError extends Error {
	readonly error: WireError;
	constructor(error: WireError) {
		super(error.code);
		this.error = error;
	}
}

/** What this client speaks of PROTOCOL.md. */
const VERSIONS = [1];
const BASE = 500;
const CAP = 30_000;
const REPLY_MS = 15_000;
const SLOW_MS = 2_000;
type Pending = { ok(v: unknown): void; no(e: CommandError): void; stop(): void };

/** A browser's real WebSocket. */
export function openWebSocket(url: string): Wire {
	const ws = new WebSocket(url);
	const wire: Wire = {
		send: (text) => ws.readyState === ws.OPEN && ws.send(text),
		close: (code, reason) => ws.close(code, reason),
		onmessage: null,
		onclose: null,
	};
	ws.onmessage = (e) => wire.onmessage?.(e);
	ws.onclose = (e) => wire.onclose?.(e);
	return wire;
}

/** A browser's real clock. */
export const systemClock: Clock = {
	now: () => Date.now(),
	random: () => Math.random(),
	after: (ms, fn) => {
		const t = setTimeout(fn, ms);
		return () => clearTimeout(t);
	},
};

/** Framework-free connection: PROTOCOL.md §2–6. Events reach onEvent once each, in the order of their topic. */
export class Socket<H = unknown> {
	#o: Options<H>;
	#wire: Wire | undefined;
	#phase: Phase = "idle";
	#tries = 0;
	#next = 1;
	#pending = new Map<string, Pending>();
	#topics = new Map<string, number>();
	#resuming = new Set<string>();
	#stale = new Set<string>();
	#within = 0;
	#dead = () => {};
	#retry = () => {};
	#pingMs = 20_000;
	#frames = 0;
	#slow = false;
	#worry: (() => void) | undefined;

	constructor(o: Options<H>) {
		this.#o = o;
	}
	get phase(): Phase {
		return this.#phase;
	}
	/** The last seq taken of a topic; 0 = none. */
	seq(topic: string): number {
		return this.#topics.get(topic) ?? 0;
	}
	/** Watches a topic from seq on. */
	track(topic: string, seq: number): void {
		const anew = this.#stale.delete(topic);
		if (anew || seq >= this.seq(topic)) this.#topics.set(topic, seq);
		if (anew) this.#resume(topic);
	}
	untrack(topic: string): void {
		this.#topics.delete(topic);
		this.#stale.delete(topic);
	}
	/** Connects now: at the start, on online, pageshow and visible. */
	connect(): void {
		if (this.#wire || this.#phase === "away") return;
		this.#retry();
		this.#set("connecting");
		const wire = this.#o.open(this.#o.url);
		this.#wire = wire;
		wire.onmessage = (m) => this.#wire === wire && this.#take(m.data);
		wire.onclose = (e) => this.#wire === wire && this.#lost(e.code);
		this.#alive(REPLY_MS);
	}
	/** Closes and stays closed until connect is called. */
	stop(): void {
		this.#retry();
		this.#dead();
		const wire = this.#wire;
		this.#wire = undefined;
		this.#failAll("offline");
		this.#set("idle");
		wire?.close(1000);
	}
	/** Sends a command; settles with its reply. Rejects at once while not live. */
	command<R = unknown>(cmd: string, args: object = {}): Promise<R> {
		if (this.#phase !== "live") return Promise.reject(new CommandError({ code: "offline", retry: "yes" }));
		return this.#command<R>(cmd, args);
	}
	/** Sends a signal; lost while not live. */
	signal(sig: string, data: object = {}): void {
		if (this.#phase === "live") this.#wire?.send(JSON.stringify({ sig, data }));
	}
	#command<R>(cmd: string, args: object): Promise<R> {
		const id = String(this.#next++);
		const { clock } = this.#o;
		const frames = this.#frames;
		const silent = () => this.#pending.has(id) && this.#frames === frames;
		return new Promise<R>((ok, no) => {
			const look = clock.after(SLOW_MS, () => silent() && this.#say(true));
			const end = clock.after(REPLY_MS, () => {
				// A command without an answer may be slow; without any sign of life the connection is dead.
				if (silent()) this.drop();
				this.#settle(id, { code: "timeout", retry: "yes" });
			});
			const stop = () => {
				look();
				end();
			};
			this.#pending.set(id, { ok: (v) => ok(v as R), no, stop });
			this.#wire?.send(JSON.stringify({ cmd, id, args }));
		});
	}
	#settle(id: string, error: WireError | undefined, ok?: unknown): void {
		const p = this.#pending.get(id);
		if (!p) return;
		this.#pending.delete(id);
		p.stop();
		if (error) p.no(new CommandError(error));
		else p.ok(ok);
	}
	#failAll(code: string): void {
		for (const id of [...this.#pending.keys()]) this.#settle(id, { code, retry: "yes" });
	}
	#set(phase: Phase, code?: number): void {
		this.#phase = phase;
		if (phase === "connecting" || phase === "retry") {
			this.#worry ??= this.#o.clock.after(SLOW_MS, () => this.#say(true));
		} else {
			this.#worry?.();
			this.#worry = undefined;
			this.#say(false);
		}
		this.#o.onPhase?.(phase, code);
	}
	#say(slow: boolean): void {
		if (this.#slow === slow) return;
		this.#slow = slow;
		this.#o.onSlow?.(slow);
	}
	#alive(ms = this.#pingMs * 2.5): void {
		this.#dead();
		this.#dead = this.#o.clock.after(ms, () => this.drop());
	}
	/** The connection is dead, whatever the browser says: tries again with back-off. */
	drop(): void {
		const wire = this.#wire;
		if (!wire) return;
		this.#lost(1006);
		wire.close(4000);
	}
	#lost(code: number): void {
		this.#wire = undefined;
		this.#dead();
		this.#resuming.clear();
		this.#failAll("offline");
		if (code >= 4500 && code <= 4999) {
			this.#set("away", code);
			return;
		}
		this.#set("retry", code);
		// A crowd that was cut off together must not come back together: also the first wait is random.
		const most = Math.max(this.#within, Math.min(CAP, BASE * 2 ** ++this.#tries));
		const wait = BASE + this.#o.clock.random() * (most - BASE);
		this.#within = 0;
		const refresh = code === 4002 ? this.#o.refresh : undefined;
		this.#retry = this.#o.clock.after(wait, () => {
			if (!refresh) return this.connect();
			refresh().then(
				() => this.connect(),
				() => this.#lost(4002),
			);
		});
	}
	#take(data: unknown): void {
		this.#alive();
		this.#frames++;
		if (this.#phase === "live") this.#say(false);
		const f = parse(data);
		if (!f) return;
		if ("re" in f) {
			const ok = (f.ok ?? {}) as { event?: Event };
			if (ok.event) this.#event(ok.event); // the answer to a message stands in its event's place
			this.#settle(f.re, f.error, ok);
		} else if ("ev" in f) this.#event(f);
		else if ("sig" in f) this.#signal(f.sig, f.data);
	}
	#event(e: Event): void {
		const last = this.#topics.get(e.topic) ?? e.seq - 1;
		if (this.#stale.has(e.topic) || e.seq <= last) return;
		if (e.seq > last + 1) {
			this.#resume(e.topic);
			return;
		}
		this.#topics.set(e.topic, e.seq);
		this.#o.onEvent(e);
	}
	#resume(topic: string): void {
		if (this.#resuming.has(topic) || this.#phase !== "live") return;
		this.#resuming.add(topic);
		const done = () => this.#resuming.delete(topic);
		this.#command("resume", { topic, seq: this.seq(topic) }).then(done, done);
	}
	#signal(sig: string, data: unknown): void {
		if (sig === "welcome") void this.#greet(data as Welcome);
		else if (sig === "ping") {
			this.signal("pong");
			const heads = (data as { heads?: Record<string, number> } | undefined)?.heads ?? {};
			for (const [topic, head] of Object.entries(heads)) {
				if (this.#stale.has(topic)) this.#o.onReset?.(topic, head);
				else if (this.#topics.has(topic) && head > this.seq(topic)) this.#resume(topic);
			}
		} else if (sig === "reset") {
			const { topic, head } = data as { topic: string; head: number };
			this.#stale.add(topic);
			this.#o.onReset?.(topic, head);
		} else if (sig === "server.restarting") this.#within = (data as { within_ms: number }).within_ms;
		this.#o.onSignal?.(sig, data);
	}
	async #greet(w: Welcome): Promise<void> {
		const wire = this.#wire;
		this.#pingMs = w.ping_ms;
		this.#alive();
		try {
			const args = await this.#o.hello(w, Object.fromEntries(this.#topics));
			if (this.#wire !== wire) return;
			const reply = await this.#command<H>("hello", { ...args, versions: VERSIONS });
			if (this.#wire !== wire) return;
			this.#tries = 0;
			this.#o.onHello(reply, w);
			this.#set("live");
		} catch {
			if (this.#wire === wire) this.drop();
		}
	}
}

function parse(data: unknown): Frame | undefined {
	if (typeof data !== "string") return undefined;
	try {
		const f: unknown = JSON.parse(data);
		return typeof f === "object" && f !== null ? (f as Frame) : undefined;
	} catch {
		return undefined;
	}
}
