import { Fragment, type JSX } from "preact";
import { t } from "../kit/i18n";
import { Empty, Toasts } from "../kit/ui";
import { Composer } from "./composer";
import { Dialogs } from "./dialogs";
import { useKeys } from "./hands";
import { List } from "./list";
import { Offer } from "./offer";
import { Rail } from "./rail";
import { Replies } from "./replies";
import type { Session } from "./session";
import { Side } from "./side";
import { FirstPassword, SignIn } from "./signin";
import { away, current, open, pane, place, prefs, screen, slow } from "./state";
import { Head, Thread } from "./thread";
import { Top } from "./top";

export function App({ s }: { s: Session }): JSX.Element {
	const at = screen.value;
	return (
		// A new language draws everything anew: signals would skip what else has not changed.
		<Fragment key={prefs.value.lang}>
			{at === "signin" && <SignIn s={s} />}
			{at === "password" && <FirstPassword s={s} />}
			{at === "elsewhere" && <Elsewhere s={s} />}
			{at === "app" && <Desk s={s} />}
			<Toasts close={t("dismiss")} />
		</Fragment>
	);
}
function Elsewhere({ s }: { s: Session }): JSX.Element {
	return (
		<main class="door">
			<div class="door-card">
				<h1>{t("elsewhere.title")}</h1>
				<p>{t("elsewhere.text")}</p>
				<p>
					<a href="/admin">{t("elsewhere.admin")}</a>
				</p>
				<button type="button" class="btn" onClick={() => void s.signOut()}>
					{t("me.out")}
				</button>
			</div>
		</main>
	);
}
function Desk({ s }: { s: Session }): JSX.Element {
	useKeys(s);
	const lost = away.value ? "trouble.update" : slow.value ? "trouble.offline" : "";
	const wide = place.value === "replies";
	return (
		<div class={`desk at-${pane.value}${wide ? " wide" : ""}${open.value ? "" : " none-open"}`}>
			<Top s={s} />
			<p role="status" class={lost ? "trouble" : "sr"}>
				{lost && t(lost)}
			</p>
			<Rail s={s} />
			{wide ? (
				<Replies />
			) : (
				<main class="work">
					<List s={s} />
					<Middle s={s} />
					{current.value && <Side s={s} key={open.value} />}
				</main>
			)}
			<Offer s={s} />
			<Dialogs s={s} />
		</div>
	);
}
function Middle({ s }: { s: Session }): JSX.Element {
	const r = current.value;
	return (
		<section class="middle" id="middle" tabIndex={-1} aria-label={t("pane.thread")}>
			{r ? (
				<>
					<Head s={s} r={r} />
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
