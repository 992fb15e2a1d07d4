import { region, t } from "./i18n";

/** A local date as a date field has it. */
export function field(ms: number): string {
	const d = new Date(ms);
	const two = (n: number) => `${n}`.padStart(2, "0");
	return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`;
}
/** The first moment of a local date. */
export const start = (date: string): number => new Date(`${date}T00:00`).getTime();
/** The first moment after a local date. */
export function after(date: string): number {
	const d = new Date(`${date}T00:00`);
	d.setDate(d.getDate() + 1);
	return d.getTime();
}
/** A date for people. */
export function date(ms: number): string {
	return new Intl.DateTimeFormat(region(), { dateStyle: "medium" }).format(ms);
}
/** What an announced absence says: from when on, or until when it runs; "" = it is over, or there is none. */
export function absence({ away_from: from = 0, away_until: until = 0 }: Absent, now: number): string {
	if (until <= now) return "";
	return from > now ? t("away.from", { at: date(from) }) : t("away.until", { at: date(until - 1) });
}
type Absent = { away_from?: number; away_until?: number };
