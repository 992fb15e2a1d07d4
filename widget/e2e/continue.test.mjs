// From a mail into a chat: the agent of a ticket sends the link, and whoever opens it begins anew (issue 6, P71–P73).
import { strict as assert } from "node:assert";
import { accept, button, goTo, like, log, logsInFor, offer, offersRenewal, onDuty, replies, side, t, thread, writes, visit } from "./kit/people.mjs";
import { mailText, until } from "./kit/server.mjs";
import { axe, shot, suite } from "./kit/world.mjs";

const s = suite();
const { scene } = s;
const phone = { viewport: { width: 390, height: 780 }, isMobile: true, hasTouch: true };
const asked = "Please end the renewal of my plan";
const answered = "We can do that together in a chat.";
let sol;
let robin;
let link = "";

/** @param {import("playwright-core").Page} page */
const chat = (page) => page.frameLocator(`iframe[title="${t("continue.frame")}"]`);
const bar = () => sol.page.getByRole("region", { name: t("tie.label") });

/** Nothing of the ticket is on the page or in the panel, and no token in the address. */
async function silent(page) {
	for (const frame of page.frames()) {
		const html = await frame.content();
		for (const x of [asked, answered, "kim@example.net"]) assert.ok(!html.includes(x), `the page holds ${x}`);
	}
	assert.ok(!page.url().includes("#"), page.url());
}
/** The page in light, dark and Arabic's direction stays within a phone. */
async function looks(page, name) {
	for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
		await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
		await axe(page, `${name}, ${colorScheme}`);
		await shot(page, `continue-${name}-${colorScheme}`);
	}
	const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
	assert.ok(over <= 0, `${name}: ${over} px wider than the phone`);
	await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
}

scene("the agent of a ticket puts the link into his answer, by a key", async () => {
	const kim = await s.world.person("kim");
	const f = await visit(s.demo, kim, "/support/accounts");
	await button(f, "home.leave").click();
	await f.getByLabel(t("form.text")).fill(asked);
	await f.getByLabel(t("form.email.optional")).fill("kim@example.net");
	await button(f, "form.send").click();
	await log(f).getByText(asked).waitFor();
	await kim.leave();
	sol = await onDuty(s, "sol", "sol@shop.example");
	await goTo(sol.page, "unassigned");
	await sol.page.locator("[data-row]").filter({ hasText: asked }).click();
	await thread(sol.page).getByText(asked).waitFor();
	const key = sol.page.getByRole("button", { name: t("composer.chat") });
	await key.waitFor();
	await sol.page.locator("#middle").focus();
	await sol.page.keyboard.press("c");
	await sol.page.getByText(t("composer.chat.chip"), { exact: true }).waitFor();
	assert.equal(await key.getAttribute("aria-pressed"), "true");
	await axe(sol.page, "composer with a link");
	await shot(sol.page, "continue-composer");
	const box = sol.page.getByRole("textbox", { name: t("composer.write"), exact: true });
	await box.fill(answered);
	await box.press("Control+Shift+Enter"); // it stays open
	const mail = await until("the mail", () => s.demo.spool().find((m) => mailText(m).includes(answered)));
	link = /http\S+\/continue\/accounts#[\w.-]+/.exec(mailText(mail))?.[0] ?? "";
	assert.ok(link, mailText(mail));
	await thread(sol.page).getByText(t("thread.chat"), { exact: true }).waitFor();
	await sol.page.getByText(t("composer.chat.chip"), { exact: true }).waitFor({ state: "detached" });
});

scene("its reader opens it on a phone and writes: a new conversation, no old word; the ticket's agent is rung and sees the tie", async () => {
	robin = await s.world.person("robin", phone);
	await robin.page.goto(link);
	const f = chat(robin.page);
	await f.getByLabel(t("form.text")).fill("I come from your mail");
	await silent(robin.page);
	await looks(robin.page, "form");
	await button(f, "form.start").click();
	await log(f).getByText("I come from your mail").waitFor();
	await offer(sol.page).waitFor();
	await accept(sol.page);
	await thread(sol.page).getByText("I come from your mail").waitFor();
	await bar().getByText(like("tie.before")).waitFor();
	await thread(sol.page).getByText(like("sys.continued.from")).waitFor();
	await axe(sol.page, "a chat that a link began");
	await shot(sol.page, "continue-tie");
	await replies(sol.page, "Good that you are here.");
	await log(f).getByText("Good that you are here.").waitFor();
	await silent(robin.page);
	await looks(robin.page, "chat");
	await robin.page.reload(); // the same browser goes on with the same conversation
	await log(f).getByText("Good that you are here.").waitFor();
	await writes(f, "Still here.");
	await thread(sol.page).getByText("Still here.").waitFor();
});

scene("the change that nobody could make by mail goes through there, after a login", async () => {
	const f = chat(robin.page);
	await side(sol.page, "verify").click();
	const tab = await offersRenewal(sol.page);
	await button(f, "verify.login").click();
	await logsInFor(robin.page);
	await robin.page.getByRole("button", { name: "Approve" }).click();
	await robin.page.waitForURL(/\/continue\/accounts$/);
	await f.getByText(t("verify.applied"), { exact: true }).first().waitFor();
	await f.getByText(like("verify.receipt")).first().waitFor();
	await tab.getByText(t("gate.applied")).first().waitFor();
	await silent(robin.page);
	await bar().getByRole("button", { name: /^Open #/ }).click();
	await bar().getByText(like("tie.onward")).first().waitFor();
	await axe(sol.page, "the ticket whose link was opened");
});

scene("a link that is not right says so, and who comes by it can write all the same", async () => {
	const lee = await s.world.person("lee", phone);
	await lee.page.goto(`${link.slice(0, -1)}${link.endsWith("a") ? "b" : "a"}`);
	await lee.page.getByText(t("continue.refused")).waitFor();
	await looks(lee.page, "refused");
	await lee.page.getByRole("button", { name: t("continue.anyway") }).click();
	const f = chat(lee.page);
	await f.getByLabel(t("form.text")).fill("Is this the right place?");
	await button(f, "form.start").click();
	await log(f).getByText("Is this the right place?").waitFor();
	await accept(sol.page);
	await thread(sol.page).getByText("Is this the right place?").waitFor();
	assert.equal(await sol.page.getByText(like("tie.before")).count(), 0);
	const ana = await s.world.person("ana", { ...phone, locale: "ar" });
	await ana.page.goto(`${s.demo.gateway}/continue/accounts`);
	await ana.page.locator("html[dir=rtl]").waitFor();
	await looks(ana.page, "arabic");
});
