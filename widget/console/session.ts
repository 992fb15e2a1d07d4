import { batch } from "@preact/signals";
import { t } from "../kit/i18n";
import { type Item, Outbox, type Sent } from "../kit/outbox";
import { openWebSocket, Socket, systemClock } from "../kit/socket";
import { api, codeOf, read, toast, words, write } from "../kit/ui";
import { type Agent, type AgentHello, type Event, is, isGate, type Membership, type Row } from "../kit/wire";
import { heard } from "./clocks";
import { draftOf } from "./drafts";
import { bringBack, heldWords } from "./held";
import { kept } from "./parting";
import {
	find,
	readDetail,
	readEarlier,
	readFollows,
	readList,
	readReplies,
	readSpent,
	readTeam,
	readThread,
	whoAmI,
} from "./reads";
import { merge, type ViewName, visitorsWord } from "./rows";
import * as st from "./state";
import { blank, lastFromVisitor, readBy, take } from "./story";
import { readTypes } from "./types";
import { visitorName } from "./words";

const WATCHED = 12;
/** How long my own claim may take until the row says so, in ms. */
const TAKES = 10_000;
const LIVE: ViewName[] = ["incoming", "mine", "unassigned", "missed", "risk", "late", "waiting", "snoozed"];

/** Everything between the gateway and the screens. */
export class Session {
	readonly socket: Socket<AgentHello>;
	outbox: Outbox = this.#box("");
	#open: string[] = [];
	#typed = 0;
	#soon = 0;
	#bell: () => void;
	/** Until when a conversation that becomes mine does so by my own doing: nobody needs to tell me. */
	#taking: Record<string, number> = {};

	constructor(bell: () => void) {
		this.#bell = bell;
		this.socket = new Socket<AgentHello>({
			url: `${location.origin.replace(/^http/, "ws")}/v1/socket`,
			open: openWebSocket,
			clock: systemClock,
			hello: (_, topics) => ({ as: "agent", topics }),
			onHello: (ok) => this.#welcomed(ok),
			onEvent: (e) => this.#event(e),
			onSignal: (sig, data) => this.#signal(sig, data as Record<string, unknown>),
			onReset: (topic, head) => void this.#anew(topic, head).catch(() => undefined),
			onPhase: (p, code) => {
				st.phase.value = p;
				if (p !== "live") st.card.value = undefined; // nobody could take it back
				st.away.value = p === "away" ? (code ?? 0) : 0;
				if (p === "away" && code === 4500) this.#out();
				if (p === "live") void this.outbox.drain(Date.now());
			},
			onSlow: (slow) => {
				st.slow.value = slow;
			},
		});
		const again = () => st.screen.value === "app" && this.socket.connect();
		addEventListener("online", again);
		addEventListener("pageshow", again);
		addEventListener("offline", () => this.socket.drop());
		document.addEventListener("visibilitychange", () => {
			again();
			this.look();
		});
		setInterval(() => (st.now.value = Date.now() + st.skew.value), 1000);
	}
	#box(agent: string): Outbox {
		const key = `postern-console-outbox:${agent}`;
		const box: Outbox = new Outbox(
			{ load: () => (agent && read<Item[]>(key)) || [], save: (items) => agent && write(key, items) },
			(i) => this.#deliver(i),
			(i, s) => this.#sent(i, s),
			() => {
				st.waiting.value = [...box.items];
			},
		);
		return box;
	}
	/** Asks who is signed in. */
	async start(): Promise<void> {
		try {
			this.enter((await api<{ agent: Agent }>("GET", "/v1/me")).agent);
		} catch (e) {
			st.screen.value = codeOf(e) === "unauthenticated" ? "signin" : "unreached";
		}
	}
	enter(agent: Agent): void {
		st.me.value = agent;
		this.outbox = this.#box(agent.id);
		st.waiting.value = this.outbox.items;
		st.seen.value = read(`postern-console-seen:${agent.id}`) ?? {};
		st.screen.value = ["editor", "auditor"].includes(agent.role) ? "elsewhere" : "app";
		if (st.screen.value === "app") this.socket.connect();
	}
	async signOut(): Promise<void> {
		await api("POST", "/v1/logout").catch(() => undefined);
		this.#out();
	}
	#out(): void {
		this.socket.stop();
		location.reload();
	}
	#welcomed(ok: AgentHello): void {
		batch(() => {
			st.me.value = ok.agent;
			st.memberships.value = ok.memberships ?? [];
			st.policyWaits.value = ok.policy_waits ?? false;
			st.boxes.value = ok.mailboxes;
			st.directory.value = ok.directory ?? ok.mailboxes;
			st.colleagues.value = ok.agents;
			st.skew.value = ok.now - Date.now();
			st.now.value = ok.now;
			if (!ok.agent.chosen) st.menu.value = true;
		});
		void this.lists();
		void readTeam();
		void readSpent();
		void readTypes();
		void this.savedReplies();
		void readFollows();
		for (const id of this.#open) void readDetail(id);
		if (st.open.value) void this.show(st.open.value);
	}
	/** Reads the living lists again; what the socket missed meanwhile shows here. */
	async lists(): Promise<void> {
		await Promise.all(LIVE.map((v) => this.list(v)));
	}
	list(view: ViewName): Promise<void> {
		return readList(view);
	}
	find(q: string): Promise<Row[]> {
		return find(q);
	}
	savedReplies(): Promise<void> {
		return readReplies();
	}
	/** Opens a conversation: its events, what was tried, its changes; live from then on. */
	async show(id: string): Promise<void> {
		if (st.open.value !== id) {
			const d = draftOf(id);
			st.composer.value = d.note && !d.text ? "note" : "reply";
		}
		st.open.value = id;
		this.#open = [id, ...this.#open.filter((x) => x !== id)];
		for (const old of this.#open.splice(WATCHED)) this.#leave(old);
		const have = st.threads.value[id]?.loaded;
		if (!have) await this.load(id);
		else this.#watch(id);
		if (!have || st.phase.value === "live") await readDetail(id);
		this.look();
	}
	async load(id: string): Promise<void> {
		await readThread(id);
		this.#watch(id);
	}
	earlier(id: string): Promise<void> {
		return readEarlier(id);
	}
	#watch(id: string): void {
		const th = st.threads.value[id] ?? blank(id);
		for (const [topic, seq] of [
			[id, th.seq],
			[`${id}/staff`, th.staffSeq],
		] as const) {
			this.socket.track(topic, seq);
			void this.socket.command("resume", { topic, seq: this.socket.seq(topic) }).catch(() => undefined);
		}
	}
	/** What the lists hold was read at the greeting; a conversation is read again. */
	async #anew(topic: string, head: number): Promise<void> {
		if (topic.startsWith("cv_")) await this.load(topic.replace(/\/staff$/, ""));
		else this.socket.track(topic, head);
	}
	#leave(id: string): void {
		for (const topic of [id, `${id}/staff`]) {
			this.socket.untrack(topic);
			void this.socket.command("leave", { topic }).catch(() => undefined);
		}
		const { [id]: _, ...rest } = st.threads.value;
		st.threads.value = rest;
	}
	/** What the visitor tried, for a row in Incoming. */
	peek(id: string): void {
		if (!st.details.value[id]) void readDetail(id);
	}
	#event(e: Event): void {
		const id = e.topic.replace(/\/staff$/, "");
		const th = st.threads.value[id];
		if (th) st.threads.value = { ...st.threads.value, [id]: take(th, e) };
		if (e.ev === "message.created" && e.by.role === "visitor" && th) {
			this.socket.signal("delivered", { topic: e.topic, seq: e.seq });
			const { [id]: _, ...rest } = st.typing.value;
			st.typing.value = rest;
			if (st.tab.value === "verify") this.#later(id); // the words may press
			this.look();
		}
		if (
			th &&
			(isGate(e) ||
				/^((article|identity|guide|conversation)\.|message\.(held|withdrawn|released|posted|undone)$)/.test(e.ev))
		)
			this.#later(id);
		if (is(e, "availability.changed")) {
			void readTeam();
			if (e.data.agent === st.myId.value) void whoAmI();
		}
		if (is(e, "setting.changed")) {
			if (e.data.what === "reply") void this.savedReplies();
			else if (e.data.what === "ticket.types") void readTypes();
			else if (e.data.what === "reads") {
				st.freed.value++;
				void readSpent();
			} else void readTeam();
		}
		if (is(e, "follow.changed") && e.data.conversation)
			st.follows.value = { ...st.follows.value, [e.data.conversation]: e.data.wanted };
		if (is(e, "conversation.deleted")) st.forget(e.data.conversation ?? "");
		const told = e.topic === st.myId.value && heard(e);
		if (told) this.#handed(told.id, told.words, told.to ?? st.place.value);
		if (is(e, "conversation.claimed") && e.data.agent === st.myId.value) void whoAmI();
		const lost = is(e, "window.closed") || (is(e, "window.moved") && e.data.agent !== st.myId.value);
		if (lost && e.data.change === st.card.value?.change) st.card.value = undefined;
	}
	#later(id: string): void {
		clearTimeout(this.#soon);
		this.#soon = window.setTimeout(() => void readDetail(id), 120);
	}
	#signal(sig: string, d: Record<string, unknown>): void {
		if (sig === "conversation.touched") this.#touched(d.conversation as Row);
		else if (sig === "typing") this.#types(d);
		else if (sig === "delivered" && (d.by as { role?: string } | undefined)?.role === "visitor") {
			const topic = String(d.topic);
			const most = Math.max(st.delivered.value[topic] ?? 0, Number(d.seq));
			st.delivered.value = { ...st.delivered.value, [topic]: most };
		} else if (sig === "presence") {
			const { agent, presence } = d as { agent: string; presence: string };
			st.colleagues.value = st.colleagues.value.map((a) => (a.id === agent ? { ...a, presence } : a));
		} else if (sig === "ping") {
			if (typeof d.now === "number") st.skew.value = d.now - Date.now();
			// A message that the gateway could not take is tried again at its next sign of life.
			void this.outbox.drain(Date.now());
		}
	}
	#touched(r: Row): void {
		const old = st.rows.value[r.id];
		const fresh = visitorsWord(r) && (r.last_message_at ?? 0) > (old?.last_message_at ?? 0);
		batch(() => {
			st.now.value = Date.now() + st.skew.value; // a ring counts from its whole time
			st.rows.value = merge(st.rows.value, [r]);
		});
		const became = old?.assignee !== st.myId.value && r.assignee === st.myId.value;
		const own = (this.#taking[r.id] ?? 0) > Date.now();
		if (own && r.assignee === st.myId.value) {
			delete this.#taking[r.id]; // the row itself may have come before, with the details
			if (st.open.value === r.id) st.place.value = "mine";
		} else if (became && st.loaded.value.mine) this.#handed(r.id, t("handed", { text: r.first_words ?? "" }));
		if (fresh && st.hears(r) && (document.hidden || st.open.value !== r.id)) {
			if (r.assignee === st.myId.value) this.#bell();
			else this.#handed(r.id, t("follow.news", { name: visitorName(r) }), st.place.value);
		}
		if (r.id === st.open.value) {
			this.#later(r.id);
			this.look();
		}
	}
	#take(id: string): void {
		this.#taking[id] = Date.now() + TAKES;
	}
	/** A colleague gave me one, or it needs me: said at once, with the way to it (P59). */
	#handed(id: string, said: string, to: st.Place = "mine"): void {
		this.#bell();
		void whoAmI();
		const open = () => {
			st.place.value = to;
			st.pane.value = "thread";
			void this.show(id).catch((e) => toast(words(e), "stop"));
		};
		toast(said, "info", { label: t("handed.open"), run: open });
	}
	#types(d: Record<string, unknown>): void {
		const by = d.by as { role: string; name?: string; id?: string };
		if (by.id === st.myId.value) return;
		const id = String(d.conversation);
		const { [id]: _, ...rest } = st.typing.value;
		const until = st.now.value + 6000;
		st.typing.value = d.on ? { ...rest, [id]: { name: by.name ?? "", until } } : rest;
	}
	/** Says that I have read what stands on my screen. */
	look(): void {
		const id = st.open.value;
		const th = st.threads.value[id];
		const r = st.rows.value[id];
		if (!th || !r || document.hidden || r.assignee !== st.myId.value) return;
		const at = Math.max(r.last_message_at ?? 0, th.events.at(-1)?.at ?? 0);
		if (at > (st.seen.value[id] ?? 0)) {
			st.seen.value = { ...st.seen.value, [id]: at };
			write(`postern-console-seen:${st.myId.value}`, st.seen.value);
		}
		const seq = lastFromVisitor(th);
		if (seq > readBy(th, "staff") && r.status !== "closed")
			void this.socket.command("message.read", { conversation: id, up_to: seq }).catch(() => undefined);
	}
	#deliver(i: Item): Promise<Sent> {
		const { conversation, client_id, text, files, article, guide, mentions, holding, ticket, cc } = i;
		const on = i.continue;
		if (!i.note && !st.rows.value[conversation]?.assignee) this.#take(conversation); // the first reply claims (P38)
		if (i.note) return this.socket.command<Sent>("note.send", { conversation, client_id, text, mentions });
		const said = { conversation, client_id, text, files, article, guide, holding, cc, continue: on };
		if (ticket) return this.socket.command<Sent>("ticket.send", { ...said, ...ticket });
		return this.socket.command<Sent>("message.send", said);
	}
	#sent(i: Item, s: Sent): void {
		const topic = i.note ? `${i.conversation}/staff` : i.conversation;
		const th = st.threads.value[i.conversation];
		const seq = i.note ? th?.staffSeq : th?.seq;
		if (i.ticket && s.state && s.until) kept(this, i, s);
		else if (s.state) this.#kept(i, s);
		else if (s.seq > (seq ?? s.seq)) void this.socket.command("resume", { topic, seq }).catch(() => undefined);
	}
	/** The leak guard kept a message back: nobody but the staff has it. A blocked one is not stored: its words return. */
	#kept(i: Item, s: Sent): void {
		if (s.state === "blocked") bringBack(i.conversation, i.text);
		if (s.state !== "queued")
			toast(`${t(s.state === "blocked" ? "held.blocked" : "held.kept")} ${heldWords(s.held)}`, "stop");
		this.#later(i.conversation);
	}
	/** Puts a message or note into the outbox; false when too many wait. */
	write(item: Omit<Item, "client_id" | "at">): boolean {
		const at = Date.now();
		const r = st.rows.value[item.conversation];
		const ticket = item.note || r?.channel !== "email" ? undefined : (item.ticket ?? {}); // with a way back
		const ok = this.outbox.add({ ...item, ticket, client_id: crypto.randomUUID(), at });
		void this.outbox.drain(at);
		this.#typed = 0;
		if (!item.note) this.socket.signal("typing", { conversation: item.conversation, on: false });
		return ok;
	}
	type(conversation: string): void {
		if (Date.now() - this.#typed < 1500) return;
		this.#typed = Date.now();
		this.socket.signal("typing", { conversation, on: true });
	}
	/** Runs a command and says in words what went wrong; true when it worked. */
	async act(cmd: string, args: object, done?: string): Promise<boolean> {
		try {
			await this.socket.command(cmd, args);
			if (done) toast(done, "ok");
			return true;
		} catch (e) {
			toast(words(e), "stop");
			return false;
		}
	}
	/** Optimistic: the row is mine at once; a loss puts it back and names the winner. */
	async claim(id: string): Promise<void> {
		const before = st.rows.value[id];
		if (!before) return;
		this.#take(id);
		const mine = { ...before, status: "active", assignee: st.myId.value, offer: undefined };
		batch(() => {
			st.rows.value = { ...st.rows.value, [id]: mine };
			st.place.value = "mine";
			st.pane.value = "thread";
			st.tab.value = "visitor";
		});
		void this.show(id).catch((e) => toast(words(e), "stop"));
		try {
			const { conversation } = await this.socket.command<{ conversation: Row }>("conversation.claim", {
				conversation: id,
			});
			st.rows.value = merge(st.rows.value, [conversation]);
			this.look();
		} catch (e) {
			batch(() => {
				st.rows.value = { ...st.rows.value, [id]: before };
				st.place.value = "incoming";
				st.open.value = "";
				st.pane.value = "list";
			});
			toast(words(e), "stop");
			void this.list("incoming");
		}
		void whoAmI();
	}
	/** A ticket that nobody holds becomes mine. */
	async takeOver(id: string): Promise<void> {
		this.#take(id);
		if (!(await this.act("conversation.assign", { conversation: id, agent: st.myId.value }))) return;
		st.place.value = "mine";
		await readDetail(id);
	}
	async decline(r: Row): Promise<void> {
		const { offer, ...rest } = r;
		st.rows.value = { ...st.rows.value, [r.id]: rest };
		await this.act("conversation.decline", { conversation: r.id, ring: offer?.ring ?? 0 });
		void whoAmI();
	}
	async availability(value: string, mailbox?: string): Promise<void> {
		try {
			const r = await this.socket.command<{ memberships: Membership[] }>("availability.set", {
				value,
				...(mailbox ? { mailbox } : {}),
			});
			st.memberships.value = r.memberships;
			if (st.me.value) st.me.value = { ...st.me.value, chosen: true, paused_for: undefined };
			void whoAmI();
		} catch (e) {
			toast(words(e), "stop");
		}
	}
	async back(): Promise<void> {
		if (await this.act("availability.restore", {})) await whoAmI();
	}
	async title(article: string): Promise<void> {
		if (article in st.titles.value) return;
		st.titles.value = { ...st.titles.value, [article]: "" };
		const r = await this.socket
			.command<{ article: { title: string } }>("article.open", { article })
			.catch(() => undefined);
		st.titles.value = { ...st.titles.value, [article]: r?.article.title ?? "" };
	}
}
