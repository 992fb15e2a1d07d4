/** All that a link's bearer is told. */
export type Look = { mailbox: string; name: string; locale: string; tickets: boolean };
/** What the gateway says no with; "offline" = it said nothing. */
export class Refusal extends Error {}

/** The token leaves the fragment in a body only. Rejects with a Refusal. */
export async function look(token: string): Promise<Look> {
	const r = await fetch("/v1/continue/look", {
		method: "POST",
		headers: { "Content-Type": "application/json", "X-Postern": "1" },
		body: JSON.stringify({ token }),
	}).catch(() => undefined);
	const answer = (await r?.json().catch(() => undefined)) as (Look & { code?: string }) | undefined;
	if (!r?.ok || !answer?.mailbox) throw new Refusal(answer?.code ?? "offline");
	return answer;
}
