import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { t } from "../kit/i18n";
import { api, Button, Icon, IconButton, toast, words } from "../kit/ui";
import type { Row } from "../kit/wire";
import { type Draft, draftOf, setDraft } from "./drafts";
import * as st from "./state";

/** What the language model is writing now, by conversation. */
const busy = signal<Record<string, "draft" | "summary" | undefined>>({});
/** Summaries live as long as the page: nothing stores them. */
const summaries = signal<Record<string, string | undefined>>({});

/** Whether the model helps in this conversation's mailbox. */
export const assists = (r: Row): boolean => Boolean(st.details.value[r.id]?.assist) && r.status !== "closed";

async function working(id: string, what: "draft" | "summary", work: () => Promise<void>): Promise<void> {
	if (busy.value[id]) return;
	busy.value = { ...busy.value, [id]: what };
	try {
		await work();
	} catch (e) {
		toast(words(e), "stop");
	} finally {
		busy.value = { ...busy.value, [id]: undefined };
	}
}
/** Puts a draft into the field, below what is written already. It goes to nobody before the agent has changed it. */
export function draftReply(r: Row): Promise<void> {
	return working(r.id, "draft", async () => {
		const made = await api<{ text: string; change?: string }>("POST", `/v1/conversations/${r.id}/draft`);
		const before = draftOf(r.id).text.trimEnd();
		const text = before ? `${before}\n\n${made.text}` : made.text;
		setDraft(r.id, { text, made: text });
		if (made.change) toast(t("assist.change"), "ok");
		requestAnimationFrame(() => document.getElementById("composer")?.focus());
	});
}
function summarise(r: Row): Promise<void> {
	return working(r.id, "summary", async () => {
		const { text } = await api<{ text: string }>("POST", `/v1/conversations/${r.id}/summary`);
		summaries.value = { ...summaries.value, [r.id]: text };
	});
}
/** Why what stands in the field may not be sent yet: it is word for word the model's. */
export function unedited(d: Draft): string {
	return d.made && d.text.trim() === d.made.trim() ? t("assist.edit") : "";
}
/** The two keys beside the others of the composer. */
export function AssistKeys({ r }: { r: Row }): JSX.Element | null {
	if (!assists(r)) return null;
	const now = busy.value[r.id];
	return (
		<>
			<IconButton
				icon="spark"
				label={t("assist.draft")}
				off={now && t("assist.busy")}
				onClick={() => void draftReply(r)}
			/>
			<IconButton
				icon="list"
				label={t("assist.summary")}
				off={now && t("assist.busy")}
				onClick={() => void summarise(r)}
			/>
		</>
	);
}
/** What the model wrote, marked as its own: a summary above the field, and whose words stand in the field. */
export function AssistNotes({ r, d }: { r: Row; d: Draft }): JSX.Element {
	const summary = summaries.value[r.id];
	const now = busy.value[r.id];
	return (
		<div role="status" class="assist">
			{now && <p class="hint">{t(`assist.busy.${now}`)}</p>}
			{summary && (
				<section class="notice" aria-label={t("assist.summary.of")}>
					<Icon name="spark" />
					<div class="grow">
						<b>{t("assist.summary.of")}</b>
						<p class="pre" dir="auto">
							{summary}
						</p>
					</div>
					<IconButton
						icon="cross"
						label={t("assist.summary.close")}
						onClick={() => {
							summaries.value = { ...summaries.value, [r.id]: undefined };
						}}
					/>
				</section>
			)}
			{d.made && d.text && (
				<div class="notice wait assist-made">
					<Icon name="spark" />
					<span class="grow">{unedited(d) || t("assist.made")}</span>
					<Button look="quiet" onClick={() => setDraft(r.id, { text: "", made: undefined })}>
						{t("assist.discard")}
					</Button>
				</div>
			)}
		</div>
	);
}
