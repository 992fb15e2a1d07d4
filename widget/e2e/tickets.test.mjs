// "My tickets" in the help center (P26, P12): nothing before a login, then the account's own conversations, in whatever browser.
import { strict as assert } from "node:assert";
import { look, looks, turned } from "./kit/looks.mjs";
import { accept, button, closes, customer, log, logsInFor, onDuty, replies, say, startChat, t, visit } from "./kit/people.mjs";
import { suite } from "./kit/world.mjs";

const s = suite();
const { scene } = s;
const said = "Where is my blue teapot?";
const answer = "It left us this morning.";
const foreign = "My cup came broken";

/** Nothing of a conversation is on the page, nor a secret in its address. */
async function silent(page) {
	const html = await page.content();
	for (const x of [said, answer, foreign]) assert.ok(!html.includes(x), `the page holds ${x}`);
	assert.ok(!page.url().includes("#") && !page.url().includes("?"), page.url());
}
/**
 * From the help center's footer to the list, by a login at the shop.
 * @param {import("playwright-core").Page} page
 * @param {string} email
 * @param {"en" | "ar"} lang
 */
async function enters(page, email, lang = "en") {
	await page.goto(`${s.demo.gateway}/help/accounts/${lang}`);
	await page.getByRole("contentinfo").getByRole("link", { name: say(lang, "help.tickets") }).click();
	await page.getByRole("button", { name: say(lang, "tickets.login") }).waitFor();
	await silent(page);
	await page.getByRole("button", { name: say(lang, "tickets.login") }).click();
	await logsInFor(page, email);
	const main = (await page.locator("main").textContent()) ?? "";
	for (const x of ["Read your conversations with support", "all that you and support wrote", "nothing is changed"]) assert.ok(main.includes(x), `the shop says ${x}: ${main}`);
	await page.getByRole("button", { name: "Approve" }).click();
	await page.waitForURL(/\/tickets\/accounts/);
}
/**
 * @param {import("playwright-core").Page} page
 * @param {"en" | "ar"} lang
 */
const list = (page, lang = "en") => page.getByRole("list", { name: say(lang, "tickets.title") });

scene("two customers have talked to support", async () => {
	const sol = await onDuty(s, "sol", "sol@shop.example");
	for (const [email, text] of [["robin@example.com", said], ["sasha@example.com", foreign]]) {
		const p = await s.world.person(email);
		await customer(s.demo, p.page, email);
		const f = await visit(s.demo, p, "/support/accounts");
		await startChat(f, text);
		await accept(sol.page);
		await sol.page.locator(".thread-head").getByText(t("known.signed")).waitFor();
		await replies(sol.page, answer);
		await log(f).getByText(answer).waitFor();
		await closes(sol.page);
		await p.leave();
	}
	await sol.leave();
});

for (const [name, options] of Object.entries(looks)) {
	scene(`${name}: before the login, the list, one of it, and the way back`, async () => {
		const p = await s.world.person(name, options);
		const { page } = p;
		await page.goto(`${s.demo.gateway}/tickets/accounts?back=/help/accounts/en`);
		await button(page, "tickets.login").waitFor();
		await silent(page);
		await look(page, `tickets-${name}-ask`);
		if (name === "light" || name === "phone") {
			await enters(page, "robin@example.com");
			await list(page).getByText(said).waitFor();
			assert.equal(await list(page).getByRole("listitem").count(), 1);
			await look(page, `tickets-${name}-list`);
			await list(page).getByRole("button").click();
			await page.getByText(answer).waitFor();
			await look(page, `tickets-${name}-text`);
			await button(page, "tickets.all").click();
			await list(page).getByText(said).waitFor();
			await page.reload();
			await button(page, "tickets.login").waitFor();
			await silent(page);
		}
		await page.getByRole("link", { name: t("tickets.back") }).click();
		await page.getByRole("heading", { level: 1, name: t("help.title") }).waitFor();
		await p.leave();
	});
}

for (const [name, options] of Object.entries(turned)) {
	scene(`${name}: the list runs from right to left`, async () => {
		const p = await s.world.person(name, options);
		await enters(p.page, "sasha@example.com", "ar");
		await list(p.page, "ar").getByText(foreign).waitFor();
		assert.equal(await p.page.getByText(said).count(), 0, "somebody else's conversation is listed");
		await look(p.page, `tickets-${name}-list`);
		await p.leave();
	});
}

scene("a way back that leads elsewhere is not shown", async () => {
	const p = await s.world.person("nobody");
	for (const bad of ["https://evil.test/", "//evil.test/help/", "/\\evil.test", "/console", "/help/../console", "javascript:alert(1)"]) {
		await p.page.goto(`${s.demo.gateway}/tickets/accounts?back=${encodeURIComponent(bad)}`);
		await button(p.page, "tickets.login").waitFor();
		assert.equal(await p.page.getByRole("link").count(), 0, bad);
		await silent(p.page);
	}
	await p.leave();
});
