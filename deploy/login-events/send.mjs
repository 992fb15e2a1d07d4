import { createHmac, randomBytes } from "node:crypto";

/** Posts a login event (JSON); secret is whsec_…. Gives status and answer. */
export async function send(url, secret, event) {
	const key = Buffer.from(secret.slice("whsec_".length), "base64");
	const id = `ev_${randomBytes(16).toString("hex")}`;
	const ts = String(Math.floor(Date.now() / 1000));
	const mac = createHmac("sha256", key).update(`${id}.${ts}.${event}`).digest("base64");
	const res = await fetch(url, {
		method: "POST",
		body: event,
		headers: {
			"content-type": "application/json",
			"webhook-id": id,
			"webhook-timestamp": ts,
			"webhook-signature": `v1,${mac}`,
		},
		redirect: "error",
		signal: AbortSignal.timeout(5000),
	});
	return { status: res.status, answer: await res.text() };
}
