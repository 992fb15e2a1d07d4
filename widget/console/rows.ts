import type { Clock, Row } from "../kit/wire";

export const VIEWS = [
	"incoming",
	"mine",
	"unassigned",
	"missed",
	"risk",
	"late",
	"waiting",
	"snoozed",
	"closed",
] as const;
export type ViewName = (typeof VIEWS)[number];
export type Rows = Record<string, Row>;

/** The same rule as the server's lists (gateway/web/agent.go), so that a touched row moves at once. */
export function inView(r: Row, view: ViewName, me: string, now = 0): boolean {
	if (r.snoozed_until) return view === "snoozed";
	switch (view) {
		case "snoozed":
			return false;
		case "incoming":
			return r.status === "queued";
		case "mine":
			return r.assignee === me && ["active", "open", "waiting"].includes(r.status);
		case "unassigned":
			return !r.assignee && (r.status === "queued" || r.status === "open");
		case "missed":
			return r.channel === "email" && r.status === "open";
		case "risk":
			return atRisk(r, now);
		case "late":
			return late(r, now);
		case "waiting":
			return r.status === "waiting";
		case "closed":
			return r.status === "closed";
	}
}
/** Rows of a view and mailbox: who waits longest stands first, what is over newest first. */
export function list(rows: Rows, view: ViewName, me: string, mailbox: string, now = 0): Row[] {
	const all = Object.values(rows).filter((r) => inView(r, view, me, now) && (!mailbox || r.mailbox === mailbox));
	if (view === "late" || view === "risk") return all.sort((a, b) => (a.clock?.due ?? 0) - (b.clock?.due ?? 0));
	if (view === "incoming" || view === "unassigned") return all.sort((a, b) => waitsSince(a) - waitsSince(b));
	if (view === "missed") return all.sort((a, b) => (a.missed_at ?? a.started_at) - (b.missed_at ?? b.started_at));
	return all.sort((a, b) => lastAt(b) - lastAt(a));
}
export function counts(rows: Rows, me: string, mailbox = "", now = 0): Record<ViewName, number> {
	const out = Object.fromEntries(VIEWS.map((v) => [v, 0])) as Record<ViewName, number>;
	for (const r of Object.values(rows)) {
		if (mailbox && r.mailbox !== mailbox) continue;
		for (const v of VIEWS) if (inView(r, v, me, now)) out[v]++;
	}
	return out;
}
export const waitsSince = (r: Row): number => r.queued_at || r.started_at;
export const lastAt = (r: Row): number => r.last_message_at || r.started_at;

/** Merges rows; an older answer never overwrites a newer one. */
export function merge(rows: Rows, more: Row[]): Rows {
	const next = { ...rows };
	for (const r of more) {
		const old = next[r.id];
		if (!old || r.seq >= old.seq) next[r.id] = r.clock ? r : { ...r, clock: standing(old, r) };
	}
	return next;
}
/** What runs for another turn, state or mailbox is another clock: until it is read none is known. */
function standing(old: Row | undefined, r: Row): Clock | undefined {
	const same = old && old.status === r.status && old.last_author === r.last_author && old.mailbox === r.mailbox;
	return same && old.holding_at === r.holding_at ? old.clock : undefined;
}
/** True when a clock of the conversation has run out. */
export function late(r: Row, now: number): boolean {
	return r.status !== "closed" && Boolean(r.clock?.due) && (r.clock?.due ?? 0) <= now;
}
/** True when two thirds of its time have passed, and not all of it. */
export function atRisk(r: Row, now: number): boolean {
	const { warn = 0, due = 0 } = r.clock ?? {};
	return r.status !== "closed" && warn > 0 && warn <= now && due > now;
}
/** Takes a full list of one view: what it no longer names has left that view while we were away. */
export function settle(rows: Rows, view: ViewName, me: string, fresh: Row[]): Rows {
	if (view === "late" || view === "risk") return merge(rows, fresh); // it is ours to say what has run out since
	const named = new Set(fresh.map((r) => r.id));
	const kept = Object.values(rows).filter((r) => named.has(r.id) || !inView(r, view, me));
	return merge(Object.fromEntries(kept.map((r) => [r.id, r])), fresh);
}
/** Conversations that ring at me now, the oldest ring first. */
export function ringing(rows: Rows, me: string, now: number): Row[] {
	return Object.values(rows)
		.filter((r) => r.status === "queued" && r.offer?.agent === me && r.offer.until > now)
		.sort((a, b) => (a.offer?.until ?? 0) - (b.offer?.until ?? 0));
}
/** Chats of mine, and rings that hold a seat. */
export function seats(rows: Rows, me: string): number {
	return Object.values(rows).filter(
		(r) => (r.status === "active" && r.assignee === me) || (r.status === "queued" && r.offer?.agent === me),
	).length;
}
/** True when the visitor wrote last; after a reply that only asks for patience it is our turn, and his word is older. */
export function visitorsWord(r: Row): boolean {
	return r.last_author === "visitor" && (r.last_message_at ?? 0) !== (r.holding_at ?? -1);
}
/** True when the visitor wrote last and I have not looked since. */
export function unread(r: Row, me: string, seen: Record<string, number>): boolean {
	return r.assignee === me && visitorsWord(r) && lastAt(r) > (seen[r.id] ?? 0) && r.status !== "closed";
}
