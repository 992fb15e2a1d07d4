import { errorText, has, t } from "../i18n";
import { CommandError } from "../socket";
import type { WireError } from "../wire";

/** Calls a route under /v1 as the signed-in agent. Errors: CommandError with the wire's code, "offline" without an answer. */
export async function api<R = unknown>(method: string, path: string, body?: object): Promise<R> {
	const init: RequestInit = { method, headers: { "X-Postern": "1" }, credentials: "same-origin" };
	if (body !== undefined) {
		init.headers = { ...init.headers, "Content-Type": "application/json" };
		init.body = JSON.stringify(body);
	}
	return send<R>(path, init);
}
/** Sends raw bytes: one part of an upload. */
export function putBytes<R = unknown>(path: string, part: Blob): Promise<R> {
	const headers = { "X-Postern": "1", "Content-Type": "application/octet-stream" };
	return send<R>(path, { method: "PUT", headers, credentials: "same-origin", body: part });
}
async function send<R>(path: string, init: RequestInit): Promise<R> {
	let r: Response;
	try {
		r = await fetch(path, init);
	} catch {
		throw new CommandError({ code: "offline", retry: "yes" });
	}
	const answer: unknown = await r.json().catch(() => undefined);
	if (r.ok) return (answer ?? {}) as R;
	throw new CommandError(isError(answer) ? answer : { code: r.status === 429 ? "too_many" : "internal", retry: "no" });
}
function isError(v: unknown): v is WireError {
	return typeof v === "object" && v !== null && typeof (v as WireError).code === "string";
}
/** The code of a failure, "internal" for all that is not ours. */
export function codeOf(e: unknown): string {
	return e instanceof CommandError ? e.error.code : "internal";
}
/** A failure in words: the reason's own if the app has them, else the code's. */
export function words(e: unknown): string {
	if (!(e instanceof CommandError)) return t("error.internal");
	const { reason } = e.error;
	return reason && has(`reason.${reason}`) ? t(`reason.${reason}`, e.error.params) : errorText(e.error);
}
