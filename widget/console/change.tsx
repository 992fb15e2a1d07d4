import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { dir, pick, type Texts, t } from "../kit/i18n";
import { steppingUp } from "../kit/passkey";
import { clock, exact, upcoming } from "../kit/time";
import { api, Badge, Button, Icon, shared, tellRefused } from "../kit/ui";
import type { Change, Row } from "../kit/wire";
import { gateLook, live, mayWithdraw } from "./gate-look";
import type { Session } from "./session";
import * as st from "./state";
import { type Step, steps } from "./story";
import { age, factName, inLang, reasonWords } from "./words";

/** Takes a change as the server has just answered it. */
export function put(id: string, c: Change): void {
	const d = st.details.value[id];
	if (!d) return;
	const rest = d.changes.filter((x) => x.id !== c.id);
	st.details.value = { ...st.details.value, [id]: { ...d, changes: [...rest, c] } };
}
/** One change: its state, countdown, steps, reason, receipt; offer or withdraw while that is possible. */
export function ChangeCard({ s, r, c, newest }: { s: Session; r: Row; c: Change; newest: boolean }): JSX.Element {
	const look = gateLook(c.state);
	const going = live(c.state);
	const th = st.threads.value[r.id];
	return (
		<article class={`change ${look.tone}`} aria-label={pick(c.title)}>
			{c.state === "draft" ? (
				<Preview r={r} c={c} />
			) : (
				<>
					<h3>{pick(c.title)}</h3>
					<Fields c={c} lang={undefined} />
				</>
			)}
			<State c={c} />
			{c.reason && (
				<p class="why">
					<b>{t("gate.reason")}</b> {reasonWords(c.reason)}
				</p>
			)}
			{c.receipt && (
				<p class="receipt">
					<Icon name="check" /> {t("gate.receipt")} <code>{c.receipt}</code>
				</p>
			)}
			{c.state !== "draft" && <Steps all={th ? steps(th, c.id) : []} open={going || newest} />}
			<Second s={s} r={r} c={c} />
			<Ways s={s} r={r} c={c} />
		</article>
	);
}
/** Says a command about a change; where it takes a passkey, that is asked for and the command repeated. */
function stepped(s: Session, cmd: string, change: string): Promise<{ change: Change }> {
	return steppingUp(api, () => s.socket.command<{ change: Change }>(cmd, { change }));
}
function toPasskeys(): void {
	st.dialog.value = { what: "passkeys" };
}
function State({ c }: { c: Change }): JSX.Element {
	const look = gateLook(c.state);
	const left = (c.until ?? 0) - st.now.value;
	const counts = live(c.state) && !["draft", "cooling"].includes(c.state) && left > 0;
	return (
		<p class="change-state" role="status">
			<Badge tone={look.tone} icon={look.icon} fill={look.fill}>
				{t(`gate.${c.state}`, { time: c.until ? upcoming(c.until) : "" })}
			</Badge>
			{counts && (
				<span class="left" title={exact(c.until ?? 0)}>
					<Icon name="clock" /> {t("gate.left", { time: age(left) })}
				</span>
			)}
		</p>
	);
}
/** What happened, oldest first; of a change that is over it is one press away. */
function Steps({ all, open }: { all: Step[]; open: boolean }): JSX.Element | null {
	if (!all.length) return null;
	return (
		<details open={open}>
			<summary>{t("gate.steps", { n: all.length })}</summary>
			<ol class="steps">
				{all.map((x) => {
					const l = gateLook(x.state);
					return (
						<li class={l.tone} key={`${x.at}${x.state}${x.ev}`}>
							<Icon name={l.icon} fill={l.fill} />
							<span class="grow">{t(stepKey(x), { time: x.until ? upcoming(x.until) : "" })}</span>
							<time title={exact(x.at)}>{clock(x.at)}</time>
						</li>
					);
				})}
			</ol>
		</details>
	);
}
function stepKey(x: Step): string {
	if (x.state === "cooling" && x.again) return "gate.seconded";
	return x.state === "draft" ? "gate.drafted" : `gate.${x.state}`;
}
/** While a change cools: who must still agree, and the button for who may. */
function Second({ s, r, c }: { s: Session; r: Row; c: Change }): JSX.Element | null {
	const [busy, setBusy] = useState(false);
	if (c.state !== "cooling") return null;
	if (c.seconded) return <p class="hint">{t("second.given")}</p>;
	if (st.me.value?.role !== "supervisor") return <p class="hint">{t("second.wanted")}</p>;
	if (c.offered_by === st.myId.value) return <p class="hint">{t("second.own")}</p>;
	const agree = async () => {
		setBusy(true);
		try {
			const { change } = await stepped(s, "change.second", c.id);
			put(r.id, change);
		} catch (e) {
			tellRefused(e, toPasskeys);
		}
		setBusy(false);
	};
	return (
		<>
			<p class="hint">{t("second.ask")}</p>
			<div class="row">
				<Button look="main" icon="check" busy={busy} onClick={() => void agree()}>
					{t("second.go")}
				</Button>
			</div>
		</>
	);
}
/** Offer or discard a draft; withdraw what is not released. */
function Ways({ s, r, c }: { s: Session; r: Row; c: Change }): JSX.Element | null {
	const [busy, setBusy] = useState(false);
	const mine = !r.assignee || r.assignee === st.myId.value || st.me.value?.role === "supervisor";
	if (!mine || !(c.state === "draft" || mayWithdraw(c.state))) return null;
	const move = async (cmd: string) => {
		setBusy(true);
		try {
			const { change } = await stepped(s, cmd, c.id);
			put(r.id, change);
		} catch (e) {
			tellRefused(e, toPasskeys);
		}
		setBusy(false);
	};
	return (
		<div class="row">
			{c.state === "draft" && (
				<Button look="main" icon="send" busy={busy} onClick={() => void move("change.offer")}>
					{t("offer.go")}
				</Button>
			)}
			<Button busy={busy} onClick={() => void move("change.withdraw")}>
				{t(c.state === "draft" ? "offer.discard" : "gate.withdraw")}
			</Button>
		</div>
	);
}
/** The visitor's card, wholly in his language. */
function Preview({ r, c }: { r: Row; c: Change }): JSX.Element {
	const to = r.locale ?? "en";
	const say = useWords(to);
	return (
		<figure class="preview">
			<figcaption class="hint">{t("offer.sees")}</figcaption>
			<div class="preview-card" lang={to} dir={dir(to)}>
				<h3>{inLang(c.title, to)}</h3>
				<Fields c={c} lang={to} />
				<p>{say("verify.why")}</p>
				<p class="fake main">{say("verify.login")}</p>
				<p class="hint">
					{say("verify.next.1")} {say("verify.next.2")} {say("verify.password")}
				</p>
			</div>
		</figure>
	);
}
/** The panel's words in a language; in the agent's own until they are there. */
function useWords(locale: string): (key: string) => string {
	const [texts, setTexts] = useState<Texts>({});
	useEffect(() => {
		void shared(locale).then(setTexts, () => undefined);
	}, [locale]);
	return (key) => {
		const found = texts[key];
		return typeof found === "string" ? found : t(key);
	};
}
function Fields({ c, lang }: { c: Change; lang: string | undefined }): JSX.Element | null {
	const all = Object.entries(c.fields ?? {});
	if (!all.length) return null;
	return (
		<dl class="facts">
			{all.map(([k, v]) => (
				<div key={k}>
					<dt>{(lang ? inLang(c.labels?.[k], lang) : pick(c.labels?.[k])) || k}</dt>
					<dd>
						<bdi>{lang || c.kind !== "account.read" ? v : v.split(",").map(factName).join(", ")}</bdi>
					</dd>
				</div>
			))}
		</dl>
	);
}
