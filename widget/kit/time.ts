import { region } from "./i18n";

/** Hour and minute. */
export function clock(at: number): string {
	return new Intl.DateTimeFormat(region(), { hour: "2-digit", minute: "2-digit" }).format(at);
}
/** The exact time for hover and focus. */
export function exact(at: number): string {
	return new Intl.DateTimeFormat(region(), { dateStyle: "medium", timeStyle: "medium" }).format(at);
}
/** "today", "yesterday" or the date, for day lines. */
export function day(at: number, now: number): string {
	const days = Math.round((midnight(at) - midnight(now)) / 86_400_000);
	if (days > -2 && days < 1) return new Intl.RelativeTimeFormat(region(), { numeric: "auto" }).format(days, "day");
	return new Intl.DateTimeFormat(region(), { dateStyle: "medium" }).format(at);
}
/** "5 minutes ago". */
export function ago(at: number, now: number): string {
	const s = Math.round((at - now) / 1000);
	const f = new Intl.RelativeTimeFormat(region(), { numeric: "auto" });
	if (Math.abs(s) < 60) return f.format(s, "second");
	if (Math.abs(s) < 3600) return f.format(Math.round(s / 60), "minute");
	if (Math.abs(s) < 86_400) return f.format(Math.round(s / 3600), "hour");
	return f.format(Math.round(s / 86_400), "day");
}
/** Weekday and time, for "we are back". */
export function upcoming(at: number): string {
	return new Intl.DateTimeFormat(region(), { weekday: "long", hour: "2-digit", minute: "2-digit" }).format(at);
}
function midnight(at: number): number {
	return new Date(at).setHours(0, 0, 0, 0);
}
