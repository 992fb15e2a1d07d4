export type Look = { state: "later" | "now" | "over"; stars: number; mailbox: string; locale: string };
/** What the gateway says no with; "offline" = it said nothing. */
export class Refusal extends Error {}

/** The token leaves the fragment in a body only. Rejects with a Refusal. */
export async function ask<T>(path: string, args: object = {}): Promise<T> {
	const token = location.hash.slice(1);
	const r = await fetch(`/v1/rating${path}`, {
		method: "POST",
		headers: { "Content-Type": "application/json", "X-Postern": "1" },
		body: JSON.stringify({ token, ...args }),
	}).catch(() => undefined);
	const answer = (await r?.json().catch(() => undefined)) as (T & { code?: string }) | undefined;
	if (!r?.ok || !answer) throw new Refusal(answer?.code ?? "offline");
	return answer;
}
