// A gateway of a test's own that takes mail in by LMTP, as from a mail server, and spools what it sends.
import { strict as assert } from "node:assert";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { password } from "./people.mjs";
import { binary, folder, freePort, Process } from "./server.mjs";
import { t } from "./words.mjs";

/** The gateway of site.test: its mail server is mx.site.test, whose word on senders it believes. */
export class MailGate {
	#count = 0;

	/**
	 * @param {Process} process
	 * @param {string} url its origin
	 * @param {string} data its folder
	 * @param {number} door where it takes mail
	 * @param {string} link the first admin's way in
	 */
	constructor(process, url, data, door, link) {
		this.process = process;
		this.url = url;
		this.data = data;
		this.door = door;
		this.link = link;
	}

	static async start() {
		const bin = await binary();
		const data = folder();
		const door = await freePort();
		const port = await freePort();
		const url = `http://localhost:${port}`;
		const env = { ...process.env, POSTERN_PUBLIC_URL: url, POSTERN_MAIL_LMTP: `127.0.0.1:${door}`, POSTERN_MAIL_AUTHSERV_ID: "mx.site.test" };
		const gate = new Process(bin, ["serve", "--listen", `127.0.0.1:${port}`, "--data", data], { env });
		await gate.ready("postern serve", async () => (await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined))?.ok);
		const added = spawnSync(bin, ["agent", "add", "root@site.test", "--role", "admin", "--name", "Root", "--data", data], { env, encoding: "utf8" });
		const link = /http\S+/.exec(added.stdout)?.[0];
		assert.ok(link, added.stderr);
		return new MailGate(gate, url, data, door, link);
	}

	/**
	 * Lets the first admin in by his link, and makes the mailbox help@site.test with him as its only member.
	 * @param {import("playwright-core").Page} page
	 * @param {object} [more] settings that differ
	 */
	async open(page, more = {}) {
		await page.goto(this.link);
		await page.getByLabel(t("password.new")).fill(password);
		await page.getByLabel(t("password.again")).fill(password);
		await page.getByRole("button", { name: t("password.go") }).click();
		await page.locator(".be-button").waitFor();
		const settings = {
			slug: "help", name: "Help", address: "help@site.test", origins: [], zone: "UTC", ring_s: 30, missed_s: 60, color: "", greeting: "",
			signature: "The help team", closings: ["Warm wishes, and https://site.test/help"], host: "", fields: [], ...more,
		};
		const made = await page.evaluate(async (box) => {
			/** @type {(method: string, path: string, body?: object) => Promise<any>} */
			const call = (method, path, body) =>
				fetch(path, { method, headers: { "X-Postern": "1", "Content-Type": "application/json" }, body: body && JSON.stringify(body) }).then((r) => r.json());
			const me = (await call("GET", "/v1/me")).agent;
			const answer = await call("POST", "/v1/mailboxes", box);
			if (answer.mailbox) await call("PUT", `/v1/mailboxes/${answer.mailbox.id}/members`, { agents: [me.id] });
			return answer;
		}, settings);
		assert.ok(made.mailbox, JSON.stringify(made));
		await page.reload();
	}

	/**
	 * Hands a mail over as the mail server does, and gives the gateway's last answer.
	 * @param {string} to of the envelope
	 * @param {string[]} lines header, an empty one, body
	 * @returns {Promise<string>}
	 */
	hands(to, ...lines) {
		const mail = lines.join("\r\n").replace(/^\./gm, "..");
		const says = ["LHLO test", "MAIL FROM:<>", `RCPT TO:<${to}>`, "DATA", `${mail}\r\n.`, "QUIT"];
		return new Promise((done, fail) => {
			const c = connect(this.door, "127.0.0.1");
			let heard = "";
			let stored = "";
			c.setEncoding("utf8");
			c.on("error", fail);
			c.on("data", (d) => {
				heard += d;
				if (!/^\d{3} .*\r\n$/m.test(heard) || !heard.endsWith("\r\n")) return;
				if (says.length === 1) stored = heard;
				heard = "";
				const next = says.shift();
				if (next) c.write(`${next}\r\n`);
			});
			c.on("end", () => done(stored));
			c.on("close", () => done(stored));
		});
	}

	/**
	 * A mail that its own mail server vouches for, of today.
	 * @param {string} from
	 * @param {string} to one of its addresses is ours
	 * @param {string} subject
	 * @param {string} body
	 * @param {string[]} head more lines of the header
	 */
	proven(from, to, subject, body, ...head) {
		return this.hands(
			/[^ <]+@site\.test/.exec(to)?.[0] ?? "",
			`Authentication-Results: mx.site.test; dmarc=pass header.from=${from.split("@")[1]}`,
			`From: ${from}`,
			`To: ${to}`,
			`Subject: ${subject}`,
			`Message-ID: <${++this.#count}@test>`,
			"Date: Mon, 02 Mar 2026 12:00:00 +0000",
			...head,
			"",
			body,
		);
	}

	/** The spooled mails, newest last. */
	spool() {
		const dir = join(this.data, "spool");
		return existsSync(dir) ? readdirSync(dir).filter((f) => f.endsWith(".eml")).sort().map((f) => readFileSync(join(dir, f), "utf8")) : [];
	}

	stop() {
		return this.process.stop();
	}
}

/**
 * A field of a mail, unfolded.
 * @param {string} mail
 * @param {string} name
 */
export const header = (mail, name) => new RegExp(`^${name}:(.*(?:\\r\\n[ \\t].*)*)`, "im").exec(mail)?.[1]?.replace(/\r\n\s*/g, " ").trim() ?? "";

/**
 * Where answers to a mail go.
 * @param {string} mail
 */
export const replyTo = (mail) => header(mail, "Reply-To").replace(/^.*<|>$/g, "");
