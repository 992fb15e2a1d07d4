// What the help lacks (P27), page pins with a schedule (P23), and the nudge to send the guide first (P22).
import { strict as assert } from "node:assert";
import { accept, button, closes, log, onDuty, replies, signIn, startChat, t, thread, visit, writes } from "./kit/people.mjs";
import { until } from "./kit/server.mjs";
import { axe, shot, suite } from "./kit/world.mjs";

const s = suite();
const { scene } = s;
const asked = "do you engrave names on lids";
let ada;
let mia;
let f;

const go = async (place) => {
	await ada.page.goto(`${s.demo.admin}#/${place}`);
	await ada.page.locator("main h1").waitFor();
};
const main = () => ada.page.locator("main");
/** The report as it is now: read again, and there. */
const report = async () => {
	await go("overview");
	await go("reports");
	await main().getByRole("heading", { name: t("a.gaps") }).waitFor(); // not a part of the page before
};
const gap = () => main().getByRole("row").filter({ hasText: asked });

scene("before anybody searched nothing is missing, and that is said in words", async () => {
	ada = await s.world.person("ada");
	await signIn(s.demo, ada, "ada@shop.example", "admin");
	await go("reports");
	await main().getByText(t("a.gaps.none"), { exact: true }).waitFor();
	await main().getByText(t("a.findings.none"), { exact: true }).waitFor();
	await axe(ada.page, "admin-reports-empty");
	await shot(ada.page, "admin-reports-empty");
});

scene("a question without answer is reported with its other words, and given to an article or written", async () => {
	for (const q of [asked, "engraving a name on the lid"]) {
		const p = await s.world.person(`asker ${q.length}`);
		const f = await visit(s.demo, p);
		await f.getByRole("searchbox").fill(q);
		await f.getByRole("searchbox").press("Enter");
		await f.getByRole("status").first().waitFor({ state: "attached" });
		await until("the search to be kept", async () => {
			await report();
			return main().getByText(q, { exact: true }).isVisible();
		});
		await p.leave();
	}
	await axe(ada.page, "admin-reports");
	await shot(ada.page, "admin-reports");
	await gap().getByRole("button", { name: `${t("a.gap.give")}:` }).click();
	const d = ada.page.getByRole("dialog", { name: t("a.gap.give") });
	await d.getByLabel(t("a.pin.article")).waitFor();
	await axe(ada.page, "admin-reports-give");
	await shot(ada.page, "admin-reports-give");
	await ada.page.keyboard.press("Escape");
	await gap().getByRole("button", { name: `${t("a.gap.write")}:` }).click();
	await until("the article begins with the question", async () => (await main().getByLabel(t("a.article.title"), { exact: true }).inputValue()) === asked);
	await ada.page.getByRole("link", { name: t("a.reports"), exact: true }).click();
	await ada.page.getByRole("dialog").getByRole("button", { name: t("ui.leave.discard"), exact: true }).click();
	await gap().waitFor();
});

scene("an article drafted from the resolved chat is published by a person, and closes the gap", async () => {
	mia = await onDuty(s, "mia", "mia@shop.example");
	const vic = await s.world.person("vic");
	const f = await visit(s.demo, vic);
	await f.getByRole("searchbox").fill(asked);
	await f.getByRole("searchbox").press("Enter");
	await until("the search to be kept", async () => {
		await report();
		return (await gap().locator("td.c-visitors").textContent()) === "3";
	});
	await button(f, "home.talk").click();
	await f.getByLabel(t("form.text")).fill("My name is Vic. Can the lid of AB-20931 be engraved with a name?");
	await button(f, "form.start").click();
	await accept(mia.page);
	await replies(mia.page, "Write the name beside the tin in the basket, engraving costs nothing.");
	await log(f).getByText("Write the name beside").waitFor();
	await closes(mia.page);
	await vic.leave();
	const draft = () => gap().getByRole("button", { name: `${t("a.gap.chat")}:` });
	await until("the chat to stand beside the question", async () => {
		await report();
		return draft().isVisible();
	});
	await draft().click();
	await main().getByText(t("a.chat"), { exact: true }).waitFor();
	const said = main().locator(".chat-lines");
	await said.getByText("Write the name beside").waitFor();
	assert.doesNotMatch((await said.textContent()) ?? "", /Vic|20931/);
	await axe(ada.page, "admin-article-from-chat");
	await shot(ada.page, "admin-article-from-chat");
	await main().getByRole("button", { name: t("a.article.publish"), exact: true }).click();
	await ada.page.getByText(t("a.article.publish.done")).first().waitFor();
	await until("the gap to be closed", async () => {
		await report();
		return (await gap().count()) === 0;
	});
	const next = await s.world.person("next");
	const g = await visit(s.demo, next);
	await g.getByRole("searchbox").fill("engraved lid");
	await g.locator("ul.cards button.card[data-move]").filter({ hasText: /engrave/i }).first().waitFor();
	await next.leave();
});

scene("a pin has a language and a schedule, and the test box asks for a day", async () => {
	await go("pins");
	await main().getByRole("button", { name: t("a.pins.new"), exact: true }).click();
	const d = ada.page.getByRole("dialog", { name: t("a.pins.new") });
	await d.getByLabel(t("a.pin.pattern"), { exact: true }).fill("/winter/*");
	await d.getByLabel(t("a.pin.article"), { exact: true }).selectOption({ index: 1 });
	await d.getByLabel(t("a.pin.locale"), { exact: true }).selectOption("en");
	await d.getByLabel(t("a.pin.from"), { exact: true }).fill("2040-12-01");
	await d.getByLabel(t("a.pin.until"), { exact: true }).fill("2040-11-30");
	await d.getByRole("button", { name: t("a.save"), exact: true }).click();
	await d.getByText(t("a.error.until")).waitFor();
	await d.getByLabel(t("a.pin.until"), { exact: true }).fill("2040-12-31");
	await axe(ada.page, "admin-pin");
	await shot(ada.page, "admin-pin");
	await d.getByRole("button", { name: t("a.save"), exact: true }).click();
	const row = main().getByRole("row").filter({ hasText: "/winter/*" });
	await row.getByText(t("a.pin.later"), { exact: true }).waitFor();
	const test = main().locator(".part").filter({ hasText: t("a.pins.test") });
	const hit = () => test.getByRole("listitem").filter({ hasText: "/winter/*" });
	await test.getByLabel(t("a.pins.test.url"), { exact: true }).fill("https://shop.example/winter/hats");
	await test.getByRole("button", { name: t("a.pins.test.run"), exact: true }).click();
	await test.getByText(t("a.pins.test.none")).waitFor();
	await test.getByLabel(t("a.pins.test.at"), { exact: true }).fill("2040-12-31");
	await test.getByRole("button", { name: t("a.pins.test.run"), exact: true }).click();
	await hit().waitFor();
	await axe(ada.page, "admin-pins-schedule");
	await shot(ada.page, "admin-pins-schedule");
	await test.getByLabel(t("a.pin.locale"), { exact: true }).selectOption("ar");
	await test.getByRole("button", { name: t("a.pins.test.run"), exact: true }).click();
	await test.getByText(t("a.pins.test.none")).waitFor();
});

scene("when a guide covers the question, its link goes first, with one press", async () => {
	const noor = await s.world.person("noor");
	f = await visit(s.demo, noor);
	await startChat(f, "How do I return an order?", { name: "Noor" });
	await accept(mia.page);
	const nudge = mia.page.getByRole("region", { name: t("nudge.label") });
	await nudge.waitFor();
	await axe(mia.page, "console-nudge");
	await shot(mia.page, "console-nudge");
	const title = (await nudge.locator("b").textContent()) ?? "";
	await nudge.getByRole("button", { name: t("nudge.send_of", { title }) }).click();
	await log(f).locator("button.card").waitFor();
	await nudge.waitFor({ state: "detached" });
	await replies(mia.page, "Does that help?");
	await log(f).getByText("Does that help?").waitFor();
	assert.equal(await nudge.count(), 0);
	await writes(f, "And how long does delivery take?");
	await thread(mia.page).getByText("And how long does delivery take?").waitFor();
	const line = main().getByRole("table", { name: t("a.articles") }).getByRole("row").filter({ hasText: title });
	await until("the guide to be counted", async () => {
		await go("overview");
		await go("deflection");
		await main().getByRole("heading", { name: t("a.deflection"), exact: true }).waitFor();
		await main().locator(".figure").first().waitFor();
		return (await line.count()) === 1 && (await line.getByRole("cell").last().textContent()) === "1";
	});
});

scene("articles for what is asked now: one key shows them, # and Enter put the first one in without leaving the reply", async () => {
	const delivery = /How long does delivery take/;
	await mia.page.locator("#middle").focus();
	await mia.page.keyboard.press("b");
	await mia.page.locator("#side article.found").first().filter({ hasText: delivery }).waitFor();
	const box = mia.page.getByRole("textbox", { name: t("composer.write"), exact: true });
	await box.pressSequentially("#");
	await mia.page.locator("#suggest").getByRole("option").first().filter({ hasText: delivery }).waitFor();
	await box.press("Enter");
	await mia.page.locator(".chip").filter({ hasText: delivery }).waitFor();
	assert.ok(await box.evaluate((e) => e === document.activeElement), "the reply has lost the focus");
	assert.equal(await box.inputValue(), "");
	await box.press("Enter");
	await until("the second card", async () => (await log(f).locator("button.card").count()) === 2);
});
