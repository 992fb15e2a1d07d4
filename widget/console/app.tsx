import { Fragment, type JSX } from "preact";
import { useCallback } from "preact/hooks";
import { t } from "../kit/i18n";
import { Asked, Button, Door, Empty, Icon, prefs, SignIn, Toasts, Unreached } from "../kit/ui";
import type { Row } from "../kit/wire";
import { Composer } from "./composer";
import { Dialogs } from "./dialogs";
import { useKeys } from "./hands";
import { Head } from "./head";
import { List } from "./list";
import { Offer } from "./offer";
import { Rail } from "./rail";
import { Replies } from "./replies";
import type { Session } from "./session";
import { Side } from "./side";
import { FirstPassword } from "./signin";
import { Spent } from "./spent";
import { Splitter } from "./splitter";
import { away, current, open, pane, place, policyWaits, screen, slow } from "./state";
import { Thread } from "./thread";
import { TieBar } from "./tie-bar";
import { Top } from "./top";

export function App({ s }: { s: Session }): JSX.Element {
	const at = screen.value;
	const again = useCallback(() => void s.start(), [s]);
	return (
		// A new language draws everything anew: signals would skip what else has not changed.
		<Fragment key={prefs.value.lang}>
			{at === "unreached" && <Unreached again={again} />}
			{at === "signin" && <SignIn title={t("signin.title")} enter={(agent) => s.enter(agent)} />}
			{at === "password" && <FirstPassword s={s} />}
			{at === "elsewhere" && <Elsewhere s={s} />}
			{at === "app" && <Desk s={s} />}
			<Asked />
			<Toasts />
		</Fragment>
	);
}
function Elsewhere({ s }: { s: Session }): JSX.Element {
	return (
		<Door title={t("elsewhere.title")}>
			<p>{t("elsewhere.text")}</p>
			<a class="btn main" href="/admin">
				{t("elsewhere.admin")}
			</a>
			<Button look="quiet" onClick={() => void s.signOut()}>
				{t("me.out")}
			</Button>
		</Door>
	);
}
function Desk({ s }: { s: Session }): JSX.Element {
	useKeys(s);
	const lost = away.value ? "trouble.update" : slow.value ? "trouble.offline" : "";
	const wide = place.value === "replies";
	const { list, side } = prefs.value;
	const px = (n: number | undefined) => (n ? `${n}px` : undefined);
	return (
		<div
			class={`desk at-${pane.value}${wide ? " wide" : ""}${open.value ? "" : " none-open"}`}
			style={{ "--list": px(list), "--side": px(side) }}
		>
			<Top s={s} />
			<div class="alerts">
				<p role="status" class={lost || policyWaits.value ? "trouble" : "sr"}>
					{lost ? (
						<>
							<Icon name="warn" /> {t(lost)}
						</>
					) : (
						policyWaits.value && (
							<>
								<Icon name="warn" /> <a href="/admin/verification">{t("trouble.policy")}</a>
							</>
						)
					)}
				</p>
				<Spent />
			</div>
			<Rail s={s} />
			{wide ? (
				<Replies s={s} />
			) : (
				<main class="work">
					<List s={s} />
					<Splitter of="list" />
					<Middle s={s} r={current.value} />
					{current.value && <Splitter of="side" />}
					{current.value && <Side s={s} key={open.value} />}
				</main>
			)}
			<Offer s={s} />
			<Dialogs s={s} />
		</div>
	);
}
function Middle({ s, r }: { s: Session; r: Row | undefined }): JSX.Element {
	return (
		<section class="middle" id="middle" tabIndex={-1} aria-label={t("pane.thread")}>
			{r ? (
				<>
					<Head s={s} r={r} />
					<TieBar s={s} r={r} key={`b${r.id}`} />
					<Thread s={s} r={r} key={`t${r.id}`} />
					<Composer s={s} r={r} key={`c${r.id}`} />
				</>
			) : (
				<Empty icon="chat" title={t("thread.none")}>
					{t("thread.none.hint")}
				</Empty>
			)}
		</section>
	);
}
