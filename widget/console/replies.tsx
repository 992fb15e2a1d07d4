import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "../kit/i18n";
import { api, Badge, Button, Dialog, Empty, IconButton, toast, words } from "../kit/ui";
import { sharesReplies } from "./dialogs";
import * as st from "./state";

/** Saved replies: mine, a mailbox's, everyone's (P55). */
export function Replies(): JSX.Element {
	const [q, setQ] = useState("");
	const [gone, setGone] = useState<st.SavedReply | undefined>();
	const low = q.trim().toLocaleLowerCase();
	const all = st.replies.value
		.filter((x) => `${x.title} ${x.text}`.toLocaleLowerCase().includes(low))
		.sort((a, b) => a.title.localeCompare(b.title));
	const groups = [
		{ id: "me", title: t("reply.me"), list: all.filter((x) => x.owner) },
		...st.boxes.value.map((b) => ({
			id: b.id,
			title: b.name,
			list: all.filter((x) => !x.owner && x.mailbox === b.id),
		})),
		{ id: "all", title: t("reply.all"), list: all.filter((x) => !x.owner && !x.mailbox) },
	].filter((g) => g.list.length);
	const make = () => {
		st.dialog.value = { what: "reply" };
	};
	const remove = async () => {
		if (!gone) return;
		try {
			await api("DELETE", `/v1/replies/${gone.id}`);
			st.replies.value = st.replies.value.filter((x) => x.id !== gone.id);
			toast(t("reply.removed"), "ok");
		} catch (e) {
			toast(words(e), "stop");
		}
		setGone(undefined);
	};
	return (
		<main class="page" id="middle" tabIndex={-1} aria-label={t("view.replies")}>
			<header class="page-head">
				<div class="grow">
					<h1>{t("view.replies")}</h1>
					<p class="quiet-text">{t("reply.about")}</p>
				</div>
				<Button look="main" icon="plus" onClick={make}>
					{t("reply.new")}
				</Button>
			</header>
			<input
				type="search"
				aria-label={t("reply.find")}
				placeholder={t("reply.find")}
				value={q}
				onInput={(e) => setQ(e.currentTarget.value)}
			/>
			{groups.map((g) => (
				<section key={g.id}>
					<h2>{g.title}</h2>
					<ul class="replies">
						{g.list.map((x) => (
							<li key={x.id}>
								<div class="grow">
									<h3>{x.title}</h3>
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
										<IconButton
											icon="trash"
											label={t("reply.remove_of", { title: x.title })}
											onClick={() => setGone(x)}
										/>
									</span>
								) : (
									<Badge icon="lock" title={t("reply.shared.hint")}>
										{t("reply.shared")}
									</Badge>
								)}
							</li>
						))}
					</ul>
				</section>
			))}
			{!groups.length && (
				<Empty icon="bolt" title={t(q ? "suggest.none" : "reply.none")}>
					{!q && t("reply.none.hint")}
				</Empty>
			)}
			{gone && (
				<Dialog title={t("reply.remove")} close={t("dialog.close")} onClose={() => setGone(undefined)}>
					<p>{t("reply.remove.sure", { title: gone.title })}</p>
					<div class="actions">
						<Button data-first onClick={() => setGone(undefined)}>
							{t("dialog.cancel")}
						</Button>
						<Button look="stop" icon="trash" onClick={() => void remove()}>
							{t("reply.remove")}
						</Button>
					</div>
				</Dialog>
			)}
		</main>
	);
}
