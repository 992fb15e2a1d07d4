import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { has, t } from "../../kit/i18n";
import { exact } from "../../kit/time";
import { api, Button, Empty, Icon, TextField, toast } from "../../kit/ui";
import { useLoad, wrong } from "../data";
import { Loaded, Table } from "../parts";

export type Status = {
	leaves: number;
	export: boolean;
	checked?: { leaves: number; at: number; wrong: number };
	differs: string[] | null;
};
type Leaf = {
	n: number;
	at: string;
	actor: string;
	role: string;
	conversation: string;
	change: string;
	from: string;
	to: string;
	reason: string;
	level: string;
};
type Log = { leaves: Leaf[]; next: number };

export function word(prefix: string, code: string): string {
	return has(`${prefix}.${code}`) ? t(`${prefix}.${code}`) : code;
}

/** Reads pages of a list that goes back in time. */
export function usePages<P extends { next: number }, R>(path: string, of: (page: P) => R[]) {
	const first = useLoad<P>(path);
	const [more, setMore] = useState<P[]>([]);
	useEffect(() => setMore([]), [first.data]);
	const last = more.at(-1) ?? first.data;
	const load = async () => {
		try {
			const page = await api<P>("GET", `${path}&before=${last?.next}`);
			setMore([...more, page]);
		} catch (e) {
			toast(wrong(e).text, "stop");
		}
	};
	const rows = [...(first.data ? [first.data] : []), ...more].flatMap(of);
	return { first, rows, more: last && last.next > 0 ? load : undefined };
}
export function More({ onMore, label }: { onMore(): Promise<void>; label?: string }): JSX.Element {
	return (
		<div class="more">
			<Button onClick={() => void onMore()}>{label ?? t("a.more")}</Button>
		</div>
	);
}

/** How far the log was verified, and what the hourly comparison has found. */
export function Verified({ s }: { s: Status }): JSX.Element {
	const k = s.checked;
	const bad = (k?.wrong ?? 0) + (s.differs?.length ?? 0) > 0;
	return (
		<div role="status" class={`notice ${bad ? "stop" : k ? "ok" : ""}`} data-verified>
			<Icon name={bad ? "warn" : "checks"} />
			<span>
				{!k
					? t("a.audit.unchecked", { n: s.leaves })
					: t(k.wrong ? "a.audit.checked.bad" : "a.audit.checked", {
							n: Math.max(0, k.leaves - 1),
							bad: k.wrong,
							at: exact(k.at),
						})}
				{!!s.differs?.length && <> {t("a.audit.differs", { ids: s.differs.join(", ") })}</>}
			</span>
		</div>
	);
}

/** A file with all that is needed to check the log elsewhere. */
export function Export({ query, label }: { query: string; label: string }): JSX.Element {
	return (
		<a class="btn plain" href={`/v1/audit/bundle${query && `?${query}`}`} download title={t("a.audit.export.hint")}>
			<Icon name="download" />
			<span>{label}</span>
		</a>
	);
}

type Asked = { kind: string; actor: string; conversation: string; reason: string; from: string; to: string };
const nothing: Asked = { kind: "", actor: "", conversation: "", reason: "", from: "", to: "" };

/** The filter as the routes take it; days begin at midnight here, and the last one is in it. */
function queryOf(a: Asked, only?: (keyof Asked)[]): string {
	const q = new URLSearchParams();
	for (const k of ["kind", "actor", "conversation", "reason"] as const)
		if (a[k].trim() && (!only || only.includes(k))) q.set(k, a[k].trim());
	if (a.from) q.set("from", String(new Date(`${a.from}T00:00`).getTime()));
	if (a.to) {
		const end = new Date(`${a.to}T00:00`);
		end.setDate(end.getDate() + 1);
		q.set("to", String(end.getTime()));
	}
	return q.toString();
}

/** The lines of the log, newest first, and a search in them. */
export function LogList({ exports }: { exports?: boolean }): JSX.Element {
	const [form, setForm] = useState(nothing);
	const [asked, setAsked] = useState(nothing);
	const query = queryOf(asked);
	const part = queryOf(asked, ["conversation"]);
	const { first, rows, more } = usePages<Log, Leaf>(`/v1/audit/log?limit=100&${query}`, (p) => p.leaves);
	const field = (k: keyof Asked, type: "text" | "date" = "text") => (
		<TextField
			label={t(`a.audit.${k}`)}
			type={type}
			dir={type === "text" ? "ltr" : undefined}
			maxLength={200}
			value={form[k]}
			onInput={(e) => setForm({ ...form, [k]: e.currentTarget.value })}
		/>
	);
	return (
		<>
			<form
				class="filters"
				aria-label={t("a.audit.find")}
				onSubmit={(e) => {
					e.preventDefault();
					setAsked(form);
				}}
			>
				{field("kind")}
				{field("actor")}
				{field("conversation")}
				{field("reason")}
				{field("from", "date")}
				{field("to", "date")}
				<Button type="submit" icon="search">
					{t("a.audit.find")}
				</Button>
				{exports && part && <Export query={part} label={t("a.audit.export.part")} />}
			</form>
			<Loaded from={first}>
				{() => (
					<>
						{rows.length ? (
							<Lines rows={rows} />
						) : (
							<Empty icon="checks" title={t(query ? "a.audit.found.none" : "a.audit.log.none")} />
						)}
						{more && <More onMore={more} label={query ? t("a.audit.older") : undefined} />}
					</>
				)}
			</Loaded>
		</>
	);
}

function Lines({ rows }: { rows: Leaf[] }): JSX.Element {
	return (
		<Table
			label={t("a.audit.log")}
			rows={rows}
			id={(l) => String(l.n)}
			columns={[
				{ id: "n", label: "№", cell: (l) => l.n },
				{ id: "at", label: t("a.when"), cell: (l) => exact(Number(l.at)) },
				{
					id: "who",
					label: t("a.by"),
					cell: (l) => (
						<>
							{word("a.actor", l.role)}
							{l.actor && (
								<small class="under" dir="ltr">
									{l.actor}
								</small>
							)}
						</>
					),
				},
				{
					id: "step",
					label: t("a.audit.step"),
					grow: true,
					cell: (l) =>
						l.from === l.to
							? t(l.to === "applied" && !l.reason ? "a.change.is.read" : "a.audit.note")
							: `${l.from ? word("a.change.is", l.from) : "–"} → ${word("a.change.is", l.to)}`,
				},
				{ id: "reason", label: t("a.reason"), cell: (l) => (l.reason ? word("reason", l.reason) : "–") },
				{
					id: "change",
					label: t("a.change"),
					cell: (l) => <code dir="ltr">{l.change || l.conversation || "–"}</code>,
				},
			]}
		/>
	);
}
