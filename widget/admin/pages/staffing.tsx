import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "../../kit/i18n";
import { api, Badge, Button, Empty, SelectField, TextField } from "../../kit/ui";
import { type Box, useLoad, type Wrong, wrong } from "../data";
import { Figure, Head, Part, Table } from "../parts";

type Step = { agents: number; wait_p50_s: number; wait_p95_s: number; missed: number; enough: boolean };
type Answer = { agents: number; steps: Step[] | null };

const asked = { per_hour: 60, minutes: 8, seats: 3, absent: 0, wait: 30 };
type Ask = typeof asked;
const fields: { name: keyof Ask; key: string; hint?: boolean }[] = [
	{ name: "per_hour", key: "perhour", hint: true },
	{ name: "minutes", key: "minutes" },
	{ name: "seats", key: "seats" },
	{ name: "absent", key: "absent", hint: true },
	{ name: "wait", key: "wait", hint: true },
];
const seconds = (n: number) => t("a.seconds", { n: n < 10 ? n.toFixed(1) : Math.round(n) });
const percent = (n: number) => `${(n * 100).toFixed(n < 0.01 ? 2 : 1)} %`;

/** How many agents a load needs, by the gateway's own routing under a clock that jumps. */
export function StaffingPage(): JSX.Element {
	const boxes = useLoad<{ mailboxes: Box[] }>("/v1/mailboxes").data?.mailboxes ?? [];
	const [ask, setAsk] = useState(asked);
	const [mailbox, setMailbox] = useState("");
	const [got, setGot] = useState<{ answer: Answer; ask: Ask }>();
	const [bad, setBad] = useState<Wrong>();
	const [busy, setBusy] = useState(false);
	const run = async () => {
		setBusy(true);
		try {
			const query = new URLSearchParams({
				mailbox,
				...Object.fromEntries(fields.map((f) => [f.name, `${ask[f.name]}`])),
			});
			setGot({ answer: await api<Answer>("GET", `/v1/staffing?${query}`), ask });
			setBad(undefined);
		} catch (e) {
			setBad(wrong(e));
			setGot(undefined);
		}
		setBusy(false);
	};
	const own = fields.some((f) => f.name === bad?.field);
	return (
		<>
			<Head title={t("a.staffing")} hint={t("a.staffing.hint")} />
			<form
				class="form asks"
				onSubmit={(e) => {
					e.preventDefault();
					void run();
				}}
			>
				{fields.map((f) => (
					<TextField
						key={f.name}
						label={t(`a.staffing.${f.key}`)}
						hint={f.hint ? t(`a.staffing.${f.key}.hint`) : undefined}
						type="number"
						step="any"
						value={ask[f.name]}
						error={bad?.field === f.name ? bad.text : undefined}
						onInput={(e) => setAsk({ ...ask, [f.name]: e.currentTarget.valueAsNumber || 0 })}
					/>
				))}
				<SelectField
					label={t("a.mailbox")}
					hint={t("a.staffing.mailbox.hint")}
					value={mailbox}
					options={[{ value: "", label: t("a.all") }, ...boxes.map((b) => ({ value: b.id, label: b.name }))]}
					onPick={setMailbox}
				/>
				<div class="asks-go">
					<Button type="submit" look="main" busy={busy}>
						{t("a.staffing.run")}
					</Button>
				</div>
			</form>
			<p class="error" role="alert">
				{bad && !own && bad.text}
			</p>
			<div role="status">{got && <Found answer={got.answer} />}</div>
			{got?.answer.steps?.length ? <Steps steps={got.answer.steps} wish={got.ask.wait} /> : null}
		</>
	);
}
function Found({ answer }: { answer: Answer }): JSX.Element {
	const step = answer.steps?.find((s) => s.agents === answer.agents);
	if (!step)
		return (
			<Empty icon="warn" title={t("a.staffing.none")}>
				<p>{t("a.staffing.none.text")}</p>
			</Empty>
		);
	return (
		<div class="figures">
			<Figure n={step.agents} label={t("a.staffing.agents")} />
			<Figure n={seconds(step.wait_p95_s)} label={t("a.staffing.p95")} />
			<Figure n={percent(step.missed)} label={t("a.staffing.missed")} />
		</div>
	);
}
function Steps({ steps, wish }: { steps: Step[]; wish: number }): JSX.Element {
	return (
		<>
			<Part title={t("a.staffing.chart")} hint={t("a.staffing.chart.hint")} class="wide">
				<Chart steps={steps} wish={wish} />
			</Part>
			<Table
				label={t("a.staffing.chart")}
				rows={steps}
				id={(s) => `${s.agents}`}
				columns={[
					{ id: "agents", label: t("a.staffing.col.agents"), cell: (s) => s.agents },
					{ id: "p50", label: t("a.staffing.col.p50"), cell: (s) => seconds(s.wait_p50_s) },
					{ id: "p95", label: t("a.staffing.col.p95"), cell: (s) => seconds(s.wait_p95_s) },
					{ id: "missed", label: t("a.staffing.col.missed"), cell: (s) => percent(s.missed) },
					{
						id: "enough",
						label: t("a.staffing.col.enough"),
						cell: (s) => (
							<Badge tone={s.enough ? "ok" : "wait"}>{t(s.enough ? "a.staffing.enough" : "a.staffing.short")}</Badge>
						),
					},
				]}
			/>
		</>
	);
}
/** One bar for each number of agents; the table under it says the same in words. */
function Chart({ steps, wish }: { steps: Step[]; wish: number }): JSX.Element {
	const most = Math.max(wish, ...steps.map((s) => s.wait_p95_s));
	const top = Math.ceil((most * 1.02) / 20) * 20;
	const wide = 640;
	const high = 200;
	const each = wide / steps.length;
	const y = (v: number) => high - (v / top) * high;
	const some = Math.ceil(steps.length / 20);
	return (
		<svg class="chart" viewBox={`-44 -10 ${wide + 48} ${high + 36}`} role="img" aria-label={t("a.staffing.chart")}>
			{[0, top / 2, top].map((v) => (
				<g key={v} class="chart-grid">
					<line x1={0} x2={wide} y1={y(v)} y2={y(v)} />
					<text x={-8} y={y(v) + 4} text-anchor="end">
						{Math.round(v)}
					</text>
				</g>
			))}
			{steps.map((s, i) => (
				<g key={s.agents}>
					<rect
						class={s.enough ? "bar ok" : "bar"}
						x={i * each + each * 0.15}
						width={each * 0.7}
						y={y(s.wait_p95_s)}
						height={high - y(s.wait_p95_s)}
					>
						<title>
							{t("a.staffing.bar", {
								agents: s.agents,
								wait: s.wait_p95_s.toFixed(1),
								missed: (s.missed * 100).toFixed(2),
							})}
						</title>
					</rect>
					{i % some === 0 && (
						<text class="chart-n" x={(i + 0.5) * each} y={high + 20} text-anchor="middle">
							{s.agents}
						</text>
					)}
				</g>
			))}
			<line class="wish" x1={0} x2={wide} y1={y(wish)} y2={y(wish)} />
		</svg>
	);
}
