import { useEffect, useRef, useState } from "preact/hooks";
import type { View } from "../kit/conversation";
import { errorText, t } from "../kit/i18n";
import { Icon } from "./icons";
import { type Session, uuid } from "./session";
import * as st from "./state";
import { drop, upload, uploads } from "./upload";

/** The field to write in, with files by picker, paste and drop. Enter sends, Shift+Enter makes a line. */
export function Composer({ s, v }: { s: Session; v: View }) {
	const [text, setText] = useState("");
	const [error, setError] = useState("");
	const field = useRef<HTMLTextAreaElement>(null);
	const picker = useRef<HTMLInputElement>(null);
	const ups = uploads.value.filter((u) => u.conversation === v.topic);
	const ready = ups.filter((u) => u.file);
	const busy = ups.length > ready.length;
	const can = !busy && (Boolean(text.trim()) || ready.length > 0);
	const add = (files: Iterable<File>) => {
		setError("");
		for (const f of files) {
			if (f.size > st.maxFile.value || !f.size) {
				setError(
					f.size
						? t("chat.big", { name: f.name, mb: Math.floor(st.maxFile.value / (1 << 20)) })
						: errorText({ code: "invalid" }),
				);
				continue;
			}
			upload(s, v.topic, uuid(), f).catch(
				(e) => (e as Error).name !== "AbortError" && setError(`${f.name}: ${st.words(e)}`),
			);
		}
	};
	useEffect(() => {
		const on = (e: DragEvent) => add(e.dataTransfer?.files ?? []);
		addEventListener("drop", on);
		return () => removeEventListener("drop", on);
	}, [v.topic]);
	const send = () => {
		if (!can) return;
		const files = ready.flatMap((u) => (u.file ? [u.file.id] : []));
		if (!s.write(text.trim(), files.length ? files : undefined)) {
			setError(t("chat.full"));
			return;
		}
		setText("");
		setError("");
		uploads.value = uploads.value.filter((u) => u.conversation !== v.topic);
		field.current?.focus();
	};
	return (
		<section class="write" aria-label={t("chat.write")}>
			{ups.map((u) => (
				<p class="up" key={u.key} role="status">
					<Icon name="page" />
					<span dir="auto">{u.percent < 100 ? t("chat.uploading", { name: u.name, percent: u.percent }) : u.name}</span>
					<button type="button" class="link" onClick={() => drop(u.key)}>
						{t("chat.cancel")}
					</button>
				</p>
			))}
			<p role="alert" class="wrong">
				{error}
			</p>
			<div class="bar">
				<button type="button" class="bare" aria-label={t("chat.attach")} onClick={() => picker.current?.click()}>
					<Icon name="clip" />
				</button>
				<input
					ref={picker}
					type="file"
					multiple
					hidden
					onChange={(e) => {
						add(e.currentTarget.files ?? []);
						e.currentTarget.value = "";
					}}
				/>
				<textarea
					ref={field}
					rows={1}
					data-first
					aria-label={t("chat.write")}
					placeholder={t("chat.write")}
					maxLength={8000}
					dir="auto"
					value={text}
					onInput={(e) => {
						setText(e.currentTarget.value);
						if (e.currentTarget.value) s.type();
					}}
					onPaste={(e) => {
						const files = [...(e.clipboardData?.files ?? [])];
						if (files.length) {
							e.preventDefault();
							add(files);
						}
					}}
					onKeyDown={(e) => {
						if (e.key !== "Enter" || e.shiftKey || e.isComposing) return;
						e.preventDefault();
						send();
					}}
				/>
				<button type="button" class="main round" aria-label={t("chat.send")} disabled={!can} onClick={send}>
					<Icon name="send" flip />
				</button>
			</div>
			<Leave s={s} v={v} fail={setError} />
		</section>
	);
}
/** Ending asks once: a slip on a phone must not end a conversation. */
function Leave({ s, v, fail }: { s: Session; v: View; fail(text: string): void }) {
	const [sure, setSure] = useState(false);
	if (v.number) return null; // a ticket goes on by itself
	const end = () => s.socket.command("conversation.close", { conversation: v.topic }).catch((e) => fail(st.words(e)));
	return sure ? (
		<p class="row aside">
			<span>{t("chat.end.sure")}</span>
			<button type="button" class="link stop" onClick={() => void end()}>
				{t("chat.end")}
			</button>
			<button type="button" class="link" onClick={() => setSure(false)}>
				{t("chat.cancel")}
			</button>
		</p>
	) : (
		<p class="aside">
			<button type="button" class="link quiet" onClick={() => setSure(true)}>
				{t("chat.end")}
			</button>
		</p>
	);
}
