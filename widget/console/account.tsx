import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { t } from "../kit/i18n";
import { clock, exact } from "../kit/time";
import { api, Button, codeOf, Icon, words } from "../kit/ui";
import { type Event, is, type Row } from "../kit/wire";
import { cannot } from "./offer-form";
import * as st from "./state";
import { age, factName } from "./words";

/** The one kind that opens the card; the server's policy names it so too. */
const READ = "account.read";

/** The newest word about the card of a conversation, if there ever was one. */
function lastWord(id: string): Event | undefined {
	return st.threads.value[id]?.staff.filter((e) => e.ev.startsWith("window.")).at(-1);
}
/**
 * Locked for every role until a proof opens it for the assigned agent: outlines, never blurred data. Facts are kept
 * while this is on the screen and the connection stands, so that the gateway can take them back at any moment (P111).
 */
export function Account({ r }: { r: Row }): JSX.Element {
	const [why, setWhy] = useState<{ code: string; text: string }>({ code: "", text: "" });
	const word = lastWord(r.id);
	const live = st.phase.value === "live";
	// Each of these may open or shut the card.
	useEffect(() => {
		let mine = true;
		st.card.value = undefined;
		setWhy({ code: "", text: "" });
		if (live)
			api<Omit<st.Card, "conversation">>("GET", `/v1/conversations/${r.id}/account`).then(
				(card) => {
					if (mine) st.card.value = { ...card, conversation: r.id };
				},
				(e) => mine && setWhy({ code: codeOf(e), text: words(e) }),
			);
		return () => {
			mine = false;
			st.card.value = undefined;
		};
	}, [r.id, r.assignee, live, word?.id, st.freed.value]);
	const card = st.card.value;
	const left = (card?.until ?? 0) - st.now.value;
	if (card?.conversation === r.id && r.assignee === st.myId.value && left > 0) return <Facts card={card} left={left} />;
	return <Locked r={r} why={why} word={word} />;
}
function Facts({ card, left }: { card: st.Card; left: number }): JSX.Element {
	return (
		<section class="account-card" aria-label={t("account.open")}>
			<h2>
				<Icon name="gate" fill /> <span class="grow">{t("account.open")}</span>
			</h2>
			<dl class="facts">
				{Object.entries(card.facts)
					.sort(([a], [b]) => a.localeCompare(b))
					.map(([name, value]) => (
						<div key={name}>
							<dt>{factName(name)}</dt>
							<dd class="as-lines">
								<bdi>{value || "–"}</bdi>
							</dd>
						</div>
					))}
			</dl>
			<p class="left" title={exact(card.until)}>
				<Icon name="clock" /> {t("account.left", { time: age(left), at: clock(card.until) })}
			</p>
			<p class="hint">{t("account.open.hint")}</p>
		</section>
	);
}
type LockedProps = { r: Row; why: { code: string; text: string }; word: Event | undefined };
function Locked({ r, why, word }: LockedProps): JSX.Element {
	const spent = why.code === "too_many";
	const gone = goneWords(word);
	const stop = cannotAsk(r);
	const ask = () => {
		st.wish.value = READ;
		st.tab.value = "verify";
	};
	return (
		<section>
			<h2>
				<Icon name="lock" /> {t(gone && !spent ? "account.gone" : "account.locked")}
			</h2>
			<p class={spent ? "notice stop" : "quiet-text"} role="status">
				{spent ? t("account.spent") : gone || why.text || t("reason.context.locked")}
			</p>
			<div class="locked" aria-hidden="true">
				{["fact.plan", "fact.orders", "fact.status"].map((k) => (
					<p key={k}>
						<span>{t(k)}</span>
						<i>
							<Icon name="lock" />
						</i>
					</p>
				))}
			</div>
			<Button icon="gate" off={stop} onClick={ask}>
				{t("account.ask")}
			</Button>
			<p class="hint">{stop || t("account.hint")}</p>
		</section>
	);
}
/** How an open card went away; "" = it was never open, or is still for somebody. */
function goneWords(word: Event | undefined): string {
	if (word && is(word, "window.closed")) return t(`account.gone.${word.data.why}`);
	if (word && is(word, "window.moved") && word.data.agent !== st.myId.value) return t("account.gone.moved");
	return word && is(word, "window.opened") && word.data.until <= st.now.value ? t("account.gone.over") : "";
}
/** Why I cannot ask this visitor to log in; "" = I can. */
function cannotAsk(r: Row): string {
	const kinds = st.details.value[r.id]?.kinds ?? [];
	if (!kinds.some((k) => k.name === READ)) return t("account.nokind");
	if (r.frozen) return t("offer.frozen");
	if (r.status === "closed" || r.channel !== "chat") return t("account.nochat");
	return cannot() || (r.assignee === st.myId.value ? "" : t("account.notmine"));
}
