import { computed, signal } from "@preact/signals";
import type { Item } from "../kit/outbox";
import type { Phase } from "../kit/socket";
import type { Change, Context, FieldSpec, Membership, Row, Text } from "../kit/wire";
import { counts, list, type Rows, ringing, seats, unread, type ViewName } from "./rows";
import type { Thread } from "./story";

export type Me = {
	id: string;
	name: string;
	role: string;
	email?: string;
	capacity: number;
	active: number;
	chosen: boolean;
	paused_for?: string;
};
export type Colleague = {
	id: string;
	name: string;
	role: string;
	presence?: string;
	active?: number;
	capacity?: number;
};
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
export type Detail = { row: Row; context: Partial<Context>; changes: Change[]; kinds: Kind[] };
export type SavedReply = { id: string; mailbox?: string; owner?: string; title: string; text: string; version: number };
export type Place = ViewName | "replies";
export type Pane = "list" | "thread" | "side";
export type SideTab = "visitor" | "account" | "verify" | "articles" | "history";
export type Open =
	| { what: "assign" | "close" | "shortcuts" | "palette" }
	| { what: "reply"; reply?: SavedReply; text?: string };

export const screen = signal<"loading" | "signin" | "password" | "app" | "elsewhere">("loading");
export const me = signal<Me | undefined>(undefined);
export const boxes = signal<Box[]>([]);
export const directory = signal<Box[]>([]);
export const colleagues = signal<Colleague[]>([]);
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
export const composer = signal<"reply" | "note">("reply");

export const myId = computed(() => me.value?.id ?? "");
export const rings = computed(() => ringing(rows.value, myId.value, now.value));
export const tally = computed(() => counts(rows.value, myId.value, mailbox.value));
export const taken = computed(() => Math.max(seats(rows.value, myId.value), 0));
export const news = computed(() => Object.values(rows.value).filter((r) => unread(r, myId.value, seen.value)).length);
export const shown = computed(() =>
	place.value === "replies" ? [] : list(rows.value, place.value, myId.value, mailbox.value),
);
export const current = computed<Row | undefined>(
	() => rows.value[open.value] ?? details.value[open.value]?.row ?? undefined,
);

/** Settings of this browser. */
export type Prefs = { sound: boolean; keys: boolean; scheme: string; density: string; lang: string };
const PREFS = "postern-console";
export const prefs = signal<Prefs>(readPrefs());
function readPrefs(): Prefs {
	const first = { sound: true, keys: true, scheme: "", density: "", lang: navigator.language ?? "en" };
	return { ...first, ...read<Partial<Prefs>>(PREFS) };
}
export function setPrefs(p: Partial<Prefs>): void {
	prefs.value = { ...prefs.value, ...p };
	write(PREFS, prefs.value);
	look();
}
export function look(): void {
	const d = document.documentElement.dataset;
	if (prefs.value.scheme) d.scheme = prefs.value.scheme;
	else delete d.scheme;
	if (prefs.value.density) d.density = prefs.value.density;
	else delete d.density;
}
/** Reads this browser's storage; undefined where it is blocked, empty or spoilt. */
export function read<T>(key: string): T | undefined {
	try {
		return JSON.parse(localStorage.getItem(key) ?? "null") ?? undefined;
	} catch {
		return undefined;
	}
}
export function write(key: string, v: unknown): void {
	try {
		localStorage.setItem(key, JSON.stringify(v));
	} catch {
		// Storage is blocked: it lives as long as the page.
	}
}
export const boxName = (id: string | undefined): string =>
	boxes.value.find((b) => b.id === id)?.name ?? directory.value.find((b) => b.id === id)?.name ?? "";
export const agentName = (id: string | undefined): string =>
	id === myId.value ? (me.value?.name ?? "") : (colleagues.value.find((a) => a.id === id)?.name ?? "");
