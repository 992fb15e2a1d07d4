import { signal } from "@preact/signals";
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { has, t } from "../kit/i18n";
import { CommandError } from "../kit/socket";
import { api, words } from "../kit/ui";
import type { Agent, SavedReply, Text } from "../kit/wire";

/** What the settings' routes carry; times are unix milliseconds unless said (gateway/web/PROTOCOL.md §7). */
export type Person = Agent;
export type Interval = { day: number; from: number; to: number };
export type OpenDay = { date: string; from: number; to: number };
export type Question = { name: string; label: string; required: boolean };
/** Limits in minutes that the mailbox is open; 0 = none. */
export type Targets = { first: number; next: number; resolve: number };
export type SLA = {
	off: boolean;
	targets: Targets[];
	classes: { class?: string; status?: string; targets: Targets[] }[] | null; // of accounts
	levels: { after: number; tell: string[] | null }[];
	/** Words of a visitor that reach management at once; null = the usual ones, none = it is off. */
	at_once?: string[] | null;
	/** Address that every report is mailed to. */
	report_to?: string;
};
export type TicketType = { id: string; name: string; role: string };
export type Types = { types: TicketType[]; mark: string };
/** Minutes of silence after which a visitor is warned, and the conversation ends. */
export type Idle = { chat_warn: number; chat_end: number; ticket_warn: number; ticket_end: number };
export type Box = {
	id: string;
	slug: string;
	name: string;
	address: string;
	zone: string;
	hours: Interval[] | null;
	holidays: string[] | null;
	days: OpenDay[] | null;
	color: string;
	greeting: string;
	signature: string;
	/** Lines with which an agent may end a mail. */
	closings?: string[];
	/** Mails that may leave in an hour; 0 or none = the usual number. */
	mail_per_hour?: number;
	origins: string[] | null;
	host: string;
	fields: Question[] | null;
	version: number;
	ring_s: number;
	missed_s: number;
	overflow?: string;
	overflow_s: number;
	/** Specialists first, among those who may be offered a chat. */
	prefer: boolean;
	/** Null = the usual times. */
	sla: SLA | null;
	/** Null = the usual times. */
	idle: Idle | null;
	/** Its own reasons to close, beside those of every mailbox. */
	reasons: string[] | null;
	/** Minutes of the longest weekday; told only. */
	work_day: number;
	/** The usual words that reach management at once; told only. */
	at_once: string[];
	members: string[];
};
export type Seat = {
	agent: string;
	mailbox: string;
	availability: string;
	since: string;
	by?: string;
	reason?: string;
};
export type Version = {
	number: number;
	title: string;
	summary: string;
	tags: string[];
	phrasings: string[];
	body: string;
	collection?: string;
	order?: number;
};
export type Article = {
	id: string;
	locale: string;
	status: string;
	visibility: string;
	mailboxes: string[];
	original?: string;
	published: number;
	version: Version;
	solved: number;
	unsolved: number;
	updated_at: number;
	/** When an editor wants it looked at again; 0 = after the default time. */
	review_by: number;
	reviewed_at: number;
	reviewed_by?: string;
	due_at: number;
	overdue: boolean;
};
export type Pin = {
	id: string;
	article: string;
	pattern: string;
	mailbox?: string;
	locale?: string;
	from: number;
	until: number;
	order: number;
};
export type Reply = SavedReply;
export type Last = { at: number; reason?: string; test?: boolean };
export type Source = { name: string; adapter: string; host: string; url: string; test?: boolean; last?: Last };
export type Host = {
	name: string;
	audience: string;
	site: string;
	verify_url: string;
	delivery_url: string;
	recovery_url: string;
	sessions: boolean;
	sources: number;
	kinds: number;
};
export type Switched = {
	off_by: string;
	off_at: number;
	asked_by?: string;
	asked_at?: number;
	agree_by?: string;
	on_at?: number;
};
export type Kind = {
	name: string;
	title: Text;
	tier: string;
	needs: string;
	host: string;
	state: "on" | "off" | "switched";
	guide?: string;
	assisted?: boolean;
	fields?: { name: string; as: string; label: Text }[];
	switch?: Switched;
	/** What this admin can do about a switched kind; missing = nothing now. */
	act?: "ask" | "again" | "agree";
};
/** A looser policy that the files have and that is not in force yet (gateway/web/loosen.go). */
export type PolicyWait = {
	hash: string;
	since: number;
	ask: { asked_by?: string; asked_at?: number; agree_by?: string; on_at?: number };
	act?: string;
	changes: { what: string; name: string; from: string; to: string }[];
};
export type Verification = {
	hosts: Host[];
	sources: Source[];
	kinds: Kind[];
	policy?: string;
	off: string;
	waits?: PolicyWait | null;
};

/** Who is signed in: undefined = not asked yet, null = nobody. */
export const me = signal<Person | null | undefined>(undefined);

/** Whose pages stay behind the sign-in form when a session ends by itself, so that nothing typed is lost. */
export const kept = signal<Person | undefined>(undefined);

const rights: Record<string, string[]> = {
	settings: ["admin"],
	articles: ["editor", "admin"],
	replies: ["supervisor", "admin"],
	audit: ["supervisor", "auditor", "admin"],
	force: ["supervisor", "admin"],
	assign: ["supervisor"],
	see: ["supervisor", "editor", "auditor", "admin"],
};
/** True when the signed-in person's role has the right; the server decides all the same. */
export function may(right: string): boolean {
	return (rights[right] ?? []).includes((me.value ?? kept.value)?.role ?? "");
}

export type Load<T> = { data: T | undefined; error: unknown; reload(): Promise<void>; set(data: T): void };
/** Reads a route, and again every ms while the page is looked at. 401 ends the session. */
export function useLoad<T>(path: string, every = 0): Load<T> {
	const [data, set] = useState<T>();
	const [error, fail] = useState<unknown>();
	const wanted = useRef(path);
	wanted.current = path;
	const reload = useCallback(async () => {
		try {
			const got = await api<T>("GET", path);
			if (wanted.current !== path) return; // somebody went on meanwhile
			set(got);
			fail(undefined);
		} catch (e) {
			noted(e);
			if (wanted.current === path) fail(e);
		}
	}, [path]);
	useEffect(() => {
		set(undefined);
		void reload();
		if (!every) return;
		const timer = setInterval(() => document.visibilityState === "visible" && me.value && void reload(), every);
		return () => clearInterval(timer);
	}, [reload, every]);
	return { data, error, reload, set };
}
function noted(e: unknown): void {
	if (e instanceof CommandError && e.error.code === "unauthenticated") me.value = null;
}

/** Where a refusal belongs: at its field, or under the form. */
export type Wrong = { field?: string; text: string };
export function wrong(e: unknown): Wrong {
	noted(e);
	if (!(e instanceof CommandError)) return { text: words(e) };
	const { code, params } = e.error;
	const field = params?.field;
	if (code === "too_large" && field) return { field, text: t("a.error.long", { max: params?.max ?? "" }) };
	if (field && has(`a.error.${field}`)) return { field, text: t(`a.error.${field}`) };
	return { field, text: words(e) };
}
/** Milliseconds of the last midnight here. */
export function midnight(): number {
	return new Date().setHours(0, 0, 0, 0);
}
/** Why the system holds somebody's availability, in words. */
export function paused(why: string): string {
	return has(`a.paused.${why}`) ? t(`a.paused.${why}`) : t("a.paused.other");
}
