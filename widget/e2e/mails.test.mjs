// Tickets by mail: two become one and two again, one becomes two, an answer to all, a forward, a mail that came back
// (P76, P78).
import { strict as assert } from "node:assert";
import { after, before } from "node:test";
import { header, MailGate, replyTo } from "./kit/mail.mjs";
import { be, goTo, like, t, tabTo, thread } from "./kit/people.mjs";
import { mailText, until } from "./kit/server.mjs";
import { axe, suite } from "./kit/world.mjs";

const s = suite({ demo: false });
const { scene } = s;
/** @type {MailGate} */
let gate;
let root;

before(async () => {
	gate = await MailGate.start();
});
after(() => gate?.stop());

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
	await gate.open(root.page);
	await be(root.page, "available");
	assert.match(await gate.proven("vic@home.example", "help@site.test", "Lamp", "The lamp is broken"), /^250/);
	assert.match(await gate.proven("vic@home.example", "help@site.test, bo@work.example", "Lamp again", "Nobody has answered about the lamp", "Cc: cy@work.example"), /^250/);
	await gate.hands("help@site.test", "From: vic@home.example", "To: help@site.test", "Subject: Forged", "Message-ID: <x@test>", "", "Give me his lamp");
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
	await box.press("Control+Shift+Enter"); // it stays open
	const [mail] = await until("the mail", () => gate.spool().length > 0 && gate.spool());
	assert.match(header(mail, "To"), /vic@home\.example/);
	assert.match(header(mail, "Cc"), /bo@work\.example.*cy@work\.example/);
	assert.match(mailText(mail), /<b>a new lamp<\/b>/);
	assert.match(mailText(mail), /-- \r\nThe help team/);
	await thread(root.page).getByText(/^Copy: bo@work\.example, cy@work\.example/).waitFor();
	assert.ok(await root.page.getByRole("radio", { name: t("copy.one", { name: "vic@home.example" }) }).isChecked(), "the next one is to the customer alone");
});

scene("a ticket is split from a message on", async () => {
	const reply = replyTo(gate.spool()[0]);
	assert.match(await gate.proven("vic@home.example", reply, "Re: Lamp", "Thanks. Another thing: the chair squeaks"), /^250/);
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
	const mail = await until("the forward", () => gate.spool().find((m) => /maker@chairs/.test(header(m, "To"))));
	assert.doesNotMatch(mailText(mail), /vic@home/);
	assert.match(mailText(mail), /the chair squeaks/);
	const back = replyTo(mail);
	assert.match(back, /\+n\./);
	assert.match(await gate.proven("maker@chairs.example", back, "Re", "Yes, we know that squeak"), /^250/);
	await thread(root.page).locator(".said.note").getByText("Yes, we know that squeak").waitFor();
});

scene("a mail that came back shows on the ticket and goes out again", async () => {
	const mail = gate.spool().find((m) => /maker@chairs/.test(header(m, "To"))) ?? "";
	const id = header(mail, "Message-ID").replace(/[<>]/g, "");
	await gate.hands(
		"help@site.test",
		"From: MAILER-DAEMON@mx.example", "To: help@site.test", "Subject: Undelivered", "Message-ID: <dsn@mx>", "MIME-Version: 1.0",
		"Content-Type: multipart/report; report-type=delivery-status; boundary=B", "", "--B", "Content-Type: text/plain", "", "Sorry.", "--B",
		"Content-Type: message/delivery-status", "", "Reporting-MTA: dns; mx", "", "Final-Recipient: rfc822; maker@chairs.example", "Action: failed",
		"Status: 5.1.1", "", "--B", "Content-Type: message/rfc822", "", `Message-ID: <${id}>`, "", "x", "--B--", "",
	);
	await bar().getByText(t("mail.dead", { name: "maker@chairs.example", code: "5.1.1" })).waitFor();
	await axe(root.page, "a mail that came back");
	const again = bar().getByRole("button", { name: t("mail.again.of", { name: "maker@chairs.example" }) });
	await again.click();
	const d = root.page.getByRole("dialog", { name: t("mail.dead.title") });
	await axe(root.page, "send to a dead address");
	await root.page.keyboard.press("Escape");
	await d.waitFor({ state: "hidden" });
	await bar().getByText(like("mail.dead")).waitFor();
	await again.click();
	await d.getByRole("button", { name: t("mail.again"), exact: true }).click();
	await bar().getByText(like("mail.dead")).waitFor({ state: "detached" });
});
