import type { JSX } from "preact";
import { t } from "../kit/i18n";
import { Icon, MenuItem, Popover } from "../kit/ui";
import type { Row } from "../kit/wire";
import { type Draft, draftOf, setDraft } from "./drafts";
import { mails } from "./mails";

/** Reply, or reply to all whom the customer's newest mail names. Addresses are chosen, never typed. */
export function CopyTo({ r, d }: { r: Row; d: Draft }): JSX.Element | null {
	const all = mails.value[r.id]?.copies ?? [];
	if (r.channel !== "email" || !r.claimed?.email || !all.length) return null;
	const choices = [
		{ cc: undefined, label: t("copy.one", { name: r.claimed.email }) },
		{ cc: all, label: t("copy.all", { names: all.join(", "), n: all.length }) },
	];
	return (
		<fieldset class="choices copy-to">
			<legend class="sr">{t("copy.legend")}</legend>
			{choices.map((c) => (
				<label class="choice" key={c.label}>
					<input
						type="radio"
						name="copy-to"
						checked={Boolean(c.cc) === Boolean(d.cc?.length)}
						onChange={() => setDraft(r.id, { cc: c.cc })}
					/>
					<span>{c.label}</span>
				</label>
			))}
		</fieldset>
	);
}
/** The mailbox's lines to end a mail with: the chosen one goes under what is written (P84). */
export function Closings({ r }: { r: Row }): JSX.Element | null {
	const lines = mails.value[r.id]?.closings ?? [];
	if (r.channel !== "email" || !lines.length) return null;
	const put = (line: string) => {
		const text = draftOf(r.id).text.trimEnd();
		setDraft(r.id, { text: text ? `${text}\n\n${line}` : line });
		document.getElementById("composer")?.focus();
	};
	return (
		<Popover label={t("composer.closing")} class="icon-btn" button={<Icon name="edit" />}>
			{(close) =>
				lines.map((line) => (
					<MenuItem
						key={line}
						label={line}
						onPick={() => {
							close();
							put(line);
						}}
					/>
				))
			}
		</Popover>
	);
}
