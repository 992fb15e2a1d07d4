import { signal } from "@preact/signals";
import { empty, take, type View } from "../kit/conversation";
import { use } from "../kit/i18n";
import { newKey, newToken, publicJWK, signFinish, signHello } from "../kit/key";
import { type Item, Outbox, type Sent } from "../kit/outbox";
import { CommandError, openWebSocket, type Phase, Socket, systemClock } from "../kit/socket";
import type { Change, Conversation, Page, Suggestion, VisitorHello } from "../kit/wire";

export type Init = {
	t: "init";
	token?: string;
	key?: CryptoKeyPair;
	/** The token was paired with a key: without that key it opens nothing. */
	keyed?: boolean;
	outbox?: Item[];
	pending?: { conversation: string; change: string; challenge: string; chg: string; commit: string };
	back?: string;
	storage: boolean;
	page: string;
	mailbox: string;
};
export type Screen = "home" | "form" | "chat" | "messages" | "article";
export const phase = signal<Phase>("idle");
export const away = signal(0);
export const slow = signal(false);
export const hello = signal<VisitorHello | undefined>(undefined);
export const screen = signal<Screen>("home");
export const current = signal<string>("");
export const views = signal<Record<string, View>>({});
export const waiting = signal<readonly Item[]>([]);
export const position = signal<{ place: number } | undefined>(undefined);
export const typing = signal("");
export const delivered = signal(0);
export const article = signal<Page | undefined>(undefined);
export const query = signal("");
export const prefill = signal<Record<string, string>>({});
export const suggestions = signal<Suggestion[]>([]);
export const storage = signal(true);
export const crypto = signal(true);

/** Everything between the loader's port, the gateway's socket and the screens. */
export class Session {
	readonly socket: Socket<VisitorHello>;
	readonly outbox: Outbox;
	#port: MessagePort;
	#key: CryptoKeyPair | undefined;
	#init: Init;
	#token: string;
	#typed = 0;
	#claim: { token: string; done(code: string | undefined): void } | undefined;
	constructor(port: MessagePort, init: Init) {
		this.#port = port;
		this.#init = init;
		this.#key = init.key;
		const orphan = init.keyed && !init.key;
		if (orphan) this.#init = { ...init, token: undefined };
		this.#token = this.#init.token ?? newToken();
		storage.value = init.storage;
		this.keep("token", this.#token);
		this.outbox = new Outbox(
			{ load: () => init.outbox ?? [], save: (items) => this.keep("outbox", items) },
			(i) => this.#deliver(i),
			(i, s) => this.#sent(i, s),
			() => {
				waiting.value = this.outbox.items;
			},
		);
		waiting.value = this.outbox.items;
		this.socket = new Socket<VisitorHello>({
			url: `${location.origin.replace(/^http/, "ws")}/v1/socket`,
			open: openWebSocket,
			clock: systemClock,
			hello: (w, topics) => this.#greet(w.nonce, topics),
			onHello: (ok) => this.#welcomed(ok),
			onEvent: (e) => {
				const v = views.value[e.topic] ?? empty(e.topic, e.seq - 1);
				const next = take(v, e);
				if (next) views.value = { ...views.value, [e.topic]: next };
				if (e.ev === "message.created") {
					this.socket.signal("delivered", { topic: e.topic, seq: e.seq });
					this.up({ t: "event", name: "message" });
					typing.value = "";
				}
			},
			onSignal: (sig, data) => this.#signal(sig, data),
			onReset: (topic) => {
				views.value = { ...views.value, [topic]: empty(topic) };
				void this.#reload(topic);
			},
			onPhase: (p, code) => {
				phase.value = p;
				away.value = p === "away" ? (code ?? 0) : 0;
				if (p === "live") {
					slow.value = false;
					void this.outbox.drain(Date.now());
					void this.#finish();
					void this.#tell();
					void this.#suggest();
				} else setTimeout(() => (slow.value = phase.value !== "live"), 2000);
			},
		});
	}
	/** Hands the host's session token over once the server listens; settles with the code of a refusal. */
	identify(token: string): Promise<string | undefined> {
		return new Promise((done) => {
			this.#claim?.done("conflict");
			this.#claim = { token, done };
			void this.#tell();
		});
	}
	async #tell(): Promise<void> {
		const c = this.#claim;
		if (!c || phase.value !== "live") return;
		this.#claim = undefined;
		try {
			const { identity } = await this.socket.command<{ identity: VisitorHello["identity"] }>("identify", {
				token: c.token,
			});
			if (hello.value) hello.value = { ...hello.value, identity };
			c.done(undefined);
		} catch (e) {
			const code = e instanceof CommandError ? e.error.code : "internal";
			if (code === "offline" && !this.#claim) this.#claim = c;
			else c.done(code);
		}
	}
	up(m: object): void {
		this.#port.postMessage(m);
	}
	keep(k: string, v: unknown): void {
		this.up({ t: "keep", k, v });
	}
	async start(): Promise<void> {
		if (!this.#key) {
			this.#key = this.#init.token ? undefined : await newKey();
			if (this.#key) {
				this.up({ t: "key", v: this.#key });
				this.keep("keyed", true);
			}
		}
		crypto.value = Boolean(this.#key);
		this.socket.connect();
		const again = () => this.socket.connect();
		addEventListener("online", again);
		addEventListener("pageshow", again);
		document.addEventListener("visibilitychange", again);
	}
	async #greet(nonce: string, topics: Record<string, number>): Promise<object> {
		const key = this.#key;
		const proof = key && { key: await publicJWK(key), sig: await signHello(key, nonce, this.#token) };
		const { mailbox, page } = this.#init;
		return {
			as: "visitor",
			mailbox,
			token: this.#token,
			...proof,
			topics,
			page,
			locale: document.documentElement.lang,
		};
	}
	#welcomed(ok: VisitorHello): void {
		hello.value = ok;
		for (const c of ok.conversations) this.#watch(c, 0);
		const open = ok.conversations.find((c) => c.status !== "closed");
		this.keep("open", Boolean(open));
		if (open && !current.value) current.value = open.id;
		if (this.#init.back && open) screen.value = "chat";
	}
	#watch(c: Conversation, seq: number): void {
		if (views.value[c.id]) return;
		this.socket.track(c.id, seq);
		views.value = { ...views.value, [c.id]: { ...empty(c.id), status: c.status, agent: c.agent?.name ?? "" } };
		if (phase.value === "live") void this.socket.command("resume", { topic: c.id, seq }).catch(() => undefined);
		else setTimeout(() => this.socket.command("resume", { topic: c.id, seq }).catch(() => undefined), 0);
	}
	async #reload(topic: string): Promise<void> {
		const { pass } = await this.socket.command<{ pass: string }>("pass");
		const r = await fetch(`/v1/conversations/${topic}/events`, { headers: { Authorization: `Bearer ${pass}` } });
		const { events, head } = (await r.json()) as { events: { seq: number }[]; head: number };
		let v = empty(topic, (events[0]?.seq ?? 1) - 1);
		for (const e of events) v = take(v, e as Parameters<typeof take>[1]) ?? v;
		views.value = { ...views.value, [topic]: v };
		this.socket.track(topic, head);
	}
	#signal(sig: string, data: unknown): void {
		const d = data as Record<string, unknown>;
		if (sig === "queue.position") position.value = { place: Number(d.place) };
		else if (sig === "delivered") delivered.value = Math.max(delivered.value, Number(d.seq));
		else if (sig === "presence" && hello.value && "available" in d) {
			const m = { ...hello.value.mailbox, available: Boolean(d.available), open: Boolean(d.open) };
			hello.value = { ...hello.value, mailbox: { ...m, until: d.until as number | undefined } };
		} else if (sig === "typing") {
			typing.value = d.on ? String((d.by as { name?: string }).name ?? "…") : "";
			setTimeout(() => (typing.value = ""), 6000);
		}
	}
	#deliver(i: Item): Promise<Sent> {
		return this.socket.command<Sent>("message.send", {
			conversation: i.conversation,
			client_id: i.client_id,
			text: i.text,
		});
	}
	#sent(i: Item, s: Sent): void {
		this.socket.signal("typing", { conversation: i.conversation, on: false });
		const v = views.value[i.conversation];
		if (!v || s.seq <= v.seq) return;
		void this.socket.command("resume", { topic: i.conversation, seq: v.seq }).catch(() => undefined);
	}
	write(text: string): boolean {
		const at = Date.now();
		const ok = this.outbox.add({ conversation: current.value, client_id: uuid(), text, at });
		void this.outbox.drain(at);
		return ok;
	}
	type(): void {
		if (Date.now() - this.#typed < 1000) return;
		this.#typed = Date.now();
		this.socket.signal("typing", { conversation: current.value, on: true });
	}
	async begin(args: object): Promise<void> {
		const ok = await this.socket.command<{ conversation: Conversation }>("conversation.start", {
			command_id: uuid(),
			client_id: uuid(),
			page: this.#init.page,
			...args,
		});
		this.#watch(ok.conversation, 0);
		current.value = ok.conversation.id;
		screen.value = "chat";
		this.keep("open", true);
		this.up({ t: "event", name: "chat-started" });
	}
	async openChange(id: string, over = false): Promise<void> {
		const ok = await this.socket.command<{ url: string } & Partial<Change>>("change.open", {
			change: id,
			page: this.#init.page,
			over,
		});
		const c = { ...views.value[current.value]?.changes[id], ...ok };
		this.keep("pending", {
			conversation: current.value,
			change: id,
			challenge: c.challenge ?? "",
			chg: c.chg ?? "",
			commit: c.commit ?? "",
		});
		this.up({ t: "go", url: ok.url });
	}
	async #finish(): Promise<void> {
		const { back, pending } = this.#init;
		if (!back || !pending || !this.#key) return;
		this.#init = { ...this.#init, back: undefined };
		const { conversation, change } = pending;
		const sig = await signFinish(this.#key, pending, back);
		await this.socket.command("change.finish", { conversation, change, finish: back, sig }).catch(() => undefined);
		this.keep("pending", undefined);
		this.up({ t: "event", name: "verify-done" });
	}
	async #suggest(): Promise<void> {
		try {
			const { pass } = await this.socket.command<{ pass: string }>("pass");
			const q = new URLSearchParams({ mailbox: this.#init.mailbox, page: this.#init.page });
			const r = await fetch(`/v1/suggest?${q}`, { headers: { Authorization: `Bearer ${pass}` } });
			if (r.ok) suggestions.value = ((await r.json()) as { results: Suggestion[] }).results.slice(0, 3);
		} catch {
			suggestions.value = [];
		}
	}
}
export function uuid(): string {
	const b = globalThis.crypto.getRandomValues(new Uint8Array(16));
	const h = Array.from(b, (x, i) =>
		(i === 6 ? (x & 15) | 64 : i === 8 ? (x & 63) | 128 : x).toString(16).padStart(2, "0"),
	).join("");
	return h.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
/** Loads one language on demand. */
export async function speak(lang: string): Promise<void> {
	const ar = lang.startsWith("ar");
	const file = ar ? await import("../kit/i18n/ar.json") : await import("../kit/i18n/en.json");
	use(ar ? "ar" : "en", file.default);
	document.documentElement.lang = ar ? "ar" : "en";
	document.documentElement.dir = ar ? "rtl" : "ltr";
}
