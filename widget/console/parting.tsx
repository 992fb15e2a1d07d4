import type { JSX } from "preact";
import { t } from "../kit/i18n";
import type { Item, Sent } from "../kit/outbox";
import { exact } from "../kit/time";
import { Button, codeOf, Icon, MenuItem, Popover, toast, words } from "../kit/ui";
import type { FileRef, Row } from "../kit/wire";
import { setDraft } from "./drafts";
import { bringBack } from "./held";
import { step } from "./list";
import type { Session } from "./session";
import * as st from "./state";
import { stored } from "./story";

/** How long a row stays out of the lists after its answer has gone, in ms: by then it has ended, or it comes back. */
const GRACE = 3000;

/** What a ticket's answer does besides being sent. */
export type How = "next" | "stay" | "list" | "snooze";

/** After an answer: the next one of the list, the list, or nothing. */
export function moveOn(s: Session, r: Row, how: How): void {
	if (how === "stay") return;
	const near = how === "list" ? undefined : [step(1), step(-1)].find((id) => id && id !== r.id);
	if (near) {
		void s.show(near).catch((e) => toast(words(e), "stop"));
		return;
	}
	st.open.value = "";
	st.pane.value = "list";
	requestAnimationFrame(() => document.getElementById("list")?.focus());
}
const drop = (message: string): void => {
	st.leaving.value = st.leaving.value.filter((l) => l.message !== message);
};
/** The gateway keeps a ticket's answer for a moment: said at once, with the way back (P58). */
export function kept(s: Session, i: Item, r: Sent): void {
	if (r.state !== "waiting" || !r.until) return;
	const { close, snooze } = i.ticket ?? {};
	const l: st.Leaving = {
		message: r.id,
		conversation: i.conversation,
		until: r.until,
		hides: Boolean(close || snooze),
		article: i.article,
	};
	const left = Math.max(0, r.until - Date.now() - st.skew.value);
	st.leaving.value = [...st.leaving.value, l];
	setTimeout(() => drop(l.message), left + GRACE);
	const said = close ? t("undo.closed") : snooze ? t("undo.snoozed", { time: exact(snooze) }) : t("undo.sent");
	toast(said, "ok", { label: t("undo.do"), run: () => void undo(s, l) }, left);
}
/** Takes an answer back: its words stand in the composer again, and the ticket is on the screen. */
export async function undo(s: Session, l: Pick<st.Leaving, "message" | "conversation" | "article">): Promise<void> {
	type R = { text: string; files?: FileRef[]; article?: string; holding?: boolean; cc?: string[]; continue?: boolean };
	try {
		const r = await s.socket.command<R>("ticket.undo", { message: l.message });
		drop(l.message);
		const id = l.conversation;
		bringBack(id, r.text);
		const article = r.article && { id: r.article, label: st.titles.value[r.article] || t("article.card") };
		const { holding, cc } = r; // or the same words would answer, and to fewer
		setDraft(id, {
			...(r.files?.length ? { files: r.files } : {}),
			...(article ? { article } : {}),
			holding,
			cc,
			chat: r.continue,
		});
		st.pane.value = "thread";
		toast(t("undo.done"), "ok");
		await s.show(id);
		document.getElementById("composer")?.focus();
	} catch (e) {
		toast(codeOf(e) === "gone" ? t("undo.gone") : words(e), "stop");
	}
}
/** The last answer of mine that has not gone. False when there is none. */
export function undoLast(s: Session): boolean {
	const last = st.leaving.value.filter((l) => l.until > st.now.value).at(-1);
	if (last) void undo(s, last);
	return Boolean(last);
}
/** Answers that can still be taken back; the visitor has none of them yet. */
export function Partings({ s, r }: { s: Session; r: Row }): JSX.Element {
	const known = stored(st.threads.value[r.id]);
	const list = (st.details.value[r.id]?.partings ?? []).filter((p) => !known.has(p.client_id));
	return (
		<>
			{list.map((p) => (
				<section key={p.id} class="said ours pending" aria-label={t("undo.label")}>
					<p class="said-head">
						<b>{p.author === st.myId.value ? t("thread.you") : st.agentName(p.author)}</b>
					</p>
					<div class="bubble">
						{p.text && <p class="pre">{p.text}</p>}
						{p.files?.map((f) => (
							<p key={f.id} class="pre">
								{f.name}
							</p>
						))}
						<p class="said-foot">
							<span class="state">
								<Icon name="clock" /> {t(p.closes ? "undo.goes.closes" : "undo.goes")}
							</span>
							{p.author === st.myId.value && (
								<Button
									look="quiet"
									icon="undo"
									onClick={() => void undo(s, { message: p.id, conversation: r.id, article: undefined })}
								>
									{t("undo.do")}
								</Button>
							)}
						</p>
					</div>
				</section>
			))}
		</>
	);
}
/** A ticket's ways to send, beside the one that its button does. */
export function SendMenu({ go }: { go(how: How): void }): JSX.Element {
	const items: [How, string | undefined][] = [
		["stay", "Ctrl ⇧ Enter"],
		["list", undefined],
		["snooze", undefined],
	];
	return (
		<Popover label={t("composer.send.more")} class="icon-btn" align="end" button={<Icon name="down" />}>
			{(close) =>
				items.map(([how, keys]) => (
					<MenuItem
						key={how}
						icon={how === "snooze" ? "clock" : "send"}
						label={t(`composer.send.${how}`)}
						keys={keys}
						onPick={() => {
							close();
							go(how);
						}}
					/>
				))
			}
		</Popover>
	);
}
