/** The words of gateway/web/PROTOCOL.md and the payloads of gateway/event.go. Times are unix milliseconds. */
export type Text = Record<string, string>;
export type Retry = "no" | "after" | "yes";
export type WireError = { code: string; reason?: string; params?: Record<string, string>; retry?: Retry; id?: string };
export type Command = { cmd: string; id: string; args: object };
export type Reply = { re: string; ok?: unknown; error?: WireError };
export type Role = "visitor" | "agent" | "system" | (string & {});
export type Event<D = unknown> = {
	ev: string;
	topic: string;
	seq: number;
	id: string;
	at: number;
	by: { role: Role; id?: string };
	data: D;
};
export type Signal = { sig: string; data: unknown };
export type Frame = Command | Reply | Event | Signal;

export type Node = {
	t: string;
	text?: string;
	url?: string;
	level?: number;
	ordered?: boolean;
	c?: Node[];
};
/** library = public; scrubbed = how many secrets were taken out of it. */
export type FileRef = { id: string; name: string; type: string; size: number; library?: boolean; scrubbed?: number };
export type Message = {
	id: string;
	client_id?: string;
	text: string;
	nodes: Node[];
	files?: FileRef[];
	name?: string;
	article?: string;
	guide?: { kind: string; url: string; title: Text };
	via?: string;
	unverified?: boolean;
	warnings?: string[];
	mentions?: string[];
	holding?: boolean;
	/** Its mail carries the link to go on in chat. */
	continue?: boolean;
};
/** An agent's answer in a ticket that can still be taken back. */
export type Parting = {
	id: string;
	client_id: string;
	author: string;
	at: number;
	until: number;
	text?: string;
	files?: FileRef[];
	closes?: boolean;
};
/** An agent's message that the leak guard holds. The text is there for its author and for supervisors. */
/** kinds: none where the site asks for silence (side access). */
export type Held = { id: string; author: string; kinds?: string[]; at: number; text?: string; files?: FileRef[] };
export type Status = "open" | "queued" | "claimed" | "ticket" | "closed" | (string & {});
export type Conversation = {
	id: string;
	mailbox: string;
	channel: string;
	status: Status;
	outcome?: string;
	number?: number;
	subject?: string;
	agent?: { name: string };
	seq: number;
	started_at: number;
	place?: number;
	rating?: { stars: number; text?: string };
	first_words?: string;
	last_message_at?: number;
	frozen?: boolean;
};
/** The clock of a conversation that runs out next, in ms; without a name none runs. */
export type Clock = { name?: string; warn?: number; due?: number };
export type Report = {
	customer: string;
	issue: string;
	spent_ms: number;
	tried: string[];
	status: string;
	urgency: number;
	impact: string;
};
export type Identity = { how: string; name?: string; email?: string };
export type Row = Conversation & {
	assignee?: string;
	offer?: { agent: string; until: number; ring: number };
	queued_at?: number;
	missed_at?: number;
	claimed_at?: number;
	last_message_at?: number;
	last_author?: string;
	first_words?: string;
	page?: string;
	browser?: string;
	locale?: string;
	claimed?: { name?: string; email?: string; fields?: Record<string, string> };
	/** What it was closed for. */
	reason?: string;
	visitor?: string;
	staff_seq?: number;
	identity?: Identity;
	clock?: Clock;
	/** web, email, api, phone, review, social or internal. */
	origin?: string;
	/** Its ticket type, and the lowest role that may hold it. */
	type?: string;
	min_role?: string;
	/** The last reply that only asked for patience. */
	holding_at?: number;
	/** Until when a ticket sleeps. */
	snoozed_until?: number;
};
export type Change = {
	id: string;
	conversation: string;
	kind: string;
	tier: string;
	title: Text;
	fields: Record<string, string>;
	labels: Record<string, Text>;
	state: string;
	until?: number;
	guide?: string;
	reason?: string;
	receipt?: string;
	recovery?: string;
	offered_by?: string;
	seconded?: boolean; // a supervisor has agreed while it cools
	challenge?: string;
	chg?: string;
	commit?: string;
	timeline: { at: number; state: string; reason?: string }[];
};
export type Context = {
	searches: { q: string; at: number }[];
	read: { article: string; title: string; at: number; solved?: boolean }[];
	page: string;
	browser: string;
	earlier: number;
};
export type GateMoved = {
	recovery?: string;
	challenge?: string;
	chg?: string;
	commit?: string;
	change: string;
	kind: string;
	state: string;
	title?: Text;
	labels?: Record<string, Text>;
	fields?: Record<string, string>;
	guide?: string;
	until?: number;
	reason?: string;
	receipt?: string;
};
export type Suggestion = { article: string; title: string; summary: string; score?: number; marks?: unknown };
export type Page = { article: string; title: string; version: number; nodes: Node[] };
export type Field = { name: string; label: string; required: boolean };
export type Mailbox = {
	id: string;
	slug: string;
	name: string;
	color?: string;
	greeting?: string;
	fields: Field[];
	open: boolean;
	until?: number;
	available: boolean;
	wait_s?: number;
};
export type FieldSpec = { name: string; as: string; values?: string[]; pattern?: string; max?: number; label: Text };
export type KindInfo = { name: string; title: Text; tier: string; guide?: string; recovery?: string; code?: boolean };
export type Welcome = { nonce: string; version: number; ping_ms: number; max_message: number; max_file: number };
export type VisitorHello = {
	visitor: string;
	mailbox: Mailbox;
	conversations: Conversation[];
	identity?: Identity;
	kinds: KindInfo[];
};
export type Membership = { agent?: string; mailbox: string; availability: string; reason?: string };
/** Somebody of the staff, as he sees himself and admins see him. */
export type Agent = {
	id: string;
	name: string;
	role: string;
	email?: string;
	/** Chats at once over all mailboxes; active = held now. */
	capacity: number;
	active: number;
	/** Has ever chosen an availability. */
	chosen: boolean;
	/** Why the system holds his availability back. */
	paused_for?: string;
	/** Announced absence, unix ms. */
	away_from?: number;
	away_until?: number;
	disabled?: boolean;
	presence?: string;
	/** Ids or names of ticket types, and languages as en or pt-BR. */
	tags?: string[];
	languages?: string[];
	version: number;
};
/** Somebody of the staff, as everybody sees him. */
export type Colleague = Pick<Agent, "id" | "name" | "role" | "presence"> &
	Partial<Pick<Agent, "active" | "capacity" | "tags" | "languages">>;
export type SavedReply = { id: string; mailbox?: string; owner?: string; title: string; text: string; version: number };
/** What an agent's first command is answered with; directory names the mailboxes he is no member of too. */
export type AgentHello = {
	agent: Agent;
	memberships: Membership[];
	policy_waits?: boolean; // a looser policy waits for two admins: supervisors, admins and auditors are told
	mailboxes: Pick<Mailbox, "id" | "name" | "color">[];
	directory?: Pick<Mailbox, "id" | "name" | "color">[];
	agents: Colleague[];
	now: number;
};

/** Payloads by event name. GateMoved carries change.*, challenge.* and proof.*. */
export type Payloads = {
	"conversation.started": {
		mailbox: string;
		page?: string;
		browser?: string;
		locale?: string;
		claimed: NonNullable<Row["claimed"]>;
	};
	"conversation.queued": { mailbox: string; round: number; queued_at: number; missed_at: number; back?: boolean };
	"conversation.offered": { agent: string; until: number; ring: number };
	"conversation.claimed": { agent: string; name: string; how: string };
	"conversation.assigned": { agent?: string; mailbox?: string; name?: string };
	"conversation.released": { agent: string; reason: string };
	"conversation.missed": { number: number; waited_ms: number; why: string };
	"conversation.closed": { outcome: string; reason?: string };
	"conversation.reopened": Record<string, never>;
	"conversation.rated": { conversation?: string; stars: number; text?: string };
	"conversation.frozen": { change: string };
	"conversation.escalated": {
		conversation?: string;
		level: number;
		reason?: string;
		told: { id: string; name: string }[];
		report: Report;
	};
	"conversation.classified": { conversation?: string; type: string; name?: string; role?: string };
	"mailbox.alarmed": { mailbox: string; day: string; over: number; longest_ms: number; oldest: string[] };
	"conversation.merged": { from: string; from_number?: number; into: string; into_number?: number };
	"conversation.unmerged": { from: string; from_number?: number; into: string; into_number?: number };
	"conversation.continued": { from: string; from_number?: number; into: string; into_number?: number };
	"conversation.split": { from: string; from_number: number; into: string; into_number: number; from_seq: number };
	"clock.warned": { conversation?: string; clock: string; due: number };
	"clock.broken": { conversation?: string; clock: string; due: number };
	"message.created": Message;
	"note.created": Message;
	"message.held": { message: string; kinds?: string[]; blocked?: boolean };
	"message.withdrawn": { message: string };
	"message.released": { message: string; reason: string };
	"message.posted": { message: string; until: number; closes?: boolean };
	"message.undone": { message: string };
	"conversation.snoozed": { conversation?: string; until: number };
	"conversation.idling": { until: number; mailed?: boolean };
	"conversation.stayed": Record<string, never>;
	"conversation.duplicate": { of?: string; by?: string; number?: number };
	"conversation.deleted": { conversation?: string };
	"follow.changed": { conversation?: string; wanted: boolean; why: string };
	"conversation.woken": { conversation?: string; why: string };
	"message.read": { up_to: number };
	"article.suggested": { query: string; articles: string[] };
	"article.opened": { article: string; title: string; query?: string };
	"article.rated": { article: string; solved: boolean; text?: string };
	"guide.opened": { message: string };
	"guide.done": { message: string };
	"availability.changed": {
		agent: string;
		mailbox?: string;
		availability: string;
		paused?: boolean;
		reason?: string;
	};
	"ticket.opened": { number: number; subject: string; why: string; to?: string };
	"ticket.delivered": { message: string };
	"ticket.replied": { message: string; verified: boolean };
	"ticket.forwarded": { message: string; of: string; to: string; text: string };
	"ticket.bounced": { message?: string; code: string };
	"window.opened": { change: string; until: number };
	"window.moved": { change: string; agent?: string };
	"window.closed": { change: string; why: string };
	"login.observed": { source: string; match: boolean };
	"identity.claimed": { how: string; name?: string; email?: string };
	"identity.proven": { host: string };
	"setting.changed": { what: string; id?: string; version: number };
	"article.changed": { article: string };
};
/** True when an event is of that name; narrows its data. */
export function is<K extends keyof Payloads>(e: Event, kind: K): e is Event<Payloads[K]> {
	return e.ev === kind;
}
/** True for change.*, challenge.*, proof.*, and a login that was seen for a change. */
export function isGate(e: Event): e is Event<GateMoved> {
	return /^(change|challenge|proof|login)\./.test(e.ev) && Boolean((e.data as Partial<GateMoved>).change);
}
