import { region } from "./i18n";

/** A local date as a date field has it. */
export function field(ms: number): string {
	const d = new Date(ms);
	const two = (n: number) => `${n}`.padStart(2, "0");
	return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`;
}
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
