// Routes of the gateway as a member of the staff calls them, and small servers of the test's own.
import { createServer } from "node:http";
import { password as demoPassword } from "./people.mjs";
import { addressOf } from "./server.mjs";

/** Somebody of the staff outside a browser; `call` throws with the gateway's own words. */
export class Staff {
	cookie = "";

	/** @param {string} gateway origin */
	constructor(gateway) {
		this.gateway = gateway;
	}

	/**
	 * @param {string} gateway origin
	 * @param {string} email
	 */
	static async in(gateway, email, password = demoPassword) {
		const s = new Staff(gateway);
		await s.call("POST", "/v1/login", { email, password });
		return s;
	}

	/**
	 * @param {string} method
	 * @param {string} path
	 * @param {object} [body]
	 */
	async call(method, path, body) {
		const headers = { "X-Postern": "1", "Content-Type": "application/json", Cookie: this.cookie };
		const r = await fetch(this.gateway + path, { method, headers, body: body && JSON.stringify(body) });
		const set = r.headers.get("set-cookie");
		if (set) this.cookie = set.split(";")[0] ?? "";
		const text = await r.text();
		if (!r.ok) throw new Error(`${method} ${path}: ${r.status} ${text}`);
		return text ? JSON.parse(text) : {};
	}

	/**
	 * Changes settings of a mailbox, as the admin's page does.
	 * @param {string} slug
	 * @param {object | ((mailbox: any) => object)} change the fields that differ, or what gives them
	 */
	async change(slug, change) {
		const { mailboxes } = await this.call("GET", "/v1/mailboxes");
		const mb = mailboxes.find((/** @type {any} */ m) => m.slug === slug);
		return this.call("PUT", `/v1/mailboxes/${mb.id}`, { ...mb, ...(typeof change === "function" ? change(mb) : change) });
	}

	/**
	 * Lets an origin embed a mailbox.
	 * @param {string} slug
	 * @param {string} origin
	 */
	allow(slug, origin) {
		return this.change(slug, (mb) => ({ origins: [...mb.origins, origin] }));
	}
}

/**
 * A site of the test's own: `pages` gives `{html, headers?}` for a path. Gives its origin.
 * @param {(path: string) => {html: string, headers?: Record<string, string>} | undefined} pages
 * @param {string} [host] under which name it is met: localhost is the gateway's own site
 */
export async function site(pages, host = "127.0.0.1") {
	const s = createServer((req, res) => {
		const p = pages(new URL(req.url ?? "/", "http://site").pathname);
		if (!p) return res.writeHead(404).end();
		res.writeHead(200, { "Content-Type": "text/html; charset=utf-8", ...p.headers }).end(p.html);
	});
	await new Promise((done) => s.listen(0, "127.0.0.1", () => done(undefined)));
	s.unref(); // it ends with the process
	return `http://${host}:${addressOf(s).port}`;
}
