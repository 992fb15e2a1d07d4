import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { t } from "../kit/i18n";
import { exact } from "../kit/time";
import { Avatar, Badge, Button, Empty, Icon, SearchField, Skeleton, toast, words } from "../kit/ui";
import type { Row } from "../kit/wire";
import { ClockBadge } from "./clocks";
import { viewIcon } from "./rail";
import { lastAt, unread, type ViewName, waitsSince } from "./rows";
import type { Session } from "./session";
import { SnoozeBadge } from "./snooze";
import { agentName, boxName, details, loaded, mailbox, myId, now, open, pane, place, rows, seen, shown } from "./state";
import { below, TypeBadge, wayIcon, wayName } from "./types";
import { age, visitorName, whyWords } from "./words";

export async function pick(s: Session, id: string): Promise<void> {
	pane.value = "thread";
	try {
		await s.show(id);
	} catch (e) {
		toast(words(e), "stop");
	}
}
export function List({ s }: { s: Session }): JSX.Element {
	const view = place.value as ViewName;
	const [q, setQ] = useState("");
	const [found, setFound] = useState<Row[] | undefined>();
	useEffect(() => {
		if (!q.trim()) return setFound(undefined);
		const wait = setTimeout(() => void s.find(q.trim()).then(setFound, (e) => toast(words(e), "stop")), 200);
		return () => clearTimeout(wait);
	}, [q, s]);
	const all = found
		? found.map((r) => rows.value[r.id] ?? r).filter((r) => !mailbox.value || r.mailbox === mailbox.value)
		: shown.value;
	return (
		<section class="list" id="list" aria-label={t("pane.list")} tabIndex={-1}>
			<header class="pane-head">
				<h2 class="grow one-line">
					{found ? t("list.found") : t(`view.${view}`)}
					{mailbox.value && <small> {boxName(mailbox.value)}</small>}
				</h2>
				<span class="quiet-text">{all.length || ""}</span>
			</header>
			<div class="list-find">
				<SearchField label={t("list.find")} value={q} onType={setQ} />
			</div>
			{!all.length && !found && !loaded.value[view] && (
				<div class="pad">
					<Skeleton />
				</div>
			)}
			<ul class="cards">
				{all.map((r) => (
					<li key={r.id}>{r.status === "queued" ? <Waiting s={s} r={r} /> : <Line s={s} r={r} view={view} />}</li>
				))}
			</ul>
			{!all.length && (found || loaded.value[view]) && (
				<Empty icon={found ? "search" : viewIcon[view]} title={t(`empty.${found ? "found" : view}`)}>
					{t(`empty.${found ? "found" : view}.hint`)}
				</Empty>
			)}
		</section>
	);
}
/** One that waits for a person: age, deadline, first words, what was tried, claim (P37). */
function Waiting({ s, r }: { s: Session; r: Row }): JSX.Element {
	useEffect(() => s.peek(r.id), [s, r.id]);
	const tried = details.value[r.id]?.context;
	const read = tried?.read ?? [];
	const q = tried?.searches?.at(-1)?.q;
	const since = waitsSince(r);
	const left = (r.missed_at ?? 0) - now.value;
	const late = Boolean(r.missed_at) && left < ((r.missed_at ?? 0) - since) / 2;
	const ringsAt = r.offer && r.offer.until > now.value ? r.offer.agent : "";
	return (
		<article class={`card waiting${open.value === r.id ? " here" : ""}`}>
			<button type="button" class="card-open" data-row={r.id} onClick={() => void pick(s, r.id)}>
				<span class="card-top">
					<b class="grow one-line">{visitorName(r)}</b>
					<time class={late ? "late" : ""} title={exact(since)}>
						{age(now.value - since)}
					</time>
				</span>
				<span class="two-lines">
					<bdi>{r.first_words || t("list.nowords")}</bdi>
				</span>
				<span class="card-meta">
					<Badge>{boxName(r.mailbox)}</Badge>
					{r.missed_at ? (
						<Badge tone={late ? "wait" : "plain"} icon="clock">
							{left > 0 ? t("list.missed_in", { time: age(left) }) : t("list.missing")}
						</Badge>
					) : null}
					<ClockBadge r={r} />
					<TypeBadge r={r} />
					{ringsAt && (
						<Badge icon="bell">
							{ringsAt === myId.value ? t("list.rings_you") : t("list.rings", { name: agentName(ringsAt) })}
						</Badge>
					)}
				</span>
				{(q || read.length > 0) && (
					<span class="card-tried">
						{q && <span>{t("list.searched", { q })}</span>}
						{read.slice(-2).map((a) => (
							<span key={a.article}>{t("list.read", { title: a.title })}</span>
						))}
					</span>
				)}
			</button>
			<Button
				icon="hand"
				off={below(r)}
				aria-label={t("list.claim_of", { name: visitorName(r) })}
				onClick={() => void s.claim(r.id)}
			>
				{t("list.claim")}
			</Button>
		</article>
	);
}
function Line({ s, r, view }: { s: Session; r: Row; view: ViewName }): JSX.Element {
	const fresh = unread(r, myId.value, seen.value);
	const name = visitorName(r);
	const ours = r.last_author && r.last_author !== "visitor";
	return (
		<button
			type="button"
			class={`card line${open.value === r.id ? " here" : ""}${fresh ? " fresh" : ""}`}
			aria-current={open.value === r.id ? "true" : undefined}
			data-row={r.id}
			onClick={() => void pick(s, r.id)}
		>
			<Avatar name={name} of={r.visitor ?? r.id} />
			<span class="grow">
				<span class="card-top">
					<b class="grow one-line">{name}</b>
					<time title={exact(lastAt(r))}>{age(now.value - lastAt(r))}</time>
				</span>
				<span class="one-line block">
					<Icon name={wayIcon(r)} />
					<span class="sr">{wayName(r)}: </span>
					<bdi>{r.subject || r.first_words || t("list.nowords")}</bdi>
				</span>
				<span class="card-meta">
					{fresh && <Badge tone="accent">{t("list.new")}</Badge>}
					{r.number ? <Badge icon="ticket">{`#${r.number}`}</Badge> : null}
					<ClockBadge r={r} />
					<TypeBadge r={r} />
					<SnoozeBadge r={r} />
					<span class="hint one-line">
						{boxName(r.mailbox)}
						{view !== "mine" && r.assignee && ` · ${agentName(r.assignee)}`}
						{r.status !== "closed" && ours && ` · ${t("list.answered")}`}
						{r.status === "closed" && ` · ${t(`outcome.${r.outcome || "resolved"}`)}`}
						{r.status === "closed" && r.reason && r.reason !== r.outcome && ` · ${whyWords(r.reason)}`}
					</span>
				</span>
			</span>
		</button>
	);
}
/** The next or previous row, by J and K. */
export function step(by: 1 | -1): string | undefined {
	const all = shown.value;
	const at = all.findIndex((r) => r.id === open.value);
	return all[at < 0 ? 0 : Math.max(0, Math.min(all.length - 1, at + by))]?.id;
}
