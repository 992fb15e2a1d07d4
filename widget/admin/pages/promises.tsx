import type { JSX } from "preact";
import { region, t } from "../../kit/i18n";
import { Button, IconButton, SelectField, TextField } from "../../kit/ui";
import type { Box, Person, SLA, Targets } from "../data";
import { Part } from "../parts";
import { AtOnce } from "./at-once";

const PRIORITIES = [1, 2, 3];
const CLASSES = 20;
type Errors = Record<string, string>;
type Props = { box: Box; people: Person[]; errors: Errors; onChange(part: Partial<Box>): void };

/** What the gateway promises where nobody has said otherwise (gateway/promise.go). */
function usual(workDay: number): SLA {
	const each = () => PRIORITIES.map(() => ({ first: 15, next: workDay, resolve: 1440 }));
	return { off: false, targets: each(), classes: [], levels: [60, 240, 1440].map((after) => ({ after, tell: [] })) };
}
function hours(minutes: number): string {
	const f = new Intl.NumberFormat(region(), { style: "unit", unit: "hour", maximumFractionDigits: 1 });
	return f.format(minutes / 60);
}
/** How soon conversations of this mailbox are answered and solved, and who hears if they are not (P90 to P93). */
export function Promises({ box, people, errors, onChange }: Props): JSX.Element {
	const { sla } = box;
	const mode = sla?.off ? "off" : sla ? "own" : "default";
	const pick = (m: string) => {
		const kept = sla ?? usual(box.work_day);
		onChange({ sla: m === "default" ? null : { ...kept, off: m === "off" } });
	};
	return (
		<Part title={t("a.sla")} hint={t("a.sla.hint")}>
			<SelectField
				label={t("a.sla.mode")}
				hint={
					mode === "own"
						? t("a.sla.minutes")
						: mode === "off"
							? t("a.sla.off.hint")
							: t("a.sla.default", { day: hours(box.work_day) })
				}
				value={mode}
				options={["default", "own", "off"].map((value) => ({ value, label: t(`a.sla.mode.${value}`) }))}
				onPick={pick}
			/>
			{sla && !sla.off && (
				<Own
					sla={sla}
					usual={box.at_once}
					people={people}
					errors={errors}
					onChange={(next) => onChange({ sla: next })}
				/>
			)}
		</Part>
	);
}

const named = (c: { class?: string; status?: string }): string => [c.class, c.status].filter(Boolean).join(", ");

type OwnProps = { sla: SLA; usual: string[]; people: Person[]; errors: Errors; onChange(sla: SLA): void };
function Own({ sla, usual: words, people, errors, onChange }: OwnProps): JSX.Element {
	const classes = sla.classes ?? [];
	const put = (n: number, part: Partial<(typeof classes)[number]>) =>
		onChange({ ...sla, classes: classes.map((c, i) => (i === n ? { ...c, ...part } : c)) });
	return (
		<>
			<Matrix targets={sla.targets} onChange={(targets) => onChange({ ...sla, targets })} />
			{classes.map((c, n) => (
				<div class="sla-class" key={n}>
					<div class="question">
						<div class="two">
							{(["class", "status"] as const).map((k) => (
								<TextField
									key={k}
									label={t(`a.sla.${k}`)}
									hint={t(`a.sla.${k}.hint`)}
									value={c[k] ?? ""}
									maxLength={100}
									dir="auto"
									onInput={(e) => put(n, { [k]: e.currentTarget.value })}
								/>
							))}
						</div>
						<IconButton
							icon="trash"
							label={t("a.remove", { what: named(c) || t("a.sla.class") })}
							onClick={() => onChange({ ...sla, classes: classes.filter((_, i) => i !== n) })}
						/>
					</div>
					<Matrix of={named(c) || "…"} targets={c.targets} onChange={(targets) => put(n, { targets })} />
				</div>
			))}
			<Wrong errors={errors} of={["sla.targets", "sla.classes"]} />
			<div>
				<Button
					icon="plus"
					off={classes.length >= CLASSES ? t("a.sla.class.full") : false}
					onClick={() => onChange({ ...sla, classes: [...classes, { targets: sla.targets.map((x) => ({ ...x })) }] })}
				>
					{t("a.sla.class.add")}
				</Button>
			</div>
			<Levels sla={sla} people={people} onChange={onChange} />
			<Wrong errors={errors} of={["sla.levels", "sla.tell"]} />
			{words.length > 0 && (
				<AtOnce
					own={sla.at_once}
					usual={words}
					error={errors["sla.at_once"]}
					onChange={(at_once) => onChange({ ...sla, at_once })}
				/>
			)}
			<TextField
				label={t("a.sla.report")}
				hint={t("a.sla.report.hint")}
				type="email"
				dir="ltr"
				value={sla.report_to ?? ""}
				maxLength={254}
				error={errors["sla.report_to"]}
				onInput={(e) => onChange({ ...sla, report_to: e.currentTarget.value.trim() })}
			/>
		</>
	);
}
function Wrong({ errors, of }: { errors: Errors; of: string[] }): JSX.Element | null {
	const text = of.map((k) => errors[k]).find(Boolean);
	return text ? (
		<p class="error" role="alert">
			{text}
		</p>
	) : null;
}
/** Three limits for each of the three priorities. */
function Matrix({
	of,
	targets,
	onChange,
}: {
	of?: string;
	targets: Targets[];
	onChange(t: Targets[]): void;
}): JSX.Element {
	const put = (n: number, part: Partial<Targets>) => onChange(targets.map((x, i) => (i === n ? { ...x, ...part } : x)));
	return (
		<>
			{PRIORITIES.map((p, n) => (
				<fieldset class="sla-row" key={p}>
					<legend>
						{of ? `${of} · ` : ""}
						{t("a.sla.priority", { priority: t(`a.priority.${p}`) })}
					</legend>
					{!of && <p class="hint">{t(`a.priority.${p}.means`)}</p>}
					<div class="two">
						{(["first", "next", "resolve"] as const).map((k) => (
							<Minutes
								key={k}
								label={t(`a.sla.${k}`)}
								hint={k === "resolve" && n === 0 ? t("a.sla.resolve.hint") : undefined}
								value={targets[n]?.[k] ?? 0}
								onChange={(v) => put(n, { [k]: v })}
							/>
						))}
					</div>
				</fieldset>
			))}
		</>
	);
}
type MinutesProps = { label: string; hint?: string; value: number; onChange(n: number): void };
function Minutes({ label, hint, value, onChange }: MinutesProps): JSX.Element {
	return (
		<TextField
			label={label}
			hint={hint}
			type="number"
			min={0}
			max={43200}
			value={value}
			onInput={(e) => onChange(Math.round(e.currentTarget.valueAsNumber) || 0)}
		/>
	);
}
function Levels({ sla, people, onChange }: Omit<OwnProps, "errors" | "usual">): JSX.Element {
	const can = people.filter((p) => !p.disabled && !["editor", "auditor"].includes(p.role));
	const put = (n: number, part: Partial<SLA["levels"][number]>) =>
		onChange({ ...sla, levels: sla.levels.map((l, i) => (i === n ? { ...l, ...part } : l)) });
	return (
		<>
			<h3>{t("a.sla.levels")}</h3>
			<p class="hint">{t("a.sla.levels.hint")}</p>
			{sla.levels.map((l, n) => {
				const tell = l.tell ?? [];
				const flip = (id: string) => put(n, { tell: tell.includes(id) ? tell.filter((x) => x !== id) : [...tell, id] });
				return (
					<fieldset class="sla-row" key={t(`a.sla.level.${n + 1}`)}>
						<legend>{t(`a.sla.level.${n + 1}`)}</legend>
						<Minutes label={t("a.sla.after")} value={l.after} onChange={(after) => put(n, { after })} />
						<details>
							<summary>
								{t("a.sla.tell")}:{" "}
								{can
									.filter((p) => tell.includes(p.id))
									.map((p) => p.name)
									.join(", ") || t(`a.sla.tell.none.${n + 1}`)}
							</summary>
							<div class="checks">
								{can.map((p) => (
									<label key={p.id}>
										<input type="checkbox" checked={tell.includes(p.id)} onChange={() => flip(p.id)} />
										<span>
											{p.name} <small>{t(`role.${p.role}`)}</small>
										</span>
									</label>
								))}
							</div>
						</details>
					</fieldset>
				);
			})}
		</>
	);
}
