import { useState } from "preact/hooks";
import type { View } from "../kit/conversation";
import { pick, t } from "../kit/i18n";
import { safeURL } from "../kit/nodes";
import { clock, exact } from "../kit/time";
import type { GateMoved, Message } from "../kit/wire";
import { Icon } from "./icons";
import type { Session } from "./session";
import * as st from "./state";

/** Of the gate's four looks, the one of this state: icon, word and colour always together. */
function look(state: string): "locked" | "waiting" | "proven" | "refused" {
	if (state === "offered") return "locked";
	if (["challenged", "matched", "cooling", "unsettled"].includes(state)) return "waiting";
	if (["proven", "released", "applied"].includes(state)) return "proven";
	return "refused";
}
const icons = { locked: "lock", waiting: "half", proven: "gate", refused: "stop" } as const;

/** The card of one change. Its title and values are the change's own, never an agent's words. */
export function Verify({ s, c, frozen }: { s: Session; c: GateMoved & { at: number }; frozen: boolean }) {
	const [error, setError] = useState("");
	const [busy, setBusy] = useState(false);
	const kind = st.hello.value?.kinds.find((k) => k.name === c.kind);
	const recovery = safeURL(c.recovery ?? kind?.recovery);
	const live = !frozen && (c.state === "offered" || c.state === "challenged");
	const kindOf = look(c.state);
	const id = `g-${c.change}`;
	const ask = () => {
		if (busy) return;
		setBusy(true);
		s.openChange(c.change, c.state === "challenged")
			.then((away) => setBusy(away)) // a page that leaves stays busy: nobody presses twice
			.catch((e) => {
				setBusy(false);
				setError(st.words(e));
			});
	};
	const type = (e: SubmitEvent) => {
		e.preventDefault();
		const code = (e.currentTarget as HTMLFormElement).code.value;
		s.typeCode(c.change, code).catch((e) =>
			setError(e.error?.reason === "code.wrong" ? t("verify.wrong") : st.words(e)),
		);
	};
	const deny = () => s.socket.command("change.deny", { change: c.change }).catch((e) => setError(st.words(e)));
	return (
		<article class={`gate ${kindOf}`} aria-labelledby={id}>
			<h2 id={id}>{pick(c.title ?? kind?.title) || c.kind}</h2>
			<dl>
				{Object.entries(c.fields ?? {}).map(([name, value]) => (
					<div key={name}>
						<dt>{pick(c.labels?.[name]) || name}</dt>
						<dd dir="auto">{value}</dd>
					</div>
				))}
			</dl>
			<p class="gate-state" role="status">
				<Icon name={icons[kindOf]} />
				<b>{t(`verify.${c.state}`, { time: c.until ? exact(c.until) : "" })}</b>
				<time dateTime={new Date(c.at).toISOString()}>{clock(c.at)}</time>
			</p>
			{c.receipt && <p class="receipt">{t("verify.receipt", { receipt: c.receipt })}</p>}
			{live && !st.crypto.value && <p>{t("verify.nocrypto")}</p>}
			{live && st.crypto.value && (
				<>
					<p>{t("verify.why")}</p>
					<button type="button" class="main wide" aria-disabled={busy} onClick={ask}>
						{t(c.state === "offered" ? "verify.login" : "verify.over")}
					</button>
					<p class="quiet">
						{t("verify.next.1")} {t("verify.next.2")} <b>{!kind?.code && t("verify.password")}</b>
					</p>
				</>
			)}
			{kind?.code && !frozen && c.state === "matched" && (
				<form onSubmit={type}>
					<label>
						{t("verify.code")}
						<input
							name="code"
							inputMode="numeric"
							autocomplete="off"
							maxLength={8}
							pattern="\d{8}"
							required
							dir="ltr"
						/>
					</label>
					<button type="submit" class="main wide">
						{t("chat.send")}
					</button>
				</form>
			)}
			<p role="alert" class="wrong">
				{error}
			</p>
			{live && (
				<p class="row">
					<button type="button" class="link" onClick={() => void deny()}>
						{t("verify.decline")}
					</button>
					{recovery && (
						<a href={recovery} target="_blank" rel="noopener noreferrer">
							{t("verify.cannot")}
						</a>
					)}
				</p>
			)}
		</article>
	);
}
type GuideProps = { s: Session; v: View; message: string; guide: NonNullable<Message["guide"]> };
/** "Do it yourself first": one button to the settings page and three steps. */
export function Guide({ s, v, message, guide }: GuideProps) {
	const url = safeURL(guide.url);
	const at = v.guides[message];
	const follow = (done: boolean) =>
		void s.socket
			.command("guide.follow", { conversation: v.topic, message, ...(done ? { done } : {}) })
			.catch(() => undefined);
	return (
		<article class="gate guide" aria-labelledby={`u-${message}`}>
			<h2 id={`u-${message}`}>{pick(guide.title)}</h2>
			<p>{t("verify.guide")}</p>
			<ol>
				<li>{t("verify.guide.1")}</li>
				<li>{t("verify.guide.2")}</li>
				<li>{t("verify.guide.3")}</li>
			</ol>
			{url && (
				<a class="main wide" href={url} target="_blank" rel="noopener noreferrer" onClick={() => follow(false)}>
					{t("verify.guide.open")}
				</a>
			)}
			{at === "opened" && (
				<button type="button" class="wide" onClick={() => follow(true)}>
					{t("verify.guide.done")}
				</button>
			)}
			<p role="status">{at === "done" ? t("verify.guide.thanks") : ""}</p>
		</article>
	);
}
