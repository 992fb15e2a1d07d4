import type { JSX } from "preact";
import { t } from "../kit/i18n";
import { clock } from "../kit/time";
import {
	Avatar,
	api,
	Badge,
	Button,
	Icon,
	IconButton,
	MenuItem,
	Popover,
	ask as question,
	toast,
	words,
} from "../kit/ui";
import type { Row } from "../kit/wire";
import { ClockBadge } from "./clocks";
import { FollowButton } from "./follow";
import { linkLater } from "./later";
import type { Session } from "./session";
import { maySnooze, SnoozeBadge } from "./snooze";
import * as st from "./state";
import { provenAt } from "./story";
import { below, TypeBadge } from "./types";
import { visitorName } from "./words";

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
				class="narrow-only"
				label={t("pane.back")}
				onClick={() => {
					st.pane.value = "list";
				}}
			/>
			<Avatar name={name} of={r.visitor ?? r.id} />
			<div class="grow">
				<h2 class="one-line" title={name}>
					{name}
				</h2>
				<p class="thread-sub">
					<Known r={r} />
					<ClockBadge r={r} />
					<TypeBadge r={r} />
					<SnoozeBadge r={r} />
					{ended && <Badge icon="archive">{t("status.closed")}</Badge>}
					<span class="quiet-text one-line">
						{st.boxName(r.mailbox)}
						{r.number ? ` · #${r.number}` : ""}
						{held && ` · ${t("thread.with", { name: held })}`}
					</span>
				</p>
			</div>
			{r.status === "queued" && (
				<Button look="main" icon="hand" off={below(r)} onClick={() => void s.claim(r.id)}>
					{t("list.claim")}
				</Button>
			)}
			{r.status === "open" && !r.assignee && (
				<Button look="main" icon="hand" off={below(r)} onClick={() => void s.takeOver(r.id)}>
					{t("list.claim")}
				</Button>
			)}
			{!ended && r.status !== "queued" && r.assignee && (
				<Button
					icon="check"
					class="roomy-only"
					aria-label={t("thread.close")}
					off={!may && t("thread.held", { name: held })}
					onClick={() => ask("close")}
				>
					{t("thread.close.short")}
				</Button>
			)}
			{!ended && <FollowButton s={s} r={r} />}
			{(!ended || mayDelete(r)) && <More s={s} r={r} mine={mine} may={may} ended={ended} />}
			<IconButton
				icon="panel"
				class="no-side-only"
				label={t("pane.side")}
				aria-pressed={st.pane.value === "side"}
				onClick={() => {
					st.pane.value = st.pane.value === "side" ? "thread" : "side";
				}}
			/>
		</header>
	);
}
/** Take, reassign, release, close: what cannot be done now is not listed. */
type MoreProps = { s: Session; r: Row; mine: boolean; may: boolean; ended: boolean };
function More({ s, r, mine, may, ended }: MoreProps): JSX.Element {
	return (
		<Popover label={t("thread.more")} class="icon-btn" align="end" button={<Icon name="more" />}>
			{(close) => (
				<>
					{!mine && !ended && r.status !== "queued" && may && !below(r) && (
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
					{!ended && <MenuItem icon="people" label={t("thread.assign")} keys="A" onPick={() => ask("assign", close)} />}
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
					{!below(r) && <MenuItem icon="ticket" label={t("type.open")} onPick={() => ask("type", close)} />}
					{maySnooze(r) && may && (
						<MenuItem icon="clock" label={t("snooze.open")} keys="S" onPick={() => ask("snooze", close)} />
					)}
					{r.snoozed_until && may && (
						<MenuItem
							icon="bell"
							label={t("snooze.wake")}
							onPick={() => {
								close();
								void s.act("conversation.snooze", { conversation: r.id, until: 0 }, t("snooze.woken"));
							}}
						/>
					)}
					{r.status !== "queued" && may && (
						<MenuItem icon="link" label={t("merge.open")} keys="Y" onPick={() => ask("merge", close)} />
					)}
					{!ended && <MenuItem icon="warn" label={t("escalate.open")} onPick={() => ask("escalate", close)} />}
					<MenuItem
						icon="link"
						label={t("thread.link")}
						onPick={() => {
							close();
							void linkLater(s, r.id);
						}}
					/>
					{!ended && r.status !== "queued" && (
						<MenuItem icon="check" label={t("thread.close")} keys="E" onPick={() => ask("close", close)} />
					)}
					{mayDelete(r) && (
						<MenuItem
							icon="trash"
							tone="stop"
							label={t("delete.open")}
							onPick={() => {
								close();
								void remove(r);
							}}
						/>
					)}
				</>
			)}
		</Popover>
	);
}
/** Supervisors and admins take tickets away for good (P77). */
const mayDelete = (r: Row): boolean => Boolean(r.number) && ["supervisor", "admin"].includes(st.me.value?.role ?? "");
async function remove(r: Row): Promise<void> {
	const title = t("delete.title", { number: `#${r.number}` });
	if (!(await question({ title, text: t("delete.text"), action: t("delete.go"), icon: "trash", stop: true }))) return;
	try {
		await api("DELETE", `/v1/conversations/${r.id}`);
		st.forget(r.id);
		toast(t("delete.done"), "ok");
	} catch (e) {
		toast(words(e), "stop");
	}
}
function ask(what: "assign" | "close" | "escalate" | "merge" | "snooze" | "type", close?: () => void): void {
	close?.();
	st.dialog.value = { what };
}
/** Typed is not proven: the badge always says which; a stopped verification outdoes both (P112). */
export function Known({ r }: { r: Row }): JSX.Element {
	if (r.frozen)
		return (
			<Badge tone="stop" icon="stop" title={t("sys.frozen")}>
				{t("known.frozen")}
			</Badge>
		);
	const at = provenAt(st.threads.value[r.id]);
	if (at)
		return (
			<Badge tone="ok" icon="gate" fill title={t("known.proven.hint")}>
				{t("known.proven", { time: clock(at) })}
			</Badge>
		);
	const how = (st.details.value[r.id]?.row ?? r).identity?.how;
	if (how === "legacy") return <Badge title={t("known.legacy.hint")}>{t("known.legacy")}</Badge>;
	if (how === "signed") return <Badge title={t("known.signed.hint")}>{t("known.signed")}</Badge>;
	const typed = r.claimed?.name || r.claimed?.email;
	return <Badge title={t("known.typed.hint")}>{t(typed ? "known.typed" : "known.none")}</Badge>;
}
