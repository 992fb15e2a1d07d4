import { computed, signal } from "@preact/signals";
import { absence } from "../kit/days";
import type { Item } from "../kit/outbox";
import type { Phase } from "../kit/socket";
import type {
	Agent,
	Change,
	Colleague,
	Context,
	FieldSpec,
	Held,
	Membership,
	Message,
	Parting,
	Row,
	SavedReply,
	Text,
} from "../kit/wire";
import { counts, list, type Rows, ringing, seats, unread, type ViewName } from "./rows";
import type { Thread } from "./story";

export type Box = { id: string; name: string; color?: string; host?: string };
export type Kind = {
	name: string;
	title: Text;
	tier: string;
	fields?: FieldSpec[];
	guide?: string;
	assisted?: boolean;
	recovery?: string;
};
/** A reason to look twice before a change is offered, and what it rests on. */
export type Risk = { reason: string; about: string[] };
export type Detail = {
	row: Row;
	context: Partial<Context>;
	changes: Change[];
	kinds: Kind[];
	held: Held[];
	risks: Risk[];
	partings: Parting[];
	/** How it would end now, and what it can be closed for. */
	proposed: string;
	reasons: string[];
	/** A language model drafts and summarises here. */
	assist: boolean;
};
/** An open account card: the only facts about an account that the console ever holds. */
export type Card = { conversation: string; change: string; until: number; facts: Record<string, string> };
export type TicketType = { id: string; name: string; role: string };
/** An answer of mine in a ticket that can be taken back until then. hides: the ticket leaves the lists with it. */
export type Leaving = { message: string; conversation: string; until: number; hides: boolean; article?: string };
export type Place = ViewName | "replies";
export type Pane = "list" | "thread" | "side";
export type SideTab = "visitor" | "account" | "verify" | "articles" | "history";
export type Open =
	| { what: "assign" | "away" | "close" | "escalate" | "merge" | "type" | "shortcuts" | "palette" | "passkeys" }
	| { what: "release"; held: Held }
	| { what: "snooze"; send?: (until: number) => void }
	| { what: "split"; seq: number; text: string }
	| { what: "forward"; message: Message }
	| { what: "reply"; reply?: SavedReply; text?: string };

export const screen = signal<"loading" | "unreached" | "signin" | "password" | "app" | "elsewhere">("loading");
export const me = signal<Agent | undefined>(undefined);
/** What conversations may be about, and the lowest role that may hold each. */
export const types = signal<TicketType[]>([]);
export const boxes = signal<Box[]>([]);
export const directory = signal<Box[]>([]);
export const colleagues = signal<Colleague[]>([]);
/** A looser policy waits for two admins. */
export const policyWaits = signal(false);
export const memberships = signal<Membership[]>([]);
export const everyone = signal<Membership[]>([]);
export const rows = signal<Rows>({});
export const place = signal<Place>("incoming");
export const mailbox = signal("");
export const open = signal("");
export const pane = signal<Pane>("list");
export const tab = signal<SideTab>("visitor");
export const dialog = signal<Open | undefined>(undefined);
export const menu = signal(false);
export const threads = signal<Record<string, Thread>>({});
export const details = signal<Record<string, Detail>>({});
export const replies = signal<SavedReply[]>([]);
export const waiting = signal<readonly Item[]>([]);
export const phase = signal<Phase>("idle");
export const slow = signal(false);
export const away = signal(0);
export const typing = signal<Record<string, { name: string; until: number }>>({});
export const delivered = signal<Record<string, number>>({});
export const seen = signal<Record<string, number>>({});
export const titles = signal<Record<string, string>>({});
export const loaded = signal<Record<string, boolean>>({});
/** Server's milliseconds now, ticking once a second. */
export const now = signal(Date.now());
export const skew = signal(0);
/** On the screen now; gone with the tab, the conversation, the connection or the gateway's word. */
export const card = signal<Card | undefined>(undefined);
/** Agents who have looked into as many accounts as one may, for supervisors. */
export const spent = signal<{ agent: string; at: number }[]>([]);
/** Counts how often somebody's budget was spent or freed. */
export const freed = signal(0);
/** Kind that the offer form begins with, once. */
export const wish = signal("");
/** What decides whether I hear of a conversation; where nothing does, who has it hears. */
export const follows = signal<Record<string, boolean>>({});
export const leaving = signal<readonly Leaving[]>([]);
export const composer = signal<"reply" | "note">("reply");

/** Now, to ten seconds: what has run out. */
export const tick = computed(() => Math.floor(now.value / 10_000) * 10_000);
export const myId = computed(() => me.value?.id ?? "");
export const rings = computed(() => ringing(rows.value, myId.value, now.value));
export const tally = computed(() => counts(rows.value, myId.value, mailbox.value, tick.value));
export const taken = computed(() => Math.max(seats(rows.value, myId.value), 0));
export const news = computed(
	() => Object.values(rows.value).filter((r) => unread(r, myId.value, seen.value) && hears(r)).length,
);
/** Tickets whose answer is on its way and ends them: they have left the lists already. */
const gone = computed(() => new Set(leaving.value.filter((l) => l.hides).map((l) => l.conversation)));
export const shown = computed(() => {
	if (place.value === "replies") return [];
	const all = list(rows.value, place.value, myId.value, mailbox.value, tick.value);
	return gone.value.size ? all.filter((r) => !gone.value.has(r.id)) : all;
});
export const current = computed<Row | undefined>(
	() => rows.value[open.value] ?? details.value[open.value]?.row ?? undefined,
);

export const hears = (r: Row): boolean => follows.value[r.id] ?? r.assignee === myId.value;
export const boxName = (id: string | undefined): string =>
	boxes.value.find((b) => b.id === id)?.name ?? directory.value.find((b) => b.id === id)?.name ?? "";
/** What my announced absence says, "" = none. */
export const myAbsence = (): string => absence(me.value ?? {}, now.value);
export const agentName = (id: string | undefined): string =>
	id === myId.value ? (me.value?.name ?? "") : (colleagues.value.find((a) => a.id === id)?.name ?? "");
/** A conversation that is gone for good leaves every list and the screen. */
export function forget(id: string): void {
	const { [id]: _, ...rest } = rows.value;
	rows.value = rest;
	const { [id]: __, ...others } = details.value;
	details.value = others;
	if (open.value !== id) return;
	open.value = "";
	pane.value = "list";
}
