// One history: a chat that nobody took is answered by mail, by the console and in the panel, takes a duplicate in, and
// ends (issue E: P40, P71-P73, P76, P81).
import { strict as assert } from "node:assert";
import { after, before } from "node:test";
import { site } from "./kit/api.mjs";
import { everyWay } from "./kit/looks.mjs";
import { header, MailGate, replyTo } from "./kit/mail.mjs";
import { be, button, closes, goTo, like, log, openPanel, startChat, t, thread, writes } from "./kit/people.mjs";
import { mailText, until } from "./kit/server.mjs";
import { axe, shot, suite } from "./kit/world.mjs";

const s = suite({ demo: false });
const { scene } = s;
const vic = "vic@home.example";
const said = {
	asked: "My lamp arrived broken",
	first: "Which lamp is it?",
	mailed: "The green one, from the last order.",
	second: "A new one leaves today.",
	typed: "Does it come with a bulb?",
	third: "Yes, a warm one.",
	again: "And who takes the broken lamp back?",
	last: "The courier takes it along.",
};
/** @type {MailGate} */
let gate;
let root;
/** @type {import("./kit/world.mjs").Person} */
let visitor;
/** @type {import("playwright-core").FrameLocator} */
let panel;
let number = "";

before(async () => {
	gate = await MailGate.start();
});
after(() => gate?.stop());

const row = (text) => root.page.locator("[data-row]").filter({ hasText: text });
const bar = () => root.page.getByRole("region", { name: t("tie.label") });
const shown = (at) => at.locator(".bubble");
/** The known texts, in the order in which a list of messages shows them. */
async function order(messages) {
	const all = await messages.allTextContents();
	return all.flatMap((words) => Object.values(said).filter((x) => words.includes(x)));
}
/** Sends and stays; the ticket's answer leaves once it cannot be taken back any more. */
async function answers(text) {
	await root.page.getByRole("textbox", { name: t("composer.write"), exact: true }).fill(text);
	await root.page.keyboard.press("Control+Shift+Enter");
	await log(panel).getByText(text).waitFor();
}
/** The mail that holds the words, once it has left. */
const mailed = (text) => until(`the mail: ${text}`, () => gate.spool().find((m) => mailText(m).includes(text)));

/** What Gmail makes of an answer: text and HTML, each with the whole mail that is answered below it. */
function gmail(to, subject, answers, text, quoted) {
	const head = [
		"Authentication-Results: mx.site.test; dkim=pass header.d=home.example; dmarc=pass header.from=home.example",
		"MIME-Version: 1.0", `References: ${answers}`, `In-Reply-To: ${answers}`, "Date: Mon, 2 Mar 2026 13:05:11 +0100",
		"Message-ID: <CAKq8b7Qm1w0c@mail.gmail.com>", `Subject: Re: ${subject}`, `From: Vic Moss <${vic}>`, `To: Root <${to}>`,
		'Content-Type: multipart/alternative; boundary="000000000000a1b2c3"',
	];
	const attribution = "On Mon, Mar 2, 2026 at 1:02 PM Root <help@site.test> wrote:";
	const plain = [text, "", attribution, "", `> ${quoted}`, ">", "> --", "> The help team", ">"];
	const html = [
		`<div dir=3D"ltr">${text}</div><br><div class=3D"gmail_quote gmail_quote_container"><div dir=3D"=`,
		`ltr" class=3D"gmail_attr">${attribution.replace("<", "&lt;").replace(">", "&gt;")}<br></div><blockquote cl=`,
		'ass=3D"gmail_quote" style=3D"margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(=',
		`204,204,204);padding-left:1ex"><p>${quoted}</p><p>-- <br>The help team</p></blockquote></div>`,
	];
	const part = (type, ...lines) => ["--000000000000a1b2c3", `Content-Type: text/${type}; charset="UTF-8"`, ...lines, ""];
	return [...head, "", ...part("plain", "", ...plain), ...part("html", "Content-Transfer-Encoding: quoted-printable", "", ...html), "--000000000000a1b2c3--"];
}

scene("nobody takes a chat in time: one ticket, its number in the panel at once", async () => {
	root = await s.world.person("root");
	visitor = await s.world.person("vic");
	const page = (url) => `<!doctype html><html lang="en"><title>Lamps</title><main><h1>Lamps</h1></main><script async src="${url}/widget/loader.js" data-mailbox="help"></script>`;
	const origin = await site((path) => (path === "/" ? { html: page(gate.url) } : undefined));
	await gate.open(root.page, { origins: [origin], missed_s: 10 });
	await be(root.page, "available");
	await visitor.page.goto(origin);
	panel = await openPanel(visitor.page);
	await button(panel, "home.talk").waitFor();
	await startChat(panel, said.asked, { name: "Vic", email: vic });
	const line = log(panel).getByText(like("line.missed"));
	await line.waitFor({ timeout: 60_000 });
	number = /\d+/.exec((await line.textContent()) ?? "")?.[0] ?? "";
	assert.ok(number, "the line names the ticket");
	await be(root.page, "unavailable"); // what rings no more is in nobody's way
	await goTo(root.page, "missed");
	await row(said.asked).getByText(`#${number}`, { exact: true }).waitFor();
	assert.equal(await row(said.asked).count(), 1, "exactly one ticket");
	assert.deepEqual(gate.spool(), [], "a typed address gets no automatic mail");
	await axe(visitor.page, "history-missed-panel");
	await shot(visitor.page, "history-missed-panel");
}, 90);

scene("the answer goes out by mail; what Gmail sends back stands in the same history, without what it quotes", async () => {
	await row(said.asked).click();
	await thread(root.page).getByText(said.asked).waitFor();
	await answers(said.first);
	const mail = await mailed(said.first);
	assert.match(header(mail, "To"), /vic@home\.example/);
	const to = replyTo(mail);
	assert.match(to, /^help\+t\./);
	const stored = await gate.hands(to, ...gmail(to, header(mail, "Subject"), header(mail, "Message-ID"), said.mailed, said.first));
	assert.match(stored, /^250/);
	const back = thread(root.page).locator(".said").filter({ hasText: said.mailed });
	await back.getByText(t("thread.mail"), { exact: true }).waitFor();
	assert.equal(await back.count(), 1);
	const words = (await shown(back).textContent()) ?? "";
	for (const old of [said.first, "wrote:", "The help team"]) assert.ok(!words.includes(old), `${old} is quoted`);
	assert.equal(await back.getByText(t("mail.original"), { exact: true }).count(), 1, "the original is one click away");
	await log(panel).getByText(said.mailed).waitFor();
	await everyWay(root.page, "history-mail");
});

scene("the console answers again: a second mail in the same thread; then both go on in the panel", async () => {
	await answers(said.second);
	const [first, second] = [await mailed(said.first), await mailed(said.second)];
	assert.notEqual(header(second, "Message-ID"), header(first, "Message-ID"));
	for (const field of ["Subject", "References", "Reply-To"]) assert.equal(header(second, field), header(first, field), field);
	await writes(panel, said.typed);
	const typed = thread(root.page).locator(".said").filter({ hasText: said.typed });
	await typed.waitFor();
	assert.equal(await typed.getByText(t("thread.mail")).count(), 0, "this one came by the panel");
	await answers(said.third);
	assert.deepEqual(await order(shown(log(panel))), [said.asked, said.first, said.mailed, said.second, said.typed, said.third]);
	assert.equal(await row(said.asked).count(), 1, "it is still one ticket");
	await axe(visitor.page, "history-panel");
	await shot(visitor.page, "history-panel");
});

scene("what the visitor asks a second time is merged: one history in order of time, the visitor reads none of it", async () => {
	await button(panel, "panel.back").click();
	await button(panel, "home.leave").click();
	await panel.getByLabel(t("form.text")).fill(said.again);
	await panel.getByLabel(t("form.email.optional")).fill(vic);
	await button(panel, "form.send").click();
	await log(panel).getByText(said.again).waitFor();
	await bar().getByText(like("tie.alike")).waitFor(); // the ticket that stands open learns of its twin
	await goTo(root.page, "unassigned");
	await row(said.again).click();
	await bar().getByText(t("tie.alike", { name: `#${number}` })).waitFor();
	await bar().getByRole("button", { name: t("tie.open.of", { name: `#${number}` }), exact: true }).click();
	await thread(root.page).getByText(said.third).waitFor();
	await bar().getByRole("button", { name: /^Merge #/ }).click();
	await bar().getByText(like("tie.from")).waitFor();
	await thread(root.page).getByText(said.again).waitFor();
	await answersMerged();
	await everyWay(root.page, "history-merged");
});

/** The duplicate has ended for its visitor; the first one goes on, and its thread holds both. */
async function answersMerged() {
	await log(panel).getByText(t("line.closed")).waitFor();
	await button(panel, "panel.back").click();
	await panel.getByRole("button", { name: t("home.earlier") }).click();
	await panel.getByRole("button").filter({ hasText: said.asked }).click();
	await log(panel).getByText(said.third).waitFor();
	await answers(said.last);
	assert.deepEqual(await order(shown(thread(root.page))), Object.values(said), "everything once, in order of time");
	assert.equal(await log(panel).getByText(said.again).count(), 0, "each of the visitor's conversations keeps its own words");
}

scene("it is closed as Resolved, for everybody; the whole history stays", async () => {
	await closes(root.page); // as it is proposed
	await thread(root.page).getByText(t("sys.closed", { reason: t("why.resolved") })).waitFor();
	await log(panel).getByText(t("line.closed")).waitFor();
	await goTo(root.page, "closed");
	await row(said.asked).getByText(t("why.resolved")).waitFor();
	await row(said.asked).click();
	await thread(root.page).getByText(said.again).waitFor();
	assert.deepEqual(await order(shown(thread(root.page))), Object.values(said));
	const ours = [said.first, said.second, said.third, said.last];
	await mailed(said.last);
	assert.deepEqual(gate.spool().flatMap((m) => ours.filter((x) => mailText(m).split("\r\n-- ")[0]?.includes(x))), ours, "each answer is one mail");
	await everyWay(root.page, "history-resolved");
	await axe(visitor.page, "history-resolved-panel");
	await shot(visitor.page, "history-resolved-panel");
});
