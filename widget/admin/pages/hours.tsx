import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { region, t } from "../../kit/i18n";
import { Button, Field, IconButton, Switch, TextField } from "../../kit/ui";
import type { Box, Interval, OpenDay } from "../data";

type Props = { box: Box; errors: Record<string, string>; onChange(part: Partial<Box>): void };
const week = [1, 2, 3, 4, 5, 6, 0];

/** Name of a weekday; 0 = Sunday. 2023-01-01 was one. */
export function weekday(day: number, style: "long" | "short" = "long"): string {
	return new Intl.DateTimeFormat(region(), { weekday: style, timeZone: "UTC" }).format(Date.UTC(2023, 0, 1 + day));
}
function clock(minutes: number): string {
	const m = minutes % 1440;
	return `${String(Math.floor(m / 60)).padStart(2, "0")}:${String(m % 60).padStart(2, "0")}`;
}
function minutes(text: string): number {
	const [h, m] = text.split(":").map(Number);
	return (h ?? 0) * 60 + (m ?? 0);
}

/** Weekly hours, holidays and the zone in which they are meant. */
export function Hours({ box, errors, onChange }: Props): JSX.Element {
	const hours = box.hours ?? [];
	const always = box.hours === null || hours.length === 0;
	const put = (list: Interval[]) => onChange({ hours: list });
	const preset = week.slice(0, 5).map((day) => ({ day, from: 540, to: 1020 }));
	return (
		<>
			<Switch
				label={t("a.hours.always")}
				hint={t("a.hours.always.hint")}
				on={always}
				onChange={(on) => onChange({ hours: on ? null : preset })}
			/>
			{!always && (
				<ul class="week">
					{week.map((day) => (
						<Day key={day} day={day} all={hours} onChange={put} />
					))}
				</ul>
			)}
			{errors.hours && (
				<p class="error" role="alert">
					{errors.hours}
				</p>
			)}
			<Zone zone={box.zone} error={errors.zone} onPick={(zone) => onChange({ zone })} />
			<Holidays days={box.holidays ?? []} error={errors.holidays} onChange={(holidays) => onChange({ holidays })} />
			<Days days={box.days ?? []} error={errors.days} onChange={(days) => onChange({ days })} />
		</>
	);
}

function Day({ day, all, onChange }: { day: number; all: Interval[]; onChange(all: Interval[]): void }): JSX.Element {
	const name = weekday(day);
	const swap = (old: Interval, next: Interval | undefined) =>
		onChange(all.flatMap((i) => (i === old ? (next ?? []) : i)));
	const mine = all.filter((i) => i.day === day);
	return (
		<li>
			<span class="day">{name}</span>
			<span class="spans">
				{!mine.length && <span class="quiet-text">{t("a.hours.closed")}</span>}
				{mine.map((i, n) => (
					<span class="span" key={`${day}-${n}`}>
						<input
							type="time"
							aria-label={t("a.hours.from", { day: name, n: n + 1 })}
							value={clock(i.from)}
							onChange={(e) => swap(i, { ...i, from: minutes(e.currentTarget.value) })}
						/>
						<span aria-hidden="true">–</span>
						<input
							type="time"
							aria-label={t("a.hours.to", { day: name, n: n + 1 })}
							value={clock(i.to)}
							onChange={(e) => swap(i, { ...i, to: minutes(e.currentTarget.value) || 1440 })}
						/>
						{i.to <= i.from && <small>{t("a.hours.next")}</small>}
						<IconButton
							icon="cross"
							label={t("a.hours.remove", { day: name, n: n + 1 })}
							onClick={() => swap(i, undefined)}
						/>
					</span>
				))}
			</span>
			<IconButton
				icon="plus"
				label={t("a.hours.add", { day: name })}
				onClick={() =>
					onChange([...all, { day, from: mine.at(-1)?.to ?? 540, to: Math.min(1440, (mine.at(-1)?.to ?? 540) + 480) }])
				}
			/>
		</li>
	);
}

function Zone({ zone, error, onPick }: { zone: string; error?: string; onPick(zone: string): void }): JSX.Element {
	const zones = Intl.supportedValuesOf("timeZone");
	return (
		<Field label={t("a.hours.zone")} hint={t("a.hours.zone.hint", { time: timeIn(zone) })} error={error}>
			{(g) => (
				<>
					<input {...g} list="zones" value={zone} onInput={(e) => onPick(e.currentTarget.value.trim())} dir="ltr" />
					<datalist id="zones">
						{["UTC", ...zones].map((z) => (
							<option key={z} value={z} />
						))}
					</datalist>
				</>
			)}
		</Field>
	);
}
function timeIn(zone: string): string {
	try {
		return new Intl.DateTimeFormat(region(), { hour: "2-digit", minute: "2-digit", timeZone: zone }).format(Date.now());
	} catch {
		return "–";
	}
}

function Holidays({
	days,
	error,
	onChange,
}: {
	days: string[];
	error?: string;
	onChange(days: string[]): void;
}): JSX.Element {
	const [day, setDay] = useState("");
	const [yearly, setYearly] = useState(false);
	const add = () => {
		const d = yearly ? day.slice(5) : day;
		if (d && !days.includes(d)) onChange([...days, d].sort());
		setDay("");
	};
	const long = (d: string) => (d.length === 5 ? t("a.hours.yearly.on", { day: inYear(d) }) : full(d));
	return (
		<div class="form">
			<div class="with-button">
				<TextField
					label={t("a.hours.holiday")}
					type="date"
					value={day}
					error={error}
					onInput={(e) => setDay(e.currentTarget.value)}
				/>
				<Button icon="plus" onClick={add} off={day ? false : t("a.hours.holiday.pick")}>
					{t("a.hours.holiday.add")}
				</Button>
			</div>
			<Switch label={t("a.hours.yearly")} on={yearly} onChange={setYearly} />
			{days.length > 0 && (
				<ul class="chips" aria-label={t("a.hours.holidays")}>
					{days.map((d) => (
						<li key={d}>
							{long(d)}
							<IconButton
								icon="cross"
								label={t("a.remove", { what: long(d) })}
								onClick={() => onChange(days.filter((x) => x !== d))}
							/>
						</li>
					))}
				</ul>
			)}
		</div>
	);
}

function full(date: string): string {
	return new Intl.DateTimeFormat(region(), { dateStyle: "full", timeZone: "UTC" }).format(Date.parse(date));
}
/** A day of every year; 2024 had them all. */
function inYear(day: string): string {
	const form = { day: "numeric", month: "long", timeZone: "UTC" } as const;
	return new Intl.DateTimeFormat(region(), form).format(Date.parse(`2024-${day}`));
}

type DaysProps = { days: OpenDay[]; error?: string; onChange(days: OpenDay[]): void };
/** Single dates that are open at other times than their weekday. */
function Days({ days, error, onChange }: DaysProps): JSX.Element {
	const [date, setDate] = useState("");
	const put = (old: OpenDay, part: Partial<OpenDay>) => onChange(days.map((d) => (d === old ? { ...d, ...part } : d)));
	const add = () => {
		if (date)
			onChange(
				[...days, { date, from: 540, to: 1020 }].sort((a, b) => a.date.localeCompare(b.date) || a.from - b.from),
			);
		setDate("");
	};
	return (
		<div class="form">
			<div class="with-button">
				<TextField
					label={t("a.hours.single")}
					hint={t("a.hours.single.hint")}
					type="date"
					value={date}
					error={error}
					onInput={(e) => setDate(e.currentTarget.value)}
				/>
				<Button icon="plus" onClick={add} off={date ? false : t("a.hours.holiday.pick")}>
					{t("a.hours.single.add")}
				</Button>
			</div>
			{days.length > 0 && (
				<ul class="week" aria-label={t("a.hours.single")}>
					{days.map((d, n) => (
						<li key={`${d.date}-${n}`}>
							<span class="day">{full(d.date)}</span>
							<span class="spans">
								<span class="span">
									<input
										type="time"
										aria-label={t("a.hours.from", { day: full(d.date), n: n + 1 })}
										value={clock(d.from)}
										onChange={(e) => put(d, { from: minutes(e.currentTarget.value) })}
									/>
									<span aria-hidden="true">–</span>
									<input
										type="time"
										aria-label={t("a.hours.to", { day: full(d.date), n: n + 1 })}
										value={clock(d.to)}
										onChange={(e) => put(d, { to: minutes(e.currentTarget.value) || 1440 })}
									/>
									{d.to <= d.from && <small>{t("a.hours.next")}</small>}
								</span>
							</span>
							<IconButton
								icon="cross"
								label={t("a.hours.remove", { day: full(d.date), n: n + 1 })}
								onClick={() => onChange(days.filter((x) => x !== d))}
							/>
						</li>
					))}
				</ul>
			)}
		</div>
	);
}
