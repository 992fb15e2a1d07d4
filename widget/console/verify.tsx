import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { pick, t } from "../kit/i18n";
import { safeURL } from "../kit/nodes";
import { CommandError } from "../kit/socket";
import { clock, exact, upcoming } from "../kit/time";
import { Badge, Button, Icon, SelectField, TextField, toast, words } from "../kit/ui";
import type { Change, FieldSpec, Row } from "../kit/wire";
import { gateLook, live, mayWithdraw } from "./gate-look";
import type { Session } from "./session";
import * as st from "./state";
import { steps } from "./story";
import { age, inLang, reasonWords } from "./words";

/**
 * Guide first, then an offer, then what happens to it. No role has a button that applies, approves or
 * overrides: only the visitor's own login moves a change on (P100, P115).
 */
export function Verify({ s, r }: { s: Session; r: Row }): JSX.Element {
	const d = st.details.value[r.id];
	if (!d) return <p class="quiet-text">{t("trouble.loading")}</p>;
	const guides = d.kinds.filter((k) => k.guide);
	const offers = d.kinds.filter((k) => k.assisted);
	const recovery = safeURL(d.kinds.find((k) => k.recovery)?.recovery);
	const refused = cannot();
	const changes = [...d.changes].reverse();
	const draft = changes.find((c) => c.state === "draft");
	const going = changes.some((c) => live(c.state) && c.state !== "draft");
	const stop = why(r, going);
	return (
		<>
			{r.frozen && (
				<p class="notice stop">
					<Icon name="stop" /> {t("sys.frozen")}
				</p>
			)}
			{guides.length > 0 && (
				<details class="guides" open={!going && !draft}>
					<summary>
						<h2>{t("guide.title")}</h2>
					</summary>
					<p class="hint">{t("guide.hint")}</p>
					{guides.map((k) => (
						<div class="found row" key={k.name}>
							<span class="grow">{pick(k.title)}</span>
							<Button
								icon="link"
								aria-label={t("guide.send_of", { title: pick(k.title) })}
								off={r.status === "closed" && t("composer.ended")}
								onClick={() => {
									if (s.write({ conversation: r.id, text: "", guide: k.name })) toast(t("guide.done"), "ok");
								}}
							>
								{t("guide.send")}
							</Button>
						</div>
					))}
				</details>
			)}
			{changes.length > 0 && (
				<section>
					<h2>{t("gate.title")}</h2>
					{changes.map((c) => (
						<Live key={c.id} s={s} r={r} c={c} />
					))}
				</section>
			)}
			<section>
				<h2>{t("offer.change")}</h2>
				{!offers.length ? (
					<p class="quiet-text">{t("offer.nokinds")}</p>
				) : refused ? (
					<p class="quiet-text">{refused}</p>
				) : stop ? (
					<p class="quiet-text">{stop}</p>
				) : (
					!draft && <Form s={s} r={r} kinds={offers} />
				)}
				{draft && !stop && <p class="hint">{t("offer.draft_first")}</p>}
			</section>
			{recovery && (
				<section>
					<h2>{t("recovery.title")}</h2>
					<p class="hint">{t("recovery.hint")}</p>
					<p class="copyline">
						<a href={recovery} target="_blank" rel="noopener noreferrer">
							{recovery}
						</a>
					</p>
				</section>
			)}
		</>
	);
}
function why(r: Row, going: boolean): string {
	if (r.status === "closed") return t("composer.ended");
	if (r.frozen) return t("offer.frozen");
	if (r.assignee !== st.myId.value) return t(r.status === "queued" ? "offer.notmine" : "offer.take");
	return going ? t("offer.one") : "";
}
/** Why my role offers nothing, or nothing sensitive (verify/role.go decides; this only says it before). */
function cannot(tier = "plain"): string {
	const role = st.me.value?.role ?? "";
	if (!["agent", "senior", "supervisor"].includes(role)) return t("offer.role");
	return tier === "sensitive" && role === "agent" ? t("offer.senior") : "";
}
/** A kind and its fields; the server freezes them into a draft, which is then shown as the visitor will see it. */
function Form({ s, r, kinds }: { s: Session; r: Row; kinds: st.Kind[] }): JSX.Element {
	const [name, setName] = useState("");
	const [fields, setFields] = useState<Record<string, string>>({});
	const [error, setError] = useState("");
	const [bad, setBad] = useState("");
	const [busy, setBusy] = useState(false);
	const kind = kinds.find((k) => k.name === name);
	const submit = async (e: SubmitEvent) => {
		e.preventDefault();
		setBusy(true);
		setError("");
		setBad("");
		try {
			const given = Object.fromEntries((kind?.fields ?? []).map((f) => [f.name, fields[f.name] ?? ""]));
			const { change } = await s.socket.command<{ change: Change }>("change.draft", {
				conversation: r.id,
				kind: name,
				fields: given,
			});
			put(r.id, change);
		} catch (x) {
			const field = x instanceof CommandError ? (x.error.params?.field ?? "") : "";
			if (field && kind?.fields?.some((f) => f.name === field)) setBad(field);
			else setError(words(x));
		}
		setBusy(false);
	};
	return (
		<form class="form" onSubmit={submit}>
			<SelectField
				label={t("offer.kind")}
				value={name}
				onPick={(v) => {
					setName(v);
					setFields({});
					setBad("");
				}}
				options={[
					{ value: "", label: t("offer.pick") },
					...kinds.map((k) => {
						const why = cannot(k.tier);
						return { value: k.name, label: why ? `${pick(k.title)} (${why})` : pick(k.title), off: Boolean(why) };
					}),
				]}
			/>
			{kind?.guide && <p class="notice wait">{t("offer.guide_first")}</p>}
			{kind?.fields?.map((f) => (
				<One
					key={f.name}
					f={f}
					value={fields[f.name] ?? ""}
					error={bad === f.name ? t("offer.bad") : undefined}
					put={(v) => setFields({ ...fields, [f.name]: v })}
				/>
			))}
			<p class="error" role="alert">
				{error}
			</p>
			{kind && (
				<Button type="submit" look="main" icon="eye" busy={busy}>
					{t("offer.preview")}
				</Button>
			)}
		</form>
	);
}
function One({
	f,
	value,
	error,
	put,
}: {
	f: FieldSpec;
	value: string;
	error?: string;
	put(v: string): void;
}): JSX.Element {
	const label = pick(f.label) || f.name;
	if (f.as === "enum")
		return (
			<SelectField
				label={label}
				value={value}
				error={error}
				onPick={put}
				options={[{ value: "", label: t("offer.pick") }, ...(f.values ?? []).map((v) => ({ value: v, label: v }))]}
			/>
		);
	if (f.as === "set") {
		const on = new Set(value.split(",").filter(Boolean));
		return (
			<fieldset class="choices column">
				<legend>{label}</legend>
				{f.values?.map((v) => (
					<label class="choice" key={v}>
						<input
							type="checkbox"
							checked={on.has(v)}
							onChange={(e) => {
								if (e.currentTarget.checked) on.add(v);
								else on.delete(v);
								put([...on].sort().join(","));
							}}
						/>
						{v}
					</label>
				))}
				{error && <p class="error">{error}</p>}
			</fieldset>
		);
	}
	return (
		<TextField
			label={label}
			type={f.as === "email" ? "email" : f.as === "phone" ? "tel" : "text"}
			value={value}
			error={error}
			required
			maxLength={f.max || 256}
			autocomplete="off"
			onInput={(e) => put(e.currentTarget.value)}
		/>
	);
}
function put(id: string, c: Change): void {
	const d = st.details.value[id];
	if (!d) return;
	const rest = d.changes.filter((x) => x.id !== c.id);
	st.details.value = { ...st.details.value, [id]: { ...d, changes: [...rest, c] } };
}
/** One change: its state, countdown, steps, reason, receipt; offer or withdraw while that is possible. */
function Live({ s, r, c }: { s: Session; r: Row; c: Change }): JSX.Element {
	const [busy, setBusy] = useState(false);
	const look = gateLook(c.state);
	const going = live(c.state);
	const left = (c.until ?? 0) - st.now.value;
	const mine = !r.assignee || r.assignee === st.myId.value || st.me.value?.role === "supervisor";
	const move = async (cmd: string) => {
		setBusy(true);
		try {
			const { change } = await s.socket.command<{ change: Change }>(cmd, { change: c.id });
			put(r.id, change);
		} catch (e) {
			toast(words(e), "stop");
		}
		setBusy(false);
	};
	const th = st.threads.value[r.id];
	const done = th ? steps(th, c.id) : [];
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
			<p class="change-state" role="status">
				<Badge tone={look.tone} icon={look.icon} fill={look.fill}>
					{t(`gate.${c.state}`, { time: c.until ? upcoming(c.until) : "" })}
				</Badge>
				{going && c.state !== "cooling" && left > 0 && (
					<span class="left" title={exact(c.until ?? 0)}>
						<Icon name="clock" /> {t("gate.left", { time: age(left) })}
					</span>
				)}
			</p>
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
			{done.length > 0 && (
				<ol class="steps">
					{done.map((x) => {
						const l = gateLook(x.state);
						return (
							<li class={l.tone} key={`${x.at}${x.state}${x.ev}`}>
								<Icon name={l.icon} fill={l.fill} />
								<span class="grow">
									{t(x.state === "draft" ? "gate.drafted" : `gate.${x.state}`, {
										time: c.until ? upcoming(c.until) : "",
									})}
								</span>
								<time title={exact(x.at)}>{clock(x.at)}</time>
							</li>
						);
					})}
				</ol>
			)}
			{mine && (c.state === "draft" || mayWithdraw(c.state)) && (
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
			)}
		</article>
	);
}
/** The visitor's card: the kind's own words in his language. */
function Preview({ r, c }: { r: Row; c: Change }): JSX.Element {
	return (
		<figure class="preview">
			<figcaption class="hint">{t("offer.sees")}</figcaption>
			<div class="preview-card">
				<h3>{inLang(c.title, r.locale)}</h3>
				<Fields c={c} lang={r.locale ?? "en"} />
				<p>{t("verify.why")}</p>
				<p class="fake main">{t("verify.login")}</p>
				<p class="hint">
					{t("verify.next.1")} {t("verify.next.2")} {t("verify.password")}
				</p>
			</div>
		</figure>
	);
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
						<bdi>{v}</bdi>
					</dd>
				</div>
			))}
		</dl>
	);
}
