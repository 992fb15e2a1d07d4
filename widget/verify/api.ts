/** What GET /verify/login says (gateway/web/verify.go). */
export type Confirmation = {
	state: string;
	approved: boolean;
	title?: Record<string, string>;
	fields: { label: Record<string, string>; value: string }[];
	site?: string;
	account?: string;
	started?: number;
	browser?: string;
	mailbox?: string;
	until?: number;
	return: string;
};
/** A refusal; code is a wire code, or "state". */
export class Refused extends Error {
	constructor(readonly code: string) {
		super(code);
	}
}
/** Calls a route of this page. Errors: Refused; unavailable where nobody answers. */
export async function call<T>(path: string, body?: unknown): Promise<T> {
	const r = await fetch(path, {
		method: body ? "POST" : "GET",
		headers: body ? { "content-type": "application/json", "X-Postern": "1" } : {},
		cache: "no-store",
		...(body ? { body: JSON.stringify(body) } : {}),
	}).catch(() => {
		throw new Refused("unavailable");
	});
	const answer = (await r.json().catch(() => ({}))) as T & { code?: string; reason?: string };
	if (r.ok) return answer;
	throw new Refused(answer.reason === "state" ? "state" : (answer.code ?? "internal"));
}
/** The address if a browser may be sent there. */
export function web(url: unknown): string | undefined {
	return typeof url === "string" && /^https?:\/\//.test(url) ? url : undefined;
}
/** The host's name out of its address, as people know it. */
export function hostName(url: string | undefined): string {
	try {
		return url ? new URL(url).host : "";
	} catch {
		return "";
	}
}
/** The text that tells what became of a change that cannot be confirmed any more. */
export function over(c: Pick<Confirmation, "state">): string {
	if (["challenged", "denied", "disowned", "expired"].includes(c.state)) return `confirm.over.${c.state}`;
	if (["proven", "cooling", "released", "unsettled", "applied"].includes(c.state)) return "confirm.over.done";
	return "confirm.over.other";
}
