import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { has, t } from "../kit/i18n";
import { api, Badge, Field, FormDialog, SelectField, TextField, toast, words } from "../kit/ui";
import type { Report, Row } from "../kit/wire";
import { bringBack } from "./held";
import { When } from "./said";
import type { Session } from "./session";
import * as st from "./state";
import type { Item } from "./story";

type Level = { told: boolean; tell: { id: string; name: string }[] };
type Draft = { report: Report; levels: Level[] };

const lines = (text: string): string[] =>
	text
		.split("\n")
		.map((l) => l.trim())
		.filter(Boolean);
const names = (list: { name: string }[]): string => list.map((p) => p.name).join(", ") || t("escalate.nobody");
/** A state in words; what somebody wrote himself stays. */
const state = (status: string): string => (has(`escalate.status.${status}`) ? t(`escalate.status.${status}`) : status);
const spent = (ms: number): string => t("escalate.minutes", { n: Math.round(ms / 60_000) });

/** Asks for help by hand: the report is filled in from the conversation, and edited before it goes (P93, P94). */
export function Escalate({ s, r, shut }: { s: Session; r: Row; shut(): void }): JSX.Element | null {
	const [draft, setDraft] = useState<Draft>();
	useEffect(() => {
		api<Draft>("GET", `/v1/conversations/${r.id}/escalation`).then(setDraft, (e) => {
			toast(words(e), "stop");
			shut();
		});
	}, [r.id, shut]);
	return draft ? <Form s={s} r={r} shut={shut} draft={draft} /> : null;
}
function Form({ s, r, shut, draft }: { s: Session; r: Row; shut(): void; draft: Draft }): JSX.Element {
	const free = draft.levels.findIndex((l) => !l.told);
	const [level, setLevel] = useState(free + 1);
	const [reason, setReason] = useState("");
	const [report, setReport] = useState({ ...draft.report, status: state(draft.report.status) });
	const [tried, setTried] = useState(draft.report.tried.join("\n"));
	const [error, setError] = useState("");
	const [busy, setBusy] = useState(false);
	const put = (part: Partial<Report>) => setReport((now) => ({ ...now, ...part }));
	const submit = async () => {
		setBusy(true);
		setError("");
		const whole = { ...report, tried: lines(tried) };
		try {
			const args = { conversation: r.id, level, reason: reason.trim(), report: whole };
			await s.socket.command("conversation.escalate", args);
			const sentence = t(`escalate.sentence.${level}`);
			toast(t("escalate.done"), "ok", { label: t("escalate.sentence"), run: () => bringBack(r.id, sentence) });
			shut();
		} catch (x) {
			setError(words(x));
			setBusy(false);
		}
	};
	return (
		<FormDialog
			title={t("escalate.title")}
			submit={t("escalate.go")}
			wide
			busy={busy}
			off={free < 0 ? t("escalate.all") : !reason.trim() && t("escalate.reason.missing")}
			error={error}
			onSubmit={() => void submit()}
			onClose={shut}
		>
			<fieldset class="choices column">
				<legend>{t("escalate.level")}</legend>
				{draft.levels.map((l, n) => (
					<label class="choice" key={t(`escalate.level.${n + 1}`)}>
						<input
							type="radio"
							name="level"
							value={n + 1}
							disabled={l.told}
							checked={level === n + 1}
							onChange={() => setLevel(n + 1)}
						/>
						<span>
							{t(`escalate.level.${n + 1}`)}
							<small class="block">{l.told ? t("escalate.told") : t("escalate.tells", { names: names(l.tell) })}</small>
						</span>
					</label>
				))}
			</fieldset>
			<Field label={t("escalate.reason")} hint={t("escalate.reason.hint")}>
				{(g) => (
					<textarea
						{...g}
						data-first
						rows={2}
						maxLength={300}
						dir="auto"
						value={reason}
						onInput={(e) => setReason(e.currentTarget.value)}
					/>
				)}
			</Field>
			<h3>{t("escalate.report")}</h3>
			<TextField
				label={t("escalate.customer")}
				value={report.customer}
				maxLength={200}
				dir="auto"
				onInput={(e) => put({ customer: e.currentTarget.value })}
			/>
			<TextField
				label={t("escalate.issue")}
				value={report.issue}
				maxLength={400}
				dir="auto"
				onInput={(e) => put({ issue: e.currentTarget.value })}
			/>
			<TextField
				label={t("escalate.spent")}
				type="number"
				min={0}
				value={Math.round(report.spent_ms / 60_000)}
				onInput={(e) => put({ spent_ms: Math.max(0, Math.round(e.currentTarget.valueAsNumber) || 0) * 60_000 })}
			/>
			<Field label={t("escalate.tried")} hint={t("escalate.tried.hint")}>
				{(g) => (
					<textarea
						{...g}
						rows={4}
						maxLength={2000}
						dir="auto"
						value={tried}
						onInput={(e) => setTried(e.currentTarget.value)}
					/>
				)}
			</Field>
			<TextField
				label={t("escalate.status")}
				value={report.status}
				maxLength={200}
				dir="auto"
				onInput={(e) => put({ status: e.currentTarget.value })}
			/>
			<SelectField
				label={t("escalate.urgency")}
				hint={t(`urgency.${report.urgency}.means`)}
				value={`${report.urgency}`}
				options={[1, 2, 3].map((n) => ({ value: `${n}`, label: t(`urgency.${n}`) }))}
				onPick={(v) => put({ urgency: Number(v) })}
			/>
			<Field label={t("escalate.impact")}>
				{(g) => (
					<textarea
						{...g}
						rows={2}
						maxLength={400}
						dir="auto"
						value={report.impact}
						onInput={(e) => put({ impact: e.currentTarget.value })}
					/>
				)}
			</Field>
		</FormDialog>
	);
}

/** An escalation among the notes: only the staff has it. */
export function Escalated({ i }: { i: Extract<Item, { kind: "escalation" }> }): JSX.Element {
	const { level, reason, told, report } = i.data;
	const rows: [string, string | string[]][] = [
		["customer", report.customer],
		["issue", report.issue],
		["spent", spent(report.spent_ms)],
		["tried", report.tried],
		["status", state(report.status)],
		["urgency", t(`urgency.${report.urgency}`)],
		["impact", report.impact],
	];
	return (
		<section class="said note escalation" aria-label={t(`escalate.level.${level}`)}>
			<p class="said-head">
				<Badge tone="stop" icon="warn">
					{t("escalate.label")}
				</Badge>
				<b class="one-line">{i.by ? st.agentName(i.by) : t(reason ? "escalate.words" : "escalate.timer")}</b>
			</p>
			<div class="bubble">
				<p>
					<b>{t(`escalate.level.${level}`)}</b> · {t("escalate.tells", { names: names(told) })}
				</p>
				{reason && (
					<p class="pre" dir="auto">
						{reason}
					</p>
				)}
				<dl class="report">
					{rows.map(([key, v]) => (
						<div key={key}>
							<dt>{t(`escalate.${key}`)}</dt>
							<dd dir="auto">
								{typeof v === "string"
									? v || t("escalate.unsaid")
									: v.length
										? v.map((line) => (
												<span class="block" key={line}>
													{line}
												</span>
											))
										: t("escalate.untried")}
							</dd>
						</div>
					))}
				</dl>
				<p class="said-foot">
					<When at={i.at} />
				</p>
			</div>
		</section>
	);
}
