import { clock, exact } from "../kit/time";
import { type Event, type GateMoved, is, isGate, type Message, type Payloads } from "../kit/wire";
import { whyWords } from "./words";

/** One conversation as staff knows it: what both sides see, and the staff's side, each gapless. */
export type Thread = {
	id: string;
	events: Event[];
	staff: Event[];
	seq: number;
	staffSeq: number;
	loaded: boolean;
};
export function blank(id: string): Thread {
	return { id, events: [], staff: [], seq: 0, staffSeq: 0, loaded: false };
}
/** Takes a live event; repeats change nothing. */
export function take(t: Thread, e: Event): Thread {
	if (e.topic === t.id) return e.seq <= t.seq ? t : { ...t, events: [...t.events, e], seq: e.seq };
	if (e.topic === `${t.id}/staff`) return e.seq <= t.staffSeq ? t : { ...t, staff: [...t.staff, e], staffSeq: e.seq };
	return t;
}
export type Params = Record<string, string | number>;
export type Item = (
	| { kind: "message" | "note"; id: string; at: number; seq: number; by: string; role: string; message: Message }
	| { kind: "line"; id: string; at: number; seq: number; key: string; params: Params; tone?: string }
	| { kind: "escalation"; id: string; at: number; seq: number; by: string; data: Payloads["conversation.escalated"] }
	| { kind: "gate"; id: string; at: number; seq: number; move: GateMoved }
) & {
	/** Whose it is, where it goes on in another conversation. */
	of?: string;
};
export type Names = { agent(id: string | undefined): string; mailbox(id: string | undefined): string };

/**
 * Both sides in one line of time. A change's later steps keep the words of its first; drafts stay in the Verify
 * tab, and steps that follow each other fold into the last one. */
export function story(t: Thread, names: Names): Item[] {
	const all = [...t.events, ...t.staff].sort((a, b) => a.at - b.at || a.seq - b.seq);
	const out: Item[] = [];
	const moves: Record<string, GateMoved> = {};
	let signed = false;
	for (const e of all) {
		const item = itemOf(e, names);
		if (item?.kind === "line" && item.key === "sys.signed") {
			if (signed) continue; // the site signs at every visit of a page
			signed = true;
		}
		if (item?.kind === "gate") {
			const { change } = item.move;
			moves[change] = { ...moves[change], ...item.move };
			if (item.move.state === "draft") continue;
			item.move = moves[change];
			const last = out.at(-1);
			if (last?.kind === "gate" && last.move.change === change) out.pop();
		}
		if (item) out.push(item);
	}
	return out;
}
/** Items that are drawn together; a folded run shows its last line only. */
export type Fold = { items: Item[]; before?: Item; folded: boolean };
const LONG = 3;
const FOLDS = /^sys\.(started|offered|released|claimed|handed|assigned|moved|typed|signed|article|guide|window)/;
/** Gathers runs of lines about who had it and what was tried, of one day each; three and more fold. */
export function folds(items: Item[]): Fold[] {
	const out: Fold[] = [];
	const plain = (i: Item | undefined) => i?.kind === "line" && !i.tone && FOLDS.test(i.key);
	const date = (i: Item) => new Date(i.at).toDateString();
	items.forEach((i, n) => {
		const before = items[n - 1];
		const run = out.at(-1);
		if (run && before && plain(i) && plain(before) && date(i) === date(before)) run.items.push(i);
		else out.push({ items: [i], before, folded: false });
	});
	for (const run of out) run.folded = run.items.length >= LONG;
	return out;
}
function itemOf(e: Event, names: Names): Item | undefined {
	const base = { id: e.id, at: e.at, seq: e.seq };
	if (is(e, "message.created"))
		return { ...base, kind: "message", by: e.by.id ?? "", role: e.by.role, message: e.data };
	if (is(e, "note.created")) return { ...base, kind: "note", by: e.by.id ?? "", role: e.by.role, message: e.data };
	if (is(e, "conversation.escalated")) return { ...base, kind: "escalation", by: e.by.id ?? "", data: e.data };
	if (isGate(e)) return { ...base, kind: "gate", move: e.data };
	const line = said(e, names);
	return line && { ...base, kind: "line", ...line };
}
type Said = { key: string; params: Params; tone?: string };
/** What an event says in one line; undefined where it has none of its own. */
export function said(e: Event, names: Names): Said | undefined {
	const say = (key: string, params: Params = {}, tone?: string): Said => ({ key: `sys.${key}`, params, tone });
	const who = names.agent(e.by.id);
	if (is(e, "conversation.started")) return say("started");
	if (is(e, "conversation.offered")) return say("offered", { name: names.agent(e.data.agent) });
	if (is(e, "conversation.claimed"))
		return say(e.data.how === "assign" ? "handed" : "claimed", { name: e.data.name || names.agent(e.data.agent) });
	if (is(e, "conversation.assigned"))
		return e.data.mailbox
			? say("moved", { who, name: e.data.name || names.mailbox(e.data.mailbox) })
			: e.by.id === e.data.agent
				? say("claimed", { name: e.data.name || who })
				: say("assigned", { who, name: e.data.name || names.agent(e.data.agent) });
	if (is(e, "conversation.released") && e.data.reason === "withdrawn") return undefined;
	if (is(e, "conversation.released")) return say(`released.${e.data.reason}`, { name: names.agent(e.data.agent) });
	if (is(e, "conversation.missed")) return say("missed", { number: String(e.data.number) }, "stop");
	if (is(e, "ticket.opened")) {
		const { number, to } = e.data;
		return say(to ? "ticket.to" : "ticket", { number: String(number), to: to ?? "" });
	}
	if (is(e, "ticket.delivered")) return say("mail.delivered");
	if (is(e, "ticket.forwarded")) return say("forwarded", { who, to: e.data.to, text: e.data.text });
	if (is(e, "ticket.bounced")) return say("mail.bounced", {}, "stop");
	if (is(e, "conversation.closed") && e.data.reason === "visitor") return say("closed.visitor");
	if (is(e, "conversation.closed")) return say("closed", { reason: whyWords(e.data.reason || e.data.outcome), who });
	if (is(e, "conversation.reopened")) return say("reopened");
	if (is(e, "conversation.snoozed")) return say("snoozed", { who, time: exact(e.data.until) });
	if (is(e, "conversation.woken")) return say(`woken.${e.data.why}`, { who });
	if (is(e, "conversation.idling")) return say("idling", { time: exact(e.data.until) }, "wait");
	if (is(e, "conversation.stayed")) return say("stayed");
	if (is(e, "conversation.duplicate"))
		return say(e.data.of ? "duplicate.of" : "duplicate.by", { number: e.data.number ? `#${e.data.number}` : "" });
	if (is(e, "message.undone")) return say("undone", { who });
	if (is(e, "conversation.rated")) return say("rated", { n: e.data.stars, text: e.data.text ?? "" });
	if (is(e, "conversation.classified"))
		return say(e.data.type ? "classified" : "classified.none", { who, name: e.data.name ?? "" });
	if (is(e, "conversation.merged") || is(e, "conversation.unmerged")) return tied(e.data, e.topic, e.ev);
	if (is(e, "conversation.continued")) {
		const here = e.topic === `${e.data.from}/staff`;
		return say(here ? "continued.into" : "continued.from", { number: String(e.data.from_number ?? "") });
	}
	if (is(e, "conversation.split")) {
		const here = e.topic === `${e.data.from}/staff`;
		return say(here ? "split.off" : "split.of", { number: String(here ? e.data.into_number : e.data.from_number) });
	}
	if (is(e, "clock.warned")) return say(`warned.${e.data.clock}`);
	if (is(e, "clock.broken")) return say(`broken.${e.data.clock}`, {}, "stop");
	if (is(e, "conversation.frozen")) return say(e.data.change ? "frozen" : "frozen.held", {}, "stop");
	if (is(e, "message.held")) {
		if (!e.data.blocked && !e.data.kinds?.length) return say("queued", { who });
		return say(e.data.blocked ? "blocked" : "held", { who }, "stop");
	}
	if (is(e, "message.withdrawn")) return say("withdrawn", { who });
	if (is(e, "message.released")) return say("let", { who, reason: e.data.reason });
	if (is(e, "window.opened")) return say("window.opened", { time: clock(e.data.until) }, "ok");
	if (is(e, "window.closed")) return say("window.closed");
	if (is(e, "identity.proven")) return say("proven", {}, "ok");
	if (is(e, "identity.claimed") && (e.data.how === "signed" || e.data.how === "legacy")) return say(e.data.how);
	if (is(e, "identity.claimed")) return say("typed", { email: e.data.email ?? "", name: e.data.name ?? "" });
	if (is(e, "login.observed")) return say("login");
	if (is(e, "article.rated")) return say(e.data.solved ? "article.yes" : "article.no");
	if (e.ev === "guide.opened" || e.ev === "guide.done") return say(e.ev);
	return undefined;
}
/** Which conversation goes on in which, or by itself again. */
function tied(d: Payloads["conversation.merged"], topic: string, ev: string): Said {
	const into = topic === `${d.from}/staff`;
	const n = into ? d.into_number : d.from_number;
	const key = ev === "conversation.unmerged" ? "unmerged" : into ? "merged.into" : "merged.from";
	return { key: n ? `sys.${key}` : `sys.${key}.chat`, params: { number: String(n ?? "") } };
}

/** How far the visitor has read of the conversation's own topic. */
export function readBy(t: Thread, role: "visitor" | "staff"): number {
	let most = 0;
	for (const e of t.events)
		if (is(e, "message.read") && (e.by.role === "visitor") === (role === "visitor"))
			most = Math.max(most, e.data.up_to);
	return most;
}
/** Seq of the newest message of the visitor; 0 = none. */
export function lastFromVisitor(t: Thread): number {
	for (let i = t.events.length - 1; i >= 0; i--) {
		const e = t.events[i];
		if (e && e.ev === "message.created" && e.by.role === "visitor") return e.seq;
	}
	return 0;
}
/** again: it came to the state it was in, as a second approval does. */
export type Step = { at: number; state: string; ev: string; until?: number; again?: boolean };
/** The steps of one change, oldest first. */
export function steps(t: Thread, change: string): Step[] {
	return [...t.events, ...t.staff]
		.filter((e) => isGate(e) && (e.data as GateMoved).change === change)
		.sort((a, b) => a.at - b.at || a.seq - b.seq)
		.map((e, i, all) => {
			const { state, until } = e.data as GateMoved;
			const before = all[i - 1]?.data as GateMoved | undefined;
			return { at: e.at, state, ev: e.ev, until, again: before?.state === state };
		});
}
/** When a login was proven in this conversation last; undefined = never. */
export function provenAt(t: Thread | undefined): number | undefined {
	const found = t?.events.filter((e) => e.ev === "identity.proven" || e.ev === "proof.established").at(-1);
	return found?.at;
}
/** Client ids that the server has stored, so that an optimistic copy goes. */
export function stored(t: Thread | undefined): Set<string> {
	const ids = new Set<string>();
	for (const e of [...(t?.events ?? []), ...(t?.staff ?? [])])
		if (is(e, "message.created") || is(e, "note.created")) if (e.data.client_id) ids.add(e.data.client_id);
	return ids;
}
