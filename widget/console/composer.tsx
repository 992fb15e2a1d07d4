import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../kit/i18n";
import { Button, Icon, IconButton, Tabs, words } from "../kit/ui";
import type { Row } from "../kit/wire";
import { draftOf, setDraft } from "./drafts";
import type { Session } from "./session";
import * as st from "./state";
import { Suggest, useSuggest } from "./suggest";
import { tooLarge, type Upload, upload } from "./upload";
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
let keys = 0;
function Writer({ s, r, note }: { s: Session; r: Row; note: boolean }): JSX.Element {
	const d = draftOf(r.id);
	const text = note ? d.note : d.text;
	const box = useRef<HTMLTextAreaElement>(null);
	const [error, setError] = useState("");
	const [files, setFiles] = useState<Upload[]>([]);
	const chat = r.channel !== "email";
	const set = (v: string) => setDraft(r.id, note ? { note: v } : { text: v });
	const sug = useSuggest(s, r, note, box, text, set);
	useEffect(() => {
		const b = box.current;
		if (!b) return;
		b.style.setProperty("block-size", "auto");
		b.style.setProperty("block-size", `${Math.min(b.scrollHeight + 2, innerHeight * 0.35)}px`);
	}, [text]);
	const gone = useRef(new Set<number>());
	const add = (list: FileList | null) => {
		for (const f of [...(list ?? [])].slice(0, 10)) void one(f);
	};
	const one = async (f: File) => {
		const key = ++keys;
		const put = (u: Partial<Upload>) => setFiles((all) => all.map((x) => (x.key === key ? { ...x, ...u } : x)));
		if (tooLarge(f)) return setError(t("error.too_large"));
		setFiles((all) => [...all, { key, name: f.name, size: f.size, sent: 0 }]);
		try {
			const id = await upload(r.id, f, (sent) => {
				put({ sent });
				return !gone.current.has(key);
			});
			if (id) put({ id });
		} catch (e) {
			put({ error: e });
			setError(`${f.name}: ${words(e)}`);
		}
	};
	const ready = files.filter((f) => f.id);
	const busy = files.some((f) => !f.id && !f.error);
	const send = (): boolean => {
		const open = unfilled(text, d.brought);
		if (open.length && !note) {
			setError(t("composer.unfilled", { names: open.map((n) => `{${n}}`).join(", ") }));
			return false;
		}
		if (busy) {
			setError(t("composer.uploading"));
			return false;
		}
		if (!text.trim() && !ready.length && !(d.article && !note)) return false;
		const mentions = d.mentions.filter((m) => text.includes(`@${m.label}`)).map((m) => m.id);
		const extra = note
			? { note: true, ...(mentions.length ? { mentions } : {}) }
			: { files: ready.map((f) => f.id ?? ""), ...(d.article ? { article: d.article.id } : {}) };
		if (!s.write({ conversation: r.id, text: text.trim(), ...extra })) {
			setError(t("composer.full"));
			return false;
		}
		setDraft(r.id, note ? { note: "", mentions: [] } : { text: "", article: undefined, brought: [] });
		setFiles([]);
		setError("");
		return true;
	};
	const key = (e: KeyboardEvent) => {
		if (e.isComposing || sug.key(e)) return;
		const mod = e.ctrlKey || e.metaKey;
		if (e.key === "Escape") {
			box.current?.blur();
			return;
		}
		if (e.key !== "Enter" || (e.shiftKey && !mod)) return;
		if (!mod && !chat) return;
		e.preventDefault();
		if (send() && mod && e.shiftKey && !note) st.dialog.value = { what: "close" };
	};
	return (
		// biome-ignore lint/a11y/noStaticElementInteractions: dropping has a button, "Attach a file"
		<div
			class="writer"
			onDragOver={(e) => !note && e.preventDefault()}
			onDrop={(e) => {
				if (note) return;
				e.preventDefault();
				add(e.dataTransfer?.files ?? null);
			}}
		>
			<Suggest of={sug} />
			<textarea
				ref={box}
				id="composer"
				rows={2}
				value={text}
				aria-label={t(note ? "composer.note.write" : "composer.write")}
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
					if (!note && e.clipboardData?.files.length) add(e.clipboardData.files);
				}}
			/>
			{(files.length > 0 || (d.article && !note)) && (
				<ul class="chips">
					{d.article && !note && (
						<li class="chip">
							<Icon name="book" /> <span class="one-line">{d.article.label}</span>
							<IconButton
								icon="cross"
								label={t("composer.remove", { name: d.article.label })}
								onClick={() => setDraft(r.id, { article: undefined })}
							/>
						</li>
					)}
					{files.map((f) => (
						<li class={`chip${f.error ? " failed" : ""}`} key={f.key}>
							<Icon name="file" />
							<span class="one-line">{f.name}</span>
							{!f.id && !f.error && (
								<progress
									aria-label={t("chat.uploading", { name: f.name, percent: Math.round((100 * f.sent) / f.size) })}
									value={f.sent}
									max={f.size}
								/>
							)}
							<IconButton
								icon="cross"
								label={t("composer.remove", { name: f.name })}
								onClick={() => {
									gone.current.add(f.key);
									setFiles((all) => all.filter((x) => x.key !== f.key));
								}}
							/>
						</li>
					))}
				</ul>
			)}
			<p class="error" role="alert">
				{error}
			</p>
			<div class="writer-foot">
				{!note && <Attach add={add} />}
				{!note && (
					<>
						<IconButton icon="bolt" label={t("composer.replies")} onClick={() => sug.insert("/")} />
						<IconButton icon="book" label={t("composer.articles")} onClick={() => sug.insert("#")} />
						<IconButton
							icon="plus"
							label={t("composer.save")}
							off={!text.trim() && t("composer.save.empty")}
							onClick={() => {
								st.dialog.value = { what: "reply", text: text.trim() };
							}}
						/>
					</>
				)}
				<span class="hint grow wide-only">
					{t(
						note
							? "composer.hint.note"
							: chat
								? "composer.hint"
								: r.claimed?.email
									? "composer.hint.mail"
									: "composer.hint.ticket",
					)}
				</span>
				<Button
					look="main"
					icon={note ? "note" : "send"}
					class={note ? "note-send" : ""}
					off={busy ? t("composer.uploading") : undefined}
					onClick={() => void send()}
				>
					{t(note ? "composer.note.send" : "composer.send")}
				</Button>
			</div>
		</div>
	);
}
function Attach({ add }: { add(list: FileList | null): void }): JSX.Element {
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
					add(e.currentTarget.files);
					e.currentTarget.value = "";
				}}
			/>
			<IconButton icon="clip" label={t("chat.attach")} onClick={() => input.current?.click()} />
		</>
	);
}
