// The account card: locked until the customer's own login, open to the assigned agent for ten minutes, taken back at
// once (P111, P112, P113).
import { strict as assert } from "node:assert";
import { accept, button, closes, customer, goTo, log, logsInFor, onDuty, panel, say, side, startChat, t, thread, visit } from "./kit/people.mjs";
import { until } from "./kit/server.mjs";
import { axe, shot, suite } from "./kit/world.mjs";

const s = suite();
const { scene } = s;
/** What the shop knows of robin, and its confirm page shows. */
const facts = ["Q-10401", "Tea Post Plus"];
let sol;
let ben;
let robin;
let f;
/** @type {string[]} */
const heard = [];

/**
 * Everything that the gateway sends to a console.
 * @param {import("playwright-core").Page} page
 * @param {string} who
 */
function listens(page, who) {
	page.on("response", (r) => {
		if (!r.url().startsWith(s.demo.gateway) || /assets/.test(r.url())) return;
		r.text().then((body) => heard.push(`${who} ${r.url()} ${body}`), () => undefined);
	});
	page.on("websocket", (w) => w.on("framereceived", (m) => heard.push(`${who} socket ${m.payload}`)));
}
const told = (who) => heard.filter((h) => h.startsWith(who) && facts.some((x) => h.includes(x)));
const tab = (page) => page.locator("#side");
/**
 * @param {import("playwright-core").Page} page
 * @param {"en" | "ar"} lang
 */
const card = (page, lang = "en") => tab(page).getByRole("region", { name: say(lang, "account.open") });

/** The card in light, dark, on a phone, and from right to left. */
async function looks(page, name, shown, phone = true) {
	for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
		await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
		await axe(page, `${name}, ${colorScheme}`);
		await shot(page, `window-${name}-${colorScheme}`);
	}
	await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
	if (phone) await small(page, name, shown);
	await speaks(page, "en", "ar");
	await shown("ar").waitFor();
	assert.equal(await page.evaluate(() => document.documentElement.dir), "rtl");
	await axe(page, `${name}, ar`);
	await shot(page, `window-${name}-ar`);
	await speaks(page, "ar", "en");
	await shown("en").waitFor();
}
/** The same on a phone, where the side pane is a screen of its own. */
async function small(page, name, shown) {
	const { width, height } = page.viewportSize();
	await page.setViewportSize({ width: 390, height: 780 });
	const details = page.locator(".thread-head").getByRole("button", { name: t("pane.side"), exact: true });
	const row = page.locator("[data-row]").filter({ hasText: "Which plan do I have?" });
	await until("the side pane", async () => {
		if (await shown("en").isVisible()) return true;
		if (await details.isVisible()) await details.click();
		else if (await row.isVisible()) await row.click();
		return false;
	});
	await axe(page, `${name}, phone`);
	await shot(page, `window-${name}-phone`);
	const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
	assert.ok(over <= 0, `${name}: ${over} px wider than the phone`);
	await page.locator(".side-back").click();
	await page.setViewportSize({ width, height });
}
/** Chooses the console's language in the agent's own menu. */
async function speaks(page, from, to) {
	await page.locator(".me-button").click();
	await page.getByLabel(say(from, "me.lang")).selectOption(to);
	await until("the language", () => page.evaluate((to) => document.documentElement.lang === to, to));
	await page.keyboard.press("Escape");
}
/** The customer logs in at the shop for the request that his page was led to, and approves. */
async function approves(page) {
	await logsInFor(page);
	const main = await page.locator("main").textContent();
	for (const x of [...facts, "Show account details to support"]) assert.ok(main?.includes(x), `the shop shows ${x}`);
	assert.ok(!main?.includes("Quay Lane"), "the address was not asked for");
	await page.getByRole("button", { name: "Approve" }).click();
	await page.waitForURL(/support\/accounts/);
}

scene("locked, whoever asks, even with the site's word on who it is: the card says why and what to do", async () => {
	sol = await onDuty(s, "sol", "sol@shop.example");
	ben = await onDuty(s, "ben", "ben@shop.example", "assign_only");
	for (const p of [sol, ben]) {
		listens(p.page, p.name);
		await p.page.reload();
		await p.page.locator(".be-button").waitFor();
	}
	robin = await s.world.person("robin");
	await customer(s.demo, robin.page, "robin@example.com");
	f = await visit(s.demo, robin, "/support/accounts");
	await startChat(f, "Which plan do I have?");
	await accept(sol.page);
	await sol.page.locator(".thread-head").getByText(t("known.signed")).waitFor();
	await side(sol.page, "account").click();
	await tab(sol.page).getByText(t("account.locked")).waitFor();
	await tab(sol.page).getByText(t("reason.context.locked")).waitFor();
	await looks(sol.page, "locked", (lang) => tab(sol.page).getByText(say(lang, "account.locked")));
	assert.deepEqual(told("sol"), []);
});

scene("the agent asks, the customer logs in at the shop and sees there what will be shown, the card opens with a clock", async () => {
	await button(tab(sol.page), "account.ask").click();
	const form = tab(sol.page);
	await until("the kind", async () => (await form.getByLabel(t("offer.kind")).inputValue()) === "account.read");
	for (const x of ["fact.orders", "fact.plan", "fact.status"]) await form.getByLabel(t(x), { exact: true }).check();
	await button(form, "offer.preview").click();
	await button(form, "offer.go").click();
	await button(f, "verify.login").click();
	await robin.page.waitForURL(/support-verify/);
	await side(sol.page, "account").click();
	await tab(sol.page).getByText(t("account.locked")).waitFor();
	await approves(robin.page);
	f = panel(robin.page);
	await card(sol.page).waitFor();
	for (const x of facts) await card(sol.page).getByText(x).first().waitFor();
	assert.match((await card(sol.page).locator(".left").textContent()) ?? "", /\d:\d\d/);
	await sol.page.locator(".thread-head").getByText(/^Proven/).waitFor();
	const clock = await card(sol.page).locator(".left").textContent();
	await until("the clock runs", async () => (await card(sol.page).locator(".left").textContent()) !== clock);
	await looks(sol.page, "open", (lang) => card(sol.page, lang));
	const more = told("sol").filter((h) => !/\/account /.test(h));
	assert.deepEqual(more, [], "facts come by the card's route and by no other");
});

scene("a colleague who reads along sees nothing of it; handed to him, the first agent loses it at once, and he sees it", async () => {
	const cv = /cv_[0-9A-Z]+/.exec(heard.find((h) => h.startsWith("sol") && h.includes("/account ")) ?? "")?.[0];
	const refused = await ben.page.evaluate(async (cv) => (await fetch(`/v1/conversations/${cv}/account`)).status, cv);
	assert.equal(refused, 403);
	assert.deepEqual(told("ben"), []);
	await sol.page.locator(".thread-head").getByRole("button", { name: t("thread.more") }).click();
	await sol.page.getByRole("menuitem", { name: t("thread.assign") }).click();
	const d = sol.page.getByRole("dialog", { name: t("assign.title") });
	const to = d.getByLabel(t("assign.agent"), { exact: true }).last();
	const id = await to.locator("option", { hasText: "Ben" }).getAttribute("value");
	await to.selectOption(id);
	await button(d, "assign.go").click();
	await card(sol.page).waitFor({ state: "detached" });
	await tab(sol.page).getByText(t("account.gone.moved")).waitFor();
	for (const x of facts) assert.equal(await sol.page.getByText(x).count(), 0, `${x} is off sol's screen`);
	await goTo(ben.page, "mine");
	await ben.page.locator("[data-row]").filter({ hasText: "Which plan do I have?" }).click();
	await thread(ben.page).getByText("Which plan do I have?").waitFor();
	await side(ben.page, "account").click();
	await card(ben.page).waitFor();
	for (const x of facts) await card(ben.page).getByText(x).first().waitFor();
	// The conversation is in no list of sol's any more: a phone has no way to it.
	await looks(sol.page, "gone", (lang) => tab(sol.page).getByText(say(lang, "account.gone.moved")), false);
});

scene("the end of the conversation takes it off the screen", async () => {
	await closes(ben.page);
	await card(ben.page).waitFor({ state: "detached" });
	await tab(ben.page).getByText(t("account.gone.ended")).waitFor();
	for (const x of facts) assert.equal(await ben.page.getByText(x).count(), 0);
	await log(f).waitFor();
});
