import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { has, pick, t } from "../kit/i18n";
import { Nodes, safeURL } from "../kit/nodes";
import type { Item as Unsent } from "../kit/outbox";
import { clock, day, exact } from "../kit/time";
import { Avatar, Badge, Button, Empty, Icon, IconButton, MenuItem, Popover, toast, words } from "../kit/ui";
import type { FileRef, Message, Row } from "../kit/wire";
import { gateLook } from "./gate-look";
import type { Session } from "./session";
import * as st from "./state";
import { type Item, provenAt, readBy, stored, story, type Thread as T } from "./story";
import { age, size, visitorName } from "./words";

const names = { agent: st.agentName, mailbox: st.boxName };

/** Who it is, what state it is in, and what can be done with it. */
export function Head({ s, r }: { s: Session; r: Row }): JSX.Element {
	const mine = r.assignee === st.myId.value;
	const ended = r.status === "closed";
	const name = visitorName(r);
	const held = r.assignee && !mine ? st.agentName(r.assignee) : "";
	const may = mine || !r.assignee || st.me.value?.role === "supervisor";
	return (
		<header class="pane-head thread-head">
			<IconButton
				icon="back"
				flip
				class="narrow-only"
				label={t("pane.back")}
				onClick={() => {
					st.pane.value = "list";
				}}
			/>
			<Avatar name={name} of={r.visitor ?? r.id} />
			<div class="grow">
				<h2 class="one-line">{name}</h2>
				<p class="thread-sub">
					<Known r={r} />
					<span class="quiet-text one-line">
						{st.boxName(r.mailbox)}
						{r.number ? ` · #${r.number}` : ""}
						{held && ` · ${t("thread.with", { name: held })}`}
					</span>
				</p>
			</div>
			{r.status === "queued" && (
				<Button look="main" icon="hand" onClick={() => void s.claim(r.id)}>
					{t("list.claim")}
				</Button>
			)}
			{!ended && r.status !== "queued" && (
				<Button
					icon="check"
					class="roomy-only"
					off={!may && t("thread.held", { name: held })}
					onClick={() => ask("close")}
				>
					{t("thread.close")}
				</Button>
			)}
			{!ended && (
				<Popover label={t("thread.more")} class="icon-btn" align="end" button={<Icon name="more" />}>
					{(close) => (
						<>
							{!mine && r.status !== "queued" && may && (
								<MenuItem
									icon="person"
									label={t("thread.take")}
									keys="I"
									onPick={() => {
										close();
										void s.takeOver(r.id);
									}}
								/>
							)}
							<MenuItem icon="people" label={t("thread.assign")} keys="A" onPick={() => ask("assign", close)} />
							{r.status === "active" && mine && (
								<MenuItem
									icon="undo"
									label={t("thread.release")}
									onPick={() => {
										close();
										void s.act("conversation.release", { conversation: r.id }, t("thread.released"));
									}}
								/>
							)}
							{r.status !== "queued" && (
								<MenuItem icon="check" label={t("thread.close")} keys="E" onPick={() => ask("close", close)} />
							)}
						</>
					)}
				</Popover>
			)}
			<IconButton
				icon="panel"
				flip
				class="no-side-only"
				label={t("pane.side")}
				onClick={() => {
					st.pane.value = st.pane.value === "side" ? "thread" : "side";
				}}
			/>
		</header>
	);
}
function ask(what: "assign" | "close", close?: () => void): void {
	close?.();
	st.dialog.value = { what };
}
/** Typed is not proven: the badge always says which (P112). */
export function Known({ r }: { r: Row }): JSX.Element {
	const at = provenAt(st.threads.value[r.id]);
	if (at)
		return (
			<Badge tone="ok" icon="gate" fill title={t("known.proven.hint")}>
				{t("known.proven", { time: clock(at) })}
			</Badge>
		);
	if ((st.details.value[r.id]?.row ?? r).identity?.how === "signed")
		return <Badge title={t("known.signed.hint")}>{t("known.signed")}</Badge>;
	const typed = r.claimed?.name || r.claimed?.email;
	return <Badge title={t("known.typed.hint")}>{t(typed ? "known.typed" : "known.none")}</Badge>;
}

/** The conversation as staff sees it. Without a session it only reads: an earlier one in History. */
export function Thread({ s, r, frozen }: { s: Session; r: Row; frozen?: T }): JSX.Element {
	const th = frozen ?? st.threads.value[r.id];
	const items = useMemo(() => (th ? story(th, names) : []), [th]);
	const box = useRef<HTMLDivElement>(null);
	const end = useRef(true);
	const [more, setMore] = useState(false);
	const unsent = frozen ? [] : pending(r.id, th);
	const [firstNew] = useState(() => st.seen.value[r.id] ?? 0);
	const size = items.length + unsent.length;
	useLayoutEffect(() => {
		const b = box.current;
		if (!b) return;
		if (end.current) b.scrollTop = b.scrollHeight;
		else setMore(true);
	}, [size]);
	useEffect(() => {
		if (!frozen) s.look();
	}, [s, frozen]);
	const scroll = () => {
		const b = box.current;
		if (!b) return;
		end.current = b.scrollHeight - b.scrollTop - b.clientHeight < 60;
		if (end.current) setMore(false);
	};
	if (!th?.loaded) return <div class="log" aria-busy="true" />;
	const read = readBy(th, "visitor");
	const got = st.delivered.value[r.id] ?? 0;
	const types = st.typing.value[r.id];
	return (
		<div class="log-box">
			<div
				class="log"
				ref={box}
				role="log"
				aria-label={t("thread.log")}
				// biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by key
				tabIndex={0}
				onScroll={scroll}
			>
				{(th.events[0]?.seq ?? 1) > 1 && !frozen && (
					<Button look="quiet" onClick={() => void s.earlier(r.id).catch((e) => toast(words(e), "stop"))}>
						{t("thread.earlier")}
					</Button>
				)}
				{!items.length && <Empty icon="chat" title={t("thread.empty")} />}
				{items.map((i, n) => (
					<One key={i.id} s={s} r={r} i={i} before={items[n - 1]} read={read} got={got} firstNew={firstNew} />
				))}
				{unsent.map((u) => (
					<Pending key={u.client_id} s={s} u={u} />
				))}
			</div>
			<p class="typing" role="status">
				{!frozen && types && types.until > st.now.value && (
					<>
						<span class="dots" aria-hidden="true">
							<i />
							<i />
							<i />
						</span>
						{types.name ? t("thread.types", { name: types.name }) : t("thread.types.visitor")}
					</>
				)}
			</p>
			{more && (
				<Button
					class="to-end"
					icon="down"
					onClick={() => {
						const b = box.current;
						if (b) b.scrollTop = b.scrollHeight;
					}}
				>
					{t("thread.new")}
				</Button>
			)}
		</div>
	);
}
function pending(id: string, th: T | undefined): Unsent[] {
	const known = stored(th);
	return st.waiting.value.filter((u) => u.conversation === id && !known.has(u.client_id));
}
type OneProps = { s: Session; r: Row; i: Item; before?: Item; read: number; got: number; firstNew: number };
function One({ s, r, i, before, read, got, firstNew }: OneProps): JSX.Element {
	const today = day(i.at, st.now.value);
	const newDay = !before || day(before.at, st.now.value) !== today;
	const unreadHere = firstNew > 0 && i.at > firstNew && (!before || before.at <= firstNew) && i.kind === "message";
	return (
		<>
			{newDay && (
				<p class="day">
					<span>{today}</span>
				</p>
			)}
			{unreadHere && i.role === "visitor" && (
				<p class="day new">
					<span>{t("list.new")}</span>
				</p>
			)}
			{i.kind === "line" ? (
				<p class={`sys ${i.tone ?? ""}`}>
					{t(has(i.key) ? i.key : "sys.released", i.params)} <When at={i.at} />
				</p>
			) : i.kind === "gate" ? (
				<GateLine i={i} />
			) : (
				<Said s={s} r={r} i={i} joined={joins(before, i)} read={read} got={got} />
			)}
		</>
	);
}
function joins(a: Item | undefined, b: Item): boolean {
	if (!a || a.kind !== b.kind || (b.kind !== "message" && b.kind !== "note") || a.kind === "line" || a.kind === "gate")
		return false;
	return a.by === b.by && a.role === b.role && b.at - a.at < 120_000 && day(a.at, b.at) === day(b.at, b.at);
}
function When({ at }: { at: number }): JSX.Element {
	return (
		<time dateTime={new Date(at).toISOString()} title={exact(at)}>
			{clock(at)}
		</time>
	);
}
function GateLine({ i }: { i: Extract<Item, { kind: "gate" }> }): JSX.Element {
	const look = gateLook(i.move.state);
	return (
		<p class={`sys gate ${look.tone}`}>
			<Icon name={look.icon} fill={look.fill} />
			<button
				type="button"
				class="link"
				onClick={() => {
					st.tab.value = "verify";
					st.pane.value = "side";
				}}
			>
				{pick(i.move.title) || i.move.kind}
			</button>
			: {t(`gate.${i.move.state}`)} <When at={i.at} />
		</p>
	);
}
type SaidProps = {
	s: Session;
	r: Row;
	i: Extract<Item, { message: Message }>;
	joined: boolean;
	read: number;
	got: number;
};
function Said({ s, r, i, joined, read, got }: SaidProps): JSX.Element {
	const theirs = i.role === "visitor";
	const mine = i.by === st.myId.value;
	const name = theirs ? visitorName(r) : mine ? t("thread.you") : i.message.name || st.agentName(i.by);
	const kind = i.kind === "note" ? "note" : theirs ? "theirs" : "ours";
	const state = i.seq <= read ? "read" : i.seq <= got ? "delivered" : "sent";
	return (
		<div class={`said ${kind}${joined ? " joined" : ""}`}>
			{!joined && (
				<p class="said-head">
					{kind === "note" && (
						<Badge tone="wait" icon="note">
							{t("note.label")}
						</Badge>
					)}
					<b>{name}</b>
					{i.message.mentions?.includes(st.myId.value) && <Badge tone="accent">{t("note.you")}</Badge>}
					{i.message.via === "email" && (
						<Badge icon="mail">{t(i.message.unverified ? "thread.mail.unproven" : "thread.mail")}</Badge>
					)}
				</p>
			)}
			<div class="bubble">
				<span class="sr">{joined && `${name}: `}</span>
				<Body s={s} m={i.message} />
				<p class="said-foot">
					<When at={i.at} />
					{kind === "ours" && (
						<span class={`state ${state}`}>
							<Icon name={state === "sent" ? "check" : "checks"} /> {t(`state.${state}`)}
						</span>
					)}
				</p>
			</div>
		</div>
	);
}
function Body({ s, m }: { s: Session; m: Message }): JSX.Element {
	const guide = safeURL(m.guide?.url);
	return (
		<>
			{m.text && <Nodes nodes={m.nodes} />}
			{m.article && <ArticleCard s={s} id={m.article} />}
			{m.guide && (
				<p class="inset">
					<Icon name="link" />
					<span class="grow">
						<b>{pick(m.guide.title)}</b>
						<small>{t("guide.sent")}</small>
					</span>
					{guide && (
						<a href={guide} target="_blank" rel="noopener noreferrer">
							{t("guide.page")}
						</a>
					)}
				</p>
			)}
			{m.files?.map((f) => (
				<File key={f.id} f={f} />
			))}
		</>
	);
}
function ArticleCard({ s, id }: { s: Session; id: string }): JSX.Element {
	useEffect(() => void s.title(id), [s, id]);
	return (
		<p class="inset">
			<Icon name="book" />
			<span class="grow">
				<b>{st.titles.value[id] || t("article.card")}</b>
				<small>{t("article.card")}</small>
			</span>
		</p>
	);
}
function File({ f }: { f: FileRef }): JSX.Element {
	const url = `/v1/files/${f.id}`;
	return (
		<a class="inset file" href={url} download={f.name} target="_blank" rel="noopener">
			{f.type.startsWith("image/") ? <img src={url} alt="" loading="lazy" /> : <Icon name="file" />}
			<span class="grow">
				<b>{f.name}</b>
				<small>{size(f.size)}</small>
			</span>
			<Icon name="download" />
			<span class="sr">{t("file.download")}</span>
		</a>
	);
}
/** What the server has not confirmed yet; a refused one says so and can go again. */
function Pending({ s, u }: { s: Session; u: Unsent }): JSX.Element {
	return (
		<div class={`said ${u.note ? "note" : "ours"} pending${u.failed ? " failed" : ""}`}>
			<div class="bubble">
				<p class="pre">{u.text || u.files?.map(() => t("file.one")).join(", ") || t("guide.sent")}</p>
				<p class="said-foot">
					<span class="state">
						{u.failed
							? `${t("state.failed")}: ${t(`error.${u.failed}`)}`
							: `${t("state.waiting")} · ${age(st.now.value - u.at)}`}
					</span>
					{u.failed && (
						<>
							<Button
								look="quiet"
								onClick={() => {
									s.outbox.retry(u.client_id, Date.now());
									void s.outbox.drain(Date.now());
								}}
							>
								{t("state.retry")}
							</Button>
							<Button look="quiet" onClick={() => s.outbox.remove(u.client_id)}>
								{t("state.discard")}
							</Button>
						</>
					)}
				</p>
			</div>
		</div>
	);
}
