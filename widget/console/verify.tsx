import { Fragment, type JSX } from "preact";
import { useEffect } from "preact/hooks";
import { pick, t } from "../kit/i18n";
import { safeURL } from "../kit/nodes";
import { Button, Icon, Skeleton, toast } from "../kit/ui";
import type { Row } from "../kit/wire";
import { ChangeCard } from "./change";
import { live } from "./gate-look";
import { cannot, OfferForm } from "./offer-form";
import { readDetail } from "./reads";
import type { Session } from "./session";
import * as st from "./state";

/**
 * Guide first, then an offer, then what happens to it. No role has a button that applies, approves or
 * overrides: only the visitor's own login moves a change on (P100, P115).
 */
export function Verify({ s, r }: { s: Session; r: Row }): JSX.Element {
	const d = st.details.value[r.id];
	// Words that press move no row: who turns to this tab reads anew.
	useEffect(() => void readDetail(r.id), [r.id]);
	if (!d) return <Skeleton />;
	const changes = [...d.changes].reverse();
	const draft = changes.find((c) => c.state === "draft");
	const going = changes.some((c) => live(c.state) && c.state !== "draft");
	return (
		<>
			{r.frozen && (
				<p class="notice stop">
					<Icon name="stop" /> <span class="grow">{t("sys.frozen")}</span>
				</p>
			)}
			<Risks list={d.risks} />
			<Guides s={s} r={r} kinds={d.kinds.filter((k) => k.guide)} open={!going && !draft} />
			{changes.length > 0 && (
				<section>
					<h2>{t("gate.title")}</h2>
					{changes.map((c, n) => (
						<ChangeCard key={c.id} s={s} r={r} c={c} newest={n === 0} />
					))}
				</section>
			)}
			<section>
				<h2>{t("offer.change")}</h2>
				<Offer s={s} r={r} kinds={d.kinds.filter((k) => k.assisted)} going={going} draft={Boolean(draft)} />
			</section>
			<Recovery url={safeURL(d.kinds.find((k) => k.recovery)?.recovery)} />
		</>
	);
}
/** Reasons to look twice. They prove nothing, and nothing is easier without them (P119). */
function Risks({ list }: { list: st.Risk[] }): JSX.Element | null {
	if (!list.length) return null;
	return (
		<section class="notice wait risks">
			<h2>
				<Icon name="warn" /> {t("risk.title")}
			</h2>
			<ul>
				{list.map((x) => (
					<li key={x.reason}>
						{t(`risk.${x.reason}`)}
						{x.about.map((a) => (
							<Fragment key={a}>
								{" "}
								<q>{a}</q>
							</Fragment>
						))}
					</li>
				))}
			</ul>
			<p>{t("risk.hint")}</p>
		</section>
	);
}
type Of = { s: Session; r: Row; kinds: st.Kind[] };
function Guides({ s, r, kinds, open }: Of & { open: boolean }): JSX.Element | null {
	if (!kinds.length) return null;
	const send = (k: st.Kind) => {
		if (s.write({ conversation: r.id, text: "", guide: k.name })) toast(t("guide.done"), "ok");
		else toast(t("composer.full"), "stop");
	};
	return (
		<details class="guides" open={open}>
			<summary>
				<h2>{t("guide.title")}</h2>
			</summary>
			<p class="hint">{t("guide.hint")}</p>
			<ul class="lines">
				{kinds.map((k) => (
					<li key={k.name}>
						<span class="grow">{pick(k.title)}</span>
						<Button
							icon="link"
							aria-label={t("guide.send_of", { title: pick(k.title) })}
							off={r.status === "closed" && t("composer.ended")}
							onClick={() => send(k)}
						>
							{t("guide.send")}
						</Button>
					</li>
				))}
			</ul>
		</details>
	);
}
/** The form, or why there is none now. */
function Offer({ s, r, kinds, going, draft }: Of & { going: boolean; draft: boolean }): JSX.Element {
	const why = (!kinds.length && t("offer.nokinds")) || cannot() || stopped(r, going);
	if (why) return <p class="quiet-text">{why}</p>;
	return draft ? <p class="quiet-text">{t("offer.draft_first")}</p> : <OfferForm s={s} r={r} kinds={kinds} />;
}
function stopped(r: Row, going: boolean): string {
	if (r.status === "closed") return t("composer.ended");
	if (r.frozen) return t("offer.frozen");
	if (r.assignee !== st.myId.value) return t(r.status === "queued" ? "offer.notmine" : "offer.take");
	return going ? t("offer.one") : "";
}
/** Whoever cannot log in goes to the site's own page; nobody here resets anything. */
function Recovery({ url }: { url: string | undefined }): JSX.Element | null {
	if (!url) return null;
	return (
		<section>
			<h2>{t("recovery.title")}</h2>
			<p class="hint">{t("recovery.hint")}</p>
			<p class="copyline">
				<a href={url} target="_blank" rel="noopener noreferrer">
					{url}
				</a>
			</p>
		</section>
	);
}
