import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { after, date, field } from "../../kit/days";
import { t } from "../../kit/i18n";
import { api, Badge, Button, TextField, toast } from "../../kit/ui";
import { type Article, type Person, useLoad, wrong } from "../data";
import { Part, When } from "../parts";

/** Says that an article was looked at and is right, and when to look again; 0 = after the default time. */
export async function review(id: string, by: number, done: boolean): Promise<void> {
	try {
		const { article } = await api<{ article: Article }>("POST", `/v1/articles/${id}/review`, { by, done });
		toast(t(done ? "a.article.review.done" : "a.article.review.saved", { at: date(article.due_at - 1) }), "ok");
	} catch (e) {
		toast(wrong(e).text, "stop");
	}
}

/** When an article was looked at last, and when it must be again. */
export function Review({ a, onDone }: { a: Article; onDone(): Promise<void> }): JSX.Element {
	const [by, setBy] = useState(a.review_by ? field(a.review_by - 1) : "");
	const [busy, setBusy] = useState(false);
	const who = useLoad<{ agents: Person[] }>("/v1/agents").data?.agents.find((p) => p.id === a.reviewed_by)?.name;
	const send = async (done: boolean) => {
		const at = by ? after(by) : 0;
		const over = done && at <= Date.now(); // looked at now: an old date counts no more
		setBusy(true);
		await review(a.id, over ? 0 : at, done);
		if (over) setBy("");
		await onDone();
		setBusy(false);
	};
	return (
		<Part title={t("a.article.review")} hint={t("a.article.review.hint")}>
			<p>
				{a.overdue && (
					<>
						<Badge tone="wait" icon="clock">
							{t("a.article.due")}
						</Badge>{" "}
					</>
				)}
				{t("a.article.review.next", { at: date(a.due_at - 1) })}{" "}
				{a.reviewed_at ? (
					<>
						{t("a.article.review.last", { name: who ?? "–" })} <When at={a.reviewed_at} />
					</>
				) : (
					t("a.article.review.never")
				)}
			</p>
			<div class="with-button">
				<TextField
					label={t("a.article.review.by")}
					type="date"
					value={by}
					onInput={(e) => setBy(e.currentTarget.value)}
				/>
				<Button busy={busy} onClick={() => void send(false)}>
					{t("a.article.review.set")}
				</Button>
				<Button icon="check" busy={busy} onClick={() => void send(true)}>
					{t("a.article.review.now")}
				</Button>
			</div>
		</Part>
	);
}
