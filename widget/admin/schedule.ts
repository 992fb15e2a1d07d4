/** The day here of a time, as a date field has it; "" for none. */
export function dayOf(at: number): string {
	if (!at) return "";
	const d = new Date(at);
	const two = (n: number) => String(n).padStart(2, "0");
	return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`;
}
/** Milliseconds at which a day begins here, or the one so many days later; 0 for no day. */
export function dayStart(day: string, later = 0): number {
	const [y, m, d] = day.split("-").map(Number);
	return y && m && d ? new Date(y, m - 1, d + later).getTime() : 0;
}
/** Whether something with a schedule holds now. */
export function held(p: { from: number; until: number }, now: number): "now" | "later" | "over" {
	if (p.from && now < p.from) return "later";
	return p.until && now >= p.until ? "over" : "now";
}
