import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "../kit/i18n";
import { api, ask, Badge, Button, Empty, IconButton, SearchField, toast, words } from "../kit/ui";
import type { SavedReply } from "../kit/wire";
import { sharesReplies } from "./dialogs";
import type { Session } from "./session";
import * as st from "./state";

/** Saved replies: mine, a mailbox's, everyone's (P55). */
export function Replies({ s }: { s: Session }): JSX.Element {
	const [q, setQ] = useState("");
	const groups = grouped(q.trim().toLocaleLowerCase());
	return (
		<main class="page" id="middle" tabIndex={-1} aria-label={t("view.replies")}>
			<header class="page-head">
				<div class="grow">
					<h1>{t("view.replies")}</h1>
					<p class="quiet-text">{t("reply.about")}</p>
				</div>
				<Button
					look="main"
					icon="plus"
					onClick={() => {
						st.dialog.value = { what: "reply" };
					}}
				>
					{t("reply.new")}
				</Button>
			</header>
			<SearchField label={t("reply.find")} value={q} onType={setQ} />
			{groups.map((g) => (
				<section key={g.id}>
					<h2>{g.title}</h2>
					<ul class="lines replies">
						{g.list.map((x) => (
							<One key={x.id} s={s} x={x} />
						))}
					</ul>
				</section>
			))}
			{!groups.length && (
				<Empty icon="bolt" title={t(q ? "suggest.none" : "reply.none")}>
					{!q && t("reply.none.hint")}
				</Empty>
			)}
		</main>
	);
}
type Group = { id: string; title: string; list: SavedReply[] };
function grouped(low: string): Group[] {
	const all = st.replies.value
		.filter((x) => `${x.title} ${x.text}`.toLocaleLowerCase().includes(low))
		.sort((a, b) => a.title.localeCompare(b.title));
	const of = (fits: (x: SavedReply) => boolean) => all.filter(fits);
	return [
		{ id: "me", title: t("reply.me"), list: of((x) => Boolean(x.owner)) },
		...st.boxes.value.map((b) => ({ id: b.id, title: b.name, list: of((x) => !x.owner && x.mailbox === b.id) })),
		{ id: "all", title: t("reply.all"), list: of((x) => !x.owner && !x.mailbox) },
	].filter((g) => g.list.length);
}
function One({ s, x }: { s: Session; x: SavedReply }): JSX.Element {
	const remove = async () => {
		const text = t("reply.remove.sure", { title: x.title });
		const sure = await ask({
			title: t("reply.remove.title"),
			text,
			action: t("reply.remove"),
			icon: "trash",
			stop: true,
		});
		if (!sure) return;
		try {
			await api("DELETE", `/v1/replies/${x.id}`);
			await s.savedReplies();
			toast(t("reply.removed"), "ok");
		} catch (e) {
			toast(words(e), "stop");
		}
	};
	return (
		<li>
			<div class="grow">
				<h3>
					<bdi>{x.title}</bdi>
				</h3>
				<p class="quiet-text pre">{x.text}</p>
			</div>
			{x.owner || sharesReplies() ? (
				<span class="row">
					<IconButton
						icon="edit"
						label={t("reply.edit_of", { title: x.title })}
						onClick={() => {
							st.dialog.value = { what: "reply", reply: x };
						}}
					/>
					<IconButton icon="trash" label={t("reply.remove_of", { title: x.title })} onClick={() => void remove()} />
				</span>
			) : (
				<Badge icon="lock" title={t("reply.shared.hint")}>
					{t("reply.shared")}
				</Badge>
			)}
		</li>
	);
}
