import { t } from "../kit/i18n";
import { toast, words } from "../kit/ui";
import type { Session } from "./session";

/** Makes the link with which a conversation can be read later: a transcript is sent nowhere. */
export async function linkLater(s: Session, conversation: string): Promise<void> {
	try {
		const l = await s.socket.command<{ url: string; told: boolean }>("transcript.link", { conversation });
		if (l.told) return toast(t("thread.link.told"), "ok");
		await navigator.clipboard.writeText(l.url);
		toast(t("thread.link.copied"), "ok");
	} catch (e) {
		toast(words(e), "stop");
	}
}
