// The agent's day: availability, offers, the composer, handing on, closing (P32, P33, P36, P37, P55, P56, P59, P60).
import { strict as assert } from "node:assert";
import { accept, be, button, closes, goTo, like, log, offer, onDuty, replies, side, signIn, startChat, t, thread, visit } from "./kit/people.mjs";
import { suite } from "./kit/world.mjs";

const s = suite();
const { scene } = s;
let mia;
let ben;
let visitor;
let f;

scene("P33: the first sign-in asks where the agent is available, and nothing rings before", async () => {
	mia = await s.world.person("mia");
	await signIn(s.demo, mia, "mia@shop.example");
	const choices = mia.page.getByRole("dialog", { name: /Availability/ });
	await choices.getByText(t("be.first")).waitFor();
	visitor = await s.world.person("visitor");
	f = await visit(s.demo, visitor);
	await f.getByText(t("home.nobody")).waitFor();
	await be(mia.page, "available");
	await button(f, "home.talk").waitFor();
});

scene("P36: an offer rings with a countdown, a title and decline; declining sends it back to the queue", async () => {
	await startChat(f, "Is the oolong in stock?", { name: "Noor" });
	await offer(mia.page).waitFor();
	await mia.page.waitForFunction((title) => document.title.includes(title.split(" · ")[0]), t("title.ring"));
	const count = offer(mia.page).locator(".ring b");
	const first = Number(await count.textContent());
	assert.ok(first > 0 && first <= 30, `countdown ${first}`);
	await mia.page.waitForFunction(([n]) => Number(document.querySelector(".offer .ring b")?.textContent) < n, [first]);
	await offer(mia.page).getByText("Is the oolong in stock?").waitFor();
	await offer(mia.page).getByRole("button", { name: t("offer.decline") }).click();
	await offer(mia.page).waitFor({ state: "hidden" });
	await mia.page.getByRole("article").filter({ hasText: "Is the oolong in stock?" }).waitFor();
});

scene("P37: Incoming shows age, mailbox and first words; claim takes it", async () => {
	const row = mia.page.getByRole("article").filter({ hasText: "Is the oolong in stock?" });
	await row.getByText("Orders").waitFor();
	await row.locator("time").waitFor();
	await mia.page.getByRole("button", { name: t("list.claim_of", { name: "Noor" }) }).click();
	await thread(mia.page).getByText("Is the oolong in stock?").waitFor();
	await log(f).getByText(t("line.claimed", { name: "Mia" })).waitFor();
});

scene("P55, P56: / inserts a saved reply with its variables filled in, the fallback where a value is missing", async () => {
	const box = mia.page.getByRole("textbox", { name: t("composer.write") });
	await box.fill("");
	await box.pressSequentially("/Hello");
	await mia.page.getByRole("option", { name: /Hello/ }).first().waitFor();
	await box.press("Enter");
	assert.equal(await box.inputValue(), "Hello Noor, this is Mia. How can I help?");
	await box.press("Enter");
	await log(f).getByText("Hello Noor, this is Mia. How can I help?").waitFor();
});

scene("# inserts an article as a card", async () => {
	const box = mia.page.getByRole("textbox", { name: t("composer.write") });
	await box.pressSequentially("#delivery time");
	await mia.page.getByRole("option", { name: /How long does delivery take/ }).waitFor();
	await mia.page.getByRole("option", { name: /How long does delivery take/ }).click();
	await box.fill("This should answer it.");
	await box.press("Enter");
	await thread(mia.page).getByText("How long does delivery take?").waitFor();
	await log(f).getByText("This should answer it.").waitFor();
});

scene("P60: a private note is marked, names a colleague with @, and never reaches the visitor", async () => {
	ben = await onDuty(s, "ben", "ben@shop.example", "assign_only");
	await mia.page.getByRole("tab", { name: t("composer.note") }).click();
	const box = mia.page.getByRole("textbox", { name: t("composer.note.write") });
	await box.pressSequentially("Canary-note, ask @Be");
	await mia.page.getByRole("option", { name: /Ben/ }).waitFor();
	await box.press("Enter");
	assert.match(await box.inputValue(), /@Ben $/);
	await mia.page.getByRole("button", { name: t("composer.note.send") }).click();
	await thread(mia.page).getByText("Canary-note").waitFor();
	await thread(mia.page).getByText(t("note.label")).waitFor();
	await mia.page.getByRole("tab", { name: t("composer.reply"), exact: true }).click();
	await replies(mia.page, "After the note");
	await log(f).getByText("After the note").waitFor();
	assert.equal(await log(f).getByText("Canary-note").count(), 0);
});

scene("P59: reassign to a colleague with a note; he reads it first and answers", async () => {
	await mia.page.locator(".thread-head").getByRole("button", { name: t("thread.more") }).click();
	await mia.page.getByRole("menuitem", { name: t("thread.assign") }).click();
	const d = mia.page.getByRole("dialog", { name: t("assign.title") });
	const value = await d.locator("option", { hasText: "Ben" }).getAttribute("value");
	await d.locator("select").selectOption(value);
	await d.getByLabel(t("assign.note")).fill("Knows the oolong best");
	await d.getByRole("button", { name: t("assign.go") }).click();
	await d.waitFor({ state: "hidden" });
	await ben.page.getByText(like("handed")).waitFor();
	await ben.page.locator(".toast").filter({ hasText: like("handed") }).getByRole("button").first().click();
	await thread(ben.page).getByText("Knows the oolong best").waitFor();
	await log(f).getByText(t("line.assigned", { name: "Ben" })).waitFor();
	await replies(ben.page, "Ben here: yes, it is");
	await log(f).getByText("Ben here: yes, it is").waitFor();
});

scene("release puts it back into the queue; the visitor is told", async () => {
	await be(mia.page, "unavailable");
	await ben.page.locator(".thread-head").getByRole("button", { name: t("thread.more") }).click();
	await ben.page.getByRole("menuitem", { name: t("thread.release") }).click();
	await log(f).getByText(t("line.back")).waitFor();
	await goTo(ben.page, "incoming");
	await ben.page.getByRole("button", { name: t("list.claim_of", { name: "Noor" }) }).click();
	await log(f).getByText(t("line.claimed", { name: "Ben" })).waitFor();
});

scene("close with an outcome and a reason; it stands in Closed and in the visitor's history", async () => {
	await closes(ben.page, t("why.duplicate"));
	await log(f).getByText(t("line.closed")).waitFor();
	await goTo(ben.page, "closed");
	await ben.page.locator(".card.line").filter({ hasText: "Noor" }).first().click();
	await thread(ben.page).getByText(t("sys.closed", { reason: t("why.duplicate") })).waitFor();
	await be(ben.page, "available");
	await button(f, "end.again").click();
	await f.getByLabel(t("form.text")).fill("One more thing");
	await button(f, "form.start").click();
	await accept(ben.page);
	await thread(ben.page).getByText("One more thing").waitFor();
	await side(ben.page, "history").click();
	await ben.page.locator("#side").getByText(/oolong|Ben here/).first().click();
	await ben.page.locator("#side").getByText("Ben here: yes, it is").last().waitFor();
});

scene("P55: a saved reply of one's own is made, used and deleted", async () => {
	await goTo(ben.page, "replies");
	await ben.page.getByRole("button", { name: t("reply.new") }).click();
	const d = ben.page.getByRole("dialog", { name: t("reply.new") });
	await d.getByLabel(t("reply.title"), { exact: true }).fill("Brewing time");
	await d.getByLabel(t("reply.text"), { exact: true }).fill("Three minutes, {visitor.name|friend}.");
	await d.getByRole("button", { name: t("reply.save"), exact: true }).click();
	await d.waitFor({ state: "hidden" });
	await goTo(ben.page, "mine");
	await ben.page.locator("[data-row]").filter({ hasText: "One more thing" }).click();
	const box = ben.page.getByRole("textbox", { name: t("composer.write") });
	await box.pressSequentially("/Brewing");
	await ben.page.getByRole("option", { name: /Brewing time/ }).waitFor();
	await box.press("Enter");
	assert.equal(await box.inputValue(), "Three minutes, friend.");
	await box.press("Enter");
	await log(f).getByText("Three minutes, friend.").waitFor();
	await goTo(ben.page, "replies");
	await ben.page.getByRole("button", { name: t("reply.remove_of", { title: "Brewing time" }) }).click();
	await ben.page.getByRole("dialog").getByRole("button", { name: t("reply.remove"), exact: true }).click();
	await ben.page.getByText(t("reply.removed")).waitFor();
});

scene("P32: unavailable and assign only ring nobody", async () => {
	await be(ben.page, "available");
	const p = await s.world.person("waiting");
	const g = await visit(s.demo, p);
	await button(g, "home.talk").click();
	await g.getByLabel(t("form.text")).fill("Anybody there?");
	await be(ben.page, "assign_only");
	await be(mia.page, "assign_only");
	await g.getByRole("button", { name: new RegExp(`^(${t("form.start")}|${t("form.send")})$`) }).click();
	await mia.page.waitForTimeout(1500);
	assert.equal(await offer(mia.page).count(), 0);
	assert.equal(await offer(ben.page).count(), 0);
	await p.leave();
});

scene("keys: J K walk, R and N write, E closes, A assigns, V and B turn the side, ? lists, G I goes, D 3 sets, F6 walks panes", async () => {
	const at = ben.page;
	const key = (k) => at.keyboard.press(k);
	await goTo(at, "mine");
	await at.locator("#list .pane-head").click();
	await key("j");
	await thread(at).getByText("One more thing").waitFor();
	await key("r");
	await at.getByRole("textbox", { name: t("composer.write") }).and(at.locator(":focus")).waitFor();
	await key("Escape");
	await key("n");
	await at.getByRole("textbox", { name: t("composer.note.write") }).and(at.locator(":focus")).waitFor();
	await key("Escape");
	await key("v");
	await at.getByRole("tab", { name: t("side.verify"), selected: true }).waitFor();
	await key("b");
	await at.getByRole("tab", { name: t("side.articles"), selected: true }).waitFor();
	for (const [k, title] of [["a", "assign.title"], ["e", "close.title"], ["?", "keys.title"], ["Control+k", "palette.title"]]) {
		await key(k);
		await at.getByRole("dialog", { name: t(title) }).waitFor();
		await key("Escape");
		await at.getByRole("dialog", { name: t(title) }).waitFor({ state: "hidden" });
	}
	await key("d");
	await key("3");
	await at.locator(".be-button").filter({ hasText: t("be.unavailable") }).waitFor();
	await key("g");
	await key("i");
	await at.locator("#list .pane-head").filter({ hasText: t("view.incoming") }).waitFor();
	await key("F6");
	const pane = await at.evaluate(() => document.activeElement?.id);
	await key("F6");
	assert.notEqual(await at.evaluate(() => document.activeElement?.id), pane);
});
