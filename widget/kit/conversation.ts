import type { Params } from "./i18n";
import { type Event, type GateMoved, is, isGate, type Message, type Role } from "./wire";

/** One line of a thread: a message, or a system line with the key of its words. */
export type Line =
	| { at: number; seq: number; id: string; role: Role; message: Message }
	| { at: number; seq: number; id: string; key: string; params: Params };
export type View = {
	topic: string;
	seq: number;
	lines: Line[];
	status: string;
	agent: string;
	number?: number;
	frozen: boolean;
	rating?: { stars: number; text?: string };
	/** Guide cards whose page was opened, or that are done, by message. */
	guides: Record<string, "opened" | "done">;
	/** How far each side has read. */
	read: Record<string, number>;
	changes: Record<string, GateMoved & { at: number }>;
	/** The warning that silence ends it, while it holds. */
	idling?: Line;
};
export function empty(topic: string, seq = 0): View {
	return { topic, seq, lines: [], status: "queued", agent: "", frozen: false, guides: {}, read: {}, changes: {} };
}
/** Events that are one line, whatever they carry, and what else they change. */
const PLAIN: Record<string, [line: string, changes?: Partial<View>]> = {
	"conversation.started": ["started"],
	"ticket.bounced": ["bounced"],
	"conversation.reopened": ["reopened", { status: "open" }],
	"conversation.frozen": ["frozen", { frozen: true }],
	"identity.proven": ["proven"],
};
function said(e: Event, key: string, params: Params = {}, id = e.id): Line {
	return { at: e.at, seq: e.seq, id, key, params };
}
/** Takes one event. Events of other topics and repeats change nothing. A gap gives undefined: resume. */
export function take(v: View, e: Event): View | undefined {
	if (e.topic !== v.topic || e.seq <= v.seq) return v;
	if (e.seq !== v.seq + 1) return undefined;
	const next = { ...v, seq: e.seq };
	const line = (key: string, params?: Params): View => ({ ...next, lines: [...v.lines, said(e, key, params)] });
	if (isGate(e)) {
		const old = v.changes[e.data.change];
		return { ...next, changes: { ...v.changes, [e.data.change]: { ...old, ...e.data, at: e.at } } };
	}
	if (is(e, "message.created")) return addMessage(v, e);
	if (is(e, "message.read")) {
		// Seniors, supervisors and admins answer as agents do.
		const side = e.by.role === "visitor" ? "visitor" : "agent";
		return { ...next, read: { ...v.read, [side]: e.data.up_to } };
	}
	if (is(e, "conversation.idling")) return { ...next, idling: said(e, "line.idling") };
	if (is(e, "conversation.stayed")) return { ...next, idling: undefined };
	if (is(e, "conversation.closed")) {
		const why = v.idling ? [v.idling] : []; // it came true, and stays to be read
		return { ...next, lines: [...v.lines, ...why, said(e, "line.closed")], status: "closed", idling: undefined };
	}
	const plain = PLAIN[e.ev];
	if (plain) return { ...line(`line.${plain[0]}`), ...plain[1] };
	if (is(e, "conversation.queued"))
		return e.data.back ? { ...line("line.back"), status: "queued", agent: "" } : { ...next, status: "queued" };
	if (is(e, "conversation.claimed"))
		return { ...line("line.claimed", { name: e.data.name }), status: "active", agent: e.data.name, idling: undefined };
	if (is(e, "conversation.assigned"))
		return e.data.name
			? {
					...line("line.assigned", { name: e.data.name }),
					agent: e.data.agent ? e.data.name : v.agent,
					idling: undefined,
				}
			: next;
	if (is(e, "conversation.missed"))
		return { ...line("line.missed", { number: String(e.data.number) }), status: "open", number: e.data.number };
	if (is(e, "ticket.opened")) return ticketOpened(next, e);
	if (is(e, "guide.opened") || is(e, "guide.done"))
		return { ...next, guides: { ...v.guides, [e.data.message]: e.ev === "guide.done" ? "done" : "opened" } };
	if (is(e, "conversation.rated")) return { ...next, rating: e.data };
	return next;
}
/** The number, unless the line before has just told it, and where the answer will be. */
function ticketOpened(v: View, e: Event<{ number: number; to?: string }>): View {
	const { number, to = "" } = e.data;
	const line = (key: string): Line => said(e, key, { number: String(number), to }, `${e.id}/${key}`);
	const last = v.lines.at(-1);
	const told = last && "key" in last && last.key === "line.missed";
	const lines = [...(told ? [] : [line("line.ticket")]), line(to ? "line.ticket.to" : "line.ticket.here")];
	return { ...v, lines: [...v.lines, ...lines], status: "open", number };
}
function addMessage(v: View, e: Event<Message>): View {
	const known = v.lines.some((l) => "message" in l && l.message.client_id && l.message.client_id === e.data.client_id);
	if (known) return { ...v, seq: e.seq };
	const line: Line = { at: e.at, seq: e.seq, id: e.id, role: e.by.role, message: e.data };
	return { ...v, seq: e.seq, lines: [...v.lines, line], idling: undefined };
}
