import type { JSX } from "preact";
import { t } from "../kit/i18n";
import { Icon, IconButton } from "../kit/ui";
import type { Row } from "../kit/wire";
import { draftOf, setDraft } from "./drafts";

/** True where an answer is a mail, which can carry the link to go on in chat. */
export function leadsToChat(r: Row): boolean {
	return Boolean(r.number && r.channel === "email" && r.claimed?.email && r.status !== "closed");
}
/** Puts the link into the next answer, or takes it out. */
export function toChat(r: Row): void {
	if (!leadsToChat(r)) return;
	setDraft(r.id, { chat: draftOf(r.id).chat ? undefined : true });
	document.getElementById("composer")?.focus();
}
/** Who asks for a change by mail can only be asked to come and log in. */
export function ToChat({ r }: { r: Row }): JSX.Element | null {
	if (!leadsToChat(r)) return null;
	return (
		<IconButton
			icon="chat"
			label={t("composer.chat")}
			aria-pressed={Boolean(draftOf(r.id).chat)}
			onClick={() => toChat(r)}
		/>
	);
}
/** Says that the mail will carry it. */
export function ToChatChip({ r }: { r: Row }): JSX.Element {
	return (
		<li class="chip">
			<Icon name="chat" /> <span class="one-line">{t("composer.chat.chip")}</span>
			<IconButton
				icon="cross"
				label={t("composer.remove", { name: t("composer.chat.chip") })}
				onClick={() => setDraft(r.id, { chat: undefined })}
			/>
		</li>
	);
}
