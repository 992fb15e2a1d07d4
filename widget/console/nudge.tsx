import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { t } from "../kit/i18n";
import { api, Button, Icon, IconButton, toast } from "../kit/ui";
import type { Row } from "../kit/wire";
import { draftOf } from "./drafts";
import type { Session } from "./session";
import * as st from "./state";
import { lastFromVisitor } from "./story";

type Guide = { article: string; title: string };
/** Guides that the agent has waved away, as conversation and article. */
const waved = signal<string[]>([]);

/** "There is a guide for this: send the link first", when a published article covers what the visitor asked (P22). */
export function Nudge({ s, r }: { s: Session; r: Row }): JSX.Element | null {
	const [guide, setGuide] = useState<Guide | undefined>();
	const th = st.threads.value[r.id];
	const n = th ? lastFromVisitor(th) : 0; // with each message the question may be another
	const mine = r.status === "active" && r.assignee === st.myId.value;
	useEffect(() => {
		let now = true;
		setGuide(undefined);
		if (mine && n)
			api<{ guide?: Guide }>("GET", `/v1/conversations/${r.id}/suggest`).then(
				(x) => now && setGuide(x.guide),
				() => undefined, // a help that does not answer is none
			);
		return () => {
			now = false;
		};
	}, [r.id, n, mine]);
	const key = `${r.id} ${guide?.article}`;
	if (!guide || waved.value.includes(key) || draftOf(r.id).article) return null;
	const wave = () => {
		waved.value = [...waved.value, key];
	};
	const send = () => {
		if (!s.write({ conversation: r.id, text: "", article: guide.article })) return;
		wave();
		toast(t("nudge.sent"), "ok");
		document.getElementById("composer")?.focus();
	};
	return (
		<section class="nudge" aria-label={t("nudge.label")}>
			<Icon name="book" />
			<p class="grow">
				{t("nudge.text")} <b dir="auto">{guide.title}</b>
			</p>
			<Button look="main" icon="send" onClick={send} aria-label={t("nudge.send_of", { title: guide.title })}>
				{t("nudge.send")}
			</Button>
			<IconButton icon="cross" label={t("nudge.away")} onClick={wave} />
		</section>
	);
}
