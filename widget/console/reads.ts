import { batch } from "@preact/signals";
import { api, toast, words } from "../kit/ui";
import type { Agent, Colleague, Event, Membership, Row, SavedReply } from "../kit/wire";
import { merge, settle, type ViewName } from "./rows";
import * as st from "./state";

/** What the console reads over HTTP, each into its signals. A failure is said where it is seen, else kept quiet. */
export async function readList(view: ViewName): Promise<void> {
	try {
		const { conversations } = await api<{ conversations: Row[] }>("GET", `/v1/conversations?view=${view}`);
		st.rows.value = settle(st.rows.value, view, st.myId.value, conversations);
		st.loaded.value = { ...st.loaded.value, [view]: true };
	} catch (e) {
		toast(words(e), "stop");
	}
}
/** Conversations by words, in the chosen mailbox. */
export async function find(q: string): Promise<Row[]> {
	const path = `/v1/conversations?q=${encodeURIComponent(q)}&mailbox=${st.mailbox.value}`;
	const { conversations } = await api<{ conversations: Row[] }>("GET", path);
	st.rows.value = merge(st.rows.value, conversations);
	return conversations;
}
export async function readTeam(): Promise<void> {
	type R = { memberships: Membership[]; agents: Colleague[] };
	const r = await api<R>("GET", "/v1/availability").catch(() => undefined);
	if (!r) return;
	batch(() => {
		st.everyone.value = r.memberships ?? [];
		st.colleagues.value = r.agents;
		st.memberships.value = st.everyone.value.filter((m) => m.agent === st.myId.value);
	});
}
export async function readReplies(): Promise<void> {
	const r = await api<{ replies: SavedReply[] }>("GET", "/v1/replies").catch(() => undefined);
	if (r) st.replies.value = r.replies;
}
export async function whoAmI(): Promise<void> {
	const r = await api<{ agent: Agent }>("GET", "/v1/me").catch(() => undefined);
	if (r) st.me.value = r.agent;
}
/** Of which conversations I have said, or done, whether I hear of them. */
export async function readFollows(): Promise<void> {
	const r = await api<{ follows: Record<string, boolean> }>("GET", "/v1/follows").catch(() => undefined);
	if (r) st.follows.value = r.follows ?? {};
}
/** Who must be let go on before he looks into another account; supervisors alone may ask. */
export async function readSpent(): Promise<void> {
	if (st.me.value?.role !== "supervisor") return;
	type R = { spent: { agent: string; at: number }[] };
	const r = await api<R>("GET", "/v1/reads/spent").catch(() => undefined);
	if (r) st.spent.value = r.spent;
}
/** Row, context, changes, kinds, held messages and reasons for doubt of a conversation. */
export async function readDetail(id: string): Promise<void> {
	type R = { conversation: Row } & Partial<
		Pick<st.Detail, "context" | "changes" | "kinds" | "held" | "risks" | "partings" | "proposed" | "reasons" | "assist">
	>;
	try {
		const r = await api<R>("GET", `/v1/conversations/${id}`);
		const { context = {}, changes = [], kinds = [], held = [], risks = [], assist = false } = r;
		const { partings = [], proposed = "", reasons = [] } = r;
		const d = { row: r.conversation, context, changes, kinds, held, risks, partings, proposed, reasons, assist };
		batch(() => {
			st.details.value = { ...st.details.value, [id]: d };
			st.rows.value = merge(st.rows.value, [r.conversation]);
		});
	} catch (e) {
		if (id === st.open.value) toast(words(e), "stop");
	}
}
/** The last events of a conversation, both sides. Errors: as the route. */
export async function readThread(id: string): Promise<void> {
	type R = { events: Event[]; staff?: Event[]; head: number; staff_head?: number };
	const r = await api<R>("GET", `/v1/conversations/${id}/events?limit=200`);
	const staff = r.staff ?? [];
	const seq = r.events.at(-1)?.seq ?? 0;
	const thread = { id, events: r.events, staff, seq, staffSeq: staff.at(-1)?.seq ?? 0, loaded: true };
	st.threads.value = { ...st.threads.value, [id]: thread };
}
/** What was said before the events that are there. Errors: as the route. */
export async function readEarlier(id: string): Promise<void> {
	const th = st.threads.value[id];
	const first = th?.events[0]?.seq ?? 0;
	if (!th || first <= 1) return;
	const r = await api<{ events: Event[] }>("GET", `/v1/conversations/${id}/events?before=${first}&limit=200`);
	const now = st.threads.value[id] ?? th;
	st.threads.value = { ...st.threads.value, [id]: { ...now, events: [...r.events, ...now.events] } };
}
