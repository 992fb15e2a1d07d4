import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "../i18n";
import { CommandError } from "../socket";
import type { SavedReply } from "../wire";
import { api, words } from "./api";
import { askLeave } from "./ask";
import { FormDialog } from "./dialog";
import { Field, SelectField, TextField } from "./field";

/** Variables that a saved reply may hold (gateway/reply.go). */
const KNOWN = ["agent.name", "visitor.name", "visitor.email", "mailbox.name", "ticket.number"];
/** Names in a text that no conversation will fill. */
function odd(text: string): string[] {
	const names = [...text.matchAll(/\{([a-z._]{1,40})(\|[^{}]*)?\}/g)].map((m) => m[1] ?? "");
	return [...new Set(names.filter((n) => n.includes(".") && !KNOWN.includes(n)))];
}
const braces = (names: string[]): string => names.map((n) => `{${n}}`).join(", ");

type Props = {
	/** What is changed; left out = a new one. */
	old?: SavedReply;
	/** First text of a new one. */
	text?: string;
	boxes: { id: string; name: string }[];
	/** Id of the signed-in person. */
	mine: string;
	/** May write replies for others too. */
	shares: boolean;
	onSaved(): void;
	onClose(): void;
};
/** New or changed saved reply: for me, for a mailbox, for all (P55). */
export function SavedReplyForm({ old, text, boxes, mine, shares, onSaved, onClose }: Props): JSX.Element {
	const before = old ? (old.owner ? "me" : old.mailbox || "all") : shares && !text ? "all" : "me";
	const [scope, setScope] = useState(before);
	const [title, setTitle] = useState(old?.title ?? "");
	const [body, setBody] = useState(old?.text ?? text ?? "");
	const [bad, setBad] = useState<{ field?: string; text: string }>();
	const [busy, setBusy] = useState(false);
	const changed = scope !== before || title !== (old?.title ?? "") || body !== (old?.text ?? text ?? "");
	const close = async () => {
		if (!changed || (await askLeave())) onClose();
	};
	const save = async () => {
		const whose = scope === "me" ? { owner: mine } : scope === "all" ? {} : { mailbox: scope };
		const put = { title: title.trim(), text: body.trim(), version: old?.version ?? 0, ...whose };
		setBusy(true);
		try {
			await (old ? api("PUT", `/v1/replies/${old.id}`, put) : api("POST", "/v1/replies", put));
			onSaved();
		} catch (e) {
			const field = e instanceof CommandError ? e.error.params?.field : undefined;
			const own = field === "title" || field === "text";
			setBad(own ? { field, text: t(`reply.error.${field}`) } : { text: words(e) });
			setBusy(false);
		}
	};
	const at = (field: string) => (bad?.field === field ? bad.text : undefined);
	const unknown = odd(body);
	return (
		<FormDialog
			title={t(old ? "reply.edit" : "reply.new")}
			submit={t("reply.save")}
			busy={busy}
			off={!changed && t("ui.unchanged")}
			error={bad && !bad.field ? bad.text : ""}
			onSubmit={() => void save()}
			onClose={() => void close()}
			wide
		>
			<TextField
				label={t("reply.title")}
				hint={t("reply.title.hint")}
				value={title}
				maxLength={200}
				error={at("title")}
				dir="auto"
				data-first
				onInput={(e) => setTitle(e.currentTarget.value)}
			/>
			<Field
				label={t("reply.text")}
				hint={t("reply.vars", { list: braces(KNOWN), example: "{visitor.name|there}" })}
				error={at("text")}
			>
				{(g) => <textarea {...g} rows={6} dir="auto" value={body} onInput={(e) => setBody(e.currentTarget.value)} />}
			</Field>
			{unknown.length > 0 && <p class="notice wait">{t("reply.odd", { names: braces(unknown) })}</p>}
			<SelectField
				label={t("reply.scope")}
				value={scope}
				onPick={setScope}
				options={[
					{ value: "me", label: t("reply.me") },
					...(shares ? boxes.map((b) => ({ value: b.id, label: b.name })) : []),
					...(shares ? [{ value: "all", label: t("reply.all") }] : []),
				]}
				hint={shares ? undefined : t("reply.scope.hint")}
			/>
		</FormDialog>
	);
}
