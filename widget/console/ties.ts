import { signal } from "@preact/signals";
import { api } from "../kit/ui";
import type { Row } from "../kit/wire";
import type { Part } from "./merged";
import * as st from "./state";

/** Another conversation that belongs to one, or may. */
export type Tie = {
	kind: "into" | "from" | "of" | "off" | "alike" | "onward" | "before";
	id: string;
	number?: number;
	subject?: string;
	status: string;
	at?: number;
	/** Until when a merge can be undone. */
	until?: number;
	/** Why the two cannot be merged. */
	why?: string;
};
export type Ties = { ties: Tie[]; parts: Part[] };

export const ties = signal<Record<string, Ties>>({});

/** Reads what belongs to a conversation; a failure leaves what was there. */
export async function readTies(id: string): Promise<void> {
	const r = await api<Ties>("GET", `/v1/conversations/${id}/ties`).catch(() => undefined);
	if (r) ties.value = { ...ties.value, [id]: r };
}
/** The tickets on this screen that may be the same as one, as a text that changes with them: the server decides. */
export function near(r: Row): string {
	const of = (x: Row) => (x.number && x.status !== "closed" ? [x.visitor, x.claimed?.email?.toLowerCase()] : []);
	const mine = [r.visitor, r.claimed?.email?.toLowerCase()].filter(Boolean);
	return Object.values(st.rows.value)
		.filter((x) => x.id !== r.id && x.mailbox === r.mailbox && of(x).some((k) => k && mine.includes(k)))
		.map((x) => x.id)
		.sort()
		.join();
}
/** What may be merged into a conversation, and is not yet. */
export function mergeable(id: string): Tie[] {
	return (ties.value[id]?.ties ?? []).filter((t) => t.kind === "alike" && !t.why);
}
/** True when the agent may act on a conversation as its assignee would. */
export function mayAct(r: Row): boolean {
	return !r.assignee || r.assignee === st.myId.value || st.me.value?.role === "supervisor";
}
