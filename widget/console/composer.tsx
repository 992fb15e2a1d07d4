import type { JSX, RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../kit/i18n";
import type { Item } from "../kit/outbox";
import { Button, Icon, IconButton, Tabs } from "../kit/ui";
import type { Row } from "../kit/wire";
import { AssistKeys, AssistNotes, unedited } from "./assist";
import { Closings, CopyTo } from "./copy-to";
import { type Draft, draftOf, setDraft } from "./drafts";
import { type Files, useFiles } from "./files";
import { Library } from "./library";
import { Nudge } from "./nudge";
import { type How, moveOn, SendMenu, undoLast } from "./parting";
import type { Session } from "./session";
import * as st from "./state";
import { Suggest, type Suggesting, useSuggest } from "./suggest";
import { leadsToChat, ToChat, ToChatChip } from "./to-chat";
import { unfilled } from "./vars";

/** Reply or note: two tabs that cannot be mistaken for each other (P60). */
export function Composer({ s, r }: { s: Session; r: Row }): JSX.Element {
	const held = r.assignee && r.assignee !== st.myId.value ? st.agentName(r.assignee) || t("note.someone") : "";
	const ended = r.status === "closed";
	const why = ended ? t("composer.ended") : held ? t("composer.held", { name: held }) : "";
	const at = why ? "note" : st.composer.value;
	return (
		<Tabs
			class={`composer ${at}`}
			label={t("composer.label")}
			at={at}
			tabs={[
				{ id: "reply", label: t("composer.reply"), icon: "reply" },
				{ id: "note", label: t("composer.note"), icon: "note" },
			]}
			onPick={(id) => {
				if (!why || id === "note") st.composer.value = id as "reply" | "note";
			}}
		>
			{why && <p class="hint composer-why">{why}</p>}
			<Writer key={at} s={s} r={r} note={at === "note"} />
		</Tabs>
	);
}
type Writing = { s: Session; r: Row; note: boolean; text: string; files: Files };
/** Hands what is written to the outbox; gives the reason in words when it stays. */
function send({ s, r, note, text, files }: Writing, d: Draft, ticket?: Item["ticket"]): string | undefined {
	const open = note ? [] : unfilled(text, d.brought);
	if (open.length) return t("composer.unfilled", { names: open.map((n) => `{${n}}`).join(", ") });
	if (!note && unedited(d)) return unedited(d);
	if (files.busy) return t("composer.uploading");
	if (!text.trim() && !files.ready.length && !(d.article && !note)) return "";
	const mentions = d.mentions.filter((m) => text.includes(`@${m.label}`)).map((m) => m.id);
	const extra = note
		? { note: true, ...(mentions.length ? { mentions } : {}) }
		: {
				files: files.ready,
				holding: d.holding,
				ticket,
				...(d.article ? { article: d.article.id } : {}),
				...(d.cc?.length ? { cc: d.cc } : {}),
				...(d.chat && leadsToChat(r) ? { continue: true } : {}),
			};
	if (!s.write({ conversation: r.id, text: text.trim(), ...extra })) return t("composer.full");
	const fresh = {
		text: "",
		article: undefined,
		brought: [],
		made: undefined,
		holding: undefined,
		cc: undefined,
		chat: undefined,
	};
	setDraft(r.id, note ? { note: "", mentions: [] } : fresh);
	files.clear();
	return undefined;
}
/** What sends, and what else there is to know; the same words for eye and ear. */
function hint(r: Row, note: boolean): string {
	if (note) return t("composer.hint.note");
	const mail = r.claimed?.email ? "composer.hint.mail" : "composer.hint.ticket";
	const sends = t(r.channel === "email" ? mail : "composer.hint");
	return r.assignee ? sends : `${t("composer.hint.claims")} · ${sends}`;
}
/**
 * What a key asks for. Enter sends a chat and stays, with Shift and Ctrl or Cmd it closes too; in a ticket Ctrl or Cmd
 * sends, closes and goes on, with Shift besides it stays. */
function meaning(e: KeyboardEvent, ticket: boolean): "leave" | "send" | "close" | How | undefined {
	const mod = e.ctrlKey || e.metaKey;
	if (e.key === "Escape") return "leave";
	if (e.key !== "Enter" || (!mod && (e.shiftKey || ticket))) return undefined;
	if (ticket) return e.shiftKey ? "stay" : "next";
	return mod && e.shiftKey ? "close" : "send";
}
/** The field grows with its text, up to a third of the window. */
function useGrowth(box: RefObject<HTMLTextAreaElement | null>, text: string): void {
	useEffect(() => {
		const b = box.current;
		if (!b) return;
		b.style.setProperty("block-size", "auto");
		b.style.setProperty("block-size", `${Math.min(b.scrollHeight + 2, innerHeight * 0.35)}px`);
	}, [box, text]);
}
function Writer({ s, r, note }: { s: Session; r: Row; note: boolean }): JSX.Element {
	const d = draftOf(r.id);
	const text = note ? d.note : d.text;
	const box = useRef<HTMLTextAreaElement>(null);
	const [error, setError] = useState("");
	const files = useFiles(r.id, setError);
	const set = (v: string) => setDraft(r.id, note ? { note: v } : { text: v, ...(v ? {} : { made: undefined }) });
	const sug = useSuggest(s, r, note, box, text, set);
	useGrowth(box, text);
	const ticket = !note && r.channel === "email";
	const go = (then?: Item["ticket"]): boolean => {
		const why = send({ s, r, note, text, files }, d, then);
		setError(why ?? "");
		return why === undefined;
	};
	// A ticket's answer: what becomes of the ticket, and what is looked at next (P58).
	const answer = (how: How): void => {
		if (how === "snooze")
			st.dialog.value = { what: "snooze", send: (snooze) => go({ snooze }) && moveOn(s, r, "next") };
		else if (go(how === "next" ? { close: true } : {})) moveOn(s, r, how);
	};
	const key = (e: KeyboardEvent) => {
		if (e.isComposing || sug.key(e)) return;
		if ((e.ctrlKey || e.metaKey) && e.key === "z" && !text && undoLast(s)) return e.preventDefault();
		const wants = meaning(e, r.channel === "email");
		if (wants === "leave") box.current?.blur();
		if (!wants || wants === "leave") return;
		e.preventDefault();
		if (note) go();
		else if (wants !== "send" && wants !== "close") answer(wants);
		else if (go() && wants === "close") st.dialog.value = { what: "close" };
	};
	const back = d.files; // of an answer that was taken back
	useEffect(() => {
		if (note || !back) return;
		for (const f of back) files.take(f);
		setDraft(r.id, { files: undefined });
	}, [note, back]);
	return (
		// biome-ignore lint/a11y/noStaticElementInteractions: dropping has a button, "Attach a file"
		<div
			class="writer"
			onDragOver={(e) => !note && e.preventDefault()}
			onDrop={(e) => {
				if (note) return;
				e.preventDefault();
				files.add(e.dataTransfer?.files ?? null);
			}}
		>
			<Suggest of={sug} />
			{!note && <Nudge s={s} r={r} />}
			{!note && <AssistNotes r={r} d={d} />}
			{!note && <CopyTo r={r} d={d} />}
			<textarea
				ref={box}
				id="composer"
				rows={2}
				value={text}
				aria-label={t(note ? "composer.note.write" : "composer.write")}
				aria-describedby="composer-hint"
				placeholder={t(note ? "composer.note.place" : "composer.place")}
				aria-autocomplete="list"
				aria-controls={sug.open ? "suggest" : undefined}
				aria-activedescendant={sug.open ? `suggest-${sug.at}` : undefined}
				onInput={(e) => {
					set(e.currentTarget.value);
					setError("");
					if (!note) s.type(r.id);
					sug.look();
				}}
				onClick={sug.look}
				onKeyDown={key}
				onBlur={sug.leave}
				onPaste={(e) => {
					if (!note && e.clipboardData?.files.length) files.add(e.clipboardData.files);
				}}
			/>
			<Chips r={r} d={d} note={note} files={files} />
			<p class="error" role="alert">
				{error}
			</p>
			<div class="writer-foot">
				{!note && <Tools r={r} text={text} files={files} sug={sug} />}
				<span class="hint grow wide-only" id="composer-hint">
					{hint(r, note)}
				</span>
				<span class="send-keys">
					<Button
						look="main"
						icon={note ? "note" : "send"}
						class={note ? "note-send" : ""}
						off={files.busy ? t("composer.uploading") : undefined}
						onClick={() => (ticket ? answer("next") : void go())}
					>
						{t(note ? "composer.note.send" : ticket ? "composer.send.next" : "composer.send")}
					</Button>
					{ticket && <SendMenu go={answer} />}
				</span>
			</div>
		</div>
	);
}
/** What goes along with the words: an article's card, files. */
function Chips({ r, d, note, files }: { r: Row; d: Draft; note: boolean; files: Files }): JSX.Element | null {
	const article = note ? undefined : d.article;
	const chat = !note && d.chat && leadsToChat(r);
	if (!files.list.length && !article && !chat) return null;
	return (
		<ul class="chips">
			{chat && <ToChatChip r={r} />}
			{article && (
				<li class="chip">
					<Icon name="book" /> <span class="one-line">{article.label}</span>
					<IconButton
						icon="cross"
						label={t("composer.remove", { name: article.label })}
						onClick={() => setDraft(r.id, { article: undefined })}
					/>
				</li>
			)}
			{files.list.map((f) => (
				<li class={`chip${f.error ? " failed" : ""}`} key={f.key}>
					<Icon name="file" />
					<span class="one-line" title={f.name}>
						{f.name}
					</span>
					{!f.id && !f.error && (
						<progress
							aria-label={t("chat.uploading", { name: f.name, percent: Math.round((100 * f.sent) / f.size) })}
							value={f.sent}
							max={f.size}
						/>
					)}
					<IconButton icon="cross" label={t("composer.remove", { name: f.name })} onClick={() => files.remove(f.key)} />
				</li>
			))}
		</ul>
	);
}
/** Attach, saved replies, articles, and keeping what is written as a reply. */
function Tools({ r, text, files, sug }: { r: Row; text: string; files: Files; sug: Suggesting }): JSX.Element {
	const input = useRef<HTMLInputElement>(null);
	return (
		<>
			<input
				ref={input}
				type="file"
				multiple
				hidden
				aria-label={t("chat.attach")}
				onChange={(e) => {
					files.add(e.currentTarget.files);
					e.currentTarget.value = "";
				}}
			/>
			<IconButton icon="clip" label={t("chat.attach")} onClick={() => input.current?.click()} />
			<Library onPick={files.take} />
			<IconButton icon="bolt" label={t("composer.replies")} onClick={() => sug.insert("/")} />
			<Closings r={r} />
			<ToChat r={r} />
			<IconButton icon="book" label={t("composer.articles")} onClick={() => sug.insert("#")} />
			<IconButton
				icon="half"
				label={t("composer.holding")}
				aria-pressed={Boolean(draftOf(r.id).holding)}
				onClick={() => setDraft(r.id, { holding: !draftOf(r.id).holding })}
			/>
			<IconButton
				icon="plus"
				label={t("composer.save")}
				off={!text.trim() && t("composer.save.empty")}
				onClick={() => {
					st.dialog.value = { what: "reply", text: text.trim() };
				}}
			/>
			<AssistKeys r={r} />
		</>
	);
}
