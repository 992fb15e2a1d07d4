import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "../kit/i18n";
import { CommandError } from "../kit/socket";
import { Field, FormDialog, TextField, toast, words } from "../kit/ui";
import type { Message, Row } from "../kit/wire";
import { readMails } from "./mails";
import type { Session } from "./session";
import * as st from "./state";

/** Sends one message on to somebody outside, with a note; his answers come back as notes (P78). */
export function ForwardDialog({
	s,
	r,
	message,
	shut,
}: {
	s: Session;
	r: Row;
	message: Message;
	shut(): void;
}): JSX.Element {
	const [client] = useState(() => crypto.randomUUID()); // a second press is the same mail
	const [to, setTo] = useState("");
	const [text, setText] = useState("");
	const [wrong, setWrong] = useState<{ field?: string; text: string }>({ text: "" });
	const [busy, setBusy] = useState(false);
	const submit = async () => {
		setBusy(true);
		try {
			const args = { conversation: r.id, client_id: client, message: message.id, to: to.trim(), text: text.trim() };
			await s.socket.command("message.forward", args);
			toast(t("forward.done", { name: to.trim() }), "ok");
			shut();
			void readMails(r.id);
		} catch (e) {
			const field = e instanceof CommandError ? e.error.params?.field : undefined;
			const reason = e instanceof CommandError && e.error.reason;
			setWrong({ field, text: field && !reason ? t(`forward.error.${field === "to" ? "to" : "text"}`) : words(e) });
			setBusy(false);
		}
	};
	const at = (field: string) => (wrong.field === field ? wrong.text : undefined);
	return (
		<FormDialog
			title={t("forward.title")}
			submit={t("forward.go")}
			busy={busy}
			error={wrong.field === "to" || wrong.field === "text" ? "" : wrong.text}
			onSubmit={() => void submit()}
			onClose={shut}
		>
			<blockquote class="one-line" dir="auto">
				{message.text}
			</blockquote>
			<TextField
				label={t("forward.to")}
				hint={t("forward.to.hint")}
				error={at("to")}
				data-first
				type="email"
				dir="ltr"
				maxLength={254}
				value={to}
				onInput={(e) => {
					setTo(e.currentTarget.value);
					setWrong({ text: "" });
				}}
			/>
			<Field label={t("forward.text")} hint={t("forward.text.hint")} error={at("text")}>
				{(g) => (
					<textarea
						{...g}
						class="note-field"
						rows={4}
						dir="auto"
						value={text}
						onInput={(e) => {
							setText(e.currentTarget.value);
							setWrong({ text: "" });
						}}
					/>
				)}
			</Field>
		</FormDialog>
	);
}
/** Opens the dialog for the newest message of the visitor. */
export function forwardLast(r: Row): void {
	const all = st.threads.value[r.id]?.events ?? [];
	const last = all.filter((e) => e.ev === "message.created" && e.by.role === "visitor").at(-1);
	if (r.number && last) st.dialog.value = { what: "forward", message: last.data as Message };
}
