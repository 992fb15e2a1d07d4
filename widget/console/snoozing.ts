const HOUR = 3_600_000;
const HALF = HOUR / 2;
export const CHOICES = ["later", "tomorrow", "monday", "date"] as const;
export type Choice = (typeof CHOICES)[number];

/** Nine in the morning, so many days after this one. */
export function morning(now: number, days: number): number {
	const d = new Date(now);
	d.setDate(d.getDate() + days);
	return d.setHours(9, 0, 0, 0);
}
/** Until when a ticket sleeps by a choice; undefined = somebody must say. */
export function snoozeTime(choice: Choice, now: number): number | undefined {
	if (choice === "later") return Math.ceil((now + 3 * HOUR) / HALF) * HALF;
	if (choice === "tomorrow") return morning(now, 1);
	if (choice === "monday") return morning(now, (8 - new Date(now).getDay()) % 7 || 7);
	return undefined;
}
