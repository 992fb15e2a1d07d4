// Tickets by mail: two become one and two again, one becomes two, an answer to all, a forward, a mail that came back
// (P76, P78).
import { strict as assert } from "node:assert";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { after, before } from "node:test";
import { be, goTo, like, password, t, tabTo, thread } from "./kit/people.mjs";
import { binary, folder, freePort, mailText, Process, until } from "./kit/server.mjs";
import { axe, suite } from "./kit/world.mjs";

const s = suite({ demo: false });
const { scene } = s;
let gate;
let data;
let url;
let door;
let link;
let root;

before(async () => {
	const bin = await binary();
	data = folder();
	door = await freePort();
	const port = await freePort();
	url = `http://localhost:${port}`;
	const env = { ...process.env, POSTERN_PUBLIC_URL: url, POSTERN_MAIL_LMTP: `127.0.0.1:${door}`, POSTERN_MAIL_AUTHSERV_ID: "mx.site.test" };
	gate = new Process(bin, ["serve", "--listen", `127.0.0.1:${port}`, "--data", data], { env });
	await gate.ready("postern serve", async () => (await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined))?.ok);
	const added = spawnSync(bin, ["agent", "add", "root@site.test", "--role", "admin", "--name", "Root", "--data", data], { env, encoding: "utf8" });
	link = /http\S+/.exec(added.stdout)?.[0];
	assert.ok(link, added.stderr);
});
after(() => gate?.stop());

/** Hands a mail over as the mail server does, and gives its last answer. */
function hands(to, ...lines) {
	const mail = lines.join("\r\n").replace(/^\./gm, "..");
	const says = ["LHLO test", "MAIL FROM:<>", `RCPT TO:<${to}>`, "DATA", `${mail}\r\n.`, "QUIT"];
	return new Promise((done, fail) => {
		const c = connect(door, "127.0.0.1");
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
let count = 0;
/** A mail that our own mail server vouches for. */
const proven = (from, to, subject, body, ...head) =>
	hands(
		/[^ <]+@site\.test/.exec(to)?.[0],
		`Authentication-Results: mx.site.test; dmarc=pass header.from=${from.split("@")[1]}`,
		`From: ${from}`,
		`To: ${to}`,
		`Subject: ${subject}`,
		`Message-ID: <${++count}@test>`,
		"Date: Mon, 02 Mar 2026 12:00:00 +0000",
		...head,
		"",
		body,
	);
/** The spooled mails, newest last. */
const spool = () => {
	const dir = join(data, "spool");
	return existsSync(dir) ? readdirSync(dir).filter((f) => f.endsWith(".eml")).sort().map((f) => readFileSync(join(dir, f), "utf8")) : [];
};
const header = (mail, name) => new RegExp(`^${name}:(.*(?:\\r\\n[ \\t].*)*)`, "im").exec(mail)?.[1]?.replace(/\r\n\s*/g, " ").trim() ?? "";
const row = (text) => root.page.locator("[data-row]").filter({ hasText: text });
const bar = () => root.page.getByRole("region", { name: t("tie.label") });
/** The menu of the message that says so. */
async function menu(text, item) {
	const said = thread(root.page).locator(".said").filter({ hasText: text });
	await said.getByRole("button", { name: t("said.more") }).click();
	await root.page.getByRole("menuitem", { name: t(item) }).click();
}

scene("the first admin makes a mailbox; two mails of one sender become two tickets, each names the other", async () => {
	root = await s.world.person("root");
	await root.page.goto(link);
	await root.page.getByLabel(t("password.new")).fill(password);
	await root.page.getByLabel(t("password.again")).fill(password);
	await root.page.getByRole("button", { name: t("password.go") }).click();
	await root.page.locator(".be-button").waitFor();
	await root.page.evaluate(async () => {
		const call = (method, path, body) =>
			fetch(path, { method, headers: { "X-Postern": "1", "Content-Type": "application/json" }, body: body && JSON.stringify(body) }).then((r) => r.json());
		const me = (await call("GET", "/v1/me")).agent;
		const box = { slug: "help", name: "Help", address: "help@site.test", origins: [], zone: "UTC", ring_s: 30, missed_s: 60, color: "", greeting: "", signature: "The help team", closings: ["Warm wishes, and https://site.test/help"], host: "", fields: [] };
		const answer = await call("POST", "/v1/mailboxes", box);
		await call("PUT", `/v1/mailboxes/${answer.mailbox.id}/members`, { agents: [me.id] });
	});
	await root.page.reload();
	await be(root.page, "available");
	assert.match(await proven("vic@home.example", "help@site.test", "Lamp", "The lamp is broken"), /^250/);
	assert.match(await proven("vic@home.example", "help@site.test, bo@work.example", "Lamp again", "Nobody has answered about the lamp", "Cc: cy@work.example"), /^250/);
	await hands("help@site.test", "From: vic@home.example", "To: help@site.test", "Subject: Forged", "Message-ID: <x@test>", "", "Give me his lamp");
	await goTo(root.page, "unassigned");
	await row("Lamp again").click();
	await bar().getByText(like("tie.alike")).first().waitFor();
	assert.equal(await bar().getByRole("listitem").count(), 2);
	assert.equal(await bar().getByRole("button", { name: /^Merge #/ }).count(), 1, "what nobody vouches for cannot be merged");
	await axe(root.page, "may be the same");
});

scene("P76: one click makes one history in order of time; undo makes two again", async () => {
	await bar().getByRole("button", { name: /^Merge #/ }).click();
	await thread(root.page).getByText("The lamp is broken").waitFor();
	const all = await thread(root.page).locator(".said .bubble").allTextContents();
	assert.ok(all.findIndex((x) => x.includes("The lamp is broken")) < all.findIndex((x) => x.includes("Nobody has answered")), "the older one stands first");
	await bar().getByText(like("tie.from")).waitFor();
	await axe(root.page, "merged");
	await bar().getByRole("button", { name: t("tie.undo") }).click();
	await thread(root.page).getByText("The lamp is broken").waitFor({ state: "detached" });
	await bar().getByText(like("tie.alike")).first().waitFor();
	await root.page.keyboard.press("Escape");
	await root.page.locator("body").press("y");
	const d = root.page.getByRole("dialog", { name: t("merge.title") });
	await d.getByLabel(t("merge.number")).fill("99");
	await root.page.keyboard.press("Enter");
	await d.getByText(t("merge.none")).waitFor();
	await axe(root.page, "merge dialog");
	await root.page.keyboard.press("Escape");
});

scene("an answer to all goes to whom the sender named, by keys alone; as text and as HTML", async () => {
	const all = root.page.getByRole("radio", { name: like("copy.all") });
	await all.waitFor();
	await root.page.getByRole("radio", { name: t("copy.one", { name: "vic@home.example" }) }).focus();
	await root.page.keyboard.press("ArrowDown");
	assert.ok(await all.isChecked());
	const box = root.page.getByRole("textbox", { name: t("composer.write") });
	await box.fill("We send **a new lamp**.");
	await root.page.getByRole("button", { name: t("composer.closing") }).click();
	await root.page.getByRole("menuitem", { name: /^Warm wishes/ }).click();
	assert.equal(await box.inputValue(), "We send **a new lamp**.\n\nWarm wishes, and https://site.test/help");
	await axe(root.page, "reply to all");
	await box.press("Control+Shift+Enter");
	const [mail] = await until("the mail", () => spool().length > 0 && spool());
	assert.match(header(mail, "To"), /vic@home\.example/);
	assert.match(header(mail, "Cc"), /bo@work\.example.*cy@work\.example/);
	assert.match(mailText(mail), /<b>a new lamp<\/b>/);
	assert.match(mailText(mail), /-- \r\nThe help team/);
	await thread(root.page).getByText(/^Copy: bo@work\.example, cy@work\.example/).waitFor();
	assert.ok(await root.page.getByRole("radio", { name: t("copy.one", { name: "vic@home.example" }) }).isChecked(), "the next one is to the customer alone");
});

scene("a ticket is split from a message on", async () => {
	const reply = /<(.+)>/.exec(header(spool()[0], "Reply-To"))?.[1] ?? header(spool()[0], "Reply-To");
	assert.match(await proven("vic@home.example", reply, "Re: Lamp", "Thanks. Another thing: the chair squeaks"), /^250/);
	await thread(root.page).getByText("the chair squeaks").waitFor();
	await menu("the chair squeaks", "split.from");
	const d = root.page.getByRole("dialog", { name: t("split.title") });
	await d.getByLabel(t("split.subject")).fill("Chair");
	await axe(root.page, "split dialog");
	await root.page.keyboard.press("Enter");
	await bar().getByText(like("tie.of")).waitFor();
	await thread(root.page).getByText("the chair squeaks").waitFor();
	assert.equal(await thread(root.page).getByText("We send").count(), 0);
});

scene("P78: a message goes on to somebody outside, by keys; the answer is a note; account data stays", async () => {
	await root.page.keyboard.press("Escape");
	await root.page.locator("body").press("w");
	const d = root.page.getByRole("dialog", { name: t("forward.title") });
	await d.getByLabel(t("forward.to")).fill("vic@home.example");
	await d.getByLabel(t("forward.text")).fill("Card 4111 1111 1111 1111");
	await tabTo(root.page, d.getByRole("button", { name: t("forward.go"), exact: true }));
	await root.page.keyboard.press("Enter");
	await d.getByText(t("forward.error.to")).waitFor();
	await d.getByLabel(t("forward.to")).fill("maker@chairs.example");
	await d.getByRole("button", { name: t("forward.go"), exact: true }).click();
	await d.getByText(t("reason.forward.leak")).waitFor();
	await axe(root.page, "forward dialog");
	await d.getByLabel(t("forward.text")).fill("Is this one of yours?");
	await d.getByRole("button", { name: t("forward.go"), exact: true }).click();
	await d.waitFor({ state: "hidden" });
	await thread(root.page).getByText(/maker@chairs\.example/).waitFor();
	const mail = await until("the forward", () => spool().find((m) => /maker@chairs/.test(header(m, "To"))));
	assert.doesNotMatch(mailText(mail), /vic@home/);
	assert.match(mailText(mail), /the chair squeaks/);
	const back = /<(.+)>/.exec(header(mail, "Reply-To"))?.[1] ?? header(mail, "Reply-To");
	assert.match(back, /\+n\./);
	assert.match(await proven("maker@chairs.example", back, "Re", "Yes, we know that squeak"), /^250/);
	await thread(root.page).locator(".said.note").getByText("Yes, we know that squeak").waitFor();
});

scene("a mail that came back shows on the ticket and goes out again", async () => {
	const mail = spool().find((m) => /maker@chairs/.test(header(m, "To")));
	const id = header(mail, "Message-ID").replace(/[<>]/g, "");
	await hands(
		"help@site.test",
		"From: MAILER-DAEMON@mx.example", "To: help@site.test", "Subject: Undelivered", "Message-ID: <dsn@mx>", "MIME-Version: 1.0",
		"Content-Type: multipart/report; report-type=delivery-status; boundary=B", "", "--B", "Content-Type: text/plain", "", "Sorry.", "--B",
		"Content-Type: message/delivery-status", "", "Reporting-MTA: dns; mx", "", "Final-Recipient: rfc822; maker@chairs.example", "Action: failed",
		"Status: 5.1.1", "", "--B", "Content-Type: message/rfc822", "", `Message-ID: <${id}>`, "", "x", "--B--", "",
	);
	await bar().getByText(t("mail.lost", { name: "maker@chairs.example", code: "5.1.1" })).waitFor();
	await axe(root.page, "a mail that came back");
	await bar().getByRole("button", { name: t("mail.again.of", { name: "maker@chairs.example" }) }).click();
	await bar().getByText(like("mail.lost")).waitFor({ state: "detached" });
});
