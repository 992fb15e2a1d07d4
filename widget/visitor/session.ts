import { effect } from "@preact/signals";
import { empty, take } from "../kit/conversation";
import { t } from "../kit/i18n";
import { newKey, newToken, publicJWK, signFinish, signHello } from "../kit/key";
import { type Item, Outbox, type Sent } from "../kit/outbox";
import { CommandError, openWebSocket, type Phase, Socket, systemClock } from "../kit/socket";
import type { Change, Conversation, Event, Identity, Page, Suggestion, VisitorHello } from "../kit/wire";
import * as st from "./state";

/** What the loader hands over: all that this browser keeps, for a frame in a foreign site keeps nothing. */
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
	/** The token of a mail's link, which ties what begins here to its ticket. */
	from?: string;
	page: string;
	mailbox: string;
	locale?: string;
};

/** A session token of the host, or the old form: an address and its HMAC. */
type Who = { token?: string; email?: string; hash?: string };
const TYPING_MS = 6000;

/** States in which nothing more is to be finished in this browser. */
const OVER = new Set(["denied", "disowned", "expired", "withdrawn", "revoked", "failed", "applied"]);

/** Everything between the loader's port, the gateway's socket and the screens. */
export class Session {
	readonly socket: Socket<VisitorHello>;
	readonly outbox: Outbox;
	#port: MessagePort;
	#key: CryptoKeyPair | undefined;
	#init: Init;
	#token: string;
	#typed = 0;
	#begun: { as: string; ids: object } | undefined;
	#pass: { pass: string; until: number } | undefined;
	#quiet = 0;
	#identify: Who | undefined;
	/** Where each conversation stood when this page met it: what is older is no news. */
	#heads: Record<string, number> = {};

	constructor(port: MessagePort, init: Init) {
		this.#port = port;
		this.#key = init.key;
		const orphan = init.keyed && !init.key;
		this.#init = orphan ? { ...init, token: undefined } : init;
		this.#token = this.#init.token ?? newToken();
		st.storage.value = init.storage;
		this.keep("token", this.#token);
		this.outbox = new Outbox(
			{ load: () => init.outbox ?? [], save: (items) => this.keep("outbox", items) },
			(i) => this.#deliver(i),
			(i, s) => this.#sent(i, s),
			() => {
				st.waiting.value = this.outbox.items;
			},
		);
		st.waiting.value = this.outbox.items;
		this.socket = new Socket<VisitorHello>({
			url: `${location.origin.replace(/^http/, "ws")}/v1/socket`,
			open: openWebSocket,
			clock: systemClock,
			hello: (w, topics) => this.#greet(w.nonce, topics),
			onHello: (ok, w) => this.#welcomed(ok, w.max_file),
			onEvent: (e) => this.#event(e),
			onSignal: (sig, data) => this.#signal(sig, data),
			onReset: (topic) => void this.#reload(topic).catch(() => undefined),
			onPhase: (p, code) => this.#phase(p, code),
			onSlow: (slow) => {
				st.slow.value = slow;
			},
		});
	}
	up(m: object): void {
		this.#port.postMessage(m);
	}
	keep(k: string, v: unknown): void {
		this.up({ t: "keep", k, v });
	}
	tell(name: string, v?: unknown): void {
		this.up({ t: "event", name, v });
	}
	async start(): Promise<void> {
		if (!this.#key && !this.#init.token) {
			this.#key = await newKey();
			if (this.#key) {
				this.up({ t: "key", v: this.#key });
				this.keep("keyed", true);
			}
		}
		st.crypto.value = Boolean(this.#key);
		this.socket.connect();
		const again = () => document.visibilityState === "visible" && this.socket.connect();
		addEventListener("online", again);
		addEventListener("pageshow", again);
		addEventListener("offline", () => this.socket.drop());
		document.addEventListener("visibilitychange", again);
		effect(() => this.#seen());
		effect(() => this.up({ t: "unread", n: st.unread.value, label: this.#label(st.unread.value) }));
	}
	#label(n: number): string {
		return n ? `${t("launcher.open")}. ${t("launcher.unread", { n })}` : t("launcher.open");
	}
	#phase(p: Phase, code?: number): void {
		st.phase.value = p;
		st.away.value = p === "away" ? (code ?? 0) : 0;
		if (p !== "live") return;
		void this.outbox.drain(Date.now());
		void this.#finish();
		void this.#suggest();
		if (this.#identify) void this.identify(this.#identify).catch(() => undefined);
	}
	async #greet(nonce: string, topics: Record<string, number>): Promise<object> {
		const key = this.#key;
		const proof = key && { key: await publicJWK(key), sig: await signHello(key, nonce, this.#token) };
		const { mailbox, page } = this.#init;
		const about = { page, browser: browserName(), locale: document.documentElement.lang };
		return { as: "visitor", mailbox, token: this.#token, ...proof, topics, ...about };
	}
	#welcomed(ok: VisitorHello, maxFile: number): void {
		st.hello.value = ok;
		st.maxFile.value = maxFile;
		for (const c of ok.conversations) this.#watch(c);
		const open = ok.conversations.find((c) => c.status !== "closed");
		this.keep("open", Boolean(open));
		if (ok.mailbox.color) this.up({ t: "color", v: ok.mailbox.color });
		if (open && !st.current.value) st.current.value = open.id;
		if (this.#init.pending) {
			st.current.value = this.#init.pending.conversation;
		}
		if ((this.#init.back || this.#init.pending) && st.current.value) st.screen.value = "chat";
	}
	#watch(c: Conversation): void {
		if (st.views.value[c.id]) return;
		this.socket.track(c.id, 0);
		this.#heads[c.id] = c.seq;
		const view = { ...empty(c.id), status: c.status, agent: c.agent?.name ?? "", number: c.number, rating: c.rating };
		st.views.value = { ...st.views.value, [c.id]: view };
		setTimeout(() => this.socket.command("resume", { topic: c.id, seq: 0 }).catch(() => undefined), 0);
	}
	#event(e: Event): void {
		const v = st.views.value[e.topic] ?? empty(e.topic, e.seq - 1);
		const next = take(v, e);
		if (!next) return;
		st.views.value = { ...st.views.value, [e.topic]: next };
		if (e.ev === "message.created" && e.by.role !== "visitor") {
			this.socket.signal("delivered", { topic: e.topic, seq: e.seq });
			st.typing.value = "";
		}
		if (e.ev === "conversation.closed" && e.topic === st.current.value) this.keep("open", false);
		const pending = this.#init.pending?.change;
		if (pending && OVER.has(next.changes[pending]?.state ?? "")) this.keep("pending", undefined);
		if (e.seq > (this.#heads[e.topic] ?? 0)) this.#news(e);
	}
	/** What the host's page may want to know, told once. */
	#news(e: Event): void {
		if (e.ev === "message.created" && e.by.role !== "visitor") this.tell("message", { conversation: e.topic });
		else if (e.ev === "conversation.closed") this.tell("chat-ended");
		else if (e.ev === "conversation.missed") this.tell("missed", { number: (e.data as { number: number }).number });
		else if (e.ev === "change.offered") this.tell("verify-requested");
		else if (e.ev === "change.applied") this.tell("verify-done");
	}
	async #reload(topic: string): Promise<void> {
		const r = await this.fetch(`/v1/conversations/${topic}/events?limit=500`);
		const { events, head } = (await r.json()) as { events: Event[]; head: number };
		let v = empty(topic, (events[0]?.seq ?? 1) - 1);
		for (const e of events) v = take(v, e) ?? v;
		st.views.value = { ...st.views.value, [topic]: v };
		this.socket.track(topic, head);
	}
	#signal(sig: string, data: unknown): void {
		const d = data as Record<string, unknown>;
		// A message that the gateway could not take is tried again at its next sign of life.
		if (sig === "ping") void this.outbox.drain(Date.now());
		else if (sig === "queue.position") st.position.value = { place: Number(d.place), wait: Number(d.wait_s ?? 0) };
		else if (sig === "delivered") st.delivered.value = { ...st.delivered.value, [String(d.topic)]: Number(d.seq) };
		else if (sig === "presence" && st.hello.value && "available" in d) {
			const m = { ...st.hello.value.mailbox, available: Boolean(d.available), open: Boolean(d.open) };
			st.hello.value = { ...st.hello.value, mailbox: { ...m, until: d.until as number | undefined } };
		} else if (sig === "typing" && d.conversation === st.current.value) {
			const by = d.by as { role?: string; name?: string } | undefined;
			if (by?.role === "visitor") return; // another tab of this browser
			st.typing.value = d.on ? by?.name || t("chat.agent") : "";
			clearTimeout(this.#quiet);
			this.#quiet = setTimeout(() => (st.typing.value = ""), TYPING_MS) as unknown as number;
		}
	}
	/** Marks the open conversation as read while a person looks at it. */
	#seen(): void {
		const v = st.views.value[st.current.value];
		if (!v || !st.shown.value || st.screen.value !== "chat" || st.phase.value !== "live") return;
		const last = v.lines.findLast((l) => "message" in l && l.role !== "visitor")?.seq ?? 0;
		if (last <= (v.read.visitor ?? 0) || last <= (st.readUpTo[v.topic] ?? 0)) return;
		st.readUpTo[v.topic] = last;
		this.socket.command("message.read", { conversation: v.topic, up_to: last }).catch(() => {
			delete st.readUpTo[v.topic];
		});
	}
	#deliver(i: Item): Promise<Sent> {
		const { conversation, client_id, text, files } = i;
		return this.socket.command<Sent>("message.send", { conversation, client_id, text, ...(files ? { files } : {}) });
	}
	#sent(i: Item, s: Sent): void {
		const v = st.views.value[i.conversation];
		if (!v || s.seq <= v.seq) return;
		void this.socket.command("resume", { topic: i.conversation, seq: v.seq }).catch(() => undefined);
	}
	write(text: string, files?: string[]): boolean {
		const at = Date.now();
		const item = { conversation: st.current.value, client_id: uuid(), text, at, ...(files ? { files } : {}) };
		const ok = this.outbox.add(item);
		this.#typed = 0;
		void this.outbox.drain(at);
		return ok;
	}
	type(): void {
		if (Date.now() - this.#typed < 1000) return;
		this.#typed = Date.now();
		this.socket.signal("typing", { conversation: st.current.value, on: true });
	}
	async begin(args: object): Promise<void> {
		const page = this.#init.page;
		// Pressed again because no answer came, it is the same beginning: the gateway may have taken it.
		const as = JSON.stringify(args);
		if (this.#begun?.as !== as) this.#begun = { as, ids: { command_id: uuid(), client_id: uuid() } };
		const { ids } = this.#begun;
		const ok = await this.socket.command<{ conversation: Conversation }>("conversation.start", {
			...ids,
			page,
			from: this.#init.from,
			locale: st.locale.value,
			...args,
		});
		this.#begun = undefined;
		this.#watch(ok.conversation);
		const h = st.hello.value;
		if (h) {
			const others = h.conversations.filter((c) => c.id !== ok.conversation.id);
			st.hello.value = { ...h, conversations: [...others, ok.conversation] };
		}
		st.position.value = undefined;
		st.current.value = ok.conversation.id;
		st.screen.value = "chat";
		this.keep("open", true);
		this.tell("chat-started");
	}
	async read(id: string): Promise<void> {
		const r = await this.socket.command<{ article: Page }>("article.open", {
			article: id,
			...(st.query.value.trim() ? { q: st.query.value.trim() } : {}),
			...this.#here(),
		});
		st.article.value = r.article;
		st.from.value = st.screen.value === "article" ? st.from.value : st.screen.value;
		st.screen.value = "article";
		this.tell("article-viewed", { article: id });
	}
	/** Steps of self-help belong to the conversation that goes on, if there is one. */
	#here(): object {
		const v = st.views.value[st.current.value];
		return v && v.status !== "closed" ? { conversation: v.topic } : {};
	}
	async rate(article: string, solved: boolean, text?: string): Promise<void> {
		await this.socket.command("article.rate", { article, solved, ...(text ? { text } : {}), ...this.#here() });
		this.tell("article-rated", { article, solved });
	}
	/** Goes to the login; true if this page leaves for it. */
	async openChange(id: string, over = false): Promise<boolean> {
		const page = this.#init.page;
		type Opened = { url: string; change: Change; popup: boolean };
		const ok = await this.socket.command<Opened>("change.open", { change: id, page, over });
		const { challenge = "", chg = "", commit = "" } = ok.change;
		const pending = { conversation: st.current.value, change: id, challenge, chg, commit };
		this.#init = { ...this.#init, pending };
		this.keep("pending", pending);
		this.up({ t: "go", url: ok.url, popup: ok.popup });
		return !ok.popup;
	}
	/** Takes the place of the way back at a host that cannot send the browser back. Throws CommandError. */
	async typeCode(change: string, code: string): Promise<void> {
		const { pending } = this.#init;
		if (pending?.change !== change || !this.#key) throw new Error(change);
		const { conversation, challenge, chg } = pending;
		const sig = await signFinish(this.#key, pending, `${challenge}\n${code}`);
		await this.socket.command("change.finish", { conversation, change, code, sig, chg });
	}
	async #finish(): Promise<void> {
		const { back, pending } = this.#init;
		if (!back) return;
		this.#init = { ...this.#init, back: undefined };
		this.keep("pending", undefined);
		if (!pending || !this.#key) {
			st.trouble.value = t("verify.lost");
			return;
		}
		const { conversation, change, chg } = pending;
		try {
			const sig = await signFinish(this.#key, pending, back);
			await this.socket.command("change.finish", { conversation, change, finish: back, sig, chg });
			this.up({ t: "done" });
		} catch (e) {
			if (e instanceof CommandError && e.error.retry !== "yes") st.trouble.value = st.words(e);
			else this.#init = { ...this.#init, back };
		}
	}
	/** The host says who is signed in there. It is shown as signed, and proves nothing for a change. */
	async identify(who: Who): Promise<void> {
		if (st.phase.value !== "live") {
			this.#identify = who;
			return;
		}
		this.#identify = undefined;
		const { token, email, hash } = who;
		const r = await this.socket.command<{ identity: Identity }>("identify", { token, email, hash });
		if (st.hello.value) st.hello.value = { ...st.hello.value, identity: r.identity };
	}
	/** A request with the visitor's pass, which lives a minute. Throws CommandError. */
	async fetch(path: string, init: RequestInit = {}): Promise<Response> {
		if (!this.#pass || this.#pass.until - Date.now() < 10_000) this.#pass = await this.socket.command("pass");
		const headers = { ...init.headers, Authorization: `Bearer ${this.#pass?.pass}` };
		const r = await fetch(path, { ...init, headers });
		if (!r.ok) throw new CommandError(await r.json());
		return r;
	}
	/** Pins of this page, then what solved most. A gateway that has just started may not know yet: asked again once. */
	async #suggest(again = true): Promise<void> {
		try {
			const q = new URLSearchParams({ mailbox: this.#init.mailbox, page: this.#init.page });
			const r = await this.fetch(`/v1/suggest?${q}`);
			st.suggestions.value = ((await r.json()) as { results: Suggestion[] }).results.slice(0, 3);
		} catch {
			st.suggestions.value = [];
		}
		if (again && !st.suggestions.value.length) setTimeout(() => void this.#suggest(false), 3000);
	}
}
/** A client's own id; without a secure context randomUUID is missing. */
export function uuid(): string {
	return globalThis.crypto.randomUUID?.() ?? newToken().slice(0, 22);
}
/** "Firefox 139 · Linux": as the browser says of itself. */
function browserName(): string {
	const ua = navigator.userAgent;
	const [, name = "", version = ""] = /(Firefox|Edg|OPR)\/(\d+)/.exec(ua) ?? /(Chrome|Version)\/(\d+)/.exec(ua) ?? [];
	const os = /Android|iPhone|iPad|Windows|Mac|CrOS|Linux/.exec(ua)?.[0] ?? "";
	const shown = ({ Edg: "Edge", OPR: "Opera", Version: "Safari" } as Record<string, string>)[name] ?? name;
	return `${shown} ${version} · ${os}`;
}
